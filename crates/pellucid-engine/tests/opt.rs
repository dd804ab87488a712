//! OPT as its 350M model has it: norms after attention and MLP, no last norm, an embedding narrower than the
//! layers (`tests/fixtures/make_opt_golden.py`).
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use pellucid_engine::{Cancel, generate};
use support::{Golden, HIDDEN_ATOL, LOGITS_ATOL, assert_close, fixture, open, run, save};

#[test]
fn hidden_states_patterns_and_logits() {
    let (model, golden) = (open(fixture("opt_350m")), Golden::of(fixture("opt_350m/golden.safetensors")));
    assert!(!model.spec().sites.iter().any(|site| site.path == "model.decoder.final_layer_norm"));
    for prompt in ["p0", "p1"] {
        let saved = run(&model, &[vec![golden.ids(&format!("{prompt}.input_ids"))]], |r| {
            save(r, 0, "model.decoder.layers.0.input");
            for i in 0..model.n_layers() {
                save(r, 0, &format!("model.decoder.layers.{i}.output"));
                save(r, 0, &format!("model.decoder.layers.{i}.self_attn.pattern"));
            }
            save(r, 0, "output");
        });
        let check = |site: &str, key: &str, atol| {
            let got = saved.get(&format!("0:{site}")).unwrap();
            assert_close(&format!("{prompt}.{key}"), got, &golden.f32s(&format!("{prompt}.{key}")), atol);
        };
        check("model.decoder.layers.0.input", "hidden.0", HIDDEN_ATOL);
        for i in 0..model.n_layers() {
            check(&format!("model.decoder.layers.{i}.output"), &format!("hidden.{}", i + 1), HIDDEN_ATOL);
            check(&format!("model.decoder.layers.{i}.self_attn.pattern"), &format!("attn.{i}"), HIDDEN_ATOL);
        }
        check("output", "logits", LOGITS_ATOL);
    }
}

#[test]
fn greedy_continuations() {
    let (model, golden) = (open(fixture("opt_350m")), Golden::of(fixture("opt_350m/golden.safetensors")));
    let ids = |key: &str| ["p0", "p1"].map(|p| golden.ids(&format!("{p}.{key}"))).to_vec();
    assert_eq!(generate(&model, &ids("input_ids"), 8, &Cancel::new()).unwrap(), ids("generate"));
}
