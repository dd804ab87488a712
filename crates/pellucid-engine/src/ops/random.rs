//! Random tensors and choices: pure functions of the seed and the shape.

use pellucid_graph::{Arg, Code, DType};

use super::Out;
use super::cast::cast;
use super::draw::Draw;
use super::inputs::Inputs;
use super::shape::broadcast_to;
use crate::Error;
use crate::tensor::Tensor;

/// The stream of the call's `seed`.
fn stream(x: &Inputs<'_>) -> Draw {
    let seed = x.call.def.params.iter().position(|p| p.name == "seed").and_then(|i| x.call.int(i));
    Draw::new(seed.unwrap_or(0))
}

fn numel(x: &Inputs<'_>) -> usize {
    x.out[0].shape.iter().product()
}

/// As many bits as the type holds below 1, so that nothing rounds up to 1.
pub fn rand(x: &Inputs<'_>) -> Out {
    let mut draw = stream(x);
    let bits = match x.out[0].dtype {
        DType::Bf16 => 8,
        DType::F16 => 11,
        DType::F32 => 24,
        _ => 53,
    };
    x.one((0..numel(x)).map(|_| draw.unit(bits)).collect())
}

pub fn randn(x: &Inputs<'_>) -> Out {
    x.one(normals(&mut stream(x), numel(x)))
}

fn normals(draw: &mut Draw, n: usize) -> Vec<f64> {
    let mut made: Vec<f64> = (0..n.div_ceil(2)).flat_map(|_| draw.normals()).collect();
    made.truncate(n);
    made
}

pub fn normal(x: &Inputs<'_>) -> Out {
    let shape = &x.out[0].shape;
    let wide = |i: usize| broadcast_to(&cast(&x.operand_as_given(i), DType::F64), shape);
    let (mean, std) = (wide(0), wide(1));
    let (mean, std) = (mean.slice::<f64>(), std.slice::<f64>());
    if let Some(negative) = std.iter().find(|s| s.is_nan() || **s < 0.0) {
        let message = format!("`std` must be 0 or more everywhere, got {negative}");
        return Err(x.call.fault(Code::BadArgument, message).into());
    }
    let drawn = normals(&mut stream(x), numel(x));
    x.one(drawn.iter().enumerate().map(|(i, z)| mean[i] + std[i] * z).collect::<Vec<f64>>())
}

pub fn randint(x: &Inputs<'_>) -> Out {
    let (low, high) = (x.call.int(0).unwrap_or(0), x.call.int(1).unwrap_or(0));
    let (mut draw, span) = (stream(x), high.wrapping_sub(low) as u64);
    x.one((0..numel(x)).map(|_| low.wrapping_add(draw.below(span) as i64)).collect())
}

/// Fisher and Yates: each position swaps with one not passed yet.
pub fn randperm(x: &Inputs<'_>) -> Out {
    let (mut draw, n) = (stream(x), numel(x));
    let mut order: Vec<i64> = (0..n as i64).collect();
    for i in 0..n {
        order.swap(i, i + draw.below((n - i) as u64) as usize);
    }
    x.one(order)
}

pub fn bernoulli(x: &Inputs<'_>) -> Out {
    let mut draw = stream(x);
    let chances = cast(x.tensor(0), DType::F64);
    if let Some(wrong) = chances.slice::<f64>().iter().find(|p| !(0.0..=1.0).contains(*p)) {
        let message = format!("probabilities must be 0 to 1, got {wrong}");
        return Err(x.call.fault(Code::BadArgument, message).into());
    }
    x.one(
        chances.slice::<f64>().iter().map(|p| f64::from(u8::from(draw.unit(53) < *p))).collect::<Vec<f64>>(),
    )
}

pub fn multinomial(x: &Inputs<'_>) -> Out {
    let (k, replacement) = (x.call.int(1).unwrap_or(0) as usize, x.call.args[2] == Arg::Bool(true));
    let mut draw = stream(x);
    let weights = cast(x.tensor(0), DType::F64);
    let n = weights.shape().last().copied().unwrap_or(1);
    let mut out: Vec<i64> = Vec::with_capacity(numel(x));
    for row in weights.slice::<f64>().chunks_exact(n) {
        check_weights(x, row)?;
        match replacement {
            true => out.extend(with_replacement(row, k, &mut draw)),
            false => out.extend(each_once(row, k, &mut draw)),
        }
    }
    Ok(vec![Tensor::new(out, x.out[0].shape.clone())])
}

fn check_weights(x: &Inputs<'_>, row: &[f64]) -> Result<(), Error> {
    let fault = |m: String| Err(x.call.fault(Code::BadArgument, m).into());
    match row.iter().find(|w| !w.is_finite() || **w < 0.0) {
        Some(wrong) => fault(format!("weights must be finite and 0 or more, got {wrong}")),
        None if row.iter().all(|w| *w == 0.0) => fault("a row of weights is all 0".into()),
        None => Ok(()),
    }
}

fn with_replacement(row: &[f64], k: usize, draw: &mut Draw) -> Vec<i64> {
    let sums: Vec<f64> = row.iter().scan(0.0, |sum, w| Some(std::mem::replace(sum, *sum + w) + w)).collect();
    let total = sums.last().copied().unwrap_or(0.0);
    let last = row.iter().rposition(|w| *w > 0.0).unwrap_or(0);
    let mut one = || {
        let target = draw.unit(53) * total;
        sums.partition_point(|sum| *sum <= target).min(last) as i64
    };
    (0..k).map(|_| one()).collect()
}

/// The `k` first to arrive when each arrives at a rate of its weight (Efraimidis and Spirakis, 2006);
/// those of weight 0 come last.
fn each_once(row: &[f64], k: usize, draw: &mut Draw) -> Vec<i64> {
    let arrival = |w: &f64| {
        let time = draw.exponential();
        if *w > 0.0 { time / w } else { f64::INFINITY }
    };
    let times: Vec<f64> = row.iter().map(arrival).collect();
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by(|i, j| times[*i].total_cmp(&times[*j]));
    order.truncate(k);
    order.into_iter().map(|i| i as i64).collect()
}
