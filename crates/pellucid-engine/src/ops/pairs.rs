//! Functions of two elements that are more than arithmetic. They are computed in f64, where f32 and
//! halves neither overflow nor lose digits, and rounded once.

use super::Out;
use super::compute::{Compute, Float};
use super::dispatch::{each_compute, each_float};
use super::elementwise::binary;
use super::inputs::{Inputs, Scalars};

macro_rules! pairs {
    ($($name:ident = $f:expr;)*) => {$(
        pub fn $name(x: &Inputs<'_>) -> Out {
            let f: fn(f64, f64) -> f64 = $f;
            each_float!(x.out[0].dtype, C => {
                binary(x, Scalars::Rounded, |a: C, b: C| C::of(f(a.as_f64(), b.as_f64())))
            })
        }
    )*};
}

pairs! {
    atan2 = f64::atan2;
    hypot = f64::hypot;
    xlogy = |a, b| match a {
        _ if b.is_nan() => b,
        0.0 => 0.0,
        _ => a * b.ln(),
    };
    copysign = f64::copysign;
    logaddexp = log_sum_exp;
    logaddexp2 = |a, b| peak(a, b, |rest| rest.exp2().ln_1p() * std::f64::consts::LOG2_E);
}

/// log(exp(a) + exp(b)).
pub fn log_sum_exp(a: f64, b: f64) -> f64 {
    peak(a, b, |rest| rest.exp().ln_1p())
}

/// The larger of two, and what the other adds to it at a distance below.
fn peak(a: f64, b: f64, rest: impl Fn(f64) -> f64) -> f64 {
    match a == b && a.is_infinite() {
        true => a,
        false => a.larger(b) + rest(-(a - b).abs()),
    }
}

pub fn heaviside(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => binary(x, Scalars::Rounded, |a: C, at_zero: C| match a == C::default() {
        true => at_zero,
        false => C::from(i8::from(a > C::default())),
    }))
}

pub fn fmax(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => binary(x, Scalars::Rounded, |a: C, b: C| either(a, b).unwrap_or_else(|| a.larger(b))))
}

pub fn fmin(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => binary(x, Scalars::Rounded, |a: C, b: C| either(a, b).unwrap_or_else(|| a.smaller(b))))
}

/// What stands beside NaN.
fn either<C: Compute>(a: C, b: C) -> Option<C> {
    match (Compute::is_nan(a), Compute::is_nan(b)) {
        (true, _) => Some(b),
        (_, true) => Some(a),
        _ => None,
    }
}
