//! Layer norm and RMS norm over the last axis, in the order of operations of transformers.

use crate::dispatch::{Kernel, dispatch};
use crate::isa::isa;
use crate::lanes::{Lanes, load_or};
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
    norm(x, d, out, |x, out| RmsNorm {
        x,
        w,
        offset,
        eps,
        out,
    });
}

fn norm<'a, K: Kernel>(
    x: &'a [f32],
    d: usize,
    out: &mut [f32],
    kernel: impl Fn(&'a [f32], *mut f32) -> K + Sync,
) {
    assert_eq!(x.len(), out.len(), "output");
    assert!(
        d > 0 && x.len().is_multiple_of(d),
        "input of {} is not rows of {d}",
        x.len()
    );
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
        let n = self.x.len() as f32;
        let mean = sum::<V>(self.x, 0.0, identity) / n;
        let centre = V::splat(mean);
        let variance = sum::<V>(self.x, mean, |x| square(x.sub(centre))) / n;
        let scale = V::splat(1.0 / (variance + self.eps).sqrt());
        each_chunk(self.x.len(), V::LANES, |i, n| {
            // SAFETY: `i + n <= d`, the length of `x`, `w`, `b` and `out`.
            unsafe {
                let x = load::<V>(self.x, i, n).sub(centre).mul(scale);
                let w = load::<V>(self.w, i, n);
                let y = match self.b {
                    Some(b) => x.fma(w, load::<V>(b, i, n)),
                    None => x.mul(w),
                };
                y.store_up_to(self.out.add(i), n);
            }
        });
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
        let mean_square = sum::<V>(self.x, 0.0, square) / self.x.len() as f32;
        let scale = V::splat(1.0 / (mean_square + self.eps).sqrt());
        let offset = V::splat(self.offset);
        each_chunk(self.x.len(), V::LANES, |i, n| {
            // SAFETY: `i + n <= d`, the length of `x`, `w` and `out`.
            unsafe {
                let w = offset.add(load::<V>(self.w, i, n));
                let y = load::<V>(self.x, i, n).mul(scale).mul(w);
                y.store_up_to(self.out.add(i), n);
            }
        });
    }
}

/// The sum of `f(x)` in four interleaved chains; `fill` stands where the last vector has no element
/// and must map to zero.
#[inline(always)]
fn sum<V: Lanes>(x: &[f32], fill: f32, f: impl Fn(V) -> V) -> f32 {
    let mut chains = [V::splat(0.0); 4];
    let blocks = x.chunks_exact(4 * V::LANES);
    let rest = blocks.remainder();
    for block in blocks {
        for (c, chain) in chains.iter_mut().enumerate() {
            // SAFETY: `c < 4` vectors make up the block.
            *chain = chain.add(f(unsafe { V::load(block.as_ptr().add(c * V::LANES)) }));
        }
    }
    for (chunk, chain) in rest.chunks(V::LANES).zip(&mut chains) {
        // SAFETY: the chunk has its own length, at most `LANES`.
        *chain = chain.add(f(unsafe { load_or(chunk.as_ptr(), chunk.len(), fill) }));
    }
    let [a, b, c, d] = chains;
    a.add(c).add(b.add(d)).sum()
}

#[inline(always)]
fn identity<V: Lanes>(x: V) -> V {
    x
}

#[inline(always)]
fn square<V: Lanes>(x: V) -> V {
    x.mul(x)
}

#[inline(always)]
fn each_chunk(len: usize, lanes: usize, f: impl Fn(usize, usize)) {
    let full = len - len % lanes;
    for i in (0..full).step_by(lanes) {
        f(i, lanes);
    }
    if full < len {
        f(full, len - full);
    }
}

/// # Safety
/// `i + n <= x.len()` and `n <= V::LANES`.
#[inline(always)]
unsafe fn load<V: Lanes>(x: &[f32], i: usize, n: usize) -> V {
    // SAFETY: the caller's promise.
    unsafe { V::load_up_to(x.as_ptr().add(i), n) }
}
