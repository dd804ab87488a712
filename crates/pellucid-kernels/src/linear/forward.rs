//! The packed product: which task computes which rows and outputs, and one tile of it.
//!
//! A task takes some rows and some panels. Long sums are taken in stretches of [`KC`] inputs so that a
//! stretch of a panel stays in the first-level cache for all rows; between stretches the accumulators
//! lie in the output, exactly as they were, so the chain of each element is the same as in one go.

use std::ops::Range;

use super::NR;
use super::pack::Panels;
use crate::dispatch::{Kernel, dispatch};
use crate::isa::{Isa, isa};
use crate::lanes::Lanes;
use crate::pool;
use crate::rows::{Shared, part_of};
use crate::tile::{Left, Right, RowBlock, accumulate, cover};
use crate::weights::Element;

/// Inputs of one stretch, where there are enough rows to make stretches worth it.
const KC: usize = 384;
/// Rows of one task: a stretch of them fits the second-level cache.
const MC: usize = 144;
/// Multiply-adds below which a product stays on its caller's thread.
const INLINE: usize = 64 * 1024;

/// # Safety
/// `out` is writable for `x.len() / n_in * n_out` elements; all are written.
pub(super) unsafe fn forward<E: Element>(
    panels: &Panels<E>,
    bias: &[f32],
    n_out: usize,
    x: &[f32],
    out: *mut f32,
) {
    let n_in = panels.n_in();
    let m = x.len() / n_in;
    if m == 0 || n_out == 0 {
        return;
    }
    let n_panels = n_out.div_ceil(NR);
    let grid = Grid::new(m, n_panels, m * n_out * n_in);
    let isa = isa();
    // SAFETY: the caller's promise; tasks write different rows or different columns.
    let out = unsafe { Shared::from_raw(out, m * n_out) };
    pool::run(grid.row_parts * grid.panel_parts, &|task| {
        let rows = grid.rows(task);
        dispatch(
            isa,
            Product {
                panels,
                bias,
                n_out,
                last: n_out - (n_panels - 1) * NR,
                x: &x[rows.start * n_in..rows.end * n_in],
                // SAFETY: `rows.start <= m`.
                out: unsafe { out.as_mut_ptr().add(rows.start * n_out) },
                m: rows.len(),
                range: part_of(n_panels, grid.panel_parts, task % grid.panel_parts),
            },
        );
    });
}

/// One panel on the caller's thread: `columns` outputs of all rows of `x`.
///
/// # Safety
/// `out` is writable for `columns` elements at each of `x.len() / n_in` rows, `n_out` apart; all are written.
pub(super) unsafe fn one_panel<E: Element>(
    isa: Isa,
    panels: &Panels<E>,
    bias: &[f32],
    columns: usize,
    n_out: usize,
    x: &[f32],
    out: *mut f32,
) {
    let m = x.len() / panels.n_in();
    dispatch(isa, Product { panels, bias, n_out, last: columns, x, out, m, range: 0..1 });
}

/// How rows and panels are dealt to tasks. Affects speed only.
struct Grid {
    m: usize,
    rows_per_part: usize,
    row_parts: usize,
    panel_parts: usize,
}

impl Grid {
    fn new(m: usize, n_panels: usize, work: usize) -> Self {
        let threads = pool::threads();
        if work <= INLINE || threads == 1 {
            return Grid::cut(m, m.min(MC), 1);
        }
        // Enough tasks that one slow thread does not hold up the rest.
        let wanted = 6 * threads;
        let even = m.div_ceil(wanted.div_ceil(n_panels)).next_multiple_of(12);
        let rows_per_part = even.min(MC);
        let row_parts = m.div_ceil(rows_per_part);
        Grid::cut(m, rows_per_part, wanted.div_ceil(row_parts).clamp(1, n_panels))
    }

    fn cut(m: usize, rows_per_part: usize, panel_parts: usize) -> Self {
        Grid { m, rows_per_part, row_parts: m.div_ceil(rows_per_part), panel_parts }
    }

    fn rows(&self, task: usize) -> Range<usize> {
        let start = task / self.panel_parts * self.rows_per_part;
        start..(start + self.rows_per_part).min(self.m)
    }
}

/// Some rows times some panels.
struct Product<'a, E> {
    panels: &'a Panels<E>,
    bias: &'a [f32],
    n_out: usize,
    /// Outputs of the last panel.
    last: usize,
    x: &'a [f32],
    /// Writable for `m` rows of `n_out`, of which only the columns of `range` are touched.
    out: *mut f32,
    m: usize,
    range: Range<usize>,
}

impl<E: Element> Kernel for Product<'_, E> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let n_in = self.panels.n_in();
        let stretch = if self.m > 12 { KC } else { n_in };
        for k0 in (0..n_in).step_by(stretch) {
            let k = stretch.min(n_in - k0);
            for panel in self.range.clone() {
                let columns = if panel + 1 == self.panels.len() { self.last } else { NR };
                let strips = &self.panels.panel(panel)[k0..k0 + k];
                let tile = Tile {
                    k,
                    a: Left { p: self.x.as_ptr().wrapping_add(k0), stride: n_in },
                    b: strips.as_ptr().cast::<E>(),
                    c: self.out.wrapping_add(panel * NR),
                    n_out: self.n_out,
                    columns,
                    resume: k0 > 0,
                    bias: (k0 + k == n_in).then(|| self.bias[panel * NR..][..NR].as_ptr()),
                };
                // SAFETY: `x` has `m` rows of `n_in`, the panel `k` strips from `k0` on, `out` `m`
                // rows of `n_out` with `columns` of them from this panel's first.
                unsafe { cover::<V>(self.m, &tile) };
            }
        }
    }
}

/// One stretch of one panel, for any block of rows.
struct Tile<E> {
    k: usize,
    a: Left,
    b: *const E,
    c: *mut f32,
    n_out: usize,
    columns: usize,
    /// Whether `c` holds the accumulators of the stretches before.
    resume: bool,
    /// After the last stretch: `NR` numbers to add.
    bias: Option<*const f32>,
}

impl<E: Element> RowBlock for Tile<E> {
    #[inline(always)]
    unsafe fn block<V: Lanes, const M: usize>(&self, i: usize) {
        // A tile of `M` rows must leave registers free: 2 vectors by 12 rows of AVX-512's 32, by 6 of
        // AVX2's 16. With so few rows that latency would idle, more columns at once.
        // SAFETY: the caller's promise: rows `i .. i + M`, and the columns of one panel.
        unsafe {
            if M <= 2 && 4 * V::LANES <= NR {
                self.strips::<V, M, 4>(i);
            } else {
                self.strips::<V, M, 2>(i);
            }
        }
    }
}

impl<E: Element> Tile<E> {
    #[inline(always)]
    unsafe fn strips<V: Lanes, const M: usize, const N: usize>(&self, i: usize) {
        let a = Left { p: self.a.p.wrapping_add(i * self.a.stride), stride: self.a.stride };
        for j in (0..self.columns).step_by(N * V::LANES) {
            let c = self.c.wrapping_add(i * self.n_out + j);
            let b = Right { p: self.b.wrapping_add(j), stride: NR };
            let mut acc = [[V::splat(0.0); N]; M];
            // SAFETY: rows `i .. i + M` exist; `b` has whole strips of `NR`; of `c` only the
            // columns below `self.columns` are touched.
            unsafe {
                if self.resume {
                    self.load(&mut acc, c, j);
                }
                accumulate(self.k, a, b, &mut acc);
                self.store(&acc, c, j);
            }
        }
    }

    /// # Safety
    /// `c` is readable for `M` rows of `columns - j`.
    #[inline(always)]
    unsafe fn load<V: Lanes, const M: usize, const N: usize>(
        &self,
        acc: &mut [[V; N]; M],
        c: *const f32,
        j: usize,
    ) {
        for (i, row) in acc.iter_mut().enumerate() {
            for (v, sum) in row.iter_mut().enumerate() {
                let left = self.columns.saturating_sub(j + v * V::LANES);
                let p = c.wrapping_add(i * self.n_out + v * V::LANES);
                // SAFETY: `left` columns are readable at `p`.
                *sum = unsafe { V::load_up_to(p, left) };
            }
        }
    }

    /// # Safety
    /// `c` is writable for `M` rows of `columns - j`, `bias` readable for `NR`.
    #[inline(always)]
    unsafe fn store<V: Lanes, const M: usize, const N: usize>(
        &self,
        acc: &[[V; N]; M],
        c: *mut f32,
        j: usize,
    ) {
        for (v, _) in acc[0].iter().enumerate() {
            let left = self.columns.saturating_sub(j + v * V::LANES);
            for (i, row) in acc.iter().enumerate() {
                let mut sum = row[v];
                if let Some(bias) = self.bias {
                    // SAFETY: `j + (v + 1) * LANES <= NR`.
                    sum = sum.add(unsafe { V::load(bias.add(j + v * V::LANES)) });
                }
                let p = c.wrapping_add(i * self.n_out + v * V::LANES);
                // SAFETY: `left` columns are writable at `p`.
                unsafe { sum.store_up_to(p, left) };
            }
        }
    }
}
