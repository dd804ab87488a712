//! Compares every case of `tests/fixtures/ops/*.safetensors`, which the scripts there make with PyTorch.

use std::collections::BTreeSet;

use pellucid_engine::Error;
use pellucid_engine::ops::{cast, eval};
use pellucid_engine::tensor::Tensor;
use pellucid_graph::op::OPS;
use pellucid_graph::{Arg, DType, Op, TensorType};
use safetensors::{Dtype, SafeTensors};

use crate::factors;

#[derive(serde::Deserialize)]
pub(crate) struct Case {
    pub op: Op,
    /// By position; what is left out has its default.
    pub args: Vec<Arg>,
    pub inputs: Vec<usize>,
    /// What PyTorch gives; nothing where it raises.
    outputs: Option<Vec<usize>>,
}

pub(crate) const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/ops");

/// Rows that PyTorch has no equal numbers for: its generators draw others from the same seed. What these
/// draw is tested beside, in `random.rs`.
const WITHOUT: &[&str] = &[
    "rand",
    "randn",
    "rand_like",
    "randn_like",
    "randint",
    "randperm",
    "bernoulli",
    "multinomial",
    "normal",
    // Elements as they are; what it is for is tested with gradients.
    "detach",
];

#[test]
fn agrees_with_torch() {
    let (mut n, mut faults, mut covered) = (0, Vec::new(), BTreeSet::new());
    for entry in std::fs::read_dir(FIXTURES).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "safetensors") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let Some(cases) = header.metadata().as_ref().unwrap().get("cases") else { continue };
        let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        n += cases.len();
        faults.extend(cases.iter().filter_map(|case| fault(case, &file)));
        covered.extend(cases.iter().filter(|c| c.outputs.is_some()).map(|c| c.op.def().name));
    }
    assert!(faults.is_empty(), "{} of {n} cases:\n{}", faults.len(), faults.join("\n"));
    let missing: Vec<&str> =
        OPS.iter().map(|d| d.name).filter(|n| !covered.contains(n) && !WITHOUT.contains(n)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

/// What is wrong with one case.
fn fault(case: &Case, file: &SafeTensors<'_>) -> Option<String> {
    let load = |names: &[usize]| names.iter().map(|n| tensor(file, &n.to_string())).collect::<Vec<_>>();
    let inputs = load(&case.inputs);
    let found = case.op.def().bind(case.args.clone(), vec![]).map_err(Error::Trace);
    let found = found.and_then(|args| eval(case.op, &args, |v| inputs.get(v.index())));
    let fault = match (found, &case.outputs) {
        (Ok(found), Some(want)) if found.len() != want.len() => Some(format!("{} results", found.len())),
        (Ok(found), Some(want)) if factors::NOT_UNIQUE.contains(&case.op.def().name) => {
            factors::difference(case.op.def().name, &found, &load(want))
        }
        (Ok(found), Some(want)) => {
            let slack = factors::slack(case.op.def().name);
            found.iter().zip(&load(want)).find_map(|(got, want)| difference(got, want, slack))
        }
        (Err(Error::Trace(_)), None) => None,
        (Err(e), _) => Some(e.to_string()),
        (Ok(found), None) => Some(format!("torch raises, ours gives {}", found[0].ty())),
    }?;
    let types: Vec<String> = inputs.iter().map(|t| t.ty().to_string()).collect();
    Some(format!("{:?} {:?} of {types:?}: {fault}", case.op, case.args))
}

pub(crate) fn tensor(file: &SafeTensors<'_>, name: &str) -> Tensor {
    let view = file.tensor(name).unwrap();
    let dtype = match view.dtype() {
        Dtype::BOOL => DType::Bool,
        Dtype::U8 => DType::U8,
        Dtype::I32 => DType::I32,
        Dtype::I64 => DType::I64,
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::Bf16,
        Dtype::F32 => DType::F32,
        Dtype::F64 => DType::F64,
        other => panic!("{other:?}"),
    };
    Tensor::from_bytes(&TensorType::new(dtype, view.shape()), view.data()).unwrap()
}

/// How far an element may be from PyTorch's, absolutely and relative to it: a few units in the last place,
/// because exp, erf and the order of sums differ; integers and bool agree exactly.
fn tolerance(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => 1e-13,
        DType::F32 => 1e-6,
        DType::F16 => 1e-3,
        DType::Bf16 => 8e-3,
        _ => 0.0,
    }
}

/// The first difference beyond `slack` times the tolerance.
pub fn difference(got: &Tensor, want: &Tensor, slack: f64) -> Option<String> {
    if got.ty() != want.ty() {
        return Some(format!("got {}, expected {}", got.ty(), want.ty()));
    }
    if !got.dtype().is_float() {
        let (got, want) = (cast(got, DType::I64), cast(want, DType::I64));
        let (got, want) = (got.slice::<i64>(), want.slice::<i64>());
        return (got != want).then(|| format!("got {got:?}, expected {want:?}"));
    }
    let bound = slack * tolerance(got.dtype());
    let (got, want) = (cast(got, DType::F64), cast(want, DType::F64));
    let near =
        |a: f64, b: f64| (a.is_nan() && b.is_nan()) || a == b || (a - b).abs() <= bound * b.abs().max(1.0);
    let (got, want) = (got.slice::<f64>(), want.slice::<f64>());
    let at = (0..got.len()).find(|&i| !near(got[i], want[i]))?;
    Some(format!("got {}, expected {} at {at}", got[at], want[at]))
}
