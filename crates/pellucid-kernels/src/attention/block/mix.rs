//! Pattern times values: the values of a head are already rows of adjacent columns, so no transposing.
//!
//! Rows of a tile share most of their keys. The few keys that only some rows see are done for each row
//! alone, before and after the shared ones, so that what a row does not see never touches it, not even
//! as zero times infinity; the accumulators wait in scratch, and each row's chain stays in key order.

use std::ops::Range;

use super::super::Keys;
use super::{Block, Scratch};
use crate::lanes::Lanes;
use crate::rows::Shared;
use crate::tile::{Left, Right, RowBlock, accumulate, accumulate_part, cover};

#[inline(always)]
pub(super) fn mix<V: Lanes>(block: &Block<'_>, v: &[f32], z: &Shared<'_>, s: &mut Scratch<'_>) {
    s.heads.fill(0.0);
    let keys = s.keys;
    let span = block.span(keys);
    if !span.is_empty() {
        let tile = Tile {
            block,
            keys,
            pattern: s.scores.as_ptr(),
            ld: s.ld,
            base: s.base,
            // Bounds are checked here, once for all rows.
            values: &v[block.key_start(0)..]
                [..block.key_start(span.end - 1) - block.key_start(0) + block.shape.head_dim],
            sums: s.heads.as_mut_ptr(),
            d: s.d,
        };
        // SAFETY: scratch has all rows of the block, `values` all keys of its span.
        unsafe { cover::<V>(block.n_rows(), &tile) };
    }
    for r in 0..block.n_rows() {
        // SAFETY: initialized by the caller's slice; this head of this row belongs to this block alone.
        let z = unsafe { z.part(block.query_range(r)) };
        for (z, sum) in z.iter_mut().zip(&s.heads[r * s.d..]) {
            // Makes a negative zero positive, as adding the zeros of unseen keys would.
            *z = sum + 0.0;
        }
    }
}

struct Tile<'a> {
    block: &'a Block<'a>,
    keys: Keys,
    pattern: *const f32,
    ld: usize,
    base: usize,
    values: &'a [f32],
    sums: *mut f32,
    d: usize,
}

impl RowBlock for Tile<'_> {
    #[inline(always)]
    unsafe fn block<V: Lanes, const M: usize>(&self, r: usize) {
        let shared = self.block.keys(r + M - 1, self.keys).start..self.block.keys(r, self.keys).end;
        // SAFETY: rows `r .. r + M` are rows of the block, and all ranges parts of what they see.
        unsafe {
            if shared.is_empty() {
                for i in r..r + M {
                    self.stretch::<V, 1>(i, self.block.keys(i, self.keys));
                }
                return;
            }
            for i in r..r + M {
                self.stretch::<V, 1>(i, self.block.keys(i, self.keys).start..shared.start);
            }
            self.stretch::<V, M>(r, shared.clone());
            for i in r..r + M {
                self.stretch::<V, 1>(i, shared.end..self.block.keys(i, self.keys).end);
            }
        }
    }
}

impl Tile<'_> {
    /// Adds `keys` to the sums of rows `r .. r + M`.
    /// # Safety
    /// The rows are the block's, and all of them see all of `keys`.
    #[inline(always)]
    unsafe fn stretch<V: Lanes, const M: usize>(&self, r: usize, keys: Range<usize>) {
        if keys.is_empty() {
            return;
        }
        let width = self.block.shape.head_dim;
        let strip = 2 * V::LANES;
        let whole = width - width % strip;
        // SAFETY: columns below `whole` come in strips of two vectors, the rest in at most two parts.
        unsafe {
            for column in (0..whole).step_by(strip) {
                let (a, b, sums) = self.operands(r, &keys, column);
                let mut acc = self.load::<V, M, 2>(sums);
                accumulate(keys.len(), a, b, &mut acc);
                self.store(acc, sums);
            }
            for column in (whole..width).step_by(V::LANES) {
                let (a, b, sums) = self.operands(r, &keys, column);
                let mut acc = self.load::<V, M, 1>(sums);
                accumulate_part(keys.len(), a, b, V::LANES.min(width - column), &mut acc);
                self.store(acc, sums);
            }
        }
    }

    #[inline(always)]
    fn operands(&self, r: usize, keys: &Range<usize>, column: usize) -> (Left, Right<f32>, *mut f32) {
        let stride = self.block.shape.n_kv_heads * self.block.shape.head_dim;
        let a = Left { p: self.pattern.wrapping_add(r * self.ld + keys.start - self.base), stride: self.ld };
        let b = Right { p: self.values.as_ptr().wrapping_add(keys.start * stride + column), stride };
        (a, b, self.sums.wrapping_add(r * self.d + column))
    }

    /// # Safety
    /// `sums` is in scratch, where rows are padded to whole vectors.
    #[inline(always)]
    unsafe fn load<V: Lanes, const M: usize, const N: usize>(&self, sums: *mut f32) -> [[V; N]; M] {
        let mut acc = [[V::splat(0.0); N]; M];
        for (i, row) in acc.iter_mut().enumerate() {
            for (v, sum) in row.iter_mut().enumerate() {
                // SAFETY: row `i < M`, a whole vector of it.
                *sum = unsafe { V::load(sums.add(i * self.d + v * V::LANES)) };
            }
        }
        acc
    }

    /// # Safety
    /// As for `load`.
    #[inline(always)]
    unsafe fn store<V: Lanes, const M: usize, const N: usize>(&self, acc: [[V; N]; M], sums: *mut f32) {
        for (i, row) in acc.iter().enumerate() {
            for (v, sum) in row.iter().enumerate() {
                // SAFETY: row `i < M`, a whole vector of it.
                unsafe { sum.store(sums.add(i * self.d + v * V::LANES)) };
            }
        }
    }
}
