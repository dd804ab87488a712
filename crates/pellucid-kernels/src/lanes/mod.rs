//! A vector of `f32` lanes: the alphabet that every kernel is written in, once.
//!
//! The types of an instruction set exist only inside [`crate::dispatch`]: nothing else may name
//! them, which is what makes their arithmetic safe to call.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
pub(crate) use portable::Portable;

use half::{bf16, f16};

use crate::isa::Isa;

/// `LANES` single-precision numbers.
pub(crate) trait Lanes: Copy {
    const ISA: Isa;
    const LANES: usize;
    /// `LANES` words of 32 bits.
    type Words: Copy;

    fn splat(x: f32) -> Self;

    /// # Safety
    /// `p` is readable for `LANES` elements, of any alignment (so for all loads and stores here).
    unsafe fn load(p: *const f32) -> Self;
    /// Loads the first `n` lanes, zeros behind them.
    /// # Safety
    /// `p` is readable for `n <= LANES` elements.
    unsafe fn load_part(p: *const f32, n: usize) -> Self;
    /// Loads the first `n` lanes, those of `fill` behind them.
    /// # Safety
    /// `p` is readable for `n <= LANES` elements.
    unsafe fn load_or(p: *const f32, n: usize, fill: Self) -> Self;
    /// # Safety
    /// `p` is writable for `LANES` elements.
    unsafe fn store(self, p: *mut f32);
    /// Stores the first `n` lanes.
    /// # Safety
    /// `p` is writable for `n <= LANES` elements.
    unsafe fn store_part(self, p: *mut f32, n: usize);
    /// [`Lanes::load`] where `n` reaches `LANES`, else [`Lanes::load_part`].
    /// # Safety
    /// `p` is readable for `min(n, LANES)` elements.
    #[inline(always)]
    unsafe fn load_up_to(p: *const f32, n: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe { if n >= Self::LANES { Self::load(p) } else { Self::load_part(p, n) } }
    }
    /// [`Lanes::store`] where `n` reaches `LANES`, else [`Lanes::store_part`].
    /// # Safety
    /// `p` is writable for `min(n, LANES)` elements.
    #[inline(always)]
    unsafe fn store_up_to(self, p: *mut f32, n: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            if n >= Self::LANES {
                self.store(p);
            } else {
                self.store_part(p, n);
            }
        }
    }
    /// # Safety
    /// `p` is readable for `LANES` elements.
    unsafe fn load_bf16(p: *const bf16) -> Self;
    /// # Safety
    /// `p` is readable for `LANES` elements.
    unsafe fn load_f16(p: *const f16) -> Self;

    /// # Safety
    /// `p` is readable for `LANES` elements.
    unsafe fn load_words(p: *const u32) -> Self::Words;
    /// Every word shifted right by `n < 32` bits.
    fn shift(words: Self::Words, n: u32) -> Self::Words;
    /// The numbers whose bits are `words & field.mask | field.ones`, less `base`.
    fn pick(words: Self::Words, field: Field, base: f32) -> Self;

    fn add(self, y: Self) -> Self;
    fn sub(self, y: Self) -> Self;
    fn mul(self, y: Self) -> Self;
    fn div(self, y: Self) -> Self;
    /// `self * y + z`: rounded once on every instruction set that can.
    fn fma(self, y: Self, z: Self) -> Self;
    /// The smaller; `y` where either is NaN or both are zero.
    fn min(self, y: Self) -> Self;
    /// The greater; `y` where either is NaN or both are zero.
    fn max(self, y: Self) -> Self;
    fn abs(self) -> Self;
    /// Rounds to the nearest integer, ties to even. Only for magnitudes below 2^22.
    fn round(self) -> Self;
    /// `self * 2^n` for integral `n` of magnitude up to 250, overflowing to infinity and underflowing gradually.
    fn scale(self, n: Self) -> Self;
    /// `a` where `self < y`, else `b` (so `b` where either is NaN).
    fn select_lt(self, y: Self, a: Self, b: Self) -> Self;

    /// The sum of all lanes, always in one order.
    fn sum(self) -> f32;
    /// The greatest lane; unspecified where a lane is NaN.
    fn greatest(self) -> f32;

    /// Writes the transpose of an 8 x 8 block.
    /// # Safety
    /// `src` is readable for 8 rows of 8 at distance `lds`, `dst` writable for 8 rows of 8 at distance `ldd`.
    unsafe fn transpose8(src: *const f32, lds: usize, dst: *mut f32, ldd: usize);

    /// Asks for the cache line at `p`, which need not be a valid address.
    fn prefetch(p: *const u8);
}

/// Some bits of a word, to be the last of a number's mantissa, and the rest of that number: so an integer
/// becomes a number by logic alone.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) mask: u32,
    pub(crate) ones: u32,
}
