//! Functions of one element with a floating result; integers become f32 first.

use pellucid_graph::Arg;

use super::Out;
use super::compute::Float;
use super::dispatch::each_float;
use super::elementwise::unary;
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
    sin = Float::sin;
    cos = Float::cos;
    tanh = Float::tanh;
    sigmoid = |a| 1.0 / (1.0 + Float::exp(-a));
    silu = |a| a / (1.0 + Float::exp(-a));
}

/// Hendrycks and Gimpel, "Gaussian Error Linear Units": exact, or their approximation by tanh.
pub fn gelu(x: &Inputs<'_>) -> Out {
    let tanh = matches!(&x.call.args[1], Arg::Word(w) if w == "tanh");
    each_float!(x.out[0].dtype, C => match tanh {
        true => unary::<C>(x, gelu_tanh),
        false => unary::<C>(x, gelu_exact),
    })
}

fn gelu_exact<C: Float>(a: C) -> C {
    let cdf = C::of(1.0).plus(a.times(C::of(std::f64::consts::FRAC_1_SQRT_2)).erf());
    a.times(C::of(0.5)).times(cdf)
}

fn gelu_tanh<C: Float>(a: C) -> C {
    let scale = C::of(std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2);
    let cubic = a.plus(C::of(0.044715).times(a.times(a).times(a)));
    a.times(C::of(0.5)).times(C::of(1.0).plus(scale.times(cubic).tanh()))
}
