//! Mistral 7B (Jiang et al. 2023, arXiv:2310.06825; transformers' `modeling_mistral.py`).
//!
//! Llama, every layer of which sees a sliding window where `sliding_window` is set.

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
    let family = Family::read(names!("Mistral"), config)?;
    let rope = family.rope()?;
    let window = family.window()?;
    family.build(scope, |s, layer| {
        let shape = AttentionShape { window, ..family.attention_shape() };
        let spec = AttentionSpec { shape, layer, rope: Some(rope.clone()) };
        family.pre_norm_layer(s, |s| family.attention(s, spec), |s| family.mlp(s))
    })
}
