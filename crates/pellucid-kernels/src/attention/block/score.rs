//! Scores of a block: a panel of keys is transposed once, then multiplied like a panel of weights.

use super::super::{AttentionShape, Keys};
use super::{Block, PANEL, Scratch};
use crate::lanes::Lanes;
use crate::math::tanh;
use crate::tile::{Left, Right, RowBlock, accumulate, cover};

/// Fills scratch with the scores of every panel that a row sees some key of; what a row does not
/// see is left undefined.
#[inline(always)]
pub(super) fn score<V: Lanes>(block: &Block<'_>, q: &[f32], k: &[f32], s: &mut Scratch<'_>) {
    for r in 0..block.n_rows() {
        let row = &q[block.query_range(r)];
        s.heads[r * s.d..][..row.len()].copy_from_slice(row);
    }
    let span = block.span(Keys::Visible);
    for j0 in (s.base..span.end).step_by(PANEL) {
        let keys = j0..span.end.min(j0 + PANEL);
        for (j, column) in keys.clone().step_by(8).zip((0..PANEL).step_by(8)) {
            transpose::<V>(block, k, j..keys.end.min(j + 8), &mut s.panel[column..]);
        }
        let tile = Tile {
            block,
            keys,
            queries: Left { p: s.heads.as_ptr(), stride: s.d },
            panel: s.panel.as_ptr(),
            scores: s.scores.as_mut_ptr().wrapping_add(j0 - s.base),
            ld: s.ld,
        };
        // SAFETY: scratch has all rows of the block, whole panels, and a panel of `head_dim` strips.
        unsafe { cover::<V>(block.n_rows(), &tile) };
    }
}

/// Writes up to eight keys as columns of the panel.
#[inline(always)]
fn transpose<V: Lanes>(block: &Block<'_>, k: &[f32], keys: std::ops::Range<usize>, panel: &mut [f32]) {
    let d = block.shape.head_dim;
    let stride = block.shape.n_kv_heads * d;
    let start = block.key_start(keys.start);
    let n = keys.len();
    let k = &k[start..start + (n - 1) * stride + d];
    let whole = if n == 8 { d - d % 8 } else { 0 };
    for i in (0..whole).step_by(8) {
        // SAFETY: `k` holds eight keys of `d`, `panel` `d` strips of `PANEL` from this column on.
        unsafe {
            let to = panel[i * PANEL..][..7 * PANEL + 8].as_mut_ptr();
            V::transpose8(k.as_ptr().add(i), stride, to, PANEL);
        }
    }
    for i in whole..d {
        for j in 0..n {
            panel[i * PANEL + j] = k[j * stride + i];
        }
    }
}

struct Tile<'a> {
    block: &'a Block<'a>,
    keys: std::ops::Range<usize>,
    queries: Left,
    panel: *const f32,
    /// At the panel's first column.
    scores: *mut f32,
    ld: usize,
}

impl RowBlock for Tile<'_> {
    #[inline(always)]
    unsafe fn block<V: Lanes, const M: usize>(&self, r: usize) {
        let first = self.block.keys(r, Keys::Visible);
        let last = self.block.keys(r + M - 1, Keys::Visible);
        if last.end <= self.keys.start || self.keys.end <= first.start {
            return;
        }
        let a = Left { p: self.queries.p.wrapping_add(r * self.queries.stride), stride: self.queries.stride };
        for j in (0..PANEL).step_by(2 * V::LANES) {
            let b = Right { p: self.panel.wrapping_add(j), stride: PANEL };
            let mut acc = [[V::splat(0.0); 2]; M];
            // SAFETY: rows `r .. r + M` of queries and scores are in scratch, `PANEL` columns of each.
            unsafe {
                accumulate(self.block.shape.head_dim, a, b, &mut acc);
                for (i, row) in acc.iter().enumerate() {
                    for (v, sum) in row.iter().enumerate() {
                        let p = self.scores.wrapping_add((r + i) * self.ld + j + v * V::LANES);
                        finish(self.block.shape, *sum).store(p);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn finish<V: Lanes>(shape: &AttentionShape, sum: V) -> V {
    let score = sum.mul(V::splat(shape.scale));
    match shape.softcap {
        Some(cap) => tanh(score.div(V::splat(cap))).mul(V::splat(cap)),
        None => score,
    }
}
