//! A block: some query rows against one key head of one segment, in scratch memory of its thread.
//!
//! The query heads that share a key head are stacked: row `r` is query `r / group` of head
//! `r % group`, so that one read of the keys serves them all. A block's scores live in scratch
//! columns `j - base`, `base` being a multiple of [`PANEL`], so a key's lane never depends on the block.

use std::ops::Range;

use super::{AttentionShape, Keys, Segment};
use crate::dispatch::{Kernel, dispatch};
use crate::isa::Isa;
use crate::lanes::Lanes;
use crate::rows::Shared;
use crate::softmax::softmax_row;

mod mix;
mod score;
mod scratch;

use scratch::{Scratch, with_scratch};

/// Keys that are scored together.
const PANEL: usize = 32;

pub(super) struct Block<'a> {
    pub(super) shape: &'a AttentionShape,
    pub(super) segment: Segment,
    pub(super) kv_head: usize,
    /// Stacked rows.
    pub(super) rows: Range<usize>,
}

/// What to do with a block. Scores and patterns are `[h, q_len, k_len]` from `offset` on.
pub(super) enum Step<'a> {
    Whole { q: &'a [f32], k: &'a [f32], v: &'a [f32], z: &'a Shared<'a> },
    Scores { q: &'a [f32], k: &'a [f32], scores: &'a Shared<'a>, offset: usize },
    Pattern { scores: &'a [f32], pattern: &'a Shared<'a>, offset: usize, keys: Keys },
    Mix { pattern: &'a [f32], v: &'a [f32], z: &'a Shared<'a>, offset: usize, keys: Keys },
}

/// Runs `step` on `block`.
pub(super) fn run(isa: Isa, block: &Block<'_>, step: Step<'_>) {
    let keys = match step {
        Step::Whole { .. } | Step::Scores { .. } => Keys::Visible,
        Step::Pattern { keys, .. } | Step::Mix { keys, .. } => keys,
    };
    with_scratch(block, keys, |scratch| {
        dispatch(isa, Run { block, step, scratch });
    });
}

struct Run<'a, 's> {
    block: &'a Block<'a>,
    step: Step<'a>,
    scratch: &'a mut Scratch<'s>,
}

impl Kernel for Run<'_, '_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let (block, s) = (self.block, self.scratch);
        match self.step {
            Step::Whole { q, k, v, z } => {
                score::score::<V>(block, q, k, s);
                block.soften::<V>(s);
                mix::mix::<V>(block, v, z, s);
            }
            Step::Scores { q, k, scores, offset } => {
                score::score::<V>(block, q, k, s);
                block.spill(s, scores, offset, |_| f32::NEG_INFINITY);
            }
            Step::Pattern { scores, pattern, offset, .. } => {
                block.fetch(scores, s, offset);
                block.soften::<V>(s);
                block.spill(s, pattern, offset, unseen_weight);
            }
            Step::Mix { pattern, v, z, offset, .. } => {
                block.fetch(pattern, s, offset);
                mix::mix::<V>(block, v, z, s);
            }
        }
    }
}

impl Block<'_> {
    fn group(&self) -> usize {
        self.shape.n_heads / self.shape.n_kv_heads
    }

    /// The keys that row `r` of the block counts: both ends grow with `r`.
    fn keys(&self, r: usize, keys: Keys) -> Range<usize> {
        let Segment { q_len, k_len, .. } = self.segment;
        if keys == Keys::All {
            return 0..k_len;
        }
        // Keys before this query, itself included; without a causal mask queries may outnumber keys.
        let before = (k_len + self.query(r) + 1).saturating_sub(q_len);
        let start = match self.shape.window {
            Some(window) => before.saturating_sub(window),
            None => 0,
        };
        start..if self.shape.causal { before } else { k_len }
    }

    /// The keys that any row of the block counts.
    fn span(&self, keys: Keys) -> Range<usize> {
        self.keys(0, keys).start..self.keys(self.n_rows() - 1, keys).end
    }

    fn n_rows(&self) -> usize {
        self.rows.len()
    }

    fn query(&self, r: usize) -> usize {
        (self.rows.start + r) / self.group()
    }

    fn head(&self, r: usize) -> usize {
        self.kv_head * self.group() + (self.rows.start + r) % self.group()
    }

    /// Where row `r` lies in the packed queries or `z`: `head_dim` elements.
    fn query_range(&self, r: usize) -> Range<usize> {
        let row = (self.segment.q_start + self.query(r)) * self.shape.n_heads + self.head(r);
        row * self.shape.head_dim..(row + 1) * self.shape.head_dim
    }

    /// Where this key head's row `j` begins in the packed keys or values.
    fn key_start(&self, j: usize) -> usize {
        ((self.segment.k_start + j) * self.shape.n_kv_heads + self.kv_head) * self.shape.head_dim
    }

    /// Where row `r` lies in scores or pattern: `k_len` elements.
    fn scores_range(&self, r: usize, offset: usize) -> Range<usize> {
        let k_len = self.segment.k_len;
        let row = self.head(r) * self.segment.q_len + self.query(r);
        offset + row * k_len..offset + (row + 1) * k_len
    }

    /// Softmax of each row in scratch over its keys.
    #[inline(always)]
    fn soften<V: Lanes>(&self, s: &mut Scratch<'_>) {
        for r in 0..self.n_rows() {
            let keys = self.keys(r, s.keys);
            // From the first lane of the first key's vector, so that each key keeps its lane.
            let first = keys.start - keys.start % V::LANES;
            let row = s.row(r, first..keys.end);
            row[..keys.start - first].fill(f32::NEG_INFINITY);
            let p = row.as_mut_ptr();
            // SAFETY: in place, over the row's own length.
            unsafe { softmax_row::<V>(p, p, row.len()) };
        }
    }

    /// Copies each row's keys from memory to scratch.
    fn fetch(&self, from: &[f32], s: &mut Scratch<'_>, offset: usize) {
        for r in 0..self.n_rows() {
            let keys = self.keys(r, s.keys);
            let from = &from[self.scores_range(r, offset)];
            s.row(r, keys.clone()).copy_from_slice(&from[keys]);
        }
    }

    /// Copies each row from scratch to memory and fills it with `hidden(row)` outside its keys.
    fn spill(&self, s: &mut Scratch<'_>, to: &Shared<'_>, offset: usize, hidden: impl Fn(&[f32]) -> f32) {
        for r in 0..self.n_rows() {
            let keys = self.keys(r, s.keys);
            // SAFETY: initialized by the caller's slice; this row belongs to this block alone.
            let to = unsafe { to.part(self.scores_range(r, offset)) };
            let row = s.row(r, keys.clone());
            let hidden = hidden(row);
            to[..keys.start].fill(hidden);
            to[keys.end..].fill(hidden);
            to[keys].copy_from_slice(row);
        }
    }
}

/// What a pattern's row has where nothing is seen: zero, but a softmax with a NaN is NaN everywhere,
/// whichever keys were read.
fn unseen_weight(row: &[f32]) -> f32 {
    match row.iter().find(|x| x.is_nan()) {
        Some(nan) => *nan,
        None => 0.0,
    }
}
