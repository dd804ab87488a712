//! Functions of one element: against f64, fused against stepwise.

use pellucid_kernels::Activation::{self, GeluErf, GeluTanh, Identity, Relu, Sigmoid, Silu, Tanh};
use pellucid_kernels::{activate, activate_mul, add, add_assign, mul, with_threads};

use crate::reference::{assert_close, assert_same_bits, numbers, on_each_isa};

const ALL: [Activation; 7] = [GeluErf, GeluTanh, Silu, Relu, Sigmoid, Tanh, Identity];

/// erf by its Taylor series near zero and its continued fraction beyond: good to 1e-12.
fn erf(x: f64) -> f64 {
    let t = x.abs();
    let value = if t < 2.5 {
        let mut term = t;
        let mut sum = t;
        for n in 1..80 {
            term *= -t * t / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    } else {
        let mut tail = 0.0;
        for n in (1..120).rev() {
            tail = f64::from(n) / 2.0 / (t + tail);
        }
        1.0 - (-t * t).exp() / (t + tail) / std::f64::consts::PI.sqrt()
    };
    value.copysign(x)
}

fn reference(act: Activation, x: f64) -> f64 {
    match act {
        GeluErf => 0.5 * x * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2)),
        GeluTanh => {
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
            0.5 * x * (1.0 + u.tanh())
        }
        Silu => x / (1.0 + (-x).exp()),
        Relu => x.max(0.0),
        Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Tanh => x.tanh(),
        Identity => x,
    }
}

fn grid() -> Vec<f32> {
    let fine = (-8000..8000).map(|i| i as f32 * 0.001_234);
    let coarse = (-300..300).map(|i| i as f32 * 0.77);
    fine.chain(coarse).chain(numbers(1000, 1)).collect()
}

#[test]
fn activations_match_f64() {
    let x = grid();
    let mut out = vec![0.0; x.len()];
    on_each_isa(|_| {
        for act in ALL {
            activate(act, &x, &mut out);
            let expected: Vec<f64> = x.iter().map(|x| reference(act, f64::from(*x))).collect();
            // Two or three units in the last place of the larger of one and the value.
            assert_close(&expected, &out, 4e-7);
        }
    });
}

#[test]
fn tanh_and_sigmoid_keep_their_relative_precision_near_their_zeros() {
    let x: Vec<f32> = (1..2000).map(|i| i as f32 * 0.000_4).collect();
    let mut out = vec![0.0; x.len()];
    on_each_isa(|_| {
        activate(Tanh, &x, &mut out);
        for (x, y) in x.iter().zip(&out) {
            let expected = f64::from(*x).tanh();
            assert!((f64::from(*y) / expected - 1.0).abs() < 4e-7, "tanh {x}: {y}");
        }
        let x: Vec<f32> = (0..800).map(|i| i as f32 * -0.1).collect();
        let mut out = vec![0.0; x.len()];
        activate(Sigmoid, &x, &mut out);
        for (x, y) in x.iter().zip(&out) {
            let expected = 1.0 / (1.0 + (-f64::from(*x)).exp());
            assert!((f64::from(*y) / expected - 1.0).abs() < 4e-7, "sigmoid {x}: {y}");
        }
    });
}

#[test]
fn limits_and_nan() {
    let x = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1e30, -1e30, 0.0];
    let mut y = [0.0; 6];
    on_each_isa(|_| {
        activate(Sigmoid, &x, &mut y);
        assert_same_bits(&[1.0, 0.0, f32::NAN, 1.0, 0.0, 0.5], &y);
        activate(Tanh, &x, &mut y);
        assert_same_bits(&[1.0, -1.0, f32::NAN, 1.0, -1.0, 0.0], &y);
        activate(Relu, &x, &mut y);
        assert_close(&[f64::INFINITY, 0.0, f64::NAN, f64::from(1e30f32), 0.0, 0.0], &y, 0.0);
        for act in [GeluErf, GeluTanh, Silu] {
            activate(act, &x, &mut y);
            // As in torch: minus infinity times zero.
            let expected = [f64::INFINITY, f64::NAN, f64::NAN, f64::from(1e30f32), 0.0, 0.0];
            assert_close(&expected, &y, 0.0);
        }
    });
}

#[test]
fn fused_equals_unfused_wherever_the_vectors_fall() {
    on_each_isa(|_| {
        for n in [0, 1, 3, 8, 15, 16, 17, 100, 40_001] {
            let (gate, up) = (numbers(n, 1), numbers(n, 2));
            for act in ALL {
                let (mut a, mut b, mut fused) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
                activate(act, &gate, &mut a);
                mul(&a, &up, &mut b);
                activate_mul(act, &gate, &up, &mut fused);
                assert_same_bits(&b, &fused);
                with_threads(3, || activate_mul(act, &gate, &up, &mut fused));
                assert_same_bits(&b, &fused);
                for i in (0..n).step_by(n / 50 + 1) {
                    activate(act, &gate[i..=i], &mut b[..1]);
                    assert_same_bits(&a[i..=i], &b[..1]);
                }
            }
        }
    });
}

#[test]
fn sums_and_products() {
    on_each_isa(|_| {
        for n in [0, 1, 13, 16, 40_003] {
            let (x, y) = (numbers(n, 1), numbers(n, 2));
            let sums: Vec<f32> = x.iter().zip(&y).map(|(x, y)| x + y).collect();
            let products: Vec<f32> = x.iter().zip(&y).map(|(x, y)| x * y).collect();
            let mut out = vec![0.0; n];
            add(&x, &y, &mut out);
            assert_same_bits(&sums, &out);
            mul(&x, &y, &mut out);
            assert_same_bits(&products, &out);
            out.copy_from_slice(&x);
            add_assign(&mut out, &y);
            assert_same_bits(&sums, &out);
        }
    });
}
