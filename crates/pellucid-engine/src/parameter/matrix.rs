//! Matrices as modules multiply with them: weights, and a bias where there is one.

use std::sync::Arc;

use pellucid_kernels::PackedLinear;

use super::{Lazy, Parameter, Place, Vector, Weight};
use crate::load::LoadError;

/// A matrix of `n_out` outputs and `n_in` inputs, with a bias where it has one.
#[derive(Debug)]
pub struct Matrix {
    weight: Arc<Weight>,
    bias: Option<Arc<Vector>>,
    /// The packed weights, with the bias beside them.
    joined: Lazy<Option<PackedLinear>>,
}

impl Matrix {
    /// Weights and a bias of `n_out` numbers.
    pub fn new(weight: Arc<Weight>, bias: Option<Arc<Vector>>) -> Matrix {
        Matrix { weight, bias, joined: Lazy::new() }
    }

    /// The weights.
    pub fn weight(&self) -> &Arc<Weight> {
        &self.weight
    }

    /// The number of outputs.
    pub fn n_out(&self) -> usize {
        self.weight.n_out()
    }

    /// The number of inputs.
    pub fn n_in(&self) -> usize {
        self.weight.n_in()
    }

    /// `x W^T + b`: `[m, n_in]` to `[m, n_out]`. The bits do not depend on where weights lie.
    ///
    /// # Errors
    /// [`LoadError::Io`], [`LoadError::NoWeights`].
    pub fn forward(&self, x: &[f32]) -> Result<Vec<f32>, LoadError> {
        if self.weight.place() != Place::Packed {
            return self.weight.loose(self.bias()?, x);
        }
        match self.joined.get(|| self.weight.packed(self.bias()?))? {
            Some(packed) => Ok(packed.forward_new(x)),
            None => self.weight.loose(self.bias()?, x),
        }
    }

    /// The gradient of `x` from that of [`forward`](Self::forward)'s result: `[m, n_out]` to `[m, n_in]`. Rows
    /// before the first and after the last that is not zero are not computed.
    ///
    /// # Errors
    /// [`LoadError::Io`], [`LoadError::NoWeights`].
    pub fn backward(&self, dy: &[f32]) -> Result<Vec<f32>, LoadError> {
        let (n_out, n_in) = (self.n_out(), self.n_in());
        let is_zero = |row: &[f32]| row.iter().all(|g| *g == 0.0);
        let rows = || dy.chunks_exact(n_out);
        let first = rows().take_while(|row| is_zero(row)).count();
        let last = dy.len() / n_out
            - rows().rev().take_while(|row| is_zero(row)).count().min(dy.len() / n_out - first);
        let some = self.weight.backward(&dy[first * n_out..last * n_out])?;
        if some.len() == rows().len() * n_in {
            return Ok(some);
        }
        let mut dx = vec![0.0; rows().len() * n_in]; // [m, n_in]
        dx[first * n_in..last * n_in].copy_from_slice(&some);
        Ok(dx)
    }

    /// Rows `ids` of a table, widened, into `out [ids.len(), n_in]`: weights of these outputs.
    ///
    /// # Errors
    /// [`LoadError::Io`], [`LoadError::NoWeights`].
    pub fn rows(&self, ids: &[u32], out: &mut [f32]) -> Result<(), LoadError> {
        self.weight.rows(ids, out)
    }

    fn bias(&self) -> Result<Option<&[f32]>, LoadError> {
        self.bias.as_ref().map(|bias| bias.get()).transpose()
    }
}

impl Parameter for Matrix {
    fn load(&self) -> Result<(), LoadError> {
        self.weight.load()
    }

    fn read_ahead(&self) {
        self.weight.read_ahead();
    }

    fn bytes(&self) -> u64 {
        self.bias.as_ref().map_or(0, |bias| bias.bytes()) + self.weight.bytes()
    }
}
