//! How attention, MLP and norms stand around the residual stream: norms before each, or before and
//! after each.

use super::{RmsNorm, add};
use crate::Tensor;
use crate::pass::{Child, Flow, Module, Node, Pass};

/// `x += attn(norm(x)); x += mlp(norm(x))`, in the words of Llama.
pub struct PreNormLayer<A, M, N = RmsNorm> {
    /// The class name that transformers gives it.
    pub kind: &'static str,
    /// Attention.
    pub self_attn: Child<A>,
    /// The MLP, dense or of experts.
    pub mlp: Child<M>,
    /// Before attention.
    pub input_layernorm: Child<N>,
    /// Before the MLP.
    pub post_attention_layernorm: Child<N>,
}

impl<A: Module, M: Module, N: Module> Module for PreNormLayer<A, M, N> {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let y = pass.call(&self.input_layernorm, x.clone())?;
        let y = pass.call(&self.self_attn, y)?;
        let x = add(pass, x, &y);
        let y = pass.call(&self.post_attention_layernorm, x.clone())?;
        let y = pass.call(&self.mlp, y)?;
        Ok(add(pass, x, &y))
    }
}

/// `x += norm(attn(norm(x))); x += norm(mlp(norm(x)))`, in the words of Gemma 2.
pub struct SandwichLayer<A, M> {
    /// The class name that transformers gives it.
    pub kind: &'static str,
    /// Attention.
    pub self_attn: Child<A>,
    /// The MLP.
    pub mlp: Child<M>,
    /// Before attention.
    pub input_layernorm: Child<RmsNorm>,
    /// After attention.
    pub post_attention_layernorm: Child<RmsNorm>,
    /// Before the MLP.
    pub pre_feedforward_layernorm: Child<RmsNorm>,
    /// After the MLP.
    pub post_feedforward_layernorm: Child<RmsNorm>,
}

impl<A: Module, M: Module> Module for SandwichLayer<A, M> {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn forward(&self, _at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let y = pass.call(&self.input_layernorm, x.clone())?;
        let y = pass.call(&self.self_attn, y)?;
        let y = pass.call(&self.post_attention_layernorm, y)?;
        let x = add(pass, x, &y);
        let y = pass.call(&self.pre_feedforward_layernorm, x.clone())?;
        let y = pass.call(&self.mlp, y)?;
        let y = pass.call(&self.post_feedforward_layernorm, y)?;
        Ok(add(pass, x, &y))
    }
}
