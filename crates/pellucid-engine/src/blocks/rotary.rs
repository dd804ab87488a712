//! Rotary position embedding (Su et al. 2021, arXiv:2104.09864): frequencies, and the angles of a
//! batch's positions.

use pellucid_kernels::{RotaryStyle, rotary};

use crate::Tensor;
use crate::load::{Rope as RopeConfig, RopeKind};

/// How queries and keys of a head are turned.
pub struct Rope {
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
    /// Turns the first `r` numbers of each head, pairs half a width apart.
    pub fn new(config: &RopeConfig, r: usize) -> Rope {
        let base = |i: usize| 1.0 / config.theta.powf(2.0 * i as f64 / r as f64);
        let frequencies = (0..r / 2).map(|i| stretch(base(i), config.kind) as f32).collect();
        Rope { frequencies, style: RotaryStyle::Half }
    }

    /// The angles of these positions, computed in f32 as transformers does.
    pub fn angles(&self, positions: impl Iterator<Item = usize>) -> Angles {
        let (mut cos, mut sin) = (Vec::new(), Vec::new());
        for position in positions {
            for frequency in &self.frequencies {
                let angle = position as f32 * frequency;
                cos.push(angle.cos());
                sin.push(angle.sin());
            }
        }
        Angles { cos, sin, style: self.style }
    }
}

impl Angles {
    /// Turns `x [t, h * k]`.
    pub(super) fn turn(&self, x: &Tensor, heads: usize, k: usize) -> Tensor {
        if x.is_meta() {
            return x.clone();
        }
        let mut out = vec![0.0; x.numel()];
        rotary(x.f32s(), heads, k, &self.cos, &self.sin, self.style, &mut out);
        Tensor::new(out, x.shape())
    }
}

/// Stretches a frequency for contexts longer than those of pre-training.
fn stretch(frequency: f64, kind: RopeKind) -> f64 {
    match kind {
        RopeKind::Default => frequency,
        RopeKind::Linear { factor } => frequency / factor,
        RopeKind::Llama3 { factor, low_freq_factor, high_freq_factor, original_max_position_embeddings } => {
            let context = original_max_position_embeddings as f64;
            let wavelength = 2.0 * std::f64::consts::PI / frequency;
            if wavelength < context / high_freq_factor {
                return frequency;
            }
            if wavelength > context / low_freq_factor {
                return frequency / factor;
            }
            let smooth = (context / wavelength - low_freq_factor) / (high_freq_factor - low_freq_factor);
            (1.0 - smooth) * frequency / factor + smooth * frequency
        }
    }
}
