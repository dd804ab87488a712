//! Losses of one element each, then summed or averaged in f64.

use pellucid_graph::{Arg, Code, DType};

use super::Out;
use super::cast::cast;
use super::compute::{Compute, Float};
use super::dispatch::{compute_dtype, each_float};
use super::distances::difference;
use super::elementwise::{absolute, zip};
use super::inputs::{Inputs, Scalars};
use super::shape::broadcast_to;
use super::sums::total;
use crate::Error;
use crate::tensor::Tensor;

/// The word of the parameter `reduction`.
pub fn reduction<'a>(x: &Inputs<'a>) -> &'a str {
    let at = x.call.def.params.iter().position(|p| p.name == "reduction");
    at.map_or("mean", |i| x.call.word(i))
}

/// All losses, their sum, or their mean.
fn reduced<C: Float>(x: &Inputs<'_>, losses: Vec<C>) -> Out {
    let divisor = match reduction(x) {
        "none" => return x.one(losses),
        "sum" => 1.0,
        "batchmean" => x.tensor(0).shape().first().copied().unwrap_or(1) as f64,
        _ => losses.len() as f64,
    };
    x.one(vec![C::of(total(&losses, C::as_f64) / divisor)])
}

/// The loss of each pair of elements, which meet in the type of `dtype`.
fn pairwise<C: Float>(x: &Inputs<'_>, dtype: DType, f: impl Fn(C, C) -> C) -> Out {
    let (a, b) = (x.operand(0, dtype, Scalars::Rounded), x.operand(1, dtype, Scalars::Rounded));
    let shape = pellucid_graph::shape::broadcast(a.shape(), b.shape()).unwrap_or_default();
    reduced(x, zip(&a, &b, &shape, f))
}

pub fn mse_loss(x: &Inputs<'_>) -> Out {
    each_float!(x.out[0].dtype, C => pairwise(x, x.out[0].dtype, |a: C, b: C| a.minus(b).times(a.minus(b))))
}

pub fn l1_loss(x: &Inputs<'_>) -> Out {
    let dtype = x.out[0].dtype;
    if dtype.is_float() {
        return each_float!(dtype, C => pairwise(x, dtype, |a: C, b: C| absolute(a.minus(b))));
    }
    let gaps = cast(&difference(x)?, DType::I64);
    let gaps: Vec<i64> = gaps.slice::<i64>().iter().map(|v| absolute(*v)).collect();
    match reduction(x) {
        "none" => x.one(gaps),
        _ => x.one(vec![gaps.iter().fold(0i64, |sum, v| sum.wrapping_add(*v))]),
    }
}

/// Girshick, "Fast R-CNN".
pub fn smooth_l1_loss(x: &Inputs<'_>) -> Out {
    let beta = x.float(3);
    each_float!(x.out[0].dtype, C => pairwise(x, x.out[0].dtype, |a: C, b: C| {
        let (gap, beta, half) = (absolute(a.minus(b)), beta as C, 0.5 as C);
        if gap < beta { half.times(gap).times(gap).over(beta) } else { gap.minus(half.times(beta)) }
    }))
}

/// Huber, "Robust Estimation of a Location Parameter".
pub fn huber_loss(x: &Inputs<'_>) -> Out {
    let delta = x.float(3);
    each_float!(x.out[0].dtype, C => pairwise(x, x.out[0].dtype, |a: C, b: C| {
        let (gap, delta, half) = (absolute(a.minus(b)), delta as C, 0.5 as C);
        if gap <= delta { half.times(gap).times(gap) } else { delta.times(gap.minus(half.times(delta))) }
    }))
}

/// Kullback and Leibler; a target of 0 adds nothing.
pub fn kl_div(x: &Inputs<'_>) -> Out {
    let log_target = x.call.flag(3);
    each_float!(x.out[0].dtype, C => pairwise(x, x.out[0].dtype, |log: C, target: C| {
        if log_target {
            return target.exp() * (target - log);
        }
        let own = if target == 0.0 { 0.0 } else { target * target.ln() };
        own - target * log
    }))
}

/// Logarithms below -100 count as -100, as in PyTorch.
pub fn binary_cross_entropy(x: &Inputs<'_>) -> Out {
    for i in [0, 1] {
        let t = x.operand(i, DType::F64, Scalars::Rounded);
        if let Some(v) = t.slice::<f64>().iter().find(|v| !(0.0..=1.0).contains(*v)) {
            let name = x.call.def.params[i].name;
            return Err(x
                .call
                .fault(Code::BadArgument, format!("elements of `{name}` must be 0 to 1, got {v}"))
                .into());
        }
    }
    each_float!(x.out[0].dtype, C => weighted(x, |_, p: C, target: C, weight: C, _| {
        let log = |v: C| Float::ln(v).larger(-100.0 as C);
        weight.times((target - 1.0).times(log(1.0 - p)).minus(target.times(log(p))))
    }))
}

/// In the target's type; the logarithm of the sigmoid is rounded to the input's, as in PyTorch.
pub fn binary_cross_entropy_with_logits(x: &Inputs<'_>) -> Out {
    let narrow = x.tensor(0).dtype();
    let logits = x.operand(0, narrow, Scalars::Rounded);
    let logs: Result<Tensor, Error> = each_float!(narrow, C => {
        let log_sigmoid = |v: &C| v.smaller(0.0) - (-absolute(*v)).exp().ln_1p();
        Ok(Tensor::new(logits.slice::<C>().iter().map(log_sigmoid).collect::<Vec<C>>(), logits.shape()))
    });
    let logs = cast(&cast(&logs?, narrow), compute_dtype(x.out[0].dtype));
    let scaled = x.optional(4).is_some();
    each_float!(x.out[0].dtype, C => {
        let logs = logs.slice::<C>();
        weighted(x, |i, logit: C, target: C, weight: C, pos_weight: C| {
            let log = if scaled { ((pos_weight - 1.0) * target + 1.0) * logs[i] } else { logs[i] };
            weight * ((1.0 - target) * logit - log)
        })
    })
}

/// The loss of each element, its target, its weight (parameter 2) and positive weight (parameter 4).
fn weighted<C: Float>(x: &Inputs<'_>, f: impl Fn(usize, C, C, C, C) -> C) -> Out {
    let dtype = x.out[0].dtype;
    let shape = x.tensor(0).shape();
    let weight = |i: usize| match x.call.args.get(i) {
        Some(Arg::Value(_)) => broadcast_to(&x.operand(i, dtype, Scalars::Rounded), shape),
        _ => broadcast_to(&Tensor::new(vec![C::of(1.0)], []), shape),
    };
    let [input, target] = [0, 1].map(|i| x.operand(i, dtype, Scalars::Rounded));
    let (weight, pos_weight) = (weight(2), weight(4));
    let (input, target) = (input.slice::<C>(), target.slice::<C>());
    let (weight, pos_weight) = (weight.slice::<C>(), pos_weight.slice::<C>());
    let losses = (0..input.len()).map(|i| f(i, input[i], target[i], weight[i], pos_weight[i])).collect();
    reduced(x, losses)
}
