//! Four lanes of plain Rust: SSE2 on x86-64, NEON on AArch64, correct everywhere.

use half::{bf16, f16};

use super::{Field, Lanes};
use crate::isa::Isa;

const N: usize = 4;

#[derive(Clone, Copy)]
#[repr(align(16))]
pub(crate) struct Portable([f32; N]);

/// Without hardware support `mul_add` is a slow library call, so such builds fuse nowhere.
const FUSED: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));

impl Portable {
    #[inline(always)]
    fn map2(self, y: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Portable(std::array::from_fn(|i| f(self.0[i], y.0[i])))
    }
}

impl Lanes for Portable {
    const ISA: Isa = Isa::Portable;
    const LANES: usize = N;
    type Words = [u32; N];

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Portable([x; N])
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: the caller gives `N` readable elements.
        Portable(unsafe { p.cast::<[f32; N]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn load_part(p: *const f32, n: usize) -> Self {
        let mut out = [0.0; N];
        for (i, x) in out.iter_mut().enumerate().take(n) {
            // SAFETY: `i < n`, and the caller gives `n` readable elements.
            *x = unsafe { p.add(i).read() };
        }
        Portable(out)
    }
    #[inline(always)]
    unsafe fn load_or(p: *const f32, n: usize, fill: Self) -> Self {
        let mut out = fill.0;
        for (i, x) in out.iter_mut().enumerate().take(n) {
            // SAFETY: `i < n`, and the caller gives `n` readable elements.
            *x = unsafe { p.add(i).read() };
        }
        Portable(out)
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: the caller gives `N` writable elements.
        unsafe { p.cast::<[f32; N]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn store_part(self, p: *mut f32, n: usize) {
        for (i, x) in self.0.into_iter().enumerate().take(n) {
            // SAFETY: `i < n`, and the caller gives `n` writable elements.
            unsafe { p.add(i).write(x) };
        }
    }
    #[inline(always)]
    unsafe fn load_bf16(p: *const bf16) -> Self {
        // SAFETY: the caller gives `N` readable elements.
        let bits = unsafe { p.cast::<[u16; N]>().read_unaligned() };
        Portable(bits.map(|x| f32::from_bits(u32::from(x) << 16)))
    }
    #[inline(always)]
    unsafe fn load_f16(p: *const f16) -> Self {
        // SAFETY: the caller gives `N` readable elements.
        let bits = unsafe { p.cast::<[u16; N]>().read_unaligned() };
        Portable(bits.map(widen_f16))
    }
    #[inline(always)]
    unsafe fn load_words(p: *const u32) -> [u32; N] {
        // SAFETY: the caller gives `N` readable elements.
        unsafe { p.cast::<[u32; N]>().read_unaligned() }
    }
    #[inline(always)]
    fn shift(words: [u32; N], n: u32) -> [u32; N] {
        words.map(|word| word >> n)
    }
    #[inline(always)]
    fn pick(words: [u32; N], field: Field, base: f32) -> Self {
        Portable(words.map(|word| f32::from_bits(word & field.mask | field.ones) - base))
    }

    #[inline(always)]
    fn add(self, y: Self) -> Self {
        self.map2(y, |x, y| x + y)
    }
    #[inline(always)]
    fn sub(self, y: Self) -> Self {
        self.map2(y, |x, y| x - y)
    }
    #[inline(always)]
    fn mul(self, y: Self) -> Self {
        self.map2(y, |x, y| x * y)
    }
    #[inline(always)]
    fn div(self, y: Self) -> Self {
        self.map2(y, |x, y| x / y)
    }
    #[inline(always)]
    fn fma(self, y: Self, z: Self) -> Self {
        if FUSED {
            Portable(std::array::from_fn(|i| self.0[i].mul_add(y.0[i], z.0[i])))
        } else {
            self.mul(y).add(z)
        }
    }
    #[inline(always)]
    fn min(self, y: Self) -> Self {
        self.map2(y, |x, y| if x < y { x } else { y })
    }
    #[inline(always)]
    fn max(self, y: Self) -> Self {
        self.map2(y, |x, y| if x > y { x } else { y })
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Portable(self.0.map(f32::abs))
    }
    #[inline(always)]
    fn round(self) -> Self {
        // Adding and taking away 1.5 * 2^23 leaves no room for a fraction: vectorizes, unlike a call.
        const MAGIC: f32 = 12_582_912.0;
        Portable(self.0.map(|x| (x + MAGIC) - MAGIC))
    }
    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        self.map2(n, |x, n| {
            // Two factors: one alone would be out of range where the result is subnormal.
            let n = n as i32;
            let half = n >> 1;
            x * power_of_two(half) * power_of_two(n - half)
        })
    }
    #[inline(always)]
    fn select_lt(self, y: Self, a: Self, b: Self) -> Self {
        Portable(std::array::from_fn(|i| if self.0[i] < y.0[i] { a.0[i] } else { b.0[i] }))
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        let [a, b, c, d] = self.0;
        (a + c) + (b + d)
    }
    #[inline(always)]
    fn greatest(self) -> f32 {
        let [a, b, c, d] = self.0;
        a.max(c).max(b.max(d))
    }

    #[inline(always)]
    unsafe fn transpose8(src: *const f32, lds: usize, dst: *mut f32, ldd: usize) {
        for i in 0..8 {
            for j in 0..8 {
                // SAFETY: `i, j < 8` stay inside the two blocks that the caller gives.
                unsafe { dst.add(j * ldd + i).write(src.add(i * lds + j).read()) };
            }
        }
    }

    #[inline(always)]
    fn prefetch(_: *const u8) {}
}

#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// Exact and without branches: shift exponent and mantissa into place, then multiply the exponent's
/// bias away (which also makes subnormals normal).
#[inline(always)]
fn widen_f16(x: u16) -> f32 {
    let x = u32::from(x);
    let magnitude = (x & 0x7fff) << 13;
    let widened = f32::from_bits(magnitude) * power_of_two(112);
    let special = if magnitude >= 0x7c00 << 13 { 0xff << 23 } else { 0 };
    f32::from_bits(widened.to_bits() | special | (x & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_f16_widens_exactly() {
        for bits in 0..=u16::MAX {
            let expected = f16::from_bits(bits).to_f32();
            let got = widen_f16(bits);
            assert!(
                got.to_bits() == expected.to_bits() || (got.is_nan() && expected.is_nan()),
                "{bits:#06x}: expected {expected}, got {got}"
            );
        }
    }
}
