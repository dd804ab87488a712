//! The packed product: which task computes which rows and outputs, and one tile of it.
//!
//! A task takes some rows and some panels. Long sums are taken in stretches of [`KC`] inputs so that a
//! stretch of a panel stays in the first-level cache for all rows; between stretches the accumulators
//! lie in the output, exactly as they were, so the chain of each element is the same as in one go.

use std::ops::Range;

use super::NR;
#[cfg(target_arch = "x86_64")]
use super::amx;
use super::pack::Panels;
use crate::dispatch::{Kernel, dispatch};
use crate::isa::Isa;
use crate::lanes::Lanes;
use crate::pool;
use crate::rows::{Shared, part_of};
use crate::tile::{Left, Right, RowBlock, accumulate, cover};
use crate::weights::Element;

/// Inputs of one stretch, where there are enough rows to make stretches worth it.
const KC: usize = 384;
/// Rows of one task: a stretch of them fits the second-level cache.
const MC: usize = 144;
/// The same where tiles multiply: columns are cut into parts once for as many rows.
const MC_TILES: usize = 256;
/// Rows that are never parted: two tiles of them.
pub(super) const ROWS_TOGETHER: usize = 32;
/// Multiply-adds below which a product stays on its caller's thread.
const INLINE: usize = 64 * 1024;

/// # Safety
/// `out` is writable for `x.len() / n_in * n_out` elements; all are written.
pub(super) unsafe fn forward<E: Element>(
    isa: Isa,
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
    let grid = Grid::new(tiled::<E>(isa), m, n_panels, m * n_out * n_in);
    let input = Input::new::<E>(isa, x, n_in);
    // SAFETY: the caller's promise; tasks write different rows or different columns.
    let out = unsafe { Shared::from_raw(out, m * n_out) };
    pool::run(grid.row_parts * grid.panel_parts, &|task| {
        let rows = grid.rows(task);
        let product = Product {
            panels,
            bias,
            n_out,
            last: n_out - (n_panels - 1) * NR,
            // SAFETY: `rows.start <= m`.
            out: unsafe { out.as_mut_ptr().add(rows.start * n_out) },
            range: part_of(n_panels, grid.panel_parts, task % grid.panel_parts),
        };
        // SAFETY: rows and columns of this task.
        unsafe { product.of(&input, rows) };
    });
}

/// Whether tiles multiply with weights of this type.
fn tiled<E: Element>(isa: Isa) -> bool {
    isa == Isa::Amx && E::bf16s(std::ptr::null()).is_some()
}

/// Activations as an instruction set takes them, for weights of one type.
pub(super) struct Input<'a> {
    isa: Isa,
    x: &'a [f32],
    n_in: usize,
    #[cfg(target_arch = "x86_64")]
    parts: Option<amx::Input>,
}

impl<'a> Input<'a> {
    /// Rows `x [m, n_in]`.
    pub(super) fn new<E: Element>(isa: Isa, x: &'a [f32], n_in: usize) -> Self {
        Input {
            isa,
            x,
            n_in,
            // SAFETY: an `Isa` in use is supported.
            #[cfg(target_arch = "x86_64")]
            parts: tiled::<E>(isa).then(|| unsafe { amx::Input::new(x, n_in) }),
        }
    }

    fn rows(&self, rows: &Range<usize>) -> &'a [f32] {
        &self.x[rows.start * self.n_in..rows.end * self.n_in]
    }
}

/// One panel on the caller's thread: `columns` outputs of some rows.
///
/// # Safety
/// `out` is writable for `columns` elements at each of the rows, `n_out` apart; all are written. Rows
/// begin at a multiple of [`ROWS_TOGETHER`].
pub(super) unsafe fn one_panel<E: Element>(
    panels: &Panels<E>,
    bias: &[f32],
    columns: usize,
    n_out: usize,
    (input, rows): (&Input<'_>, Range<usize>),
    out: *mut f32,
) {
    // SAFETY: the caller's promise.
    unsafe { Product { panels, bias, n_out, last: columns, out, range: 0..1 }.of(input, rows) };
}

/// How rows and panels are dealt to tasks. Affects speed only.
struct Grid {
    m: usize,
    rows_per_part: usize,
    row_parts: usize,
    panel_parts: usize,
}

impl Grid {
    fn new(tiled: bool, m: usize, n_panels: usize, work: usize) -> Self {
        let (most, height) = if tiled { (MC_TILES, ROWS_TOGETHER) } else { (MC, 12) };
        let threads = pool::threads();
        if work <= INLINE || threads == 1 {
            return Grid::cut(m, most, 1);
        }
        // Enough tasks that one slow thread does not hold up the rest.
        let wanted = 6 * threads;
        let even = m.div_ceil(wanted.div_ceil(n_panels)).next_multiple_of(height);
        let rows_per_part = even.min(most);
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
#[derive(Clone)]
struct Product<'a, E> {
    panels: &'a Panels<E>,
    bias: &'a [f32],
    n_out: usize,
    /// Outputs of the last panel.
    last: usize,
    /// Writable for all rows at distance `n_out`; only the columns of `range` are touched.
    out: *mut f32,
    range: Range<usize>,
}

impl<E: Element> Product<'_, E> {
    /// Computes it of some rows.
    /// # Safety
    /// `out` is writable for the rows.
    unsafe fn of(&self, input: &Input<'_>, rows: Range<usize>) {
        #[cfg(target_arch = "x86_64")]
        if let (Some(parts), Some(panels)) = (&input.parts, E::bf16s(self.panels.panel(0).as_ptr().cast())) {
            // SAFETY: parts are there where tiles are; the caller's promise.
            unsafe {
                let (bias, n_out, n_in) = (self.bias, self.n_out, input.n_in);
                let last_panel = self.panels.len() - 1;
                let (last, out, range) = (self.last, self.out, self.range.clone());
                amx::Product {
                    panels,
                    n_in,
                    last_panel,
                    bias,
                    n_out,
                    last,
                    input: parts,
                    rows: rows.clone(),
                    out,
                    range,
                }
                .run();
                // What has no parts is computed as vectors do, a row at a time.
                for row in parts.wild(rows.clone()) {
                    let out = self.out.add((row - rows.start) * n_out);
                    dispatch(
                        input.isa,
                        Chain { product: Product { out, ..self.clone() }, x: input.rows(&(row..row + 1)) },
                    );
                }
            }
            return;
        }
        dispatch(input.isa, Chain { product: self.clone(), x: input.rows(&rows) });
    }
}

/// A product, each element of it one chain of multiply-adds.
struct Chain<'a, E> {
    product: Product<'a, E>,
    x: &'a [f32],
}

impl<E: Element> Kernel for Chain<'_, E> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Chain { product, x } = self;
        let n_in = product.panels.n_in();
        let m = x.len() / n_in;
        let stretch = if m > 12 { KC } else { n_in };
        for k0 in (0..n_in).step_by(stretch) {
            let k = stretch.min(n_in - k0);
            for panel in product.range.clone() {
                let columns = if panel + 1 == product.panels.len() { product.last } else { NR };
                let strips = &product.panels.panel(panel)[k0..k0 + k];
                let tile = Tile {
                    k,
                    a: Left { p: x.as_ptr().wrapping_add(k0), stride: n_in },
                    b: strips.as_ptr().cast::<E>(),
                    c: product.out.wrapping_add(panel * NR),
                    n_out: product.n_out,
                    columns,
                    resume: k0 > 0,
                    bias: (k0 + k == n_in).then(|| product.bias[panel * NR..][..NR].as_ptr()),
                };
                // SAFETY: `x` has `m` rows of `n_in`, the panel `k` strips from `k0` on, `out` `m`
                // rows of `n_out` with `columns` of them from this panel's first.
                unsafe { cover::<V>(m, &tile) };
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
