//! How many f32 multiply-adds this machine can do at once: independent chains in registers, on every
//! thread of the pool, with nothing read or written.
#![allow(unsafe_code, reason = "calls functions that need an instruction set, after asking for it")]

use std::hint::black_box;

use pellucid_kernels::{run as on_pool, threads};

/// Links of each chain in one run, some hundredths of a second.
const LINKS: usize = 1 << 24;

/// Chains side by side: more than latency times the number of units that multiply.
const CHAINS: usize = 12;

/// One run on all threads.
pub fn run() {
    on_pool(threads(), &|_| match lanes() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: 16 lanes are counted only where AVX-512 F was found.
        16 => unsafe { x86::avx512() },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: 8 lanes are counted only where AVX2 and FMA were found.
        8 => unsafe { x86::avx2() },
        _ => portable(),
    });
}

/// What one run computes.
pub fn flops() -> f64 {
    (threads() * LINKS * CHAINS * lanes() * 2) as f64
}

/// Lanes of the widest f32 unit, whatever the kernels were told to use.
fn lanes() -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            return 16;
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return 8;
        }
    }
    4
}

fn portable() {
    let mut chains = [[0.5f32; 4]; CHAINS];
    for _ in 0..LINKS {
        for x in chains.iter_mut().flatten() {
            *x = *x * 0.999 + 0.001;
        }
    }
    black_box(chains);
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_set1_ps, _mm512_fmadd_ps, _mm512_set1_ps};
    use std::hint::black_box;

    use super::{CHAINS, LINKS};

    #[target_feature(enable = "avx512f")]
    pub fn avx512() {
        let (a, b) = (_mm512_set1_ps(0.999), _mm512_set1_ps(0.001));
        let mut chains = [_mm512_set1_ps(0.5); CHAINS];
        for _ in 0..LINKS {
            for x in &mut chains {
                *x = _mm512_fmadd_ps(*x, a, b);
            }
        }
        black_box(chains);
    }

    #[target_feature(enable = "avx2,fma")]
    pub fn avx2() {
        let (a, b) = (_mm256_set1_ps(0.999), _mm256_set1_ps(0.001));
        let mut chains = [_mm256_set1_ps(0.5); CHAINS];
        for _ in 0..LINKS {
            for x in &mut chains {
                *x = _mm256_fmadd_ps(*x, a, b);
            }
        }
        black_box(chains);
    }
}
