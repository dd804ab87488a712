//! Numbers for the parameters of random models.
//!
//! Each tensor has a stream of its own, which depends on the seed and the tensor's name: the same on every
//! machine, whatever else is read and in which order.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Numbers of a tensor: normal, of a width that keeps activations near 1; scales of norms are around 1.
pub(super) fn numbers(seed: u64, name: &str, shape: &[usize]) -> Vec<f32> {
    let n: usize = shape.iter().product();
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ hash(name));
    let is_scale = shape.len() == 1 && name.ends_with("weight");
    let (mean, width) = match shape {
        [_, n_in] => (0.0, (*n_in as f64).powf(-0.5)),
        _ if is_scale => (1.0, 0.1),
        _ => (0.0, 0.1),
    };
    (0..n).map(|_| (mean + width * normal(&mut rng)) as f32).collect()
}

/// One number of the standard normal distribution (Box and Muller 1958).
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let mut uniform = || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let (radius, angle) = (1.0 - uniform(), uniform());
    libm::sqrt(-2.0 * libm::log(radius)) * libm::cos(2.0 * std::f64::consts::PI * angle)
}

/// FNV-1a.
fn hash(name: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    name.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}
