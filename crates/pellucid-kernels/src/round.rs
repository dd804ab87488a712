//! Rounding to the half types, in place.

use half::f16;

use crate::rows::for_row_ranges;

/// Rounds each number to the nearest bfloat16, ties to even; NaN stays NaN.
pub fn round_bf16(x: &mut [f32]) {
    for_row_ranges(x, 1, &|_, x| x.iter_mut().for_each(|x| *x = to_bf16(*x)));
}

/// Rounds each number to the nearest half, ties to even; what is too large becomes infinite.
pub fn round_f16(x: &mut [f32]) {
    for_row_ranges(x, 1, &|_, x| x.iter_mut().for_each(|x| *x = f16::from_f32(*x).to_f32()));
}

/// Without branches, so that the compiler makes lanes of it.
#[inline(always)]
fn to_bf16(x: f32) -> f32 {
    let bits = x.to_bits();
    let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1));
    let quiet = bits | 0x0040_0000;
    f32::from_bits(if x.is_nan() { quiet } else { rounded } & 0xffff_0000)
}

#[cfg(test)]
mod tests {
    use half::bf16;

    use super::*;

    #[test]
    fn every_kind_of_number_is_rounded_as_half_rounds_it() {
        let odd = [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff];
        let bits = (0..=u16::MAX).flat_map(|high| odd.map(|low| u32::from(high) << 16 | low));
        let numbers: Vec<f32> = bits.map(f32::from_bits).collect();
        let (mut b, mut h) = (numbers.clone(), numbers.clone());
        round_bf16(&mut b);
        round_f16(&mut h);
        for (i, x) in numbers.iter().enumerate() {
            assert_eq!(b[i].to_bits(), bf16::from_f32(*x).to_f32().to_bits(), "{x}");
            assert_eq!(h[i].to_bits(), f16::from_f32(*x).to_f32().to_bits(), "{x}");
        }
    }
}
