//! Stretched rotations against transformers: the weights of tiny models under other configurations.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use pellucid_engine::{Cancel, Model, Options, generate};
use support::{Golden, HIDDEN_ATOL, LOGITS_ATOL, assert_close, fixture, open, run, save};

const KINDS: &[&str] = &["linear", "dynamic", "yarn", "yarn_untruncated", "longrope", "phi3_longrope"];

/// The tiny Llama or Phi-3 under the configuration of `rope/NAME.json`.
fn stretched(name: &str) -> Model {
    open(folder(name).path().to_owned())
}

fn folder(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |from: String, to: &str| std::fs::copy(fixture(&from), folder.path().join(to)).unwrap();
    put(format!("rope/{name}.json"), "config.json");
    let weights = if name.starts_with("phi3") { "phi3" } else { "llama" };
    put(format!("tiny/{weights}/model.safetensors"), "model.safetensors");
    folder
}

#[test]
fn hidden_states_patterns_and_logits() {
    for name in KINDS {
        let (model, golden) = (stretched(name), Golden::of(fixture(&format!("rope/{name}.safetensors"))));
        for prompt in ["p0", "p1"] {
            let saved = run(&model, &[vec![golden.ids(&format!("{prompt}.input_ids"))]], |r| {
                for i in 0..model.n_layers() {
                    save(r, 0, &format!("model.layers.{i}.output"));
                    save(r, 0, &format!("model.layers.{i}.self_attn.pattern"));
                }
                save(r, 0, "output");
            });
            let check = |site: &str, key: &str, atol| {
                let key = format!("{prompt}.{key}");
                let got = saved.get(&format!("0:{site}")).unwrap();
                assert_close(&format!("{name} {key}"), got, &golden.f32s(&key), atol);
            };
            for i in 0..model.n_layers() {
                check(&format!("model.layers.{i}.output"), &format!("hidden.{}", i + 1), HIDDEN_ATOL);
                check(&format!("model.layers.{i}.self_attn.pattern"), &format!("attn.{i}"), HIDDEN_ATOL);
            }
            check("output", "logits", LOGITS_ATOL);
        }
    }
}

/// A long prompt beside a short one, whose frequencies differ where scaling is dynamic.
#[test]
fn greedy_continuations() {
    for name in KINDS {
        let (model, golden) = (stretched(name), Golden::of(fixture(&format!("rope/{name}.safetensors"))));
        let ids = |key: &str| ["p0", "p1"].map(|p| golden.ids(&format!("{p}.{key}"))).to_vec();
        let want = ids("generate");
        let got = generate(&model, &ids("input_ids"), want[0].len(), &Cancel::new()).unwrap();
        assert_eq!(got, want, "{name}");
    }
}

#[test]
fn factors_that_are_not_one_for_each_pair_are_refused() {
    let folder = folder("longrope");
    let file = folder.path().join("config.json");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, config.replace("6.25", "6.25, 7.0")).unwrap();
    let refused = Model::open(folder.path(), &Options::default(), &mut |_| {}).err().unwrap();
    assert_eq!(refused.code(), "bad-config");
    let said = refused.to_string();
    assert!(
        said.contains("`long_factor`") && said.contains("expected 4 numbers, one for each pair"),
        "{said}"
    );
}

#[test]
fn a_context_grows_where_scaling_is_dynamic() {
    assert_eq!(stretched("dynamic").spec().n_ctx, 80);
    assert_eq!(stretched("linear").spec().n_ctx, 128);
}
