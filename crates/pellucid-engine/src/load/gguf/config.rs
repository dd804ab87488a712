//! The `config.json` that a GGUF file was made from, from its metadata.
//!
//! What the file does not hold (Gemma 3's pattern of sliding layers, its local rotary base) is what every
//! published model of the family has. Floats are stored as f32; six digits give back the number that was meant.

use serde_json::{Map, Value, json};

use super::header::Header;
use super::names;
use crate::load::{Config, LoadError};

/// The configuration of the model in this file. Errors: [`LoadError::UnknownModelType`], [`LoadError::BadGguf`].
pub(crate) fn of(header: &Header<'_>) -> Result<Config, LoadError> {
    let arch = header.text("general.architecture")?;
    let keys = Keys { header, arch };
    let specific = match arch {
        "llama" => keys.llama()?,
        "gemma3" => keys.gemma3()?,
        "gpt2" => keys.gpt2()?,
        other => {
            return Err(LoadError::UnknownModelType { got: other.to_owned(), known: names::architectures() });
        }
    };
    let mut map = keys.shared()?;
    for (key, value) in specific {
        map.insert(key, value);
    }
    Ok(Config::new(header.file(), map))
}

struct Keys<'h, 'a> {
    header: &'h Header<'a>,
    arch: &'a str,
}

impl Keys<'_, '_> {
    fn shared(&self) -> Result<Map<String, Value>, LoadError> {
        let token = |name: &str| self.header.opt_count(&format!("tokenizer.ggml.{name}_token_id"));
        Ok(object(json!({
            "bos_token_id": token("bos")?,
            "eos_token_id": token("eos")?,
            "pad_token_id": token("padding")?,
            "tie_word_embeddings": !self.header.has_tensor("output.weight"),
            "torch_dtype": "float32",
            "use_cache": true,
            "vocab_size": self.vocab_size()?,
        })))
    }

    fn llama(&self) -> Result<Map<String, Value>, LoadError> {
        let (n_heads, d) = (self.count("attention.head_count")?, self.count("embedding_length")?);
        let head_dim = match self.opt_count("attention.key_length")? {
            Some(width) => Some(width),
            None => self.opt_count("rope.dimension_count")?,
        };
        let experts = self.opt_count("expert_count")?.unwrap_or(0);
        if experts > 0 {
            return Err(self.header.bad(format!(
                "`llama.expert_count` is {experts}; mixtures of experts are not read from GGUF"
            )));
        }
        Ok(object(json!({
            "architectures": ["LlamaForCausalLM"],
            "attention_bias": self.header.has_tensor("blk.0.attn_q.bias"),
            "attention_dropout": 0.0,
            "head_dim": head_dim.unwrap_or(d.checked_div(n_heads).unwrap_or(0)),
            "hidden_act": "silu",
            "hidden_size": d,
            "intermediate_size": self.count("feed_forward_length")?,
            "max_position_embeddings": self.count("context_length")?,
            "mlp_bias": self.header.has_tensor("blk.0.ffn_up.bias"),
            "model_type": "llama",
            "num_attention_heads": n_heads,
            "num_hidden_layers": self.count("block_count")?,
            "num_key_value_heads": self.opt_count("attention.head_count_kv")?.unwrap_or(n_heads),
            "pretraining_tp": 1,
            "rms_norm_eps": self.number("attention.layer_norm_rms_epsilon")?,
            "rope_scaling": self.rope_scaling()?,
            "rope_theta": self.opt_number("rope.freq_base")?.unwrap_or(1e4),
        })))
    }

    fn gemma3(&self) -> Result<Map<String, Value>, LoadError> {
        let n_layers = self.count("block_count")?;
        let head_dim = self.count("attention.key_length")?;
        let (n_heads, d) = (self.count("attention.head_count")?, self.count("embedding_length")?);
        let pattern = self.opt_count("attention.sliding_window_pattern")?.unwrap_or(6).max(1);
        const MOST_LAYERS: u64 = 4096;
        if n_layers > MOST_LAYERS {
            return Err(self
                .header
                .bad(format!("`gemma3.block_count` is {n_layers}, at most {MOST_LAYERS} are read")));
        }
        let layer_type = |layer: u64| match (layer + 1).is_multiple_of(pattern) {
            true => "full_attention",
            false => "sliding_attention",
        };
        // Only the 27B model scales queries by the width per head of the residual stream.
        let scale = if n_layers == 62 { d.checked_div(n_heads).unwrap_or(head_dim) } else { head_dim };
        Ok(object(json!({
            "_sliding_window_pattern": pattern,
            "architectures": ["Gemma3ForCausalLM"],
            "attention_bias": false,
            "attention_dropout": 0.0,
            "attn_logit_softcapping": null,
            "final_logit_softcapping": self.opt_number("final_logit_softcapping")?,
            "head_dim": head_dim,
            "hidden_activation": "gelu_pytorch_tanh",
            "hidden_size": d,
            "initializer_range": 0.02,
            "intermediate_size": self.count("feed_forward_length")?,
            "layer_types": (0..n_layers).map(layer_type).collect::<Vec<_>>(),
            "max_position_embeddings": self.count("context_length")?,
            "model_type": "gemma3_text",
            "num_attention_heads": n_heads,
            "num_hidden_layers": n_layers,
            "num_key_value_heads": self.opt_count("attention.head_count_kv")?.unwrap_or(n_heads),
            "query_pre_attn_scalar": scale,
            "rms_norm_eps": self.number("attention.layer_norm_rms_epsilon")?,
            "rope_local_base_freq": self.opt_number("rope.freq_base_swa")?.unwrap_or(1e4),
            "rope_scaling": self.rope_scaling()?,
            "rope_theta": self.opt_number("rope.freq_base")?.unwrap_or(1e6),
            "sliding_window": self.count("attention.sliding_window")?,
            "use_bidirectional_attention": false,
        })))
    }

    fn gpt2(&self) -> Result<Map<String, Value>, LoadError> {
        let context = self.count("context_length")?;
        Ok(object(json!({
            "activation_function": "gelu_new",
            "architectures": ["GPT2LMHeadModel"],
            "attn_pdrop": 0.0,
            "embd_pdrop": 0.0,
            "layer_norm_epsilon": self.number("attention.layer_norm_epsilon")?,
            "model_type": "gpt2",
            "n_ctx": context,
            "n_embd": self.count("embedding_length")?,
            "n_head": self.count("attention.head_count")?,
            "n_inner": self.count("feed_forward_length")?,
            "n_layer": self.count("block_count")?,
            "n_positions": context,
            "reorder_and_upcast_attn": false,
            "resid_pdrop": 0.0,
            "scale_attn_by_inverse_layer_idx": false,
            "scale_attn_weights": true,
        })))
    }

    fn rope_scaling(&self) -> Result<Value, LoadError> {
        let key = format!("{}.rope.scaling.type", self.arch);
        match self.header.opt_text(&key)? {
            None | Some("none") => Ok(Value::Null),
            Some(kind) => Ok(json!({"rope_type": kind, "factor": self.opt_number("rope.scaling.factor")?})),
        }
    }

    /// Rows of the embedding: some files say it, all hold the tokens, unless the vocabulary was left out.
    fn vocab_size(&self) -> Result<u64, LoadError> {
        if let Some(size) = self.opt_count("vocab_size")? {
            return Ok(size);
        }
        let rows = || {
            let embedding = self.header.tensors.iter().find(|info| info.name == "token_embd.weight");
            embedding.map(|info| info.shape[0] as u64)
        };
        let size = self.header.opt_len("tokenizer.ggml.tokens").or_else(rows);
        size.ok_or_else(|| {
            self.header.bad("it has neither `tokenizer.ggml.tokens` nor `token_embd.weight`".to_owned())
        })
    }

    fn count(&self, key: &str) -> Result<u64, LoadError> {
        self.header.count(&format!("{}.{key}", self.arch))
    }

    fn opt_count(&self, key: &str) -> Result<Option<u64>, LoadError> {
        self.header.opt_count(&format!("{}.{key}", self.arch))
    }

    fn number(&self, key: &str) -> Result<f64, LoadError> {
        self.header.number(&format!("{}.{key}", self.arch)).map(meant)
    }

    fn opt_number(&self, key: &str) -> Result<Option<f64>, LoadError> {
        Ok(self.header.opt_number(&format!("{}.{key}", self.arch))?.map(meant))
    }
}

/// 9.999999747378752e-06, an f32, meant 1e-05.
fn meant(number: f64) -> f64 {
    format!("{number:.5e}").parse().unwrap_or(number)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_was_meant() {
        assert_eq!(meant(f64::from(1e-5f32)), 1e-5);
        assert_eq!(meant(f64::from(1e-6f32)), 1e-6);
        assert_eq!(meant(100_000.0), 100_000.0);
        assert_eq!(meant(500_000.0), 500_000.0);
    }
}
