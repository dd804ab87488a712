//! How a generation goes on: how tokens are chosen from logits, and when a continuation ends.

use serde::{Deserialize, Serialize};

use crate::{Code, Diagnostic, Result};

/// How tokens are chosen and when a continuation ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// Most tokens of a continuation.
    pub max_new_tokens: usize,
    /// Continuations of each prompt.
    pub n: usize,
    /// Logits are divided by it; 0 takes the likeliest token, the first of equals.
    pub temperature: f64,
    /// Only so many of the likeliest tokens, and those as likely as the last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// Only the likeliest tokens that together have this probability (Holtzman et al. 2020).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Only tokens with at least this part of the likeliest one's probability (Nguyen et al. 2024).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_p: Option<f64>,
    /// Logits of tokens that are there already are divided by it if positive, else multiplied (Keskar et al.
    /// 2019).
    pub repetition_penalty: f64,
    /// What random numbers depend on.
    pub seed: u64,
    /// Tokens that end a continuation, and belong to it; the model's own if it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eos: Option<Vec<u32>>,
    /// Texts that end a continuation; its text ends before them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
}

impl Sampling {
    /// The likeliest tokens, `max_new_tokens` of them, whatever they are.
    pub fn greedy(max_new_tokens: usize) -> Sampling {
        Sampling {
            max_new_tokens,
            n: 1,
            temperature: 0.0,
            top_k: None,
            top_p: None,
            min_p: None,
            repetition_penalty: 1.0,
            seed: 0,
            eos: Some(Vec::new()),
            stop: Vec::new(),
        }
    }

    /// Whether the settings have a meaning.
    ///
    /// # Errors
    /// [`Code::BadArgument`] naming the first that has none.
    pub fn check(&self) -> Result<()> {
        let part = |x: Option<f64>| x.is_none_or(|x| x > 0.0 && x <= 1.0);
        let finite = |x: f64| x.is_finite();
        let rules = [
            ("n", self.n > 0, "at least 1", self.n.to_string()),
            (
                "temperature",
                self.temperature >= 0.0 && finite(self.temperature),
                "0 or more",
                self.temperature.to_string(),
            ),
            ("top_k", self.top_k != Some(0), "at least 1", "0".to_owned()),
            ("top_p", part(self.top_p), "above 0 and at most 1", format!("{:?}", self.top_p.unwrap_or(0.0))),
            ("min_p", part(self.min_p), "above 0 and at most 1", format!("{:?}", self.min_p.unwrap_or(0.0))),
            (
                "repetition_penalty",
                self.repetition_penalty > 0.0 && finite(self.repetition_penalty),
                "a positive number",
                self.repetition_penalty.to_string(),
            ),
            ("stop", !self.stop.iter().any(String::is_empty), "texts that are not empty", "``".to_owned()),
        ];
        match rules.into_iter().find(|(_, holds, _, _)| !holds) {
            None => Ok(()),
            Some((name, _, expected, got)) => {
                let message = format!("`{name}`: expected {expected}, got {got}");
                Err(Diagnostic::new(Code::BadArgument, message))
            }
        }
    }
}
