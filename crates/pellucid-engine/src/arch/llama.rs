//! Llama (Touvron et al. 2023, arXiv:2302.13971; transformers' `modeling_llama.py`).
//!
//! Pre-norm decoder: RMSNorm, rotary attention with grouped key heads, gated SiLU MLP. Llama 3.1
//! stretches the rotary frequencies; small models tie head and embedding. Its descendants say in
//! their files what they do otherwise.

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
    let family = Family::read(names!("Llama"), config)?;
    let rope = family.rope()?;
    family.build(scope, |s, layer| {
        let spec = AttentionSpec { shape: family.attention_shape(), layer, rope: Some(rope.clone()) };
        family.pre_norm_layer(s, |s| family.attention(s, spec), |s| family.mlp(s))
    })
}
