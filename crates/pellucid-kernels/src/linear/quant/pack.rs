//! Packing: rows that were taken apart, into panels.

use half::f16;

use super::words::{per_word, word};
use super::{CodedRow, Coding, Line, NR, Quant};
use crate::linear::pack::{Start, ask_for_huge_pages};
use crate::pool;

impl Quant {
    pub(in crate::linear) fn pack(
        coding: Coding,
        read: &(dyn Fn(usize, CodedRow<'_>) + Sync),
        n_out: usize,
        n_in: usize,
    ) -> Quant {
        assert!(matches!(coding.bits, 4 | 8), "codes of {} bits", coding.bits);
        assert!(matches!(coding.block, 16 | 32), "blocks of {}", coding.block);
        assert!(n_in.is_multiple_of(coding.block), "{n_in} inputs in blocks of {}", coding.block);
        let n_panels = n_out.div_ceil(NR);
        let n_lines = n_in / coding.block * coding.lines();
        let mut lines: Vec<Line> = Vec::with_capacity(n_panels * n_lines);
        ask_for_huge_pages(lines.as_mut_ptr().cast(), n_panels * n_lines * size_of::<Line>());
        let start = Start(lines.as_mut_ptr());
        pool::run(n_panels, &|panel| {
            let outputs = panel * NR..n_out.min((panel + 1) * NR);
            let rows = Rows::read(coding, read, n_in, outputs);
            for block in 0..n_in / coding.block {
                let packed = rows.block(coding, block);
                // SAFETY: the lines of this block are inside the capacity, and belong to this panel, hence
                // to this task alone.
                unsafe {
                    let to = start.at(panel * n_lines + block * coding.lines());
                    std::ptr::copy_nonoverlapping(packed.as_ptr(), to, coding.lines());
                }
            }
        });
        // SAFETY: the tasks have written every line of every panel.
        unsafe { lines.set_len(n_panels * n_lines) };
        Quant { lines, coding, n_in }
    }
}

/// Most lines of a block: scales and offsets in `f32`, 32 codes of 8 bits.
const MOST_LINES: usize = 4 + 16;

/// The rows of one panel; those beyond the last output are zero.
struct Rows {
    codes: Vec<u8>,
    scales: Vec<f32>,
    offsets: Vec<f32>,
    n_in: usize,
}

impl Rows {
    fn read(
        coding: Coding,
        read: &(dyn Fn(usize, CodedRow<'_>) + Sync),
        n_in: usize,
        outputs: std::ops::Range<usize>,
    ) -> Rows {
        let n_blocks = n_in / coding.block;
        let mut rows = Rows {
            codes: vec![0; NR * n_in],        // [NR, n_in]
            scales: vec![0.0; NR * n_blocks], // [NR, blocks]
            offsets: vec![0.0; NR * n_blocks],
            n_in,
        };
        for (i, output) in outputs.enumerate() {
            let row = CodedRow {
                codes: &mut rows.codes[i * n_in..][..n_in],
                scales: &mut rows.scales[i * n_blocks..][..n_blocks],
                offsets: &mut rows.offsets[i * n_blocks..][..n_blocks],
            };
            read(output, row);
        }
        rows
    }

    fn block(&self, coding: Coding, block: usize) -> [Line; MOST_LINES] {
        let mut lines = [Line([0; 64]); MOST_LINES];
        let n_blocks = self.n_in / coding.block;
        let per_word = per_word(coding.bits);
        for lane in 0..NR {
            let at = lane * n_blocks + block;
            put_number(&mut lines, coding, lane, self.scales[at]);
            if coding.offsets {
                put_number(&mut lines[coding.header()..], coding, lane, self.offsets[at]);
            }
            let codes = &self.codes[lane * self.n_in + block * coding.block..][..coding.block];
            let words = &mut lines[coding.before_codes()..];
            for (i, codes) in codes.chunks_exact(per_word).enumerate() {
                put(words, (i * NR + lane) * 4, word(coding.bits, codes).to_le_bytes());
            }
        }
        lines
    }
}

fn put_number(lines: &mut [Line], coding: Coding, lane: usize, x: f32) {
    if coding.halves {
        let half = f16::from_f32(x);
        debug_assert!(half.to_f32() == x || x.is_nan(), "{x} is not exact in f16");
        put(lines, lane * 2, half.to_le_bytes());
    } else {
        put(lines, lane * 4, x.to_le_bytes());
    }
}

/// Writes bytes at `offset`, inside one line.
fn put<const N: usize>(lines: &mut [Line], offset: usize, bytes: [u8; N]) {
    lines[offset / 64].0[offset % 64..][..N].copy_from_slice(&bytes);
}
