//! What is computed in f32 and common in models, on the kernels that models run on: fast, and the same bits.

use pellucid_graph::DType;
use pellucid_kernels::{Activation, activate, log_softmax_rows, softmax_rows};

use super::Out;
use super::along::Lines;
use super::cast::cast;
use super::dispatch::compute_dtype;
use super::inputs::Inputs;

/// An activation of the first argument, where the result is computed in f32.
pub fn activation(x: &Inputs<'_>, activation: Activation) -> Option<Out> {
    single(x)?;
    let t = x.wide();
    let mut out = vec![0.0; t.numel()];
    activate(activation, t.f32s(), &mut out);
    Some(x.one(out))
}

/// The softmax along the axis of parameter 1, or its logarithm, where it is computed in f32.
pub fn softmax(x: &Inputs<'_>, log: bool) -> Option<Out> {
    single(x)?;
    let t = x.wide();
    let axis = x.axis(1, t.shape().len()).ok()?;
    let lines = Lines::new(&t, axis);
    let mut out = vec![0.0; t.numel()];
    if !out.is_empty() {
        let rows = if log { log_softmax_rows } else { softmax_rows };
        rows(lines.elements(), lines.len(), &mut out);
    }
    Some(Ok(vec![cast(&lines.back(out, &x.out[0].shape), x.out[0].dtype)]))
}

/// Layer norm (with a bias at parameter 3) or RMS norm of rows of `n`, where it is computed in f32.
pub fn norm(x: &Inputs<'_>, n: usize, eps: f64, centred: bool) -> Option<Out> {
    single(x)?;
    let t = x.wide();
    let given = |i: usize| x.optional(i).map(|t| cast(t, DType::F32));
    let (weight, bias) = (given(2), if centred { given(3) } else { None });
    let ones = vec![1.0; if weight.is_some() { 0 } else { n }];
    let weight = weight.as_ref().map_or(ones.as_slice(), |w| w.f32s());
    let mut out = vec![0.0; t.numel()];
    match (out.is_empty(), centred) {
        (true, _) => {}
        (_, true) => {
            let bias = bias.as_ref().map(|b| b.f32s());
            pellucid_kernels::layer_norm(t.f32s(), weight, bias, eps as f32, n, &mut out);
        }
        (_, false) => pellucid_kernels::rms_norm(t.f32s(), weight, false, eps as f32, n, &mut out),
    }
    Some(x.one(out))
}

fn single(x: &Inputs<'_>) -> Option<()> {
    (compute_dtype(x.out[0].dtype) == DType::F32).then_some(())
}
