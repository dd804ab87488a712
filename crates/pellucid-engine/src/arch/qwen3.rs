//! Qwen 3 (Qwen Team 2025, arXiv:2505.09388; transformers' `modeling_qwen3.py`).
//!
//! Llama with RMSNorm over each head's query and key before the rotation. Windows as in Qwen 2.

use pellucid_kernels::AttentionShape;

use super::Built;
use super::family::{Family, names};
use crate::blocks::{AttentionSpec, QkNorm};
use crate::load::{Config, LoadError};
use crate::scope::Scope;

/// Builds the model.
///
/// # Errors
/// A configuration or a tensor that does not fit.
pub fn build(scope: &Scope<'_>, config: &Config) -> Result<Built, LoadError> {
    let family = Family::read(names!("Qwen3"), config)?;
    let rope = family.rope()?;
    let windows = family.qwen_windows()?;
    family.build(scope, |s, layer| {
        let shape = AttentionShape { window: windows[layer], ..family.attention_shape() };
        let spec = AttentionSpec { shape, layer, rope: Some(rope.clone()) };
        let norm = |s: &Scope<'_>, width| family.norm(s, width);
        let attention = |s: &Scope<'_>| family.attention(s, spec)?.with_norms(s, QkNorm::Head, norm);
        family.pre_norm_layer(s, attention, |s| family.mlp(s))
    })
}
