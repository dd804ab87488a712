//! Mixtral 8x7B (Jiang et al. 2024, arXiv:2401.04088; transformers' `modeling_mixtral.py`).
//!
//! Mistral whose MLP is a mixture of experts: each token goes to the two likeliest of eight, their
//! weights made to add up to 1. Files keep it under `block_sparse_moe`, with matrices `w1 w3 w2`.

use pellucid_kernels::AttentionShape;

use super::Built;
use super::family::{Family, names};
use crate::blocks::{AttentionSpec, Moe, MoeSpec};
use crate::load::{Config, LoadError};
use crate::scope::Scope;

/// Builds the model.
///
/// # Errors
/// A configuration or a tensor that does not fit.
pub fn build(scope: &Scope<'_>, config: &Config) -> Result<Built, LoadError> {
    let family = Family::read(names!("Mixtral"), config)?;
    let rope = family.rope()?;
    let window = family.window()?;
    let (n_experts, n_chosen) = family.experts("num_local_experts", "num_local_experts")?;
    let moe = MoeSpec {
        kinds: ["MixtralSparseMoeBlock", "MixtralTopKRouter", "MixtralExperts"],
        stored: ["w1", "w3", "w2"],
        d: family.d,
        f: family.f,
        n_experts,
        n_chosen,
        normalized: true,
    };
    family.build(scope, |s, layer| {
        let shape = AttentionShape { window, ..family.attention_shape() };
        let spec = AttentionSpec { shape, layer, rope: Some(rope.clone()) };
        let self_attn = s.child("self_attn", |s| family.attention(s, spec))?;
        let mlp = s.child_stored("mlp", "block_sparse_moe", |s| Moe::load(s, moe, family.act()?))?;
        family.pre_norm_layer_of(s, self_attn, mlp)
    })
}
