//! GPT-NeoX and Pythia (Black et al. 2022, arXiv:2204.06745; transformers' `modeling_gpt_neox.py`).
//!
//! Decoder with LayerNorm whose attention and MLP both read the layer's input and are added together,
//! or follow each other where `use_parallel_residual` is false. One matrix gives query, key and value
//! of a head after those of the head before; a quarter of each head is turned. The head's weights are
//! stored as `embed_out`.

use std::sync::Arc;

use pellucid_kernels::AttentionShape;

use super::Built;
use crate::Tensor;
use crate::blocks::{
    Act, Attention, AttentionSpec, CausalLm, Dropout, Embedding, LayerNorm, Linear, PlainMlp, Rope, add,
    columns,
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
    let n_ctx = config.usize("max_position_embeddings")?;
    Ok(Built::causal(root.erased(), n_ctx, hp.v, hp.l))
}

struct Hyperparameters {
    d: usize,
    h: usize,
    k: usize,
    f: usize,
    v: usize,
    l: usize,
    eps: f64,
    tied: bool,
    parallel: bool,
    attention_bias: bool,
    rope: Arc<Rope>,
}

impl Hyperparameters {
    fn read(config: &Config) -> Result<Self, LoadError> {
        let (d, h) = (config.usize("hidden_size")?, config.usize("num_attention_heads")?);
        let k = d / h.max(1);
        Ok(Hyperparameters {
            d,
            h,
            k,
            f: config.usize("intermediate_size")?,
            v: config.usize("vocab_size")?,
            l: config.usize("num_hidden_layers")?,
            eps: config.f64_or("layer_norm_eps", 1e-5)?,
            tied: config.bool_or("tie_word_embeddings", false)?,
            parallel: config.bool_or("use_parallel_residual", true)?,
            attention_bias: config.bool_or("attention_bias", true)?,
            rope: Arc::new(Rope::new(config, config.rope()?, config.rotary_width(k, 0.25)?)?),
        })
    }

    fn norm(&self, scope: &Scope<'_>) -> Result<LayerNorm, LoadError> {
        LayerNorm::load(scope, self.d, self.eps)
    }
}

fn causal_lm(
    scope: &Scope<'_>,
    config: &Config,
    hp: &Hyperparameters,
) -> Result<CausalLm<GptNeoXModel>, LoadError> {
    let model = scope.child("gpt_neox", |s| GptNeoXModel::load(s, config, hp))?;
    let tied = model.embed_in.shared();
    CausalLm::load_stored(scope, "embed_out", "GPTNeoXForCausalLM", model, tied, [hp.d, hp.v])
}

struct GptNeoXModel {
    embed_in: Child<Embedding>,
    emb_dropout: Child<Dropout>,
    layers: Vec<Child<GptNeoXLayer>>,
    final_layer_norm: Child<LayerNorm>,
}

impl GptNeoXModel {
    fn load(scope: &Scope<'_>, config: &Config, hp: &Hyperparameters) -> Result<Self, LoadError> {
        let embedding = if hp.tied { Embedding::load_tied } else { Embedding::load };
        Ok(GptNeoXModel {
            embed_in: scope.child("embed_in", |s| embedding(s, hp.v, hp.d))?,
            emb_dropout: scope.child("emb_dropout", |_| Ok(Dropout))?,
            layers: scope.list("layers", hp.l, |s, i| GptNeoXLayer::load(s, config, hp, i))?,
            final_layer_norm: scope.child("final_layer_norm", |s| hp.norm(s))?,
        })
    }
}

impl Module for GptNeoXModel {
    fn kind(&self) -> &'static str {
        "GPTNeoXModel"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, ids: Tensor) -> Flow<Tensor> {
        let x = pass.call(&self.embed_in, ids)?; // [t, d]
        let x = pass.call(&self.emb_dropout, x)?;
        let x = pass.layers(&self.layers, x)?;
        pass.call(&self.final_layer_norm, x)
    }
}

struct GptNeoXLayer {
    input_layernorm: Child<LayerNorm>,
    post_attention_layernorm: Child<LayerNorm>,
    post_attention_dropout: Child<Dropout>,
    post_mlp_dropout: Child<Dropout>,
    attention: Child<GptNeoXAttention>,
    mlp: Child<PlainMlp>,
    parallel: bool,
}

impl GptNeoXLayer {
    fn load(
        scope: &Scope<'_>,
        config: &Config,
        hp: &Hyperparameters,
        layer: usize,
    ) -> Result<Self, LoadError> {
        Ok(GptNeoXLayer {
            input_layernorm: scope.child("input_layernorm", |s| hp.norm(s))?,
            post_attention_layernorm: scope.child("post_attention_layernorm", |s| hp.norm(s))?,
            post_attention_dropout: scope.child("post_attention_dropout", |_| Ok(Dropout))?,
            post_mlp_dropout: scope.child("post_mlp_dropout", |_| Ok(Dropout))?,
            attention: scope.child("attention", |s| GptNeoXAttention::load(s, hp, layer))?,
            mlp: scope.child("mlp", |s| mlp(s, config, hp))?,
            parallel: hp.parallel,
        })
    }
}

impl Module for GptNeoXLayer {
    fn kind(&self) -> &'static str {
        "GPTNeoXLayer"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let y = pass.call(&self.input_layernorm, x.clone())?;
        let y = pass.call(&self.attention, y)?;
        let attended = pass.call(&self.post_attention_dropout, y)?;
        let read = if self.parallel { x.clone() } else { add(pass, x.clone(), &attended) };
        let y = pass.call(&self.post_attention_layernorm, read.clone())?;
        let y = pass.call(&self.mlp, y)?;
        let y = pass.call(&self.post_mlp_dropout, y)?;
        Ok(match self.parallel {
            true => add(pass, add(pass, y, &attended), &x),
            false => add(pass, y, &read),
        })
    }
}

fn mlp(scope: &Scope<'_>, config: &Config, hp: &Hyperparameters) -> Result<PlainMlp, LoadError> {
    let act = Act::from_config(config, "hidden_act")?;
    let fc = scope.child("dense_h_to_4h", |s| Linear::biased(s, hp.d, hp.f))?;
    let proj = scope.child("dense_4h_to_h", |s| Linear::biased(s, hp.f, hp.d))?;
    let act = scope.child("act", |_| Ok(act))?;
    Ok(PlainMlp::new("GPTNeoXMLP", fc, act, proj))
}

struct GptNeoXAttention {
    query_key_value: Child<Linear>,
    dense: Child<Linear>,
    attention: Attention,
}

impl GptNeoXAttention {
    fn load(scope: &Scope<'_>, hp: &Hyperparameters, layer: usize) -> Result<Self, LoadError> {
        let shape = AttentionShape {
            n_heads: hp.h,
            n_kv_heads: hp.h,
            head_dim: hp.k,
            scale: (hp.k as f32).powf(-0.5),
            softcap: None,
            window: None,
            causal: true,
        };
        // Masks and frequencies that old versions saved.
        scope.leave(&["bias", "masked_bias", "rotary_emb.inv_freq"]);
        if hp.attention_bias {
            scope.require(&["query_key_value.bias", "dense.bias"])?;
        }
        Ok(GptNeoXAttention {
            query_key_value: scope.child("query_key_value", |s| Linear::load(s, hp.d, 3 * hp.d))?,
            dense: scope.child("dense", |s| Linear::load(s, hp.d, hp.d))?,
            attention: Attention::new(AttentionSpec { shape, layer, rope: Some(hp.rope.clone()) }),
        })
    }
}

impl Module for GptNeoXAttention {
    fn kind(&self) -> &'static str {
        "GPTNeoXAttention"
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let k = self.attention.shape().head_dim;
        let qkv = pass.call(&self.query_key_value, x)?; // [t, h * 3 * k]
        let [q, key, v] = [0, 1, 2].map(|i| columns(&qkv, 3 * k, i * k, k)); // [t, h * k]
        let z = self.attention.run(at, pass, q, key, v)?;
        pass.call(&self.dense, z) // [t, d]
    }

    fn cost(&self) -> OwnCost {
        OwnCost { flops_per_pair: self.attention.flops_per_pair(), ..OwnCost::default() }
    }
}
