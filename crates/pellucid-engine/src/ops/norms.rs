//! Normalization of the trailing axes: statistics in f64, elements in the type computed in, one rounding.

use super::Out;
use super::cast::cast;
use super::compute::{Compute, Float};
use super::dispatch::{compute_dtype, each_float};
use super::hot;
use super::inputs::Inputs;
use super::sums::{average, total, variance};
use crate::tensor::Tensor;

/// Ba et al., "Layer Normalization".
pub fn layer_norm(x: &Inputs<'_>) -> Out {
    let eps = x.float(4);
    if let Some(out) = hot::norm(x, width(x), eps, true) {
        return out;
    }
    each_float!(x.out[0].dtype, C => normalize(x, Some(3), |row: &[C]| {
        (C::of(average(row)), C::of(1.0 / (variance(row, 0) + eps).sqrt()))
    }))
}

/// Zhang and Sennrich, "Root Mean Square Layer Normalization".
pub fn rms_norm(x: &Inputs<'_>) -> Out {
    let eps = x.float(3);
    if let Some(out) = hot::norm(x, width(x), eps, false) {
        return out;
    }
    each_float!(x.out[0].dtype, C => normalize(x, None, |row: &[C]| {
        let square = total(row, |v| v.as_f64() * v.as_f64()) / row.len() as f64;
        (C::of(0.0), C::of(1.0 / (square + eps).sqrt()))
    }))
}

/// The number of elements that are normalized together.
fn width(x: &Inputs<'_>) -> usize {
    x.call.ints(1).unwrap_or_default().iter().map(|n| *n as usize).product()
}

/// Takes `(x - shift) * scale` of each row, times the weight (parameter 2), plus the bias.
fn normalize<C: Float>(x: &Inputs<'_>, bias: Option<usize>, f: impl Fn(&[C]) -> (C, C)) -> Out {
    let t = x.wide();
    let n = width(x);
    let dtype = compute_dtype(x.out[0].dtype);
    let given = |i: usize| -> Option<Tensor> { x.optional(i).map(|t| cast(t, dtype)) };
    let weight = given(2);
    let bias = bias.and_then(given);
    let (weight, bias) = (weight.as_ref().map(Tensor::slice::<C>), bias.as_ref().map(Tensor::slice::<C>));
    let data = t.slice::<C>();
    let mut out = Vec::with_capacity(data.len());
    for row in (0..data.len()).step_by(n.max(1)).map(|i| &data[i..i + n]) {
        let (shift, scale) = f(row);
        out.extend(row.iter().enumerate().map(|(i, v)| {
            let unit = v.minus(shift).times(scale);
            let scaled = weight.map_or(unit, |w| unit.times(w[i]));
            bias.map_or(scaled, |b| scaled.plus(b[i]))
        }));
    }
    x.one(out)
}
