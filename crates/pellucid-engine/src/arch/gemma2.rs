//! Gemma 2 (Gemma Team 2024, arXiv:2408.00118; transformers' `modeling_gemma2.py`).
//!
//! Llama with four RMSNorms a layer, before and after attention and MLP, each scaling by
//! `1 + weight`; embeddings scaled by the square root of the width; GELU-gated MLP; tied head. Scores
//! and logits are bent to stay below a cap, and every second layer sees a sliding window.

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
    let family = Family::read(names!("Gemma2"), config)?.gemma("Gemma2TextScaledWordEmbedding")?;
    let sliding = family.sliding_layers(|i| i % 2 == 0)?;
    let rope = family.rope()?;
    let gemma = family.gemma_attention()?;
    family.build(scope, |s, layer| {
        let window = gemma.window.filter(|_| sliding[layer]);
        let spec =
            AttentionSpec { shape: AttentionShape { window, ..gemma }, layer, rope: Some(rope.clone()) };
        family.sandwich_layer(s, |s| family.attention(s, spec))
    })
}
