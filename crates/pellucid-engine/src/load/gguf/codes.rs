//! Blocks taken apart: the codes, scales and offsets that their numbers are made of.
//!
//! One row of [`CODED`] a type, by ggml's name for it. Kernels hold codes as they are and make numbers of them as
//! they multiply, with the bits that de-quantizing gives. Types without a row (`Q8_1`, `Q8_K`: llama.cpp makes
//! them of activations only) are widened.

use half::f16;
use pellucid_kernels::{CodedRow, Coding};

use super::blocks::BlockType;

/// How a block type is held in codes.
#[derive(Debug)]
pub(crate) struct Coded {
    name: &'static str,
    pub(crate) coding: Coding,
    /// One block: its codes, and the scales and offsets of its parts.
    take: fn(&[u8], CodedRow<'_>),
}

/// The row of a block type.
pub(crate) fn of(block: &BlockType) -> Option<&'static Coded> {
    CODED.iter().find(|coded| coded.name == block.name)
}

static CODED: [Coded; 10] = [
    row("Q4_0", 4, 32, 8, true, false, q4_0),
    row("Q4_1", 4, 32, 0, true, true, q4_1),
    row("Q5_0", 8, 32, 16, true, false, q5_0),
    row("Q5_1", 8, 32, 0, true, true, q5_1),
    row("Q8_0", 8, 32, 128, true, false, q8_0),
    row("Q2_K", 4, 16, 0, false, true, q2_k),
    row("Q3_K", 4, 16, 4, false, false, q3_k),
    row("Q4_K", 4, 32, 0, false, true, q4_k),
    row("Q5_K", 8, 32, 0, false, true, q5_k),
    row("Q6_K", 8, 16, 32, false, false, q6_k),
];

const fn row(
    name: &'static str,
    bits: u32,
    block: usize,
    zero: u8,
    halves: bool,
    offsets: bool,
    take: fn(&[u8], CodedRow<'_>),
) -> Coded {
    Coded { name, coding: Coding { bits, block, zero, halves, offsets }, take }
}

impl Coded {
    /// Takes a row of whole blocks of type `block` apart.
    pub(crate) fn row(&self, block: &BlockType, bytes: &[u8], row: CodedRow<'_>) {
        let parts = block.len / self.coding.block;
        let codes = row.codes.chunks_exact_mut(block.len);
        let scales = row.scales.chunks_exact_mut(parts).zip(row.offsets.chunks_exact_mut(parts));
        for ((bytes, codes), (scales, offsets)) in bytes.chunks_exact(block.bytes).zip(codes).zip(scales) {
            (self.take)(bytes, CodedRow { codes, scales, offsets });
        }
    }
}

fn half(bytes: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}

/// The lower halves of all bytes, then the upper.
fn nibbles(bytes: &[u8], codes: &mut [u8]) {
    let (low, high) = codes.split_at_mut(bytes.len());
    for ((byte, low), high) in bytes.iter().zip(low).zip(high) {
        (*low, *high) = (byte & 15, byte >> 4);
    }
}

/// Adds the fifth bits, one a code.
fn fifths(bits: &[u8], codes: &mut [u8]) {
    let bits = u32::from_le_bytes([bits[0], bits[1], bits[2], bits[3]]);
    for (i, code) in codes.iter_mut().enumerate() {
        *code |= (bits >> i & 1) as u8 * 16;
    }
}

fn q4_0(bytes: &[u8], row: CodedRow<'_>) {
    row.scales[0] = half(bytes, 0);
    nibbles(&bytes[2..], row.codes);
}

fn q4_1(bytes: &[u8], row: CodedRow<'_>) {
    (row.scales[0], row.offsets[0]) = (half(bytes, 0), half(bytes, 2));
    nibbles(&bytes[4..], row.codes);
}

fn q5_0(bytes: &[u8], row: CodedRow<'_>) {
    row.scales[0] = half(bytes, 0);
    nibbles(&bytes[6..], row.codes);
    fifths(&bytes[2..6], row.codes);
}

fn q5_1(bytes: &[u8], row: CodedRow<'_>) {
    (row.scales[0], row.offsets[0]) = (half(bytes, 0), half(bytes, 2));
    nibbles(&bytes[8..], row.codes);
    fifths(&bytes[4..8], row.codes);
}

fn q8_0(bytes: &[u8], row: CodedRow<'_>) {
    row.scales[0] = half(bytes, 0);
    for (code, byte) in row.codes.iter_mut().zip(&bytes[2..]) {
        *code = byte ^ 128;
    }
}

/// Pairs of bits: those of a stretch of 32 bytes are 128 codes, the lowest pairs of all bytes first.
fn pairs(bytes: &[u8], codes: &mut [u8]) {
    for (bytes, codes) in bytes.chunks_exact(32).zip(codes.chunks_exact_mut(128)) {
        for (i, codes) in codes.chunks_exact_mut(32).enumerate() {
            codes.iter_mut().zip(bytes).for_each(|(code, byte)| *code = byte >> (2 * i) & 3);
        }
    }
}

fn q2_k(bytes: &[u8], row: CodedRow<'_>) {
    let (d, min) = (half(bytes, 80), half(bytes, 82));
    for (i, byte) in bytes[..16].iter().enumerate() {
        row.scales[i] = d * f32::from(byte & 15);
        row.offsets[i] = -(min * f32::from(byte >> 4));
    }
    pairs(&bytes[16..80], row.codes);
}

fn q3_k(bytes: &[u8], row: CodedRow<'_>) {
    let (high, scales, d) = (&bytes[..32], &bytes[96..108], half(bytes, 108));
    for i in 0..16 {
        let low = scales[i % 8] >> (i / 8 * 4) & 15;
        let scale = low | (scales[8 + i % 4] >> (i / 4 * 2) & 3) << 4;
        row.scales[i] = d * (f32::from(scale) - 32.0);
    }
    pairs(&bytes[32..96], row.codes);
    for (i, codes) in row.codes.chunks_exact_mut(32).enumerate() {
        codes.iter_mut().zip(high).for_each(|(code, high)| *code |= (high >> i & 1) << 2);
    }
}

/// The eight scales and offsets that Q4_K and Q5_K share a form of.
fn eight(bytes: &[u8], scales: &mut [f32], offsets: &mut [f32]) {
    let (d, min, q) = (half(bytes, 0), half(bytes, 2), &bytes[4..16]);
    for i in 0..8 {
        let (scale, offset) = match i {
            0..4 => (q[i] & 63, q[i + 4] & 63),
            _ => (q[i + 4] & 15 | q[i - 4] >> 6 << 4, q[i + 4] >> 4 | q[i] >> 6 << 4),
        };
        (scales[i], offsets[i]) = (d * f32::from(scale), -(min * f32::from(offset)));
    }
}

fn q4_k(bytes: &[u8], row: CodedRow<'_>) {
    eight(bytes, row.scales, row.offsets);
    for (bytes, codes) in bytes[16..].chunks_exact(32).zip(row.codes.chunks_exact_mut(64)) {
        nibbles(bytes, codes);
    }
}

fn q5_k(bytes: &[u8], row: CodedRow<'_>) {
    eight(bytes, row.scales, row.offsets);
    for (bytes, codes) in bytes[48..].chunks_exact(32).zip(row.codes.chunks_exact_mut(64)) {
        nibbles(bytes, codes);
    }
    for (i, codes) in row.codes.chunks_exact_mut(32).enumerate() {
        codes.iter_mut().zip(&bytes[16..48]).for_each(|(code, high)| *code |= (high >> i & 1) << 4);
    }
}

fn q6_k(bytes: &[u8], row: CodedRow<'_>) {
    let (low, high, scales, d) = (&bytes[..128], &bytes[128..192], &bytes[192..208], half(bytes, 208));
    for (to, scale) in row.scales.iter_mut().zip(scales) {
        *to = d * f32::from(*scale as i8);
    }
    pairs(high, row.codes);
    for (low, codes) in low.chunks_exact(64).zip(row.codes.chunks_exact_mut(128)) {
        let (first, second) = codes.split_at_mut(64);
        for ((low, first), second) in low.iter().zip(first).zip(second) {
            (*first, *second) = (*first << 4 | low & 15, *second << 4 | low >> 4);
        }
    }
}

#[cfg(test)]
mod tests {
    use pellucid_kernels::PackedLinear;

    use super::super::blocks::{BLOCKS, Restore};
    use super::*;

    /// Every number of some blocks of any bytes, out of codes in the kernel's memory and de-quantized as ever.
    #[test]
    fn codes_make_the_numbers_of_the_blocks() {
        let mut coded_types = 0;
        for block in &BLOCKS {
            let Some(coded) = of(block) else {
                assert!(block.len == 1 || ["Q8_1", "Q8_K"].contains(&block.name), "{}", block.name);
                continue;
            };
            coded_types += 1;
            let (n_out, n_in) = (70, 3 * block.len.max(32));
            let row_bytes = n_in / block.len * block.bytes;
            let mut state = 7u32;
            let mut bytes: Vec<u8> = (0..n_out * row_bytes)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                })
                .collect();
            // Some blocks of nothing, some of the greatest codes with scales that are finite.
            bytes[..row_bytes].fill(0);
            bytes[row_bytes..2 * row_bytes].fill(0x7b);
            let read = |i: usize, row: CodedRow<'_>| {
                coded.row(block, &bytes[i * row_bytes..][..row_bytes], row);
            };
            let packed = PackedLinear::pack_coded(coded.coding, &read, n_out, n_in, None);
            let (mut got, mut expected) = (vec![0.0; n_in], vec![0.0f32; n_in]);
            for i in 0..n_out {
                packed.row(i, &mut got);
                Restore::AsIs.row(block, &bytes, n_out, i, &mut expected);
                for (got, expected) in got.iter().zip(&expected) {
                    assert!(
                        got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan(),
                        "{} row {i}: {got} {expected}",
                        block.name
                    );
                }
            }
        }
        assert_eq!(coded_types, CODED.len());
    }
}
