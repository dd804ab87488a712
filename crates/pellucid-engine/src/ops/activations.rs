//! The nonlinearities of neural networks; integers become f32 first where the result is floating.

use pellucid_kernels::Activation;

use super::Out;
use super::compute::{Compute, Float};
use super::dispatch::{each_compute, each_float};
use super::elementwise::unary;
use super::hot;
use super::inputs::{Inputs, Scalars};
use super::walk::{Walk, strides};

macro_rules! activations {
    ($($name:ident = $f:expr;)*) => {$(
        pub fn $name(x: &Inputs<'_>) -> Out {
            each_float!(x.out[0].dtype, C => unary::<C>(x, $f))
        }
    )*};
}

activations! {
    softsign = |a| a / (1.0 + a.abs());
    tanhshrink = |a| a - Float::tanh(a);
    hardsigmoid = |a| (a + 3.0).larger(0.0).smaller(6.0) / 6.0;
    hardswish = |a| a * (a + 3.0).larger(0.0).smaller(6.0) / 6.0;
    mish = |a| C::of(a.as_f64() * a.as_f64().exp().ln_1p().tanh());
    logsigmoid = |a| C::of(a.as_f64().smaller(0.0) - (-a.as_f64().abs()).exp().ln_1p());
    selu = |a| C::of(SELU_SCALE * exponential(a.as_f64(), SELU_ALPHA, 1.0));
}

pub fn silu(x: &Inputs<'_>) -> Out {
    hot::activation(x, Activation::Silu)
        .unwrap_or_else(|| each_float!(x.out[0].dtype, C => unary::<C>(x, |a| a / (1.0 + Float::exp(-a)))))
}

/// Klambauer et al., "Self-Normalizing Neural Networks".
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

/// Hendrycks and Gimpel, "Gaussian Error Linear Units": exact, or their approximation by tanh.
pub fn gelu(x: &Inputs<'_>) -> Out {
    let kind = if x.says(1, "tanh") { Activation::GeluTanh } else { Activation::GeluErf };
    if let Some(out) = hot::activation(x, kind) {
        return out;
    }
    each_float!(x.out[0].dtype, C => match x.says(1, "tanh") {
        true => unary::<C>(x, gelu_tanh),
        false => unary::<C>(x, gelu_exact),
    })
}

fn gelu_exact<C: Float>(a: C) -> C {
    let cdf = C::of(1.0) + (a * C::of(std::f64::consts::FRAC_1_SQRT_2)).erf();
    a * C::of(0.5) * cdf
}

fn gelu_tanh<C: Float>(a: C) -> C {
    let scale = C::of(std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2);
    let cubic = a + C::of(0.044715) * (a * a * a);
    a * C::of(0.5) * (C::of(1.0) + (scale * cubic).tanh())
}

pub fn softplus(x: &Inputs<'_>) -> Out {
    let (beta, threshold) = (x.float(1), x.float(2));
    in_f64(x, |a| if a * beta > threshold { a } else { (a * beta).exp().ln_1p() / beta })
}

pub fn elu(x: &Inputs<'_>) -> Out {
    let alpha = x.float(1);
    in_f64(x, |a| exponential(a, alpha, 1.0))
}

pub fn celu(x: &Inputs<'_>) -> Out {
    let alpha = x.float(1);
    in_f64(x, |a| exponential(a, alpha, alpha))
}

fn exponential(a: f64, alpha: f64, width: f64) -> f64 {
    if a < 0.0 { alpha * (a / width).exp_m1() } else { a }
}

fn in_f64(x: &Inputs<'_>, f: impl Fn(f64) -> f64) -> Out {
    each_float!(x.out[0].dtype, C => unary(x, |a: C| C::of(f(a.as_f64()))))
}

pub fn leaky_relu(x: &Inputs<'_>) -> Out {
    each_float!(x.out[0].dtype, C => {
        let slope = x.number::<C>(1);
        unary(x, |a: C| if a > 0.0 { a } else { a * slope })
    })
}

/// One weight for each position of axis 1, or the same for all.
pub fn prelu(x: &Inputs<'_>) -> Out {
    let (t, weight) = (x.wide(), x.operand(1, x.out[0].dtype, Scalars::Rounded));
    let steps = (0..t.shape().len()).map(|axis| usize::from(axis == 1 && weight.numel() > 1)).collect();
    let walk = Walk::new(t.shape(), [strides(t.shape()), steps]);
    each_float!(x.out[0].dtype, C => {
        let (data, weight) = (t.slice::<C>(), weight.slice::<C>());
        let mut out = Vec::with_capacity(data.len());
        walk.runs(|[i, j], [s, w], n| out.extend((0..n).map(|k| match data[i + k * s] {
            a if a > 0.0 => a,
            a => a * weight[j + k * w],
        })));
        x.one(out)
    })
}

pub fn relu6(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => unary(x, |a: C| a.larger(C::from(0i8)).smaller(C::from(6i8))))
}

pub fn hardtanh(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => {
        let (low, high) = (x.number::<C>(1), x.number::<C>(2));
        unary(x, |a: C| a.larger(low).smaller(high))
    })
}

pub fn hardshrink(x: &Inputs<'_>) -> Out {
    each_float!(x.out[0].dtype, C => {
        let lambda = x.number::<C>(1);
        unary(x, |a: C| if a >= -lambda && a <= lambda { 0.0 } else { a })
    })
}

/// NaN stays NaN: it lies on neither side.
pub fn softshrink(x: &Inputs<'_>) -> Out {
    each_float!(x.out[0].dtype, C => {
        let lambda = x.number::<C>(1);
        unary(x, |a: C| match a {
            a if a > lambda => a - lambda,
            a if a < -lambda => a + lambda,
            a => a * 0.0,
        })
    })
}

pub fn threshold(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => {
        let (limit, value) = (x.number::<C>(1), x.number::<C>(2));
        unary(x, |a: C| if a <= limit { value } else { a })
    })
}
