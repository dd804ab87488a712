//! Few rows: weights are made in registers and used at once. Memory is read once, from end to end.

use std::ops::Range;

use half::f16;

use super::words::{Picked, per_word};
use super::{Line, NR, Quant};
use crate::dispatch::{Kernel, dispatch};
use crate::isa::{Isa, isa};
use crate::lanes::Lanes;
use crate::pool;
use crate::rows::{Shared, part_of};

/// Multiply-adds below which a product stays on its caller's thread.
const INLINE: usize = 64 * 1024;
/// Lines between the one in use and the one asked for.
const AHEAD: usize = 40;

/// # Safety
/// `out` is writable for `x.len() / n_in * n_out` elements; all are written.
pub(super) unsafe fn forward(w: &Quant, bias: &[f32], n_out: usize, x: &[f32], out: *mut f32) {
    let m = x.len() / w.n_in;
    let n_panels = w.n_panels();
    let threads = pool::threads();
    let parts = if m * n_out * w.n_in <= INLINE || threads == 1 { 1 } else { n_panels.min(6 * threads) };
    let isa = isa();
    // SAFETY: the caller's promise; tasks write different columns.
    let out = unsafe { Shared::from_raw(out, m * n_out) };
    pool::run(parts, &|task| {
        let range = part_of(n_panels, parts, task);
        dispatch(isa, Few { w, bias, n_out, x, out: out.as_mut_ptr(), m, range });
    });
}

/// A few rows times some panels.
struct Few<'a> {
    w: &'a Quant,
    bias: &'a [f32],
    n_out: usize,
    x: &'a [f32],
    /// Writable for `m` rows of `n_out`, of which only the columns of `range` are touched.
    out: *mut f32,
    m: usize,
    range: Range<usize>,
}

impl Kernel for Few<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        if self.w.coding.bits == 4 {
            self.panels::<V, 4>();
        } else {
            self.panels::<V, 8>();
        }
    }
}

impl Few<'_> {
    #[inline(always)]
    fn panels<V: Lanes, const BITS: u32>(&self) {
        for panel in self.range.clone() {
            let mut i = 0;
            while i < self.m {
                // SAFETY: the rows of a block are below `m`.
                unsafe {
                    i += match (V::ISA, self.m - i) {
                        (Isa::Avx512, 8..) => self.strips::<V, BITS, 8>(panel, i),
                        (Isa::Avx512, 6..) => self.strips::<V, BITS, 6>(panel, i),
                        (_, 4..) => self.strips::<V, BITS, 4>(panel, i),
                        (_, 3) => self.strips::<V, BITS, 3>(panel, i),
                        (_, 2) => self.strips::<V, BITS, 2>(panel, i),
                        (_, _) => self.strips::<V, BITS, 1>(panel, i),
                    };
                }
            }
        }
    }

    /// Returns `M`.
    /// # Safety
    /// `x` and `out` have rows `i .. i + M`.
    #[inline(always)]
    unsafe fn strips<V: Lanes, const BITS: u32, const M: usize>(&self, panel: usize, i: usize) -> usize {
        // SAFETY: the caller's promise.
        unsafe {
            if M <= 2 && 4 * V::LANES <= NR {
                self.columns::<V, BITS, M, 4>(panel, i);
            } else {
                self.columns::<V, BITS, M, 2>(panel, i);
            }
        }
        M
    }

    /// # Safety
    /// `x` and `out` have rows `first .. first + M`.
    #[inline(always)]
    unsafe fn columns<V: Lanes, const BITS: u32, const M: usize, const N: usize>(
        &self,
        panel: usize,
        first: usize,
    ) {
        let columns = NR.min(self.n_out - panel * NR);
        for j in (0..columns).step_by(N * V::LANES) {
            // SAFETY: `N` vectors from output `j` on lie inside the panel, as `NR` is a multiple of them.
            let sums = unsafe { self.sums::<V, BITS, M, N>(self.w.panel(panel), first, j) };
            for (v, _) in sums[0].iter().enumerate() {
                let at = j + v * V::LANES;
                let left = columns.saturating_sub(at);
                for (i, row) in sums.iter().enumerate() {
                    let to = self.out.wrapping_add((first + i) * self.n_out + panel * NR + at);
                    // SAFETY: `NR` biases a panel; `left` columns are writable at `to`.
                    unsafe {
                        let bias = V::load(self.bias.as_ptr().add(panel * NR + at));
                        row[v].add(bias).store_up_to(to, left);
                    }
                }
            }
        }
    }

    /// # Safety
    /// `x` has rows `first .. first + M`; `panel` is a whole one, of which `j + N * V::LANES` outputs exist.
    #[inline(always)]
    unsafe fn sums<V: Lanes, const BITS: u32, const M: usize, const N: usize>(
        &self,
        panel: &[Line],
        first: usize,
        j: usize,
    ) -> [[V; N]; M] {
        let coding = self.w.coding;
        let zero = f32::from(coding.zero);
        let words_at = coding.before_codes();
        let mut sums = [[V::splat(0.0); N]; M];
        let mut x = self.x.as_ptr().wrapping_add(first * self.w.n_in);
        for lines in panel.chunks_exact(coding.lines()) {
            // SAFETY: a block has its scales, its offsets and a row of words for every `per_word` inputs, each
            // `NR` long; `x` has as many inputs as the panel.
            unsafe {
                let (scale, offset) = numbers::<V, N>(self.w, lines, j);
                for line in 0..coding.lines() {
                    V::prefetch(lines.as_ptr().wrapping_add(AHEAD + line).cast());
                }
                for row in 0..coding.block / per_word(BITS) {
                    let p = lines.as_ptr().add(words_at + 2 * row).cast::<u32>().add(j);
                    let words = Picked::<V, BITS, N>::load(p, zero);
                    let step = Step { words, scale, offset, x, n_in: self.w.n_in };
                    step.add(0, &mut sums);
                    step.add(1, &mut sums);
                    step.add(2, &mut sums);
                    step.add(3, &mut sums);
                    if BITS == 4 {
                        step.add(4, &mut sums);
                        step.add(5, &mut sums);
                        step.add(6, &mut sums);
                        step.add(7, &mut sums);
                    }
                    x = x.add(per_word(BITS));
                }
            }
        }
        sums
    }
}

/// The inputs of one word.
struct Step<V: Lanes, const BITS: u32, const N: usize> {
    words: Picked<V, BITS, N>,
    scale: [V; N],
    offset: [V; N],
    x: *const f32,
    n_in: usize,
}

impl<V: Lanes, const BITS: u32, const N: usize> Step<V, BITS, N> {
    /// # Safety
    /// `x` is readable for `M` rows of more than `place` elements.
    #[inline(always)]
    unsafe fn add<const M: usize>(&self, place: usize, sums: &mut [[V; N]; M]) {
        let weights = self.words.weights(place, &self.scale, &self.offset);
        for (i, row) in sums.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            let x = V::splat(unsafe { *self.x.add(i * self.n_in + place) });
            for (sum, weight) in row.iter_mut().zip(weights) {
                *sum = x.fma(weight, *sum);
            }
        }
    }
}

/// Scales and offsets of a block for `N` vectors of outputs from `j` on. Without offsets they are -0, which adds
/// nothing to any number, zeros of either sign among them.
/// # Safety
/// The block is whole, and has these outputs.
#[inline(always)]
pub(super) unsafe fn numbers<V: Lanes, const N: usize>(
    w: &Quant,
    lines: &[Line],
    j: usize,
) -> ([V; N], [V; N]) {
    let (mut scale, mut offset) = ([V::splat(0.0); N], [V::splat(-0.0); N]);
    let second = lines.as_ptr().wrapping_add(w.coding.header());
    for v in 0..N {
        let at = j + v * V::LANES;
        // SAFETY: the caller's promise.
        unsafe {
            if w.coding.halves {
                scale[v] = V::load_f16(lines.as_ptr().cast::<f16>().add(at));
            } else {
                scale[v] = V::load(lines.as_ptr().cast::<f32>().add(at));
            }
            if w.coding.offsets && w.coding.halves {
                offset[v] = V::load_f16(second.cast::<f16>().add(at));
            } else if w.coding.offsets {
                offset[v] = V::load(second.cast::<f32>().add(at));
            }
        }
    }
    (scale, offset)
}
