//! `x b` for a matrix that is used once: packed where there are rows enough to repay it, else read as it lies.
//!
//! Both ways give an element the same chain of fused multiply-adds in the order of the inner axis,
//! hence the same bits: a row does not depend on the rows it is multiplied with.

use super::{Layout, PackedLinear};
use crate::dispatch::{Kernel, dispatch};
use crate::isa::isa;
use crate::lanes::Lanes;
use crate::pool;
use crate::rows::Shared;
use crate::weights::Weights;

/// Rows from which on packing pays.
const PACKED_ROWS: usize = 16;
/// Columns that a task works on together: their sums stay in the first-level cache.
const COLUMNS: usize = 1024;
/// Multiply-adds below which a product stays on its caller's thread.
const INLINE: usize = 64 * 1024;

/// Computes `x [m, k]` times `b [k, n]` to `out [m, n]`, `m` being `out.len() / n`.
///
/// # Panics
/// If a length does not fit.
pub fn matmul(x: &[f32], b: &[f32], k: usize, n: usize, out: &mut [f32]) {
    let Some(m) = out.len().checked_div(n) else { return };
    assert_eq!(out.len(), m * n, "output");
    assert_eq!((x.len(), b.len()), (m * k, k * n), "operands of [{m}, {k}] and [{k}, {n}]");
    if k == 0 {
        return out.fill(0.0);
    }
    if m >= PACKED_ROWS {
        return PackedLinear::pack(Weights::F32(b), Layout::InOut, n, k, None).forward_chained(x, out);
    }
    in_place(x, b, k, n, out);
}

/// Adds up rows of `b` where they lie.
fn in_place(x: &[f32], b: &[f32], k: usize, n: usize, out: &mut [f32]) {
    let isa = isa();
    let blocks = n.div_ceil(COLUMNS);
    let work = out.len() * k;
    let out = Shared::new(out);
    let block = |i: usize| {
        let start = i * COLUMNS;
        let width = COLUMNS.min(n - start);
        // SAFETY: column `start` exists; blocks write different columns.
        let out = unsafe { out.as_mut_ptr().add(start) };
        dispatch(isa, Rows { x, b: &b[start..], k, n, width, out });
    };
    if work <= INLINE {
        (0..blocks).for_each(block);
    } else {
        pool::run(blocks, &block);
    }
}

/// Some columns of all rows of a product.
struct Rows<'a> {
    x: &'a [f32],
    /// From the first of these columns on.
    b: &'a [f32],
    k: usize,
    n: usize,
    width: usize,
    /// Writable for `width` elements in each row, at distance `n`.
    out: *mut f32,
}

impl Kernel for Rows<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let m = self.x.len() / self.k;
        let fours = self.k / 4 * 4;
        for p in (0..fours).step_by(4) {
            for i in 0..m {
                // SAFETY: row `i < m`, steps `p .. p + 4` below `k`.
                unsafe { self.steps::<V, 4>(i, p) };
            }
        }
        for p in fours..self.k {
            for i in 0..m {
                // SAFETY: as above, one step.
                unsafe { self.steps::<V, 1>(i, p) };
            }
        }
    }
}

impl Rows<'_> {
    /// # Safety
    /// `i` is a row and `p .. p + P` are steps.
    #[inline(always)]
    unsafe fn steps<V: Lanes, const P: usize>(&self, i: usize, p: usize) {
        let last = p + P == self.k;
        // SAFETY: `x` has row `i`; `b` has `k` rows of `width` columns; `out` has row `i`.
        unsafe {
            let x: [V; P] = std::array::from_fn(|s| V::splat(*self.x.as_ptr().add(i * self.k + p + s)));
            let out = self.out.add(i * self.n);
            for j in (0..self.width).step_by(V::LANES) {
                let left = self.width - j;
                let mut sum = if p == 0 { V::splat(0.0) } else { V::load_up_to(out.add(j), left) };
                for (s, x) in x.iter().enumerate() {
                    let b = V::load_up_to(self.b.as_ptr().add((p + s) * self.n + j), left);
                    sum = x.fma(b, sum);
                }
                // The packed product ends by adding a bias of zero.
                let sum = if last { sum.add(V::splat(0.0)) } else { sum };
                sum.store_up_to(out.add(j), left);
            }
        }
    }
}
