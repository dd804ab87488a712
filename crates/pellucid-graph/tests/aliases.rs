//! Aliases: what rules find, how names resolve, and that checked traces hold real paths only.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fixture;

use expect_test::{Expect, expect};
use fixture::{at, site, spec};
use pellucid_graph::{
    Begins, Code, Kind, Limits, ModelSpec, Prompt, Recorder, Rename, Taken, Trace, check, text,
};

fn anywhere<'a>(from: &'a str, to: &'a str) -> Rename<'a> {
    Rename { from, to, begins: Begins::Anywhere, taken: Taken::Fail }
}

fn at_root<'a>(from: &'a str, to: &'a str) -> Rename<'a> {
    Rename { from, to, begins: Begins::AtRoot, taken: Taken::Skip }
}

fn renamed(rules: &[Rename<'_>]) -> ModelSpec {
    spec().renamed(rules).unwrap()
}

fn names(spec: &ModelSpec) -> String {
    spec.aliases.iter().map(|a| format!("{} = {}\n", a.name, a.target)).collect()
}

fn check_rules(rules: &[Rename<'_>], expected: Expect) {
    let spec = renamed(rules);
    expected.assert_eq(&names(&spec));
    let sent: ModelSpec = serde_json::from_str(&serde_json::to_string(&spec).unwrap()).unwrap();
    for alias in &spec.aliases {
        assert_eq!(spec.real(&alias.name), alias.target);
        assert_eq!(sent.real(&alias.name), alias.target, "after a round trip through JSON");
    }
}

#[test]
fn rules_find_modules_and_sites() {
    check_rules(
        &[anywhere("layers", "h"), anywhere("self_attn", "attn"), anywhere("self_attn.z", "attn.heads")],
        expect![[r#"
            h = layers
            layers.0.attn = layers.0.self_attn
            layers.1.attn = layers.1.self_attn
            layers.0.attn.heads = layers.0.self_attn.z
            layers.1.attn.heads = layers.1.self_attn.z
        "#]],
    );
    check_rules(
        &[
            at_root("layers", "h"),
            at_root("h.*.self_attn", "h.*.attn"),
            at_root("h.*.attn.z", "h.*.attn.heads"),
        ],
        expect![[r#"
            h = layers
            h.0.attn = layers.0.self_attn
            h.1.attn = layers.1.self_attn
            h.0.attn.heads = layers.0.self_attn.z
            h.1.attn.heads = layers.1.self_attn.z
        "#]],
    );
    check_rules(
        &[anywhere("self_attn.z", "mixer.heads"), anywhere("nothing", "something"), anywhere("norm", "end")],
        expect![[r#"
            layers.0.mixer.heads = layers.0.self_attn.z
            layers.1.mixer.heads = layers.1.self_attn.z
            end = norm
        "#]],
    );
}

#[test]
fn classes_and_stars_are_keys() {
    check_rules(
        &[anywhere("mlp", "ffn"), anywhere("layers.*", "block_of.*")],
        expect![[r#"
            layers.0.ffn = layers.0.mlp
            layers.1.ffn = layers.1.mlp
            block_of.0 = layers.0
            block_of.1 = layers.1
        "#]],
    );
}

#[test]
fn a_rule_leaves_taken_names_or_fails() {
    check_rules(
        &[
            at_root("norm", "end"),
            at_root("lm_head", "end"),
            at_root("norm", "lm_head"),
            at_root("norm", "norm"),
        ],
        expect![[r#"
            end = norm
            norm = norm
        "#]],
    );
    let own = [at_root("layers", "h"), at_root("h.*.mlp", "h.*.ffn"), anywhere("norm", "h")];
    check_rules(
        &own,
        expect![[r#"
            h = norm
        "#]],
    );
    let fails = |rules: &[Rename<'_>], code: Code, expected: &str| {
        let error = spec().renamed(rules).unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (code, expected));
    };
    let taken = Code::DuplicateName;
    fails(
        &[anywhere("norm", "lm_head")],
        taken,
        "cannot call `norm` `lm_head`: that is the name of `lm_head`",
    );
    fails(
        &[anywhere("norm", "end"), anywhere("lm_head", "end")],
        taken,
        "cannot call `lm_head` `end`: that is the name of `norm`",
    );
    fails(
        &[anywhere("self_attn.z", "self_attn.output")],
        taken,
        "cannot call `layers.0.self_attn.z` `layers.0.self_attn.output`: that is the name of `layers.0.self_attn.output`",
    );
    fails(&[anywhere("norm", "a b")], Code::BadArgument, "`a b` cannot be a name");
    fails(&[anywhere("norm", "")], Code::BadArgument, "`` cannot be a name");
    fails(&[anywhere("n*", "x")], Code::BadArgument, "`n*` is not a path of modules");
    fails(&[anywhere("norm", "x.*")], Code::BadArgument, "`x.*` has more `*` than `norm`");
}

#[test]
fn names_never_hide_real_paths_and_unknown_ones_stay() {
    let spec = renamed(&[anywhere("self_attn", "attn"), anywhere("layers", "h")]);
    for (name, real) in [
        ("h.1.attn.q", "layers.1.self_attn.q"),
        ("layers.1.attn", "layers.1.self_attn"),
        ("layers.1.self_attn", "layers.1.self_attn"),
        ("h.1.foo", "layers.1.foo"),
        ("foo", "foo"),
        ("", ""),
    ] {
        assert_eq!(spec.real(name), real);
    }
    assert_eq!(spec.real_site(site("h.0.attn.pattern")), site("layers.0.self_attn.pattern"));
    assert_eq!(spec.real_site(site("h.0.attn.foo")), site("h.0.attn.foo"));
    assert_eq!(spec.aliases_at("layers.0"), ["attn"]);
    assert_eq!(spec.aliases_at(""), ["h"]);
}

#[test]
fn traces_hold_real_paths() {
    let rules = [anywhere("self_attn", "attn"), anywhere("attn.z", "attn.heads"), anywhere("layers", "h")];
    let spec = std::sync::Arc::new(renamed(&rules));
    let record = |layers: &str, attn: &str, z: &str| {
        let mut r = Recorder::new(spec.clone(), Limits::default());
        r.invoke(vec![Prompt::ids([1, 2, 3])], at(1)).unwrap();
        let h = r.read(0, site(&format!("{layers}.0.{attn}.{z}")), at(2)).unwrap();
        r.write(0, site(&format!("{layers}.1.{attn}.{z}")), h, at(3)).unwrap();
        let y = r.read(0, site(&format!("{layers}.0.{attn}.output")), at(4)).unwrap();
        let y = r.apply(&format!("{layers}.0.mlp"), y, at(5)).unwrap();
        r.skip(0, &format!("{layers}.1.mlp"), 0, y, at(6)).unwrap();
        r.finish()
    };
    let by_alias = record("h", "attn", "heads");
    assert_eq!(by_alias, record("layers", "self_attn", "z"));
    let printed = text::print(&by_alias).replace("layers.0.self_attn.z", "h.0.attn.heads");
    let written = Trace::read(printed.as_bytes(), "a.trace", &Limits::default()).unwrap();
    assert!(
        written
            .statements
            .iter()
            .any(|s| matches!(&s.kind, Kind::Read { site: s, .. } if s == &site("h.0.attn.heads")))
    );
    let checked = check(written, &spec, &Limits::default()).unwrap();
    let kinds = |t: &Trace| t.statements.iter().map(|s| s.kind.clone()).collect::<Vec<_>>();
    assert_eq!(kinds(checked.trace()), kinds(&by_alias));
}

#[test]
fn errors_suggest_names() {
    let spec = renamed(&[
        anywhere("self_attn", "attn"),
        anywhere("self_attn.z", "self_attn.heads"),
        anywhere("norm", "norm_f"),
    ]);
    let help = |place: &str| spec.site(&site(place)).unwrap_err().help.unwrap();
    assert_eq!(help("norm_g.output"), "did you mean `norm_f` or `norm`?");
    assert!(
        help("layers.0.self_attn.head").ends_with("z, output, heads"),
        "{}",
        help("layers.0.self_attn.head")
    );
}
