//! Memory that a thread keeps for its blocks, cut into what a block needs.

use std::cell::RefCell;
use std::ops::Range;

use super::super::Keys;
use super::{Block, PANEL};

/// A cache line, so that no vector crosses two.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// A block's memory. Contents are left over from other blocks: finite or not, but initialized.
pub(super) struct Scratch<'a> {
    /// `[rows, ld]`, column `j - base` for key `j`.
    pub(super) scores: &'a mut [f32],
    /// Distance of two rows of `scores`.
    pub(super) ld: usize,
    /// The key of column 0.
    pub(super) base: usize,
    pub(super) keys: Keys,
    /// A panel of keys, transposed: `[head_dim, PANEL]`.
    pub(super) panel: &'a mut [f32],
    /// The block's queries and later its `z`, row after row: `[rows, d]`.
    pub(super) heads: &'a mut [f32],
    /// Distance of two rows of `heads`: whole cache lines.
    pub(super) d: usize,
}

impl Scratch<'_> {
    /// The part of row `r` that belongs to `keys`.
    pub(super) fn row(&mut self, r: usize, keys: Range<usize>) -> &mut [f32] {
        &mut self.scores[r * self.ld + keys.start - self.base..][..keys.len()]
    }
}

thread_local! {
    static MEMORY: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

/// Calls `body` with scratch memory for `block`, its columns covering what any row counts of `keys`.
pub(super) fn with_scratch(block: &Block<'_>, keys: Keys, body: impl FnOnce(&mut Scratch<'_>)) {
    let span = block.span(keys);
    let base = span.start - span.start % PANEL;
    // A cache line more than whole panels: rows at a power of two would share few cache sets.
    let ld = (span.end - base).next_multiple_of(PANEL) + 16;
    let d = block.shape.head_dim.next_multiple_of(16);
    let (n_scores, n_panel, n_heads) = (block.n_rows() * ld, d * PANEL, block.n_rows() * d);
    let n_lines = (n_scores + n_panel + n_heads) / 16;
    MEMORY.with_borrow_mut(|memory| {
        if memory.len() < n_lines {
            memory.resize(n_lines, Line([0.0; 16]));
        }
        // SAFETY: a line is 16 numbers without padding.
        let all =
            unsafe { std::slice::from_raw_parts_mut(memory.as_mut_ptr().cast::<f32>(), memory.len() * 16) };
        let (scores, rest) = all.split_at_mut(n_scores);
        let (panel, rest) = rest.split_at_mut(n_panel);
        let heads = &mut rest[..n_heads];
        body(&mut Scratch { scores, ld, base, keys, panel, heads, d });
    });
}
