//! Writes `docs/reference/architectures.md` from what is observed of the tiny models, and holds it
//! true: `UPDATE_EXPECT=1 cargo test -p pellucid-engine --test architectures` after a change.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use expect_test::expect_file;
use pellucid_engine::Model;
use pellucid_engine::arch::ARCHITECTURES;
use support::{every, tiny};

const HEAD: &str = "\
# Architectures

What every architecture has to read and write. This page is generated from the models themselves
(`crates/pellucid-engine/tests/architectures.rs`). Paths and classes are those of transformers 5; `{i}` stands for the
index of a layer. Every module below has the sites `input` and `output`; taps are values inside it. Modules of a
layer that only some layers have are listed with the others.

Weights of every architecture may be f32, bf16, f16 or, in a GGUF file, quantized, and keep their size in memory.
Every architecture runs in float32, bfloat16 and float16; sites have the dtype of the run, but for ids of tokens,
positions and experts, which are i64. Both spellings of `config.json` are read, transformers 4's and 5's, and
`tiny:MODEL_TYPE` is a small model of random weights.

| tap | what | shape |
|---|---|---|
| `q`, `k`, `v` | queries, keys and values | `[b, s, h, k]` |
| `rot_q`, `rot_k` | queries and keys after the rotation | `[b, s, h, k]` |
| `scores` | products of queries and keys, scaled, capped and masked | `[b, h, s, s]` |
| `pattern` | softmax of the scores | `[b, h, s, s]` |
| `z` | values mixed by the pattern | `[b, s, h, k]` |
| `pre` | what the MLP's function is applied to; of experts, for each that was chosen | `[b, s, f]`, `[b, s, e, f]` |
| `post` | what the MLP's last matrix is applied to | as `pre` |
| `chosen` | ids of a token's experts, the likeliest first; an id that is no expert's sends it nowhere | `[b, s, e]` |
| `weights` | what their outputs are multiplied by | `[b, s, e]` |
| `expert_output` | their outputs, before they are weighted and added | `[b, s, e, d]` |

Keys and values have fewer heads where heads share them. The output of a `gate` that has experts beside it is the
router's logits: writing them sends tokens elsewhere.
";

#[test]
fn the_reference_page_is_what_the_models_have() {
    let mut page = HEAD.to_owned();
    page += "\n| `model_type` | class | attention | MLP |\n|---|---|---|---|\n";
    for architecture in ARCHITECTURES {
        page += &summary(&first_of(architecture.model_type));
    }
    for architecture in ARCHITECTURES {
        page += &section(&first_of(architecture.model_type));
    }
    expect_file!["../../../docs/reference/architectures.md"].assert_eq(&page);
}

fn first_of(model_type: &str) -> Model {
    every().map(tiny).find(|model| model.spec().model_type == model_type).unwrap()
}

/// The path with `{i}` in place of the index of a layer.
fn general(path: &str) -> String {
    let word = |w: &str| if w.bytes().all(|b| b.is_ascii_digit()) { "{i}".to_owned() } else { w.to_owned() };
    path.split('.').map(word).collect::<Vec<_>>().join(".")
}

fn taps(model: &Model, path: &str) -> Vec<String> {
    let points = model.spec().points(path);
    points.iter().filter(|p| !matches!(**p, "input" | "output")).map(|p| format!("`{p}`")).collect()
}

/// One row: which modules have the taps of attention, and which those of the MLP.
fn summary(model: &Model) -> String {
    let spec = model.spec();
    let (mut attention, mut mlp) = (BTreeSet::new(), BTreeSet::new());
    for module in &spec.modules {
        let points = spec.points(&module.path);
        let place = || format!("`{}`", general(&module.path));
        if points.contains(&"pattern") {
            attention.insert(place());
        }
        if points.contains(&"pre") {
            mlp.insert(place());
        }
    }
    let all = |places: BTreeSet<String>| places.into_iter().collect::<Vec<_>>().join(", ");
    let (class, kind) = (&spec.modules[0].kind, &spec.model_type);
    format!("| [`{kind}`](#{kind}) | {class} | {} | {} |\n", all(attention), all(mlp))
}

fn section(model: &Model) -> String {
    let spec = model.spec();
    let mut out = format!("\n## {}\n\n| module | class | taps |\n|---|---|---|\n", spec.model_type);
    let mut seen = BTreeSet::new();
    for module in spec.modules.iter().filter(|m| spec.points(&m.path).contains(&"output")) {
        let path = if module.path.is_empty() {
            "the whole model".to_owned()
        } else {
            format!("`{}`", general(&module.path))
        };
        let taps = taps(model, &module.path).join(" ");
        let row = format!("| {path} | {} | {taps} |", module.kind);
        if seen.insert(row.clone()) {
            writeln!(out, "{row}").unwrap();
        }
    }
    out
}
