//! `tiny:llama` and the like: small models of random weights, of every architecture, from nowhere.
//!
//! For tests and first steps without a download. Each architecture reads from one configuration the keys it
//! knows. The tokenizer is bytes: a text's tokens are its UTF-8 bytes.

use serde_json::{Map, Value, json};
use tokenizers::decoders::byte_level::ByteLevel;
use tokenizers::models::bpe::BPE;
use tokenizers::{AddedToken, Tokenizer as Inner};

use super::special::SpecialTokens;
use super::tokenizer::{Kit, Loaded};
use super::{Checkpoint, Config, Generation, LoadError, Pooling, Tokenizer, Weights};

/// The random model `tiny:MODEL_TYPE` with weights that depend on `seed` alone.
///
/// # Errors
/// None for an architecture that there is; which there are is not asked here.
pub fn tiny(model_type: &str, seed: u64) -> Result<Checkpoint, LoadError> {
    let name = match seed {
        0 => format!("tiny:{model_type}"),
        seed => format!("tiny:{model_type}:{seed}"),
    };
    let mut map = configuration();
    map.insert("model_type".to_owned(), model_type.into());
    let config = Config::new(&name, map);
    let generation = Generation::of(&config)?;
    let own = generation.clone();
    let tokenizer = Tokenizer::lazy(move || {
        let kit = |inner: &Inner| Kit { special: SpecialTokens::of_ids(&own, None, inner), ..Kit::default() };
        Ok(bytes()
            .map_err(|error| error.to_string())
            .and_then(|inner| Loaded::new(inner.clone(), kit(&inner))))
    });
    let (weights, pooling) = (Weights::random(seed), Ok(Pooling::default()));
    Ok(Checkpoint { name, config, weights, tokenizer, generation, pooling })
}

/// The token that begins and ends texts, after those of the bytes.
const EOS: u32 = 256;

/// The keys of all architectures.
fn configuration() -> Map<String, Value> {
    let map = json!({
        "hidden_size": 32, "n_embd": 32, "word_embed_proj_dim": 32,
        "num_hidden_layers": 2, "num_layers": 2, "n_layer": 2,
        "num_attention_heads": 4, "num_heads": 4, "n_head": 4, "num_key_value_heads": 2, "head_dim": 8,
        "intermediate_size": 64, "ffn_dim": 64, "moe_intermediate_size": 24,
        "vocab_size": EOS + 8,
        "max_position_embeddings": 256, "n_positions": 256,
        "hidden_act": "silu", "activation_function": "gelu_new", "hidden_activation": "gelu_pytorch_tanh",
        "rope_theta": 10000.0, "rotary_dim": 4, "rotary_pct": 0.5,
        "query_pre_attn_scalar": 8, "sliding_window": 32,
        "attention_types": [[["global", "local"], 1]],
        "num_local_experts": 4, "num_experts": 4, "num_experts_per_tok": 2, "norm_topk_prob": true,
        "type_vocab_size": 2,
        "bos_token_id": EOS, "eos_token_id": EOS, "pad_token_id": EOS,
    });
    match map {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// A vocabulary of the bytes, in their order.
fn bytes() -> tokenizers::Result<Inner> {
    let spelled = ByteLevel::alphabet();
    let mut characters: Vec<char> = spelled.into_iter().collect();
    characters.sort_unstable_by_key(|c| byte_of(*c));
    let vocabulary = characters.iter().map(|c| (c.to_string(), u32::from(byte_of(*c))));
    let mut tokenizer = Inner::new(BPE::new(vocabulary.collect(), Vec::new()));
    let level = ByteLevel::new(false, false, false);
    tokenizer.with_pre_tokenizer(Some(level)).with_decoder(Some(level));
    tokenizer.add_special_tokens([AddedToken::from("<|end|>", true)])?;
    Ok(tokenizer)
}

/// The byte that a character of the byte-level alphabet stands for: printable ones for themselves, the others,
/// in order, for those from 256 on.
fn byte_of(c: char) -> u8 {
    let is_plain = |b: &u32| matches!(b, 33..=126 | 161..=172 | 174..=255);
    match u32::from(c) {
        b if is_plain(&b) => b as u8,
        shifted => (0..256).filter(|b| !is_plain(b)).nth(shifted as usize - 256).unwrap_or(0) as u8,
    }
}
