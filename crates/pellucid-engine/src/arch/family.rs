//! What Llama and its descendants share: the keys of their configuration, the names of their classes,
//! and the frame of embedding, layers, norm and head. An architecture file adds its own layer.

use std::sync::Arc;

use pellucid_kernels::AttentionShape;

use super::Built;
use crate::blocks::{
    Act, AttentionSpec, CausalLm, Decoder, Embedding, GatedMlp, PreNormLayer, RmsNorm, Rope, SandwichLayer,
    SelfAttention,
};
use crate::load::{Config, LoadError, RopeKind};
use crate::pass::{Child, Module};
use crate::scope::Scope;

const SLIDING: &str = "sliding_attention";

/// The class names that transformers gives the parts of a model.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    pub lm: &'static str,
    pub model: &'static str,
    pub layer: &'static str,
    pub attention: &'static str,
    pub mlp: &'static str,
    pub norm: &'static str,
}

/// Class names that begin with the model's.
macro_rules! names {
    ($model:literal) => {
        crate::arch::family::Names {
            lm: concat!($model, "ForCausalLM"),
            model: concat!($model, "Model"),
            layer: concat!($model, "DecoderLayer"),
            attention: concat!($model, "Attention"),
            mlp: concat!($model, "MLP"),
            norm: concat!($model, "RMSNorm"),
        }
    };
}
pub(super) use names;

/// Settings of a model of the family, and how its parts are made from them.
pub struct Family<'c> {
    pub config: &'c Config,
    pub names: Names,
    pub d: usize,
    pub h: usize,
    pub kvh: usize,
    pub k: usize,
    pub f: usize,
    pub v: usize,
    pub l: usize,
    pub eps: f64,
    /// Head and embedding share a table.
    pub tied: bool,
    /// Norms scale by `1 + weight`.
    pub unit_offset: bool,
    /// The key of the MLP's function.
    pub act_key: &'static str,
    /// Class name and factor of an embedding that is scaled.
    pub embedding_scale: Option<(&'static str, f32)>,
    /// Logits are bent to stay below this.
    pub logit_cap: Option<f32>,
}

impl<'c> Family<'c> {
    /// Reads the keys that Llama has.
    pub fn read(names: Names, config: &'c Config) -> Result<Self, LoadError> {
        let (d, h) = (config.usize("hidden_size")?, config.usize("num_attention_heads")?);
        Ok(Family {
            config,
            names,
            d,
            h,
            kvh: config.usize_or("num_key_value_heads", h)?,
            k: config.usize_or("head_dim", d / h.max(1))?,
            f: config.usize("intermediate_size")?,
            v: config.usize("vocab_size")?,
            l: config.usize("num_hidden_layers")?,
            eps: config.f64_or("rms_norm_eps", 1e-6)?,
            tied: config.bool_or("tie_word_embeddings", false)?,
            unit_offset: false,
            act_key: "hidden_act",
            embedding_scale: None,
            logit_cap: None,
        })
    }

    /// Changes what Gemma 2 and 3 have in common and Llama has not: tied tables, an embedding scaled
    /// by the square root of the width, norms that scale by `1 + weight`, GELU.
    pub fn gemma(self, embedding: &'static str) -> Result<Self, LoadError> {
        let cap = self.config.opt_f64("final_logit_softcapping")?;
        Ok(Family {
            tied: self.config.bool_or("tie_word_embeddings", true)?,
            unit_offset: true,
            act_key: "hidden_activation",
            embedding_scale: Some((embedding, (self.d as f32).sqrt())),
            logit_cap: cap.map(|cap| cap as f32),
            ..self
        })
    }

    /// Rotation by the whole width of a head, as full-attention layers have it.
    pub fn rope(&self) -> Result<Arc<Rope>, LoadError> {
        Ok(Arc::new(Rope::new(self.config, self.config.rope()?, self.k)?))
    }

    /// Rotation in layers that see a window.
    pub fn sliding_rope(&self) -> Result<Arc<Rope>, LoadError> {
        Ok(Arc::new(Rope::new(self.config, self.config.rope_for(SLIDING)?, self.k)?))
    }

    /// Causal attention, scaled by the width of a head.
    pub fn attention_shape(&self) -> AttentionShape {
        AttentionShape {
            n_heads: self.h,
            n_kv_heads: self.kvh,
            head_dim: self.k,
            scale: (self.k as f32).powf(-0.5),
            softcap: None,
            window: None,
            causal: true,
        }
    }

    /// Attention of Gemma's sliding layers: scaled by a setting of its own, scores capped.
    pub fn gemma_attention(&self) -> Result<AttentionShape, LoadError> {
        let scale = self.config.f64("query_pre_attn_scalar")? as f32;
        let softcap = self.config.opt_f64("attn_logit_softcapping")?;
        Ok(AttentionShape {
            scale: scale.powf(-0.5),
            softcap: softcap.map(|cap| cap as f32),
            window: self.window()?,
            ..self.attention_shape()
        })
    }

    /// The window of layers that have one.
    pub fn window(&self) -> Result<Option<usize>, LoadError> {
        match self.config.opt_usize("sliding_window")? {
            Some(0) => Err(self.config.invalid("sliding_window", "a positive integer or null")),
            window => Ok(window),
        }
    }

    /// For each layer of a Qwen, its window if it has one.
    pub fn qwen_windows(&self) -> Result<Vec<Option<usize>>, LoadError> {
        let used = self.config.bool_or("use_sliding_window", false)?;
        let window = if used { self.window()? } else { None };
        let first = self.config.usize_or("max_window_layers", 28)?;
        let sliding = self.sliding_layers(|i| i >= first)?;
        Ok(sliding.iter().map(|sliding| window.filter(|_| *sliding)).collect())
    }

    /// How many experts there are, under either key, and to how many a token goes.
    pub fn experts(&self, key: &str, other: &str) -> Result<(usize, usize), LoadError> {
        let key = if self.config.has(key) { key } else { other };
        let (n, chosen) = (self.config.usize(key)?, self.config.usize("num_experts_per_tok")?);
        match (1..=n).contains(&chosen) {
            true => Ok((n, chosen)),
            false => Err(self.config.invalid("num_experts_per_tok", format!("1 to {n}, as many as experts"))),
        }
    }

    /// For each layer, whether it sees a window only: `layer_types` where the file has it, else as
    /// `otherwise` says of its index.
    pub fn sliding_layers(&self, otherwise: impl Fn(usize) -> bool) -> Result<Vec<bool>, LoadError> {
        let Some(types) = self.config.opt_strs("layer_types")? else {
            return Ok((0..self.l).map(otherwise).collect());
        };
        match types.len() == self.l {
            true => Ok(types.iter().map(|t| *t == SLIDING).collect()),
            false => {
                let expected = format!("{} entries, one for each layer", self.l);
                Err(self.config.invalid("layer_types", expected))
            }
        }
    }

    /// A norm of a width.
    pub fn norm(&self, scope: &Scope<'_>, width: usize) -> Result<RmsNorm, LoadError> {
        let norm = RmsNorm::load(scope, self.names.norm, width, self.eps)?;
        Ok(if self.unit_offset { norm.with_unit_offset() } else { norm })
    }

    /// Four matrices around attention.
    pub fn attention(&self, scope: &Scope<'_>, spec: AttentionSpec) -> Result<SelfAttention, LoadError> {
        SelfAttention::load(scope, self.names.attention, self.d, spec)
    }

    /// The function in the MLP.
    pub fn act(&self) -> Result<Act, LoadError> {
        Act::from_config(self.config, self.act_key)
    }

    /// The gated MLP.
    pub fn mlp(&self, scope: &Scope<'_>) -> Result<GatedMlp, LoadError> {
        GatedMlp::load(scope, self.names.mlp, self.d, self.f, self.act()?)
    }

    /// A layer as Llama has it.
    pub fn pre_norm_layer<A: Module + 'static, M: Module + 'static>(
        &self,
        scope: &Scope<'_>,
        attention: impl FnOnce(&Scope<'_>) -> Result<A, LoadError>,
        mlp: impl FnOnce(&Scope<'_>) -> Result<M, LoadError>,
    ) -> Result<PreNormLayer<A, M>, LoadError> {
        let self_attn = scope.child("self_attn", attention)?;
        let mlp = scope.child("mlp", mlp)?;
        self.pre_norm_layer_of(scope, self_attn, mlp)
    }

    /// The same, of children that the architecture made.
    pub fn pre_norm_layer_of<A: Module + 'static, M: Module + 'static>(
        &self,
        scope: &Scope<'_>,
        self_attn: Child<A>,
        mlp: Child<M>,
    ) -> Result<PreNormLayer<A, M>, LoadError> {
        let norm = |s: &Scope<'_>| self.norm(s, self.d);
        Ok(PreNormLayer {
            kind: self.names.layer,
            self_attn,
            mlp,
            input_layernorm: scope.child("input_layernorm", norm)?,
            post_attention_layernorm: scope.child("post_attention_layernorm", norm)?,
        })
    }

    /// A layer as Gemma 2 has it.
    pub fn sandwich_layer<A: Module + 'static>(
        &self,
        scope: &Scope<'_>,
        attention: impl FnOnce(&Scope<'_>) -> Result<A, LoadError>,
    ) -> Result<SandwichLayer<A, GatedMlp>, LoadError> {
        let norm = |s: &Scope<'_>| self.norm(s, self.d);
        Ok(SandwichLayer {
            kind: self.names.layer,
            self_attn: scope.child("self_attn", attention)?,
            mlp: scope.child("mlp", |s| self.mlp(s))?,
            input_layernorm: scope.child("input_layernorm", norm)?,
            post_attention_layernorm: scope.child("post_attention_layernorm", norm)?,
            pre_feedforward_layernorm: scope.child("pre_feedforward_layernorm", norm)?,
            post_feedforward_layernorm: scope.child("post_feedforward_layernorm", norm)?,
        })
    }

    /// The whole model around its layers.
    pub fn build<L: Module + 'static>(
        &self,
        scope: &Scope<'_>,
        layer: impl Fn(&Scope<'_>, usize) -> Result<L, LoadError>,
    ) -> Result<Built, LoadError> {
        self.build_with(scope, |s| self.norm(s, self.d), layer)
    }

    /// The same, with a last norm of the architecture's own.
    pub fn build_with<L: Module + 'static, N: Module + 'static>(
        &self,
        scope: &Scope<'_>,
        norm: impl FnOnce(&Scope<'_>) -> Result<N, LoadError>,
        layer: impl Fn(&Scope<'_>, usize) -> Result<L, LoadError>,
    ) -> Result<Built, LoadError> {
        let root = scope.child("", |s| {
            let model = s.child("model", |s| self.decoder(s, norm, layer))?;
            let tied = model.tied();
            Ok(CausalLm::load(s, self.names.lm, model, tied, [self.d, self.v])?.capped(self.logit_cap))
        })?;
        Ok(Built::causal(root.erased(), self.n_ctx()?, self.v, self.l))
    }

    /// The longest sequence; one that dynamic scaling stretches is not in the configuration.
    fn n_ctx(&self) -> Result<usize, LoadError> {
        let n = self.config.usize("max_position_embeddings")?;
        Ok(match self.config.rope()?.kind {
            RopeKind::Dynamic { factor, .. } => (n as f64 * factor.max(1.0)) as usize,
            _ => n,
        })
    }

    fn decoder<L: Module + 'static, N: Module + 'static>(
        &self,
        scope: &Scope<'_>,
        norm: impl FnOnce(&Scope<'_>) -> Result<N, LoadError>,
        layer: impl Fn(&Scope<'_>, usize) -> Result<L, LoadError>,
    ) -> Result<Decoder<L, N>, LoadError> {
        scope.leave(&["rotary_emb.inv_freq"]);
        Ok(Decoder::new(
            self.names.model,
            self.embedding(scope)?,
            scope.list("layers", self.l, layer)?,
            scope.child("norm", norm)?,
        ))
    }

    fn embedding(&self, scope: &Scope<'_>) -> Result<Child<Embedding>, LoadError> {
        scope.child("embed_tokens", |s| {
            let load = if self.tied { Embedding::load_tied } else { Embedding::load };
            let table = load(s, self.v, self.d)?;
            Ok(match self.embedding_scale {
                Some((kind, by)) => table.scaled(kind, by),
                None => table,
            })
        })
    }
}
