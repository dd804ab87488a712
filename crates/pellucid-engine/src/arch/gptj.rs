//! GPT-J (Wang and Komatsuzaki 2021; transformers' `modeling_gptj.py`).
//!
//! Decoder with LayerNorm whose attention and MLP read the same normalized input and are added
//! together. The first `rotary_dim` numbers of each head are turned, neighbours making a pair; only
//! MLP and head have biases.

use std::sync::Arc;

use pellucid_kernels::AttentionShape;

use super::Built;
use crate::Tensor;
use crate::blocks::{
    Act, Attention, AttentionSpec, CausalLm, Dropout, Embedding, LayerNorm, Linear, PlainMlp, Rope, add,
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
    let n_ctx = config.usize("n_positions")?;
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
    rope: Arc<Rope>,
}

impl Hyperparameters {
    fn read(config: &Config) -> Result<Self, LoadError> {
        let (d, h) = (config.usize("n_embd")?, config.usize("n_head")?);
        let k = d / h.max(1);
        let r = config.usize_or("rotary_dim", 64)?;
        if r > k || r % 2 == 1 {
            return Err(
                config.invalid("rotary_dim", format!("an even number up to {k}, the width of a head"))
            );
        }
        Ok(Hyperparameters {
            d,
            h,
            k,
            f: config.opt_usize("n_inner")?.unwrap_or(4 * d),
            v: config.usize("vocab_size")?,
            l: config.usize("n_layer")?,
            eps: config.f64_or("layer_norm_epsilon", 1e-5)?,
            tied: config.bool_or("tie_word_embeddings", false)?,
            rope: Arc::new(Rope::new(config, config.rope()?, r)?.interleaved()),
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
) -> Result<CausalLm<GptJModel>, LoadError> {
    let transformer = scope.child("transformer", |s| GptJModel::load(s, config, hp))?;
    scope.require(&["lm_head.bias"])?;
    let tied = transformer.wte.shared();
    CausalLm::load(scope, "GPTJForCausalLM", transformer, tied, [hp.d, hp.v])
}

struct GptJModel {
    wte: Child<Embedding>,
    drop: Child<Dropout>,
    h: Vec<Child<GptJBlock>>,
    ln_f: Child<LayerNorm>,
}

impl GptJModel {
    fn load(scope: &Scope<'_>, config: &Config, hp: &Hyperparameters) -> Result<Self, LoadError> {
        let embedding = if hp.tied { Embedding::load_tied } else { Embedding::load };
        Ok(GptJModel {
            wte: scope.child("wte", |s| embedding(s, hp.v, hp.d))?,
            drop: scope.child("drop", |_| Ok(Dropout))?,
            h: scope.list("h", hp.l, |s, i| GptJBlock::load(s, config, hp, i))?,
            ln_f: scope.child("ln_f", |s| hp.norm(s))?,
        })
    }
}

impl Module for GptJModel {
    fn kind(&self) -> &'static str {
        "GPTJModel"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, ids: Tensor) -> Flow<Tensor> {
        let x = pass.call(&self.wte, ids)?; // [t, d]
        let x = pass.call(&self.drop, x)?;
        let x = pass.layers(&self.h, x)?;
        pass.call(&self.ln_f, x)
    }
}

struct GptJBlock {
    ln_1: Child<LayerNorm>,
    attn: Child<GptJAttention>,
    mlp: Child<GptJMlp>,
}

impl GptJBlock {
    fn load(
        scope: &Scope<'_>,
        config: &Config,
        hp: &Hyperparameters,
        layer: usize,
    ) -> Result<Self, LoadError> {
        Ok(GptJBlock {
            ln_1: scope.child("ln_1", |s| hp.norm(s))?,
            attn: scope.child("attn", |s| GptJAttention::load(s, hp, layer))?,
            mlp: scope.child("mlp", |s| GptJMlp::load(s, config, hp))?,
        })
    }
}

impl Module for GptJBlock {
    fn kind(&self) -> &'static str {
        "GPTJBlock"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let normed = pass.call(&self.ln_1, x.clone())?;
        let attended = pass.call(&self.attn, normed.clone())?;
        let y = pass.call(&self.mlp, normed)?;
        Ok(add(pass, add(pass, attended, &y), &x))
    }
}

struct GptJAttention {
    k_proj: Child<Linear>,
    v_proj: Child<Linear>,
    q_proj: Child<Linear>,
    out_proj: Child<Linear>,
    resid_dropout: Child<Dropout>,
    attention: Attention,
}

impl GptJAttention {
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
        let square = |s: &Scope<'_>| Linear::load(s, hp.d, hp.d);
        let spec = AttentionSpec { shape, layer, rope: Some(hp.rope.clone()) };
        // Masks and angles that old versions saved.
        scope.leave(&["bias", "masked_bias", "embed_positions"]);
        let attn_dropout = scope.child("attn_dropout", |_| Ok(Dropout))?;
        Ok(GptJAttention {
            resid_dropout: scope.child("resid_dropout", |_| Ok(Dropout))?,
            k_proj: scope.child("k_proj", square)?,
            v_proj: scope.child("v_proj", square)?,
            q_proj: scope.child("q_proj", square)?,
            out_proj: scope.child("out_proj", square)?,
            attention: Attention::new(spec).with_dropout(attn_dropout),
        })
    }
}

impl Module for GptJAttention {
    fn kind(&self) -> &'static str {
        "GPTJAttention"
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let q = pass.call(&self.q_proj, x.clone())?; // [t, d]
        let k = pass.call(&self.k_proj, x.clone())?; // [t, d]
        let v = pass.call(&self.v_proj, x)?; // [t, d]
        let z = self.attention.run(at, pass, q, k, v)?;
        let y = pass.call(&self.out_proj, z)?;
        pass.call(&self.resid_dropout, y)
    }

    fn cost(&self) -> OwnCost {
        OwnCost { flops_per_pair: self.attention.flops_per_pair(), ..OwnCost::default() }
    }
}

struct GptJMlp {
    mlp: PlainMlp,
    dropout: Child<Dropout>,
}

impl GptJMlp {
    fn load(scope: &Scope<'_>, config: &Config, hp: &Hyperparameters) -> Result<Self, LoadError> {
        let act = Act::from_config(config, "activation_function")?;
        let fc = scope.child("fc_in", |s| Linear::biased(s, hp.d, hp.f))?;
        let proj = scope.child("fc_out", |s| Linear::biased(s, hp.f, hp.d))?;
        let act = scope.child("act", |_| Ok(act))?;
        let dropout = scope.child("dropout", |_| Ok(Dropout))?;
        Ok(GptJMlp { mlp: PlainMlp::new("GPTJMLP", fc, act, proj), dropout })
    }
}

impl Module for GptJMlp {
    fn kind(&self) -> &'static str {
        self.mlp.kind()
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let y = self.mlp.forward(at, pass, x)?;
        pass.call(&self.dropout, y)
    }
}
