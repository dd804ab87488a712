//! How codes lie in words, and how lanes get them out.
//!
//! A word has eight codes of 4 bits or four of 8, the first in its lowest bits. Bits that lie `at` bits up in the
//! mantissa of a number with the exponent of `2^(23 - at)` add exactly their value to it: so an and, an or and a
//! subtraction make a number of a code, without shifting. Only bits above the mantissa are shifted down first.

use crate::lanes::{Field, Lanes};

/// Codes of a word.
pub(super) const fn per_word(bits: u32) -> usize {
    (32 / bits) as usize
}

/// The word of these codes.
pub(super) fn word(bits: u32, codes: &[u8]) -> u32 {
    codes.iter().rev().fold(0, |word, code| word << bits | u32::from(*code))
}

/// Code `place` of a word.
pub(super) fn code(word: [u8; 4], bits: u32, place: usize) -> u32 {
    u32::from_le_bytes(word) >> (place as u32 * bits) & ((1 << bits) - 1)
}

/// Bits to shift words by before their later codes are picked, and the first of those.
const fn later(bits: u32) -> (u32, usize) {
    if bits == 4 { (12, 5) } else { (16, 2) }
}

/// `N` vectors of words, and the same words shifted for their later codes.
pub(super) struct Picked<V: Lanes, const BITS: u32, const N: usize> {
    words: [V::Words; N],
    shifted: [V::Words; N],
    zero: f32,
}

impl<V: Lanes, const BITS: u32, const N: usize> Picked<V, BITS, N> {
    /// # Safety
    /// `p` is readable for `N * V::LANES` words.
    #[inline(always)]
    pub(super) unsafe fn load(p: *const u32, zero: f32) -> Self {
        // SAFETY: the caller's promise.
        let mut words = [unsafe { V::load_words(p) }; N];
        for (j, word) in words.iter_mut().enumerate() {
            // SAFETY: as above.
            *word = unsafe { V::load_words(p.add(j * V::LANES)) };
        }
        let mut shifted = words;
        for word in &mut shifted {
            *word = V::shift(*word, later(BITS).0);
        }
        Picked { words, shifted, zero }
    }

    /// The weights of code `place`, which is a constant wherever this is called.
    #[inline(always)]
    pub(super) fn weights(&self, place: usize, scale: &[V; N], offset: &[V; N]) -> [V; N] {
        let (by, first) = later(BITS);
        let is_later = place >= first;
        let at = place as u32 * BITS - if is_later { by } else { 0 };
        let field = Field { mask: ((1 << BITS) - 1) << at, ones: (127 + 23 - at) << 23 };
        let base = (1u32 << (23 - at)) as f32 + self.zero;
        let mut weights = *scale;
        for (j, weight) in weights.iter_mut().enumerate() {
            let words = if is_later { self.shifted[j] } else { self.words[j] };
            *weight = V::pick(words, field, base).fma(scale[j], offset[j]);
        }
        weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_out_as_they_went_in() {
        for bits in [4, 8] {
            let codes: Vec<u8> =
                (0..per_word(bits)).map(|i| (i * 37 + 9) as u8 & ((1u16 << bits) - 1) as u8).collect();
            let word = word(bits, &codes).to_le_bytes();
            for (place, expected) in codes.iter().enumerate() {
                assert_eq!(code(word, bits, place), u32::from(*expected));
            }
        }
    }
}
