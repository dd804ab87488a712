//! Products of bf16 weights on tiles of bf16 numbers (AMX), with activations of any width.
//!
//! An activation is taken apart into at most three bf16 numbers that add up to it exactly ([`split`]), so
//! that its product with a weight is the sum of the exact products of its parts. Where activations are
//! bf16 numbers too, as in a run of that precision, one part is all. Tiles multiply sixteen times as
//! fast as vectors do; weights of other types are not worth it, since taking them apart costs more than
//! a row or two of products.
//!
//! **One order of sums.** For each step of 32 inputs in ascending order, and each part in one fixed order,
//! the processor adds up the sixteen products of even inputs and those of odd ones, then both, then
//! that to the sum so far. No number of rows changes that ([`chains`] does the same without tiles).
//! Parts that are all zero add an exact zero and are left out. Subnormal parts count as zero.

mod chains;
mod input;
mod split;
mod tiles;

use std::arch::x86_64::*;
use std::cell::RefCell;
use std::ops::Range;

use half::bf16;

use super::NR;
use chains::{FEW, Flush};
pub(super) use input::Input;
use input::Rows;
use split::{COLUMNS, PARTS};
use tiles::Tiles;
use tiles::{ROWS, STEP};

/// Inputs of one stretch: of the most rows of a task they fit the second-level cache.
const KC: usize = 1536;
/// Inputs of a short stretch: its columns serve all rows before the next.
const NEAR: usize = 256;
/// Some rows times some panels.
pub(super) struct Product<'a> {
    /// `[panels, n_in, NR]`.
    pub(super) panels: *const bf16,
    pub(super) n_in: usize,
    /// The index of the last panel, which may have fewer outputs.
    pub(super) last_panel: usize,
    pub(super) bias: &'a [f32],
    pub(super) n_out: usize,
    /// Outputs of the last panel.
    pub(super) last: usize,
    pub(super) input: &'a Input,
    pub(super) rows: Range<usize>,
    /// Writable for the rows, of which only the columns of `range` are touched.
    pub(super) out: *mut f32,
    pub(super) range: Range<usize>,
}

/// A cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Memory that a thread keeps: columns of one stretch in parts, and the sums of a block.
#[derive(Clone)]
struct Scratch {
    columns: Vec<Line>,
    sums: Vec<Line>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = const { RefCell::new(Scratch { columns: Vec::new(), sums: Vec::new() }) };
}

impl Product<'_> {
    /// Computes it.
    /// # Safety
    /// The processor has the tiles; `rows` begins at a multiple of [`ROWS`]; `out` as said.
    pub(super) unsafe fn run(self) {
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.columns.resize(NEAR / STEP * COLUMNS / 64, Line([0; 64]));
            scratch.sums.resize(self.rows.len().next_multiple_of(2 * ROWS) * NR * 4 / 64, Line([0; 64]));
            let columns = scratch.columns.as_mut_ptr().cast::<u8>();
            let sums = scratch.sums.as_mut_ptr().cast::<f32>();
            // SAFETY: the caller's promise.
            unsafe {
                match self.rows.len() {
                    _ if self.input.is_few() => self.chains(sums),
                    0..=ROWS => self.few::<1>(columns, sums),
                    n if n <= 2 * ROWS => self.few::<2>(columns, sums),
                    _ => self.many(columns, sums),
                }
            }
        });
    }

    /// A row or two, with vectors.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
    unsafe fn chains(&self, sums: *mut f32) {
        let _flush = Flush::new();
        for panel in self.range.clone() {
            // SAFETY: the caller's promise.
            unsafe {
                match self.input.parts(self.rows.start, 1) {
                    1 => self.chains_of::<1>(panel, sums),
                    2 => self.chains_of::<2>(panel, sums),
                    _ => self.chains_of::<3>(panel, sums),
                }
            }
        }
    }

    /// One panel.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
    unsafe fn chains_of<const P: usize>(&self, panel: usize, sums: *mut f32) {
        let n_in = self.n_in;
        let strips = self.panel(panel);
        let mut totals = [[_mm512_setzero_ps(); 2]; FEW];
        for k in (0..n_in).step_by(STEP) {
            let (n, at) = (STEP.min(n_in - k), strips.wrapping_add(k * NR));
            for (total, row) in totals.iter_mut().zip(self.rows.clone()) {
                let x = self.input.spread(row, k / STEP);
                // SAFETY: strips from `k` on; a row of the input.
                unsafe {
                    chains::step::<P>(at, n, x, total);
                }
            }
        }
        // SAFETY: scratch has the sums of a block.
        unsafe {
            for (i, total) in totals.into_iter().enumerate() {
                _mm512_storeu_ps(sums.add(i * NR), total[0]);
                _mm512_storeu_ps(sums.add(i * NR + 16), total[1]);
            }
            self.write(panel, self.rows.clone(), sums, true);
        }
    }

    /// One block of rows: while tiles multiply one step, the columns of the next are cut.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
    unsafe fn few<const R: usize>(&self, columns: *mut u8, sums: *mut f32) {
        let n_in = self.n_in;
        let row = self.rows.start;
        let parts = self.input.parts(row, R);
        let cut = |panel: usize, k: usize, turn: usize| {
            let (strips, n) = match panel < self.range.end {
                true => (self.panel(panel).wrapping_add(k * NR), STEP.min(n_in - k)),
                false => (std::ptr::null(), 0),
            };
            Cut { strips, n, out: columns.wrapping_add(turn % 2 * COLUMNS) }
        };
        // SAFETY: the tiles are there; the rows of one block; two steps of columns fit scratch.
        unsafe {
            let mut tiles = Tiles::new([self.rows.len().min(ROWS), self.rows.len().saturating_sub(ROWS)]);
            let mut turn = 0;
            cut(self.range.start, 0, turn).between(0, 1);
            for panel in self.range.clone() {
                let mut rows = self.input.block(row, 0);
                tiles.zero();
                for k in (0..n_in).step_by(STEP) {
                    let now = columns.add(turn % 2 * COLUMNS);
                    turn += 1;
                    let next = match k + STEP < n_in {
                        true => cut(panel, k + STEP, turn),
                        false => cut(panel + 1, 0, turn),
                    };
                    match parts {
                        1 => Self::step::<R, 1>(&mut tiles, &rows, now, &next),
                        2 => Self::step::<R, 2>(&mut tiles, &rows, now, &next),
                        _ => Self::step::<R, 3>(&mut tiles, &rows, now, &next),
                    }
                    rows.advance();
                }
                tiles.store::<R>(sums);
                self.write(panel, self.rows.clone(), sums, true);
            }
        }
    }

    /// Many blocks of rows: a stretch of columns is cut once for all of them.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
    unsafe fn many(&self, columns: *mut u8, sums: *mut f32) {
        let n_in = self.n_in;
        for start in (0..n_in).step_by(KC) {
            let end = n_in.min(start + KC);
            for panel in self.range.clone() {
                // SAFETY: scratch has the sums of all rows and columns of a short stretch.
                unsafe {
                    if start > 0 {
                        self.read(panel, self.rows.clone(), sums);
                    }
                    for k in (start..end).step_by(NEAR) {
                        self.stretch(panel, k..end.min(k + NEAR), columns, sums);
                    }
                    self.write(panel, self.rows.clone(), sums, end == n_in);
                }
            }
        }
    }

    /// A short stretch of one panel for all rows.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
    unsafe fn stretch(&self, panel: usize, k: Range<usize>, columns: *mut u8, sums: *mut f32) {
        let strips = self.panel(panel);
        for (i, k0) in k.clone().step_by(STEP).enumerate() {
            // SAFETY: strips from `k0` on; columns of the stretch.
            unsafe {
                split::columns(
                    strips.add(k0 * NR),
                    STEP.min(k.end - k0),
                    columns.add(i * COLUMNS),
                    0..STEP / 2,
                )
            };
        }
        // While tiles multiply, what lies behind this stretch comes nearer.
        let bytes = k.len() * NR * size_of::<bf16>();
        let behind = strips.wrapping_add(k.end * NR).cast::<u8>();
        let steps = self.rows.len().div_ceil(2 * ROWS) * k.len().div_ceil(STEP);
        let mut ahead = Ahead { next: behind, lines: (bytes / 64).div_ceil(steps) };
        let mut height = [0; 2];
        let mut tiles = None;
        for (i, row) in self.rows.clone().step_by(2 * ROWS).enumerate() {
            let left = self.rows.end - row;
            let needed = [left.min(ROWS), left.saturating_sub(ROWS).min(ROWS)];
            // SAFETY: as for the whole.
            unsafe {
                if height != needed {
                    tiles = None;
                    height = needed;
                }
                let tiles = tiles.get_or_insert_with(|| Tiles::new(needed));
                let sums = sums.add(i * 2 * ROWS * NR);
                match self.rows.end - row {
                    0..=ROWS => self.block::<1>(tiles, row, k.clone(), columns, sums, &mut ahead),
                    _ => self.block::<2>(tiles, row, k.clone(), columns, sums, &mut ahead),
                }
            }
        }
    }

    /// A short stretch of one panel for one block of rows.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
    unsafe fn block<const R: usize>(
        &self,
        tiles: &mut Tiles,
        row: usize,
        k: Range<usize>,
        columns: *const u8,
        sums: *mut f32,
        ahead: &mut Ahead,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            if k.start == 0 {
                tiles.zero();
            } else {
                tiles.load::<R>(sums);
            }
            let mut rows = self.input.block(row, k.start / STEP);
            let parts = self.input.parts(row, R);
            for i in 0..k.len().div_ceil(STEP) {
                let columns = columns.add(i * COLUMNS);
                match parts {
                    1 => Self::step::<R, 1>(tiles, &rows, columns, &Idle),
                    2 => Self::step::<R, 2>(tiles, &rows, columns, &Idle),
                    _ => Self::step::<R, 3>(tiles, &rows, columns, &Idle),
                }
                rows.advance();
                ahead.ask();
            }
            tiles.store::<R>(sums);
        }
    }

    /// Adds the products of one step with the first `P` parts of the input. No loops: tiles would wait for
    /// the branches. After each product there is time for something else.
    #[inline(always)]
    unsafe fn step<const R: usize, const P: usize>(
        tiles: &mut Tiles,
        rows: &Rows,
        columns: *const u8,
        other: &impl Between,
    ) {
        // SAFETY: one step of columns and of rows; what `other` needs is its maker's promise.
        unsafe {
            tiles.columns(columns);
            tiles.rows::<R>(rows.part(0));
            tiles.multiply::<R>();
            other.between(0, P);
            if P >= 2 {
                tiles.rows::<R>(rows.part(1));
                tiles.multiply::<R>();
                other.between(1, P);
            }
            if P >= 3 {
                tiles.rows::<R>(rows.part(2));
                tiles.multiply::<R>();
                other.between(2, P);
            }
        }
    }

    fn panel(&self, panel: usize) -> *const bf16 {
        self.panels.wrapping_add(panel * self.n_in * NR)
    }

    fn columns(&self, panel: usize) -> usize {
        if panel == self.last_panel { self.last } else { NR }
    }

    /// Takes up the sums of a block from the output.
    unsafe fn read(&self, panel: usize, rows: Range<usize>, sums: *mut f32) {
        let columns = self.columns(panel);
        for (i, row) in rows.enumerate() {
            // SAFETY: rows of the output and of scratch.
            unsafe {
                let from = self.out.add((row - self.rows.start) * self.n_out + panel * NR);
                std::ptr::copy_nonoverlapping(from, sums.add(i * NR), columns);
            }
        }
    }

    /// Writes the sums of a block to the output, with the bias if they are whole.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
    unsafe fn write(&self, panel: usize, rows: Range<usize>, sums: *const f32, whole: bool) {
        let bias = &self.bias[panel * NR..][..NR];
        let mask = if self.columns(panel) == NR { u32::MAX } else { (1 << self.columns(panel)) - 1 };
        for half in 0..2 {
            let mask = (mask >> (16 * half)) as __mmask16;
            // SAFETY: rows of the output, of which the columns in `mask` are this panel's, and of scratch.
            unsafe {
                let bias = _mm512_loadu_ps(bias.as_ptr().add(16 * half));
                for (i, row) in rows.clone().enumerate() {
                    let to =
                        self.out.wrapping_add((row - self.rows.start) * self.n_out + panel * NR + 16 * half);
                    let sum = _mm512_loadu_ps(sums.add(i * NR + 16 * half));
                    let sum = if whole { _mm512_add_ps(sum, bias) } else { sum };
                    _mm512_mask_storeu_ps(to, mask, sum);
                }
            }
        }
    }
}

/// Something to do while tiles multiply.
trait Between {
    /// Does the `i`th of `n` shares.
    /// # Safety
    /// As whoever made it says.
    unsafe fn between(&self, i: usize, n: usize);
}

/// Cutting the columns of one step. Whoever makes it promises what [`split::columns`] asks for.
struct Cut {
    strips: *const bf16,
    n: usize,
    out: *mut u8,
}

impl Between for Cut {
    #[inline(always)]
    unsafe fn between(&self, i: usize, n: usize) {
        // SAFETY: the promise of whoever made it.
        unsafe { split::columns(self.strips, self.n, self.out, STEP / 2 * i / n..STEP / 2 * (i + 1) / n) };
    }
}

/// Nothing else to do.
struct Idle;

impl Between for Idle {
    #[inline(always)]
    unsafe fn between(&self, _: usize, _: usize) {}
}

/// Weights that will be wanted soon.
struct Ahead {
    next: *const u8,
    /// Cache lines to ask for in each step.
    lines: usize,
}

impl Ahead {
    #[inline(always)]
    fn ask(&mut self) {
        for _ in 0..self.lines {
            // SAFETY: a hint; no address is invalid for it.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(self.next.cast()) };
            self.next = self.next.wrapping_add(64);
        }
    }
}
