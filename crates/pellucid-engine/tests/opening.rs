//! Checkpoints that are sound files and still no model.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::BTreeMap;

use pellucid_engine::{Model, Options};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use support::fixture;

#[test]
fn a_parameter_of_integers_is_refused() {
    let folder = fixture("tiny/llama");
    let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors: BTreeMap<String, TensorView<'_>> =
        file.names().into_iter().map(|n| (n.to_owned(), file.tensor(n).unwrap())).collect();
    let zeros = [0u8; 32 * 8];
    let name = "model.layers.1.input_layernorm.weight";
    tensors.insert(name.to_owned(), TensorView::new(Dtype::I64, vec![32], &zeros).unwrap());
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(folder.join("config.json"), copy.path().join("config.json")).unwrap();
    std::fs::write(copy.path().join("model.safetensors"), safetensors::serialize(tensors, None).unwrap())
        .unwrap();
    let refused = Model::open(copy.path(), &Options::default(), &mut |_| {}).err().unwrap();
    assert_eq!(refused.code(), "unsupported-dtype");
    expect_test::expect![
        "tensor `model.layers.1.input_layernorm.weight` has the dtype I64; supported: F32, F16 and BF16 for parameters, I64 for ids"
    ]
    .assert_eq(&refused.to_string());
}
