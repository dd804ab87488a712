//! `y = x W^T + b`, its weights packed once for the kernel.

use std::sync::Arc;

use pellucid_graph::DType;
use pellucid_kernels::{Layout, PackedLinear, Weights};

use crate::Tensor;
use crate::load::{LoadError, RawData, RawTensor};
use crate::pass::{Flow, Module, Node, OwnCost, Pass};
use crate::scope::Scope;

/// Packed weights; a tied head and its embedding share them.
pub type Packed = Arc<PackedLinear>;

/// How a checkpoint stores a weight matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// `[n_out, n_in]`, as `torch.nn.Linear` does.
    Linear,
    /// `[n_in, n_out]`, as GPT-2's `Conv1D` does.
    Conv1D,
}

/// A linear layer over the last axis.
pub struct Linear {
    packed: Packed,
    storage: Storage,
}

impl Linear {
    /// Loads `weight` and, where the checkpoint has one, `bias` from this place.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load(scope: &Scope<'_>, n_in: usize, n_out: usize) -> Result<Linear, LoadError> {
        Linear::load_stored(scope, n_in, n_out, Storage::Linear)
    }

    /// Loads `weight` and `bias`, which the model cannot do without.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn biased(scope: &Scope<'_>, n_in: usize, n_out: usize) -> Result<Linear, LoadError> {
        scope.require(&["bias"])?;
        Linear::load(scope, n_in, n_out)
    }

    /// Loads weights stored in the given way, and a bias where the checkpoint has one.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load_stored(
        scope: &Scope<'_>,
        n_in: usize,
        n_out: usize,
        storage: Storage,
    ) -> Result<Linear, LoadError> {
        let (shape, layout) = match storage {
            Storage::Linear => ([n_out, n_in], Layout::OutIn),
            Storage::Conv1D => ([n_in, n_out], Layout::InOut),
        };
        let weight = scope.tensor("weight", &shape)?;
        let bias = match scope.has("bias") {
            true => Some(scope.f32s("bias", &[n_out])?),
            false => None,
        };
        let packed = PackedLinear::pack(weights(&weight), layout, n_out, n_in, bias.as_deref());
        Ok(Linear { packed: Arc::new(packed), storage })
    }

    /// Rows of width `n_in` to rows of width `n_out`.
    pub(super) fn rows(&self, x: &[f32]) -> Vec<f32> {
        self.packed.forward_new(x)
    }

    /// A layer over weights packed elsewhere: a head tied to its embedding.
    pub fn tied(packed: Packed) -> Linear {
        Linear { packed, storage: Storage::Linear }
    }
}

/// The checkpoint's numbers as the kernels take them.
pub(super) fn weights<'a>(raw: &'a RawTensor<'_>) -> Weights<'a> {
    match &raw.data {
        RawData::F32(v) => Weights::F32(v),
        RawData::F16(v) => Weights::F16(v),
        RawData::Bf16(v) => Weights::Bf16(v),
        RawData::I64(_) => unreachable!("`Scope::tensor` gives floating parameters only"),
    }
}

impl Module for Linear {
    fn kind(&self) -> &'static str {
        match self.storage {
            Storage::Linear => "Linear",
            Storage::Conv1D => "Conv1D",
        }
    }

    fn forward(&self, _at: &Node, _pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let mut shape = x.shape().to_vec();
        if let Some(width) = shape.last_mut() {
            *width = self.packed.n_out();
        }
        if x.is_meta() {
            return Ok(Tensor::meta(DType::F32, shape));
        }
        Ok(Tensor::new(self.packed.forward_new(x.f32s()), shape)) // [.., n_out]
    }

    fn cost(&self) -> OwnCost {
        let n = (self.packed.n_in() * self.packed.n_out()) as u64;
        OwnCost { params: n, flops_per_token: 2 * n, flops_per_pair: 0 }
    }
}
