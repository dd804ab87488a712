//! How positions turn queries and keys: `rope_scaling` of a `config.json`, from metadata and from tensors of factors.
//!
//! llama.cpp keeps what Llama 3.1's and Phi-3's scaling make of the frequencies, a divisor for each pair of numbers,
//! in tensors `rope_freqs` and `rope_factors_{short,long}`. Any divisors can be said as `longrope`; those that
//! Llama 3.1's rule gives are said as that rule, so that the model has the bits of its Hugging Face folder.

use std::f64::consts::PI;

use serde_json::{Value, json};

use super::blocks::Restore;
use super::config::{Keys, meant};
use crate::load::LoadError;
use crate::load::tensor::RawData;

/// The tensors of factors, which are no parameters.
pub(super) const NAMES: [&str; 3] = [FREQUENCIES, LONG, SHORT];

const FREQUENCIES: &str = "rope_freqs.weight";
const LONG: &str = "rope_factors_long.weight";
const SHORT: &str = "rope_factors_short.weight";

impl Keys<'_, '_> {
    /// The value of `rope_scaling`; null if frequencies stay as they are.
    pub(super) fn rope_scaling(&self) -> Result<Value, LoadError> {
        if let Some(factors) = self.factors(FREQUENCIES)? {
            return self.rule(&factors);
        }
        if let (Some(short), Some(long)) = (self.factors(SHORT)?, self.factors(LONG)?) {
            return self.longrope(&short, &long);
        }
        let factor = self.opt_number("rope.scaling.factor")?;
        match self.header.opt_text(&self.full("rope.scaling.type"))? {
            // Files from before there were kinds.
            None => Ok(match self.opt_number("rope.scale_linear")?.filter(|factor| *factor != 1.0) {
                Some(factor) => json!({"rope_type": "linear", "factor": factor}),
                None => Value::Null,
            }),
            Some("none" | "longrope") => Ok(Value::Null),
            Some("yarn") => self.yarn(factor),
            Some(kind) => Ok(json!({"rope_type": kind, "factor": factor})),
        }
    }

    fn yarn(&self, factor: Option<f64>) -> Result<Value, LoadError> {
        let mut scaling = json!({"rope_type": "yarn", "factor": factor});
        if let Some(context) = self.opt_count("rope.scaling.original_context_length")? {
            scaling["original_max_position_embeddings"] = context.into();
        }
        let numbers = [
            ("attention_factor", "rope.scaling.yarn_attn_factor"),
            ("beta_fast", "rope.scaling.yarn_beta_fast"),
            ("beta_slow", "rope.scaling.yarn_beta_slow"),
        ];
        for (ours, theirs) in numbers {
            if let Some(number) = self.opt_number(theirs)? {
                scaling[ours] = number.into();
            }
        }
        Ok(scaling)
    }

    fn longrope(&self, short: &[f32], long: &[f32]) -> Result<Value, LoadError> {
        let longest = self.count("context_length")?;
        let original = self.opt_count("rope.scaling.original_context_length")?.unwrap_or(longest);
        let mut scaling = json!({
            "rope_type": "longrope",
            "short_factor": short,
            "long_factor": long,
            "original_max_position_embeddings": original,
        });
        // Stored to f32's precision. Nearly all models take the paper's, which the configuration need not say.
        let growth = longest as f64 / original.max(1) as f64;
        let papers = if growth <= 1.0 { 1.0 } else { (1.0 + growth.ln() / (original as f64).ln()).sqrt() };
        if let Some(own) =
            self.opt_number("rope.scaling.attn_factor")?.filter(|own| (own - papers).abs() > 1e-5)
        {
            scaling["attention_factor"] = own.into();
        }
        Ok(scaling)
    }

    /// Llama 3.1's rule if it gives these divisors, else the divisors.
    fn rule(&self, divisors: &[f32]) -> Result<Value, LoadError> {
        let theta = self.opt_number("rope.freq_base")?.unwrap_or(1e4);
        let factor = meant(f64::from(divisors.iter().copied().fold(1.0, f32::max)));
        let is_close = |(i, own): (usize, &f32)| {
            let frequency = theta.powf(-(i as f64) / divisors.len() as f64);
            (llama3(frequency, factor) / f64::from(*own) - 1.0).abs() < 1e-4
        };
        if divisors.iter().enumerate().all(is_close) {
            return Ok(json!({
                "rope_type": "llama3",
                "factor": factor,
                "low_freq_factor": LOW,
                "high_freq_factor": HIGH,
                "original_max_position_embeddings": CONTEXT,
            }));
        }
        Ok(json!({
            "rope_type": "longrope",
            "short_factor": divisors,
            "long_factor": divisors,
            "attention_factor": 1.0,
            "original_max_position_embeddings": self.count("context_length")?,
        }))
    }

    /// The numbers of the tensor `name`, if it is there.
    fn factors(&self, name: &str) -> Result<Option<Vec<f32>>, LoadError> {
        let Some(info) = self.header.tensors.iter().find(|info| info.name == name) else { return Ok(None) };
        let window = self.file.window(info.bytes.clone())?;
        let factors = match Restore::AsIs.read(info.block, window.bytes(), &info.shape) {
            RawData::F32(factors) => factors.into_owned(),
            _ => Vec::new(),
        };
        match factors.iter().all(|factor| factor.is_finite() && *factor > 0.0) {
            true => Ok(Some(factors)),
            false => Err(self.header.bad(format!("`{name}` has factors that are not positive numbers"))),
        }
    }
}

/// The settings of all published models with this rule.
const LOW: f64 = 1.0;
const HIGH: f64 = 4.0;
const CONTEXT: u32 = 8192;

/// What Llama 3.1 divides a frequency by.
fn llama3(frequency: f64, factor: f64) -> f64 {
    let turns = f64::from(CONTEXT) * frequency / (2.0 * PI);
    let kept = ((turns - LOW) / (HIGH - LOW)).clamp(0.0, 1.0);
    1.0 / (kept + (1.0 - kept) / factor)
}
