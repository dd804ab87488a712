//! Llama and its descendants.

use serde_json::{Map, Value, json};

use super::{Keys, object};
use crate::load::LoadError;

type Made = Result<Map<String, Value>, LoadError>;

/// What the metadata of all of them says, as the model type `kind` with the class `class`.
fn family(keys: &Keys<'_, '_>, kind: &str, class: &str, more: Value) -> Made {
    let n_heads = keys.count("attention.head_count")?;
    let mut map = object(json!({
        "architectures": [format!("{class}ForCausalLM")],
        "attention_dropout": 0.0,
        "hidden_act": "silu",
        "hidden_size": keys.count("embedding_length")?,
        "intermediate_size": keys.count("feed_forward_length")?,
        "max_position_embeddings": keys.count("context_length")?,
        "model_type": kind,
        "num_attention_heads": n_heads,
        "num_hidden_layers": keys.count("block_count")?,
        "num_key_value_heads": keys.opt_count("attention.head_count_kv")?.unwrap_or(n_heads),
        "rms_norm_eps": keys.number("attention.layer_norm_rms_epsilon")?,
        "rope_scaling": keys.rope_scaling()?,
        "rope_theta": keys.opt_number("rope.freq_base")?.unwrap_or(1e4),
    }));
    map.extend(object(more));
    Ok(map)
}

/// Llama, and what its converter takes for one: Mixtral, which has experts, and Mistral, which has a window, though
/// files of llama.cpp's own converter leave it out.
pub(crate) fn llama(keys: &Keys<'_, '_>) -> Made {
    let head_dim = match keys.opt_count("attention.key_length")? {
        Some(width) => Some(width),
        None => keys.opt_count("rope.dimension_count")?,
    };
    let (n_heads, d) = (keys.count("attention.head_count")?, keys.count("embedding_length")?);
    let head_dim = head_dim.unwrap_or(d.checked_div(n_heads).unwrap_or(0));
    let window = keys.opt_count("attention.sliding_window")?.filter(|window| *window > 0);
    match keys.opt_count("expert_count")?.unwrap_or(0) {
        0 if window.is_some() => {
            let more = json!({"head_dim": head_dim, "sliding_window": window});
            family(keys, "mistral", "Mistral", more)
        }
        0 => {
            let more = json!({
                "attention_bias": keys.header.has_tensor("blk.0.attn_q.bias"),
                "head_dim": head_dim,
                "mlp_bias": keys.header.has_tensor("blk.0.ffn_up.bias"),
                "pretraining_tp": 1,
            });
            family(keys, "llama", "Llama", more)
        }
        n_experts => {
            let more = json!({
                "head_dim": head_dim,
                "num_experts_per_tok": keys.count("expert_used_count")?,
                "num_local_experts": n_experts,
                "output_router_logits": false,
                "sliding_window": window,
            });
            family(keys, "mixtral", "Mixtral", more)
        }
    }
}

/// Qwen 2 and 2.5.
pub(crate) fn qwen2(keys: &Keys<'_, '_>) -> Made {
    let more = json!({"sliding_window": null, "use_sliding_window": false});
    family(keys, "qwen2", "Qwen2", more)
}

/// Qwen 3.
pub(crate) fn qwen3(keys: &Keys<'_, '_>) -> Made {
    let more = json!({
        "attention_bias": false,
        "head_dim": keys.count("attention.key_length")?,
        "sliding_window": null,
        "use_sliding_window": false,
    });
    family(keys, "qwen3", "Qwen3", more)
}

/// Qwen 3 with experts, in the layers that have a router.
pub(crate) fn qwen3_moe(keys: &Keys<'_, '_>) -> Made {
    let is_dense = |layer: &u64| !keys.header.has_tensor(&format!("blk.{layer}.ffn_gate_inp.weight"));
    let mut more = object(json!({
        "decoder_sparse_step": 1,
        "mlp_only_layers": (0..keys.n_layers()?).filter(is_dense).collect::<Vec<_>>(),
        "moe_intermediate_size": keys.count("expert_feed_forward_length")?,
        "norm_topk_prob": true,
        "num_experts": keys.count("expert_count")?,
        "num_experts_per_tok": keys.count("expert_used_count")?,
        "output_router_logits": false,
    }));
    more.extend(qwen3(keys)?);
    more.insert("architectures".to_owned(), json!(["Qwen3MoeForCausalLM"]));
    more.insert("model_type".to_owned(), json!("qwen3_moe"));
    Ok(more)
}

/// OLMo 2. OLMo 3, whose files say the same, has windows besides.
pub(crate) fn olmo2(keys: &Keys<'_, '_>) -> Made {
    let more = json!({"attention_bias": false});
    match keys.opt_count("attention.sliding_window")? {
        None => family(keys, "olmo2", "Olmo2", more),
        Some(_) => family(keys, "olmo3", "Olmo3", more),
    }
}

/// Phi-3 and Phi-4, which turn a part of each head. A window of 0 is none.
pub(crate) fn phi3(keys: &Keys<'_, '_>) -> Made {
    let k = keys.count("embedding_length")?.checked_div(keys.count("attention.head_count")?).unwrap_or(0);
    let turned = keys.opt_count("rope.dimension_count")?.unwrap_or(k);
    let original = keys.opt_count("rope.scaling.original_context_length")?;
    let more = json!({
        "embd_pdrop": 0.0,
        "original_max_position_embeddings": original.map_or_else(|| keys.count("context_length"), Ok)?,
        "partial_rotary_factor": share(turned, k),
        "resid_pdrop": 0.0,
        "sliding_window": keys.opt_count("attention.sliding_window")?.filter(|window| *window > 0),
    });
    family(keys, "phi3", "Phi3", more)
}

/// The share of `whole` that gives `part`, by the rule of everyone who reads it: the product, rounded down.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    let share = part as f64 / whole.max(1) as f64;
    if ((whole as f64 * share) as u64) < part { share.next_up() } else { share }
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn a_share_gives_its_part_again() {
        for whole in 1..300 {
            for part in 1..=whole {
                assert_eq!((whole as f64 * share(part, whole)) as u64, part, "{part} of {whole}");
            }
        }
    }
}
