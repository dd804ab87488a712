//! Activation functions, alone or times a gate's other half.

use crate::elementwise::{Binary, elementwise};
use crate::lanes::Lanes;
use crate::math;

/// An activation function, under the names that configurations give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `x Phi(x)`: `gelu`.
    GeluErf,
    /// The tanh approximation of GELU: `gelu_new`, `gelu_pytorch_tanh`.
    GeluTanh,
    /// `x sigmoid(x)`: `silu`, `swish`.
    Silu,
    /// `max(x, 0)`.
    Relu,
    /// `1 / (1 + e^-x)`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `x`.
    Identity,
}

/// Evaluates an expression with a name bound to the function of an [`Activation`].
macro_rules! by_function {
    ($act:expr, $f:ident => $body:expr) => {
        match $act {
            Activation::GeluErf => {
                let $f = $crate::activation::functions::GeluErf;
                $body
            }
            Activation::GeluTanh => {
                let $f = $crate::activation::functions::GeluTanh;
                $body
            }
            Activation::Silu => {
                let $f = $crate::activation::functions::Silu;
                $body
            }
            Activation::Relu => {
                let $f = $crate::activation::functions::Relu;
                $body
            }
            Activation::Sigmoid => {
                let $f = $crate::activation::functions::Sigmoid;
                $body
            }
            Activation::Tanh => {
                let $f = $crate::activation::functions::Tanh;
                $body
            }
            Activation::Identity => {
                let $f = $crate::activation::functions::Identity;
                $body
            }
        }
    };
}
pub(crate) use by_function;

/// Computes `out = act(x)`. Both of one length.
pub fn activate(act: Activation, x: &[f32], out: &mut [f32]) {
    by_function!(act, f => elementwise(Alone(f), Some(x), x, out));
}

/// Computes `out = act(gate) * up`, bit for bit as [`activate`] and then [`crate::mul`]. All of one length.
pub fn activate_mul(act: Activation, gate: &[f32], up: &[f32], out: &mut [f32]) {
    by_function!(act, f => elementwise(Gated(f), Some(gate), up, out));
}

/// A function of one lane, as a type: see [`crate::dispatch`] for why not as a value.
pub(crate) trait Function: Copy + Sync {
    fn at<V: Lanes>(self, x: V) -> V;
    /// The derivative.
    fn slope<V: Lanes>(self, x: V) -> V;
}

/// `f(x)`, whatever the right operand.
#[derive(Clone, Copy)]
struct Alone<F>(F);

impl<F: Function> Binary for Alone<F> {
    #[inline(always)]
    fn at<V: Lanes>(self, x: V, _: V) -> V {
        self.0.at(x)
    }
}

/// `f(gate) * up`.
#[derive(Clone, Copy)]
struct Gated<F>(F);

impl<F: Function> Binary for Gated<F> {
    #[inline(always)]
    fn at<V: Lanes>(self, gate: V, up: V) -> V {
        self.0.at(gate).mul(up)
    }
}

pub(crate) mod functions {
    use super::{Function, Lanes, math};

    macro_rules! function {
        ($name:ident, $x:ident => $body:expr, $slope:expr) => {
            #[derive(Clone, Copy)]
            pub(crate) struct $name;

            impl Function for $name {
                #[inline(always)]
                fn at<V: Lanes>(self, $x: V) -> V {
                    $body
                }
                #[inline(always)]
                fn slope<V: Lanes>(self, $x: V) -> V {
                    $slope
                }
            }
        };
    }

    function!(GeluErf, x => math::gelu_erf(x), math::gelu_erf_slope(x));
    function!(GeluTanh, x => math::gelu_tanh(x), math::gelu_tanh_slope(x));
    function!(Silu, x => math::silu(x), math::silu_slope(x));
    function!(Relu, x => V::splat(0.0).max(x), V::splat(0.0).select_lt(x, V::splat(1.0), V::splat(0.0)));
    function!(Sigmoid, x => math::sigmoid(x), {
        let s = math::sigmoid(x);
        s.sub(s.mul(s))
    });
    function!(Tanh, x => math::tanh(x), {
        let t = math::tanh(x);
        V::splat(1.0).sub(t.mul(t))
    });
    function!(Identity, x => x, {
        let _ = x;
        V::splat(1.0)
    });
}
