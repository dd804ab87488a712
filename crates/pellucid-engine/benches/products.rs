//! What products cost: `matmul` of one large matrix with few and many rows, and the rows of the
//! language that lie on hot paths, in GF/s or GB/s.
//!
//! `cargo bench -p pellucid-engine --bench products` prints minima of many runs.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints what it measured")]

use std::time::Instant;

use pellucid_engine::Tensor;
use pellucid_engine::ops::eval;
use pellucid_graph::{Arg, Op, ValueId};

const ROUNDS: usize = 12;

fn main() {
    for (m, k, n) in [
        (1, 576, 49152),
        (4, 576, 49152),
        (12, 768, 3072),
        (16, 768, 3072),
        (64, 768, 3072),
        (512, 768, 3072),
    ] {
        let tensors = [wave(&[m, k]), wave(&[k, n])];
        let seconds = least("matmul", &[value(0), value(1)], &tensors);
        println!(
            "matmul [{m}, {k}] x [{k}, {n}]: {:.2} ms, {:.1} GF/s",
            1e3 * seconds,
            2e-9 * (m * k * n) as f64 / seconds
        );
    }
    let heads = [wave(&[12, 128, 64]), wave(&[12, 64, 128])];
    report("matmul", &[value(0), value(1)], &heads);
    let attention = [wave(&[1, 12, 128, 64]), wave(&[1, 12, 128, 64]), wave(&[1, 12, 128, 64])];
    let rest = [Arg::None, Arg::Float(0.0), Arg::Bool(true), Arg::None, Arg::Bool(false)];
    report(
        "scaled_dot_product_attention",
        &[&[value(0), value(1), value(2)][..], &rest].concat(),
        &attention,
    );
    let logits = [wave(&[16, 49152])];
    report("softmax", &[value(0), Arg::Int(-1)], &logits);
    report("log_softmax", &[value(0), Arg::Int(-1)], &logits);
    let hidden = [wave(&[512, 3072]), wave(&[3072]), wave(&[3072])];
    report("gelu", &[value(0)], &hidden);
    report("silu", &[value(0)], &hidden);
    report("layer_norm", &[value(0), Arg::Ints(vec![3072]), value(1), value(2)], &hidden);
    report("rms_norm", &[value(0), Arg::Ints(vec![3072]), value(1)], &hidden);
    let matrix = [wave(&[256, 256])];
    report("linalg_svd", &[value(0)], &matrix);
    report("linalg_inv", &[value(0)], &matrix);
}

fn value(i: u32) -> Arg {
    Arg::Value(ValueId(i))
}

fn wave(shape: &[usize]) -> Tensor {
    let n: usize = shape.iter().product();
    Tensor::new((0..n).map(|i| (i as f32 * 0.7).sin()).collect::<Vec<f32>>(), shape)
}

fn report(op: &str, args: &[Arg], tensors: &[Tensor]) {
    println!("{op} {:?}: {:.3} ms", tensors[0].shape(), 1e3 * least(op, args, tensors));
}

/// The shortest of several runs, in seconds.
fn least(op: &str, args: &[Arg], tensors: &[Tensor]) -> f64 {
    let op = Op::find(op).unwrap();
    let args = op.def().bind(args.to_vec(), vec![]).unwrap();
    let run = || {
        let start = Instant::now();
        std::hint::black_box(eval(op, &args, |v| tensors.get(v.index())).unwrap());
        start.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(|_| run()).fold(f64::INFINITY, f64::min)
}
