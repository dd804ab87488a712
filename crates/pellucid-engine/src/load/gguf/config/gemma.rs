//! Gemma 2 and 3.

use serde_json::{Map, Value, json};

use super::{Keys, object};
use crate::load::LoadError;

type Made = Result<Map<String, Value>, LoadError>;

/// Gemma 2: every other layer has a window, beginning with the first.
pub(crate) fn gemma2(keys: &Keys<'_, '_>) -> Made {
    let n_layers = keys.n_layers()?;
    // Only the 27B model scales queries by the width per head of the residual stream.
    let scale = if n_layers == 46 { width_per_head(keys)? } else { keys.count("attention.key_length")? };
    family(
        keys,
        json!({
            "architectures": ["Gemma2ForCausalLM"],
            "attn_logit_softcapping": keys.opt_number("attn_logit_softcapping")?.unwrap_or(50.0),
            "final_logit_softcapping": keys.opt_number("final_logit_softcapping")?.unwrap_or(30.0),
            "layer_types": layer_types(n_layers, 2),
            "model_type": "gemma2",
            "query_pre_attn_scalar": scale,
            "rope_theta": keys.opt_number("rope.freq_base")?.unwrap_or(1e4),
            "sliding_window": keys.opt_count("attention.sliding_window")?.unwrap_or(4096),
        }),
    )
}

/// Gemma 3: every sixth layer has no window.
pub(crate) fn gemma3(keys: &Keys<'_, '_>) -> Made {
    let n_layers = keys.n_layers()?;
    let pattern = keys.opt_count("attention.sliding_window_pattern")?.unwrap_or(6).max(1);
    // As in Gemma 2.
    let scale = if n_layers == 62 { width_per_head(keys)? } else { keys.count("attention.key_length")? };
    family(
        keys,
        json!({
            "_sliding_window_pattern": pattern,
            "architectures": ["Gemma3ForCausalLM"],
            "attn_logit_softcapping": null,
            "final_logit_softcapping": keys.opt_number("final_logit_softcapping")?,
            "layer_types": layer_types(n_layers, pattern),
            "model_type": "gemma3_text",
            "query_pre_attn_scalar": scale,
            "rope_local_base_freq": keys.opt_number("rope.freq_base_swa")?.unwrap_or(1e4),
            "rope_theta": keys.opt_number("rope.freq_base")?.unwrap_or(1e6),
            "sliding_window": keys.count("attention.sliding_window")?,
            "use_bidirectional_attention": false,
        }),
    )
}

fn family(keys: &Keys<'_, '_>, more: Value) -> Made {
    let n_heads = keys.count("attention.head_count")?;
    let mut map = object(json!({
        "attention_bias": false,
        "attention_dropout": 0.0,
        "head_dim": keys.count("attention.key_length")?,
        "hidden_activation": "gelu_pytorch_tanh",
        "hidden_size": keys.count("embedding_length")?,
        "initializer_range": 0.02,
        "intermediate_size": keys.count("feed_forward_length")?,
        "max_position_embeddings": keys.count("context_length")?,
        "num_attention_heads": n_heads,
        "num_hidden_layers": keys.count("block_count")?,
        "num_key_value_heads": keys.opt_count("attention.head_count_kv")?.unwrap_or(n_heads),
        "rms_norm_eps": keys.number("attention.layer_norm_rms_epsilon")?,
        "rope_scaling": keys.rope_scaling()?,
    }));
    map.extend(object(more));
    Ok(map)
}

fn layer_types(n_layers: u64, pattern: u64) -> Vec<&'static str> {
    let is_full = |layer: u64| (layer + 1).is_multiple_of(pattern);
    (0..n_layers).map(|i| if is_full(i) { "full_attention" } else { "sliding_attention" }).collect()
}

fn width_per_head(keys: &Keys<'_, '_>) -> Result<u64, LoadError> {
    let (n_heads, d) = (keys.count("attention.head_count")?, keys.count("embedding_length")?);
    Ok(d.checked_div(n_heads).unwrap_or(d))
}
