//! A model's `config.json`, read key by key.
//!
//! Architectures ask for what they need by Hugging Face's key; a missing or senseless value is an error that
//! names the file, the key, what was expected and what is there. `null` counts as absent. Where transformers 4
//! and 5 spell a setting differently (`torch_dtype` / `dtype`, `rope_scaling` / `rope_parameters`), one method
//! reads both; [`Config::rope`] lives in `rope.rs`.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::LoadError;

/// The settings of a model.
#[derive(Debug, Clone)]
pub struct Config {
    file: PathBuf,
    map: Map<String, Value>,
}

impl Config {
    /// A configuration that came from `file` (which only messages use).
    pub fn new(file: impl Into<PathBuf>, map: Map<String, Value>) -> Self {
        let file = file.into();
        Self { file, map }
    }

    /// Reads a `config.json`.
    pub fn read(file: &Path) -> Result<Self, LoadError> {
        Ok(Self::new(file, super::folder::read_json(file)?))
    }

    /// All keys as they are in the file.
    pub fn map(&self) -> &Map<String, Value> {
        &self.map
    }

    /// The key that picks the architecture.
    pub fn model_type(&self) -> Result<&str, LoadError> {
        self.str("model_type")
    }

    /// The dtype the weights were saved in (`float32`, `bfloat16`, ...), if it is said.
    pub fn dtype(&self) -> Result<Option<&str>, LoadError> {
        match self.opt_str("dtype")? {
            Some(dtype) => Ok(Some(dtype)),
            None => self.opt_str("torch_dtype"),
        }
    }

    /// Whether `key` is there and not null.
    pub fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// A count; an error if absent.
    pub fn usize(&self, key: &str) -> Result<usize, LoadError> {
        self.opt_usize(key)?.ok_or_else(|| self.absent(key, COUNT))
    }

    /// A count, or `default` if absent.
    pub fn usize_or(&self, key: &str, default: usize) -> Result<usize, LoadError> {
        Ok(self.opt_usize(key)?.unwrap_or(default))
    }

    /// A count, if it is there.
    pub fn opt_usize(&self, key: &str) -> Result<Option<usize>, LoadError> {
        self.typed(key, COUNT, |value| usize::try_from(value.as_u64()?).ok())
    }

    /// A finite number; an error if absent.
    pub fn f64(&self, key: &str) -> Result<f64, LoadError> {
        self.opt_f64(key)?.ok_or_else(|| self.absent(key, NUMBER))
    }

    /// A finite number, or `default` if absent.
    pub fn f64_or(&self, key: &str, default: f64) -> Result<f64, LoadError> {
        Ok(self.opt_f64(key)?.unwrap_or(default))
    }

    /// A finite number, if it is there.
    pub fn opt_f64(&self, key: &str) -> Result<Option<f64>, LoadError> {
        self.typed(key, NUMBER, finite)
    }

    /// A flag, or `default` if absent.
    pub fn bool_or(&self, key: &str, default: bool) -> Result<bool, LoadError> {
        Ok(self.typed(key, "true or false", Value::as_bool)?.unwrap_or(default))
    }

    /// A word; an error if absent.
    pub fn str(&self, key: &str) -> Result<&str, LoadError> {
        self.opt_str(key)?.ok_or_else(|| self.absent(key, STRING))
    }

    /// A word, if it is there.
    pub fn opt_str(&self, key: &str) -> Result<Option<&str>, LoadError> {
        self.typed(key, STRING, Value::as_str)
    }

    /// A list of words (such as `layer_types`), if it is there.
    pub fn opt_strs(&self, key: &str) -> Result<Option<Vec<&str>>, LoadError> {
        self.typed(key, "a list of strings", |value| value.as_array()?.iter().map(Value::as_str).collect())
    }

    /// A list of counts (such as `mlp_only_layers`), if it is there.
    pub fn opt_usizes(&self, key: &str) -> Result<Option<Vec<usize>>, LoadError> {
        let count = |value: &Value| usize::try_from(value.as_u64()?).ok();
        self.typed(key, "a list of non-negative integers", |v| v.as_array()?.iter().map(count).collect())
    }

    /// A list of finite numbers (such as `long_factor`), if it is there.
    pub fn opt_f64s(&self, key: &str) -> Result<Option<Vec<f64>>, LoadError> {
        self.typed(key, "a list of numbers", |value| value.as_array()?.iter().map(finite).collect())
    }

    /// Token ids: Hugging Face writes one number, a list, or null (then there are none).
    pub fn token_ids(&self, key: &str) -> Result<Vec<u32>, LoadError> {
        let id = |value: &Value| u32::try_from(value.as_u64()?).ok();
        let ids = self.typed(key, "a token id or a list of them", |value| match value {
            Value::Array(ids) => ids.iter().map(id).collect(),
            // Some checkpoints say -1 for "none".
            Value::Number(n) if n.as_i64() == Some(-1) => Some(Vec::new()),
            one => id(one).map(|id| vec![id]),
        })?;
        Ok(ids.unwrap_or_default())
    }

    /// The error for a value of `key` that has the right type but makes no sense.
    pub fn invalid(&self, key: &str, expected: impl Into<String>) -> LoadError {
        let got = self.value(key).map_or("nothing".to_owned(), shown);
        self.bad(key, expected, got)
    }

    pub(crate) fn bad(&self, key: &str, expected: impl Into<String>, got: impl Into<String>) -> LoadError {
        LoadError::BadConfig {
            file: self.file.clone(),
            key: key.to_owned(),
            expected: expected.into(),
            got: got.into(),
        }
    }

    /// The value of `key`; null is none.
    pub(crate) fn value(&self, key: &str) -> Option<&Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// `map` as a configuration of its own, so that its keys are read with the same messages.
    pub(crate) fn nested(&self, map: &Map<String, Value>) -> Self {
        Self::new(self.file.clone(), map.clone())
    }

    fn typed<'a, T>(
        &'a self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, LoadError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match read(value) {
            Some(read) => Ok(Some(read)),
            None => Err(self.bad(key, expected, shown(value))),
        }
    }

    fn absent(&self, key: &str, expected: &str) -> LoadError {
        self.bad(key, expected, "nothing")
    }
}

const COUNT: &str = "a non-negative integer";
const NUMBER: &str = "a number";
const STRING: &str = "a string";

fn finite(value: &Value) -> Option<f64> {
    value.as_f64().filter(|number| number.is_finite())
}

/// The value as JSON, cut so that a message stays readable.
pub(crate) fn shown(value: &Value) -> String {
    const LONGEST: usize = 80;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(value: Value) -> Config {
        Config::new("config.json", value.as_object().expect("an object").clone())
    }

    #[test]
    fn errors_name_file_key_expected_and_got() {
        let config = config(json!({"n": -3, "x": "y", "list": ["a", 1], "gone": null}));
        let check = |got: Result<(), LoadError>, expected: &str| {
            let error = got.expect_err(expected);
            assert_eq!(error.code(), "bad-config");
            assert_eq!(error.to_string(), expected);
        };
        let integer = "expected a non-negative integer";
        check(config.usize("n").map(drop), &format!("`n` of `config.json`: {integer}, got -3"));
        check(config.usize("m").map(drop), &format!("`m` of `config.json`: {integer}, got nothing"));
        check(config.usize("gone").map(drop), &format!("`gone` of `config.json`: {integer}, got nothing"));
        check(config.f64("x").map(drop), "`x` of `config.json`: expected a number, got \"y\"");
        check(config.bool_or("n", true).map(drop), "`n` of `config.json`: expected true or false, got -3");
        check(
            config.opt_strs("list").map(drop),
            "`list` of `config.json`: expected a list of strings, got [\"a\",1]",
        );
        check(
            config.token_ids("x").map(drop),
            "`x` of `config.json`: expected a token id or a list of them, got \"y\"",
        );
    }

    #[test]
    fn values_are_read_with_their_defaults() -> Result<(), LoadError> {
        let config = config(json!({
            "n": 3, "x": 1, "s": "w", "eos": [1, 2], "bos": 0, "none": -1,
            "layer_types": ["a", "b"], "torch_dtype": "bfloat16",
        }));
        assert_eq!((config.usize("n")?, config.usize_or("m", 7)?), (3, 7));
        assert_eq!((config.f64("x")?, config.f64_or("y", 0.5)?), (1.0, 0.5));
        assert_eq!(config.str("s")?, "w");
        assert_eq!(config.token_ids("eos")?, [1, 2]);
        assert_eq!(config.token_ids("bos")?, [0]);
        assert_eq!(config.token_ids("none")?, [0u32; 0]);
        assert_eq!(config.opt_strs("layer_types")?, Some(vec!["a", "b"]));
        assert_eq!(config.dtype()?, Some("bfloat16"));
        Ok(())
    }

    #[test]
    fn long_values_are_cut_in_messages() {
        let config = config(json!({"n": "é".repeat(500)}));
        let message = config.usize("n").expect_err("a string").to_string();
        assert!(message.len() < 300 && message.ends_with("..."), "{message}");
    }
}
