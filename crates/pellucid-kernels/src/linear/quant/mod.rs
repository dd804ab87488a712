//! Quantized weights, held as codes: `w = scale * (code - zero) + offset`, one scale and offset a block of
//! inputs.
//!
//! Every such number is made in the kernel, in `f32`, and then multiplied like any other weight. The product
//! of scale and code is exact in every type that files have, so one fused step rounds it as
//! de-quantizing does, and a product has the bits of the same weights packed as `f32`. What is saved is memory,
//! which is what a few rows wait for.

mod few;
mod many;
mod pack;
mod words;

use super::NR;
use half::f16;
use words::{code, per_word};

/// How the numbers of a matrix are coded. A scale times a code must be exact in `f32`: then making a number rounds
/// once, however it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coding {
    /// Bits of a code: 4 or 8.
    pub bits: u32,
    /// Inputs that share a scale and an offset: 16 or 32.
    pub block: usize,
    /// The code of the number 0, before offsets.
    pub zero: u8,
    /// Whether scales and offsets are exact in `f16`, and held in it.
    pub halves: bool,
    /// Whether there are offsets.
    pub offsets: bool,
}

/// A row of a matrix, taken apart: the weights of one output.
#[derive(Debug)]
pub struct CodedRow<'a> {
    /// One an input, below `2^bits`.
    pub codes: &'a mut [u8],
    /// One a block.
    pub scales: &'a mut [f32],
    /// One a block; ignored where the coding has none.
    pub offsets: &'a mut [f32],
}

impl Coding {
    /// Bytes of a packed matrix: whole panels of outputs.
    pub fn bytes(&self, n_out: usize, n_in: usize) -> usize {
        n_out.div_ceil(NR) * (n_in / self.block) * self.lines() * size_of::<Line>()
    }

    /// Lines of the scales, or of the offsets, of a block of a panel.
    fn header(&self) -> usize {
        if self.halves { 1 } else { 2 }
    }

    /// Lines of a block of a panel: scales, offsets where there are any, codes.
    fn lines(&self) -> usize {
        self.before_codes() + self.block / per_word(self.bits) * 2
    }

    fn before_codes(&self) -> usize {
        if self.offsets { 2 * self.header() } else { self.header() }
    }
}

/// A cache line. A block of a panel is some of them, so that no load crosses one.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// A matrix of codes in packed order: panels of [`NR`] outputs, each a row of blocks of inputs, each its scales,
/// its offsets and its codes. A word holds consecutive codes of one output; words of a panel lie side by side.
#[derive(Debug)]
pub(super) struct Quant {
    lines: Vec<Line>,
    coding: Coding,
    n_in: usize,
}

impl Quant {
    fn n_blocks(&self) -> usize {
        self.n_in / self.coding.block
    }

    fn n_panels(&self) -> usize {
        self.lines.len() / (self.n_blocks() * self.coding.lines())
    }

    /// The lines of one panel.
    fn panel(&self, panel: usize) -> &[Line] {
        let n = self.n_blocks() * self.coding.lines();
        &self.lines[panel * n..][..n]
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.lines.as_slice())
    }

    /// The weights of output `i`.
    pub(super) fn row(&self, i: usize, out: &mut [f32]) {
        let (coding, lane) = (self.coding, i % NR);
        let blocks = self.panel(i / NR).chunks_exact(coding.lines());
        for (lines, out) in blocks.zip(out.chunks_exact_mut(coding.block)) {
            let scale = self.number(lines, lane);
            let offset = if coding.offsets { self.number(&lines[coding.header()..], lane) } else { -0.0 };
            let words = &lines[coding.before_codes()..];
            for (k, x) in out.iter_mut().enumerate() {
                let (word, place) = (k / per_word(coding.bits), k % per_word(coding.bits));
                let code = code(read::<4>(words, (word * NR + lane) * 4), coding.bits, place);
                // Exact up to the addition, hence what a fused step gives.
                *x = scale * (code as f32 - f32::from(coding.zero)) + offset;
            }
        }
    }

    /// Number `lane` of a block's scales or offsets.
    fn number(&self, lines: &[Line], lane: usize) -> f32 {
        if self.coding.halves {
            f16::from_le_bytes(read::<2>(lines, lane * 2)).to_f32()
        } else {
            f32::from_le_bytes(read::<4>(lines, lane * 4))
        }
    }
}

/// `N` bytes at `offset`, inside one line.
fn read<const N: usize>(lines: &[Line], offset: usize) -> [u8; N] {
    std::array::from_fn(|i| lines[offset / 64].0[offset % 64 + i])
}

/// Rows up to which weights are made in registers for every block of rows; more share a panel that is widened.
const FEW: usize = 12;

/// # Safety
/// `out` is writable for `x.len() / n_in * n_out` elements; all are written.
pub(super) unsafe fn forward(w: &Quant, bias: &[f32], n_out: usize, x: &[f32], out: *mut f32) {
    let m = x.len() / w.n_in;
    if m == 0 || n_out == 0 {
        return;
    }
    // SAFETY: the caller's promise is the same.
    unsafe {
        if m <= FEW {
            few::forward(w, bias, n_out, x, out);
        } else {
            many::forward(w, bias, n_out, x, out);
        }
    }
}
