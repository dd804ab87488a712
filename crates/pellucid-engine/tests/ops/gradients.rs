//! Gradients of operations: PyTorch's, of the same cases, edge points included, and those of differences.

use std::collections::{BTreeMap, BTreeSet};

use pellucid_engine::Error;
use pellucid_engine::ops::{cast, eval, gradients};
use pellucid_engine::tensor::Tensor;
use pellucid_graph::op::{OPS, Slope};
use pellucid_graph::{Arg, Code, DType, Op};
use safetensors::SafeTensors;

use crate::goldens::{Case, FIXTURES, tensor};

/// Smooth operations that PyTorch cannot be asked about in these forms.
const WITHOUT: &[&str] = &["copy_into", "clone"];

/// Results are unique up to signs, and so gradients: held by differences below.
const UP_TO_SIGNS: &[&str] = &["linalg_eigh", "linalg_qr"];

/// Where PyTorch's formulas say something that is not the derivative: of elements that are written twice, of a
/// number divided by itself near 0, of bytes that overflow; or two things, by its vectors and its scalars, of NaN.
fn is_torchs_own(op: Op, tensor: usize, inputs: &[Tensor]) -> bool {
    let odd = |x: &Tensor| cast(x, DType::F64).slice::<f64>().iter().any(|x| !x.is_finite());
    match op.def().name {
        "scatter" | "index_copy" | "put" => tensor == 2,
        "sinc" => inputs[0].dtype() == DType::F32,
        // Its constants are f32.
        "hardsigmoid" | "celu" if inputs[0].dtype() == DType::F64 => true,
        "remainder" | "atan2" | "lerp" => !inputs[0].dtype().is_float(),
        "binary_cross_entropy_with_logits"
        | "celu"
        | "elu"
        | "selu"
        | "hardswish"
        | "cdist"
        | "clamp"
        | "smooth_l1_loss"
        | "huber_loss"
        | "cumprod"
        | "quantile" => inputs.iter().any(odd),
        _ => false,
    }
}

/// The file and number of a case, and its gradients.
type Golden = (String, usize, Vec<Option<usize>>);

/// 1, -2, 3 and again, along the elements.
fn seed(y: &Tensor) -> Option<Tensor> {
    let numbers = (0..y.numel()).map(|i| [1.0, -2.0, 3.0][i % 3]);
    match y.dtype() {
        DType::F64 => Some(Tensor::new(numbers.collect::<Vec<f64>>(), y.shape())),
        dtype if dtype.is_float() => {
            Some(Tensor::new(numbers.map(|x| x as f32).collect::<Vec<f32>>(), y.shape()))
        }
        _ => None,
    }
}

fn read(stem: &str) -> Vec<u8> {
    std::fs::read(format!("{FIXTURES}/{stem}.safetensors")).unwrap()
}

fn metadata(bytes: &[u8], key: &str) -> String {
    let (_, header) = SafeTensors::read_metadata(bytes).unwrap();
    header.metadata().as_ref().unwrap()[key].clone()
}

/// The gradients of a case's tensors.
fn found(case: &Case, args: &[Arg], inputs: &[Tensor]) -> Result<Vec<Option<Tensor>>, Error> {
    let results = eval(case.op, args, |v| inputs.get(v.index()))?;
    let seeds: Vec<Option<Tensor>> = results.iter().map(seed).collect();
    gradients(case.op, args, &inputs.iter().collect::<Vec<_>>(), &seeds)
}

/// Elements where both are numbers must be near; PyTorch's formulas make NaN and infinities of their own.
fn difference(got: &Tensor, want: &Tensor, exact: bool) -> Option<String> {
    if got.shape() != want.shape() {
        return Some(format!("got shape {:?}, expected {:?}", got.shape(), want.shape()));
    }
    let bound = if exact { 1e-8 } else { 3e-4 };
    let (got, want) = (cast(got, DType::F64), cast(want, DType::F64));
    let (got, want) = (got.slice::<f64>(), want.slice::<f64>());
    let near =
        |a: f64, b: f64| (a.is_nan() && b.is_nan()) || a == b || (a - b).abs() <= bound * b.abs().max(1.0);
    let at = (0..got.len()).find(|&i| !near(got[i], want[i]))?;
    Some(format!("got {}, expected {} at {at}", got[at], want[at]))
}

#[test]
fn agree_with_torch() {
    let bytes = read("gradients");
    let goldens: Vec<Golden> = serde_json::from_str(&metadata(&bytes, "gradients")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let stems: BTreeSet<&str> = goldens.iter().map(|(stem, ..)| stem.as_str()).collect();
    let sources: BTreeMap<&str, Vec<u8>> = stems.iter().map(|stem| (*stem, read(stem))).collect();
    let cases: BTreeMap<&str, Vec<Case>> = sources
        .iter()
        .map(|(stem, bytes)| (*stem, serde_json::from_str(&metadata(bytes, "cases")).unwrap()))
        .collect();
    let (mut faults, mut covered) = (Vec::new(), BTreeSet::new());
    for (stem, n, wanted) in &goldens {
        let case = &cases[stem.as_str()][*n];
        let source = SafeTensors::deserialize(&sources[stem.as_str()]).unwrap();
        let inputs: Vec<Tensor> = case.inputs.iter().map(|i| tensor(&source, &i.to_string())).collect();
        let args = case.op.def().bind(case.args.clone(), vec![]).unwrap();
        let name = case.op.def().name;
        covered.insert(name);
        if UP_TO_SIGNS.contains(&name) || case.op.def().slope == Slope::Rough {
            continue;
        }
        let narrowed = args.iter().any(|a| matches!(a, Arg::DType(_)));
        let exact = !narrowed && inputs.iter().all(|x| matches!(x.dtype(), DType::F64 | DType::Bool));
        let fault = match found(case, &args, &inputs) {
            // Letters that stand twice, and `...`.
            Err(Error::Trace(d)) if name == "einsum" && d.code == Code::NoGradient => None,
            Err(e) => Some(e.to_string()),
            Ok(found) => wanted.iter().zip(&found).enumerate().find_map(|(i, (want, got))| {
                let want = want.map(|n| tensor(&file, &n.to_string()));
                let zeros = |x: &Tensor| cast(&Tensor::new(vec![0.0f32; x.numel()], x.shape()), x.dtype());
                if is_torchs_own(case.op, i, &inputs) {
                    return None;
                }
                let fault = match (want, got) {
                    (None, None) => None,
                    // No gradient is one of zeros.
                    (Some(want), None) => difference(&zeros(&want), &want, exact),
                    (None, Some(got)) if !inputs[i].dtype().is_float() => {
                        Some(format!("a gradient of type {}", got.ty()))
                    }
                    (None, Some(got)) => difference(got, &zeros(got), exact),
                    (Some(want), Some(got)) => difference(got, &want, exact),
                }?;
                Some(format!("tensor {i}: {fault}"))
            }),
        };
        if let Some(fault) = fault {
            let types: Vec<String> = inputs.iter().map(|t| t.ty().to_string()).collect();
            let args = format!("{:?}", case.args).chars().take(200).collect::<String>();
            faults.push(format!("{:?} {args} of {types:?}: {fault}", case.op));
        }
    }
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), goldens.len(), faults.join("\n"));
    let smooth = OPS.iter().filter(|d| d.slope == Slope::Smooth).map(|d| d.name);
    let missing: Vec<&str> = smooth.filter(|n| !covered.contains(n) && !WITHOUT.contains(n)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

#[test]
fn what_has_no_derivative_says_so() {
    let x = Tensor::new(vec![0.5f32, 1.5], [2]);
    let op = Op::find("digamma").unwrap();
    let args = op.def().bind(vec![Arg::Value(pellucid_graph::ValueId(0))], vec![]).unwrap();
    let refused = gradients(op, &args, &[&x], &[seed(&x)]).unwrap_err();
    assert!(matches!(refused, Error::Trace(d) if d.code == Code::NoGradient));
}

/// The sum of an operation's floating results, weighted by the seed.
fn weighted(op: Op, args: &[Arg], inputs: &[Tensor]) -> f64 {
    let made = eval(op, args, |v| inputs.get(v.index())).unwrap();
    let sum = |y: &Tensor| {
        let y = cast(y, DType::F64);
        let seed = seed(&y).unwrap();
        y.slice::<f64>().iter().zip(seed.slice::<f64>()).map(|(y, g)| y * g).sum::<f64>()
    };
    made.iter().filter(|y| y.dtype().is_float()).map(sum).sum()
}

fn moved(x: &Tensor, at: usize, by: f64) -> Tensor {
    let mut numbers = x.slice::<f64>().to_vec();
    numbers[at] += by;
    Tensor::new(numbers, x.shape())
}

/// Checks the gradient of `x` by central differences.
fn check(name: &str, args: Vec<Arg>, inputs: &[Tensor]) {
    let op = Op::find(name).unwrap();
    let args = op.def().bind(args, vec![]).unwrap();
    let results = eval(op, &args, |v| inputs.get(v.index())).unwrap();
    let seeds: Vec<Option<Tensor>> = results.iter().map(seed).collect();
    let found = gradients(op, &args, &inputs.iter().collect::<Vec<_>>(), &seeds).unwrap();
    for (i, x) in inputs.iter().enumerate() {
        let gradient = found[i].as_ref().unwrap();
        for at in 0..x.numel() {
            let side = |by: f64| {
                let mut inputs = inputs.to_vec();
                inputs[i] = moved(x, at, by);
                // A matrix that is taken to be symmetric moves as one.
                if name == "linalg_eigh" {
                    let n = x.shape()[0];
                    let (row, column) = (at / n, at % n);
                    inputs[i] = moved(&moved(x, row * n + column, by / 2.0), column * n + row, by / 2.0);
                }
                weighted(op, &args, &inputs)
            };
            let by = 1e-6;
            let difference = (side(by) - side(-by)) / (2.0 * by);
            let got = gradient.slice::<f64>()[at];
            let bound = 1e-6 * difference.abs().max(1.0);
            assert!((got - difference).abs() < bound, "{name} {i} {at}: {got}, {difference} by a difference");
        }
    }
}

#[test]
fn decompositions_have_the_gradients_of_differences() {
    let numbers = |n: usize| (0..n).map(|i| ((i * 37 % 23) as f64 - 11.0) / 7.0 + (i as f64).sin());
    let matrix = |m: usize, n: usize| Tensor::new(numbers(m * n).collect::<Vec<f64>>(), [m, n]);
    let value = || Arg::Value(pellucid_graph::ValueId(0));
    for (m, n) in [(3, 3), (4, 2)] {
        check("linalg_qr", vec![value()], &[matrix(m, n)]);
    }
    let square = matrix(3, 3);
    let half: Vec<f64> =
        (0..9).map(|i| square.slice::<f64>()[i] + square.slice::<f64>()[i % 3 * 3 + i / 3]).collect();
    check("linalg_eigh", vec![value()], &[Tensor::new(half, [3, 3])]);
}
