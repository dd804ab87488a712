//! Linear layers: against f64, each weight type against its widened self, rows alone against in a batch.

use half::{bf16, f16};
use pellucid_kernels::{
    Isa, Layout, Loose, PackedLinear, Weights, embed, linear_loose, matmul, with_threads,
};
use proptest::prelude::*;

use crate::reference::{assert_same_bits, numbers, on_each_isa};

/// Weights that are bf16 numbers, for which processors may have tiles: as near to f64 as a chain is, each
/// row as if alone, on any number of threads.
fn check_bf16(m: usize, n_in: usize, n_out: usize, x: &[f32], seed: u64) {
    let w: Vec<bf16> = numbers(n_out * n_in, seed + 1).into_iter().map(bf16::from_f32).collect();
    let b = numbers(n_out, seed + 2);
    let linear = PackedLinear::pack(Weights::Bf16(&w), Layout::OutIn, n_out, n_in, Some(&b));
    let all = with_threads(1, || linear.forward_new(x));
    for threads in [2, 3] {
        assert_same_bits(&all, &with_threads(threads, || linear.forward_new(x)));
    }
    for i in 0..m {
        let row = &x[i * n_in..][..n_in];
        assert_same_bits(&all[i * n_out..][..n_out], &linear.forward_new(row));
        for o in 0..n_out {
            let terms = || row.iter().zip(&w[o * n_in..]).map(|(x, w)| f64::from(*x) * w.to_f64());
            let expected = terms().sum::<f64>() + f64::from(b[o]);
            let magnitude = terms().map(f64::abs).sum::<f64>() + f64::from(b[o].abs());
            let got = f64::from(all[i * n_out + o]);
            let finite = (expected as f32).is_finite();
            assert!(
                (expected - got).abs() <= 1e-6 * magnitude || !finite,
                "[{i}, {o}] of {m} x {n_in} x {n_out}: expected {expected}, got {got}"
            );
            assert_eq!(finite, got.is_finite(), "[{i}, {o}]: expected {expected}, got {got}");
        }
    }
}

/// Within the rounding of a chain of `n_in` fused steps, by its terms' magnitudes.
fn check_against_f64(m: usize, n_in: usize, n_out: usize, seed: u64) {
    let x = numbers(m * n_in, seed);
    let w = numbers(n_out * n_in, seed + 1);
    let b = numbers(n_out, seed + 2);
    let linear = PackedLinear::pack(Weights::F32(&w), Layout::OutIn, n_out, n_in, Some(&b));
    let y = linear.forward_new(&x);
    assert_eq!(y.len(), m * n_out);
    for i in 0..m {
        for o in 0..n_out {
            let terms = || (0..n_in).map(|k| f64::from(x[i * n_in + k]) * f64::from(w[o * n_in + k]));
            let expected = terms().sum::<f64>() + f64::from(b[o]);
            let magnitude = terms().map(f64::abs).sum::<f64>() + f64::from(b[o].abs());
            let got = f64::from(y[i * n_out + o]);
            assert!(
                (expected - got).abs() <= 1e-6 * magnitude,
                "[{i}, {o}] of {m} x {n_in} x {n_out}: expected {expected}, got {got}"
            );
        }
    }
}

/// Each row of a call equals the row alone, on any number of threads.
fn check_rows_stand_alone(m: usize, n_in: usize, n_out: usize, seed: u64) {
    let x = numbers(m * n_in, seed);
    let w = numbers(n_out * n_in, seed + 1);
    let linear = PackedLinear::pack(Weights::F32(&w), Layout::OutIn, n_out, n_in, None);
    let all = with_threads(1, || linear.forward_new(&x));
    for threads in [2, 3, 7] {
        assert_same_bits(&all, &with_threads(threads, || linear.forward_new(&x)));
    }
    for i in 0..m {
        let alone = linear.forward_new(&x[i * n_in..][..n_in]);
        assert_same_bits(&all[i * n_out..][..n_out], &alone);
    }
}

/// Weights that are not packed give the bits of those that are, in either layout and decoded.
fn check_loose(m: usize, n_in: usize, n_out: usize, seed: u64) {
    let x = numbers(m * n_in, seed);
    let w = numbers(n_out * n_in, seed + 1);
    let bias = numbers(n_out, seed + 2);
    let transposed: Vec<f32> = (0..n_in * n_out).map(|i| w[i % n_out * n_in + i / n_out]).collect();
    let packed =
        PackedLinear::pack(Weights::F32(&w), Layout::OutIn, n_out, n_in, Some(&bias)).forward_new(&x);
    let read = |i: usize, out: &mut [f32]| out.copy_from_slice(&w[i * n_in..][..n_in]);
    for loose in [
        Loose::Plain(Weights::F32(&w), Layout::OutIn),
        Loose::Plain(Weights::F32(&transposed), Layout::InOut),
        Loose::Rows(&read),
    ] {
        assert_same_bits(&packed, &linear_loose(loose, n_out, n_in, Some(&bias), &x));
    }
    let half: Vec<bf16> = w.iter().map(|x| bf16::from_f32(*x)).collect();
    let packed = PackedLinear::pack(Weights::Bf16(&half), Layout::OutIn, n_out, n_in, None).forward_new(&x);
    let read = |i: usize, out: &mut [f32]| {
        out.iter_mut().zip(&half[i * n_in..][..n_in]).for_each(|(to, x)| *to = x.to_f32());
    };
    for loose in [Loose::Plain(Weights::Bf16(&half), Layout::OutIn), Loose::Bf16Rows(&read)] {
        assert_same_bits(&packed, &linear_loose(loose, n_out, n_in, None, &x));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn loose_is_packed(m in 0usize..41, n_in in 1usize..150, n_out in 1usize..150, seed in 0u64..1000) {
        on_each_isa(|_| check_loose(m, n_in, n_out, seed));
    }

    #[test]
    fn bf16_weights_match_f64(m in 0usize..71, n_in in 1usize..150, n_out in 1usize..90, seed in 0u64..1000) {
        on_each_isa(|_| check_bf16(m, n_in, n_out, &numbers(m * n_in, seed), seed));
    }

    #[test]
    fn matches_f64(m in 0usize..41, n_in in 1usize..150, n_out in 0usize..150, seed in 0u64..1000) {
        on_each_isa(|_| check_against_f64(m, n_in, n_out, seed));
    }

    #[test]
    fn rows_stand_alone(m in 0usize..41, n_in in 1usize..150, n_out in 1usize..150, seed in 0u64..1000) {
        on_each_isa(|_| check_rows_stand_alone(m, n_in, n_out, seed));
    }
}

#[test]
fn long_sums_taken_in_stretches_keep_their_bits() {
    on_each_isa(|_| {
        for (m, n_in, n_out) in [(300, 1000, 70), (37, 3072, 33), (13, 385, 500)] {
            check_rows_stand_alone(m, n_in, n_out, 5);
        }
    });
}

#[test]
fn long_sums_of_bf16_weights_keep_their_bits() {
    on_each_isa(|_| {
        for (m, n_in, n_out) in [(300, 2000, 70), (37, 3072, 33), (70, 385, 100)] {
            check_bf16(m, n_in, n_out, &numbers(m * n_in, 3), 5);
        }
    });
}

#[test]
fn one_wild_number_spoils_its_row_alone() {
    let (m, n_in, n_out) = (40, 70, 50);
    for wild in [f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::NAN] {
        let mut x = numbers(m * n_in, 7);
        x[20 * n_in + 33] = wild;
        on_each_isa(|_| check_bf16(m, n_in, n_out, &x, 9));
    }
}

#[test]
fn activations_of_few_bits_are_taken_whole() {
    let (m, n_in, n_out) = (40, 70, 50);
    let brain: Vec<f32> = numbers(m * n_in, 1).into_iter().map(|x| bf16::from_f32(x).to_f32()).collect();
    let half: Vec<f32> = numbers(m * n_in, 1).into_iter().map(|x| f16::from_f32(x).to_f32()).collect();
    // Rows that need three parts among rows that need one.
    let mut mixed = brain.clone();
    mixed[9 * n_in..10 * n_in].copy_from_slice(&numbers(n_in, 4));
    on_each_isa(|_| {
        for x in [&brain, &half, &mixed, &vec![0.0; m * n_in]] {
            check_bf16(m, n_in, n_out, x, 9);
        }
    });
}

#[test]
fn half_weights_give_the_bits_of_widened_weights() {
    let (m, n_in, n_out) = (21, 67, 45);
    let x = numbers(m * n_in, 1);
    let w = numbers(n_out * n_in, 2);
    let brain: Vec<bf16> = w.iter().map(|w| bf16::from_f32(*w)).collect();
    let mut half: Vec<f16> = w.iter().map(|w| f16::from_f32(*w)).collect();
    half[..4].copy_from_slice(&[f16::MAX, f16::MIN_POSITIVE_SUBNORMAL, f16::NEG_ZERO, f16::MIN]);
    let from_brain: Vec<f32> = brain.iter().map(|w| w.to_f32()).collect();
    let from_half: Vec<f32> = half.iter().map(|w| w.to_f32()).collect();
    on_each_isa(|isa| {
        // Tiles add up bf16 weights in another order.
        let brain = (isa != Isa::Amx).then_some((Weights::Bf16(&brain), &from_brain));
        for (weights, widened) in brain.into_iter().chain([(Weights::F16(&half), &from_half)]) {
            for m in [1, 2, 3, m] {
                let packed = PackedLinear::pack(weights, Layout::OutIn, n_out, n_in, None);
                let plain = PackedLinear::pack(Weights::F32(widened), Layout::OutIn, n_out, n_in, None);
                let x = &x[..m * n_in];
                assert_same_bits(&plain.forward_new(x), &packed.forward_new(x));
            }
        }
    });
}

#[test]
fn both_layouts_pack_alike_and_rows_read_back() {
    for (n_out, n_in) in [(1, 1), (32, 16), (45, 67), (100, 33), (7, 200)] {
        let w = numbers(n_out * n_in, 3);
        let mut transposed = vec![0.0; w.len()];
        for o in 0..n_out {
            for k in 0..n_in {
                transposed[k * n_out + o] = w[o * n_in + k];
            }
        }
        let a = PackedLinear::pack(Weights::F32(&w), Layout::OutIn, n_out, n_in, None);
        let b = PackedLinear::pack(Weights::F32(&transposed), Layout::InOut, n_out, n_in, None);
        let mut row = vec![0.0; n_in];
        for packed in [&a, &b] {
            for o in 0..n_out {
                packed.row(o, &mut row);
                assert_same_bits(&w[o * n_in..][..n_in], &row);
            }
        }
    }
}

#[test]
fn a_row_of_nan_or_infinity_spoils_no_other() {
    let (m, n_in, n_out) = (15, 40, 50);
    let mut x = numbers(m * n_in, 1);
    let w = numbers(n_out * n_in, 2);
    let linear = PackedLinear::pack(Weights::F32(&w), Layout::OutIn, n_out, n_in, None);
    on_each_isa(|_| {
        let clean = linear.forward_new(&x);
        let mut dirty = x.clone();
        dirty[3 * n_in + 5] = f32::NAN;
        dirty[9 * n_in] = f32::INFINITY;
        let got = linear.forward_new(&dirty);
        for i in 0..m {
            let (clean, got) = (&clean[i * n_out..][..n_out], &got[i * n_out..][..n_out]);
            match i {
                3 => assert!(got.iter().all(|y| y.is_nan())),
                9 => assert!(got.iter().all(|y| y.is_infinite())),
                _ => assert_same_bits(clean, got),
            }
        }
    });
    x.clear();
    assert!(linear.forward_new(&x).is_empty());
}

#[test]
fn embeds_rows_of_any_type() {
    let (vocab, d) = (11, 37);
    let w = numbers(vocab * d, 4);
    let brain: Vec<bf16> = w.iter().map(|w| bf16::from_f32(*w)).collect();
    let half: Vec<f16> = w.iter().map(|w| f16::from_f32(*w)).collect();
    let ids = [3, 0, 10, 3];
    let mut out = vec![0.0; ids.len() * d];
    on_each_isa(|_| {
        for scale in [None, Some(6.0f32)] {
            let expected = |at: &dyn Fn(usize) -> f32| -> Vec<f32> {
                let element = |id: &u32, j| at(*id as usize * d + j) * scale.unwrap_or(1.0);
                ids.iter().flat_map(|id| (0..d).map(move |j| element(id, j))).collect()
            };
            embed(Weights::F32(&w), d, &ids, scale, &mut out);
            assert_same_bits(&expected(&|i| w[i]), &out);
            embed(Weights::Bf16(&brain), d, &ids, scale, &mut out);
            assert_same_bits(&expected(&|i| brain[i].to_f32()), &out);
            embed(Weights::F16(&half), d, &ids, scale, &mut out);
            assert_same_bits(&expected(&|i| half[i].to_f32()), &out);
        }
    });
}

#[test]
#[should_panic(expected = "is not rows of 8")]
fn a_ragged_input_panics() {
    let w = [0.0; 64];
    PackedLinear::pack(Weights::F32(&w), Layout::OutIn, 8, 8, None).forward_new(&[0.0; 12]);
}

#[test]
fn a_row_of_a_product_has_the_same_bits_packed_and_in_place() {
    for (k, n) in [(1, 1), (3, 5), (131, 300), (7, 1025), (400, 33)] {
        let wave = |len: usize, f: f32| (0..len).map(|i| (i as f32 * f).sin()).collect::<Vec<_>>();
        let (m, b) = (20, wave(k * n, 0.11));
        let x = wave(m * k, 0.37);
        let mut all = vec![f32::NAN; m * n];
        matmul(&x, &b, k, n, &mut all);
        for rows in [1, 2, 15, 16] {
            let mut some = vec![f32::NAN; rows * n];
            matmul(&x[k..][..rows * k], &b, k, n, &mut some);
            assert_eq!(some, all[n..][..rows * n], "{rows} rows of [{k}, {n}]");
        }
    }
    let mut out = [f32::NAN; 6];
    matmul(&[], &[], 0, 3, &mut out);
    assert_eq!(out, [0.0; 6]);
}

#[test]
fn loose_takes_many_rows_and_long_sums() {
    check_loose(1300, 40, 70, 5);
    check_loose(30, 1000, 33, 6);
}
