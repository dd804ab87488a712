//! Choosing the next token from logits, as transformers' processors and warpers do, in their order.
//!
//! A choice depends on the logits, the tokens before it, the seed, the sample's number and the step; not
//! on other rows.

use std::collections::BTreeSet;

use pellucid_graph::Sampling;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The token after `ids`, whose logits are `[v]`.
pub(super) fn choose(sampling: &Sampling, logits: &[f32], ids: &[u32], sample: u64, step: u64) -> u32 {
    let mut logits: Vec<f64> = logits.iter().map(|x| f64::from(*x)).collect();
    penalize(sampling, &mut logits, ids);
    if sampling.temperature == 0.0 {
        return argmax(&logits);
    }
    let probabilities = warped(sampling, &logits);
    let mut rng = ChaCha8Rng::seed_from_u64(sampling.seed);
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
pub fn probabilities(sampling: &Sampling, logits: &[f32], ids: &[u32]) -> Vec<f64> {
    let mut logits: Vec<f64> = logits.iter().map(|x| f64::from(*x)).collect();
    penalize(sampling, &mut logits, ids);
    warped(sampling, &logits)
}

fn penalize(sampling: &Sampling, logits: &mut [f64], ids: &[u32]) {
    if sampling.repetition_penalty == 1.0 {
        return;
    }
    for id in ids.iter().collect::<BTreeSet<_>>() {
        if let Some(x) = logits.get_mut(*id as usize) {
            *x = if *x > 0.0 { *x / sampling.repetition_penalty } else { *x * sampling.repetition_penalty };
        }
    }
}

/// Temperature, `top_k`, `top_p`, `min_p`, softmax. With temperature 0, one token has it all.
fn warped(sampling: &Sampling, logits: &[f64]) -> Vec<f64> {
    if sampling.temperature == 0.0 {
        let best = argmax(logits) as usize;
        return (0..logits.len()).map(|i| f64::from(u8::from(i == best))).collect();
    }
    let mut logits: Vec<f64> = logits.iter().map(|x| x / sampling.temperature).collect();
    if let Some(k) = sampling.top_k.filter(|k| *k < logits.len()) {
        let mut sorted = logits.clone();
        let (_, kth, _) = sorted.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
        let kth = *kth;
        logits.iter_mut().filter(|x| **x < kth).for_each(|x| *x = f64::NEG_INFINITY);
    }
    if let Some(p) = sampling.top_p.filter(|p| *p < 1.0) {
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
    if let Some(part) = sampling.min_p {
        let probabilities = softmax(&logits);
        let most = probabilities.iter().copied().fold(0.0, f64::max);
        let rare = |i: usize| probabilities[i] < part * most;
        (0..logits.len()).filter(|i| rare(*i)).for_each(|i| logits[i] = f64::NEG_INFINITY);
    }
    softmax(&logits)
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
