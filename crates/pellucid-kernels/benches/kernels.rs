//! How fast each kernel is on this machine: `cargo bench -p pellucid-kernels [-- WORD...]`, where only
//! lines that contain each WORD are measured. See `bench/kernels/README.md`.
#![allow(clippy::print_stdout, reason = "the table is what a benchmark is for")]

use std::hint::black_box;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use half::{bf16, f16};
use pellucid_kernels::*;

/// `(n_in, n_out)`: GPT-2's four and its head, and one of a model of a billion.
const LINEAR: [(usize, usize); 6] =
    [(768, 768), (768, 2304), (768, 3072), (3072, 768), (768, 50_257), (2048, 8192)];
const ROWS: [usize; 7] = [1, 2, 4, 12, 32, 128, 512];
/// Weights are read in turn from copies of this size together, so that they come from memory as in a model.
const COLD_BYTES: usize = 192 << 20;

fn main() {
    let words: Vec<_> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let wanted = |name: &str| words.iter().all(|word| name.contains(word.as_str()));
    println!("isa {:?}, {} threads", isa(), threads());
    println!("{:<34} {:>10} {:>10} {:>9} {:>9}", "kernel", "min us", "median us", "GF/s", "GB/s");
    bench_pool(&wanted);
    for (n_in, n_out) in LINEAR {
        bench_linear(n_in, n_out, &wanted);
    }
    bench_pack(&wanted);
    bench_attention(&wanted);
    bench_rows(&wanted);
}

/// Times `body(i)` for growing `i`, prints a line; `flops` and `bytes` are of one call.
fn line(name: &str, flops: usize, bytes: usize, mut body: impl FnMut(usize)) {
    let start = Instant::now();
    body(0);
    // Short calls are timed several together: reading the clock takes its time too.
    let calls = (2e-4 / start.elapsed().as_secs_f64()).clamp(1.0, 500.0) as usize;
    let begin = Instant::now();
    let mut times = Vec::new();
    while times.len() < 8 || (begin.elapsed() < Duration::from_millis(300) && times.len() < 1000) {
        let start = seconds();
        for call in 0..calls {
            body(times.len() * calls + call);
        }
        times.push((seconds() - start) / calls as f64);
    }
    times.sort_by(f64::total_cmp);
    let (min, median) = (times[0], times[times.len() / 2]);
    println!(
        "{name:<34} {:>10.1} {:>10.1} {:>9.1} {:>9.1}",
        min * 1e6,
        median * 1e6,
        flops as f64 / min / 1e9,
        bytes as f64 / min / 1e9
    );
}

/// A clock: the wall's, or with one thread the time that this thread was on a processor, which a
/// busy machine does not stretch.
fn seconds() -> f64 {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    #[cfg(unix)]
    if threads() == 1 {
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the call writes to a `timespec` of our own.
        let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
        if failed == 0 {
            return now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9;
        }
    }
    BEGIN.elapsed().as_secs_f64()
}

fn numbers(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 + 17) % 1009) as f32 / 1009.0 - 0.5).collect()
}

fn bench_pool(wanted: &dyn Fn(&str) -> bool) {
    if wanted("pool") {
        line("pool, one task a thread", 0, 0, |_| {
            run(threads(), &|i| {
                black_box(i);
            });
        });
    }
}

fn bench_linear(n_in: usize, n_out: usize, wanted: &dyn Fn(&str) -> bool) {
    let w = numbers(n_in * n_out);
    let brain: Vec<bf16> = w.iter().map(|w| bf16::from_f32(*w)).collect();
    let half: Vec<f16> = w.iter().map(|w| f16::from_f32(*w)).collect();
    let pack = |w| move || PackedLinear::pack(w, Layout::InOut, n_out, n_in, None);
    let coded = |bits, zero| {
        let coding = Coding { bits, block: 32, zero, halves: true, offsets: bits == 4 };
        move || PackedLinear::pack_coded(coding, &some_codes, n_out, n_in, None)
    };
    let kinds: [(&str, &dyn Fn() -> PackedLinear); 5] = [
        ("f32", &pack(Weights::F32(&w))),
        ("bf16", &pack(Weights::Bf16(&brain))),
        ("f16", &pack(Weights::F16(&half))),
        ("q4_1", &coded(4, 0)),
        ("q8_0", &coded(8, 128)),
    ];
    for (dtype, pack) in kinds {
        let names: Vec<_> = ROWS
            .iter()
            .map(|m| (*m, format!("linear {dtype} {m}x{n_in}x{n_out}")))
            .filter(|(_, name)| wanted(name))
            .collect();
        if names.is_empty() {
            continue;
        }
        let bytes = pack().bytes();
        let copies: Vec<_> = (0..COLD_BYTES.div_ceil(bytes)).map(|_| pack()).collect();
        for (m, name) in names {
            let x = numbers(m * n_in);
            let mut out = vec![0.0; m * n_out];
            line(&name, 2 * m * n_in * n_out, bytes, |i| {
                copies[i % copies.len()].forward(&x, &mut out);
            });
        }
    }
}

fn some_codes(output: usize, row: CodedRow<'_>) {
    row.codes.iter_mut().enumerate().for_each(|(k, code)| *code = ((k * 7 + output) % 13) as u8);
    row.scales.fill(0.0625);
    row.offsets.fill(0.25);
}

fn bench_pack(wanted: &dyn Fn(&str) -> bool) {
    let (n_in, n_out) = (2048, 8192);
    let w = numbers(n_in * n_out);
    let brain: Vec<bf16> = w.iter().map(|w| bf16::from_f32(*w)).collect();
    for (layout, name) in [(Layout::OutIn, "out-in"), (Layout::InOut, "in-out")] {
        for (dtype, w, width) in [("f32", Weights::F32(&w), 4), ("bf16", Weights::Bf16(&brain), 2)] {
            let name = format!("pack {dtype} {name} {n_in}x{n_out}");
            if wanted(&name) {
                line(&name, 0, n_in * n_out * width, |_| {
                    black_box(PackedLinear::pack(w, layout, n_out, n_in, None));
                });
            }
        }
    }
}

fn bench_attention(wanted: &dyn Fn(&str) -> bool) {
    for (n_heads, n_kv_heads, q_len, k_len) in [
        (12, 12, 10, 10),
        (12, 12, 128, 128),
        (12, 12, 512, 512),
        (12, 12, 1, 512),
        (9, 3, 1, 512),
        (12, 12, 1, 4096),
        (9, 3, 1, 4096),
        (9, 3, 2048, 2048),
    ] {
        let name = format!("attention {n_heads}/{n_kv_heads} heads, {q_len} of {k_len}");
        if !wanted(&name) {
            continue;
        }
        let d = 64;
        let shape = AttentionShape {
            n_heads,
            n_kv_heads,
            head_dim: d,
            scale: 0.125,
            softcap: None,
            window: None,
            causal: true,
        };
        let segment = [Segment { q_start: 0, q_len, k_start: 0, k_len }];
        let q = numbers(q_len * n_heads * d);
        let (k, v) = (numbers(k_len * n_kv_heads * d), numbers(k_len * n_kv_heads * d));
        let mut z = vec![0.0; q.len()];
        let pairs = (0..q_len).map(|i| k_len - q_len + i + 1).sum::<usize>() * n_heads;
        line(&name, 4 * pairs * d, 8 * k.len(), |_| {
            attention(&shape, &segment, &q, &k, &v, &mut z);
        });
    }
}

fn bench_rows(wanted: &dyn Fn(&str) -> bool) {
    for (m, d) in [(1, 768), (512, 768), (512, 3072)] {
        let (x, w) = (numbers(m * d), numbers(d));
        let mut out = vec![0.0; m * d];
        let mut row = |name: &str, body: &dyn Fn(&mut [f32])| {
            let name = format!("{name} {m}x{d}");
            if wanted(&name) {
                line(&name, 0, 8 * m * d, |_| body(&mut out));
            }
        };
        row("layer_norm", &|out| layer_norm(&x, &w, Some(&w), 1e-5, d, out));
        row("rms_norm", &|out| rms_norm(&x, &w, false, 1e-5, d, out));
        row("softmax", &|out| softmax_rows(&x, d, out));
        row("gelu_tanh", &|out| activate(Activation::GeluTanh, &x, out));
        row("gelu_erf", &|out| activate(Activation::GeluErf, &x, out));
        row("silu * up", &|out| activate_mul(Activation::Silu, &x, &x, out));
        row("add", &|out| add(&x, &x, out));
    }
}
