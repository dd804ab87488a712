//! Numbers from a seed: ChaCha with eight rounds, one 64-bit word for each element in row-major order.
//!
//! What is made of the words uses `libm`, not the platform's mathematics, so that a seed gives the
//! same bits on every machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A stream of words.
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// The stream of a seed.
    pub fn new(seed: i64) -> Draw {
        Draw(ChaCha8Rng::seed_from_u64(seed as u64))
    }

    /// A multiple of 2^-`bits` from 0 up to 1, `bits` at most 53.
    pub fn unit(&mut self, bits: u32) -> f64 {
        (self.0.next_u64() >> (64 - bits)) as f64 / (1u64 << bits) as f64
    }

    /// Two independent numbers of mean 0 and variance 1 (Box and Muller, 1958).
    pub fn normals(&mut self) -> [f64; 2] {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit(53)));
        let (sin, cos) = libm::sincos(std::f64::consts::TAU * self.unit(53));
        [radius * cos, radius * sin]
    }

    /// A number of mean 1 that falls off exponentially.
    pub fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.unit(53))
    }

    /// An integer below `n`, each as likely; any integer for `n` 0. Words that would favour some are
    /// drawn again (Lemire, 2019).
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return self.0.next_u64();
        }
        loop {
            let wide = u128::from(self.0.next_u64()) * u128::from(n);
            if wide as u64 >= n.wrapping_neg() % n {
                return (wide >> 64) as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_these_words_for_ever() {
        let mut draw = Draw::new(0);
        let words: Vec<u64> = (0..3).map(|_| draw.below(0)).collect();
        assert_eq!(words, [13080132717333068652, 8594738769458413623, 12896916468484187878]);
        assert_ne!(Draw::new(1).below(0), Draw::new(2).below(0));
    }

    #[test]
    fn every_integer_is_as_likely() {
        let (mut draw, mut counts) = (Draw::new(7), [0i32; 5]);
        (0..50_000).for_each(|_| counts[draw.below(5) as usize] += 1);
        // Five standard deviations of a count.
        assert!(counts.iter().all(|n| (n - 10_000).abs() < 450), "{counts:?}");
    }
}
