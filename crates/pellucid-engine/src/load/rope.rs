//! How positions turn queries and keys (RoPE, arXiv:2104.09864), as a `config.json` says it.
//!
//! Three spellings are read. transformers 4: `rope_theta` beside `rope_scaling`, and for Gemma 3's sliding
//! layers `rope_local_base_freq`. transformers 5: `rope_parameters`, either for all layers or one set for each
//! layer type. Inside, the kind is `rope_type` or, in older files, `type`.

use std::sync::Arc;

use serde_json::Value;

use super::{Config, LoadError};

/// Rotary position embedding: frequency i of a head of width k is `theta^(-2i/k)`, then changed by the kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Rope {
    /// The base of the frequencies.
    pub theta: f64,
    /// What is done to them to stretch the context.
    pub kind: RopeKind,
}

/// How frequencies are changed for contexts longer than those of pre-training.
#[derive(Debug, Clone, PartialEq)]
pub enum RopeKind {
    /// Not at all.
    Default,
    /// All divided by the factor.
    Linear {
        /// How much longer the context becomes.
        factor: f64,
    },
    /// Low frequencies divided by the factor, high ones kept, those between blended (Llama 3.1).
    Llama3 {
        /// How much longer the context becomes.
        factor: f64,
        /// Wavelengths above `original_max_position_embeddings / low_freq_factor` are stretched.
        low_freq_factor: f64,
        /// Wavelengths below `original_max_position_embeddings / high_freq_factor` are kept.
        high_freq_factor: f64,
        /// The context of pre-training, in tokens.
        original_max_position_embeddings: usize,
    },
    /// The base grows with a sequence that is longer than the context of pre-training, by position
    /// interpolation that knows of frequencies (NTK).
    Dynamic {
        /// How fast it grows.
        factor: f64,
        /// The context of pre-training, in tokens.
        context: usize,
    },
    /// Slow pairs are stretched, fast ones kept, and all products of queries and keys grow a little.
    Yarn(Yarn),
    /// Each frequency divided by a number of its own, found by search.
    LongRope(Arc<LongRope>),
}

/// Settings of LongRoPE (Ding et al. 2024, arXiv:2402.13753).
#[derive(Debug, Clone, PartialEq)]
pub struct LongRope {
    /// What frequencies are divided by in sequences up to `context`, one number for each pair.
    pub short: Vec<f64>,
    /// The same in longer sequences.
    pub long: Vec<f64>,
    /// The context of pre-training, in tokens.
    pub context: usize,
    /// What cosines and sines are multiplied by.
    pub amplitude: f64,
}

/// Settings of YaRN (arXiv:2309.00071).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Yarn {
    /// How much longer the context becomes.
    pub factor: f64,
    /// The context of pre-training, in tokens.
    pub context: usize,
    /// Pairs that turn more often than this within that context are kept.
    pub beta_fast: f64,
    /// Pairs that turn less often than this are stretched by the whole factor.
    pub beta_slow: f64,
    /// Whether the bounds between the two are whole pairs.
    pub truncate: bool,
    /// What cosines and sines are multiplied by.
    pub amplitude: f64,
}

const FULL: &str = "full_attention";
const SLIDING: &str = "sliding_attention";

impl Config {
    /// The rotary embedding of a model that has one; for models with several, that of full attention.
    pub fn rope(&self) -> Result<Rope, LoadError> {
        self.rope_for(FULL)
    }

    /// The rotary embedding of layers of this type (`full_attention`, `sliding_attention`).
    pub fn rope_for(&self, layer_type: &str) -> Result<Rope, LoadError> {
        let local = (layer_type == SLIDING && self.has(LOCAL_THETA)).then_some(LOCAL_THETA);
        if let Some(parameters) = self.object("rope_parameters")? {
            if parameters.map().values().any(Value::is_object) {
                let own = parameters
                    .object(layer_type)?
                    .ok_or_else(|| self.invalid("rope_parameters", format!("an entry `{layer_type}`")))?;
                return own.rope_set(self, layer_type);
            }
            if local.is_none() {
                return parameters.rope_set(self, layer_type);
            }
        }
        if let Some(key) = local {
            // transformers 4 scales only the global frequencies.
            return Ok(Rope { theta: self.positive(key)?, kind: RopeKind::Default });
        }
        let scaling = self.object("rope_scaling")?;
        Ok(Rope {
            theta: self.theta(default_theta(self, layer_type))?,
            kind: scaling.map_or(Ok(RopeKind::Default), |scaling| scaling.rope_kind(self))?,
        })
    }

    /// How many numbers of a head of width `k` are turned: a part that transformers 4 calls
    /// `partial_rotary_factor` or `rotary_pct`, and transformers 5 keeps in `rope_parameters`.
    pub fn rotary_width(&self, k: usize, default: f64) -> Result<usize, LoadError> {
        const PARTS: [&str; 2] = ["partial_rotary_factor", "rotary_pct"];
        let own = self.object("rope_parameters")?;
        let places = own.iter().chain([self]).flat_map(|config| PARTS.map(|key| (config, key)));
        let mut part = default;
        for (config, key) in places {
            if config.has(key) {
                part = config.positive(key)?;
                if part > 1.0 {
                    return Err(config.invalid(key, "at most 1"));
                }
                break;
            }
        }
        Ok((k as f64 * part) as usize / 2 * 2)
    }

    /// Reads `self` as one set of `rope_parameters` of the configuration `whole`.
    fn rope_set(&self, whole: &Config, layer_type: &str) -> Result<Rope, LoadError> {
        let fallback = whole.theta(default_theta(whole, layer_type))?;
        Ok(Rope { theta: self.theta(fallback)?, kind: self.rope_kind(whole)? })
    }

    fn rope_kind(&self, whole: &Config) -> Result<RopeKind, LoadError> {
        let kind = match self.opt_str("rope_type")? {
            Some(kind) => kind,
            None => self.opt_str("type")?.unwrap_or("default"),
        };
        match kind {
            "default" => Ok(RopeKind::Default),
            "linear" => Ok(RopeKind::Linear { factor: self.positive("factor")? }),
            "llama3" => self.llama3(whole),
            "dynamic" => Ok(RopeKind::Dynamic {
                factor: self.positive("factor")?,
                context: whole.usize("max_position_embeddings")?,
            }),
            "longrope" | "su" => self.longrope(whole),
            // Phi-3's first files say so.
            "yarn" if self.has("long_factor") => self.longrope(whole),
            "yarn" => self.yarn(whole),
            other => {
                let known = "`default`, `linear`, `dynamic`, `yarn`, `longrope` or `llama3`";
                Err(self.bad("rope_type", known, format!("`{other}`")))
            }
        }
    }

    fn yarn(&self, whole: &Config) -> Result<RopeKind, LoadError> {
        let (context, factor) = self.growth(whole)?;
        let growth = |by: f64| if factor <= 1.0 { 1.0 } else { 0.1 * by * factor.ln() + 1.0 };
        let amplitude = match [self.opt_f64("mscale")?, self.opt_f64("mscale_all_dim")?] {
            _ if self.has("attention_factor") => self.positive("attention_factor")?,
            [Some(one), Some(all)] if one != 0.0 && all != 0.0 => growth(one) / growth(all),
            _ => growth(1.0),
        };
        // Zero counts as absent, as in transformers.
        let beta = |key: &str, default: f64| Ok(self.opt_f64(key)?.filter(|b| *b != 0.0).unwrap_or(default));
        Ok(RopeKind::Yarn(Yarn {
            factor,
            context,
            beta_fast: beta("beta_fast", 32.0)?,
            beta_slow: beta("beta_slow", 1.0)?,
            truncate: self.bool_or("truncate", true)?,
            amplitude,
        }))
    }

    fn longrope(&self, whole: &Config) -> Result<RopeKind, LoadError> {
        let (context, factor) = self.growth(whole)?;
        let numbers = |key: &str| {
            let expected = "a list of numbers greater than 0";
            let numbers = self.opt_f64s(key)?.ok_or_else(|| self.invalid(key, expected))?;
            match numbers.iter().all(|n| *n > 0.0) {
                true => Ok(numbers),
                false => Err(self.invalid(key, expected)),
            }
        };
        let amplitude = match self.has("attention_factor") {
            true => self.positive("attention_factor")?,
            false if factor <= 1.0 => 1.0,
            false => (1.0 + factor.ln() / (context as f64).ln()).sqrt(),
        };
        let (short, long) = (numbers("short_factor")?, numbers("long_factor")?);
        Ok(RopeKind::LongRope(Arc::new(LongRope { short, long, context, amplitude })))
    }

    /// The context of pre-training, and how much longer it becomes.
    fn growth(&self, whole: &Config) -> Result<(usize, f64), LoadError> {
        let longest = || whole.usize("max_position_embeddings");
        let original = self.opt_usize(ORIGINAL)?;
        let original = if original.is_some() { original } else { whole.opt_usize(ORIGINAL)? };
        let context = original.map_or_else(longest, Ok)?;
        let factor = match self.has("factor") {
            true => self.positive("factor")?,
            false => longest()? as f64 / context.max(1) as f64,
        };
        Ok((context, factor))
    }

    fn llama3(&self, whole: &Config) -> Result<RopeKind, LoadError> {
        let [low, high] = ["low_freq_factor", "high_freq_factor"].map(|key| self.positive(key));
        let (low_freq_factor, high_freq_factor) = (low?, high?);
        if high_freq_factor <= low_freq_factor {
            let expected = format!("a number greater than `low_freq_factor` ({low_freq_factor})");
            return Err(self.invalid("high_freq_factor", expected));
        }
        Ok(RopeKind::Llama3 {
            factor: self.positive("factor")?,
            low_freq_factor,
            high_freq_factor,
            original_max_position_embeddings: match self.opt_usize(ORIGINAL)? {
                Some(tokens) => tokens,
                None => whole.usize(ORIGINAL)?,
            },
        })
    }

    fn theta(&self, default: f64) -> Result<f64, LoadError> {
        // The second is GPT-NeoX's word in transformers 4.
        match ["rope_theta", "rotary_emb_base"].into_iter().find(|key| self.has(key)) {
            Some(key) => self.positive(key),
            None => Ok(default),
        }
    }

    fn positive(&self, key: &str) -> Result<f64, LoadError> {
        match self.f64(key)? {
            number if number > 0.0 => Ok(number),
            _ => Err(self.invalid(key, "a number greater than 0")),
        }
    }

    fn object(&self, key: &str) -> Result<Option<Config>, LoadError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(self.nested(map))),
            Some(_) => Err(self.invalid(key, "an object")),
        }
    }
}

const ORIGINAL: &str = "original_max_position_embeddings";
const LOCAL_THETA: &str = "rope_local_base_freq";

/// What transformers takes when the file says nothing.
fn default_theta(config: &Config, layer_type: &str) -> f64 {
    let is_gemma3 = config.model_type().is_ok_and(|kind| kind == "gemma3_text");
    match is_gemma3 && layer_type == FULL {
        true => 1e6,
        false => 1e4,
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
    fn every_spelling_is_read() {
        let check = |value: Value, layer_type: &str, theta: f64, kind: RopeKind| {
            let got = config(value.clone()).rope_for(layer_type);
            assert_eq!(got.expect("a rope"), Rope { theta, kind }, "{value}");
        };
        let llama3 = RopeKind::Llama3 {
            factor: 8.0,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_max_position_embeddings: 32,
        };
        let scaling = json!({"rope_type": "llama3", "factor": 8, "low_freq_factor": 1,
            "high_freq_factor": 4, "original_max_position_embeddings": 32});
        let mut parameters = scaling.clone();
        parameters["rope_theta"] = json!(5e5);
        check(json!({}), FULL, 1e4, RopeKind::Default);
        check(json!({"model_type": "gemma3_text"}), FULL, 1e6, RopeKind::Default);
        check(json!({"model_type": "gemma3_text"}), SLIDING, 1e4, RopeKind::Default);
        check(json!({"rope_theta": 5e5, "rope_scaling": scaling}), FULL, 5e5, llama3.clone());
        check(json!({"rope_parameters": parameters}), FULL, 5e5, llama3.clone());
        check(json!({"rope_parameters": parameters}), SLIDING, 5e5, llama3);
        let linear = RopeKind::Linear { factor: 2.0 };
        let old = json!({"rope_theta": 3, "rope_scaling": {"type": "linear", "factor": 2}, "rope_local_base_freq": 7});
        check(old.clone(), FULL, 3.0, linear.clone());
        check(old, SLIDING, 7.0, RopeKind::Default);
        let typed = json!({"rope_parameters": {
            "full_attention": {"rope_type": "linear", "factor": 2, "rope_theta": 3},
            "sliding_attention": {"rope_type": "default", "rope_theta": 7}}});
        check(typed.clone(), FULL, 3.0, linear);
        check(typed, SLIDING, 7.0, RopeKind::Default);
    }

    #[test]
    fn senseless_ropes_are_refused() {
        let check = |value: Value, expected: &str| {
            let error = config(value).rope().expect_err(expected);
            assert_eq!(error.code(), "bad-config");
            assert!(error.to_string().contains(expected), "{error}");
        };
        check(
            json!({"rope_theta": 0}),
            "`rope_theta` of `config.json`: expected a number greater than 0, got 0",
        );
        check(
            json!({"rope_scaling": {"type": "novel"}}),
            "expected `default`, `linear`, `dynamic`, `yarn`, `longrope` or `llama3`, got `novel`",
        );
        check(
            json!({"rope_scaling": {"type": "linear"}}),
            "`factor` of `config.json`: expected a number, got nothing",
        );
        check(json!({"rope_scaling": 3}), "expected an object, got 3");
        let short = json!({"type": "su", "short_factor": [1, -1], "long_factor": [1, 2],
            "original_max_position_embeddings": 8, "factor": 1});
        check(json!({"rope_scaling": short}), "`short_factor` of `config.json`: expected a list of numbers");
        check(json!({"rope_parameters": {"other": {}}}), "expected an entry `full_attention`");
        check(
            json!({"rope_scaling": {"type": "llama3", "factor": 2, "low_freq_factor": 4, "high_freq_factor": 4}}),
            "greater than `low_freq_factor` (4)",
        );
    }
}
