//! Attention of the Llama family: four matrices, and norms of queries and keys where the model has
//! them.

use super::{Attention, AttentionSpec, Linear, RmsNorm};
use crate::Tensor;
use crate::batch::Layout;
use crate::load::LoadError;
use crate::pass::{Child, Flow, Module, Node, OwnCost, Pass};
use crate::scope::Scope;

/// `q_proj`, `k_proj`, `v_proj`, `o_proj` around attention.
pub struct SelfAttention {
    kind: &'static str,
    q_proj: Child<Linear>,
    k_proj: Child<Linear>,
    v_proj: Child<Linear>,
    o_proj: Child<Linear>,
    norms: Option<Norms>,
    attention: Attention,
}

struct Norms {
    q_norm: Child<RmsNorm>,
    k_norm: Child<RmsNorm>,
    over: QkNorm,
}

/// What queries and keys are normalized over, and how transformers shows that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QkNorm {
    /// All heads together: `[b, s, h * k]` (OLMo 2).
    Width,
    /// Each head: `[b, s, h, k]` (Qwen 3).
    Head,
    /// Each head, heads before tokens: `[b, h, s, k]` (Gemma 3).
    HeadFirst,
}

impl SelfAttention {
    /// Loads the four matrices for hidden states of width `d`.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load(
        scope: &Scope<'_>,
        kind: &'static str,
        d: usize,
        spec: AttentionSpec,
    ) -> Result<SelfAttention, LoadError> {
        let shape = &spec.shape;
        let (q, kv) = (shape.n_heads * shape.head_dim, shape.n_kv_heads * shape.head_dim);
        scope.leave(&["rotary_emb.inv_freq"]);
        Ok(SelfAttention {
            kind,
            q_proj: scope.child("q_proj", |s| Linear::load(s, d, q))?,
            k_proj: scope.child("k_proj", |s| Linear::load(s, d, kv))?,
            v_proj: scope.child("v_proj", |s| Linear::load(s, d, kv))?,
            o_proj: scope.child("o_proj", |s| Linear::load(s, q, d))?,
            norms: None,
            attention: Attention::new(spec),
        })
    }

    /// Adds `q_norm` and `k_norm`, made by `norm` for a width.
    ///
    /// # Errors
    /// What `norm` returns.
    pub fn with_norms(
        self,
        scope: &Scope<'_>,
        over: QkNorm,
        norm: impl Fn(&Scope<'_>, usize) -> Result<RmsNorm, LoadError>,
    ) -> Result<SelfAttention, LoadError> {
        let shape = self.attention.shape();
        let width =
            |heads: usize| if over == QkNorm::Width { heads * shape.head_dim } else { shape.head_dim };
        let (q, k) = (width(shape.n_heads), width(shape.n_kv_heads));
        let q_norm = scope.child("q_norm", |s| norm(s, q))?;
        let k_norm = scope.child("k_norm", |s| norm(s, k))?;
        Ok(SelfAttention { norms: Some(Norms { q_norm, k_norm, over }), ..self })
    }

    fn normalize(&self, pass: &mut Pass<'_>, q: Tensor, k: Tensor) -> Flow<(Tensor, Tensor)> {
        let Some(norms) = &self.norms else { return Ok((q, k)) };
        let shape = *self.attention.shape();
        let mut normed = |norm: &Child<RmsNorm>, x: Tensor, heads: usize| {
            let flat = x.shape().to_vec();
            let split = [flat[0], heads, shape.head_dim];
            let y = match norms.over {
                QkNorm::Width => pass.call(norm, x)?,
                QkNorm::Head => pass.call(norm, x.reshaped(split))?,
                QkNorm::HeadFirst => pass.call_as(Layout::Heads, norm, x.reshaped(split))?,
            };
            Flow::Ok(y.reshaped(flat))
        };
        Ok((normed(&norms.q_norm, q, shape.n_heads)?, normed(&norms.k_norm, k, shape.n_kv_heads)?))
    }
}

impl Module for SelfAttention {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let q = pass.call(&self.q_proj, x.clone())?; // [t, h * k]
        let k = pass.call(&self.k_proj, x.clone())?; // [t, kvh * k]
        let v = pass.call(&self.v_proj, x)?; // [t, kvh * k]
        let (q, k) = self.normalize(pass, q, k)?;
        let z = self.attention.run(at, pass, q, k, v)?; // [t, h * k]
        pass.call(&self.o_proj, z) // [t, d]
    }

    fn cost(&self) -> OwnCost {
        OwnCost { flops_per_pair: self.attention.flops_per_pair(), ..OwnCost::default() }
    }
}
