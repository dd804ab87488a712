//! Layer norm and RMS norm over the last axis, in the order of operations of transformers.

use crate::dispatch::{Kernel, dispatch};
use crate::isa::isa;
use crate::lanes::Lanes;
use crate::rows::for_row_ranges;

/// Computes `(x - mean) / sqrt(var + eps) * w + b` for each row of `x [m, d]`; `w` and `b` are `[d]`,
/// the variance is the biased one.
pub fn layer_norm(x: &[f32], w: &[f32], b: Option<&[f32]>, eps: f32, d: usize, out: &mut [f32]) {
    assert_eq!(w.len(), d, "weight");
    assert!(b.is_none_or(|b| b.len() == d), "bias");
    norm(x, d, out, |x, out| LayerNorm { x, w, b, eps, out });
}

/// Computes `x / sqrt(mean(x^2) + eps) * w` for each row of `x [m, d]`; with `unit_offset` (Gemma)
/// the weight is `1 + w`. `w` is `[d]`.
pub fn rms_norm(x: &[f32], w: &[f32], unit_offset: bool, eps: f32, d: usize, out: &mut [f32]) {
    assert_eq!(w.len(), d, "weight");
    let offset = if unit_offset { 1.0 } else { 0.0 };
    norm(x, d, out, |x, out| RmsNorm { x, w, offset, eps, out });
}

fn norm<'a, K: Kernel>(
    x: &'a [f32],
    d: usize,
    out: &mut [f32],
    kernel: impl Fn(&'a [f32], *mut f32) -> K + Sync,
) {
    assert_eq!(x.len(), out.len(), "output");
    assert!(d > 0 && x.len().is_multiple_of(d), "input of {} is not rows of {d}", x.len());
    let isa = isa();
    for_row_ranges(out, d, &|rows, out| {
        for (row, out) in rows.zip(out.chunks_exact_mut(d)) {
            dispatch(isa, kernel(&x[row * d..][..d], out.as_mut_ptr()));
        }
    });
}

struct LayerNorm<'a> {
    x: &'a [f32],
    w: &'a [f32],
    b: Option<&'a [f32]>,
    eps: f32,
    /// Writable for `x.len()` elements.
    out: *mut f32,
}

impl Kernel for LayerNorm<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let n = self.x.len();
        let mean = moment::<V, 1>(self.x, 0.0) / n as f32;
        let variance = moment::<V, 2>(self.x, mean) / n as f32;
        let centre = V::splat(mean);
        let scale = V::splat(1.0 / (variance + self.eps).sqrt());
        for i in (0..n).step_by(V::LANES) {
            // SAFETY: `x`, `w`, `b` and `out` have `n` elements.
            unsafe {
                let x = V::load_up_to(self.x.as_ptr().add(i), n - i);
                let x = x.sub(centre).mul(scale);
                let w = V::load_up_to(self.w.as_ptr().add(i), n - i);
                let y = match self.b {
                    Some(b) => x.fma(w, V::load_up_to(b.as_ptr().add(i), n - i)),
                    None => x.mul(w),
                };
                y.store_up_to(self.out.add(i), n - i);
            }
        }
    }
}

struct RmsNorm<'a> {
    x: &'a [f32],
    w: &'a [f32],
    offset: f32,
    eps: f32,
    /// Writable for `x.len()` elements.
    out: *mut f32,
}

impl Kernel for RmsNorm<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let n = self.x.len();
        let mean_square = moment::<V, 2>(self.x, 0.0) / n as f32;
        let scale = V::splat(1.0 / (mean_square + self.eps).sqrt());
        let offset = V::splat(self.offset);
        for i in (0..n).step_by(V::LANES) {
            // SAFETY: `x`, `w` and `out` have `n` elements.
            unsafe {
                let x = V::load_up_to(self.x.as_ptr().add(i), n - i);
                let w = V::load_up_to(self.w.as_ptr().add(i), n - i);
                let y = x.mul(scale).mul(offset.add(w));
                y.store_up_to(self.out.add(i), n - i);
            }
        }
    }
}

/// The sum of `(x - centre)^POWER`, in four interleaved chains.
#[inline(always)]
pub(crate) fn moment<V: Lanes, const POWER: u32>(x: &[f32], centre: f32) -> f32 {
    let mut chains = [V::splat(0.0); 4];
    let blocks = x.chunks_exact(4 * V::LANES);
    let rest = blocks.remainder();
    for block in blocks {
        for (c, chain) in chains.iter_mut().enumerate() {
            // SAFETY: `c < 4` vectors make up the block.
            let x = unsafe { V::load(block.as_ptr().add(c * V::LANES)) };
            *chain = chain.add(power::<V, POWER>(x.sub(V::splat(centre))));
        }
    }
    for (chunk, chain) in rest.chunks(V::LANES).zip(&mut chains) {
        // Lanes without an element hold the centre, hence add zero.
        // SAFETY: the chunk has its own length, at most `LANES`.
        let x = unsafe { V::load_or(chunk.as_ptr(), chunk.len(), V::splat(centre)) };
        *chain = chain.add(power::<V, POWER>(x.sub(V::splat(centre))));
    }
    let [a, b, c, d] = chains;
    a.add(c).add(b.add(d)).sum()
}

#[inline(always)]
fn power<V: Lanes, const POWER: u32>(x: V) -> V {
    if POWER == 2 { x.mul(x) } else { x }
}
