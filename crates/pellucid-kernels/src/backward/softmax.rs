//! Derivatives of softmax and its logarithm over rows.

use crate::dispatch::{Kernel, dispatch};
use crate::isa::isa;
use crate::lanes::Lanes;
use crate::math::exp;
use crate::rows::for_row_ranges;

/// Computes the gradient of the scores from that of their softmax `p`, rows of `n`:
/// `dx = p (dp - sum(p dp))`. An element without probability gets none, whatever its gradient.
///
/// # Panics
/// If a length does not fit.
pub fn softmax_rows_backward(p: &[f32], dp: &[f32], n: usize, dx: &mut [f32]) {
    rows(p, dp, n, dx, false);
}

/// Computes the gradient of the scores from that of their log-softmax `y`, rows of `n`:
/// `dx = dy - e^y sum(dy)`.
///
/// # Panics
/// If a length does not fit.
pub fn log_softmax_rows_backward(y: &[f32], dy: &[f32], n: usize, dx: &mut [f32]) {
    rows(y, dy, n, dx, true);
}

fn rows(y: &[f32], dy: &[f32], n: usize, dx: &mut [f32], is_log: bool) {
    assert!(y.len() == dy.len() && y.len() == dx.len(), "lengths");
    if y.is_empty() {
        return;
    }
    assert!(n > 0 && y.len().is_multiple_of(n), "{} elements are not rows of {n}", y.len());
    let isa = isa();
    for_row_ranges(dx, n, &|rows, dx| {
        for (row, dx) in rows.zip(dx.chunks_exact_mut(n)) {
            let (y, dy) = (&y[row * n..][..n], &dy[row * n..][..n]);
            dispatch(isa, Row { y, dy, dx: dx.as_mut_ptr(), is_log });
        }
    });
}

struct Row<'a> {
    y: &'a [f32],
    dy: &'a [f32],
    /// Writable for `y.len()` elements.
    dx: *mut f32,
    is_log: bool,
}

impl Kernel for Row<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let n = self.y.len();
        let zero = V::splat(0.0);
        let mut sum = zero;
        for i in (0..n).step_by(V::LANES) {
            // SAFETY: all slices have `n` elements.
            let (y, dy) = unsafe { self.at::<V>(i) };
            sum = if self.is_log { sum.add(dy) } else { zero.select_lt(y, y, zero).fma(dy, sum) };
        }
        let sum = V::splat(sum.sum());
        for i in (0..n).step_by(V::LANES) {
            // SAFETY: all slices have `n` elements.
            unsafe {
                let (y, dy) = self.at::<V>(i);
                let dx = match self.is_log {
                    true => dy.sub(exp(y).mul(sum)),
                    false => zero.select_lt(y, y.mul(dy.sub(sum)), zero),
                };
                dx.store_up_to(self.dx.add(i), n - i);
            }
        }
    }
}

impl Row<'_> {
    /// # Safety
    /// `i` is below the length.
    #[inline(always)]
    unsafe fn at<V: Lanes>(&self, i: usize) -> (V, V) {
        let left = self.y.len() - i;
        // SAFETY: the caller's promise.
        unsafe { (V::load_up_to(self.y.as_ptr().add(i), left), V::load_up_to(self.dy.as_ptr().add(i), left)) }
    }
}
