//! Normalization of the last axis.

use std::sync::Arc;

use pellucid_kernels::{layer_norm, layer_norm_backward, rms_norm, rms_norm_backward};

use crate::Tensor;
use crate::grad::{Kept, rowwise};
use crate::load::LoadError;
use crate::parameter::Vector;
use crate::pass::{Flow, Module, Node, OwnCost, Pass};
use crate::scope::Scope;

/// LayerNorm (Ba et al. 2016, arXiv:1607.06450).
pub struct LayerNorm {
    weight: Arc<Vector>,
    bias: Arc<Vector>,
    d: usize,
    eps: f32,
}

impl LayerNorm {
    /// Finds `weight` and `bias` of width `d`, which old files call `gamma` and `beta`.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load(scope: &Scope<'_>, d: usize, eps: f64) -> Result<LayerNorm, LoadError> {
        let [weight, bias] = if scope.has("gamma") { ["gamma", "beta"] } else { ["weight", "bias"] };
        let (weight, bias) = (scope.vector(weight, d)?, scope.vector(bias, d)?);
        Ok(LayerNorm { weight, bias, d, eps: eps as f32 })
    }
}

impl Module for LayerNorm {
    fn kind(&self) -> &'static str {
        "LayerNorm"
    }

    fn forward(&self, _at: &Node, _pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let (d, eps) = (self.d, self.eps);
        let y = map_rows(&x, |x, out| {
            layer_norm(x, self.weight.get()?, Some(self.bias.get()?), eps, d, out);
            Ok(())
        })?;
        Ok(rowwise(y, d, [(&x, d)], || {
            let (x, weight) = (Kept::new(&x, d), self.weight.clone());
            move |rows, dy| {
                let mut dx = vec![0.0; dy.len()];
                layer_norm_backward(x.rows(&rows), weight.get()?, eps, d, dy, &mut dx);
                Ok([dx])
            }
        }))
    }

    fn cost(&self) -> OwnCost {
        OwnCost { params: 2 * self.d as u64, ..OwnCost::default() }
    }
}

/// RMSNorm (Zhang and Sennrich 2019, arXiv:1910.07467).
pub struct RmsNorm {
    kind: &'static str,
    weight: Arc<Vector>,
    d: usize,
    unit_offset: bool,
    eps: f32,
}

impl RmsNorm {
    /// Finds `weight` of width `d`; `kind` is the class name transformers uses.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load(scope: &Scope<'_>, kind: &'static str, d: usize, eps: f64) -> Result<RmsNorm, LoadError> {
        let weight = scope.vector("weight", d)?;
        Ok(RmsNorm { kind, weight, d, unit_offset: false, eps: eps as f32 })
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

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let (d, eps, unit_offset) = (self.d, self.eps, self.unit_offset);
        let y = map_rows(&x, |x, out| {
            let weight = self.weight.get()?;
            if !pass.is_stepwise() || self.unit_offset {
                rms_norm(x, weight, self.unit_offset, self.eps, self.d, out);
                return Ok(());
            }
            // transformers rounds before it multiplies by the weight, except in Gemma.
            rms_norm(x, &vec![1.0; self.d], false, self.eps, self.d, out);
            pass.precision().round(out);
            for row in out.chunks_exact_mut(self.d) {
                row.iter_mut().zip(weight).for_each(|(x, w)| *x *= w);
            }
            Ok(())
        })?;
        Ok(rowwise(y, d, [(&x, d)], || {
            let (x, weight) = (Kept::new(&x, d), self.weight.clone());
            move |rows, dy| {
                let mut dx = vec![0.0; dy.len()];
                rms_norm_backward(x.rows(&rows), weight.get()?, unit_offset, eps, d, dy, &mut dx);
                Ok([dx])
            }
        }))
    }

    fn cost(&self) -> OwnCost {
        OwnCost { params: self.d as u64, ..OwnCost::default() }
    }
}

/// A kernel that keeps the shape.
pub(super) fn map_rows(
    x: &Tensor,
    kernel: impl FnOnce(&[f32], &mut [f32]) -> Result<(), LoadError>,
) -> Flow<Tensor> {
    if x.is_meta() {
        return Ok(x.clone());
    }
    let mut out = vec![0.0; x.numel()];
    kernel(x.f32s(), &mut out)?;
    Ok(Tensor::new(out, x.shape()))
}
