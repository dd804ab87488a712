//! One tensor of a checkpoint: its bytes, mapped, and its numbers, borrowed from them where possible.

use std::borrow::Cow;

use half::{bf16, f16};
use pellucid_kernels::{CodedRow, Coding};

use super::mapped::{Window, view};
use super::weights::Stored;

/// The numbers of a tensor, row major.
#[derive(Debug, Clone)]
pub enum RawData<'a> {
    /// 32-bit floats; also everything that was quantized.
    F32(Cow<'a, [f32]>),
    /// IEEE half precision.
    F16(Cow<'a, [f16]>),
    /// bfloat16.
    Bf16(Cow<'a, [bf16]>),
    /// Integers (token ids, position tables).
    I64(Cow<'a, [i64]>),
}

/// A tensor of a checkpoint.
#[derive(Debug, Clone)]
pub struct RawTensor<'a> {
    /// Sizes, slowest axis first.
    pub shape: Vec<usize>,
    /// As many numbers as the shape says.
    pub data: RawData<'a>,
}

/// A tensor in memory: part of a file that is mapped, or numbers that were made up.
#[derive(Debug)]
pub struct TensorData {
    shape: Vec<usize>,
    data: Data,
}

#[derive(Debug)]
enum Data {
    Stored(Window, Stored),
    Made(Vec<f32>),
}

impl TensorData {
    pub(crate) fn stored(window: Window, stored: Stored, shape: Vec<usize>) -> TensorData {
        TensorData { shape, data: Data::Stored(window, stored) }
    }

    pub(crate) fn made(numbers: Vec<f32>, shape: Vec<usize>) -> TensorData {
        TensorData { shape, data: Data::Made(numbers) }
    }

    /// Its numbers: plain ones are borrowed, GGUF blocks are de-quantized, in parallel when big.
    pub fn raw(&self) -> RawTensor<'_> {
        use safetensors::Dtype;
        let data = match &self.data {
            Data::Made(numbers) => RawData::F32(Cow::Borrowed(numbers)),
            Data::Stored(window, stored) => match stored {
                Stored::Safetensors(Dtype::F32) => RawData::F32(view(window.bytes())),
                Stored::Safetensors(Dtype::F16) => RawData::F16(view(window.bytes())),
                Stored::Safetensors(Dtype::BF16) => RawData::Bf16(view(window.bytes())),
                Stored::Safetensors(Dtype::I64) => RawData::I64(view(window.bytes())),
                Stored::Safetensors(other) => unreachable!("{other:?} is refused before it is mapped"),
                Stored::Gguf(block, restore) => restore.read(block, window.bytes(), &self.shape),
            },
        };
        RawTensor { shape: self.shape.clone(), data }
    }

    /// The weights of output `i` of `n_out`, widened, if this is a matrix in GGUF blocks: then no other row needs
    /// to be de-quantized.
    pub(crate) fn block_row(&self, n_out: usize, i: usize, out: &mut [f32]) -> bool {
        let Data::Stored(window, Stored::Gguf(block, restore)) = &self.data else { return false };
        restore.row(block, window.bytes(), n_out, i, out);
        true
    }

    /// How a matrix in GGUF blocks is held in codes, if it is.
    pub(crate) fn coding(&self) -> Option<Coding> {
        match &self.data {
            Data::Stored(_, stored) => stored.coding(),
            Data::Made(_) => None,
        }
    }

    /// The weights of output `i` of `n_out`, taken apart; nothing for a matrix that is not held in codes.
    pub(crate) fn coded_row(&self, n_out: usize, i: usize, row: CodedRow<'_>) {
        if let Data::Stored(window, Stored::Gguf(block, restore)) = &self.data
            && let Some(coded) = restore.coded(block)
        {
            restore.coded_row((block, coded), window.bytes(), n_out, i, row);
        }
    }

    /// Whether rows can be had by [`block_row`](Self::block_row).
    pub(crate) fn is_blocks(&self) -> bool {
        matches!(self.data, Data::Stored(_, Stored::Gguf(..)))
    }
}

impl RawTensor<'_> {
    /// The numbers as f32: borrowed if they are, else widened (exact for f16 and bf16; i64 is rounded).
    pub fn to_f32(&self) -> Cow<'_, [f32]> {
        match &self.data {
            RawData::F32(values) => Cow::Borrowed(values),
            RawData::F16(values) => values.iter().map(|v| v.to_f32()).collect(),
            RawData::Bf16(values) => values.iter().map(|v| v.to_f32()).collect(),
            RawData::I64(values) => values.iter().map(|&v| v as f32).collect(),
        }
    }
}

impl RawData<'_> {
    /// How many numbers there are.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F16(values) => values.len(),
            Self::Bf16(values) => values.len(),
            Self::I64(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the numbers still lie in the mapped file.
    pub fn is_borrowed(&self) -> bool {
        matches!(
            self,
            Self::F32(Cow::Borrowed(_))
                | Self::F16(Cow::Borrowed(_))
                | Self::Bf16(Cow::Borrowed(_))
                | Self::I64(Cow::Borrowed(_))
        )
    }
}
