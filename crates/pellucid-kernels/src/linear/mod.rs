//! `y = x W^T + b` with weights packed once, at load, into the order in which the kernel reads them.
//!
//! The matrix is cut into panels of [`NR`] outputs; a panel holds, for each input in turn, its `NR`
//! weights side by side. So every forward pass streams memory straight through, a tile of outputs
//! lives in registers, and the tied embedding can be read back out of the packed head.

#[cfg(target_arch = "x86_64")]
pub(crate) mod amx;
mod backward;
mod forward;
mod loose;
mod matmul;
mod pack;
mod quant;

pub use backward::linear_backward;
pub use loose::{Loose, linear_loose};
pub use matmul::matmul;
pub use quant::{CodedRow, Coding};

use std::sync::Arc;

use half::{bf16, f16};

use crate::isa::{Isa, isa};
use crate::weights::Weights;
use pack::Panels;
use quant::Quant;

/// Outputs of one panel: two AVX-512 registers.
pub(crate) const NR: usize = 32;

/// How a weight matrix lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `[n_out, n_in]`: `torch.nn.Linear`.
    OutIn,
    /// `[n_in, n_out]`: GPT-2's `Conv1D`.
    InOut,
}

/// A linear layer whose weights are packed for the kernel, in their own type.
#[derive(Debug)]
pub struct PackedLinear {
    panels: Arc<Stored>,
    /// One per output, padded with zeros to whole panels.
    bias: Vec<f32>,
    n_in: usize,
    n_out: usize,
}

#[derive(Debug)]
enum Stored {
    F32(Panels<f32>),
    Bf16(Panels<bf16>),
    F16(Panels<f16>),
    Quant(Quant),
}

impl PackedLinear {
    /// Packs `w`, laid out as `layout` says, with `bias` of length `n_out`. Parallel over panels.
    ///
    /// # Panics
    /// If a length does not fit `n_out` and `n_in`, or `n_in` is zero.
    pub fn pack(w: Weights<'_>, layout: Layout, n_out: usize, n_in: usize, bias: Option<&[f32]>) -> Self {
        assert!(n_in > 0, "a linear layer needs inputs");
        assert_eq!(w.len(), n_out * n_in, "weights of [{n_out}, {n_in}]");
        let bias = padded(bias, n_out);
        let panels = match w {
            Weights::F32(w) => Stored::F32(Panels::pack(w, layout, n_out, n_in)),
            Weights::Bf16(w) => Stored::Bf16(Panels::pack(w, layout, n_out, n_in)),
            Weights::F16(w) => Stored::F16(Panels::pack(w, layout, n_out, n_in)),
        };
        PackedLinear { panels: Arc::new(panels), bias, n_in, n_out }
    }

    /// Packs quantized weights as codes, scales and offsets: `read` writes the row of one output. Their products
    /// have the bits of the same numbers packed as `f32`. Parallel over panels.
    ///
    /// # Panics
    /// If `n_in` is zero or no whole blocks, or a bias is not of length `n_out`.
    pub fn pack_coded(
        coding: Coding,
        read: &(dyn Fn(usize, CodedRow<'_>) + Sync),
        n_out: usize,
        n_in: usize,
        bias: Option<&[f32]>,
    ) -> Self {
        assert!(n_in > 0, "a linear layer needs inputs");
        let panels = Arc::new(Stored::Quant(Quant::pack(coding, read, n_out, n_in)));
        PackedLinear { panels, bias: padded(bias, n_out), n_in, n_out }
    }

    /// The same weights, in the same memory, with another bias of length `n_out`.
    ///
    /// # Panics
    /// If the length does not fit.
    pub fn with_bias(&self, bias: Option<&[f32]>) -> Self {
        let panels = self.panels.clone();
        PackedLinear { panels, bias: padded(bias, self.n_out), n_in: self.n_in, n_out: self.n_out }
    }

    /// The number of inputs.
    pub fn n_in(&self) -> usize {
        self.n_in
    }

    /// The number of outputs.
    pub fn n_out(&self) -> usize {
        self.n_out
    }

    /// The memory that weights and bias take, in bytes.
    pub fn bytes(&self) -> usize {
        let weights = match &*self.panels {
            Stored::F32(panels) => panels.bytes(),
            Stored::Bf16(panels) => panels.bytes(),
            Stored::F16(panels) => panels.bytes(),
            Stored::Quant(panels) => panels.bytes(),
        };
        weights + self.bias.len() * size_of::<f32>()
    }

    /// Computes `x [m, n_in]` to `out [m, n_out]`, `m` being `x.len() / n_in`.
    ///
    /// # Panics
    /// If a length does not fit.
    pub fn forward(&self, x: &[f32], out: &mut [f32]) {
        assert_eq!(out.len(), self.rows_of(x) * self.n_out, "output");
        // SAFETY: `out` is writable and of the length that `forward_raw` asks for.
        unsafe { self.forward_raw(isa(), x, out.as_mut_ptr()) };
    }

    /// [`PackedLinear::forward`] as one chain of multiply-adds, on any instruction set.
    fn forward_chained(&self, x: &[f32], out: &mut [f32]) {
        assert_eq!(out.len(), self.rows_of(x) * self.n_out, "output");
        // SAFETY: `out` is writable and of the length that `forward_raw` asks for.
        unsafe { self.forward_raw(isa().lanes(), x, out.as_mut_ptr()) };
    }

    /// Like [`PackedLinear::forward`] into a new vector, which is not filled with zeros first.
    pub fn forward_new(&self, x: &[f32]) -> Vec<f32> {
        let len = self.rows_of(x) * self.n_out;
        let mut out = Vec::with_capacity(len); // [m, n_out]
        // SAFETY: the capacity is the length that `forward_raw` asks for, and it writes every element.
        unsafe {
            self.forward_raw(isa(), x, out.as_mut_ptr());
            out.set_len(len);
        }
        out
    }

    /// Reads the weights of output `i`, widened, into `out [n_in]`. With tied embeddings this is the
    /// embedding of token `i`.
    ///
    /// # Panics
    /// If `i` is not below `n_out` or `out` is not `[n_in]`.
    pub fn row(&self, i: usize, out: &mut [f32]) {
        assert!(i < self.n_out, "row {i} of {}", self.n_out);
        assert_eq!(out.len(), self.n_in, "output");
        match &*self.panels {
            Stored::F32(panels) => panels.row(i, out),
            Stored::Bf16(panels) => panels.row(i, out),
            Stored::F16(panels) => panels.row(i, out),
            Stored::Quant(panels) => panels.row(i, out),
        }
    }

    fn rows_of(&self, x: &[f32]) -> usize {
        assert!(x.len().is_multiple_of(self.n_in), "input of {} is not rows of {}", x.len(), self.n_in);
        x.len() / self.n_in
    }

    /// # Safety
    /// `out` is writable for `x.len() / n_in * n_out` elements, which may be uninitialized; all are written.
    unsafe fn forward_raw(&self, isa: Isa, x: &[f32], out: *mut f32) {
        // SAFETY: the caller's promise is the same.
        unsafe {
            match &*self.panels {
                Stored::F32(panels) => forward::forward(isa, panels, &self.bias, self.n_out, x, out),
                Stored::Bf16(panels) => forward::forward(isa, panels, &self.bias, self.n_out, x, out),
                Stored::F16(panels) => forward::forward(isa, panels, &self.bias, self.n_out, x, out),
                Stored::Quant(panels) => quant::forward(panels, &self.bias, self.n_out, x, out),
            }
        }
    }
}

/// A bias of whole panels.
fn padded(bias: Option<&[f32]>, n_out: usize) -> Vec<f32> {
    let mut padded = vec![0.0; n_out.next_multiple_of(NR)];
    if let Some(bias) = bias {
        assert_eq!(bias.len(), n_out, "bias");
        padded[..n_out].copy_from_slice(bias);
    }
    padded
}
