//! Phi-3 and Phi-4-mini (Abdin et al. 2024, arXiv:2404.14219; transformers' `modeling_phi3.py`).
//!
//! Llama with one matrix for queries, keys and values and one for gate and up, dropout on both
//! branches, and a rotation that may leave a part of each head as it is. Where sequences longer than
//! those of pre-training are turned otherwise, a continuation that gets there begins anew.

use std::sync::Arc;

use pellucid_kernels::AttentionShape;

use super::Built;
use super::family::{Family, names};
use crate::Tensor;
use crate::blocks::{Attention, AttentionSpec, Dropout, GatedMlp, Linear, RmsNorm, Rope, add, columns};
use crate::load::{Config, LoadError, RopeKind};
use crate::pass::{Child, Flow, Module, Node, OwnCost, Pass};
use crate::scope::Scope;

/// Builds the model.
///
/// # Errors
/// A configuration or a tensor that does not fit.
pub fn build(scope: &Scope<'_>, config: &Config) -> Result<Built, LoadError> {
    let family = Family::read(names!("Phi3"), config)?;
    let rope = config.rope()?;
    let restart = match &rope.kind {
        RopeKind::LongRope(long) => Some(long.context),
        _ => None,
    };
    let rope = Arc::new(Rope::new(config, rope, config.rotary_width(family.k, 1.0)?)?);
    let window = family.window()?;
    let built = family.build(scope, |s, layer| {
        let shape = AttentionShape { window, ..family.attention_shape() };
        Phi3DecoderLayer::load(s, &family, AttentionSpec { shape, layer, rope: Some(rope.clone()) })
    })?;
    Ok(Built { restart, ..built })
}

struct Phi3DecoderLayer {
    self_attn: Child<Phi3Attention>,
    mlp: Child<GatedMlp>,
    input_layernorm: Child<RmsNorm>,
    post_attention_layernorm: Child<RmsNorm>,
    resid_attn_dropout: Child<Dropout>,
    resid_mlp_dropout: Child<Dropout>,
}

impl Phi3DecoderLayer {
    fn load(scope: &Scope<'_>, family: &Family<'_>, spec: AttentionSpec) -> Result<Self, LoadError> {
        let (d, f, kind) = (family.d, family.f, family.names.mlp);
        let norm = |s: &Scope<'_>| family.norm(s, d);
        Ok(Phi3DecoderLayer {
            self_attn: scope.child("self_attn", |s| Phi3Attention::load(s, d, spec))?,
            mlp: scope.child("mlp", |s| GatedMlp::load_fused(s, kind, d, f, family.act()?))?,
            input_layernorm: scope.child("input_layernorm", norm)?,
            post_attention_layernorm: scope.child("post_attention_layernorm", norm)?,
            resid_attn_dropout: scope.child("resid_attn_dropout", |_| Ok(Dropout))?,
            resid_mlp_dropout: scope.child("resid_mlp_dropout", |_| Ok(Dropout))?,
        })
    }
}

impl Module for Phi3DecoderLayer {
    fn kind(&self) -> &'static str {
        "Phi3DecoderLayer"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let y = pass.call(&self.input_layernorm, x.clone())?;
        let y = pass.call(&self.self_attn, y)?;
        let y = pass.call(&self.resid_attn_dropout, y)?;
        let x = add(pass, x, &y);
        let y = pass.call(&self.post_attention_layernorm, x.clone())?;
        let y = pass.call(&self.mlp, y)?;
        let y = pass.call(&self.resid_mlp_dropout, y)?;
        Ok(add(pass, x, &y))
    }
}

struct Phi3Attention {
    qkv_proj: Child<Linear>,
    o_proj: Child<Linear>,
    attention: Attention,
}

impl Phi3Attention {
    fn load(scope: &Scope<'_>, d: usize, spec: AttentionSpec) -> Result<Self, LoadError> {
        let AttentionShape { n_heads: h, n_kv_heads: kvh, head_dim: k, .. } = spec.shape;
        scope.leave(&["rotary_emb.inv_freq"]);
        Ok(Phi3Attention {
            o_proj: scope.child("o_proj", |s| Linear::load(s, h * k, d))?,
            qkv_proj: scope.child("qkv_proj", |s| Linear::load(s, d, (h + 2 * kvh) * k))?,
            attention: Attention::new(spec),
        })
    }
}

impl Module for Phi3Attention {
    fn kind(&self) -> &'static str {
        "Phi3Attention"
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let AttentionShape { n_heads: h, n_kv_heads: kvh, head_dim: k, .. } = *self.attention.shape();
        let qkv = pass.call(&self.qkv_proj, x)?; // [t, (h + 2 * kvh) * k]
        let part = |start: usize, heads: usize| columns(&qkv, (h + 2 * kvh) * k, start * k, heads * k);
        let (q, key, v) = (part(0, h), part(h, kvh), part(h + kvh, kvh));
        let z = self.attention.run(at, pass, q, key, v)?; // [t, h * k]
        pass.call(&self.o_proj, z) // [t, d]
    }

    fn cost(&self) -> OwnCost {
        OwnCost { flops_per_pair: self.attention.flops_per_pair(), ..OwnCost::default() }
    }
}
