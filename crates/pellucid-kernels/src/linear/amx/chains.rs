//! What tiles compute, with vectors, for a row or two: a tile of one row would wait for its columns to be
//! cut and stored, where memory should be all that is waited for.
//!
//! The processor says how a tile adds up: for each product of parts a chain of multiply-adds over the even
//! inputs of a step and one over the odd, from zero; both are added, and that to the sum so far; results
//! too small to be normal are zero. So do these chains, to the bit.

use std::arch::asm;
use std::arch::x86_64::*;

use half::bf16;

use super::{PARTS, STEP};
use crate::lanes::{Avx512, Lanes};
use crate::linear::NR;

/// Rows that are taken this way.
pub(super) const FEW: usize = 2;

/// Inputs ahead of which weights are asked for.
const AHEAD: usize = 64;

/// Small numbers count as zero while it lives, as tiles have it.
pub(super) struct Flush(u32);

/// Bits of the control register: small results, and small operands, are zero.
const FLUSH: u32 = 1 << 15 | 1 << 6;

impl Flush {
    pub(super) fn new() -> Flush {
        let mut before = 0_u32;
        // SAFETY: reads the register, and sets two bits of it that change rounding to small numbers only.
        unsafe {
            asm!("stmxcsr [{}]", in(reg) &raw mut before, options(nostack));
            let now = before | FLUSH;
            asm!("ldmxcsr [{}]", in(reg) &raw const now, options(nostack));
        }
        Flush(before)
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        // SAFETY: sets the register to what it was.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const self.0, options(nostack)) };
    }
}

/// A number's parts as `f32`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn parts_of(x: __m512) -> [__m512; PARTS] {
    let (mut parts, mut rest) = ([x; PARTS], x);
    for (i, part) in parts.iter_mut().enumerate() {
        if i + 1 == PARTS {
            // What remains is a bf16 number.
            *part = rest;
        } else {
            // SAFETY: both are 32 bytes without invalid values.
            let rounded: __m256i = unsafe { std::mem::transmute(_mm512_cvtneps_pbh(rest)) };
            *part = _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(rounded)));
            rest = _mm512_sub_ps(rest, *part);
        }
    }
    parts
}

/// Adds one step of one panel, `n` strips of it, to the sums of a row. `P` are the parts of the row, which
/// lie `[STEP, PARTS]`.
/// # Safety
/// `strips` is readable for `n` strips of `NR`, `x` for `STEP` times `PARTS` numbers.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(super) unsafe fn step<const P: usize>(
    strips: *const bf16,
    n: usize,
    x: *const f32,
    sums: &mut [__m512; 2],
) {
    let zero = [_mm512_setzero_ps(); 2];
    // For each part of the row: over even inputs, over odd.
    let (mut even, mut odd) = ([zero; P], [zero; P]);
    let mut k = 0;
    while k < n {
        // SAFETY: inputs below `n`.
        unsafe {
            feed(strips.add(k * NR), x.add(k * PARTS), &mut even);
            if k + 1 < n {
                feed(strips.add((k + 1) * NR), x.add((k + 1) * PARTS), &mut odd);
            }
        }
        k += 2;
    }
    for (even, odd) in even.into_iter().zip(odd) {
        for half in 0..2 {
            sums[half] = _mm512_add_ps(sums[half], _mm512_add_ps(even[half], odd[half]));
        }
    }
}

/// Adds the products of one input's parts to their chains.
/// # Safety
/// `weights` is readable for a strip, `x` for `PARTS` numbers.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn feed<const P: usize>(weights: *const bf16, x: *const f32, chains: &mut [[__m512; 2]; P]) {
    // SAFETY: the caller's promise; the line asked for need not exist.
    unsafe {
        _mm_prefetch::<_MM_HINT_T0>(weights.wrapping_add(AHEAD * NR).cast());
        let w = [Avx512::load_bf16(weights).0, Avx512::load_bf16(weights.add(16)).0];
        for (part, chain) in chains.iter_mut().enumerate() {
            let x = _mm512_set1_ps(*x.add(part));
            chain[0] = _mm512_fmadd_ps(x, w[0], chain[0]);
            chain[1] = _mm512_fmadd_ps(x, w[1], chain[1]);
        }
    }
}

/// The parts of a row as `f32`: `[n_in padded to steps, PARTS]`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(super) fn spread(x: &[f32], out: &mut [f32]) {
    for (x, out) in x.chunks(16).zip(out.chunks_mut(16 * PARTS)) {
        let mask = ((1_u32 << x.len()) - 1) as __mmask16;
        // SAFETY: lanes below the length.
        let parts = parts_of(unsafe { _mm512_maskz_loadu_ps(mask, x.as_ptr()) });
        let mut lanes = [[0.0; 16]; PARTS];
        for (part, lanes) in parts.into_iter().zip(&mut lanes) {
            // SAFETY: sixteen numbers.
            unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), part) };
        }
        for (i, out) in out.chunks_exact_mut(PARTS).enumerate() {
            out.copy_from_slice(&lanes.map(|part| part[i]));
        }
    }
}

const _: () = assert!(Avx512::LANES * 2 == NR && STEP.is_multiple_of(16));
