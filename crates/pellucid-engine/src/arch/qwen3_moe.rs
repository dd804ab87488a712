//! Qwen 3 MoE (Qwen Team 2025, arXiv:2505.09388; transformers' `modeling_qwen3_moe.py`).
//!
//! Qwen 3 whose MLP is a mixture of experts in every `decoder_sparse_step`th layer that
//! `mlp_only_layers` does not name.

use pellucid_kernels::AttentionShape;

use super::Built;
use super::family::{Family, names};
use crate::Tensor;
use crate::blocks::{AttentionSpec, GatedMlp, Moe, MoeSpec, QkNorm};
use crate::load::{Config, LoadError};
use crate::pass::{Flow, Module, Node, OwnCost, Pass};
use crate::scope::Scope;

/// Builds the model.
///
/// # Errors
/// A configuration or a tensor that does not fit.
pub fn build(scope: &Scope<'_>, config: &Config) -> Result<Built, LoadError> {
    let family = Family::read(names!("Qwen3Moe"), config)?;
    let rope = family.rope()?;
    let windows = family.qwen_windows()?;
    let (moe, sparse) = (moe_spec(&family)?, sparse_layers(&family)?);
    family.build(scope, |s, layer| {
        let shape = AttentionShape { window: windows[layer], ..family.attention_shape() };
        let spec = AttentionSpec { shape, layer, rope: Some(rope.clone()) };
        let norm = |s: &Scope<'_>, width| family.norm(s, width);
        let attention = |s: &Scope<'_>| family.attention(s, spec)?.with_norms(s, QkNorm::Head, norm);
        let mlp = |s: &Scope<'_>| match sparse[layer] {
            true => Ok(Qwen3MoeMlp::Sparse(Moe::load(s, moe, family.act()?)?)),
            false => Ok(Qwen3MoeMlp::Dense(family.mlp(s)?)),
        };
        family.pre_norm_layer(s, attention, mlp)
    })
}

fn moe_spec(family: &Family<'_>) -> Result<MoeSpec, LoadError> {
    let (n_experts, n_chosen) = family.experts("num_experts", "num_local_experts")?;
    Ok(MoeSpec {
        kinds: ["Qwen3MoeSparseMoeBlock", "Qwen3MoeTopKRouter", "Qwen3MoeExperts"],
        stored: ["gate_proj", "up_proj", "down_proj"],
        d: family.d,
        f: family.config.usize("moe_intermediate_size")?,
        n_experts,
        n_chosen,
        normalized: family.config.bool_or("norm_topk_prob", false)?,
    })
}

/// For each layer, whether it has experts.
fn sparse_layers(family: &Family<'_>) -> Result<Vec<bool>, LoadError> {
    let dense = family.config.opt_usizes("mlp_only_layers")?.unwrap_or_default();
    let step = family.config.usize_or("decoder_sparse_step", 1)?.max(1);
    Ok((0..family.l).map(|i| !dense.contains(&i) && (i + 1).is_multiple_of(step)).collect())
}

enum Qwen3MoeMlp {
    Dense(GatedMlp),
    Sparse(Moe),
}

impl Module for Qwen3MoeMlp {
    fn kind(&self) -> &'static str {
        match self {
            Qwen3MoeMlp::Dense(mlp) => mlp.kind(),
            Qwen3MoeMlp::Sparse(moe) => moe.kind(),
        }
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        match self {
            Qwen3MoeMlp::Dense(mlp) => mlp.forward(at, pass, x),
            Qwen3MoeMlp::Sparse(moe) => moe.forward(at, pass, x),
        }
    }

    fn cost(&self) -> OwnCost {
        match self {
            Qwen3MoeMlp::Dense(mlp) => mlp.cost(),
            Qwen3MoeMlp::Sparse(moe) => moe.cost(),
        }
    }
}
