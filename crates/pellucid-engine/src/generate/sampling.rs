//! Choosing the next token from logits, as transformers' processors and warpers do, in their order.
//!
//! A choice depends on the logits, the tokens before it, the seed, the sample's number and the step; not
//! on other rows.

use std::collections::BTreeSet;

use pellucid_graph::{Code, Diagnostic};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// How tokens are chosen and when a continuation ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// Most tokens of a continuation.
    pub max_new_tokens: usize,
    /// Continuations of each prompt.
    pub n: usize,
    /// Logits are divided by it; 0 takes the likeliest token, the first of equals.
    pub temperature: f64,
    /// Only so many of the likeliest tokens, and those as likely as the last of them.
    pub top_k: Option<usize>,
    /// Only the likeliest tokens that together have this probability (Holtzman et al. 2020).
    pub top_p: Option<f64>,
    /// Only tokens with at least this part of the likeliest one's probability (Nguyen et al. 2024).
    pub min_p: Option<f64>,
    /// Logits of tokens that are there already are divided by it if positive, else multiplied (Keskar et al.
    /// 2019).
    pub repetition_penalty: f64,
    /// What random numbers depend on.
    pub seed: u64,
    /// Tokens that end a continuation; they belong to it.
    pub eos: Vec<u32>,
    /// Texts that end a continuation; its text ends before them.
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
            eos: Vec::new(),
            stop: Vec::new(),
        }
    }

    /// # Errors
    /// [`Code::BadArgument`] for a setting of no meaning.
    pub fn check(&self) -> Result<(), Diagnostic> {
        let part = |x: Option<f64>| x.is_none_or(|x| x > 0.0 && x <= 1.0);
        let rules = [
            ("n", self.n > 0, "at least 1", self.n.to_string()),
            ("temperature", self.temperature >= 0.0, "0 or more", self.temperature.to_string()),
            ("top_k", self.top_k != Some(0), "at least 1", "0".to_owned()),
            ("top_p", part(self.top_p), "above 0 and at most 1", format!("{:?}", self.top_p.unwrap_or(0.0))),
            ("min_p", part(self.min_p), "above 0 and at most 1", format!("{:?}", self.min_p.unwrap_or(0.0))),
            (
                "repetition_penalty",
                self.repetition_penalty > 0.0 && self.repetition_penalty.is_finite(),
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

    /// The token after `ids`, whose logits are `[v]`.
    pub(super) fn choose(&self, logits: &[f32], ids: &[u32], sample: u64, step: u64) -> u32 {
        let mut logits: Vec<f64> = logits.iter().map(|x| f64::from(*x)).collect();
        self.penalize(&mut logits, ids);
        if self.temperature == 0.0 {
            return argmax(&logits);
        }
        let probabilities = self.warped(&logits);
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(sample);
        rng.set_word_pos(2 * u128::from(step));
        let drawn = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let mut sum = 0.0;
        let hit = probabilities.iter().position(|p| {
            sum += p;
            drawn < sum
        });
        // Rounding may leave the sum a little below 1.
        let last = || probabilities.iter().rposition(|p| *p > 0.0).unwrap_or(0);
        hit.unwrap_or_else(last) as u32
    }

    /// The probabilities that the token after `ids` is drawn from. // [v]
    pub fn probabilities(&self, logits: &[f32], ids: &[u32]) -> Vec<f64> {
        let mut logits: Vec<f64> = logits.iter().map(|x| f64::from(*x)).collect();
        self.penalize(&mut logits, ids);
        self.warped(&logits)
    }

    fn penalize(&self, logits: &mut [f64], ids: &[u32]) {
        if self.repetition_penalty == 1.0 {
            return;
        }
        for id in ids.iter().collect::<BTreeSet<_>>() {
            if let Some(x) = logits.get_mut(*id as usize) {
                *x = if *x > 0.0 { *x / self.repetition_penalty } else { *x * self.repetition_penalty };
            }
        }
    }

    /// Temperature, `top_k`, `top_p`, `min_p`, softmax. With temperature 0, one token has it all.
    fn warped(&self, logits: &[f64]) -> Vec<f64> {
        if self.temperature == 0.0 {
            let best = argmax(logits) as usize;
            return (0..logits.len()).map(|i| f64::from(u8::from(i == best))).collect();
        }
        let mut logits: Vec<f64> = logits.iter().map(|x| x / self.temperature).collect();
        if let Some(k) = self.top_k.filter(|k| *k < logits.len()) {
            let mut sorted = logits.clone();
            let (_, kth, _) = sorted.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
            let kth = *kth;
            logits.iter_mut().filter(|x| **x < kth).for_each(|x| *x = f64::NEG_INFINITY);
        }
        if let Some(p) = self.top_p.filter(|p| *p < 1.0) {
            let probabilities = softmax(&logits);
            let mut order: Vec<usize> = (0..logits.len()).collect();
            // Ascending; of equals, the one with the larger id is kept longer.
            order.sort_by(|a, b| logits[*a].total_cmp(&logits[*b]));
            let mut sum = 0.0;
            for &i in &order[..order.len().saturating_sub(1)] {
                sum += probabilities[i];
                if sum > 1.0 - p {
                    break;
                }
                logits[i] = f64::NEG_INFINITY;
            }
        }
        if let Some(part) = self.min_p {
            let probabilities = softmax(&logits);
            let most = probabilities.iter().copied().fold(0.0, f64::max);
            let rare = |i: usize| probabilities[i] < part * most;
            (0..logits.len()).filter(|i| rare(*i)).for_each(|i| logits[i] = f64::NEG_INFINITY);
        }
        softmax(&logits)
    }
}

fn argmax(row: &[f64]) -> u32 {
    let best = row.iter().enumerate().fold(
        (0, f64::NEG_INFINITY),
        |best, (i, &x)| {
            if x > best.1 { (i, x) } else { best }
        },
    );
    best.0 as u32
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exps: Vec<f64> = logits.iter().map(|x| libm::exp(x - most)).collect();
    let sum: f64 = exps.iter().sum();
    exps.into_iter().map(|x| x / sum).collect()
}
