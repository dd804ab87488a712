//! GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"; transformers'
//! `modeling_gpt2.py`).
//!
//! Pre-norm decoder with learned positions, LayerNorm, one matrix for queries, keys and values, and
//! `Conv1D` weights stored `[n_in, n_out]`. Head and embedding are tied.

use pellucid_kernels::AttentionShape;

use super::Built;
use crate::Tensor;
use crate::blocks::{
    Act, Attention, AttentionSpec, CausalLm, Dropout, Embedding, LayerNorm, Linear, PlainMlp, Storage, add,
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
    Ok(Built::causal(root.erased(), hp.n_ctx, hp.v, hp.l))
}

struct Hyperparameters {
    d: usize,
    h: usize,
    f: usize,
    v: usize,
    l: usize,
    n_ctx: usize,
    eps: f64,
    tied: bool,
    scale_by_layer: bool,
    scale: bool,
}

impl Hyperparameters {
    fn read(config: &Config) -> Result<Self, LoadError> {
        let d = config.usize("n_embd")?;
        Ok(Hyperparameters {
            d,
            h: config.usize("n_head")?,
            f: config.opt_usize("n_inner")?.unwrap_or(4 * d),
            v: config.usize("vocab_size")?,
            l: config.usize("n_layer")?,
            n_ctx: config.usize("n_positions")?,
            eps: config.f64_or("layer_norm_epsilon", 1e-5)?,
            tied: config.bool_or("tie_word_embeddings", true)?,
            scale_by_layer: config.bool_or("scale_attn_by_inverse_layer_idx", false)?,
            scale: config.bool_or("scale_attn_weights", true)?,
        })
    }

    fn attention(&self, layer: usize) -> AttentionShape {
        let head_dim = self.d / self.h.max(1);
        let by_width = if self.scale { (head_dim as f32).powf(-0.5) } else { 1.0 };
        let by_layer = if self.scale_by_layer { 1.0 / (layer + 1) as f32 } else { 1.0 };
        AttentionShape {
            n_heads: self.h,
            n_kv_heads: self.h,
            head_dim,
            scale: by_width * by_layer,
            softcap: None,
            window: None,
            causal: true,
        }
    }
}

fn causal_lm(
    scope: &Scope<'_>,
    config: &Config,
    hp: &Hyperparameters,
) -> Result<CausalLm<Gpt2Model>, LoadError> {
    let transformer = scope.child("transformer", |s| Gpt2Model::load(s, config, hp))?;
    let tied = transformer.wte.shared();
    CausalLm::load(scope, "GPT2LMHeadModel", transformer, tied, [hp.d, hp.v])
}

struct Gpt2Model {
    wte: Child<Embedding>,
    wpe: Child<Embedding>,
    drop: Child<Dropout>,
    h: Vec<Child<Gpt2Block>>,
    ln_f: Child<LayerNorm>,
}

impl Gpt2Model {
    fn load(scope: &Scope<'_>, config: &Config, hp: &Hyperparameters) -> Result<Self, LoadError> {
        let embedding = if hp.tied { Embedding::load_tied } else { Embedding::load };
        Ok(Gpt2Model {
            wte: scope.child("wte", |s| embedding(s, hp.v, hp.d))?,
            wpe: scope.child("wpe", |s| Embedding::load(s, hp.n_ctx, hp.d))?,
            drop: scope.child("drop", |_| Ok(Dropout))?,
            h: scope.list("h", hp.l, |s, i| Gpt2Block::load(s, config, hp, i))?,
            ln_f: scope.child("ln_f", |s| LayerNorm::load(s, hp.d, hp.eps))?,
        })
    }
}

impl Module for Gpt2Model {
    fn kind(&self) -> &'static str {
        "GPT2Model"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, ids: Tensor) -> Flow<Tensor> {
        let positions = pass.positions(&ids); // [t]
        let x = pass.call(&self.wte, ids)?; // [t, d]
        let p = pass.call(&self.wpe, positions)?; // [t, d]
        let x = pass.call(&self.drop, add(pass, x, &p))?;
        let x = pass.layers(&self.h, x)?;
        pass.call(&self.ln_f, x)
    }
}

struct Gpt2Block {
    ln_1: Child<LayerNorm>,
    attn: Child<Gpt2Attention>,
    ln_2: Child<LayerNorm>,
    mlp: Child<Gpt2Mlp>,
}

impl Gpt2Block {
    fn load(
        scope: &Scope<'_>,
        config: &Config,
        hp: &Hyperparameters,
        layer: usize,
    ) -> Result<Self, LoadError> {
        Ok(Gpt2Block {
            ln_1: scope.child("ln_1", |s| LayerNorm::load(s, hp.d, hp.eps))?,
            attn: scope.child("attn", |s| Gpt2Attention::load(s, hp, layer))?,
            ln_2: scope.child("ln_2", |s| LayerNorm::load(s, hp.d, hp.eps))?,
            mlp: scope.child("mlp", |s| Gpt2Mlp::load(s, config, hp))?,
        })
    }
}

impl Module for Gpt2Block {
    fn kind(&self) -> &'static str {
        "GPT2Block"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let y = pass.call(&self.ln_1, x.clone())?;
        let y = pass.call(&self.attn, y)?;
        let x = add(pass, x, &y);
        let y = pass.call(&self.ln_2, x.clone())?;
        let y = pass.call(&self.mlp, y)?;
        Ok(add(pass, x, &y))
    }
}

struct Gpt2Attention {
    c_attn: Child<Linear>,
    c_proj: Child<Linear>,
    resid_dropout: Child<Dropout>,
    attention: Attention,
    d: usize,
}

impl Gpt2Attention {
    fn load(scope: &Scope<'_>, hp: &Hyperparameters, layer: usize) -> Result<Self, LoadError> {
        let d = hp.d;
        // Masks that old versions saved.
        scope.leave(&["bias", "masked_bias"]);
        Ok(Gpt2Attention {
            c_attn: scope.child("c_attn", |s| conv1d(s, d, 3 * d))?,
            c_proj: scope.child("c_proj", |s| conv1d(s, d, d))?,
            resid_dropout: scope.child("resid_dropout", |_| Ok(Dropout))?,
            attention: Attention::new(AttentionSpec { shape: hp.attention(layer), layer, rope: None }),
            d,
        })
    }
}

impl Module for Gpt2Attention {
    fn kind(&self) -> &'static str {
        "GPT2Attention"
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let qkv = pass.call(&self.c_attn, x)?; // [t, 3 * d]
        let [q, k, v] = [0, 1, 2].map(|i| columns(&qkv, 3 * self.d, i * self.d, self.d)); // [t, d]
        let z = self.attention.run(at, pass, q, k, v)?;
        let y = pass.call(&self.c_proj, z)?;
        pass.call(&self.resid_dropout, y)
    }

    fn cost(&self) -> OwnCost {
        OwnCost { flops_per_pair: self.attention.flops_per_pair(), ..OwnCost::default() }
    }
}

fn conv1d(scope: &Scope<'_>, n_in: usize, n_out: usize) -> Result<Linear, LoadError> {
    scope.require(&["bias"])?;
    Linear::load_stored(scope, n_in, n_out, Storage::Conv1D)
}

struct Gpt2Mlp {
    mlp: PlainMlp,
    dropout: Child<Dropout>,
}

impl Gpt2Mlp {
    fn load(scope: &Scope<'_>, config: &Config, hp: &Hyperparameters) -> Result<Self, LoadError> {
        let act = Act::from_config(config, "activation_function")?;
        let fc = scope.child("c_fc", |s| conv1d(s, hp.d, hp.f))?;
        let proj = scope.child("c_proj", |s| conv1d(s, hp.f, hp.d))?;
        let act = scope.child("act", |_| Ok(act))?;
        let dropout = scope.child("dropout", |_| Ok(Dropout))?;
        Ok(Gpt2Mlp { mlp: PlainMlp::new("GPT2MLP", fc, act, proj), dropout })
    }
}

impl Module for Gpt2Mlp {
    fn kind(&self) -> &'static str {
        self.mlp.kind()
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let y = self.mlp.forward(at, pass, x)?;
        pass.call(&self.dropout, y)
    }
}
