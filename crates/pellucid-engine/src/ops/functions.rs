//! Functions of one element with a floating result; integers become f32 first.
//!
//! Those that models call often are computed in the type of the result, the others in f64 and rounded.

use pellucid_kernels::Activation;

use super::Out;
use super::compute::{Compute, Float};
use super::dispatch::each_float;
use super::elementwise::unary;
use super::hot;
use super::inputs::Inputs;

macro_rules! functions {
    ($($name:ident = $f:expr;)*) => {$(
        pub fn $name(x: &Inputs<'_>) -> Out {
            each_float!(x.out[0].dtype, C => unary::<C>(x, $f))
        }
    )*};
}

functions! {
    exp = Float::exp;
    log = Float::ln;
    sqrt = Float::sqrt;
    rsqrt = |a| 1.0 / a.sqrt();
    reciprocal = |a| 1.0 / a;
    sin = Float::sin;
    cos = Float::cos;
}

pub fn tanh(x: &Inputs<'_>) -> Out {
    hot::activation(x, Activation::Tanh)
        .unwrap_or_else(|| each_float!(x.out[0].dtype, C => unary::<C>(x, Float::tanh)))
}

pub fn sigmoid(x: &Inputs<'_>) -> Out {
    hot::activation(x, Activation::Sigmoid)
        .unwrap_or_else(|| each_float!(x.out[0].dtype, C => unary::<C>(x, |a| 1.0 / (1.0 + Float::exp(-a)))))
}

/// A function that is computed in f64 and rounded.
pub fn in_f64(x: &Inputs<'_>, f: fn(f64) -> f64) -> Out {
    each_float!(x.out[0].dtype, C => unary(x, |a: C| C::of(f(a.as_f64()))))
}

pub fn logit(x: &Inputs<'_>) -> Out {
    let (limited, eps) = (x.given(1), x.float(1));
    each_float!(x.out[0].dtype, C => unary(x, |a: C| {
        let (low, high) = (C::of(eps), C::of(1.0 - eps));
        // In this order: with an `eps` above 1/2, `low` is the larger one and what is below it becomes it.
        let p = match limited {
            true if a < low => low,
            true if a > high => high,
            _ => a,
        };
        C::of((p.as_f64() / (1.0 - p.as_f64())).ln())
    }))
}
