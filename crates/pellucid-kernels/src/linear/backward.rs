//! The gradient of a product's input: `dx = dy W`, from the panels as they lie.
//!
//! It is the product with the transposed matrix. A task turns the stretch of every panel that holds its
//! inputs into a panel of its own, so weights are not held a second time; sums run over outputs in ascending
//! order, one chain per element, as everywhere.

use super::pack::{Panels, Strip};
use super::{Layout, Loose, NR, PackedLinear, Stored, linear_loose, loose};
use crate::weights::{Element, Weights};

impl PackedLinear {
    /// Computes the gradient of `x [m, n_in]` from that of [`PackedLinear::forward`]'s result, `dy [m, n_out]`.
    ///
    /// # Panics
    /// If `dy` is not rows of `n_out`.
    pub fn backward(&self, dy: &[f32]) -> Vec<f32> {
        match &*self.panels {
            Stored::F32(panels) => turned_products(panels, self.n_out, dy),
            Stored::Bf16(panels) => turned_products(panels, self.n_out, dy),
            Stored::F16(panels) => turned_products(panels, self.n_out, dy),
            Stored::Quant(panels) => {
                let mut w = vec![0.0; self.n_out * self.n_in]; // [n_out, n_in]
                w.chunks_exact_mut(self.n_in).enumerate().for_each(|(i, row)| panels.row(i, row));
                linear_backward(Loose::Plain(Weights::F32(&w), Layout::OutIn), self.n_out, self.n_in, dy)
            }
        }
    }
}

/// The same from weights that are not packed: `dx [m, n_in]` for `dy [m, n_out]`.
///
/// # Panics
/// If a length does not fit.
pub fn linear_backward(w: Loose<'_>, n_out: usize, n_in: usize, dy: &[f32]) -> Vec<f32> {
    let turned = |layout| match layout {
        Layout::OutIn => Layout::InOut,
        Layout::InOut => Layout::OutIn,
    };
    match w {
        Loose::Plain(w, layout) => linear_loose(Loose::Plain(w, turned(layout)), n_in, n_out, None, dy),
        Loose::Rows(read) | Loose::Bf16Rows(read) => {
            let mut w = vec![0.0; n_out * n_in]; // [n_out, n_in]
            w.chunks_exact_mut(n_in).enumerate().for_each(|(i, row)| read(i, row));
            linear_loose(Loose::Plain(Weights::F32(&w), Layout::InOut), n_in, n_out, None, dy)
        }
    }
}

fn turned_products<E: Element>(panels: &Panels<E>, n_out: usize, dy: &[f32]) -> Vec<f32> {
    let n_in = panels.n_in();
    assert!(n_out > 0 && dy.len().is_multiple_of(n_out), "gradient of {} is not rows of {n_out}", dy.len());
    let make = |at: usize| turned(panels, n_out, at);
    let bias = super::padded(None, n_in);
    let len = dy.len() / n_out * n_in;
    let mut dx = Vec::with_capacity(len); // [m, n_in]
    // SAFETY: the capacity is the length that `products` asks for, and it writes every element.
    unsafe {
        loose::products(&make, &bias, n_in, n_out, dy, dx.as_mut_ptr());
        dx.set_len(len);
    }
    dx
}

/// The panel of inputs `at * NR..` of the transposed matrix: a strip for each output.
fn turned<E: Element>(panels: &Panels<E>, n_out: usize, at: usize) -> Vec<Strip<E>> {
    let first = at * NR;
    let inputs = NR.min(panels.n_in() - first);
    let mut strips = vec![Strip::ZERO; n_out];
    for (panel, strips) in strips.chunks_mut(NR).enumerate() {
        let stretch = &panels.panel(panel)[first..first + inputs];
        for (j, from) in stretch.iter().enumerate() {
            strips.iter_mut().zip(from.0).for_each(|(strip, w)| strip.0[j] = w);
        }
    }
    strips
}
