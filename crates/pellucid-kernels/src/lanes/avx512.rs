//! Sixteen lanes of AVX-512.

use std::arch::x86_64::*;

use half::{bf16, f16};

use super::{Avx2, Field, Lanes};
use crate::isa::Isa;

#[derive(Clone, Copy)]
pub(crate) struct Avx512(pub(crate) __m512);

const ROUND_NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

#[inline(always)]
fn first(n: usize) -> __mmask16 {
    ((1u32 << n) - 1) as __mmask16
}

// SAFETY of every block below: this type is named only by `dispatch`, inside a function that has
// the target features; pointers are as the trait's contract says.
#[allow(clippy::undocumented_unsafe_blocks, reason = "said once for all above")]
impl Lanes for Avx512 {
    const ISA: Isa = Isa::Avx512;
    const LANES: usize = 16;
    type Words = __m512i;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Avx512(unsafe { _mm512_set1_ps(x) })
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        Avx512(unsafe { _mm512_loadu_ps(p) })
    }
    #[inline(always)]
    unsafe fn load_part(p: *const f32, n: usize) -> Self {
        Avx512(unsafe { _mm512_maskz_loadu_ps(first(n), p) })
    }
    #[inline(always)]
    unsafe fn load_or(p: *const f32, n: usize, fill: Self) -> Self {
        Avx512(unsafe { _mm512_mask_loadu_ps(fill.0, first(n), p) })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        unsafe { _mm512_storeu_ps(p, self.0) }
    }
    #[inline(always)]
    unsafe fn store_part(self, p: *mut f32, n: usize) {
        unsafe { _mm512_mask_storeu_ps(p, first(n), self.0) }
    }
    #[inline(always)]
    unsafe fn load_bf16(p: *const bf16) -> Self {
        Avx512(unsafe {
            let bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256(p.cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(bits))
        })
    }
    #[inline(always)]
    unsafe fn load_f16(p: *const f16) -> Self {
        Avx512(unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(p.cast())) })
    }
    #[inline(always)]
    unsafe fn load_words(p: *const u32) -> __m512i {
        unsafe { _mm512_loadu_si512(p.cast()) }
    }
    #[inline(always)]
    fn shift(words: __m512i, n: u32) -> __m512i {
        unsafe { _mm512_srl_epi32(words, _mm_cvtsi32_si128(n as i32)) }
    }
    #[inline(always)]
    fn pick(words: __m512i, field: Field, base: f32) -> Self {
        // One instruction, (a & b) | c, whose truth table this is.
        const AND_OR: i32 = 0xea;
        Avx512(unsafe {
            let (mask, ones) = (_mm512_set1_epi32(field.mask as i32), _mm512_set1_epi32(field.ones as i32));
            let bits = _mm512_ternarylogic_epi32::<AND_OR>(words, mask, ones);
            _mm512_sub_ps(_mm512_castsi512_ps(bits), _mm512_set1_ps(base))
        })
    }

    #[inline(always)]
    fn add(self, y: Self) -> Self {
        Avx512(unsafe { _mm512_add_ps(self.0, y.0) })
    }
    #[inline(always)]
    fn sub(self, y: Self) -> Self {
        Avx512(unsafe { _mm512_sub_ps(self.0, y.0) })
    }
    #[inline(always)]
    fn mul(self, y: Self) -> Self {
        Avx512(unsafe { _mm512_mul_ps(self.0, y.0) })
    }
    #[inline(always)]
    fn div(self, y: Self) -> Self {
        Avx512(unsafe { _mm512_div_ps(self.0, y.0) })
    }
    #[inline(always)]
    fn fma(self, y: Self, z: Self) -> Self {
        Avx512(unsafe { _mm512_fmadd_ps(self.0, y.0, z.0) })
    }
    #[inline(always)]
    fn min(self, y: Self) -> Self {
        Avx512(unsafe { _mm512_min_ps(self.0, y.0) })
    }
    #[inline(always)]
    fn max(self, y: Self) -> Self {
        Avx512(unsafe { _mm512_max_ps(self.0, y.0) })
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Avx512(unsafe { _mm512_abs_ps(self.0) })
    }
    #[inline(always)]
    fn round(self) -> Self {
        Avx512(unsafe { _mm512_roundscale_ps::<ROUND_NEAREST>(self.0) })
    }
    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        Avx512(unsafe { _mm512_scalef_ps(self.0, n.0) })
    }
    #[inline(always)]
    fn select_lt(self, y: Self, a: Self, b: Self) -> Self {
        Avx512(unsafe { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.0, y.0), b.0, a.0) })
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        unsafe {
            let high = _mm512_extractf32x8_ps::<1>(self.0);
            Avx2(_mm256_add_ps(_mm512_castps512_ps256(self.0), high)).sum()
        }
    }
    #[inline(always)]
    fn greatest(self) -> f32 {
        unsafe {
            let high = _mm512_extractf32x8_ps::<1>(self.0);
            Avx2(_mm256_max_ps(_mm512_castps512_ps256(self.0), high)).greatest()
        }
    }

    #[inline(always)]
    unsafe fn transpose8(src: *const f32, lds: usize, dst: *mut f32, ldd: usize) {
        unsafe { Avx2::transpose8(src, lds, dst, ldd) }
    }

    #[inline(always)]
    fn prefetch(p: *const u8) {
        Avx2::prefetch(p);
    }
}
