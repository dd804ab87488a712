//! Derivatives of the norms, with respect to what is normalized.

use crate::dispatch::{Kernel, dispatch};
use crate::isa::isa;
use crate::lanes::Lanes;
use crate::norm::moment;
use crate::rows::for_row_ranges;

/// Computes the gradient of `x [m, d]` from that of [`layer_norm`](crate::layer_norm)'s result.
///
/// # Panics
/// If a length does not fit.
pub fn layer_norm_backward(x: &[f32], w: &[f32], eps: f32, d: usize, dy: &[f32], dx: &mut [f32]) {
    rows(x, w, d, dy, dx, Norm { centred: true, offset: 0.0, eps });
}

/// Computes the gradient of `x [m, d]` from that of [`rms_norm`](crate::rms_norm)'s result.
///
/// # Panics
/// If a length does not fit.
pub fn rms_norm_backward(
    x: &[f32],
    w: &[f32],
    unit_offset: bool,
    eps: f32,
    d: usize,
    dy: &[f32],
    dx: &mut [f32],
) {
    let offset = if unit_offset { 1.0 } else { 0.0 };
    rows(x, w, d, dy, dx, Norm { centred: false, offset, eps });
}

/// What the two differ in.
#[derive(Clone, Copy)]
struct Norm {
    centred: bool,
    offset: f32,
    eps: f32,
}

fn rows(x: &[f32], w: &[f32], d: usize, dy: &[f32], dx: &mut [f32], norm: Norm) {
    assert_eq!(w.len(), d, "weight");
    assert_eq!(x.len(), dy.len(), "gradient");
    assert_eq!(x.len(), dx.len(), "output");
    assert!(d > 0 && x.len().is_multiple_of(d), "input of {} is not rows of {d}", x.len());
    let isa = isa();
    for_row_ranges(dx, d, &|rows, dx| {
        for (row, dx) in rows.zip(dx.chunks_exact_mut(d)) {
            let (x, dy) = (&x[row * d..][..d], &dy[row * d..][..d]);
            dispatch(isa, Row { x, w, dy, norm, dx: dx.as_mut_ptr() });
        }
    });
}

/// With `y = (x - mean) r`, `r = 1 / sqrt(var + eps)` and `g = dy w`:
/// `dx = r (g - mean(g) - y mean(g y))`, without the second term where nothing is centred.
struct Row<'a> {
    x: &'a [f32],
    w: &'a [f32],
    dy: &'a [f32],
    norm: Norm,
    /// Writable for `x.len()` elements.
    dx: *mut f32,
}

impl Kernel for Row<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let n = self.x.len();
        let mean = if self.norm.centred { moment::<V, 1>(self.x, 0.0) / n as f32 } else { 0.0 };
        let variance = moment::<V, 2>(self.x, mean) / n as f32;
        let r = V::splat(1.0 / (variance + self.norm.eps).sqrt());
        let (centre, offset) = (V::splat(mean), V::splat(self.norm.offset));
        let (mut sum, mut product) = (V::splat(0.0), V::splat(0.0));
        for i in (0..n).step_by(V::LANES) {
            // SAFETY: all slices have `n` elements; lanes behind the last hold a gradient of zero.
            unsafe {
                let g = self.scaled::<V>(i, offset);
                let y = V::load_up_to(self.x.as_ptr().add(i), n - i).sub(centre).mul(r);
                sum = sum.add(g);
                product = g.fma(y, product);
            }
        }
        let mean_g = V::splat(if self.norm.centred { sum.sum() / n as f32 } else { 0.0 });
        let mean_gy = V::splat(product.sum() / n as f32);
        for i in (0..n).step_by(V::LANES) {
            // SAFETY: all slices have `n` elements.
            unsafe {
                let g = self.scaled::<V>(i, offset);
                let y = V::load_up_to(self.x.as_ptr().add(i), n - i).sub(centre).mul(r);
                let dx = g.sub(mean_g).sub(y.mul(mean_gy)).mul(r);
                dx.store_up_to(self.dx.add(i), n - i);
            }
        }
    }
}

impl Row<'_> {
    /// # Safety
    /// `i` is below the length.
    #[inline(always)]
    unsafe fn scaled<V: Lanes>(&self, i: usize, offset: V) -> V {
        let left = self.x.len() - i;
        // SAFETY: the caller's promise.
        unsafe {
            let w = V::load_up_to(self.w.as_ptr().add(i), left).add(offset);
            V::load_up_to(self.dy.as_ptr().add(i), left).mul(w)
        }
    }
}
