//! Norms, softmax and rotation: against f64, rows alone against in a batch.

use pellucid_kernels::{
    RotaryStyle, layer_norm, log_softmax_rows, rms_norm, rotary, softmax_rows, with_threads,
};

use crate::reference::{assert_close, assert_same_bits, numbers, on_each_isa, softmax};

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().copied().map(f64::from).collect()
}

/// Runs `kernel` on all rows together, on several threads, and on each row alone.
fn check_rows(x: &[f32], d: usize, expected: &[f64], kernel: impl Fn(&[f32], &mut [f32])) {
    let mut out = vec![0.0; x.len()];
    with_threads(1, || kernel(x, &mut out));
    assert_close(expected, &out, 3e-6);
    let mut again = vec![0.0; x.len()];
    with_threads(3, || kernel(x, &mut again));
    assert_same_bits(&out, &again);
    for (row, out) in x.chunks_exact(d).zip(out.chunks_exact(d)) {
        kernel(row, &mut again[..d]);
        assert_same_bits(out, &again[..d]);
    }
}

#[test]
fn norms_match_f64() {
    on_each_isa(|_| {
        for (m, d) in [(0, 5), (3, 1), (7, 16), (5, 67), (40, 576), (2, 1000)] {
            let x: Vec<f32> = numbers(m * d, 1).iter().map(|x| 3.0 * x + 2.0).collect();
            let (w, b) = (numbers(d, 2), numbers(d, 3));
            let mut layer = Vec::new();
            let mut rms = Vec::new();
            for row in wide(&x).chunks_exact(d) {
                let mean = row.iter().sum::<f64>() / d as f64;
                let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / d as f64;
                let square = row.iter().map(|x| x * x).sum::<f64>() / d as f64;
                for j in 0..d {
                    let (w, b) = (f64::from(w[j]), f64::from(b[j]));
                    layer.push((row[j] - mean) / (variance + 1e-5).sqrt() * w + b);
                    rms.push(row[j] / (square + 1e-6).sqrt() * (1.0 + w));
                }
            }
            check_rows(&x, d, &layer, |x, out| layer_norm(x, &w, Some(&b), 1e-5, d, out));
            check_rows(&x, d, &rms, |x, out| rms_norm(x, &w, true, 1e-6, d, out));
        }
    });
}

#[test]
fn norm_options_are_what_they_say() {
    let (x, w) = (numbers(3 * 20, 1), numbers(20, 2));
    let shifted: Vec<f32> = w.iter().map(|w| 1.0 + w).collect();
    let (mut a, mut b) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    on_each_isa(|_| {
        rms_norm(&x, &w, true, 1e-6, 20, &mut a);
        rms_norm(&x, &shifted, false, 1e-6, 20, &mut b);
        assert_same_bits(&a, &b);
        layer_norm(&x, &w, None, 1e-6, 20, &mut a);
        layer_norm(&x, &w, Some(&[0.0; 20]), 1e-6, 20, &mut b);
        assert_same_bits(&a, &b);
    });
}

#[test]
fn softmax_matches_f64() {
    on_each_isa(|_| {
        for (m, n) in [(0, 4), (4, 1), (3, 16), (9, 33), (2, 50_257)] {
            let x: Vec<f32> = numbers(m * n, 1).iter().map(|x| 9.0 * x).collect();
            let probabilities: Vec<f64> = wide(&x).chunks_exact(n).flat_map(softmax).collect();
            let logs: Vec<f64> = probabilities.iter().map(|p| p.ln()).collect();
            check_rows(&x, n, &probabilities, |x, out| softmax_rows(x, n, out));
            check_rows(&x, n, &logs, |x, out| log_softmax_rows(x, n, out));
        }
    });
}

#[test]
fn softmax_of_masked_rows_is_torchs() {
    const INF: f32 = f32::INFINITY;
    let rows = [[0.0, -INF, 0.0, -INF], [-INF; 4], [1.0, INF, 0.0, 0.0], [0.0, f32::NAN, 0.0, 0.0]];
    let mut out = [0.0; 16];
    on_each_isa(|_| {
        softmax_rows(rows.as_flattened(), 4, &mut out);
        assert_same_bits(&[0.5, 0.0, 0.5, 0.0], &out[..4]);
        assert!(out[4..].iter().all(|p| p.is_nan()), "{out:?}");
        log_softmax_rows(&rows[0], 4, &mut out[..4]);
        assert_close(&[0.5f64.ln(), f64::NEG_INFINITY, 0.5f64.ln(), f64::NEG_INFINITY], &out[..4], 1e-7);
    });
}

#[test]
fn masked_tails_leave_no_trace() {
    on_each_isa(|_| {
        for n in 1..70 {
            let row: Vec<f32> = numbers(n, n as u64).iter().map(|x| 5.0 * x).collect();
            let mut padded = row.clone();
            padded.resize(n + 41, f32::NEG_INFINITY);
            let (mut a, mut b) = (vec![0.0; n], vec![0.0; n + 41]);
            softmax_rows(&row, n, &mut a);
            softmax_rows(&padded, n + 41, &mut b);
            assert_same_bits(&a, &b[..n]);
            assert!(b[n..].iter().all(|p| *p == 0.0));
        }
    });
}

#[test]
fn rotary_turns_pairs() {
    let (t, h) = (5, 3);
    on_each_isa(|_| {
        for (k, pairs) in [(2, 1), (16, 8), (20, 3), (64, 32), (10, 0)] {
            let x = numbers(t * h * k, 1);
            let angles = numbers(t * pairs, 2);
            let cos: Vec<f32> = angles.iter().map(|a| a.cos()).collect();
            let sin: Vec<f32> = angles.iter().map(|a| a.sin()).collect();
            for style in [RotaryStyle::Half, RotaryStyle::Interleaved] {
                let mut expected = x.clone();
                for (i, head) in expected.chunks_exact_mut(k).enumerate() {
                    for j in 0..pairs {
                        let (a, b) = match style {
                            RotaryStyle::Half => (j, j + pairs),
                            RotaryStyle::Interleaved => (2 * j, 2 * j + 1),
                        };
                        let at = i / h * pairs + j;
                        let (x, y) = (head[a], head[b]);
                        head[a] = x * cos[at] - y * sin[at];
                        head[b] = y * cos[at] + x * sin[at];
                    }
                }
                let mut out = vec![0.0; x.len()];
                rotary(&x, h, k, &cos, &sin, style, &mut out);
                assert_same_bits(&expected, &out);
            }
        }
    });
}
