//! Tensors from numbers alone. Sequences are computed in f64, or exactly in i64, and rounded once.

use pellucid_graph::Arg;

use super::Out;
use super::cast::cast;
use super::dispatch::each_stored;
use super::inputs::Inputs;
use crate::tensor::Tensor;

pub fn zeros(x: &Inputs<'_>) -> Out {
    filled(x, &Tensor::new(vec![0i64], []))
}

pub fn ones(x: &Inputs<'_>) -> Out {
    filled(x, &Tensor::new(vec![1i64], []))
}

pub fn full(x: &Inputs<'_>) -> Out {
    filled(x, &x.operand_as_given(1))
}

fn filled(x: &Inputs<'_>, value: &Tensor) -> Out {
    let ty = &x.out[0];
    each_stored!(ty.dtype, T => {
        let value = cast(value, ty.dtype);
        let out = vec![value.slice::<T>()[0]; ty.shape.iter().product()];
        Ok(vec![cast(&Tensor::new(out, ty.shape.clone()), ty.dtype)])
    })
}

/// Integers count in integers, with start and step cut to them first, as in PyTorch.
pub fn arange(x: &Inputs<'_>) -> Out {
    let n = x.out[0].shape[0];
    if x.out[0].dtype.is_float() {
        let (start, step) = (x.float(0), x.float(2));
        return x.one((0..n).map(|i| start + i as f64 * step).collect());
    }
    let (start, step) = (integer(x, 0), integer(x, 2));
    x.one((0..n as i64).map(|i| start.wrapping_add(i.wrapping_mul(step))).collect())
}

fn integer(x: &Inputs<'_>, i: usize) -> i64 {
    match x.call.args[i] {
        Arg::Int(n) => n,
        _ => x.float(i) as i64,
    }
}

pub fn linspace(x: &Inputs<'_>) -> Out {
    x.one(spaced(x))
}

pub fn logspace(x: &Inputs<'_>) -> Out {
    let base = x.float(3);
    x.one(spaced(x).into_iter().map(|exponent| base.powf(exponent)).collect())
}

/// The first half is counted from the start and the second from the end, so that both are exact.
fn spaced(x: &Inputs<'_>) -> Vec<f64> {
    let n = x.out[0].shape[0];
    let (start, end) = match x.out[0].dtype.is_float() {
        true => (x.float(0), x.float(1)),
        false => (integer(x, 0) as f64, integer(x, 1) as f64),
    };
    let step = (end - start) / (n.max(2) - 1) as f64;
    let at = |i: usize| match i < n / 2 || n == 1 {
        true => start + step * i as f64,
        false => end - step * (n - 1 - i) as f64,
    };
    (0..n).map(at).collect()
}

pub fn eye(x: &Inputs<'_>) -> Out {
    let (rows, columns) = (x.out[0].shape[0], x.out[0].shape[1]);
    let mut out = vec![0u8; rows * columns];
    (0..rows.min(columns)).for_each(|i| out[i * columns + i] = 1);
    x.one(out)
}
