//! Every architecture has the words that all models share, and they stand for sites of the right shapes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use pellucid_engine::vocabulary::VOCABULARY;
use pellucid_graph::{Dim, ModelSpec, Site, SiteSpec};
use support::{every, tiny};

/// What the language may read everywhere; the last two are a decoder's.
const SITES: [&str; 11] = [
    "embed.input",
    "embed.output",
    "layers.1.input",
    "layers.1.output",
    "layers.1.attn.pattern",
    "layers.1.attn.heads",
    "layers.1.attn.output",
    "layers.1.mlp.input",
    "layers.1.mlp.output",
    "norm_f.output",
    "unembed.output",
];

#[test]
fn every_architecture_has_the_words() {
    for name in every() {
        let model = tiny(name);
        let spec = model.spec();
        let n = if spec.model_type == "bert" { SITES.len() - 2 } else { SITES.len() };
        for word in &SITES[..n] {
            let site = site(spec, word);
            let is_stream = !word.contains("pattern") && !word.contains("heads") && *word != "embed.input";
            assert_eq!(site.shape[0], Dim::B, "{name} {word}");
            assert!(!is_stream || site.shape.len() == 3, "{name} {word}");
        }
        let [heads, pattern] = ["heads", "pattern"].map(|p| site(spec, &format!("layers.1.attn.{p}")));
        assert_eq!((heads.shape.len(), heads.shape[2]), (4, pattern.shape[1]), "{name}");
        let layers = spec.real("layers");
        assert_eq!(spec.module(&layers).unwrap().kind, "ModuleList", "{name}");
        assert_eq!(spec.children(&layers).len(), model.n_layers(), "{name}");
    }
}

#[test]
fn names_of_one_site_are_read_as_one() {
    for name in every() {
        let model = tiny(name);
        for alias in &model.spec().aliases {
            assert_eq!(model.spec().real(&alias.name), alias.target, "{name}");
        }
    }
}

/// A spelling that no model has is a spelling that nobody checks.
#[test]
fn every_spelling_is_some_models() {
    let specs: Vec<_> = every().map(|name| tiny(name).spec().clone()).collect();
    for word in VOCABULARY {
        for spelling in word.spellings {
            let path = spelling.replace('*', "1");
            let is_there = |spec: &ModelSpec| {
                let real = spec.real(&path);
                let site = Site::parse(&path).map(|site| spec.real_site(site));
                spec.module(&real).is_ok() || site.is_some_and(|site| spec.site(&site).is_ok())
            };
            assert!(specs.iter().any(|spec| is_there(spec)), "{spelling}");
        }
    }
}

fn site<'a>(spec: &'a ModelSpec, name: &str) -> &'a SiteSpec {
    let real = spec.real_site(Site::parse(name).unwrap());
    spec.site(&real).unwrap_or_else(|d| panic!("{}: {d}", spec.name)).1
}
