//! GPT-2 and GPT-NeoX.

use serde_json::{Map, Value, json};

use super::llama::share;
use super::{Keys, object};
use crate::load::LoadError;

type Made = Result<Map<String, Value>, LoadError>;

/// GPT-2.
pub(crate) fn gpt2(keys: &Keys<'_, '_>) -> Made {
    let context = keys.count("context_length")?;
    Ok(object(json!({
        "activation_function": "gelu_new",
        "architectures": ["GPT2LMHeadModel"],
        "attn_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "layer_norm_epsilon": keys.number("attention.layer_norm_epsilon")?,
        "model_type": "gpt2",
        "n_ctx": context,
        "n_embd": keys.count("embedding_length")?,
        "n_head": keys.count("attention.head_count")?,
        "n_inner": keys.count("feed_forward_length")?,
        "n_layer": keys.count("block_count")?,
        "n_positions": context,
        "reorder_and_upcast_attn": false,
        "resid_pdrop": 0.0,
        "scale_attn_by_inverse_layer_idx": false,
        "scale_attn_weights": true,
    })))
}

/// GPT-NeoX. Its function is Pythia's; the file names none.
pub(crate) fn gpt_neox(keys: &Keys<'_, '_>) -> Made {
    let (n_heads, d) = (keys.count("attention.head_count")?, keys.count("embedding_length")?);
    let k = d.checked_div(n_heads).unwrap_or(0);
    let parallel = keys.header.opt_flag(&keys.full("use_parallel_residual"))?;
    Ok(object(json!({
        "architectures": ["GPTNeoXForCausalLM"],
        "attention_bias": keys.header.has_tensor("blk.0.attn_qkv.bias"),
        "attention_dropout": 0.0,
        "hidden_act": "gelu",
        "hidden_dropout": 0.0,
        "hidden_size": d,
        "intermediate_size": keys.count("feed_forward_length")?,
        "layer_norm_eps": keys.number("attention.layer_norm_epsilon")?,
        "max_position_embeddings": keys.count("context_length")?,
        "model_type": "gpt_neox",
        "num_attention_heads": n_heads,
        "num_hidden_layers": keys.count("block_count")?,
        "rope_scaling": keys.rope_scaling()?,
        "rotary_emb_base": keys.opt_number("rope.freq_base")?.unwrap_or(1e4),
        "rotary_pct": share(keys.opt_count("rope.dimension_count")?.unwrap_or(k), k),
        "use_parallel_residual": parallel.unwrap_or(true),
    })))
}
