//! Llama (Touvron et al. 2023, arXiv:2302.13971; transformers' `modeling_llama.py`).
//!
//! Pre-norm decoder: RMSNorm, rotary attention with grouped key heads, gated SiLU MLP. Llama 3.1
//! stretches the rotary frequencies; small models tie head and embedding.

use std::sync::Arc;

use pellucid_kernels::AttentionShape;

use super::Built;
use crate::Tensor;
use crate::blocks::{
    Act, Attention, AttentionSpec, CausalLm, Decoder, Embedding, GatedMlp, Linear, RmsNorm, Rope, add,
};
use crate::load::{Config, LoadError};
use crate::pass::{Child, Flow, Module, Node, OwnCost, Pass};
use crate::scope::Scope;

/// Builds the model.
///
/// # Errors
/// A configuration or a tensor that does not fit.
pub fn build(scope: &Scope<'_>, config: &Config) -> Result<Built, LoadError> {
    let hp = Hyperparameters::read(config)?;
    let root = scope.child("", |s| causal_lm(s, config, &hp))?;
    Ok(Built {
        root: root.erased(),
        n_ctx: config.usize("max_position_embeddings")?,
        vocab_size: hp.v,
        n_layers: hp.l,
    })
}

struct Hyperparameters {
    d: usize,
    h: usize,
    kvh: usize,
    k: usize,
    f: usize,
    v: usize,
    l: usize,
    eps: f64,
    tied: bool,
    rope: Arc<Rope>,
}

impl Hyperparameters {
    fn read(config: &Config) -> Result<Self, LoadError> {
        let (d, h) = (config.usize("hidden_size")?, config.usize("num_attention_heads")?);
        let k = config.usize_or("head_dim", d / h.max(1))?;
        Ok(Hyperparameters {
            d,
            h,
            kvh: config.usize_or("num_key_value_heads", h)?,
            k,
            f: config.usize("intermediate_size")?,
            v: config.usize("vocab_size")?,
            l: config.usize("num_hidden_layers")?,
            eps: config.f64_or("rms_norm_eps", 1e-6)?,
            tied: config.bool_or("tie_word_embeddings", false)?,
            rope: Arc::new(Rope::new(&config.rope()?, k)),
        })
    }
}

fn causal_lm(
    scope: &Scope<'_>,
    config: &Config,
    hp: &Hyperparameters,
) -> Result<CausalLm<Decoder<LlamaDecoderLayer>>, LoadError> {
    let model = scope.child("model", |s| decoder(s, config, hp))?;
    let tied = model.tied();
    CausalLm::load(scope, "LlamaForCausalLM", model, tied, [hp.d, hp.v])
}

fn decoder(
    scope: &Scope<'_>,
    config: &Config,
    hp: &Hyperparameters,
) -> Result<Decoder<LlamaDecoderLayer>, LoadError> {
    let embedding = if hp.tied { Embedding::load_tied } else { Embedding::load };
    Ok(Decoder::new(
        "LlamaModel",
        scope.child("embed_tokens", |s| embedding(s, hp.v, hp.d))?,
        scope.list("layers", hp.l, |s, i| LlamaDecoderLayer::load(s, config, hp, i))?,
        scope.child("norm", |s| rms_norm(s, hp))?,
    ))
}

fn rms_norm(scope: &Scope<'_>, hp: &Hyperparameters) -> Result<RmsNorm, LoadError> {
    RmsNorm::load(scope, "LlamaRMSNorm", hp.d, hp.eps)
}

struct LlamaDecoderLayer {
    self_attn: Child<LlamaAttention>,
    mlp: Child<GatedMlp>,
    input_layernorm: Child<RmsNorm>,
    post_attention_layernorm: Child<RmsNorm>,
}

impl LlamaDecoderLayer {
    fn load(
        scope: &Scope<'_>,
        config: &Config,
        hp: &Hyperparameters,
        layer: usize,
    ) -> Result<Self, LoadError> {
        let act = Act::from_config(config, "hidden_act")?;
        Ok(LlamaDecoderLayer {
            self_attn: scope.child("self_attn", |s| LlamaAttention::load(s, hp, layer))?,
            mlp: scope.child("mlp", |s| GatedMlp::load(s, "LlamaMLP", hp.d, hp.f, act))?,
            input_layernorm: scope.child("input_layernorm", |s| rms_norm(s, hp))?,
            post_attention_layernorm: scope.child("post_attention_layernorm", |s| rms_norm(s, hp))?,
        })
    }
}

impl Module for LlamaDecoderLayer {
    fn kind(&self) -> &'static str {
        "LlamaDecoderLayer"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let y = pass.call(&self.input_layernorm, x.clone())?;
        let y = pass.call(&self.self_attn, y)?;
        let x = add(x, &y);
        let y = pass.call(&self.post_attention_layernorm, x.clone())?;
        let y = pass.call(&self.mlp, y)?;
        Ok(add(x, &y))
    }
}

struct LlamaAttention {
    q_proj: Child<Linear>,
    k_proj: Child<Linear>,
    v_proj: Child<Linear>,
    o_proj: Child<Linear>,
    attention: Attention,
}

impl LlamaAttention {
    fn load(scope: &Scope<'_>, hp: &Hyperparameters, layer: usize) -> Result<Self, LoadError> {
        let shape = AttentionShape {
            n_heads: hp.h,
            n_kv_heads: hp.kvh,
            head_dim: hp.k,
            scale: (hp.k as f32).powf(-0.5),
            softcap: None,
            window: None,
            causal: true,
        };
        Ok(LlamaAttention {
            q_proj: scope.child("q_proj", |s| Linear::load(s, hp.d, hp.h * hp.k))?,
            k_proj: scope.child("k_proj", |s| Linear::load(s, hp.d, hp.kvh * hp.k))?,
            v_proj: scope.child("v_proj", |s| Linear::load(s, hp.d, hp.kvh * hp.k))?,
            o_proj: scope.child("o_proj", |s| Linear::load(s, hp.h * hp.k, hp.d))?,
            attention: Attention::new(AttentionSpec { shape, layer, rope: Some(hp.rope.clone()) }),
        })
    }
}

impl Module for LlamaAttention {
    fn kind(&self) -> &'static str {
        "LlamaAttention"
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let q = pass.call(&self.q_proj, x.clone())?; // [t, h * k]
        let k = pass.call(&self.k_proj, x.clone())?; // [t, kvh * k]
        let v = pass.call(&self.v_proj, x)?; // [t, kvh * k]
        let z = self.attention.run(at, pass, q, k, v)?; // [t, h * k]
        pass.call(&self.o_proj, z) // [t, d]
    }

    fn cost(&self) -> OwnCost {
        OwnCost { flops_per_pair: self.attention.flops_per_pair(), ..OwnCost::default() }
    }
}
