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
                let $f = functions::GeluErf;
                $body
            }
            Activation::GeluTanh => {
                let $f = functions::GeluTanh;
                $body
            }
            Activation::Silu => {
                let $f = functions::Silu;
                $body
            }
            Activation::Relu => {
                let $f = functions::Relu;
                $body
            }
            Activation::Sigmoid => {
                let $f = functions::Sigmoid;
                $body
            }
            Activation::Tanh => {
                let $f = functions::Tanh;
                $body
            }
            Activation::Identity => {
                let $f = functions::Identity;
                $body
            }
        }
    };
}
/// Computes `out = act(x)`. Both of one length.
pub fn activate(act: Activation, x: &[f32], out: &mut [f32]) {
    by_function!(act, f => elementwise(Alone(f), Some(x), x, out));
}

/// Computes `out = act(gate) * up`, bit for bit as [`activate`] and then [`crate::mul`]. All of one length.
pub fn activate_mul(act: Activation, gate: &[f32], up: &[f32], out: &mut [f32]) {
    by_function!(act, f => elementwise(Gated(f), Some(gate), up, out));
}

/// A function of one lane, as a type: see [`crate::dispatch`] for why not as a value.
trait Function: Copy + Sync {
    fn at<V: Lanes>(self, x: V) -> V;
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

mod functions {
    use super::{Function, Lanes, math};

    macro_rules! function {
        ($name:ident, $x:ident => $body:expr) => {
            #[derive(Clone, Copy)]
            pub(super) struct $name;

            impl Function for $name {
                #[inline(always)]
                fn at<V: Lanes>(self, $x: V) -> V {
                    $body
                }
            }
        };
    }

    function!(GeluErf, x => math::gelu_erf(x));
    function!(GeluTanh, x => math::gelu_tanh(x));
    function!(Silu, x => math::silu(x));
    function!(Relu, x => V::splat(0.0).max(x));
    function!(Sigmoid, x => math::sigmoid(x));
    function!(Tanh, x => math::tanh(x));
    function!(Identity, x => x);
}
