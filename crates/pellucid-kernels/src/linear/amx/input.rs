//! Activations in parts, laid out tile by tile, made once for all panels.

use std::cell::RefCell;

use half::bf16;

use super::chains::{self, FEW};
use super::split::{self, PARTS, Row};
use super::{Line, ROWS, STEP};
use crate::pool;
use crate::rows::part_of;

/// Tiles of rows below which the caller's thread makes them all.
const INLINE: usize = 2;

/// Rows of activations: `[tiles, steps, PARTS, rows of the tile, STEP]`.
pub(in crate::linear) struct Input {
    numbers: Vec<Line>,
    rows: Vec<Row>,
    steps: usize,
    /// Of a row or two: `[rows, steps, STEP, PARTS]`, widened.
    spread: Vec<f32>,
}

thread_local! {
    /// The memory of the last input of this thread.
    static KEPT: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

impl Input {
    /// Takes `x [m, n_in]` apart.
    /// # Safety
    /// The processor has AVX-512 with bf16 conversions.
    pub(in crate::linear) unsafe fn new(x: &[f32], n_in: usize) -> Input {
        let (m, steps) = (x.len() / n_in, n_in.div_ceil(STEP));
        let lines = m * steps * PARTS;
        let mut numbers = KEPT.take();
        if numbers.len() < lines {
            numbers.clear();
            numbers.resize(lines, Line([0; 64]));
        }
        let mut rows = vec![Row::default(); m];
        let tiles = m.div_ceil(ROWS);
        let tasks = if tiles <= INLINE { 1 } else { tiles.min(4 * pool::threads()) };
        let to = Parts { numbers: numbers.as_mut_ptr().cast(), rows: rows.as_mut_ptr() };
        pool::run(tasks, &|task| {
            let to = &to;
            for tile in part_of(tiles, tasks, task) {
                let height = ROWS.min(m - tile * ROWS);
                for r in 0..height {
                    let i = tile * ROWS + r;
                    // SAFETY: the row's own place in its tile, and its own entry of `rows`.
                    unsafe {
                        let out = to.numbers.add((tile * ROWS * steps * PARTS + r) * STEP);
                        let part = height * STEP;
                        *to.rows.add(i) = split::row(&x[i * n_in..][..n_in], out, PARTS * part, part);
                    }
                }
            }
        });
        let mut spread = Vec::new();
        if m <= FEW {
            spread.resize(m * steps * STEP * PARTS, 0.0);
            for (x, out) in x.chunks_exact(n_in).zip(spread.chunks_exact_mut(steps * STEP * PARTS)) {
                // SAFETY: the caller's promise.
                unsafe { chains::spread(x, out) };
            }
        }
        Input { numbers, rows, steps, spread }
    }

    /// Rows that have to be computed otherwise.
    pub(in crate::linear) fn wild(&self, rows: std::ops::Range<usize>) -> impl Iterator<Item = usize> {
        rows.filter(|i| self.rows[*i].wild)
    }

    /// The most parts of any row of the `tiles` tiles from `row` on.
    #[inline(always)]
    pub(super) fn parts(&self, row: usize, tiles: usize) -> usize {
        let rows = &self.rows[row..self.rows.len().min(row + tiles * ROWS)];
        rows.iter().map(|row| row.parts).max().unwrap_or(1)
    }

    /// One step of one of a few rows, widened.
    #[inline(always)]
    pub(super) fn spread(&self, row: usize, step: usize) -> *const f32 {
        self.spread.as_ptr().wrapping_add((row * self.steps + step) * STEP * PARTS)
    }

    /// Whether the whole input is a row or two.
    pub(super) fn is_few(&self) -> bool {
        self.rows.len() <= FEW
    }

    /// The two tiles that begin at `row`, at a step.
    #[inline(always)]
    pub(super) fn block(&self, row: usize, step: usize) -> Rows {
        let part = [row, row + ROWS].map(|row| ROWS.min(self.rows.len().saturating_sub(row)));
        let at = [0, 1].map(|r| {
            let line = (row + r * ROWS) * self.steps * PARTS + step * PARTS * part[r];
            self.numbers.as_ptr().wrapping_add(line).cast()
        });
        Rows { at, part: part.map(|rows| rows * size_of::<Line>()) }
    }
}

/// Two tiles of rows at one step.
pub(super) struct Rows {
    at: [*const u8; 2],
    /// Bytes of one part.
    part: [usize; 2],
}

impl Rows {
    /// A part of both.
    #[inline(always)]
    pub(super) fn part(&self, part: usize) -> [*const u8; 2] {
        [0, 1].map(|r| self.at[r].wrapping_add(part * self.part[r]))
    }

    /// Goes on to the next step.
    #[inline(always)]
    pub(super) fn advance(&mut self) {
        self.at = self.part(PARTS);
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        KEPT.set(std::mem::take(&mut self.numbers));
    }
}

/// Where tasks write, each to places of its own.
struct Parts {
    numbers: *mut bf16,
    rows: *mut Row,
}

// SAFETY: only addresses; each write through them says why it is alone.
unsafe impl Sync for Parts {}
