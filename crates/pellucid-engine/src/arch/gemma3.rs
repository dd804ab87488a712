//! Gemma 3, text only (Gemma Team 2025, arXiv:2503.19786; transformers' `modeling_gemma3.py`).
//!
//! Gemma 2 without its caps: four RMSNorms a layer, each scaling by `1 + weight`, scaled embeddings,
//! GELU-gated MLP, tied head. Queries and keys are normalized per head; five of six layers see a
//! sliding window and turn by a smaller base.

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
    let family = Family::read(family_names(), config)?.gemma("Gemma3TextScaledWordEmbedding")?;
    let pattern = config.usize_or("sliding_window_pattern", 6)?.max(1);
    let sliding = family.sliding_layers(|i| (i + 1) % pattern != 0)?;
    let (full_rope, local_rope) = (family.rope()?, family.sliding_rope()?);
    let gemma = family.gemma_attention()?;
    family.build(scope, |s, layer| {
        let window = gemma.window.filter(|_| sliding[layer]);
        let rope = if sliding[layer] { &local_rope } else { &full_rope };
        let spec =
            AttentionSpec { shape: AttentionShape { window, ..gemma }, layer, rope: Some(rope.clone()) };
        let norm = |s: &Scope<'_>, width| family.norm(s, width);
        family.sandwich_layer(s, |s| family.attention(s, spec)?.with_norms(s, QkNorm::HeadFirst, norm))
    })
}

fn family_names() -> super::family::Names {
    super::family::Names { model: "Gemma3TextModel", ..names!("Gemma3") }
}
