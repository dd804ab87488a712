//! One tensor as it lies in the checkpoint: a shape and numbers, borrowed from the file where possible.

use std::borrow::Cow;

use half::{bf16, f16};

use super::LoadError;

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

impl RawTensor<'_> {
    /// Fails with [`LoadError::WrongShape`] unless the tensor has the shape `expected`; `name` is for the message.
    pub fn expect_shape(&self, name: &str, expected: &[usize]) -> Result<(), LoadError> {
        if self.shape == expected {
            return Ok(());
        }
        Err(LoadError::WrongShape {
            name: name.to_owned(),
            expected: expected.to_vec(),
            got: self.shape.clone(),
        })
    }

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
