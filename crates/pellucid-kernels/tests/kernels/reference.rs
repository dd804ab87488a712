//! What the tests share: numbers to feed in, ways to compare, instruction sets to run on.

use pellucid_kernels::{Isa, with_isa};

/// Runs `body` on every instruction set of this machine.
pub fn on_each_isa(mut body: impl FnMut(Isa)) {
    for isa in Isa::ALL.into_iter().filter(|isa| isa.supported()) {
        with_isa(isa, || body(isa));
    }
}

/// `n` reproducible numbers, roughly normal.
pub fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    (0..n).map(|_| (0..4).map(|_| uniform()).sum::<f32>() * 1.7).collect()
}

/// Fails unless both are the same bits; any NaN equals any other.
#[track_caller]
pub fn assert_same_bits(expected: &[f32], got: &[f32]) {
    assert_eq!(expected.len(), got.len());
    for (i, (e, g)) in expected.iter().zip(got).enumerate() {
        assert!(
            e.to_bits() == g.to_bits() || (e.is_nan() && g.is_nan()),
            "element {i}: expected {e:e}, got {g:e}"
        );
    }
}

/// Fails unless each `got` is within `tolerance * max(1, |expected|)`; NaN only where expected.
#[track_caller]
pub fn assert_close(expected: &[f64], got: &[f32], tolerance: f64) {
    assert_eq!(expected.len(), got.len());
    for (i, (e, g)) in expected.iter().zip(got).enumerate() {
        let g = f64::from(*g);
        let near = (e - g).abs() <= tolerance * e.abs().max(1.0);
        assert!(near || e == &g || (e.is_nan() && g.is_nan()), "element {i}: expected {e:e}, got {g:e}");
    }
}

pub fn softmax(row: &[f64]) -> Vec<f64> {
    let top = row.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b));
    let terms: Vec<f64> = row.iter().map(|x| (x - top).exp()).collect();
    let sum: f64 = terms.iter().sum();
    terms.iter().map(|e| e / sum).collect()
}
