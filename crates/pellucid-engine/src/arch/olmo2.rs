//! OLMo 2 (OLMo Team 2025, arXiv:2501.00656; transformers' `modeling_olmo2.py`).
//!
//! Llama with norms after attention and MLP instead of before them, and RMSNorm over queries and keys
//! of all heads together before the rotation.

use super::Built;
use super::family::{Family, names};
use crate::Tensor;
use crate::blocks::{AttentionSpec, GatedMlp, QkNorm, RmsNorm, SelfAttention, add};
use crate::load::{Config, LoadError};
use crate::pass::{Child, Flow, Module, Node, Pass};
use crate::scope::Scope;

/// Builds the model.
///
/// # Errors
/// A configuration or a tensor that does not fit.
pub fn build(scope: &Scope<'_>, config: &Config) -> Result<Built, LoadError> {
    let family = Family::read(names!("Olmo2"), config)?;
    let rope = family.rope()?;
    family.build(scope, |s, layer| {
        let spec = AttentionSpec { shape: family.attention_shape(), layer, rope: Some(rope.clone()) };
        Olmo2DecoderLayer::load(s, &family, spec)
    })
}

struct Olmo2DecoderLayer {
    self_attn: Child<SelfAttention>,
    mlp: Child<GatedMlp>,
    post_attention_layernorm: Child<RmsNorm>,
    post_feedforward_layernorm: Child<RmsNorm>,
}

impl Olmo2DecoderLayer {
    fn load(scope: &Scope<'_>, family: &Family<'_>, spec: AttentionSpec) -> Result<Self, LoadError> {
        let norm = |s: &Scope<'_>, width| family.norm(s, width);
        let attention = |s: &Scope<'_>| family.attention(s, spec)?.with_norms(s, QkNorm::Width, norm);
        Ok(Olmo2DecoderLayer {
            self_attn: scope.child("self_attn", attention)?,
            mlp: scope.child("mlp", |s| family.mlp(s))?,
            post_attention_layernorm: scope.child("post_attention_layernorm", |s| norm(s, family.d))?,
            post_feedforward_layernorm: scope.child("post_feedforward_layernorm", |s| norm(s, family.d))?,
        })
    }
}

impl Module for Olmo2DecoderLayer {
    fn kind(&self) -> &'static str {
        "Olmo2DecoderLayer"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let y = pass.call(&self.self_attn, x.clone())?;
        let y = pass.call(&self.post_attention_layernorm, y)?;
        let x = add(pass, x, &y);
        let y = pass.call(&self.mlp, x.clone())?;
        let y = pass.call(&self.post_feedforward_layernorm, y)?;
        Ok(add(pass, x, &y))
    }
}
