//! Folders whose experts lie in one tensor, as transformers 5 has them in memory, are those of the hub.

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, TensorView};

use super::recipe::f32s;
use super::{assert_same_weights, fixtures, open};

/// The hub's names of a layer's experts, and transformers'.
const FORMS: [(&str, &str, [&str; 3]); 2] = [
    ("mixtral", "block_sparse_moe", ["w1", "w3", "w2"]),
    ("qwen3_moe", "mlp", ["gate_proj", "up_proj", "down_proj"]),
];

#[test]
fn fused_experts_are_taken_apart() {
    for (name, block, matrices) in FORMS {
        let path = fixtures().join("tiny").join(name);
        let hub = open(&path).expect(name);
        let mut fused: BTreeMap<String, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
        let mut add = |name: String, shape: Vec<usize>, bytes: Vec<u8>| {
            let all = fused.entry(name).or_insert((shape, Vec::new()));
            all.1.extend(bytes);
        };
        for name in hub.weights.names().filter(|name| !name.contains(".experts.")) {
            let data = hub.weights.get(name).expect(name);
            add(
                name.replace(&format!(".{block}."), ".mlp."),
                data.raw().shape.clone(),
                f32s(&data.raw().to_f32()),
            );
        }
        for layer in 0..2 {
            for expert in 0..4 {
                for matrix in matrices {
                    let from = format!("model.layers.{layer}.{block}.experts.{expert}.{matrix}.weight");
                    let Ok(data) = hub.weights.get(&from) else { continue };
                    let (is_down, shape) = (matrix == matrices[2], data.raw().shape.clone());
                    let to = if is_down { "down_proj" } else { "gate_up_proj" };
                    let rows = if is_down { shape[0] } else { 2 * shape[0] };
                    let name = format!("model.layers.{layer}.mlp.experts.{to}");
                    add(name, vec![4, rows, shape[1]], f32s(&data.raw().to_f32()));
                }
            }
        }
        assert!(fused.contains_key("model.layers.1.mlp.experts.gate_up_proj"), "{name}");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::copy(path.join("config.json"), folder.path().join("config.json")).expect("a copy");
        let view = |(shape, bytes)| TensorView::new(Dtype::F32, shape, bytes).expect("a tensor");
        let views = fused.iter().map(|(name, (shape, bytes))| (name, view((shape.clone(), bytes))));
        let file = safetensors::serialize(views, None).expect("a file");
        std::fs::write(folder.path().join("model.safetensors"), file).expect("writable");
        assert_same_weights(&open(folder.path()).expect(name), &hub);
    }
}
