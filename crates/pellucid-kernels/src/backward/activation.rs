//! Slopes of activation functions.

use crate::activation::{Activation, Function, by_function};
use crate::elementwise::{Binary, elementwise};
use crate::lanes::Lanes;

/// Computes the gradient of `x` from that of `act(x)`: `dx = act'(x) dy`. All of one length.
pub fn activate_backward(act: Activation, x: &[f32], dy: &[f32], dx: &mut [f32]) {
    by_function!(act, f => elementwise(Sloped(f), Some(x), dy, dx));
}

/// Computes the gradients of `gate` and `up` from that of `act(gate) * up`. All of one length.
pub fn activate_mul_backward(
    act: Activation,
    gate: &[f32],
    up: &[f32],
    dy: &[f32],
    [d_gate, d_up]: [&mut [f32]; 2],
) {
    by_function!(act, f => {
        elementwise(Times, Some(up), dy, d_up);
        elementwise(Sloped(f), Some(gate), d_up, d_gate);
        elementwise(Active(f), Some(gate), dy, d_up);
    });
}

/// `f'(x) dy`.
#[derive(Clone, Copy)]
struct Sloped<F>(F);

impl<F: Function> Binary for Sloped<F> {
    #[inline(always)]
    fn at<V: Lanes>(self, x: V, dy: V) -> V {
        self.0.slope(x).mul(dy)
    }
}

/// `f(x) dy`.
#[derive(Clone, Copy)]
struct Active<F>(F);

impl<F: Function> Binary for Active<F> {
    #[inline(always)]
    fn at<V: Lanes>(self, x: V, dy: V) -> V {
        self.0.at(x).mul(dy)
    }
}

#[derive(Clone, Copy)]
struct Times;

impl Binary for Times {
    #[inline(always)]
    fn at<V: Lanes>(self, x: V, y: V) -> V {
        x.mul(y)
    }
}
