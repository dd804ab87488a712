//! GPT-Neo (Black et al. 2021, doi:10.5281/zenodo.5297715; transformers' `modeling_gpt_neo.py`).
//!
//! GPT-2 with three matrices for queries, keys and values, scores that are not scaled, and a sliding
//! window in every layer that `attention_types` calls local.

use pellucid_kernels::AttentionShape;

use super::Built;
use crate::Tensor;
use crate::blocks::{
    Act, Attention, AttentionSpec, CausalLm, Dropout, Embedding, LayerNorm, Linear, PlainMlp, add,
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
    Ok(Built::causal(root.erased(), hp.n_ctx, hp.v, hp.local.len()))
}

struct Hyperparameters {
    d: usize,
    h: usize,
    f: usize,
    v: usize,
    n_ctx: usize,
    eps: f64,
    tied: bool,
    window: usize,
    /// For each layer, whether it sees a window only.
    local: Vec<bool>,
}

impl Hyperparameters {
    fn read(config: &Config) -> Result<Self, LoadError> {
        let d = config.usize("hidden_size")?;
        Ok(Hyperparameters {
            d,
            h: config.usize("num_heads")?,
            f: config.opt_usize("intermediate_size")?.unwrap_or(4 * d),
            v: config.usize("vocab_size")?,
            n_ctx: config.usize("max_position_embeddings")?,
            eps: config.f64_or("layer_norm_epsilon", 1e-5)?,
            tied: config.bool_or("tie_word_embeddings", true)?,
            window: config.usize_or("window_size", 256)?.max(1),
            local: local_layers(config)?,
        })
    }

    fn norm(&self, scope: &Scope<'_>) -> Result<LayerNorm, LoadError> {
        LayerNorm::load(scope, self.d, self.eps)
    }
}

/// `attention_types` is a list of `[[type, ...], how often]`, whose types follow each other.
fn local_layers(config: &Config) -> Result<Vec<bool>, LoadError> {
    let l = config.usize("num_layers")?;
    let expected = || format!("types of attention of {l} layers");
    let types = config.map().get("attention_types").and_then(serde_json::Value::as_array);
    let mut local = Vec::with_capacity(l.min(1024));
    for group in types.ok_or_else(|| config.invalid("attention_types", expected()))? {
        let names = group.get(0).and_then(serde_json::Value::as_array);
        let times = group.get(1).and_then(serde_json::Value::as_u64);
        let (Some(names), Some(times)) = (names, times) else {
            return Err(config.invalid("attention_types", expected()));
        };
        for _ in 0..times.min(l as u64) {
            local.extend(names.iter().map(|name| name == "local"));
        }
    }
    if local.len() == l { Ok(local) } else { Err(config.invalid("attention_types", expected())) }
}

fn causal_lm(
    scope: &Scope<'_>,
    config: &Config,
    hp: &Hyperparameters,
) -> Result<CausalLm<GptNeoModel>, LoadError> {
    let transformer = scope.child("transformer", |s| GptNeoModel::load(s, config, hp))?;
    let tied = transformer.wte.shared();
    CausalLm::load(scope, "GPTNeoForCausalLM", transformer, tied, [hp.d, hp.v])
}

struct GptNeoModel {
    wte: Child<Embedding>,
    wpe: Child<Embedding>,
    drop: Child<Dropout>,
    h: Vec<Child<GptNeoBlock>>,
    ln_f: Child<LayerNorm>,
}

impl GptNeoModel {
    fn load(scope: &Scope<'_>, config: &Config, hp: &Hyperparameters) -> Result<Self, LoadError> {
        let embedding = if hp.tied { Embedding::load_tied } else { Embedding::load };
        Ok(GptNeoModel {
            wte: scope.child("wte", |s| embedding(s, hp.v, hp.d))?,
            wpe: scope.child("wpe", |s| Embedding::load(s, hp.n_ctx, hp.d))?,
            drop: scope.child("drop", |_| Ok(Dropout))?,
            h: scope.list("h", hp.local.len(), |s, i| GptNeoBlock::load(s, config, hp, i))?,
            ln_f: scope.child("ln_f", |s| hp.norm(s))?,
        })
    }
}

impl Module for GptNeoModel {
    fn kind(&self) -> &'static str {
        "GPTNeoModel"
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

struct GptNeoBlock {
    ln_1: Child<LayerNorm>,
    attn: Child<GptNeoAttention>,
    ln_2: Child<LayerNorm>,
    mlp: Child<GptNeoMlp>,
}

impl GptNeoBlock {
    fn load(
        scope: &Scope<'_>,
        config: &Config,
        hp: &Hyperparameters,
        layer: usize,
    ) -> Result<Self, LoadError> {
        let attention = |s: &Scope<'_>| {
            // Masks that old versions saved.
            s.under("attention").leave(&["bias", "masked_bias"]);
            let attention = s.child("attention", |s| GptNeoSelfAttention::load(s, hp, layer))?;
            Ok(GptNeoAttention { attention })
        };
        Ok(GptNeoBlock {
            ln_1: scope.child("ln_1", |s| hp.norm(s))?,
            attn: scope.child("attn", attention)?,
            ln_2: scope.child("ln_2", |s| hp.norm(s))?,
            mlp: scope.child("mlp", |s| GptNeoMlp::load(s, config, hp))?,
        })
    }
}

impl Module for GptNeoBlock {
    fn kind(&self) -> &'static str {
        "GPTNeoBlock"
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

struct GptNeoAttention {
    attention: Child<GptNeoSelfAttention>,
}

impl Module for GptNeoAttention {
    fn kind(&self) -> &'static str {
        "GPTNeoAttention"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        pass.call(&self.attention, x)
    }
}

struct GptNeoSelfAttention {
    k_proj: Child<Linear>,
    v_proj: Child<Linear>,
    q_proj: Child<Linear>,
    out_proj: Child<Linear>,
    resid_dropout: Child<Dropout>,
    attention: Attention,
}

impl GptNeoSelfAttention {
    fn load(scope: &Scope<'_>, hp: &Hyperparameters, layer: usize) -> Result<Self, LoadError> {
        let shape = AttentionShape {
            n_heads: hp.h,
            n_kv_heads: hp.h,
            head_dim: hp.d / hp.h.max(1),
            scale: 1.0,
            softcap: None,
            window: hp.local[layer].then_some(hp.window),
            causal: true,
        };
        let square = |s: &Scope<'_>| Linear::load(s, hp.d, hp.d);
        let attn_dropout = scope.child("attn_dropout", |_| Ok(Dropout))?;
        Ok(GptNeoSelfAttention {
            resid_dropout: scope.child("resid_dropout", |_| Ok(Dropout))?,
            k_proj: scope.child("k_proj", square)?,
            v_proj: scope.child("v_proj", square)?,
            q_proj: scope.child("q_proj", square)?,
            out_proj: scope.child("out_proj", |s| Linear::biased(s, hp.d, hp.d))?,
            attention: Attention::new(AttentionSpec { shape, layer, rope: None }).with_dropout(attn_dropout),
        })
    }
}

impl Module for GptNeoSelfAttention {
    fn kind(&self) -> &'static str {
        "GPTNeoSelfAttention"
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

struct GptNeoMlp {
    mlp: PlainMlp,
    dropout: Child<Dropout>,
}

impl GptNeoMlp {
    fn load(scope: &Scope<'_>, config: &Config, hp: &Hyperparameters) -> Result<Self, LoadError> {
        let act = Act::from_config(config, "activation_function")?;
        let fc = scope.child("c_fc", |s| Linear::biased(s, hp.d, hp.f))?;
        let proj = scope.child("c_proj", |s| Linear::biased(s, hp.f, hp.d))?;
        let act = scope.child("act", |_| Ok(act))?;
        let dropout = scope.child("dropout", |_| Ok(Dropout))?;
        Ok(GptNeoMlp { mlp: PlainMlp::new("GPTNeoMLP", fc, act, proj), dropout })
    }
}

impl Module for GptNeoMlp {
    fn kind(&self) -> &'static str {
        self.mlp.kind()
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let y = self.mlp.forward(at, pass, x)?;
        pass.call(&self.dropout, y)
    }
}
