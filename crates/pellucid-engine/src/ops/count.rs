//! Counting: integers, elements in bins, classes.

use pellucid_graph::{Code, DType};

use super::Out;
use super::cast::cast;
use super::compute::Float;
use super::dispatch::each_float;
use super::inputs::Inputs;
use crate::tensor::Tensor;

pub fn bincount(x: &Inputs<'_>) -> Out {
    let at = cast(x.tensor(0), DType::I64);
    let (at, most) = (at.slice::<i64>(), x.out[0].shape[0]);
    if let Some(outside) = at.iter().find(|i| !(0..most as i64).contains(*i)) {
        let message = format!("counts integers from 0 to {}, got {outside}", most.saturating_sub(1));
        return Err(x.call.fault(Code::IndexOutOfRange, message).into());
    }
    let least = x.call.int(2).unwrap_or(0) as usize;
    let n = at.iter().max().map_or(0, |top| *top as usize + 1).max(least);
    let Some(weights) = x.optional(1) else {
        let mut counts = vec![0i64; n];
        at.iter().for_each(|i| counts[*i as usize] += 1);
        return Ok(vec![Tensor::new(counts, [n])]);
    };
    let weights = cast(weights, DType::F64);
    let mut sums = vec![0f64; n];
    at.iter().zip(weights.slice::<f64>()).for_each(|(i, w)| sums[*i as usize] += w);
    Ok(vec![cast(&Tensor::new(sums, [n]), x.out[0].dtype)])
}

pub fn histc(x: &Inputs<'_>) -> Out {
    each_float!(x.out[0].dtype, C => bins::<C>(x))
}

/// The last bin includes its upper end; NaN and elements outside are not counted.
fn bins<C: Float>(x: &Inputs<'_>) -> Out {
    let t = x.wide();
    let (data, n) = (t.slice::<C>(), x.out[0].shape[0]);
    let (mut low, mut high) = (C::of(x.float(2)), C::of(x.float(3)));
    if low == high && !data.is_empty() {
        low = data.iter().copied().reduce(C::smaller).unwrap_or_default();
        high = data.iter().copied().reduce(C::larger).unwrap_or_default();
    }
    if low == high {
        (low, high) = (low.minus(C::of(1.0)), high.plus(C::of(1.0)));
    }
    if !(low.as_f64().is_finite() && high.as_f64().is_finite()) {
        let message = format!("elements from {} to {} leave no finite bins", low.as_f64(), high.as_f64());
        return Err(x.call.fault(Code::BadArgument, message).into());
    }
    let mut counts = vec![0i64; n];
    for v in data.iter().filter(|v| **v >= low && **v <= high) {
        let share = v.minus(low).over(high.minus(low)).times(C::of(n as f64));
        counts[(share.as_f64() as usize).min(n - 1)] += 1;
    }
    Ok(vec![cast(&Tensor::new(counts, [n]), x.out[0].dtype)])
}

pub fn one_hot(x: &Inputs<'_>) -> Out {
    let (classes, n) = (x.tensor(0).slice::<i64>(), x.call.int(1).unwrap_or(0) as usize);
    if let Some(class) = classes.iter().find(|c| !(0..n as i64).contains(*c)) {
        let message = format!("class {class} is out of range for {n} classes");
        return Err(x.call.fault(Code::IndexOutOfRange, message).into());
    }
    let mut out = vec![0i64; classes.len() * n];
    classes.iter().enumerate().for_each(|(i, c)| out[i * n + *c as usize] = 1);
    x.one(out)
}
