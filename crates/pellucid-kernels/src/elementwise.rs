//! Functions applied element by element, in parallel where the slices are long.

use crate::dispatch::{Kernel, dispatch};
use crate::isa::isa;
use crate::lanes::Lanes;
use crate::rows::for_row_ranges;

/// Computes `out = x + y`. All of one length.
pub fn add(x: &[f32], y: &[f32], out: &mut [f32]) {
    elementwise(Add, Some(x), y, out);
}

/// Computes `out = out + y`. Both of one length.
pub fn add_assign(out: &mut [f32], y: &[f32]) {
    elementwise(Add, None, y, out);
}

/// Computes `out = x * y`. All of one length.
pub fn mul(x: &[f32], y: &[f32], out: &mut [f32]) {
    elementwise(Mul, Some(x), y, out);
}

/// A function of two lanes.
pub(crate) trait Binary: Copy + Sync {
    /// Implementations are `#[inline(always)]`.
    fn at<V: Lanes>(self, x: V, y: V) -> V;
}

/// Computes `out = f(x, y)`; without `x`, the left operand is `out`.
pub(crate) fn elementwise(f: impl Binary, x: Option<&[f32]>, y: &[f32], out: &mut [f32]) {
    assert!(x.is_none_or(|x| x.len() == out.len()), "left operand");
    assert_eq!(y.len(), out.len(), "right operand");
    let isa = isa();
    for_row_ranges(out, 1, &|range, out| {
        let x = x.map_or(out.as_ptr(), |x| x[range.clone()].as_ptr());
        let y = y[range].as_ptr();
        let (n, out) = (out.len(), out.as_mut_ptr());
        dispatch(isa, Zip { f, x, y, out, n });
    });
}

#[derive(Clone, Copy)]
struct Add;

impl Binary for Add {
    #[inline(always)]
    fn at<V: Lanes>(self, x: V, y: V) -> V {
        x.add(y)
    }
}

#[derive(Clone, Copy)]
struct Mul;

impl Binary for Mul {
    #[inline(always)]
    fn at<V: Lanes>(self, x: V, y: V) -> V {
        x.mul(y)
    }
}

struct Zip<F> {
    f: F,
    x: *const f32,
    y: *const f32,
    out: *mut f32,
    n: usize,
}

impl<F: Binary> Kernel for Zip<F> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        for i in (0..self.n).step_by(V::LANES) {
            let left = self.n - i;
            // SAFETY: `x`, `y` and `out` have `n` elements each, and `x` is `out` or apart from it.
            unsafe {
                let x = V::load_up_to(self.x.add(i), left);
                let y = V::load_up_to(self.y.add(i), left);
                self.f.at(x, y).store_up_to(self.out.add(i), left);
            }
        }
    }
}
