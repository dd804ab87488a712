//! Attention: against f64, whole against stepwise, prefill against decode, alone against among others.

use pellucid_kernels::{
    AttentionShape, Keys, Segment, attention, attention_mix, attention_pattern, attention_scores, scores_len,
    with_threads,
};
use proptest::prelude::*;

use crate::reference::{assert_close, assert_same_bits, numbers, on_each_isa, softmax};

/// A batch with its numbers: sequences of `(keys, queries)`, queries and keys packed with a gap of one row.
struct Batch {
    shape: AttentionShape,
    segments: Vec<Segment>,
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
}

impl Batch {
    fn new(shape: AttentionShape, lens: &[(usize, usize)], seed: u64) -> Self {
        let (mut q_start, mut k_start) = (0, 0);
        let mut segments = Vec::new();
        for &(k_len, q_len) in lens {
            segments.push(Segment { q_start, q_len, k_start, k_len });
            q_start += q_len + 1;
            k_start += k_len + 1;
        }
        let kv = k_start * shape.n_kv_heads * shape.head_dim;
        Batch {
            shape,
            segments,
            q: numbers(q_start * shape.n_heads * shape.head_dim, seed),
            k: numbers(kv, seed + 1),
            v: numbers(kv, seed + 2),
        }
    }

    fn sees(&self, segment: &Segment, i: usize, j: usize) -> bool {
        let position = (segment.k_len + i) as i64 - segment.q_len as i64;
        let distance = position - j as i64;
        !(self.shape.causal && distance < 0)
            && self.shape.window.is_none_or(|window| distance < window as i64)
    }

    fn whole(&self) -> Vec<f32> {
        let mut z = vec![0.0; self.q.len()];
        attention(&self.shape, &self.segments, &self.q, &self.k, &self.v, &mut z);
        z
    }

    fn in_steps(&self, keys: Keys) -> [Vec<f32>; 3] {
        let (shape, segments) = (&self.shape, &self.segments);
        // Filled, to see that every element is written.
        let mut scores = vec![7.0; scores_len(shape, segments)];
        let mut pattern = vec![7.0; scores.len()];
        let mut z = vec![0.0; self.q.len()];
        attention_scores(shape, segments, &self.q, &self.k, &mut scores);
        attention_pattern(shape, segments, &scores, &mut pattern, keys);
        attention_mix(shape, segments, &pattern, &self.v, &mut z, keys);
        [scores, pattern, z]
    }

    /// Scores, pattern and z in `f64`.
    fn reference(&self) -> [Vec<f64>; 3] {
        let AttentionShape { n_heads, n_kv_heads, head_dim, scale, softcap, .. } = self.shape;
        let at = |x: &[f32], row: usize, d: usize| f64::from(x[row * head_dim + d]);
        let (mut scores, mut pattern) = (Vec::new(), Vec::new());
        let mut z = vec![0.0; self.q.len()];
        for s in &self.segments {
            for h in 0..n_heads {
                let key = |j| (s.k_start + j) * n_kv_heads + h / (n_heads / n_kv_heads);
                for i in 0..s.q_len {
                    let query = (s.q_start + i) * n_heads + h;
                    let score = |j| {
                        if !self.sees(s, i, j) {
                            return f64::NEG_INFINITY;
                        }
                        let dot: f64 =
                            (0..head_dim).map(|d| at(&self.q, query, d) * at(&self.k, key(j), d)).sum();
                        let score = dot * f64::from(scale);
                        softcap.map_or(score, |cap| f64::from(cap) * (score / f64::from(cap)).tanh())
                    };
                    let row: Vec<f64> = (0..s.k_len).map(score).collect();
                    let weights = softmax(&row);
                    for d in 0..head_dim {
                        z[query * head_dim + d] =
                            (0..s.k_len).map(|j| weights[j] * at(&self.v, key(j), d)).sum();
                    }
                    scores.extend(row);
                    pattern.extend(weights);
                }
            }
        }
        [scores, pattern, z]
    }
}

fn shape(heads: (usize, usize), head_dim: usize) -> AttentionShape {
    AttentionShape {
        n_heads: heads.0,
        n_kv_heads: heads.1,
        head_dim,
        scale: 1.0 / (head_dim as f32).sqrt(),
        softcap: None,
        window: None,
        causal: true,
    }
}

fn check(batch: &Batch) {
    on_each_isa(|_| {
        let whole = batch.whole();
        let [scores, pattern, z] = batch.in_steps(Keys::Visible);
        for (expected, got) in batch.reference().iter().zip([&scores, &pattern, &whole]) {
            assert_close(expected, got, 4e-6);
        }
        assert_same_bits(&whole, &z);
        let [_, all_pattern, all_z] = batch.in_steps(Keys::All);
        assert_same_bits(&pattern, &all_pattern);
        assert_same_bits(&whole, &all_z);
        assert_same_bits(&whole, &with_threads(3, || batch.whole()));
        check_each_query_alone(batch, &whole);
    });
}

/// Each query as a call of its own: the last row of the keys up to its own, as in decoding.
fn check_each_query_alone(batch: &Batch, whole: &[f32]) {
    if !batch.shape.causal {
        return;
    }
    let d = batch.shape.n_heads * batch.shape.head_dim;
    for s in &batch.segments {
        for i in 0..s.q_len {
            let segment =
                Segment { q_start: 0, q_len: 1, k_start: s.k_start, k_len: s.k_len - s.q_len + i + 1 };
            let rows = (s.q_start + i) * d..(s.q_start + i + 1) * d;
            let mut z = vec![0.0; d];
            attention(&batch.shape, &[segment], &batch.q[rows.clone()], &batch.k, &batch.v, &mut z);
            assert_same_bits(&whole[rows], &z);
        }
    }
}

fn shapes() -> impl Strategy<Value = AttentionShape> {
    let heads = prop_oneof![Just((1, 1)), Just((3, 3)), Just((4, 2)), Just((9, 3)), Just((5, 1))];
    let softcap = prop_oneof![3 => Just(None), 1 => Just(Some(2.5f32))];
    let window = prop_oneof![2 => Just(None), 1 => (1usize..40).prop_map(Some)];
    (heads, 1usize..70, softcap, window, any::<bool>()).prop_map(
        |(heads, head_dim, softcap, window, causal)| AttentionShape {
            softcap,
            window,
            causal,
            ..shape(heads, head_dim)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_batch(
        shape in shapes(),
        lens in prop::collection::vec((0usize..50, 0usize..50), 0..4),
        seed in 0u64..1000,
    ) {
        let lens: Vec<_> = lens.into_iter().map(|(past, q)| (past + q, q)).collect();
        check(&Batch::new(shape, &lens, seed));
    }
}

#[test]
fn long_sequences_of_real_heads() {
    check(&Batch::new(shape((9, 3), 64), &[(300, 300), (150, 1)], 1));
    let gemma = AttentionShape { window: Some(64), softcap: Some(50.0), ..shape((4, 1), 256) };
    check(&Batch::new(gemma, &[(200, 200)], 2));
}

#[test]
fn cross_attention_may_have_more_queries_than_keys() {
    let shape = AttentionShape { causal: false, ..shape((2, 2), 8) };
    check(&Batch::new(shape, &[(3, 40), (40, 3)], 3));
}

#[test]
fn what_a_query_does_not_see_never_touches_it() {
    let clean = Batch::new(shape((4, 2), 16), &[(60, 60)], 4);
    let row = clean.shape.n_kv_heads * clean.shape.head_dim;
    on_each_isa(|_| {
        let expected = clean.whole();
        let mut dirty = Batch::new(clean.shape, &[(60, 60)], 4);
        dirty.v[41 * row..42 * row].fill(f32::INFINITY);
        dirty.k[50 * row..51 * row].fill(f32::NAN);
        let got = dirty.whole();
        let d = clean.shape.n_heads * clean.shape.head_dim;
        assert_same_bits(&expected[..41 * d], &got[..41 * d]);
        assert!(got[41 * d..50 * d].iter().all(|z| !z.is_finite()));
        assert!(got[50 * d..60 * d].iter().all(|z| z.is_nan()));
        let [_, pattern, z] = dirty.in_steps(Keys::Visible);
        assert_same_bits(&got, &z);
        assert_same_bits(&pattern, &dirty.in_steps(Keys::All)[1]);
    });
}

#[test]
fn written_scores_and_patterns_count_in_full() {
    let batch = Batch::new(shape((2, 1), 8), &[(5, 5)], 5);
    let Batch { shape, segments, v, q, .. } = &batch;
    on_each_isa(|_| {
        let mut scores = vec![f32::NEG_INFINITY; scores_len(shape, segments)];
        // Query 0 of each head looks at key 4 alone, which a causal mask hides; others at nothing.
        for head in scores.chunks_exact_mut(25) {
            head[4] = 1.5;
        }
        let mut pattern = vec![0.0; scores.len()];
        let mut z = vec![0.0; q.len()];
        attention_pattern(shape, segments, &scores, &mut pattern, Keys::All);
        assert_same_bits(&[0.0, 0.0, 0.0, 0.0, 1.0], &pattern[..5]);
        assert!(pattern[5..25].iter().all(|p| p.is_nan()));
        attention_mix(shape, segments, &pattern, v, &mut z, Keys::All);
        assert_same_bits(&v[4 * 8..5 * 8], &z[..8]);
        assert!(z[16..80].iter().all(|z| z.is_nan()));
    });
}

#[test]
#[should_panic(expected = "3 queries and 2 keys")]
fn a_causal_segment_with_too_few_keys_panics() {
    Batch::new(shape((1, 1), 4), &[(2, 3)], 1).whole();
}
