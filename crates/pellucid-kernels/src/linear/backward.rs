//! The gradient of a product's input: `dx = dy W`, from the panels as they lie.
//!
//! An element of `dx` is a dot product over all outputs. A vector of lanes takes the outputs of a panel, one
//! panel after the other in ascending order, and is summed across at the end: one order for every row, whatever
//! else is in the call. Long sums are taken in stretches of panels, between which the lanes lie in memory.

use std::cell::RefCell;
use std::ops::Range;

use super::pack::{Panels, Strip};
use super::{Layout, Loose, NR, PackedLinear, Stored};
use crate::dispatch::{Kernel, dispatch};
use crate::isa::{Isa, isa};
use crate::lanes::Lanes;
use crate::pool;
use crate::rows::{INLINE, Shared};
use crate::weights::{Element, Weights};

/// Inputs that one task takes: their weights of a stretch stay in the second-level cache.
const INPUTS: usize = 64;
/// Panels of one stretch: a few rows' gradients of them stay in the first-level cache.
const STRETCH: usize = 24;
/// Rows that one task takes, which bounds the lanes that it keeps.
const ROWS: usize = 96;
/// Rows for which weights are not copied.
const FEW: usize = 6;
/// Inputs that are summed side by side.
const SIDE: usize = 4;
/// The most lanes of any instruction set.
const MOST_LANES: usize = 16;

thread_local! {
    /// The lanes of a task, between stretches of its sums.
    static LANES: RefCell<Vec<[f32; MOST_LANES]>> = const { RefCell::new(Vec::new()) };
}

impl PackedLinear {
    /// Computes the gradient of `x [m, n_in]` from that of [`PackedLinear::forward`]'s result, `dy [m, n_out]`.
    ///
    /// # Panics
    /// If `dy` is not rows of `n_out`.
    pub fn backward(&self, dy: &[f32]) -> Vec<f32> {
        match &*self.panels {
            Stored::F32(panels) => products(panels, self.n_out, dy),
            Stored::Bf16(panels) => products(panels, self.n_out, dy),
            Stored::F16(panels) => products(panels, self.n_out, dy),
            Stored::Quant(panels) => {
                linear_backward(Loose::Rows(&|i, row| panels.row(i, row)), self.n_out, self.n_in, dy)
            }
        }
    }
}

/// The same, bit for bit, from weights that are not packed: `dx [m, n_in]` for `dy [m, n_out]`. Packs them for
/// the time of the call.
///
/// # Panics
/// If a length does not fit.
pub fn linear_backward(w: Loose<'_>, n_out: usize, n_in: usize, dy: &[f32]) -> Vec<f32> {
    match w {
        Loose::Plain(w, layout) => PackedLinear::pack(w, layout, n_out, n_in, None).backward(dy),
        Loose::Rows(read) | Loose::Bf16Rows(read) => {
            let mut w = vec![0.0; n_out * n_in]; // [n_out, n_in]
            let rows = Shared::new(&mut w);
            pool::run(n_out, &|i| {
                // SAFETY: an initialized buffer, of which each task has a row to itself.
                read(i, unsafe { rows.part(i * n_in..(i + 1) * n_in) });
            });
            linear_backward(Loose::Plain(Weights::F32(&w), Layout::OutIn), n_out, n_in, dy)
        }
    }
}

fn products<E: Element>(panels: &Panels<E>, n_out: usize, dy: &[f32]) -> Vec<f32> {
    let n_in = panels.n_in();
    assert!(n_out > 0 && dy.len().is_multiple_of(n_out), "gradient of {} is not rows of {n_out}", dy.len());
    let m = dy.len() / n_out;
    let width = panels.len() * NR;
    let padded: Vec<f32>;
    let dy = if width == n_out {
        dy
    } else {
        let zeros = || std::iter::repeat_n(0.0, width - n_out);
        padded = dy.chunks_exact(n_out).flat_map(|row| row.iter().copied().chain(zeros())).collect();
        &padded
    };
    let mut dx = vec![0.0; m * n_in]; // [m, n_in]
    let (row_parts, input_parts) = (m.div_ceil(ROWS), n_in.div_ceil(INPUTS));
    let shared = Shared::new(&mut dx);
    let isa = isa();
    let task = |i: usize| {
        let (r, k) = (i / input_parts * ROWS, i % input_parts * INPUTS);
        let (rows, inputs) = (r..m.min(r + ROWS), k..n_in.min(k + INPUTS));
        LANES.with_borrow_mut(|lanes| {
            lanes.clear();
            lanes.resize(rows.len() * inputs.len(), [0.0; MOST_LANES]);
            dispatch(isa, Part { panels, dy, rows, inputs, lanes, dx: shared.as_mut_ptr() });
        });
    };
    match m * n_in * n_out <= 4 * INLINE {
        true => (0..row_parts * input_parts).for_each(task),
        false => pool::run(row_parts * input_parts, &task),
    }
    dx
}

/// Some rows and some inputs.
struct Part<'a, E> {
    panels: &'a Panels<E>,
    /// Rows of whole panels.
    dy: &'a [f32],
    rows: Range<usize>,
    inputs: Range<usize>,
    /// Zeros, for each element of the part.
    lanes: &'a mut [[f32; MOST_LANES]],
    /// Writable for these inputs of these rows, which lie `n_in` apart.
    dx: *mut f32,
}

impl<E: Element> Kernel for Part<'_, E> {
    #[inline(always)]
    fn run<V: Lanes>(mut self) {
        let n_inputs = self.inputs.len();
        // Many rows read weights in the order in which they are copied here; few read them where they lie.
        let mut copy = Vec::new();
        for start in (0..self.panels.len()).step_by(STRETCH) {
            let stretch = start..self.panels.len().min(start + STRETCH);
            if self.rows.len() > FEW {
                self.copy_weights(&stretch, &mut copy);
            }
            let mut row = 0;
            while row < self.rows.len() {
                // SAFETY: the rows and inputs of this part.
                row += unsafe {
                    match (V::ISA, self.rows.len() - row) {
                        (Isa::Avx512, 6..) => self.rows_of::<V, 6>(row, &stretch, &copy),
                        (Isa::Avx512, 4..) => self.rows_of::<V, 4>(row, &stretch, &copy),
                        (_, 2..) => self.rows_of::<V, 2>(row, &stretch, &copy),
                        (_, _) => self.rows_of::<V, 1>(row, &stretch, &copy),
                    }
                };
            }
        }
        for (i, row) in self.rows.clone().enumerate() {
            for (j, input) in self.inputs.clone().enumerate() {
                // SAFETY: an element of this part; the lanes were stored from a vector.
                unsafe {
                    let sum = V::load(self.lanes[i * n_inputs + j].as_ptr()).sum();
                    *self.dx.add(row * self.panels.n_in() + input) = sum;
                }
            }
        }
    }
}

impl<E: Element> Part<'_, E> {
    /// The weights of a stretch in the order in which blocks of rows read them: those of [`SIDE`] inputs, panel
    /// after panel, then those of the next.
    fn copy_weights(&self, stretch: &Range<usize>, copy: &mut Vec<Strip<E>>) {
        copy.clear();
        let mut inputs = self.inputs.clone();
        while !inputs.is_empty() {
            let side = if inputs.len() >= SIDE { SIDE } else { 1 };
            for panel in stretch.clone() {
                copy.extend_from_slice(&self.panels.panel(panel)[inputs.start..inputs.start + side]);
            }
            inputs.start += side;
        }
    }

    /// Adds a stretch of panels to `M` rows from `row` on; gives `M`.
    /// # Safety
    /// There are as many rows.
    #[inline(always)]
    unsafe fn rows_of<V: Lanes, const M: usize>(
        &mut self,
        row: usize,
        stretch: &Range<usize>,
        copy: &[Strip<E>],
    ) -> usize {
        let n_inputs = self.inputs.len();
        let mut j = 0;
        while j < n_inputs {
            // SAFETY: rows and inputs of this part.
            unsafe {
                if n_inputs - j >= SIDE {
                    self.block::<V, M, SIDE>(row, j, stretch, copy);
                    j += SIDE;
                } else {
                    self.block::<V, M, 1>(row, j, stretch, copy);
                    j += 1;
                }
            }
        }
        M
    }

    /// # Safety
    /// `M` rows from `row` on and `K` inputs from `j` on are of this part.
    #[inline(always)]
    unsafe fn block<V: Lanes, const M: usize, const K: usize>(
        &mut self,
        row: usize,
        j: usize,
        stretch: &Range<usize>,
        copy: &[Strip<E>],
    ) {
        let n_inputs = self.inputs.len();
        let width = self.panels.len() * NR;
        let first = self.inputs.start + j;
        let mut sums = [[V::splat(0.0); K]; M];
        // SAFETY: lanes hold `MOST_LANES` numbers, at least a vector; `dy` has whole panels in each row; a
        // panel has a strip of `NR` weights for each input.
        unsafe {
            for (i, sums) in sums.iter_mut().enumerate() {
                for (k, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load(self.lanes[(row + i) * n_inputs + j + k].as_ptr());
                }
            }
            let dy = self.dy.as_ptr().add((self.rows.start + row) * width);
            for panel in stretch.clone() {
                let strips = match copy.is_empty() {
                    true => &self.panels.panel(panel)[first..first + K],
                    false => &copy[j * stretch.len() + (panel - stretch.start) * K..][..K],
                };
                let strips = strips.as_ptr().cast::<E>();
                for lane in (0..NR).step_by(V::LANES) {
                    let mut w = [V::splat(0.0); K];
                    for (k, w) in w.iter_mut().enumerate() {
                        *w = E::load::<V>(strips.add(k * NR + lane));
                    }
                    for (i, sums) in sums.iter_mut().enumerate() {
                        let dy = V::load(dy.add(i * width + panel * NR + lane));
                        for (sum, w) in sums.iter_mut().zip(w) {
                            *sum = dy.fma(w, *sum);
                        }
                    }
                }
            }
            for (i, sums) in sums.iter().enumerate() {
                for (k, sum) in sums.iter().enumerate() {
                    sum.store(self.lanes[(row + i) * n_inputs + j + k].as_mut_ptr());
                }
            }
        }
    }
}
