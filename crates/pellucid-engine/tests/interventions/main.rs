//! Interventions: what a written, skipped or moved value does to the rest of the run.
//!
//! Traces are in text form with words that stand for each model's own names: `LAYERS`, `ATTN`,
//! `EMBED`, `NORM`, parts of attention and MLP, and `P0`, `P1` for the prompts that the golden tensors were made with.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod apply;
mod cancel;
mod control;
mod experts;
mod flow;
mod golden;
mod ids;
mod skip;
mod taps;

use pellucid_engine::{Cancel, Error, Model, Saved, Tensor, execute};
use pellucid_graph::{Limits, check, text};
use support::{Golden, words};

/// Replaces the words that stand for a model's names and prompts.
fn spell(model: &str, lines: &str) -> String {
    let w = words(model);
    let golden = Golden::tiny(model);
    let prompt = |p: &str| format!("ids {:?}", golden.ids(&format!("{p}.input_ids")));
    let mlp_output = w.mlp_output();
    let parts = [
        ("MLP_ACT", w.in_mlp(w.act)),
        ("MLP_DOWN", w.in_mlp(w.down)),
        ("MLP_PRE", w.in_mlp("pre")),
        ("MLP_POST", w.in_mlp("post")),
    ];
    let words = [
        ("LAYERS", w.layers),
        ("MLP_OUTPUT", &mlp_output),
        ("ATTN_BRANCH", w.attn_branch),
        ("ATTN_OUT", w.out),
        ("ATTN", w.attn),
        ("EMBED", w.embed),
        ("NORM", w.norm),
    ];
    let parts = parts.iter().map(|(word, name)| (*word, name.as_str()));
    let lines = parts.chain(words).fold(lines.to_owned(), |lines, (word, name)| lines.replace(word, name));
    format!("pellucid 2\n{}", lines.replace("P0", &prompt("p0")).replace("P1", &prompt("p1")))
}

fn try_run(model: &Model, lines: &str, cancel: &Cancel) -> Result<Saved, Error> {
    let limits = Limits::default();
    let checked = check(text::parse(lines, "run.trace", &limits)?, model.spec(), &limits)?;
    execute(model, &checked, cancel)
}

/// Runs a trace in the words of [`spell`].
#[track_caller]
fn run(model: &Model, name: &str, lines: &str) -> Saved {
    let lines = spell(name, lines);
    try_run(model, &lines, &Cancel::new()).unwrap_or_else(|e| panic!("{name}: {e}\n{lines}"))
}

#[track_caller]
fn assert_same(what: &str, a: Option<&Tensor>, b: Option<&Tensor>) {
    let (a, b) = (a.expect("saved"), b.expect("saved"));
    assert_eq!(a.ty(), b.ty(), "{what}");
    assert!(a.same_bits(b), "{what}: bits differ");
}

/// Paths of the modules that the pass calls, the whole model first.
fn called_modules(model: &Model) -> Vec<String> {
    let spec = model.spec();
    let paths = spec.modules.iter().map(|m| m.path.clone());
    paths.filter(|path| spec.points(path).contains(&"output")).collect()
}

/// A site of a module; the whole model has an empty path.
fn site(module: &str, point: &str) -> String {
    if module.is_empty() { point.to_owned() } else { format!("{module}.{point}") }
}

/// A module as `apply` and `skip` name it.
fn named(module: &str) -> &str {
    if module.is_empty() { "." } else { module }
}
