//! Activation functions, alone or times a gate's other half.

use crate::dispatch::{Kernel, dispatch};
use crate::elementwise::{map, zip};
use crate::isa::isa;
use crate::lanes::Lanes;
use crate::math;
use crate::rows::for_row_ranges;

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

/// Computes `out = act(x)`. Both of one length.
pub fn activate(act: Activation, x: &[f32], out: &mut [f32]) {
    assert_eq!(x.len(), out.len(), "output");
    let isa = isa();
    for_row_ranges(out, 1, &|range, out| {
        let x = &x[range];
        dispatch(
            isa,
            Activate {
                act,
                x,
                up: None,
                out,
            },
        );
    });
}

/// Computes `out = act(gate) * up`, bit for bit as [`activate`] and then [`crate::mul`]. All of one length.
pub fn activate_mul(act: Activation, gate: &[f32], up: &[f32], out: &mut [f32]) {
    assert_eq!(gate.len(), out.len(), "output");
    assert_eq!(up.len(), out.len(), "output");
    let isa = isa();
    for_row_ranges(out, 1, &|range, out| {
        let (x, up) = (&gate[range.clone()], Some(&up[range]));
        dispatch(isa, Activate { act, x, up, out });
    });
}

struct Activate<'a> {
    act: Activation,
    x: &'a [f32],
    up: Option<&'a [f32]>,
    out: &'a mut [f32],
}

impl Kernel for Activate<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        match self.act {
            Activation::GeluErf => self.apply(math::gelu_erf::<V>),
            Activation::GeluTanh => self.apply(math::gelu_tanh::<V>),
            Activation::Silu => self.apply(math::silu::<V>),
            Activation::Relu => self.apply(relu::<V>),
            Activation::Sigmoid => self.apply(math::sigmoid::<V>),
            Activation::Tanh => self.apply(math::tanh::<V>),
            Activation::Identity => self.apply(identity::<V>),
        }
    }
}

impl Activate<'_> {
    #[inline(always)]
    fn apply<V: Lanes>(self, f: impl Fn(V) -> V) {
        let (x, out, n) = (self.x.as_ptr(), self.out.as_mut_ptr(), self.out.len());
        // SAFETY: all slices have the length of `out`, as the callers assert.
        unsafe {
            match self.up {
                None => map(x, out, n, f),
                Some(up) => zip(x, up.as_ptr(), out, n, |x, up| f(x).mul(up)),
            }
        }
    }
}

#[inline(always)]
fn relu<V: Lanes>(x: V) -> V {
    V::splat(0.0).max(x)
}

#[inline(always)]
fn identity<V: Lanes>(x: V) -> V {
    x
}
