//! BERT.

use serde_json::{Map, Value, json};

use super::{Keys, object};
use crate::load::LoadError;

/// BERT. Its function is what all published models have; the file names none.
pub(crate) fn bert(keys: &Keys<'_, '_>) -> Result<Map<String, Value>, LoadError> {
    Ok(object(json!({
        "architectures": ["BertModel"],
        "attention_probs_dropout_prob": 0.0,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.0,
        "hidden_size": keys.count("embedding_length")?,
        "intermediate_size": keys.count("feed_forward_length")?,
        "layer_norm_eps": keys.number("attention.layer_norm_epsilon")?,
        "max_position_embeddings": keys.count("context_length")?,
        "model_type": "bert",
        "num_attention_heads": keys.count("attention.head_count")?,
        "num_hidden_layers": keys.count("block_count")?,
        "position_embedding_type": "absolute",
        "type_vocab_size": keys.rows("token_types.weight").unwrap_or(2),
    })))
}
