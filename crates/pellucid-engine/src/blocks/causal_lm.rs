//! What language models share around their layers: embedding, layers, last norm, and the head.

use std::sync::Arc;

use pellucid_kernels::Activation;

use super::activation::map;
use super::{Embedding, Linear, RmsNorm};
use crate::Tensor;
use crate::grad::{Kept, rowwise};
use crate::load::LoadError;
use crate::parameter::Matrix;
use crate::pass::{Child, Flow, Module, Node, Pass};
use crate::scope::Scope;

/// A body that gives hidden states, and `lm_head`, which gives logits.
pub struct CausalLm<B> {
    kind: &'static str,
    body: Child<B>,
    lm_head: Child<Linear>,
    cap: Option<f32>,
}

impl<B: Module> CausalLm<B> {
    /// Puts a body under a head of `v` tokens: the embedding's own table where it is `tied`, else
    /// weights of its own from under `lm_head`.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load(
        scope: &Scope<'_>,
        kind: &'static str,
        body: Child<B>,
        tied: Option<Arc<Matrix>>,
        [d, v]: [usize; 2],
    ) -> Result<Self, LoadError> {
        Self::load_stored(scope, "lm_head", kind, body, tied, [d, v])
    }

    /// The same, weights being stored under another name than `lm_head`.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load_stored(
        scope: &Scope<'_>,
        stored: &str,
        kind: &'static str,
        body: Child<B>,
        tied: Option<Arc<Matrix>>,
        [d, v]: [usize; 2],
    ) -> Result<Self, LoadError> {
        let lm_head = scope.child_stored("lm_head", stored, |s| match tied {
            Some(table) => {
                // Some files hold the shared table twice.
                s.leave(&["weight"]);
                Ok(Linear::tied(s, table))
            }
            None => Linear::load(s, d, v),
        })?;
        Ok(CausalLm { kind, body, lm_head, cap: None })
    }

    /// Bends logits `x` to `cap * tanh(x / cap)` (Gemma 2); `lm_head` gives them unbent.
    pub fn capped(self, cap: Option<f32>) -> Self {
        CausalLm { cap, ..self }
    }
}

impl<B: Module> Module for CausalLm<B> {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, ids: Tensor) -> Flow<Tensor> {
        let x = pass.call(&self.body, ids)?; // [t, d]
        let x = pass.wanted(x);
        let logits = pass.call(&self.lm_head, x)?; // [t, v]
        Ok(match self.cap {
            Some(cap) => soft_cap(logits, cap),
            None => logits,
        })
    }
}

fn soft_cap(logits: Tensor, cap: f32) -> Tensor {
    if logits.is_meta() {
        return logits;
    }
    let scaled =
        |x: &Tensor, by: f32| Tensor::new(x.f32s().iter().map(|x| x * by).collect::<Vec<f32>>(), x.shape());
    let bent = map(scaled(&logits, 1.0 / cap), Activation::Tanh);
    rowwise(scaled(&bent, cap), 1, [(&logits, 1)], || {
        let bent = Kept::new(&bent, 1);
        move |rows, dy| Ok([bent.rows(&rows).iter().zip(dy).map(|(t, dy)| (1.0 - t * t) * dy).collect()])
    })
}

/// The body of the Llama family: `embed_tokens`, `layers`, `norm`.
pub struct Decoder<L, N = RmsNorm> {
    kind: &'static str,
    embed_tokens: Child<Embedding>,
    layers: Vec<Child<L>>,
    norm: Child<N>,
}

impl<L: Module, N: Module> Decoder<L, N> {
    /// Puts the parts together, loaded by the architecture under these very names.
    pub fn new(
        kind: &'static str,
        embed_tokens: Child<Embedding>,
        layers: Vec<Child<L>>,
        norm: Child<N>,
    ) -> Self {
        Decoder { kind, embed_tokens, layers, norm }
    }

    /// The embedding's table, if a tied head shares it.
    pub fn tied(&self) -> Option<Arc<Matrix>> {
        self.embed_tokens.shared()
    }
}

impl<L: Module, N: Module> Module for Decoder<L, N> {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, ids: Tensor) -> Flow<Tensor> {
        let x = pass.call(&self.embed_tokens, ids)?; // [t, d]
        let x = pass.layers(&self.layers, x)?;
        pass.call(&self.norm, x)
    }
}
