//! The `config.json` that a GGUF file was made from, from its metadata.
//!
//! A file knows its architecture only: which model type has it follows from what else is there. What the file does
//! not hold (Gemma's pattern of sliding layers, activation functions) is what every published model of the family
//! has. Floats are stored as f32; six digits give back the number that was meant.

pub(crate) mod bert;
pub(crate) mod gemma;
pub(crate) mod gpt;
pub(crate) mod llama;

use serde_json::{Map, Value, json};

use super::header::Header;
use super::names;
use crate::load::mapped::Mapped;
use crate::load::{Config, LoadError};

/// The configuration of the model in this file. Errors: [`LoadError::UnknownModelType`], [`LoadError::BadGguf`].
pub(crate) fn of(header: &Header<'_>, file: &Mapped) -> Result<Config, LoadError> {
    let table = names::table(header)?;
    let keys = Keys { header, file, arch: table.arch };
    let mut map = (table.config)(&keys)?;
    map.extend(keys.shared()?);
    Ok(Config::new(header.file(), map))
}

/// The metadata of one file.
pub(crate) struct Keys<'h, 'a> {
    pub(super) header: &'h Header<'a>,
    pub(super) file: &'h Mapped,
    pub(super) arch: &'static str,
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

    /// Rows of the embedding: some files say it, all hold the tokens, unless the vocabulary was left out.
    fn vocab_size(&self) -> Result<u64, LoadError> {
        if let Some(size) = self.opt_count("vocab_size")? {
            return Ok(size);
        }
        let size = self.rows("token_embd.weight").or_else(|| self.header.opt_len("tokenizer.ggml.tokens"));
        size.ok_or_else(|| {
            self.header.bad("it has neither `tokenizer.ggml.tokens` nor `token_embd.weight`".to_owned())
        })
    }

    /// How many rows the tensor `name` has, if it is there.
    pub(super) fn rows(&self, name: &str) -> Option<u64> {
        let tensor = self.header.tensors.iter().find(|info| info.name == name);
        tensor.map(|info| info.shape[0] as u64)
    }

    /// How many layers there are: few enough to list them.
    pub(super) fn n_layers(&self) -> Result<u64, LoadError> {
        const MOST_LAYERS: u64 = 4096;
        match self.count("block_count")? {
            n if n > MOST_LAYERS => Err(self
                .header
                .bad(format!("`{}.block_count` is {n}, at most {MOST_LAYERS} are read", self.arch))),
            n => Ok(n),
        }
    }

    pub(super) fn count(&self, key: &str) -> Result<u64, LoadError> {
        self.header.count(&self.full(key))
    }

    pub(super) fn opt_count(&self, key: &str) -> Result<Option<u64>, LoadError> {
        self.header.opt_count(&self.full(key))
    }

    pub(super) fn number(&self, key: &str) -> Result<f64, LoadError> {
        self.header.number(&self.full(key)).map(meant)
    }

    pub(super) fn opt_number(&self, key: &str) -> Result<Option<f64>, LoadError> {
        Ok(self.header.opt_number(&self.full(key))?.map(meant))
    }

    /// A key of the architecture.
    pub(super) fn full(&self, key: &str) -> String {
        format!("{}.{key}", self.arch)
    }
}

/// 9.999999747378752e-06, an f32, meant 1e-05.
pub(super) fn meant(number: f64) -> f64 {
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
