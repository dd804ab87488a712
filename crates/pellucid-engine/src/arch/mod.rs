//! The architectures: each one file and one line here. A file says how blocks are wired, in the words
//! of its paper and of transformers' implementation.

mod bert;
mod family;
mod gemma2;
mod gemma3;
mod gpt2;
mod gpt_neo;
mod gpt_neox;
mod gptj;
mod llama;
mod mistral;
mod mixtral;
mod olmo2;
mod opt;
mod phi3;
mod qwen2;
mod qwen3;
mod qwen3_moe;
mod starcoder2;

use crate::load::{Config, LoadError};
use crate::pass::{Child, Module};
use crate::scope::Scope;

/// A row of the table.
pub struct Architecture {
    /// `model_type` of `config.json`.
    pub model_type: &'static str,
    /// The module that holds everything but the head: the first word of most names, which files saved
    /// from that module alone leave out.
    pub base: &'static str,
    /// Builds the model at the root scope.
    pub build: fn(&Scope<'_>, &Config) -> Result<Built, LoadError>,
}

/// What an architecture makes.
pub struct Built {
    /// The whole model: token ids `[t]` to logits `[t, v]`, or to hidden states `[t, d]`.
    pub root: Child<dyn Module>,
    /// Most tokens a sequence may have.
    pub n_ctx: usize,
    /// Token ids are below this.
    pub vocab_size: usize,
    /// Layers with attention.
    pub n_layers: usize,
    /// Whether a token sees only those before it, and the model gives logits: then it continues texts.
    pub causal: bool,
    /// Length beyond which a sequence is turned otherwise, so that its keys are computed anew when a
    /// continuation gets there.
    pub restart: Option<usize>,
}

impl Built {
    /// A decoder, whose keys stay as they are.
    pub fn causal(root: Child<dyn Module>, n_ctx: usize, vocab_size: usize, n_layers: usize) -> Built {
        Built { root, n_ctx, vocab_size, n_layers, causal: true, restart: None }
    }
}

/// Every architecture.
pub const ARCHITECTURES: &[Architecture] = &[
    Architecture { model_type: "bert", base: "bert", build: bert::build },
    Architecture { model_type: "gemma2", base: "model", build: gemma2::build },
    Architecture { model_type: "gemma3_text", base: "model", build: gemma3::build },
    Architecture { model_type: "gpt2", base: "transformer", build: gpt2::build },
    Architecture { model_type: "gpt_neo", base: "transformer", build: gpt_neo::build },
    Architecture { model_type: "gpt_neox", base: "gpt_neox", build: gpt_neox::build },
    Architecture { model_type: "gptj", base: "transformer", build: gptj::build },
    Architecture { model_type: "llama", base: "model", build: llama::build },
    Architecture { model_type: "mistral", base: "model", build: mistral::build },
    Architecture { model_type: "mixtral", base: "model", build: mixtral::build },
    Architecture { model_type: "olmo2", base: "model", build: olmo2::build },
    Architecture { model_type: "opt", base: "model", build: opt::build },
    Architecture { model_type: "phi3", base: "model", build: phi3::build },
    Architecture { model_type: "qwen2", base: "model", build: qwen2::build },
    Architecture { model_type: "qwen3", base: "model", build: qwen3::build },
    Architecture { model_type: "qwen3_moe", base: "model", build: qwen3_moe::build },
    Architecture { model_type: "starcoder2", base: "model", build: starcoder2::build },
];

/// Finds the architecture of a configuration.
///
/// # Errors
/// [`LoadError::UnknownModelType`] with what there is.
pub fn find(config: &Config) -> Result<&'static Architecture, LoadError> {
    let model_type = config.model_type()?;
    ARCHITECTURES.iter().find(|a| a.model_type == model_type).ok_or_else(|| LoadError::UnknownModelType {
        got: model_type.to_owned(),
        known: ARCHITECTURES.iter().map(|a| a.model_type.to_owned()).collect(),
    })
}
