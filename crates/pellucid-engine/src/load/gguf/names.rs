//! Tensor names: llama.cpp's to Hugging Face's, and what each tensor needs undone.
//!
//! One table an architecture. An architecture that GGUF files may have but this table lacks is refused with the
//! list of those it has.

use super::blocks::Restore;
use super::header::{Header, TensorInfo};
use crate::load::LoadError;

/// One architecture's names.
struct Table {
    /// `general.architecture`.
    arch: &'static str,
    /// Tensors outside the layers, without their `.weight` or `.bias`.
    whole: &'static [(&'static str, &'static str)],
    /// The prefix of a layer in Hugging Face names.
    layers: &'static str,
    /// Tensors of a layer, likewise without ending.
    layer: &'static [(&'static str, &'static str)],
}

const TABLES: [Table; 3] = [
    Table {
        arch: "llama",
        whole: &[("token_embd", "model.embed_tokens"), ("output_norm", "model.norm"), ("output", "lm_head")],
        layers: "model.layers",
        layer: &[
            ("attn_norm", "input_layernorm"),
            ("attn_q", "self_attn.q_proj"),
            ("attn_k", "self_attn.k_proj"),
            ("attn_v", "self_attn.v_proj"),
            ("attn_output", "self_attn.o_proj"),
            ("ffn_norm", "post_attention_layernorm"),
            ("ffn_gate", "mlp.gate_proj"),
            ("ffn_up", "mlp.up_proj"),
            ("ffn_down", "mlp.down_proj"),
        ],
    },
    Table {
        arch: "gemma3",
        whole: &[("token_embd", "model.embed_tokens"), ("output_norm", "model.norm"), ("output", "lm_head")],
        layers: "model.layers",
        layer: &[
            ("attn_norm", "input_layernorm"),
            ("attn_q", "self_attn.q_proj"),
            ("attn_k", "self_attn.k_proj"),
            ("attn_v", "self_attn.v_proj"),
            ("attn_output", "self_attn.o_proj"),
            ("attn_q_norm", "self_attn.q_norm"),
            ("attn_k_norm", "self_attn.k_norm"),
            ("post_attention_norm", "post_attention_layernorm"),
            ("ffn_norm", "pre_feedforward_layernorm"),
            ("ffn_gate", "mlp.gate_proj"),
            ("ffn_up", "mlp.up_proj"),
            ("ffn_down", "mlp.down_proj"),
            ("post_ffw_norm", "post_feedforward_layernorm"),
        ],
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
        layer: &[
            ("attn_norm", "ln_1"),
            ("attn_qkv", "attn.c_attn"),
            ("attn_output", "attn.c_proj"),
            ("ffn_norm", "ln_2"),
            ("ffn_up", "mlp.c_fc"),
            ("ffn_down", "mlp.c_proj"),
        ],
    },
];

/// The names of every architecture that is read from GGUF.
pub(crate) fn architectures() -> Vec<String> {
    TABLES.iter().map(|table| table.arch.to_owned()).collect()
}

/// The naming of one file.
pub(crate) struct Naming<'h, 'a> {
    header: &'h Header<'a>,
    table: &'static Table,
}

impl<'h, 'a> Naming<'h, 'a> {
    /// The naming of the file's architecture. Errors: [`LoadError::UnknownModelType`].
    pub(crate) fn of(header: &'h Header<'a>) -> Result<Self, LoadError> {
        let arch = header.text("general.architecture")?;
        match TABLES.iter().find(|table| table.arch == arch) {
            Some(table) => Ok(Self { header, table }),
            None => Err(LoadError::UnknownModelType { got: arch.to_owned(), known: architectures() }),
        }
    }

    /// The Hugging Face name of a tensor, and what to undo; none for those that are not parameters.
    pub(crate) fn hf(&self, info: &TensorInfo<'_>) -> Result<Option<(String, Restore)>, LoadError> {
        if info.name == "rope_freqs.weight" {
            // Frequencies with scaling baked in; the settings they came from are not in the file.
            let why = "`rope_freqs.weight`: scaled rotary frequencies (Llama 3.1 and later) are not \
                       read from GGUF; use the safetensors folder";
            return Err(self.header.bad(why.to_owned()));
        }
        let unknown =
            || self.header.bad(format!("tensor `{}` is not one of `{}`", info.name, self.table.arch));
        let (path, ending) = info.name.rsplit_once('.').ok_or_else(unknown)?;
        if !matches!(ending, "weight" | "bias") {
            return Err(unknown());
        }
        let (name, part) = self.translate(path).ok_or_else(unknown)?;
        let restore = self.restore(part, ending, info)?;
        Ok(Some((format!("{name}.{ending}"), restore)))
    }

    /// `blk.3.attn_q` -> (`model.layers.3.self_attn.q_proj`, `attn_q`).
    fn translate<'n>(&self, path: &'n str) -> Option<(String, &'n str)> {
        let find = |rows: &[(&str, &'static str)], part: &str| {
            rows.iter().find(|(theirs, _)| *theirs == part).map(|(_, ours)| *ours)
        };
        match path.strip_prefix("blk.") {
            None => Some((find(self.table.whole, path)?.to_owned(), path)),
            Some(rest) => {
                let (layer, part) = rest.split_once('.')?;
                let layer: u32 = layer.parse().ok()?;
                let ours = find(self.table.layer, part)?;
                Some((format!("{}.{layer}.{ours}", self.table.layers), part))
            }
        }
    }

    fn restore(&self, part: &str, ending: &str, info: &TensorInfo<'_>) -> Result<Restore, LoadError> {
        match (self.table.arch, part) {
            ("llama", "attn_q") => self.heads("llama.attention.head_count", info),
            ("llama", "attn_k") => match self.header.opt_count("llama.attention.head_count_kv")? {
                Some(_) => self.heads("llama.attention.head_count_kv", info),
                None => self.heads("llama.attention.head_count", info),
            },
            ("gemma3", part) if part.ends_with("norm") => Ok(Restore::MinusOne),
            ("gpt2", "attn_qkv" | "attn_output" | "ffn_up" | "ffn_down") if ending == "weight" => {
                match info.shape.len() {
                    2 => Ok(Restore::Transposed),
                    n => Err(self.header.bad(format!("tensor `{}` has {n} axes, expected 2", info.name))),
                }
            }
            _ => Ok(Restore::AsIs),
        }
    }

    fn heads(&self, key: &str, info: &TensorInfo<'_>) -> Result<Restore, LoadError> {
        let n_heads = self.header.count(key)? as usize;
        let rows = info.shape[0];
        if n_heads == 0 || !rows.is_multiple_of(2 * n_heads) {
            let why = format!(
                "tensor `{}` has {rows} rows, which {n_heads} heads (`{key}`) cannot share",
                info.name
            );
            return Err(self.header.bad(why));
        }
        Ok(Restore::Heads(n_heads))
    }
}
