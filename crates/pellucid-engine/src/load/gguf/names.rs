//! Tensor names: llama.cpp's to Hugging Face's.
//!
//! One row of [`TABLES`] an architecture. What GGUF files may have but this table lacks is refused with the list of
//! what it has.

use serde_json::{Map, Value};

use super::config::{Keys, bert, gemma, gpt, llama};
use super::header::Header;
use crate::load::LoadError;

/// Names in the file, without their `.weight` or `.bias`, and Hugging Face's.
type Rows = &'static [(&'static str, &'static str)];

/// One architecture.
pub(crate) struct Table {
    /// `general.architecture`.
    pub(crate) arch: &'static str,
    /// Tensors outside the layers.
    whole: Rows,
    /// The prefix of a layer in Hugging Face names.
    layers: &'static str,
    /// Tensors of a layer.
    layer: &'static [Rows],
    /// Where a layer's experts are, and the names of an expert's gate, up and down matrices.
    pub(crate) experts: Option<(&'static str, [&'static str; 3])>,
    /// The keys of its `config.json` that not all architectures have.
    pub(crate) config: fn(&Keys<'_, '_>) -> Result<Map<String, Value>, LoadError>,
}

const LLAMA: Table = Table {
    arch: "llama",
    whole: &[("token_embd", "model.embed_tokens"), ("output_norm", "model.norm"), ("output", "lm_head")],
    layers: "model.layers",
    layer: &[NORMS_BEFORE, ATTENTION, GATED, &[("ffn_gate_inp", "block_sparse_moe.gate")]],
    experts: Some(("block_sparse_moe.experts", ["w1", "w3", "w2"])),
    config: llama::llama,
};

const DENSE: Table = Table { experts: None, layer: &[NORMS_BEFORE, ATTENTION, GATED], ..LLAMA };

pub(crate) static TABLES: [Table; 11] = [
    LLAMA,
    Table { arch: "qwen2", config: llama::qwen2, ..DENSE },
    Table {
        arch: "qwen3",
        layer: &[NORMS_BEFORE, ATTENTION, NORMS_OF_HEADS, GATED],
        config: llama::qwen3,
        ..DENSE
    },
    Table {
        arch: "qwen3moe",
        layer: &[NORMS_BEFORE, ATTENTION, NORMS_OF_HEADS, GATED, &[("ffn_gate_inp", "mlp.gate")]],
        experts: Some(("mlp.experts", ["gate_proj", "up_proj", "down_proj"])),
        config: llama::qwen3_moe,
        ..DENSE
    },
    Table { arch: "gemma2", layer: &[NORMS_AROUND, ATTENTION, GATED], config: gemma::gemma2, ..DENSE },
    Table {
        arch: "gemma3",
        layer: &[NORMS_AROUND, ATTENTION, NORMS_OF_HEADS, GATED],
        config: gemma::gemma3,
        ..DENSE
    },
    Table {
        arch: "olmo2",
        layer: &[
            ATTENTION,
            NORMS_OF_HEADS,
            GATED,
            &[
                ("post_attention_norm", "post_attention_layernorm"),
                ("post_ffw_norm", "post_feedforward_layernorm"),
            ],
        ],
        config: llama::olmo2,
        ..DENSE
    },
    Table {
        arch: "phi3",
        layer: &[
            NORMS_BEFORE,
            &[
                ("attn_qkv", "self_attn.qkv_proj"),
                ("attn_output", "self_attn.o_proj"),
                ("ffn_up", "mlp.gate_up_proj"),
                ("ffn_down", "mlp.down_proj"),
            ],
        ],
        config: llama::phi3,
        ..DENSE
    },
    Table {
        arch: "gpt2",
        whole: &[
            ("token_embd", "transformer.wte"),
            ("position_embd", "transformer.wpe"),
            ("output_norm", "transformer.ln_f"),
            ("output", "lm_head"),
        ],
        layers: "transformer.h",
        layer: &[&[
            ("attn_norm", "ln_1"),
            ("attn_qkv", "attn.c_attn"),
            ("attn_output", "attn.c_proj"),
            ("ffn_norm", "ln_2"),
            ("ffn_up", "mlp.c_fc"),
            ("ffn_down", "mlp.c_proj"),
        ]],
        experts: None,
        config: gpt::gpt2,
    },
    Table {
        arch: "gptneox",
        whole: &[
            ("token_embd", "gpt_neox.embed_in"),
            ("output_norm", "gpt_neox.final_layer_norm"),
            ("output", "embed_out"),
        ],
        layers: "gpt_neox.layers",
        layer: &[&[
            ("attn_norm", "input_layernorm"),
            ("attn_qkv", "attention.query_key_value"),
            ("attn_output", "attention.dense"),
            ("ffn_norm", "post_attention_layernorm"),
            ("ffn_up", "mlp.dense_h_to_4h"),
            ("ffn_down", "mlp.dense_4h_to_h"),
        ]],
        experts: None,
        config: gpt::gpt_neox,
    },
    Table {
        arch: "bert",
        whole: &[
            ("token_embd", "embeddings.word_embeddings"),
            ("position_embd", "embeddings.position_embeddings"),
            ("token_types", "embeddings.token_type_embeddings"),
            ("token_embd_norm", "embeddings.LayerNorm"),
        ],
        layers: "encoder.layer",
        layer: &[&[
            ("attn_q", "attention.self.query"),
            ("attn_k", "attention.self.key"),
            ("attn_v", "attention.self.value"),
            ("attn_output", "attention.output.dense"),
            ("attn_output_norm", "attention.output.LayerNorm"),
            ("ffn_up", "intermediate.dense"),
            ("ffn_down", "output.dense"),
            ("layer_output_norm", "output.LayerNorm"),
        ]],
        experts: None,
        config: bert::bert,
    },
];

const NORMS_BEFORE: Rows = &[("attn_norm", "input_layernorm"), ("ffn_norm", "post_attention_layernorm")];
const NORMS_AROUND: Rows = &[
    ("attn_norm", "input_layernorm"),
    ("post_attention_norm", "post_attention_layernorm"),
    ("ffn_norm", "pre_feedforward_layernorm"),
    ("post_ffw_norm", "post_feedforward_layernorm"),
];
const NORMS_OF_HEADS: Rows = &[("attn_q_norm", "self_attn.q_norm"), ("attn_k_norm", "self_attn.k_norm")];
const ATTENTION: Rows = &[
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
];
const GATED: Rows =
    &[("ffn_gate", "mlp.gate_proj"), ("ffn_up", "mlp.up_proj"), ("ffn_down", "mlp.down_proj")];

/// The table of the file's architecture. Errors: [`LoadError::UnknownModelType`].
pub(crate) fn table(header: &Header<'_>) -> Result<&'static Table, LoadError> {
    let arch = header.text("general.architecture")?;
    TABLES.iter().find(|table| table.arch == arch).ok_or_else(|| LoadError::UnknownModelType {
        got: arch.to_owned(),
        known: TABLES.iter().map(|table| table.arch.to_owned()).collect(),
    })
}

impl Table {
    /// `blk.3.attn_q` -> (`model.layers.3.self_attn.q_proj`, `attn_q`).
    pub(crate) fn translate<'n>(&self, path: &'n str) -> Option<(String, &'n str)> {
        match self.in_layer(path) {
            None => Some((find(self.whole, path)?.to_owned(), path)),
            Some((layer, part)) => {
                let ours = self.layer.iter().find_map(|rows| find(rows, part))?;
                Some((format!("{layer}.{ours}"), part))
            }
        }
    }

    /// `blk.3.attn_q` -> (`model.layers.3`, `attn_q`).
    pub(crate) fn in_layer<'n>(&self, path: &'n str) -> Option<(String, &'n str)> {
        let (layer, part) = path.strip_prefix("blk.")?.split_once('.')?;
        let layer: u32 = layer.parse().ok()?;
        Some((format!("{}.{layer}", self.layers), part))
    }
}

fn find(rows: Rows, part: &str) -> Option<&'static str> {
    rows.iter().find(|(theirs, _)| *theirs == part).map(|(_, ours)| *ours)
}
