//! What is drawn from a seed: moments and ranges, and the same bits whoever draws them.

use pellucid_engine::ops::{cast, eval};
use pellucid_engine::tensor::Tensor;
use pellucid_graph::{Arg, DType, Op, ValueId};

const N: i64 = 100_000;

fn draw(op: &str, args: Vec<Arg>, tensors: &[Tensor]) -> Tensor {
    let op = Op::find(op).unwrap();
    let args = op.def().bind(args, vec![]).unwrap();
    eval(op, &args, |v| tensors.get(v.index())).unwrap().swap_remove(0)
}

fn doubles(t: &Tensor) -> Vec<f64> {
    cast(t, DType::F64).slice::<f64>().to_vec()
}

/// Mean and variance.
fn moments(x: &[f64]) -> (f64, f64) {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    (mean, x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64)
}

fn size(shape: &[i64]) -> Arg {
    Arg::Ints(shape.to_vec())
}

const FIRST: Arg = Arg::Value(ValueId(0));

#[test]
fn even_numbers_fill_the_unit_interval() {
    for dtype in [DType::F16, DType::Bf16, DType::F32, DType::F64] {
        let x = doubles(&draw("rand", vec![size(&[N]), Arg::Int(3), Arg::DType(dtype)], &[]));
        let (mean, variance) = moments(&x);
        assert!(x.iter().all(|v| (0.0..1.0).contains(v)), "{dtype}");
        // bf16 has steps of 1/256, half of which the mean is short of.
        assert!(
            (mean - 0.5).abs() < 5e-3 && (variance - 1.0 / 12.0).abs() < 1e-3,
            "{dtype}: {mean} {variance}"
        );
    }
}

#[test]
fn normal_numbers_have_their_moments_and_tails() {
    let x = doubles(&draw("randn", vec![size(&[N]), Arg::Int(3), Arg::DType(DType::F64)], &[]));
    let (mean, variance) = moments(&x);
    assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    let beyond = |k: f64| x.iter().filter(|v| v.abs() > k).count() as f64 / N as f64;
    assert!((beyond(1.0) - 0.3173).abs() < 0.01 && (beyond(2.0) - 0.0455).abs() < 0.005);
    let neighbours = x.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / N as f64;
    assert!(neighbours.abs() < 0.02, "{neighbours}");
    let (means, stds) =
        (Tensor::new(vec![-100.0, 100.0], [2, 1]), Tensor::new(vec![2.0; N as usize], [N as usize]));
    let args = vec![FIRST, Arg::Value(ValueId(1)), Arg::None, Arg::Int(1)];
    let x = doubles(&draw("normal", args, &[means, stds]));
    let (low, high) = x.split_at(N as usize);
    assert!((moments(low).0 + 100.0).abs() < 0.05 && (moments(high).0 - 100.0).abs() < 0.05);
    assert!((moments(low).1 - 4.0).abs() < 0.1);
}

#[test]
fn integers_reach_both_ends() {
    let x = doubles(&draw("randint", vec![Arg::Int(-2), Arg::Int(3), size(&[N]), Arg::Int(0)], &[]));
    for k in -2..3 {
        let share = x.iter().filter(|v| **v == f64::from(k)).count() as f64 / N as f64;
        assert!((share - 0.2).abs() < 0.01, "{k}: {share}");
    }
    let ends = vec![Arg::Int(i64::MIN), Arg::Int(i64::MAX), size(&[64]), Arg::Int(0)];
    let x = draw("randint", ends, &[]);
    assert!(x.slice::<i64>().iter().any(|v| *v < 0) && x.slice::<i64>().iter().any(|v| *v > 0));
}

#[test]
fn a_permutation_has_every_number_once() {
    let x = draw("randperm", vec![Arg::Int(1000), Arg::Int(5)], &[]);
    let mut sorted = x.slice::<i64>().to_vec();
    assert!(!sorted.is_sorted());
    sorted.sort_unstable();
    assert_eq!(sorted, (0..1000).collect::<Vec<i64>>());
    let mut firsts = [0; 3];
    for seed in 0..3000 {
        firsts[draw("randperm", vec![Arg::Int(3), Arg::Int(seed)], &[]).slice::<i64>()[0] as usize] += 1;
    }
    assert!(firsts.iter().all(|n| (900..1100).contains(n)), "{firsts:?}");
}

#[test]
fn chances_are_kept() {
    let p = Tensor::new([0.0f32, 0.25, 1.0].repeat(N as usize), [N as usize, 3]);
    let x = doubles(&draw("bernoulli", vec![FIRST, Arg::Int(1)], &[p]));
    let share = |k: usize| x.iter().skip(k).step_by(3).sum::<f64>() / N as f64;
    assert_eq!((share(0), share(2)), (0.0, 1.0));
    assert!((share(1) - 0.25).abs() < 0.01);
    let weights = Tensor::new(vec![0.0f32, 1.0, 3.0, 0.0], [4]);
    let args = vec![FIRST, Arg::Int(N), Arg::Bool(true), Arg::Int(1)];
    let x = doubles(&draw("multinomial", args, std::slice::from_ref(&weights)));
    let share = x.iter().filter(|v| **v == 2.0).count() as f64 / N as f64;
    assert!((share - 0.75).abs() < 0.01 && x.iter().all(|v| [1.0, 2.0].contains(v)), "{share}");
    let mut firsts = 0;
    for seed in 0..4000 {
        let drawn = draw(
            "multinomial",
            vec![FIRST, Arg::Int(2), Arg::Bool(false), Arg::Int(seed)],
            std::slice::from_ref(&weights),
        );
        let drawn = drawn.slice::<i64>();
        assert!(drawn == [1, 2] || drawn == [2, 1], "{drawn:?}");
        firsts += drawn[0];
    }
    assert!((6900..7100).contains(&firsts), "{firsts}");
}

#[test]
fn numbers_depend_on_the_seed_and_the_shape_alone() {
    let calls = || {
        let t = Tensor::new(vec![0.5f32; 12], [3, 4]);
        let seed = || Arg::Int(42);
        let twice = draw("rand_like", vec![FIRST, seed()], std::slice::from_ref(&t));
        assert!(twice.same_bits(&draw("rand", vec![size(&[3, 4]), seed()], &[])));
        let other = draw("rand", vec![size(&[3, 4]), Arg::Int(43)], &[]);
        assert!(!twice.same_bits(&other));
        [
            twice,
            draw("randn_like", vec![FIRST, seed()], std::slice::from_ref(&t)),
            draw("bernoulli", vec![FIRST, seed()], std::slice::from_ref(&t)),
            draw("multinomial", vec![FIRST, Arg::Int(3), Arg::Bool(false), seed()], std::slice::from_ref(&t)),
            draw("randint", vec![Arg::Int(0), Arg::Int(9), size(&[12]), seed()], &[]),
            draw("randperm", vec![Arg::Int(12), seed()], &[]),
            draw("normal", vec![Arg::Int(0), Arg::Float(2.0), size(&[12]), seed()], &[]),
        ]
    };
    let here = calls();
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(calls)).collect();
    for there in threads {
        assert!(there.join().unwrap().iter().zip(&here).all(|(a, b)| a.same_bits(b)));
    }
    // Written down, so that no version gives others.
    let x = draw("randn", vec![size(&[4]), Arg::Int(42), Arg::DType(DType::F64)], &[]);
    assert_eq!(
        x.slice::<f64>(),
        [1.4402540791191, -0.4652130780080701, -0.735682235615744, -0.7578350999283052]
    );
}

#[test]
fn what_cannot_be_drawn_says_why() {
    let check = |op: &str, args: Vec<Arg>, tensors: &[Tensor], want: &str| {
        let op = Op::find(op).unwrap();
        let args = op.def().bind(args, vec![]).unwrap();
        let error = eval(op, &args, |v| tensors.get(v.index())).unwrap_err();
        assert_eq!(error.to_string(), want);
    };
    let weights = |w: &[f32]| [Tensor::new(w.to_vec(), [w.len()])];
    check(
        "rand",
        vec![size(&[2])],
        &[],
        "`rand`: `seed` is missing [bad-argument]\n  help: `seed=0` will do: a trace gives the same numbers wherever it runs",
    );
    check(
        "randint",
        vec![Arg::Int(0), Arg::Int(300), size(&[2]), Arg::Int(0), Arg::DType(DType::U8)],
        &[],
        "`randint`: 0 to 299 do not fit in u8, which holds 0 to 255 [bad-argument]",
    );
    check(
        "bernoulli",
        vec![FIRST, Arg::Int(0)],
        &weights(&[0.5, 1.5]),
        "`bernoulli`: probabilities must be 0 to 1, got 1.5 [bad-argument]",
    );
    check(
        "multinomial",
        vec![FIRST, Arg::Int(1), Arg::Bool(true), Arg::Int(0)],
        &weights(&[0.0, -1.0]),
        "`multinomial`: weights must be finite and 0 or more, got -1 [bad-argument]",
    );
    check(
        "multinomial",
        vec![FIRST, Arg::Int(3), Arg::Bool(false), Arg::Int(0)],
        &weights(&[1.0, 1.0]),
        "`multinomial`: `num_samples` must be at least 1 and at most 2 without replacement, got 3 [bad-argument]",
    );
}
