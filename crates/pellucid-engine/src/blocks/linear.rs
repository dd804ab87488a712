//! `y = x W^T + b`.

use std::sync::Arc;

use pellucid_graph::DType;
use pellucid_kernels::Layout;

use crate::Tensor;
use crate::grad::rowwise;
use crate::load::LoadError;
use crate::parameter::Matrix;
use crate::pass::{Flow, Module, Node, OwnCost, Pass};
use crate::scope::Scope;

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
    matrix: Arc<Matrix>,
    storage: Storage,
}

impl Linear {
    /// Finds `weight` and, where the checkpoint has one, `bias` at this place.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load(scope: &Scope<'_>, n_in: usize, n_out: usize) -> Result<Linear, LoadError> {
        Linear::load_stored(scope, n_in, n_out, Storage::Linear)
    }

    /// Finds `weight` and `bias`, which the model cannot do without.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn biased(scope: &Scope<'_>, n_in: usize, n_out: usize) -> Result<Linear, LoadError> {
        scope.require(&["bias"])?;
        Linear::load(scope, n_in, n_out)
    }

    /// Finds weights stored in the given way, and a bias where the checkpoint has one.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load_stored(
        scope: &Scope<'_>,
        n_in: usize,
        n_out: usize,
        storage: Storage,
    ) -> Result<Linear, LoadError> {
        let layout = match storage {
            Storage::Linear => Layout::OutIn,
            Storage::Conv1D => Layout::InOut,
        };
        Ok(Linear { matrix: scope.matrix(layout, n_out, n_in)?, storage })
    }

    /// Rows of width `n_in` to rows of width `n_out`.
    pub(super) fn rows(&self, x: &[f32]) -> Result<Vec<f32>, LoadError> {
        self.matrix.forward(x)
    }

    /// The weights.
    pub(super) fn matrix(&self) -> &Arc<Matrix> {
        &self.matrix
    }

    /// A layer over weights found elsewhere: a head tied to its embedding.
    pub fn tied(scope: &Scope<'_>, matrix: Arc<Matrix>) -> Linear {
        scope.tied(&matrix);
        Linear { matrix, storage: Storage::Linear }
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
            *width = self.matrix.n_out();
        }
        if x.is_meta() {
            return Ok(Tensor::meta(DType::F32, shape));
        }
        let y = Tensor::new(self.rows(x.f32s())?, shape); // [.., n_out]
        Ok(rowwise(y, self.matrix.n_out(), [(&x, self.matrix.n_in())], || {
            let matrix = Arc::clone(&self.matrix);
            move |_, dy| Ok([matrix.backward(dy)?])
        }))
    }

    fn cost(&self) -> OwnCost {
        let n = (self.matrix.n_in() * self.matrix.n_out()) as u64;
        OwnCost { params: n, flops_per_token: 2 * n, flops_per_pair: 0 }
    }
}
