//! Normalization of the last axis.

use pellucid_kernels::{layer_norm, rms_norm};

use crate::Tensor;
use crate::load::LoadError;
use crate::pass::{Flow, Module, Node, OwnCost, Pass};
use crate::scope::Scope;

/// LayerNorm (Ba et al. 2016, arXiv:1607.06450).
pub struct LayerNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    eps: f32,
}

impl LayerNorm {
    /// Loads `weight` and `bias` of width `d`, which old files call `gamma` and `beta`.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load(scope: &Scope<'_>, d: usize, eps: f64) -> Result<LayerNorm, LoadError> {
        let [weight, bias] = if scope.has("gamma") { ["gamma", "beta"] } else { ["weight", "bias"] };
        let (weight, bias) = (scope.f32s(weight, &[d])?, scope.f32s(bias, &[d])?);
        Ok(LayerNorm { weight, bias, eps: eps as f32 })
    }
}

impl Module for LayerNorm {
    fn kind(&self) -> &'static str {
        "LayerNorm"
    }

    fn forward(&self, _at: &Node, _pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let d = self.weight.len();
        Ok(map_rows(x, |x, out| layer_norm(x, &self.weight, Some(&self.bias), self.eps, d, out)))
    }

    fn cost(&self) -> OwnCost {
        OwnCost { params: 2 * self.weight.len() as u64, ..OwnCost::default() }
    }
}

/// RMSNorm (Zhang and Sennrich 2019, arXiv:1910.07467).
pub struct RmsNorm {
    kind: &'static str,
    weight: Vec<f32>,
    unit_offset: bool,
    eps: f32,
}

impl RmsNorm {
    /// Loads `weight` of width `d`; `kind` is the class name transformers uses.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load(scope: &Scope<'_>, kind: &'static str, d: usize, eps: f64) -> Result<RmsNorm, LoadError> {
        Ok(RmsNorm { kind, weight: scope.f32s("weight", &[d])?, unit_offset: false, eps: eps as f32 })
    }

    /// Scales by `1 + weight`, as Gemma does.
    pub fn with_unit_offset(self) -> RmsNorm {
        RmsNorm { unit_offset: true, ..self }
    }
}

impl Module for RmsNorm {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn forward(&self, _at: &Node, _pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let d = self.weight.len();
        Ok(map_rows(x, |x, out| rms_norm(x, &self.weight, self.unit_offset, self.eps, d, out)))
    }

    fn cost(&self) -> OwnCost {
        OwnCost { params: self.weight.len() as u64, ..OwnCost::default() }
    }
}

/// A kernel that keeps the shape.
pub(super) fn map_rows(x: Tensor, kernel: impl FnOnce(&[f32], &mut [f32])) -> Tensor {
    if x.is_meta() {
        return x;
    }
    let mut out = vec![0.0; x.numel()];
    kernel(x.f32s(), &mut out);
    Tensor::new(out, x.shape())
}
