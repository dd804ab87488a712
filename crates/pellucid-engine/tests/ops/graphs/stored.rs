//! What a drawn graph leaves for the interpreter: its text, and everything it computed.

use std::path::Path;

use pellucid_engine::tensor::Tensor;
use pellucid_graph::wire::to_safetensors;
use safetensors::tensor::TensorView;

use super::Outcome;

/// Writes `NAME.trace`, and `NAME.safetensors`: `0`, `1` ... are the results of the operations in the
/// order in which they ran, `saved.X` is what is saved under `X`.
pub fn write(folder: &Path, name: &str, lines: &str, outcome: &Outcome) {
    let applied = outcome.applied.iter().enumerate().map(|(i, t)| (i.to_string(), t.compact()));
    let saved = outcome.saved.iter().map(|(key, t)| (format!("saved.{key}"), t.compact()));
    let tensors: Vec<(String, Tensor)> = applied.chain(saved).collect();
    let views = tensors.iter().map(|(key, t)| (key.clone(), view(t)));
    let bytes = safetensors::serialize(views, None).unwrap();
    std::fs::write(folder.join(name).with_extension("safetensors"), bytes).unwrap();
    std::fs::write(folder.join(name).with_extension("trace"), lines).unwrap();
}

fn view(t: &Tensor) -> TensorView<'_> {
    TensorView::new(to_safetensors(t.dtype()), t.shape().to_vec(), t.as_bytes()).unwrap()
}
