//! The same product from weights that are not packed: panel after panel is made when it is needed.
//!
//! For weights that must not be held twice (they lie in a mapped file) or not widened (they are
//! quantized). A task makes a panel of its own once and takes all rows through it, so many rows share
//! the cost; the sums are those of the packed product, element for element, hence bit for bit.

use half::bf16;

use super::forward::{self, Input, ROWS_TOGETHER};
use super::pack::{self, Panels, Strip};
use super::{Layout, NR};
use crate::isa::isa;
use crate::pool;
use crate::rows::Shared;
use crate::weights::{Element, Weights};

/// A weight matrix as it lies in a file.
#[derive(Clone, Copy)]
pub enum Loose<'a> {
    /// Numbers in one of the kernels' types.
    Plain(Weights<'a>, Layout),
    /// Rows that have to be decoded: writes the weights of output `i`, `[n_in]`.
    Rows(&'a (dyn Fn(usize, &mut [f32]) + Sync)),
    /// The same where every number is a bf16 number: with the bits of such weights.
    Bf16Rows(&'a (dyn Fn(usize, &mut [f32]) + Sync)),
}

/// Rows of `x` that one task takes: those of more than this make a panel more than once.
const MC: usize = 512;

/// Computes `y = x W^T + b` to a new vector `[m, n_out]`, for `x [m, n_in]` and a bias of `n_out`.
///
/// # Panics
/// If a length does not fit `n_out` and `n_in`, or `n_in` is zero.
pub fn linear_loose(w: Loose<'_>, n_out: usize, n_in: usize, bias: Option<&[f32]>, x: &[f32]) -> Vec<f32> {
    assert!(n_in > 0, "a linear layer needs inputs");
    assert!(x.len().is_multiple_of(n_in), "input of {} is not rows of {n_in}", x.len());
    if let Loose::Plain(w, _) = w {
        assert_eq!(w.len(), n_out * n_in, "weights of [{n_out}, {n_in}]");
    }
    let bias = super::padded(bias, n_out);
    let len = x.len() / n_in * n_out;
    let mut out = Vec::with_capacity(len); // [m, n_out]
    let into: *mut f32 = out.as_mut_ptr();
    // SAFETY: the capacity is the length that `products` asks for, and it writes every element.
    unsafe {
        match w {
            Loose::Plain(Weights::F32(w), layout) => {
                products(&|at| plain(w, layout, n_out, n_in, at), &bias, n_out, n_in, x, into);
            }
            Loose::Plain(Weights::Bf16(w), layout) => {
                products(&|at| plain(w, layout, n_out, n_in, at), &bias, n_out, n_in, x, into);
            }
            Loose::Plain(Weights::F16(w), layout) => {
                products(&|at| plain(w, layout, n_out, n_in, at), &bias, n_out, n_in, x, into);
            }
            Loose::Rows(read) => {
                let make = |at| decoded(read, |x| x, n_out, n_in, at);
                products(&make, &bias, n_out, n_in, x, into);
            }
            Loose::Bf16Rows(read) => {
                let make = |at| decoded(read, bf16::from_f32, n_out, n_in, at);
                products(&make, &bias, n_out, n_in, x, into);
            }
        }
        out.set_len(len);
    }
    out
}

/// # Safety
/// `out` is writable for `x.len() / n_in * n_out` elements; all are written.
unsafe fn products<E: Element>(
    make: &(dyn Fn(usize) -> Vec<Strip<E>> + Sync),
    bias: &[f32],
    n_out: usize,
    n_in: usize,
    x: &[f32],
    out: *mut f32,
) {
    let m = x.len() / n_in;
    if m == 0 || n_out == 0 {
        return;
    }
    let n_panels = n_out.div_ceil(NR);
    let tall = m.div_ceil(MC).max(1);
    let rows_per_part = m.div_ceil(tall).next_multiple_of(ROWS_TOGETHER);
    let row_parts = m.div_ceil(rows_per_part);
    let input = Input::new::<E>(isa(), x, n_in);
    // SAFETY: the caller's promise; tasks write different rows or different columns.
    let out = unsafe { Shared::from_raw(out, m * n_out) };
    pool::run(row_parts * n_panels, &|task| {
        let (part, panel) = (task / n_panels, task % n_panels);
        let rows = part * rows_per_part..m.min((part + 1) * rows_per_part);
        let panels = Panels::of(make(panel), n_in);
        let bias = &bias[panel * NR..][..NR];
        let columns = NR.min(n_out - panel * NR);
        // SAFETY: rows `rows` of `out`, of which this task has the columns of its panel to itself.
        unsafe {
            let out = out.as_mut_ptr().add(rows.start * n_out + panel * NR);
            forward::one_panel(&panels, bias, columns, n_out, (&input, rows), out);
        }
    });
}

/// A panel of numbers that lie in rows or columns.
fn plain<E: Element>(w: &[E], layout: Layout, n_out: usize, n_in: usize, panel: usize) -> Vec<Strip<E>> {
    let mut strips = vec![Strip::ZERO; n_in];
    pack::panel_of(w, layout, n_out, n_in, panel, &mut strips);
    strips
}

/// A panel of rows that have to be decoded.
fn decoded<E: Element>(
    read: &(dyn Fn(usize, &mut [f32]) + Sync),
    of: impl Fn(f32) -> E,
    n_out: usize,
    n_in: usize,
    panel: usize,
) -> Vec<Strip<E>> {
    let columns = NR.min(n_out - panel * NR);
    let mut rows = vec![0.0; columns * n_in]; // [columns, n_in]
    for (j, row) in rows.chunks_exact_mut(n_in).enumerate() {
        read(panel * NR + j, row);
    }
    let rows: Vec<E> = rows.into_iter().map(of).collect();
    plain(&rows, Layout::OutIn, columns, n_in, 0)
}
