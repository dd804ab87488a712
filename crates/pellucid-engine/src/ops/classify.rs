//! Tests of single elements: zero, NaN, infinite, negative.

use pellucid_graph::DType;

use super::Out;
use super::compute::Compute;
use super::dispatch::{each_compute, each_float};
use super::elementwise::unary;
use super::inputs::{Inputs, Scalars};

macro_rules! tests {
    ($($name:ident = $f:expr;)*) => {$(
        pub fn $name(x: &Inputs<'_>) -> Out {
            let dtype = x.tensor(0).dtype();
            let t = x.operand(0, dtype, Scalars::Rounded);
            let f: fn(f64) -> bool = $f;
            each_compute!(dtype, C => x.truths(t.slice::<C>().iter().map(|a| u8::from(f(a.as_f64()))).collect()))
        }
    )*};
}

tests! {
    logical_not = |a| a == 0.0;
    isnan = f64::is_nan;
    isinf = f64::is_infinite;
    isfinite = f64::is_finite;
    isposinf = |a| a == f64::INFINITY;
    isneginf = |a| a == f64::NEG_INFINITY;
    signbit = f64::is_sign_negative;
}

/// Integers hold neither NaN nor infinity.
pub fn nan_to_num(x: &Inputs<'_>) -> Out {
    let largest = match x.out[0].dtype {
        DType::F16 => f64::from(half::f16::MAX),
        DType::Bf16 => f64::from(half::bf16::MAX),
        DType::F32 => f64::from(f32::MAX),
        DType::F64 => f64::MAX,
        _ => return Ok(vec![x.tensor(0).clone()]),
    };
    let high = if x.given(2) { x.float(2) } else { largest };
    let low = if x.given(3) { x.float(3) } else { -largest };
    each_float!(x.out[0].dtype, C => {
        let (nan, high, low) = (x.number::<C>(1), high as C, low as C);
        unary(x, |a: C| match a {
            a if Compute::is_nan(a) => nan,
            C::INFINITY => high,
            C::NEG_INFINITY => low,
            a => a,
        })
    })
}
