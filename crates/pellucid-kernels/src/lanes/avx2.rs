//! Eight lanes of AVX2 with FMA and F16C.

use std::arch::x86_64::*;

use half::{bf16, f16};

use super::{Field, Lanes};
use crate::isa::Isa;

#[derive(Clone, Copy)]
pub(crate) struct Avx2(pub(super) __m256);

const ROUND_NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

/// Eight words of ones, then eight of zeros: a mask of `n` lanes starts at `8 - n`.
static ONES: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

/// # Safety
/// The processor has AVX, and `n <= 8`.
#[inline(always)]
unsafe fn first(n: usize) -> __m256i {
    debug_assert!(n <= 8);
    // SAFETY: `8 - n .. 16 - n` lies inside `ONES`.
    unsafe { _mm256_loadu_si256(ONES.as_ptr().add(8 - n).cast()) }
}

// SAFETY of every block below: this type is named only by `dispatch` and by `Avx512`, inside a
// function that has the target features; pointers are as the trait's contract says.
#[allow(clippy::undocumented_unsafe_blocks, reason = "said once for all above")]
impl Lanes for Avx2 {
    const ISA: Isa = Isa::Avx2;
    const LANES: usize = 8;
    type Words = __m256i;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Avx2(unsafe { _mm256_set1_ps(x) })
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        Avx2(unsafe { _mm256_loadu_ps(p) })
    }
    #[inline(always)]
    unsafe fn load_part(p: *const f32, n: usize) -> Self {
        Avx2(unsafe { _mm256_maskload_ps(p, first(n)) })
    }
    #[inline(always)]
    unsafe fn load_or(p: *const f32, n: usize, fill: Self) -> Self {
        Avx2(unsafe {
            let mask = first(n);
            _mm256_blendv_ps(fill.0, _mm256_maskload_ps(p, mask), _mm256_castsi256_ps(mask))
        })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        unsafe { _mm256_storeu_ps(p, self.0) }
    }
    #[inline(always)]
    unsafe fn store_part(self, p: *mut f32, n: usize) {
        unsafe { _mm256_maskstore_ps(p, first(n), self.0) }
    }
    #[inline(always)]
    unsafe fn load_bf16(p: *const bf16) -> Self {
        Avx2(unsafe {
            let bits = _mm256_cvtepu16_epi32(_mm_loadu_si128(p.cast()));
            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(bits))
        })
    }
    #[inline(always)]
    unsafe fn load_f16(p: *const f16) -> Self {
        Avx2(unsafe { _mm256_cvtph_ps(_mm_loadu_si128(p.cast())) })
    }
    #[inline(always)]
    unsafe fn load_words(p: *const u32) -> __m256i {
        unsafe { _mm256_loadu_si256(p.cast()) }
    }
    #[inline(always)]
    fn shift(words: __m256i, n: u32) -> __m256i {
        unsafe { _mm256_srl_epi32(words, _mm_cvtsi32_si128(n as i32)) }
    }
    #[inline(always)]
    fn pick(words: __m256i, field: Field, base: f32) -> Self {
        Avx2(unsafe {
            let (mask, ones) = (_mm256_set1_epi32(field.mask as i32), _mm256_set1_epi32(field.ones as i32));
            let bits = _mm256_or_si256(_mm256_and_si256(words, mask), ones);
            _mm256_sub_ps(_mm256_castsi256_ps(bits), _mm256_set1_ps(base))
        })
    }

    #[inline(always)]
    fn add(self, y: Self) -> Self {
        Avx2(unsafe { _mm256_add_ps(self.0, y.0) })
    }
    #[inline(always)]
    fn sub(self, y: Self) -> Self {
        Avx2(unsafe { _mm256_sub_ps(self.0, y.0) })
    }
    #[inline(always)]
    fn mul(self, y: Self) -> Self {
        Avx2(unsafe { _mm256_mul_ps(self.0, y.0) })
    }
    #[inline(always)]
    fn div(self, y: Self) -> Self {
        Avx2(unsafe { _mm256_div_ps(self.0, y.0) })
    }
    #[inline(always)]
    fn fma(self, y: Self, z: Self) -> Self {
        Avx2(unsafe { _mm256_fmadd_ps(self.0, y.0, z.0) })
    }
    #[inline(always)]
    fn min(self, y: Self) -> Self {
        Avx2(unsafe { _mm256_min_ps(self.0, y.0) })
    }
    #[inline(always)]
    fn max(self, y: Self) -> Self {
        Avx2(unsafe { _mm256_max_ps(self.0, y.0) })
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Avx2(unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), self.0) })
    }
    #[inline(always)]
    fn round(self) -> Self {
        Avx2(unsafe { _mm256_round_ps::<ROUND_NEAREST>(self.0) })
    }
    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        // Two factors: one alone would be out of range where the result is subnormal.
        Avx2(unsafe {
            let n = _mm256_cvtps_epi32(n.0);
            let half = _mm256_srai_epi32::<1>(n);
            let x = _mm256_mul_ps(self.0, power_of_two(half));
            _mm256_mul_ps(x, power_of_two(_mm256_sub_epi32(n, half)))
        })
    }
    #[inline(always)]
    fn select_lt(self, y: Self, a: Self, b: Self) -> Self {
        Avx2(unsafe { _mm256_blendv_ps(b.0, a.0, _mm256_cmp_ps::<_CMP_LT_OQ>(self.0, y.0)) })
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        unsafe {
            let high = _mm256_extractf128_ps::<1>(self.0);
            let x = _mm_add_ps(_mm256_castps256_ps128(self.0), high);
            let x = _mm_add_ps(x, _mm_movehl_ps(x, x));
            _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)))
        }
    }
    #[inline(always)]
    fn greatest(self) -> f32 {
        unsafe {
            let high = _mm256_extractf128_ps::<1>(self.0);
            let x = _mm_max_ps(_mm256_castps256_ps128(self.0), high);
            let x = _mm_max_ps(x, _mm_movehl_ps(x, x));
            _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)))
        }
    }

    #[inline(always)]
    unsafe fn transpose8(src: *const f32, lds: usize, dst: *mut f32, ldd: usize) {
        unsafe {
            let mut rows = [_mm256_setzero_ps(); 8];
            for (i, row) in rows.iter_mut().enumerate() {
                *row = _mm256_loadu_ps(src.add(i * lds));
            }
            // Pairs of rows, then fours, then eights: r[i] ends as column i.
            let t0 = _mm256_unpacklo_ps(rows[0], rows[1]);
            let t1 = _mm256_unpackhi_ps(rows[0], rows[1]);
            let t2 = _mm256_unpacklo_ps(rows[2], rows[3]);
            let t3 = _mm256_unpackhi_ps(rows[2], rows[3]);
            let t4 = _mm256_unpacklo_ps(rows[4], rows[5]);
            let t5 = _mm256_unpackhi_ps(rows[4], rows[5]);
            let t6 = _mm256_unpacklo_ps(rows[6], rows[7]);
            let t7 = _mm256_unpackhi_ps(rows[6], rows[7]);
            let u0 = _mm256_shuffle_ps::<0x44>(t0, t2);
            let u1 = _mm256_shuffle_ps::<0xee>(t0, t2);
            let u2 = _mm256_shuffle_ps::<0x44>(t1, t3);
            let u3 = _mm256_shuffle_ps::<0xee>(t1, t3);
            let u4 = _mm256_shuffle_ps::<0x44>(t4, t6);
            let u5 = _mm256_shuffle_ps::<0xee>(t4, t6);
            let u6 = _mm256_shuffle_ps::<0x44>(t5, t7);
            let u7 = _mm256_shuffle_ps::<0xee>(t5, t7);
            _mm256_storeu_ps(dst, _mm256_permute2f128_ps::<0x20>(u0, u4));
            _mm256_storeu_ps(dst.add(ldd), _mm256_permute2f128_ps::<0x20>(u1, u5));
            _mm256_storeu_ps(dst.add(2 * ldd), _mm256_permute2f128_ps::<0x20>(u2, u6));
            _mm256_storeu_ps(dst.add(3 * ldd), _mm256_permute2f128_ps::<0x20>(u3, u7));
            _mm256_storeu_ps(dst.add(4 * ldd), _mm256_permute2f128_ps::<0x31>(u0, u4));
            _mm256_storeu_ps(dst.add(5 * ldd), _mm256_permute2f128_ps::<0x31>(u1, u5));
            _mm256_storeu_ps(dst.add(6 * ldd), _mm256_permute2f128_ps::<0x31>(u2, u6));
            _mm256_storeu_ps(dst.add(7 * ldd), _mm256_permute2f128_ps::<0x31>(u3, u7));
        }
    }

    #[inline(always)]
    fn prefetch(p: *const u8) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
    }
}

/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn power_of_two(n: __m256i) -> __m256 {
    // SAFETY: register arithmetic only.
    unsafe {
        let biased = _mm256_add_epi32(n, _mm256_set1_epi32(127));
        _mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased))
    }
}
