//! Block types: how GGUF packs the numbers of a tensor, and how they become f32 again.
//!
//! One row of [`BLOCKS`] a type; the arithmetic of each is candle's. De-quantization is exact: every
//! implementation computes the same f32 values (the fixture `gguf_blocks.safetensors` holds it to that).

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use candle_core::quantized::GgmlType;
use candle_core::quantized::k_quants::{
    BlockQ2K, BlockQ3K, BlockQ4_0, BlockQ4_1, BlockQ4K, BlockQ5_0, BlockQ5_1, BlockQ5K, BlockQ6K, BlockQ8_0,
    BlockQ8_1, BlockQ8K,
};
use half::{bf16, f16};
use pellucid_kernels::CodedRow;

use super::codes::{self, Coded};
use crate::load::mapped::{Plain, view};
use crate::load::tensor::RawData;

/// A row of the table of block types.
#[derive(Debug)]
pub(crate) struct BlockType {
    /// ggml's number for it.
    pub(crate) id: u32,
    pub(crate) name: &'static str,
    /// Numbers in a block.
    pub(crate) len: usize,
    /// Bytes of a block.
    pub(crate) bytes: usize,
    /// Whole blocks to as many numbers as they hold.
    decode: fn(&[u8], &mut [f32]),
}

pub(crate) static BLOCKS: [BlockType; 15] = [
    row::<f32>(0, "F32"),
    row::<f16>(1, "F16"),
    row::<bf16>(30, "BF16"),
    row::<BlockQ4_0>(2, "Q4_0"),
    row::<BlockQ4_1>(3, "Q4_1"),
    row::<BlockQ5_0>(6, "Q5_0"),
    row::<BlockQ5_1>(7, "Q5_1"),
    row::<BlockQ8_0>(8, "Q8_0"),
    row::<BlockQ8_1>(9, "Q8_1"),
    row::<BlockQ2K>(10, "Q2_K"),
    row::<BlockQ3K>(11, "Q3_K"),
    row::<BlockQ4K>(12, "Q4_K"),
    row::<BlockQ5K>(13, "Q5_K"),
    row::<BlockQ6K>(14, "Q6_K"),
    row::<BlockQ8K>(15, "Q8_K"),
];

const fn row<B: GgmlType + Plain>(id: u32, name: &'static str) -> BlockType {
    BlockType {
        id,
        name,
        len: B::BLCK_SIZE,
        bytes: size_of::<B>(),
        decode: |bytes, numbers| B::to_float(&view::<B>(bytes), numbers),
    }
}

/// ggml's types that are not read, for messages.
const UNREAD: [(u32, &str); 14] = [
    (16, "IQ2_XXS"),
    (17, "IQ2_XS"),
    (18, "IQ3_XXS"),
    (19, "IQ1_S"),
    (20, "IQ4_NL"),
    (21, "IQ3_S"),
    (22, "IQ2_S"),
    (23, "IQ4_XS"),
    (28, "F64"),
    (29, "IQ1_M"),
    (34, "TQ1_0"),
    (35, "TQ2_0"),
    (39, "MXFP4"),
    (40, "NVFP4"),
];

/// The block type with ggml's number `id`.
pub(crate) fn by_id(id: u32) -> Option<&'static BlockType> {
    BLOCKS.iter().find(|block| block.id == id)
}

/// The name of type `id`, read or not.
pub(crate) fn name_of(id: u32) -> String {
    let read = BLOCKS.iter().map(|block| (block.id, block.name));
    let found = read.chain(UNREAD).find(|(other, _)| *other == id);
    found.map_or_else(|| format!("number {id}"), |(_, name)| name.to_owned())
}

/// The names of all types that are read.
pub(crate) fn known() -> String {
    let names: Vec<&str> = BLOCKS.iter().map(|block| block.name).collect();
    names.join(", ")
}

/// What is undone after de-quantization: how llama.cpp's converter changed this tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restore {
    /// Nothing.
    AsIs,
    /// The rows of each head were interleaved for ggml's rotary layout.
    Heads(usize),
    /// The queries, keys and values of this many heads, grouped by head, were grouped by kind (GPT-NeoX).
    Qkv(usize),
    /// 1 was added (Gemma's norms multiply by 1 + w).
    MinusOne,
    /// A GPT-2 `Conv1D` was transposed.
    Transposed,
}

impl Restore {
    /// The tensor's Hugging Face shape, given the one in the file.
    pub(crate) fn shape(self, stored: &[usize]) -> Vec<usize> {
        let mut shape = stored.to_vec();
        if self == Self::Transposed {
            shape.reverse();
        }
        shape
    }

    /// The numbers of row `i` of the matrix whose bytes these are: the weights of output `i`, whichever way
    /// round Hugging Face stores them.
    pub(crate) fn row(self, block: &BlockType, bytes: &[u8], n_out: usize, i: usize, out: &mut [f32]) {
        let stored = self.stored_row(i, n_out);
        let size = out.len() / block.len * block.bytes;
        (block.decode)(&bytes[stored * size..][..size], out);
        if self == Self::MinusOne {
            out.iter_mut().for_each(|w| *w -= 1.0);
        }
    }

    /// Takes the weights of output `i` apart, as [`Restore::row`] would write them, for a type that is held in codes.
    pub(crate) fn coded_row(
        self,
        (block, coded): (&BlockType, &Coded),
        bytes: &[u8],
        n_out: usize,
        i: usize,
        row: CodedRow<'_>,
    ) {
        let size = row.codes.len() / block.len * block.bytes;
        coded.row(block, &bytes[self.stored_row(i, n_out) * size..][..size], row);
    }

    /// How a matrix of this type is held in codes, if it is: numbers must be as they are in the file.
    pub(crate) fn coded(self, block: &BlockType) -> Option<&'static Coded> {
        codes::of(block).filter(|_| self != Self::MinusOne)
    }

    /// Where the file keeps row `row` of `n`.
    fn stored_row(self, row: usize, n: usize) -> usize {
        match self {
            // Rows 0 0' 1 1' ... of a head are 0 1 ... 0' 1' ...: Hugging Face turns row i with row i + k/2.
            Self::Heads(n_heads) => {
                let k = n / n_heads;
                let (head, row, half) = (row / k, row % k, k / 2);
                head * k + row % half * 2 + row / half
            }
            Self::Qkv(n_heads) => {
                let k = n / n_heads / 3;
                let (head, kind) = (row / (3 * k), row / k % 3);
                (kind * n_heads + head) * k + row % k
            }
            Self::AsIs | Self::MinusOne | Self::Transposed => row,
        }
    }

    fn reordered(self, numbers: &[f32], shape: &[usize]) -> Vec<f32> {
        let width: usize = shape[1..].iter().product();
        let rows = (0..shape[0]).map(|row| self.stored_row(row, shape[0]) * width);
        let mut restored = Vec::with_capacity(numbers.len());
        rows.for_each(|from| restored.extend_from_slice(&numbers[from..from + width]));
        restored
    }

    /// The numbers of a tensor with the (restored) `shape`; F32 that needs no change is borrowed.
    pub(crate) fn read<'a>(self, block: &BlockType, bytes: &'a [u8], shape: &[usize]) -> RawData<'a> {
        if self == Self::AsIs && block.id == BLOCKS[0].id {
            return RawData::F32(view(bytes));
        }
        let mut numbers = dequantize(block, bytes);
        match self {
            Self::AsIs => {}
            Self::MinusOne => numbers.iter_mut().for_each(|w| *w -= 1.0),
            Self::Heads(_) | Self::Qkv(_) => numbers = self.reordered(&numbers, shape),
            Self::Transposed => numbers = transposed(&numbers, shape),
        }
        RawData::F32(Cow::Owned(numbers))
    }
}

/// Whole blocks to numbers, by all threads of the kernels.
fn dequantize(block: &BlockType, bytes: &[u8]) -> Vec<f32> {
    const IN_A_TASK: usize = 1 << 16;
    let n_blocks = bytes.len() / block.bytes;
    let mut numbers = vec![0.0; n_blocks * block.len];
    let share = (IN_A_TASK / block.len).max(1);
    let parts = bytes.chunks(share * block.bytes).zip(numbers.chunks_mut(share * block.len));
    // Nobody else has a part: its lock is there to lend it.
    let parts: Vec<Mutex<(&[u8], &mut [f32])>> = parts.map(Mutex::new).collect();
    pellucid_kernels::run(parts.len(), &|i| {
        let mut part = parts[i].lock().unwrap_or_else(PoisonError::into_inner);
        let (from, to) = &mut *part;
        (block.decode)(from, to);
    });
    drop(parts);
    numbers
}

/// `numbers` is [out, in], `shape` is [in, out].
fn transposed(numbers: &[f32], shape: &[usize]) -> Vec<f32> {
    let (n_in, n_out) = (shape[0], shape[1]);
    let mut restored = vec![0.0; numbers.len()];
    for (o, row) in numbers.chunks(n_in).enumerate() {
        row.iter().enumerate().for_each(|(i, w)| restored[i * n_out + o] = *w);
    }
    restored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_decode_as_recorded() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/gguf_blocks.safetensors");
        let bytes = std::fs::read(path).expect("the fixture");
        let recorded = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
        let quantized = BLOCKS.iter().filter(|block| block.len > 1);
        for block in quantized {
            let raw = recorded.tensor(&format!("{}.raw", block.name)).expect(block.name);
            let expected = recorded.tensor(&format!("{}.f32", block.name)).expect(block.name);
            let got = dequantize(block, raw.data());
            let expected = view::<f32>(expected.data());
            assert_eq!(got.len(), expected.len(), "{}", block.name);
            for (got, expected) in got.iter().zip(expected.iter()) {
                assert_eq!(got.to_bits(), expected.to_bits(), "{}: {got} {expected}", block.name);
            }
        }
    }

    /// Numbers of a matrix of 12 rows and 2 blocks, in every type, restored in every way: whole, and row by row.
    #[test]
    fn rows_are_those_of_the_whole() {
        let (n_out, n_blocks) = (12, 2);
        for block in &BLOCKS {
            let mut bytes: Vec<u8> =
                (0..n_out * n_blocks * block.bytes).map(|i| (i * 37 % 251) as u8).collect();
            // No exponent of all ones anywhere: NaN equals nothing.
            bytes.iter_mut().for_each(|byte| *byte &= 0x3b);
            let n_in = n_blocks * block.len;
            for restore in
                [Restore::AsIs, Restore::Heads(3), Restore::Qkv(2), Restore::MinusOne, Restore::Transposed]
            {
                let shape = restore.shape(&[n_out, n_in]);
                let RawData::F32(whole) = restore.read(block, &bytes, &shape) else { panic!("not widened") };
                let mut row = vec![0.0; n_in];
                for i in 0..n_out {
                    restore.row(block, &bytes, n_out, i, &mut row);
                    let expected: Vec<f32> = match restore {
                        Restore::Transposed => (0..n_in).map(|j| whole[j * n_out + i]).collect(),
                        _ => whole[i * n_in..][..n_in].to_vec(),
                    };
                    assert!(
                        row.iter().any(|x| *x != 0.0) && row == expected,
                        "{} {restore:?} {i}",
                        block.name
                    );
                }
            }
        }
    }

    #[test]
    fn threads_change_nothing() {
        let block = by_id(8).expect("Q8_0");
        let bytes: Vec<u8> = (0..(3 << 20) / 32 * 34 + 34).map(|i: usize| (i * 7 % 120) as u8).collect();
        let mut alone = vec![0.0; bytes.len() / 34 * 32];
        (block.decode)(&bytes[..alone.len() / 32 * 34], &mut alone);
        let together = dequantize(block, &bytes);
        assert!(alone.iter().zip(&together).all(|(a, b)| a.to_bits() == b.to_bits()));
        assert_eq!(alone.len(), together.len());
    }

    #[test]
    fn layouts_are_undone() {
        let rows = [0., 1., 2., 3., 4., 5., 6., 7.];
        assert_eq!(Restore::Heads(2).reordered(&rows, &[8]), [0., 2., 1., 3., 4., 6., 5., 7.]);
        assert_eq!(Restore::Heads(1).reordered(&rows, &[4, 2]), [0., 1., 4., 5., 2., 3., 6., 7.]);
        assert_eq!(Restore::Qkv(2).reordered(&rows[..6], &[6]), [0., 2., 4., 1., 3., 5.]);
        assert_eq!(transposed(&rows[..6], &[3, 2]), [0., 3., 1., 4., 2., 5.]);
    }
}
