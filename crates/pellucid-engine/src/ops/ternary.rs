//! Arithmetic of three operands, and limits.

use pellucid_graph::Arg;

use super::Out;
use super::cast::cast;
use super::compute::Compute;
use super::dispatch::{each_compute, each_float};
use super::elementwise::zip;
use super::inputs::{Inputs, Scalars};
use super::shape::broadcast_to;
use super::walk::{Walk, broadcast_strides};
use crate::tensor::{Element, Tensor};

/// From the nearer end, so that a weight of 1 gives `end` exactly.
pub fn lerp(x: &Inputs<'_>) -> Out {
    each_float!(x.out[0].dtype, C => ternary(x, Scalars::Exact, |a: C, b: C, w: C| match w.abs() < 0.5 {
        true => a + w * (b - a),
        false => b - (b - a) * (1.0 - w),
    }))
}

pub fn addcmul(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => {
        let value = x.number::<C>(3);
        ternary(x, Scalars::Rounded, |a: C, b: C, c: C| a.plus(value.times(b).times(c)))
    })
}

pub fn addcdiv(x: &Inputs<'_>) -> Out {
    each_float!(x.out[0].dtype, C => {
        let value = x.number::<C>(3);
        ternary(x, Scalars::Rounded, |a: C, b: C, c: C| a + value * b / c)
    })
}

/// NaN elements stay NaN, a NaN bound gives NaN, `max` wins over `min`.
pub fn clamp(x: &Inputs<'_>) -> Out {
    let ty = &x.out[0];
    each_compute!(ty.dtype, C => {
        let t = broadcast_to(&x.operand(0, ty.dtype, Scalars::Rounded), &ty.shape);
        let t = limited::<C>(x, 1, t, C::larger);
        Ok(vec![cast(&limited::<C>(x, 2, t, C::smaller), ty.dtype)])
    })
}

fn limited<C: Compute>(x: &Inputs<'_>, i: usize, t: Tensor, f: impl Fn(C, C) -> C) -> Tensor {
    if !x.given(i) {
        return t;
    }
    let ty = &x.out[0];
    // A bound beyond an integer type limits nothing; in that type it would be another number.
    let bound = match x.call.args[i] {
        Arg::Int(_) if !ty.dtype.is_float() => x.operand_as_given(i),
        _ => x.operand(i, ty.dtype, Scalars::Rounded),
    };
    Tensor::new(zip(&t, &bound, &ty.shape, f), ty.shape.clone())
}

/// Applies a function to each triple of elements of the first three arguments, in the type of the result.
fn ternary<C: Element>(x: &Inputs<'_>, scalars: Scalars, f: impl Fn(C, C, C) -> C) -> Out {
    let ty = &x.out[0];
    let [a, b, c] = [0, 1, 2].map(|i| x.operand(i, ty.dtype, scalars));
    let walk = Walk::new(&ty.shape, [&a, &b, &c].map(|t| broadcast_strides(t.shape(), &ty.shape)));
    let (a, b, c) = (a.slice::<C>(), b.slice::<C>(), c.slice::<C>());
    let mut out = Vec::with_capacity(ty.shape.iter().product());
    walk.runs(|[i, j, k], [s, t, u], n| {
        out.extend((0..n).map(|m| f(a[i + m * s], b[j + m * t], c[k + m * u])));
    });
    x.one(out)
}
