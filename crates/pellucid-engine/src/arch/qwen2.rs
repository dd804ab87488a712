//! Qwen 2 and 2.5 (Qwen Team 2024, arXiv:2407.10671; transformers' `modeling_qwen2.py`).
//!
//! Llama with biases on queries, keys and values. Where `use_sliding_window` is set, layers from
//! `max_window_layers` on see a sliding window.

use pellucid_kernels::AttentionShape;

use super::Built;
use super::family::{Family, names};
use crate::blocks::AttentionSpec;
use crate::load::{Config, LoadError};
use crate::scope::Scope;

/// Builds the model.
///
/// # Errors
/// A configuration or a tensor that does not fit.
pub fn build(scope: &Scope<'_>, config: &Config) -> Result<Built, LoadError> {
    let family = Family::read(names!("Qwen2"), config)?;
    let rope = family.rope()?;
    let windows = family.qwen_windows()?;
    family.build(scope, |s, layer| {
        let shape = AttentionShape { window: windows[layer], ..family.attention_shape() };
        let spec = AttentionSpec { shape, layer, rope: Some(rope.clone()) };
        let attention = |s: &Scope<'_>| {
            s.require(&["q_proj.bias", "k_proj.bias", "v_proj.bias"])?;
            family.attention(s, spec)
        };
        family.pre_norm_layer(s, attention, |s| family.mlp(s))
    })
}
