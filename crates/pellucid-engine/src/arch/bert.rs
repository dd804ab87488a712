//! BERT (Devlin et al. 2019, arXiv:1810.04805; transformers' `modeling_bert.py`), the encoder of
//! sentence-transformers' all-MiniLM-L6-v2.
//!
//! Every token sees every other. Word, position and segment embeddings are added; LayerNorm stands
//! after attention and MLP. All segments are 0, as where none are given. The model returns its last
//! hidden states; the pooler and the heads of pre-training are left alone.

use pellucid_graph::{Code, DType, Diagnostic};
use pellucid_kernels::AttentionShape;

use super::Built;
use crate::batch::Layout;
use crate::blocks::{Act, Attention, AttentionSpec, Dropout, Embedding, LayerNorm, Linear, add};
use crate::load::{Config, LoadError};
use crate::pass::{Child, Flow, Module, Node, OwnCost, Pass, PointId, Second};
use crate::scope::Scope;
use crate::{Error, Tensor};

/// Builds the model.
///
/// # Errors
/// A configuration or a tensor that does not fit.
pub fn build(scope: &Scope<'_>, config: &Config) -> Result<Built, LoadError> {
    let hp = Hyperparameters::read(config)?;
    let root = scope.child_stored("", "bert", |s| BertModel::load(s, config, &hp))?;
    scope.under("cls").leave(HEADS);
    Ok(Built {
        root: root.erased(),
        n_ctx: hp.n_ctx,
        vocab_size: hp.v,
        n_layers: hp.l,
        causal: false,
        restart: None,
    })
}

/// What pre-training predicts with.
const HEADS: &[&str] = &[
    "predictions.bias",
    "predictions.decoder.bias",
    "predictions.decoder.weight",
    "predictions.transform.LayerNorm.beta",
    "predictions.transform.LayerNorm.bias",
    "predictions.transform.LayerNorm.gamma",
    "predictions.transform.LayerNorm.weight",
    "predictions.transform.dense.bias",
    "predictions.transform.dense.weight",
    "seq_relationship.bias",
    "seq_relationship.weight",
];

struct Hyperparameters {
    d: usize,
    h: usize,
    f: usize,
    v: usize,
    l: usize,
    n_ctx: usize,
    n_segments: usize,
    eps: f64,
}

impl Hyperparameters {
    fn read(config: &Config) -> Result<Self, LoadError> {
        if config.bool_or("is_decoder", false)? {
            return Err(config.invalid("is_decoder", "false"));
        }
        Ok(Hyperparameters {
            d: config.usize("hidden_size")?,
            h: config.usize("num_attention_heads")?,
            f: config.usize("intermediate_size")?,
            v: config.usize("vocab_size")?,
            l: config.usize("num_hidden_layers")?,
            n_ctx: config.usize("max_position_embeddings")?,
            n_segments: config.usize_or("type_vocab_size", 2)?,
            eps: config.f64_or("layer_norm_eps", 1e-12)?,
        })
    }

    fn norm(&self, scope: &Scope<'_>) -> Result<Child<LayerNorm>, LoadError> {
        scope.child("LayerNorm", |s| LayerNorm::load(s, self.d, self.eps))
    }
}

struct BertModel {
    embeddings: Child<BertEmbeddings>,
    encoder: Child<BertEncoder>,
}

impl BertModel {
    fn load(scope: &Scope<'_>, config: &Config, hp: &Hyperparameters) -> Result<Self, LoadError> {
        scope.leave(&["embeddings.position_ids", "pooler.dense.weight", "pooler.dense.bias"]);
        let layers = |s: &Scope<'_>| s.list("layer", hp.l, |s, i| BertLayer::load(s, config, hp, i));
        Ok(BertModel {
            embeddings: scope.child("embeddings", |s| BertEmbeddings::load(s, hp))?,
            encoder: scope.child("encoder", |s| Ok(BertEncoder { layer: layers(s)? }))?,
        })
    }
}

impl Module for BertModel {
    fn kind(&self) -> &'static str {
        "BertModel"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, ids: Tensor) -> Flow<Tensor> {
        let x = pass.call(&self.embeddings, ids)?; // [t, d]
        pass.call(&self.encoder, x)
    }
}

struct BertEmbeddings {
    word_embeddings: Child<Embedding>,
    position_embeddings: Child<Embedding>,
    token_type_embeddings: Child<Embedding>,
    layer_norm: Child<LayerNorm>,
    dropout: Child<Dropout>,
}

impl BertEmbeddings {
    fn load(scope: &Scope<'_>, hp: &Hyperparameters) -> Result<Self, LoadError> {
        let table = |name: &str, n: usize| scope.child(name, |s| Embedding::load(s, n, hp.d));
        Ok(BertEmbeddings {
            word_embeddings: table("word_embeddings", hp.v)?,
            position_embeddings: table("position_embeddings", hp.n_ctx)?,
            token_type_embeddings: table("token_type_embeddings", hp.n_segments)?,
            layer_norm: hp.norm(scope)?,
            dropout: scope.child("dropout", |_| Ok(Dropout))?,
        })
    }
}

impl Module for BertEmbeddings {
    fn kind(&self) -> &'static str {
        "BertEmbeddings"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, ids: Tensor) -> Flow<Tensor> {
        // Positions are counted within a sequence: rows are not independent of each other.
        pass.mixes();
        let (positions, segments) = (pass.positions(&ids), zeros_like(&ids)); // [t]
        let x = pass.call(&self.word_embeddings, ids)?; // [t, d]
        let segments = pass.call(&self.token_type_embeddings, segments)?; // [t, d]
        let positions = pass.call(&self.position_embeddings, positions)?; // [t, d]
        let x = pass.call(&self.layer_norm, add(pass, add(pass, x, &segments), &positions))?;
        pass.call(&self.dropout, x)
    }
}

fn zeros_like(ids: &Tensor) -> Tensor {
    match ids.is_meta() {
        true => Tensor::meta(DType::I64, ids.shape()),
        false => Tensor::new(vec![0i64; ids.numel()], ids.shape()),
    }
}

struct BertEncoder {
    layer: Vec<Child<BertLayer>>,
}

impl Module for BertEncoder {
    fn kind(&self) -> &'static str {
        "BertEncoder"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        pass.layers(&self.layer, x)
    }
}

struct BertLayer {
    attention: Child<BertAttention>,
    intermediate: Child<BertIntermediate>,
    output: Child<BertOutput>,
}

impl BertLayer {
    fn load(
        scope: &Scope<'_>,
        config: &Config,
        hp: &Hyperparameters,
        layer: usize,
    ) -> Result<Self, LoadError> {
        let act = Act::from_config(config, "hidden_act")?;
        let intermediate = |s: &Scope<'_>| {
            Ok(BertIntermediate {
                dense: s.child("dense", |s| Linear::biased(s, hp.d, hp.f))?,
                intermediate_act_fn: s.child("intermediate_act_fn", |_| Ok(act))?,
            })
        };
        Ok(BertLayer {
            attention: scope.child("attention", |s| BertAttention::load(s, hp, layer))?,
            intermediate: scope.child("intermediate", intermediate)?,
            output: scope.child("output", |s| BertOutput::load(s, "BertOutput", hp, hp.f))?,
        })
    }
}

impl Module for BertLayer {
    fn kind(&self) -> &'static str {
        "BertLayer"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let x = pass.call(&self.attention, x)?;
        let y = pass.call(&self.intermediate, x.clone())?; // [t, f]
        pass.give(Second::Residual(x));
        pass.call(&self.output, y)
    }
}

struct BertAttention {
    own: Child<BertSelfAttention>,
    output: Child<BertOutput>,
}

impl BertAttention {
    fn load(scope: &Scope<'_>, hp: &Hyperparameters, layer: usize) -> Result<Self, LoadError> {
        Ok(BertAttention {
            own: scope.child("self", |s| BertSelfAttention::load(s, hp, layer))?,
            output: scope.child("output", |s| BertOutput::load(s, "BertSelfOutput", hp, hp.d))?,
        })
    }
}

impl Module for BertAttention {
    fn kind(&self) -> &'static str {
        "BertAttention"
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let y = pass.call(&self.own, x.clone())?;
        pass.give(Second::Residual(x));
        pass.call(&self.output, y)
    }
}

struct BertSelfAttention {
    query: Child<Linear>,
    key: Child<Linear>,
    value: Child<Linear>,
    attention: Attention,
}

impl BertSelfAttention {
    fn load(scope: &Scope<'_>, hp: &Hyperparameters, layer: usize) -> Result<Self, LoadError> {
        let head_dim = hp.d / hp.h.max(1);
        let shape = AttentionShape {
            n_heads: hp.h,
            n_kv_heads: hp.h,
            head_dim,
            scale: (head_dim as f32).powf(-0.5),
            softcap: None,
            window: None,
            causal: false,
        };
        let square = |s: &Scope<'_>| Linear::biased(s, hp.d, hp.d);
        let (query, key) = (scope.child("query", square)?, scope.child("key", square)?);
        let value = scope.child("value", square)?;
        let dropout = scope.child("dropout", |_| Ok(Dropout))?;
        let attention = Attention::new(AttentionSpec { shape, layer, rope: None }).with_dropout(dropout);
        Ok(BertSelfAttention { query, key, value, attention })
    }
}

impl Module for BertSelfAttention {
    fn kind(&self) -> &'static str {
        "BertSelfAttention"
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let q = pass.call(&self.query, x.clone())?; // [t, d]
        let k = pass.call(&self.key, x.clone())?; // [t, d]
        let v = pass.call(&self.value, x)?; // [t, d]
        self.attention.run(at, pass, q, k, v)
    }

    fn cost(&self) -> OwnCost {
        OwnCost { flops_per_pair: self.attention.flops_per_pair(), ..OwnCost::default() }
    }
}

/// The first half of the MLP. Taps: `pre` before the activation, `post` after it.
struct BertIntermediate {
    dense: Child<Linear>,
    intermediate_act_fn: Child<Act>,
}

impl Module for BertIntermediate {
    fn kind(&self) -> &'static str {
        "BertIntermediate"
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let mut pre = pass.call(&self.dense, x)?; // [t, f]
        pass.tap(at, PointId::PRE, Layout::Tokens, &mut pre)?;
        let mut post = pass.call(&self.intermediate_act_fn, pre)?;
        pass.tap(at, PointId::POST, Layout::Tokens, &mut post)?;
        Ok(post)
    }
}

/// The end of a branch: a matrix, the residual stream added, a norm.
struct BertOutput {
    kind: &'static str,
    dense: Child<Linear>,
    layer_norm: Child<LayerNorm>,
    dropout: Child<Dropout>,
}

impl BertOutput {
    fn load(
        scope: &Scope<'_>,
        kind: &'static str,
        hp: &Hyperparameters,
        n_in: usize,
    ) -> Result<Self, LoadError> {
        Ok(BertOutput {
            kind,
            dense: scope.child("dense", |s| Linear::biased(s, n_in, hp.d))?,
            layer_norm: hp.norm(scope)?,
            dropout: scope.child("dropout", |_| Ok(Dropout))?,
        })
    }
}

impl Module for BertOutput {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let Some(Second::Residual(residual)) = pass.take() else {
            let message = format!("`{}` adds to the residual stream, and is applied without one", at.path);
            let help = "apply the module around it, or its `dense` and `LayerNorm`";
            return Err(Error::from(Diagnostic::new(Code::BadArgument, message).help(help)).into());
        };
        let y = pass.call(&self.dense, x)?; // [t, d]
        let y = pass.call(&self.dropout, y)?;
        pass.call(&self.layer_norm, add(pass, residual, &y))
    }
}
