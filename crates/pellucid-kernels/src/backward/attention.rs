//! Derivatives of attention, in the steps in which it can be observed.
//!
//! Each is a product of the kinds that attention itself is made of: the gradient of a pattern is scores
//! between the gradient of the mixed values and the values, and so on. Gradients of keys and values sum over
//! queries, so those steps run on transposed patterns.

use crate::attention::{
    AttentionShape, Keys, Segment, attention_mix, attention_pattern, attention_scores, scores_len,
};
use crate::backward::softmax_rows_backward;
use crate::pool;
use crate::rows::Shared;

/// Gradients of queries `[tq, h * k]`, keys and values `[tk, kvh * k]`.
#[derive(Clone, Debug)]
pub struct AttentionGradient {
    /// Of the queries.
    pub q: Vec<f32>,
    /// Of the keys.
    pub k: Vec<f32>,
    /// Of the values.
    pub v: Vec<f32>,
}

/// Computes the gradients of `q`, `k` and `v` from that of [`attention`](crate::attention)'s result.
///
/// # Panics
/// As [`attention`](crate::attention).
pub fn attention_backward(
    shape: &AttentionShape,
    segments: &[Segment],
    [q, k, v]: [&[f32]; 3],
    dz: &[f32],
) -> AttentionGradient {
    let n = scores_len(shape, segments);
    let (mut scores, mut pattern) = (vec![0.0; n], vec![0.0; n]); // [sum of h * s * s]
    attention_scores(shape, segments, q, k, &mut scores);
    attention_pattern(shape, segments, &scores, &mut pattern, Keys::Visible);
    let (d_pattern, dv) = attention_mix_backward(shape, segments, &pattern, v, dz);
    let mut d_scores = vec![0.0; n];
    pattern_backward(shape, segments, &pattern, &d_pattern, &mut d_scores);
    let (dq, dk) = attention_scores_backward(shape, segments, [q, k], &scores, d_scores);
    AttentionGradient { q: dq, k: dk, v: dv }
}

/// Computes the gradients of pattern and values from that of [`attention_mix`]'s result: `dz v^T` and
/// `pattern^T dz`.
///
/// # Panics
/// As [`attention_mix`].
pub fn attention_mix_backward(
    shape: &AttentionShape,
    segments: &[Segment],
    pattern: &[f32],
    v: &[f32],
    dz: &[f32],
) -> (Vec<f32>, Vec<f32>) {
    let mut d_pattern = vec![0.0; scores_len(shape, segments)];
    attention_scores(&plain(shape), segments, dz, v, &mut d_pattern);
    (d_pattern, over_queries(shape, segments, pattern, dz, v.len()))
}

/// Computes the gradient of the scores from that of [`attention_pattern`]'s result.
fn pattern_backward(
    shape: &AttentionShape,
    segments: &[Segment],
    pattern: &[f32],
    d_pattern: &[f32],
    d_scores: &mut [f32],
) {
    let mut start = 0;
    for segment in segments {
        let n = shape.n_heads * segment.q_len * segment.k_len;
        let range = start..start + n;
        let into = &mut d_scores[range.clone()];
        softmax_rows_backward(&pattern[range.clone()], &d_pattern[range], segment.k_len.max(1), into);
        start += n;
    }
}

/// Computes the gradients of queries and keys from that of [`attention_scores`]'s result, which is
/// `scores`: scaled, soft-capped, `-inf` where a query sees no key.
///
/// # Panics
/// As [`attention_scores`].
pub fn attention_scores_backward(
    shape: &AttentionShape,
    segments: &[Segment],
    [q, k]: [&[f32]; 2],
    scores: &[f32],
    mut d_scores: Vec<f32>,
) -> (Vec<f32>, Vec<f32>) {
    for (d, s) in d_scores.iter_mut().zip(scores) {
        let bend = shape.softcap.map_or(1.0, |cap| 1.0 - (s / cap) * (s / cap));
        *d = if s.is_finite() { *d * bend * shape.scale } else { 0.0 };
    }
    let mut dq = vec![0.0; q.len()];
    attention_mix(&plain(shape), segments, &d_scores, k, &mut dq, Keys::All);
    (dq, over_queries(shape, segments, &d_scores, q, k.len()))
}

/// The same heads, every key seen, nothing scaled.
fn plain(shape: &AttentionShape) -> AttentionShape {
    AttentionShape { scale: 1.0, softcap: None, window: None, causal: false, ..*shape }
}

/// `w^T x` of each head: for every key the sum over queries, those of all heads that share the key's one
/// after the other. `w` is `[h, q_len, k_len]` per segment, `x [tq, h * k]`, the result `len` numbers `[tk, kvh * k]`.
fn over_queries(shape: &AttentionShape, segments: &[Segment], w: &[f32], x: &[f32], len: usize) -> Vec<f32> {
    let turned = transposed(shape, segments, w);
    let (h, kvh, d) = (shape.n_heads, shape.n_kv_heads, shape.head_dim);
    let tk = len / (kvh * d);
    let every = AttentionShape { n_kv_heads: h, ..plain(shape) };
    let swapped: Vec<Segment> = segments
        .iter()
        .map(|s| Segment { q_start: s.k_start, q_len: s.k_len, k_start: s.q_start, k_len: s.q_len })
        .collect();
    let mut each = vec![0.0; tk * h * d]; // [tk, h * k]
    attention_mix(&every, &swapped, &turned, x, &mut each, Keys::All);
    if h == kvh {
        return each;
    }
    let group = h / kvh;
    let mut sums = vec![0.0; len]; // [tk, kvh * k]
    for (sum, heads) in sums.chunks_exact_mut(d).zip(each.chunks_exact(group * d)) {
        for head in heads.chunks_exact(d) {
            sum.iter_mut().zip(head).for_each(|(s, x)| *s += x);
        }
    }
    sums
}

/// Each head's `[q_len, k_len]` as `[k_len, q_len]`.
fn transposed(shape: &AttentionShape, segments: &[Segment], w: &[f32]) -> Vec<f32> {
    /// Rows and columns that are turned together.
    const SIDE: usize = 16;
    let mut out = vec![0.0; w.len()];
    let mut heads = Vec::new();
    let mut start = 0;
    for s in segments {
        for _ in 0..shape.n_heads {
            heads.push((start, s.q_len, s.k_len));
            start += s.q_len * s.k_len;
        }
    }
    let shared = Shared::new(&mut out);
    let turn = |i: usize| {
        let (start, rows, columns) = heads[i];
        let w = &w[start..start + rows * columns];
        // SAFETY: heads lie one after the other; the buffer is initialized.
        let out = unsafe { shared.part(start..start + rows * columns) };
        for r0 in (0..rows).step_by(SIDE) {
            for c0 in (0..columns).step_by(SIDE) {
                for r in r0..rows.min(r0 + SIDE) {
                    for c in c0..columns.min(c0 + SIDE) {
                        out[c * rows + r] = w[r * columns + c];
                    }
                }
            }
        }
    };
    if w.len() < crate::rows::INLINE {
        (0..heads.len()).for_each(turn);
    } else {
        pool::run(heads.len(), &turn);
    }
    out
}
