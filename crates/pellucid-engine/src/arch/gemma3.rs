//! Gemma 3, text only (Gemma Team 2025, arXiv:2503.19786; transformers' `modeling_gemma3.py`).
//!
//! A decoder with four RMSNorms a layer, each scaling by `1 + weight`; queries and keys normalized
//! per head; most layers see a sliding window and turn by a smaller base; embeddings scaled by the
//! square root of the width; GELU-gated MLP; tied head.

use std::sync::Arc;

use pellucid_kernels::AttentionShape;

use super::Built;
use crate::Tensor;
use crate::batch::Layout;
use crate::blocks::{
    Act, Attention, AttentionSpec, CausalLm, Decoder, Embedding, GatedMlp, Linear, RmsNorm, Rope, add,
};
use crate::load::{Config, LoadError};
use crate::pass::{Child, Flow, Module, Node, OwnCost, Pass};
use crate::scope::Scope;

const SLIDING: &str = "sliding_attention";

/// Builds the model.
///
/// # Errors
/// A configuration or a tensor that does not fit.
pub fn build(scope: &Scope<'_>, config: &Config) -> Result<Built, LoadError> {
    let hp = Hyperparameters::read(config)?;
    if config.opt_f64("final_logit_softcapping")?.is_some() {
        return Err(config.invalid("final_logit_softcapping", "null for gemma3_text"));
    }
    let root = scope.child("", |s| causal_lm(s, config, &hp))?;
    Ok(Built {
        root: root.erased(),
        n_ctx: config.usize("max_position_embeddings")?,
        vocab_size: hp.v,
        n_layers: hp.sliding.len(),
    })
}

struct Hyperparameters {
    d: usize,
    h: usize,
    kvh: usize,
    k: usize,
    f: usize,
    v: usize,
    eps: f64,
    scale: f32,
    softcap: Option<f32>,
    window: usize,
    tied: bool,
    /// For each layer, whether it sees a window only.
    sliding: Vec<bool>,
    full_rope: Arc<Rope>,
    local_rope: Arc<Rope>,
}

impl Hyperparameters {
    fn read(config: &Config) -> Result<Self, LoadError> {
        let k = config.usize("head_dim")?;
        Ok(Hyperparameters {
            d: config.usize("hidden_size")?,
            h: config.usize("num_attention_heads")?,
            kvh: config.usize("num_key_value_heads")?,
            k,
            f: config.usize("intermediate_size")?,
            v: config.usize("vocab_size")?,
            eps: config.f64_or("rms_norm_eps", 1e-6)?,
            scale: (config.f64("query_pre_attn_scalar")? as f32).powf(-0.5),
            softcap: config.opt_f64("attn_logit_softcapping")?.map(|c| c as f32),
            window: config.usize("sliding_window")?,
            tied: config.bool_or("tie_word_embeddings", true)?,
            sliding: sliding_layers(config)?,
            full_rope: Arc::new(Rope::new(&config.rope()?, k)),
            local_rope: Arc::new(Rope::new(&config.rope_for(SLIDING)?, k)),
        })
    }

    fn attention(&self, layer: usize) -> AttentionSpec {
        let sliding = self.sliding[layer];
        let shape = AttentionShape {
            n_heads: self.h,
            n_kv_heads: self.kvh,
            head_dim: self.k,
            scale: self.scale,
            softcap: self.softcap,
            window: sliding.then_some(self.window),
            causal: true,
        };
        let rope = if sliding { &self.local_rope } else { &self.full_rope };
        AttentionSpec { shape, layer, rope: Some(rope.clone()) }
    }

    fn norm(&self, scope: &Scope<'_>, width: usize) -> Result<RmsNorm, LoadError> {
        Ok(RmsNorm::load(scope, "Gemma3RMSNorm", width, self.eps)?.with_unit_offset())
    }
}

/// `layer_types` where the file has it, else every sixth layer sees everything.
fn sliding_layers(config: &Config) -> Result<Vec<bool>, LoadError> {
    let n = config.usize("num_hidden_layers")?;
    let Some(types) = config.opt_strs("layer_types")? else {
        let pattern = config.usize_or("sliding_window_pattern", 6)?.max(1);
        return Ok((0..n).map(|i| (i + 1) % pattern != 0).collect());
    };
    match types.len() == n {
        true => Ok(types.iter().map(|t| *t == SLIDING).collect()),
        false => Err(config.invalid("layer_types", format!("{n} entries, one for each layer"))),
    }
}

fn causal_lm(
    scope: &Scope<'_>,
    config: &Config,
    hp: &Hyperparameters,
) -> Result<CausalLm<Decoder<Gemma3DecoderLayer>>, LoadError> {
    let model = scope.child("model", |s| decoder(s, config, hp))?;
    let tied = model.tied();
    CausalLm::load(scope, "Gemma3ForCausalLM", model, tied, [hp.d, hp.v])
}

fn decoder(
    scope: &Scope<'_>,
    config: &Config,
    hp: &Hyperparameters,
) -> Result<Decoder<Gemma3DecoderLayer>, LoadError> {
    let embedding = |s: &Scope<'_>| {
        let load = if hp.tied { Embedding::load_tied } else { Embedding::load };
        Ok(load(s, hp.v, hp.d)?.scaled("Gemma3TextScaledWordEmbedding", (hp.d as f32).sqrt()))
    };
    Ok(Decoder::new(
        "Gemma3TextModel",
        scope.child("embed_tokens", embedding)?,
        scope.list("layers", hp.sliding.len(), |s, i| Gemma3DecoderLayer::load(s, config, hp, i))?,
        scope.child("norm", |s| hp.norm(s, hp.d))?,
    ))
}

struct Gemma3DecoderLayer {
    self_attn: Child<Gemma3Attention>,
    mlp: Child<GatedMlp>,
    input_layernorm: Child<RmsNorm>,
    post_attention_layernorm: Child<RmsNorm>,
    pre_feedforward_layernorm: Child<RmsNorm>,
    post_feedforward_layernorm: Child<RmsNorm>,
}

impl Gemma3DecoderLayer {
    fn load(
        scope: &Scope<'_>,
        config: &Config,
        hp: &Hyperparameters,
        layer: usize,
    ) -> Result<Self, LoadError> {
        let act = Act::from_config(config, "hidden_activation")?;
        let norm = |s: &Scope<'_>| hp.norm(s, hp.d);
        Ok(Gemma3DecoderLayer {
            self_attn: scope.child("self_attn", |s| Gemma3Attention::load(s, hp, layer))?,
            mlp: scope.child("mlp", |s| GatedMlp::load(s, "Gemma3MLP", hp.d, hp.f, act))?,
            input_layernorm: scope.child("input_layernorm", norm)?,
            post_attention_layernorm: scope.child("post_attention_layernorm", norm)?,
            pre_feedforward_layernorm: scope.child("pre_feedforward_layernorm", norm)?,
            post_feedforward_layernorm: scope.child("post_feedforward_layernorm", norm)?,
        })
    }
}

impl Module for Gemma3DecoderLayer {
    fn kind(&self) -> &'static str {
        "Gemma3DecoderLayer"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let y = pass.call(&self.input_layernorm, x.clone())?;
        let y = pass.call(&self.self_attn, y)?;
        let y = pass.call(&self.post_attention_layernorm, y)?;
        let x = add(x, &y);
        let y = pass.call(&self.pre_feedforward_layernorm, x.clone())?;
        let y = pass.call(&self.mlp, y)?;
        let y = pass.call(&self.post_feedforward_layernorm, y)?;
        Ok(add(x, &y))
    }
}

struct Gemma3Attention {
    q_proj: Child<Linear>,
    k_proj: Child<Linear>,
    v_proj: Child<Linear>,
    o_proj: Child<Linear>,
    q_norm: Child<RmsNorm>,
    k_norm: Child<RmsNorm>,
    attention: Attention,
    heads: [usize; 3],
}

impl Gemma3Attention {
    fn load(scope: &Scope<'_>, hp: &Hyperparameters, layer: usize) -> Result<Self, LoadError> {
        Ok(Gemma3Attention {
            q_proj: scope.child("q_proj", |s| Linear::load(s, hp.d, hp.h * hp.k))?,
            k_proj: scope.child("k_proj", |s| Linear::load(s, hp.d, hp.kvh * hp.k))?,
            v_proj: scope.child("v_proj", |s| Linear::load(s, hp.d, hp.kvh * hp.k))?,
            o_proj: scope.child("o_proj", |s| Linear::load(s, hp.h * hp.k, hp.d))?,
            q_norm: scope.child("q_norm", |s| hp.norm(s, hp.k))?,
            k_norm: scope.child("k_norm", |s| hp.norm(s, hp.k))?,
            attention: Attention::new(hp.attention(layer)),
            heads: [hp.h, hp.kvh, hp.k],
        })
    }
}

impl Module for Gemma3Attention {
    fn kind(&self) -> &'static str {
        "Gemma3Attention"
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let [h, kvh, k] = self.heads;
        let t = pass.batch().tokens();
        let q = pass.call(&self.q_proj, x.clone())?.reshaped([t, h, k]);
        let key = pass.call(&self.k_proj, x.clone())?.reshaped([t, kvh, k]);
        let v = pass.call(&self.v_proj, x)?; // [t, kvh * k]
        let q = pass.call_as(Layout::Heads, &self.q_norm, q)?.reshaped([t, h * k]);
        let key = pass.call_as(Layout::Heads, &self.k_norm, key)?.reshaped([t, kvh * k]);
        let z = self.attention.run(at, pass, q, key, v)?; // [t, h * k]
        pass.call(&self.o_proj, z) // [t, d]
    }

    fn cost(&self) -> OwnCost {
        OwnCost { flops_per_pair: self.attention.flops_per_pair(), ..OwnCost::default() }
    }
}
