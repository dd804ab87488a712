//! The corpus: graphs that `tests/fixtures/graphs/make.py` kept, with what its interpreter in PyTorch gives.

use pellucid_engine::ops::cast;
use pellucid_engine::tensor::Tensor;
use pellucid_graph::DType;
use safetensors::SafeTensors;

use super::{embedding, llama, outcome};
use crate::goldens::tensor;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/graphs");

#[test]
fn the_corpus_agrees_with_torch() {
    let bytes = std::fs::read(format!("{FOLDER}/expected.safetensors")).unwrap();
    let expected = SafeTensors::deserialize(&bytes).unwrap();
    let model = llama();
    let read = embedding(&model);
    let (mut graphs, mut compared, mut faults) = (0, 0, Vec::new());
    for entry in std::fs::read_dir(FOLDER).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "trace") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        let lines = std::fs::read_to_string(&path).unwrap();
        let found = outcome(&model, &read, name, &lines).unwrap_or_else(|e| panic!("{name}: {e}"));
        graphs += 1;
        compared += found.saved.len();
        for (key, got) in &found.saved {
            let want = tensor(&expected, &format!("{name}.{key}"));
            faults.extend(difference(got, &want).map(|d| format!("{name}: `{key}`: {d}")));
        }
    }
    assert!(faults.is_empty(), "{} of {compared}:\n{}", faults.len(), faults.join("\n"));
    assert!(graphs >= 200, "only {graphs} graphs");
    assert_eq!(compared, expected.len(), "what is expected and what is saved are not the same");
}

/// How far an element may be from PyTorch's, absolutely and relative to it. One operation is off by a
/// few units in the last place; a graph has up to fifty in a row, which divide small numbers and take
/// logarithms near 1, so each bound is some hundred units. `make.py` keeps only graphs within a tenth.
fn tolerance(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => 1e-10,
        DType::F32 => 1e-4,
        DType::F16 => 2e-2,
        DType::Bf16 => 1e-1,
        _ => 0.0,
    }
}

fn difference(got: &Tensor, want: &Tensor) -> Option<String> {
    if got.ty() != want.ty() {
        return Some(format!("got {}, expected {}", got.ty(), want.ty()));
    }
    let bound = tolerance(got.dtype());
    if !got.dtype().is_float() {
        let (got, want) = (cast(got, DType::I64), cast(want, DType::I64));
        let (got, want) = (got.slice::<i64>(), want.slice::<i64>());
        return (got != want).then(|| format!("got {got:?}, expected {want:?}"));
    }
    let (got, want) = (cast(got, DType::F64), cast(want, DType::F64));
    let near =
        |a: f64, b: f64| (a.is_nan() && b.is_nan()) || a == b || (a - b).abs() <= bound * b.abs().max(1.0);
    let (got, want) = (got.slice::<f64>(), want.slice::<f64>());
    let at = (0..got.len()).find(|&i| !near(got[i], want[i]))?;
    Some(format!("got {}, expected {} at {at}", got[at], want[at]))
}
