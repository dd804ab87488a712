//! StarCoder 2 (Lozhkov et al. 2024, arXiv:2402.19173; transformers' `modeling_starcoder2.py`).
//!
//! Mistral with LayerNorm and an MLP without a gate. `use_bias` gives all matrices but the head a bias.

use pellucid_kernels::AttentionShape;

use super::Built;
use super::family::{Family, names};
use crate::blocks::{AttentionSpec, LayerNorm, Linear, PlainMlp, PreNormLayer};
use crate::load::{Config, LoadError};
use crate::scope::Scope;

/// Builds the model.
///
/// # Errors
/// A configuration or a tensor that does not fit.
pub fn build(scope: &Scope<'_>, config: &Config) -> Result<Built, LoadError> {
    let family = Family {
        eps: config.f64_or("norm_epsilon", 1e-5)?,
        tied: config.bool_or("tie_word_embeddings", true)?,
        ..Family::read(names!("Starcoder2"), config)?
    };
    let biased = config.bool_or("use_bias", true)?;
    let rope = family.rope()?;
    let window = family.window()?;
    let norm = |s: &Scope<'_>| LayerNorm::load(s, family.d, family.eps);
    family.build_with(scope, norm, |s, layer| {
        let shape = AttentionShape { window, ..family.attention_shape() };
        let spec = AttentionSpec { shape, layer, rope: Some(rope.clone()) };
        let attention = |s: &Scope<'_>| {
            if biased {
                s.require(&["q_proj.bias", "k_proj.bias", "v_proj.bias", "o_proj.bias"])?;
            }
            family.attention(s, spec)
        };
        Ok(PreNormLayer {
            kind: family.names.layer,
            self_attn: s.child("self_attn", attention)?,
            mlp: s.child("mlp", |s| mlp(s, &family, biased))?,
            input_layernorm: s.child("input_layernorm", norm)?,
            post_attention_layernorm: s.child("post_attention_layernorm", norm)?,
        })
    })
}

fn mlp(scope: &Scope<'_>, family: &Family<'_>, biased: bool) -> Result<PlainMlp, LoadError> {
    let linear = if biased { Linear::biased } else { Linear::load };
    let act = family.act()?;
    let fc = scope.child("c_fc", |s| linear(s, family.d, family.f))?;
    let proj = scope.child("c_proj", |s| linear(s, family.f, family.d))?;
    let act = scope.child("act", |_| Ok(act))?;
    Ok(PlainMlp::new(family.names.mlp, fc, act, proj))
}
