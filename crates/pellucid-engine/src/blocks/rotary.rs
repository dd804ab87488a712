//! Rotary position embedding (Su et al. 2021, arXiv:2104.09864): frequencies, and the angles of a
//! batch's positions.
//!
//! A sequence's angles depend on that sequence alone. With dynamic scaling and LongRoPE they depend on its
//! length once that exceeds the context of pre-training: keys kept from earlier passes then stay as they
//! were turned, as in transformers, so decoding across that length differs from one full pass, unless the
//! architecture begins anew there.

use std::f64::consts::PI;
use std::sync::Arc;

use pellucid_kernels::{RotaryStyle, rotary};

use crate::Tensor;
use crate::batch::Batch;
use crate::grad::rowwise;
use crate::load::{Config, LoadError, Rope as RopeConfig, RopeKind, Yarn};
use crate::precision::Precision;

/// How queries and keys of a head are turned.
pub struct Rope {
    config: RopeConfig,
    r: usize,
    frequencies: Vec<f32>,
    style: RotaryStyle,
}

/// Cosines and sines, one row for each token. // [t, r / 2]
pub struct Angles {
    cos: Vec<f32>,
    sin: Vec<f32>,
    style: RotaryStyle,
}

impl Rope {
    /// Turns the first `r` numbers of each head, pairs half of `r` apart, by a setting of `config`.
    ///
    /// # Errors
    /// A list of factors that has not one for each pair.
    pub fn new(config: &Config, rope: RopeConfig, r: usize) -> Result<Rope, LoadError> {
        if let RopeKind::LongRope(long) = &rope.kind {
            for (key, factors) in [("short_factor", &long.short), ("long_factor", &long.long)] {
                if factors.len() != r / 2 {
                    let expected = format!("{} numbers, one for each pair that is turned", r / 2);
                    return Err(config.bad(key, expected, format!("{}", factors.len())));
                }
            }
        }
        Ok(Rope { frequencies: frequencies(&rope, r, 0), config: rope, r, style: RotaryStyle::Half })
    }

    /// Pairs neighbours instead, as GPT-J does.
    pub fn interleaved(self) -> Rope {
        Rope { style: RotaryStyle::Interleaved, ..self }
    }

    /// The angles of a batch's positions, computed in f32 and rounded as transformers does.
    pub fn angles(&self, batch: &Batch, precision: Precision) -> Angles {
        let (mut cos, mut sin) = (Vec::new(), Vec::new());
        let amplitude = match &self.config.kind {
            RopeKind::Yarn(yarn) => yarn.amplitude as f32,
            RopeKind::LongRope(long) => long.amplitude as f32,
            _ => 1.0,
        };
        for sequence in batch.sequences() {
            let n = sequence.past + sequence.len;
            let context = match &self.config.kind {
                RopeKind::Dynamic { context, .. } => *context,
                RopeKind::LongRope(long) => long.context,
                _ => usize::MAX,
            };
            let own = (n > context).then(|| frequencies(&self.config, self.r, n));
            for position in sequence.past..n {
                for frequency in own.as_ref().unwrap_or(&self.frequencies) {
                    let angle = position as f32 * frequency;
                    cos.push(angle.cos() * amplitude);
                    sin.push(angle.sin() * amplitude);
                }
            }
        }
        precision.round(&mut cos);
        precision.round(&mut sin);
        Angles { cos, sin, style: self.style }
    }
}

impl Angles {
    /// Turns `x [t, h * k]`.
    pub(super) fn turn(self: &Arc<Self>, x: &Tensor, heads: usize, k: usize) -> Tensor {
        if x.is_meta() {
            return x.clone();
        }
        let mut out = vec![0.0; x.numel()];
        rotary(x.f32s(), heads, k, &self.cos, &self.sin, self.style, &mut out);
        let width = heads * k;
        rowwise(Tensor::new(out, x.shape()), width, [(x, width)], || {
            let angles = Arc::clone(self);
            let pairs = self.cos.len() * width / x.numel().max(1);
            move |rows, dy| {
                let span = rows.start * pairs..rows.end * pairs;
                // Turned back.
                let sin: Vec<f32> = angles.sin[span.clone()].iter().map(|sin| -sin).collect();
                let mut dx = vec![0.0; dy.len()];
                rotary(dy, heads, k, &angles.cos[span], &sin, angles.style, &mut dx);
                Ok([dx])
            }
        })
    }
}

/// The frequencies of the pairs in a sequence of `n` tokens. // [r / 2]
fn frequencies(config: &RopeConfig, r: usize, n: usize) -> Vec<f32> {
    let theta = match config.kind {
        RopeKind::Dynamic { factor, context } if n > context && r > 2 => {
            let stretched = factor * n as f64 / context as f64 - (factor - 1.0);
            config.theta * stretched.powf(r as f64 / (r as f64 - 2.0))
        }
        _ => config.theta,
    };
    let base = |i: usize| 1.0 / theta.powf(2.0 * i as f64 / r as f64);
    if let RopeKind::LongRope(long) = &config.kind {
        let factors = if n > long.context { &long.long } else { &long.short };
        return factors.iter().enumerate().map(|(i, factor)| (base(i) / factor) as f32).collect();
    }
    (0..r / 2).map(|i| stretch(config, r, i, base(i)) as f32).collect()
}

/// Stretches the `i`th frequency for contexts longer than those of pre-training.
fn stretch(config: &RopeConfig, r: usize, i: usize, frequency: f64) -> f64 {
    match config.kind {
        RopeKind::Default | RopeKind::Dynamic { .. } | RopeKind::LongRope(_) => frequency,
        RopeKind::Linear { factor } => frequency / factor,
        RopeKind::Llama3 { factor, low_freq_factor, high_freq_factor, original_max_position_embeddings } => {
            let context = original_max_position_embeddings as f64;
            let wavelength = 2.0 * PI / frequency;
            if wavelength < context / high_freq_factor {
                return frequency;
            }
            if wavelength > context / low_freq_factor {
                return frequency / factor;
            }
            let smooth = (context / wavelength - low_freq_factor) / (high_freq_factor - low_freq_factor);
            (1.0 - smooth) * frequency / factor + smooth * frequency
        }
        RopeKind::Yarn(ref yarn) => {
            let kept = 1.0 - ramp(yarn, config.theta, r, i);
            frequency / yarn.factor * (1.0 - kept) + frequency * kept
        }
    }
}

/// How much of YaRN's stretching the `i`th pair gets, from 0 to 1 (Peng et al. 2023, arXiv:2309.00071):
/// none if it turns more than `beta_fast` times in the context of pre-training, all if less than
/// `beta_slow` times.
fn ramp(yarn: &Yarn, theta: f64, r: usize, i: usize) -> f64 {
    let pair_turning =
        |turns: f64| r as f64 * (yarn.context as f64 / (turns * 2.0 * PI)).ln() / (2.0 * theta.ln());
    let (mut low, mut high) = (pair_turning(yarn.beta_fast), pair_turning(yarn.beta_slow));
    if yarn.truncate {
        (low, high) = (low.floor(), high.ceil());
    }
    let (low, high) = (low.max(0.0), high.min(r as f64 - 1.0));
    let width = if low == high { 0.001 } else { high - low };
    ((i as f64 - low) / width).clamp(0.0, 1.0)
}
