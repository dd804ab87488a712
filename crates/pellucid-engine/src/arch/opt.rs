//! OPT (Zhang et al. 2022, arXiv:2205.01068; transformers' `modeling_opt.py`).
//!
//! Pre-norm decoder with LayerNorm, biases everywhere and ReLU. Learned positions are counted from the
//! third row of their table. The MLP's matrices are children of the layer itself, and so are its taps.
//! The 350M model has its norms after attention and MLP, no last norm, and an embedding narrower than
//! its layers.

use pellucid_kernels::AttentionShape;

use super::Built;
use crate::Tensor;
use crate::blocks::{Act, Attention, AttentionSpec, CausalLm, Embedding, LayerNorm, Linear, PlainMlp, add};
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
    Ok(Built::causal(root.erased(), hp.n_ctx, hp.v, hp.l))
}

struct Hyperparameters {
    d: usize,
    /// Width of the embedding.
    narrow: usize,
    h: usize,
    f: usize,
    v: usize,
    l: usize,
    n_ctx: usize,
    tied: bool,
    biased: bool,
    norm_before: bool,
    last_norm: bool,
}

impl Hyperparameters {
    fn read(config: &Config) -> Result<Self, LoadError> {
        if !config.bool_or("layer_norm_elementwise_affine", true)? {
            return Err(config.invalid("layer_norm_elementwise_affine", "true"));
        }
        let d = config.usize("hidden_size")?;
        let norm_before = config.bool_or("do_layer_norm_before", true)?;
        Ok(Hyperparameters {
            d,
            narrow: config.usize_or("word_embed_proj_dim", d)?,
            h: config.usize("num_attention_heads")?,
            f: config.usize("ffn_dim")?,
            v: config.usize("vocab_size")?,
            l: config.usize("num_hidden_layers")?,
            n_ctx: config.usize("max_position_embeddings")?,
            tied: config.bool_or("tie_word_embeddings", true)?,
            biased: config.bool_or("enable_bias", true)?,
            norm_before,
            last_norm: norm_before && !config.bool_or("_remove_final_layer_norm", false)?,
        })
    }

    fn linear(&self, scope: &Scope<'_>, n_in: usize, n_out: usize) -> Result<Linear, LoadError> {
        if self.biased { Linear::biased(scope, n_in, n_out) } else { Linear::load(scope, n_in, n_out) }
    }

    fn norm(&self, scope: &Scope<'_>) -> Result<LayerNorm, LoadError> {
        LayerNorm::load(scope, self.d, 1e-5)
    }
}

fn causal_lm(
    scope: &Scope<'_>,
    config: &Config,
    hp: &Hyperparameters,
) -> Result<CausalLm<OptModel>, LoadError> {
    let load =
        |s: &Scope<'_>| Ok(OptModel { decoder: s.child("decoder", |s| OptDecoder::load(s, config, hp))? });
    let model = scope.child("model", load)?;
    let tied = model.decoder.embed_tokens.shared();
    CausalLm::load(scope, "OPTForCausalLM", model, tied, [hp.narrow, hp.v])
}

struct OptModel {
    decoder: Child<OptDecoder>,
}

impl Module for OptModel {
    fn kind(&self) -> &'static str {
        "OPTModel"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, ids: Tensor) -> Flow<Tensor> {
        pass.call(&self.decoder, ids)
    }
}

struct OptDecoder {
    embed_tokens: Child<Embedding>,
    embed_positions: Child<Embedding>,
    project_in: Option<Child<Linear>>,
    project_out: Option<Child<Linear>>,
    layers: Vec<Child<OptDecoderLayer>>,
    final_layer_norm: Option<Child<LayerNorm>>,
}

impl OptDecoder {
    fn load(scope: &Scope<'_>, config: &Config, hp: &Hyperparameters) -> Result<Self, LoadError> {
        let embedding = if hp.tied { Embedding::load_tied } else { Embedding::load };
        let positions =
            |s: &Scope<'_>| Embedding::load_offset(s, "OPTLearnedPositionalEmbedding", hp.n_ctx, hp.d, 2);
        let project = |name: &str, n_in, n_out| {
            let narrow = hp.narrow != hp.d;
            narrow.then(|| scope.child(name, |s| Linear::load(s, n_in, n_out))).transpose()
        };
        let last_norm = || scope.child("final_layer_norm", |s| hp.norm(s));
        Ok(OptDecoder {
            embed_tokens: scope.child("embed_tokens", |s| embedding(s, hp.v, hp.narrow))?,
            embed_positions: scope.child("embed_positions", positions)?,
            project_out: project("project_out", hp.d, hp.narrow)?,
            project_in: project("project_in", hp.narrow, hp.d)?,
            final_layer_norm: hp.last_norm.then(last_norm).transpose()?,
            layers: scope.list("layers", hp.l, |s, i| OptDecoderLayer::load(s, config, hp, i))?,
        })
    }
}

impl Module for OptDecoder {
    fn kind(&self) -> &'static str {
        "OPTDecoder"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, ids: Tensor) -> Flow<Tensor> {
        let positions = pass.positions(&ids); // [t]
        let mut x = pass.call(&self.embed_tokens, ids)?; // [t, d]
        let p = pass.call(&self.embed_positions, positions)?; // [t, d]
        if let Some(project_in) = &self.project_in {
            x = pass.call(project_in, x)?;
        }
        let mut x = pass.layers(&self.layers, add(pass, x, &p))?;
        if let Some(norm) = &self.final_layer_norm {
            x = pass.call(norm, x)?;
        }
        match &self.project_out {
            Some(project_out) => pass.call(project_out, x),
            None => Ok(x),
        }
    }
}

struct OptDecoderLayer {
    self_attn: Child<OptAttention>,
    self_attn_layer_norm: Child<LayerNorm>,
    mlp: PlainMlp,
    final_layer_norm: Child<LayerNorm>,
    norm_before: bool,
}

impl OptDecoderLayer {
    fn load(
        scope: &Scope<'_>,
        config: &Config,
        hp: &Hyperparameters,
        layer: usize,
    ) -> Result<Self, LoadError> {
        let self_attn = scope.child("self_attn", |s| OptAttention::load(s, hp, layer))?;
        let act = Act::from_config(config, "activation_function")?;
        let act = scope.child("activation_fn", |_| Ok(act))?;
        let self_attn_layer_norm = scope.child("self_attn_layer_norm", |s| hp.norm(s))?;
        let fc1 = scope.child("fc1", |s| hp.linear(s, hp.d, hp.f))?;
        let fc2 = scope.child("fc2", |s| hp.linear(s, hp.f, hp.d))?;
        Ok(OptDecoderLayer {
            self_attn,
            self_attn_layer_norm,
            mlp: PlainMlp::new("OPTDecoderLayer", fc1, act, fc2),
            final_layer_norm: scope.child("final_layer_norm", |s| hp.norm(s))?,
            norm_before: hp.norm_before,
        })
    }
}

impl Module for OptDecoderLayer {
    fn kind(&self) -> &'static str {
        self.mlp.kind()
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        if self.norm_before {
            let y = pass.call(&self.self_attn_layer_norm, x.clone())?;
            let y = pass.call(&self.self_attn, y)?;
            let x = add(pass, x, &y);
            let y = pass.call(&self.final_layer_norm, x.clone())?;
            let y = self.mlp.forward(at, pass, y)?;
            return Ok(add(pass, x, &y));
        }
        let y = pass.call(&self.self_attn, x.clone())?;
        let x = pass.call(&self.self_attn_layer_norm, add(pass, x, &y))?;
        let y = self.mlp.forward(at, pass, x.clone())?;
        pass.call(&self.final_layer_norm, add(pass, x, &y))
    }
}

struct OptAttention {
    k_proj: Child<Linear>,
    v_proj: Child<Linear>,
    q_proj: Child<Linear>,
    out_proj: Child<Linear>,
    attention: Attention,
}

impl OptAttention {
    fn load(scope: &Scope<'_>, hp: &Hyperparameters, layer: usize) -> Result<Self, LoadError> {
        let head_dim = hp.d / hp.h.max(1);
        let shape = AttentionShape {
            n_heads: hp.h,
            n_kv_heads: hp.h,
            head_dim,
            scale: (head_dim as f32).powf(-0.5),
            softcap: None,
            window: None,
            causal: true,
        };
        let square = |s: &Scope<'_>| hp.linear(s, hp.d, hp.d);
        Ok(OptAttention {
            k_proj: scope.child("k_proj", square)?,
            v_proj: scope.child("v_proj", square)?,
            q_proj: scope.child("q_proj", square)?,
            out_proj: scope.child("out_proj", square)?,
            attention: Attention::new(AttentionSpec { shape, layer, rope: None }),
        })
    }
}

impl Module for OptAttention {
    fn kind(&self) -> &'static str {
        "OPTAttention"
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let q = pass.call(&self.q_proj, x.clone())?; // [t, d]
        let k = pass.call(&self.k_proj, x.clone())?; // [t, d]
        let v = pass.call(&self.v_proj, x)?; // [t, d]
        let z = self.attention.run(at, pass, q, k, v)?;
        pass.call(&self.out_proj, z)
    }

    fn cost(&self) -> OwnCost {
        OwnCost { flops_per_pair: self.attention.flops_per_pair(), ..OwnCost::default() }
    }
}
