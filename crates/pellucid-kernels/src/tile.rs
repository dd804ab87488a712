//! The inner loop of every product: a block of rows times a strip of columns, one chain per element.
//!
//! `acc[i][j] = a[i, k] * b[k, j] + acc[i][j]` for `k` in ascending order, each step one fused
//! multiply-add. The height of the block changes how often `b` is loaded, never an element's chain.

use crate::lanes::Lanes;
use crate::weights::Element;

/// The left operand: rows at distance `stride`, elements of a row adjacent.
#[derive(Clone, Copy)]
pub(crate) struct Left {
    pub(crate) p: *const f32,
    pub(crate) stride: usize,
}

/// The right operand: `k` strips at distance `stride`, columns of a strip adjacent.
#[derive(Clone, Copy)]
pub(crate) struct Right<E> {
    pub(crate) p: *const E,
    pub(crate) stride: usize,
}

/// Adds `k` steps to a block of `M` rows by `N` vectors of columns.
/// # Safety
/// `a` is readable for `M` rows of `k`, `b` for `k` strips of `N * V::LANES`.
#[inline(always)]
pub(crate) unsafe fn accumulate<V: Lanes, E: Element, const M: usize, const N: usize>(
    k: usize,
    a: Left,
    b: Right<E>,
    acc: &mut [[V; N]; M],
) {
    // How many strips ahead of its use one is asked for: 2 KiB of weights.
    let strips_ahead = 64 / size_of::<E>();
    // A copy whose address nobody takes: the compiler keeps it in registers.
    let mut sums = *acc;
    for kk in 0..k {
        let strip = b.p.wrapping_add(kk * b.stride);
        let ahead = strip.wrapping_add(strips_ahead * b.stride).cast::<u8>();
        let mut columns = [V::splat(0.0); N];
        for (j, column) in columns.iter_mut().enumerate() {
            // SAFETY: strip `kk < k`, columns inside `N * V::LANES`.
            *column = unsafe { E::load::<V>(strip.add(j * V::LANES)) };
        }
        let bytes = N * V::LANES * size_of::<E>();
        for line in 0..bytes.div_ceil(64) {
            V::prefetch(ahead.wrapping_add(line * 64));
        }
        for (i, row) in sums.iter_mut().enumerate() {
            // SAFETY: row `i < M`, element `kk < k`.
            let x = V::splat(unsafe { *a.p.add(i * a.stride + kk) });
            for (j, sum) in row.iter_mut().enumerate() {
                *sum = x.fma(columns[j], *sum);
            }
        }
    }
    *acc = sums;
}

/// Like [`accumulate`] for the last `n < V::LANES` columns of a matrix, of which nothing beyond is readable.
/// # Safety
/// `a` is readable for `M` rows of `k`, `b` for `k` strips of `n`.
#[inline(always)]
pub(crate) unsafe fn accumulate_part<V: Lanes, const M: usize>(
    k: usize,
    a: Left,
    b: Right<f32>,
    n: usize,
    acc: &mut [[V; 1]; M],
) {
    let mut sums = *acc;
    for kk in 0..k {
        // SAFETY: strip `kk < k` has `n` columns.
        let column = unsafe { V::load_part(b.p.add(kk * b.stride), n) };
        for (i, row) in sums.iter_mut().enumerate() {
            // SAFETY: row `i < M`, element `kk < k`.
            let x = V::splat(unsafe { *a.p.add(i * a.stride + kk) });
            row[0] = x.fma(column, row[0]);
        }
    }
    *acc = sums;
}

/// Something done to `M` rows from row `i` on, for heights `M` of the processor's choice.
pub(crate) trait RowBlock {
    /// # Safety
    /// As the implementation says for these rows.
    unsafe fn block<V: Lanes, const M: usize>(&self, i: usize);
}

/// Covers rows `0..m` with blocks, the tallest first that the registers allow.
/// # Safety
/// `work`'s contract holds for all rows below `m`.
#[inline(always)]
pub(crate) unsafe fn cover<V: Lanes>(m: usize, work: &impl RowBlock) {
    use crate::isa::Isa::{Avx2, Avx512};
    let mut i = 0;
    while i < m {
        // SAFETY: the block's rows are below `m`.
        unsafe {
            i += match (V::ISA, m - i) {
                (Avx512, 12..) => {
                    work.block::<V, 12>(i);
                    12
                }
                (Avx512, 8..) => {
                    work.block::<V, 8>(i);
                    8
                }
                (Avx512 | Avx2, 6..) => {
                    work.block::<V, 6>(i);
                    6
                }
                (_, 4..) => {
                    work.block::<V, 4>(i);
                    4
                }
                (Avx512 | Avx2, 3..) => {
                    work.block::<V, 3>(i);
                    3
                }
                (_, 2..) => {
                    work.block::<V, 2>(i);
                    2
                }
                (_, _) => {
                    work.block::<V, 1>(i);
                    1
                }
            };
        }
    }
}
