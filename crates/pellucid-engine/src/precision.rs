//! What numbers inside a run are rounded to.
//!
//! Kernels compute in f32. In a run of half precision every value that a module, a tap or an addition to
//! the residual stream makes is rounded at once, as PyTorch does with a model of that dtype; between
//! kernels it still lies in f32, which holds it exactly, and whoever reads a site sees the half type.

use std::borrow::Cow;

use half::{bf16, f16};
use pellucid_graph::DType;
use pellucid_kernels::{round_bf16, round_f16};

use crate::Tensor;
use crate::grad::shares;
use crate::load::{RawData, RawTensor};
use crate::ops::cast;

/// The dtype of activations, and the widest of weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Weights keep the width they have in the file, which is exact.
    #[default]
    F32,
    /// bfloat16.
    Bf16,
    /// IEEE half precision, which overflows above 65504.
    F16,
}

impl Precision {
    /// The precision of a dtype; `None` for one that no model runs in.
    pub fn of(dtype: DType) -> Option<Precision> {
        match dtype {
            DType::F32 => Some(Precision::F32),
            DType::Bf16 => Some(Precision::Bf16),
            DType::F16 => Some(Precision::F16),
            _ => None,
        }
    }

    /// The dtype of sites.
    pub fn dtype(self) -> DType {
        match self {
            Precision::F32 => DType::F32,
            Precision::Bf16 => DType::Bf16,
            Precision::F16 => DType::F16,
        }
    }

    /// Whether anything is rounded.
    pub fn is_half(self) -> bool {
        self != Precision::F32
    }

    /// A number rounded, to even.
    pub fn rounded(self, x: f32) -> f32 {
        match self {
            Precision::F32 => x,
            Precision::Bf16 => bf16::from_f32(x).to_f32(),
            Precision::F16 => f16::from_f32(x).to_f32(),
        }
    }

    /// Rounds numbers in place.
    pub fn round(self, numbers: &mut [f32]) {
        match self {
            Precision::F32 => {}
            Precision::Bf16 => round_bf16(numbers),
            Precision::F16 => round_f16(numbers),
        }
    }

    /// Rounds a value of a pass; integers stay.
    pub(crate) fn settle(self, x: &mut Tensor) {
        if self.is_half() && !x.is_meta() && x.dtype() == DType::F32 {
            self.round(x.make_mut::<f32>());
        }
    }

    /// A value of a pass as a trace sees it.
    pub(crate) fn shown(self, x: Tensor) -> Tensor {
        match x.dtype() {
            DType::F32 if self.is_half() => shares(cast(&x.detached(), self.dtype()), [&x]),
            _ => x,
        }
    }

    /// A value of a trace as a pass takes it.
    pub(crate) fn taken(x: &Tensor) -> Tensor {
        match x.dtype() {
            DType::Bf16 | DType::F16 => shares(cast(&x.detached(), DType::F32), [x]),
            _ => x.clone(),
        }
    }

    /// Weights in this precision: narrower ones than it are never widened, since kernels do that exactly.
    pub(crate) fn narrow(self, raw: RawTensor<'_>) -> RawTensor<'_> {
        let RawTensor { shape, data } = raw;
        let data = match (self, data) {
            (Precision::Bf16, RawData::F32(v)) => bf16s(v.iter().map(|x| bf16::from_f32(*x))),
            (Precision::Bf16, RawData::F16(v)) => bf16s(v.iter().map(|x| bf16::from_f32(x.to_f32()))),
            (Precision::F16, RawData::F32(v)) => f16s(v.iter().map(|x| f16::from_f32(*x))),
            (Precision::F16, RawData::Bf16(v)) => f16s(v.iter().map(|x| f16::from_f32(x.to_f32()))),
            (_, data) => data,
        };
        RawTensor { shape, data }
    }
}

fn bf16s<'a>(numbers: impl Iterator<Item = bf16>) -> RawData<'a> {
    RawData::Bf16(Cow::Owned(numbers.collect()))
}

fn f16s<'a>(numbers: impl Iterator<Item = f16>) -> RawData<'a> {
    RawData::F16(Cow::Owned(numbers.collect()))
}
