//! Activations as sums of bf16 numbers: three parts hold every bit of an `f32`. Weights as tiles take them.
//!
//! A part is what remains, rounded to the nearest bf16; what remains after it is exact. Products of
//! parts are exact in `f32`, so only sums round, as in any product.

use std::arch::x86_64::*;

use std::ops::Range;

use half::bf16;

use super::tiles::{ROWS, STEP};

/// The most parts that a number has: one if it is a bf16 number.
pub(super) const PARTS: usize = 3;
/// Bytes of a row of a tile.
const LINE: usize = 64;
/// Bytes of two tiles of columns.
pub(super) const COLUMNS: usize = 2 * ROWS * LINE;

/// Order of words that puts number `j` of the lower half beside number `j` of the upper.
const PAIRS: [u16; 32] = {
    let mut order = [0; 32];
    let mut j = 0;
    while j < 16 {
        order[2 * j] = j as u16;
        order[2 * j + 1] = j as u16 + 16;
        j += 1;
    }
    order
};

/// Two vectors rounded to bf16, `low`'s numbers first.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn rounded(low: __m512, high: __m512) -> __m512i {
    // SAFETY: both are 64 bytes without invalid values.
    unsafe { std::mem::transmute(_mm512_cvtne2ps_pbh(high, low)) }
}

/// Puts one step of a panel, `n` strips of 32, in pairs, as tiles of columns: `[2, 16, 16, 2]`; the pairs `of`
/// of inputs are written.
/// # Safety
/// `strips` is readable for `n <= 32` of them, `out` writable for two tiles, at a cache line.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) unsafe fn columns(strips: *const bf16, n: usize, out: *mut u8, of: Range<usize>) {
    // Words of the first strip are 0 to 31, of the second 32 to 63.
    let first = _mm512_add_epi16(
        // SAFETY: an array of 64 bytes.
        unsafe { _mm512_loadu_si512(PAIRS.as_ptr().cast()) },
        _mm512_set1_epi32(16 << 16),
    );
    let second = _mm512_add_epi16(first, _mm512_set1_epi16(16));
    for pair in of {
        let load = |k: usize| {
            if k >= n {
                return _mm512_setzero_si512();
            }
            // SAFETY: strip `k < n` has 32 columns.
            unsafe { _mm512_loadu_si512(strips.add(k * 32).cast()) }
        };
        ahead(strips.wrapping_add(2 * pair * 32).cast(), 4096);
        ahead(strips.wrapping_add((2 * pair + 1) * 32).cast(), 4096);
        let (even, odd) = (load(2 * pair), load(2 * pair + 1));
        // SAFETY: line `pair` of both tiles.
        unsafe {
            let line = out.add(pair * LINE);
            _mm512_store_si512(line.cast(), _mm512_permutex2var_epi16(even, first, odd));
            _mm512_store_si512(line.add(ROWS * LINE).cast(), _mm512_permutex2var_epi16(even, second, odd));
        }
    }
}

/// Asks for the cache line `distance` bytes behind `p`, which need not be a valid address.
#[inline(always)]
fn ahead(p: *const u8, distance: usize) {
    // SAFETY: a hint; no address is invalid for it.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(p.wrapping_add(distance).cast()) };
}

/// What was seen of a row.
#[derive(Clone, Copy, Default)]
pub(super) struct Row {
    /// Parts that are not all zero.
    pub(super) parts: usize,
    /// Holds a number that is no sum of bf16 numbers: an infinity, a NaN, one next to the greatest.
    pub(super) wild: bool,
}

/// Cuts a row into parts: part `p` of step `s` goes to `out + s * step + p * part`.
/// # Safety
/// `out` is writable there for `STEP` numbers in each of `PARTS` parts and all steps.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(super) unsafe fn row(x: &[f32], out: *mut bf16, step: usize, part: usize) -> Row {
    let greatest = _mm512_set1_epi32(0x7F7F_7FFF);
    let magnitude = _mm512_set1_epi32(0x7FFF_FFFF);
    let (mut seen, mut wild) = ([_mm512_setzero_si512(); PARTS], 0);
    for (s, x) in x.chunks(STEP).enumerate() {
        let load = |from: usize| {
            let mask = ((1u32 << x.len().saturating_sub(from).min(16)) - 1) as __mmask16;
            // SAFETY: lanes below the length.
            unsafe { _mm512_maskz_loadu_ps(mask, x.as_ptr().wrapping_add(from)) }
        };
        let (mut low, mut high) = (load(0), load(16));
        for x in [low, high] {
            let bits = _mm512_and_si512(_mm512_castps_si512(x), magnitude);
            wild |= _mm512_cmpgt_epi32_mask(bits, greatest);
        }
        for (p, seen) in seen.iter_mut().enumerate() {
            let both = rounded(low, high);
            *seen = _mm512_or_si512(*seen, both);
            // SAFETY: the caller's promise.
            unsafe { _mm512_storeu_si512(out.add(s * step + p * part).cast(), both) };
            low = _mm512_sub_ps(low, widened(_mm512_castsi512_si256(both)));
            high = _mm512_sub_ps(high, widened(_mm512_extracti64x4_epi64::<1>(both)));
        }
    }
    let zero = |bits: __m512i| _mm512_test_epi32_mask(bits, magnitude_pairs()) == 0;
    let parts = (0..PARTS).rev().find(|p| !zero(seen[*p])).map_or(1, |p| p + 1);
    Row { parts, wild: wild != 0 }
}

/// All bits of pairs of bf16 numbers but their signs.
#[inline]
#[target_feature(enable = "avx512f")]
fn magnitude_pairs() -> __m512i {
    _mm512_set1_epi32(0x7FFF_7FFF)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn widened(x: __m256i) -> __m512 {
    _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(x)))
}
