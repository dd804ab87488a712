//! Quantized weights: every number, and every product, has the bits of the same numbers packed as f32.

use half::f16;
use pellucid_kernels::{CodedRow, Coding, Layout, PackedLinear, Weights, with_threads};
use proptest::prelude::*;

use crate::reference::{assert_same_bits, numbers, on_each_isa};

const CODINGS: [Coding; 8] = [
    coding(4, 32, 8, true, false),
    coding(4, 32, 0, true, true),
    coding(4, 32, 0, false, true),
    coding(4, 16, 8, false, false),
    coding(8, 32, 128, true, false),
    coding(8, 32, 128, true, true),
    coding(8, 32, 0, false, true),
    coding(8, 16, 128, false, false),
];

const fn coding(bits: u32, block: usize, zero: u8, halves: bool, offsets: bool) -> Coding {
    Coding { bits, block, zero, halves, offsets }
}

/// A matrix taken apart, and its numbers.
struct Coded {
    codes: Vec<u8>,
    scales: Vec<f32>,
    offsets: Vec<f32>,
    numbers: Vec<f32>,
}

fn coded(coding: Coding, n_out: usize, n_in: usize, seed: u64) -> Coded {
    let exact =
        |x: f32| if coding.halves { f16::from_f32(x).to_f32() } else { f32::from_bits(x.to_bits() & !1023) };
    let bytes = |x: &f32| (x.to_bits() >> 5) as u8 & ((1u16 << coding.bits) - 1) as u8;
    let codes: Vec<u8> = numbers(n_out * n_in, seed).iter().map(bytes).collect();
    let n_blocks = n_out * n_in / coding.block;
    let scales: Vec<f32> = numbers(n_blocks, seed + 1).into_iter().map(exact).collect();
    let offsets: Vec<f32> = numbers(n_blocks, seed + 2).into_iter().map(exact).collect();
    let number = |(i, code): (usize, &u8)| {
        let scaled = scales[i / coding.block] * (f32::from(*code) - f32::from(coding.zero));
        if coding.offsets { scaled + offsets[i / coding.block] } else { scaled }
    };
    let numbers = codes.iter().enumerate().map(number).collect();
    Coded { codes, scales, offsets, numbers }
}

fn pack(coding: Coding, coded: &Coded, n_out: usize, n_in: usize, bias: Option<&[f32]>) -> PackedLinear {
    let n_blocks = n_in / coding.block;
    let read = |i: usize, row: CodedRow<'_>| {
        row.codes.copy_from_slice(&coded.codes[i * n_in..][..n_in]);
        row.scales.copy_from_slice(&coded.scales[i * n_blocks..][..n_blocks]);
        row.offsets.copy_from_slice(&coded.offsets[i * n_blocks..][..n_blocks]);
    };
    PackedLinear::pack_coded(coding, &read, n_out, n_in, bias)
}

fn check(coding: Coding, m: usize, n_in: usize, n_out: usize, seed: u64) {
    let coded = coded(coding, n_out, n_in, seed);
    let (x, bias) = (numbers(m * n_in, seed + 3), numbers(n_out, seed + 4));
    let packed = pack(coding, &coded, n_out, n_in, Some(&bias));
    let widened = PackedLinear::pack(Weights::F32(&coded.numbers), Layout::OutIn, n_out, n_in, Some(&bias));
    let expected = widened.forward_new(&x);
    for threads in [1, 2, 3] {
        assert_same_bits(&expected, &with_threads(threads, || packed.forward_new(&x)));
    }
    for i in 0..m {
        let alone = packed.forward_new(&x[i * n_in..][..n_in]);
        assert_same_bits(&expected[i * n_out..][..n_out], &alone);
    }
    let mut row = vec![f32::NAN; n_in];
    for i in 0..n_out {
        packed.row(i, &mut row);
        let want = &coded.numbers[i * n_in..][..n_in];
        assert_same_bits(want, &row);
    }
    assert_eq!(packed.bytes(), coding.bytes(n_out, n_in) + n_out.next_multiple_of(32) * 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn products_are_those_of_widened_weights(m in 0usize..41, n in 1usize..7, n_out in 0usize..150, seed in 0u64..1000) {
        on_each_isa(|_| CODINGS.iter().for_each(|coding| check(*coding, m, n * 32, n_out, seed)));
    }
}

#[test]
fn long_sums_and_every_height_too() {
    on_each_isa(|_| {
        for coding in CODINGS {
            for m in [1, 2, 3, 4, 5, 13, 30] {
                check(coding, m, 1024, 70, 5);
            }
            check(coding, 1100, 64, 40, 6);
        }
    });
}

/// Codes at their ends, and scales that are zero, tiny, huge, negative or nothing.
#[test]
fn numbers_at_the_ends_are_exact() {
    for coding in CODINGS {
        let n_in = 8 * coding.block;
        let mut coded = coded(coding, 1, n_in, 9);
        for (i, code) in coded.codes.iter_mut().enumerate() {
            *code = [0, 1, coding.zero, ((1u16 << coding.bits) - 1) as u8][i % 4];
        }
        let tiny = f16::from_bits(1).to_f32();
        coded.scales = vec![0.0, -0.0, tiny, -tiny, 65504.0, -65504.0, f32::INFINITY, f32::NAN];
        coded.offsets = vec![-0.0, 0.0, -tiny, 1.0, -65504.0, f32::NEG_INFINITY, 1.0, 0.0];
        let mut expected = Vec::new();
        for (i, code) in coded.codes.iter().enumerate() {
            let scaled = coded.scales[i / coding.block] * (f32::from(*code) - f32::from(coding.zero));
            let offset = coded.offsets[i / coding.block];
            expected.push(if coding.offsets { scaled + offset } else { scaled });
        }
        let packed = pack(coding, &coded, 1, n_in, None);
        let mut row = vec![0.0; n_in];
        packed.row(0, &mut row);
        assert_same_bits(&expected, &row);
        // A product with one input set picks one weight, in the kernel's way of making it.
        on_each_isa(|_| {
            for at in 0..6 * coding.block {
                let mut x = vec![0.0; 6 * n_in];
                x.iter_mut().skip(at).step_by(n_in).for_each(|x| *x = 1.0);
                let finite = |w: &f32| if w.is_finite() { *w } else { 0.0 };
                let finite: Vec<f32> = expected.iter().map(finite).collect();
                let whole = PackedLinear::pack(Weights::F32(&finite), Layout::OutIn, 1, n_in, None);
                let mut without = Coded { codes: coded.codes.clone(), ..coded_like(&coded) };
                for (block, scale) in without.scales.iter_mut().enumerate() {
                    let is_finite =
                        scale.is_finite() && (!coding.offsets || without.offsets[block].is_finite());
                    if !is_finite {
                        (*scale, without.offsets[block]) = (0.0, 0.0);
                    }
                }
                let packed = pack(coding, &without, 1, n_in, None);
                for m in [1, 6] {
                    let x = &x[..m * n_in];
                    assert_same_bits(&whole.forward_new(x), &packed.forward_new(x));
                }
            }
        });
    }
}

fn coded_like(coded: &Coded) -> Coded {
    Coded {
        codes: coded.codes.clone(),
        scales: coded.scales.clone(),
        offsets: coded.offsets.clone(),
        numbers: Vec::new(),
    }
}

#[test]
#[should_panic(expected = "in blocks of 32")]
fn ragged_blocks_panic() {
    PackedLinear::pack_coded(CODINGS[0], &|_, _| {}, 4, 48, None);
}
