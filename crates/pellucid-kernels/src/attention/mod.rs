//! Attention over a ragged batch, whole or in three observable steps.
//!
//! [`attention`] equals [`attention_scores`], then [`attention_pattern`], then [`attention_mix`], bit for
//! bit: they run the same [`block`] code, one of whose parts is skipped or spilled to memory.
//! Nobody pads: a [`Segment`] says where one sequence's queries and keys lie, and query `i` of it
//! stands at position `k_len - q_len + i` among its keys.

mod block;

use std::ops::Range;

use crate::isa::isa;
use crate::pool;
use crate::rows::Shared;
use block::{Block, Step};

/// What all sequences of a call have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttentionShape {
    /// Query heads.
    pub n_heads: usize,
    /// Key and value heads; each serves `n_heads / n_kv_heads` query heads in a row.
    pub n_kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// What the scores are multiplied by.
    pub scale: f32,
    /// Scores `s` become `cap * tanh(s / cap)` (Gemma 2).
    pub softcap: Option<f32>,
    /// Query position `i` sees key `j` only if `i - j < window`.
    pub window: Option<usize>,
    /// Query position `i` sees key `j` only if `j <= i`.
    pub causal: bool,
}

/// One sequence of a ragged batch: its rows among the packed queries `[tq, h * k]` and among the
/// packed keys and values `[tk, kvh * k]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// First query row.
    pub q_start: usize,
    /// Number of query rows: the last ones of the sequence.
    pub q_len: usize,
    /// First key row.
    pub k_start: usize,
    /// Number of key rows.
    pub k_len: usize,
}

/// Which keys of a row count in [`attention_pattern`] and [`attention_mix`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Those that the query sees: enough where nobody wrote to scores or pattern, and faster.
    Visible,
    /// All: the scores or the pattern were written, perhaps where nothing was visible. On unwritten data
    /// this gives the same bits, if the values of invisible keys are finite (zero times infinity is NaN).
    All,
}

/// Computes `softmax(q k^T) v` to `z [tq, h * k]`, one sequence at a time.
///
/// # Panics
/// If a segment does not lie in the buffers, heads do not divide, a window is zero, or a causal
/// segment has more queries than keys (so here and below).
pub fn attention(
    shape: &AttentionShape,
    segments: &[Segment],
    q: &[f32],
    k: &[f32],
    v: &[f32],
    z: &mut [f32],
) {
    check(shape, segments, Some(q.len()), Some(k.len()));
    check(shape, segments, Some(z.len()), Some(v.len()));
    let z = Shared::new(z);
    for_blocks(shape, segments, &|_| Step::Whole { q, k, v, z: &z });
}

/// Computes the scores: scaled, soft-capped, `-inf` where a query does not see a key.
/// `scores` is `[h, q_len, k_len]` per segment, segments one after the other ([`scores_len`] elements).
pub fn attention_scores(
    shape: &AttentionShape,
    segments: &[Segment],
    q: &[f32],
    k: &[f32],
    scores: &mut [f32],
) {
    check(shape, segments, Some(q.len()), Some(k.len()));
    assert_eq!(scores.len(), scores_len(shape, segments), "scores");
    let scores = Shared::new(scores);
    for_blocks(shape, segments, &|offset| Step::Scores { q, k, scores: &scores, offset });
}

/// Computes the softmax of each row of `scores` to `pattern`, both as in [`attention_scores`].
pub fn attention_pattern(
    shape: &AttentionShape,
    segments: &[Segment],
    scores: &[f32],
    pattern: &mut [f32],
    keys: Keys,
) {
    check(shape, segments, None, None);
    assert_eq!(scores.len(), scores_len(shape, segments), "scores");
    assert_eq!(pattern.len(), scores.len(), "pattern");
    let pattern = Shared::new(pattern);
    for_blocks(shape, segments, &|offset| Step::Pattern { scores, pattern: &pattern, offset, keys });
}

/// Computes `pattern v` to `z [tq, h * k]`, the pattern as in [`attention_scores`].
pub fn attention_mix(
    shape: &AttentionShape,
    segments: &[Segment],
    pattern: &[f32],
    v: &[f32],
    z: &mut [f32],
    keys: Keys,
) {
    check(shape, segments, Some(z.len()), Some(v.len()));
    assert_eq!(pattern.len(), scores_len(shape, segments), "pattern");
    let z = Shared::new(z);
    for_blocks(shape, segments, &|offset| Step::Mix { pattern, v, z: &z, offset, keys });
}

/// Returns the number of elements of scores or pattern: the sum of `h * q_len * k_len`.
pub fn scores_len(shape: &AttentionShape, segments: &[Segment]) -> usize {
    let len = |s: &Segment| shape.n_heads * s.q_len * s.k_len;
    segments.iter().map(len).sum()
}

/// Checks everything that the unsafe code below relies on; buffers are given by their lengths.
fn check(shape: &AttentionShape, segments: &[Segment], q_len: Option<usize>, k_len: Option<usize>) {
    assert!(shape.n_kv_heads > 0 && shape.head_dim > 0, "attention without heads");
    assert!(
        shape.n_heads > 0 && shape.n_heads.is_multiple_of(shape.n_kv_heads),
        "{} heads do not divide into {}",
        shape.n_heads,
        shape.n_kv_heads
    );
    assert_ne!(shape.window, Some(0), "window");
    let q_end = segments.iter().map(|s| s.q_start + s.q_len).max();
    let k_end = segments.iter().map(|s| s.k_start + s.k_len).max();
    let q_row = shape.n_heads * shape.head_dim;
    let k_row = shape.n_kv_heads * shape.head_dim;
    assert!(q_len.is_none_or(|len| q_end.unwrap_or(0) * q_row <= len), "query rows");
    assert!(k_len.is_none_or(|len| k_end.unwrap_or(0) * k_row <= len), "key rows");
    for segment in segments {
        assert!(
            !shape.causal || segment.q_len <= segment.k_len,
            "a causal segment has {} queries and {} keys",
            segment.q_len,
            segment.k_len
        );
    }
    let mut starts: Vec<_> = segments.iter().filter(|s| s.q_len > 0).collect();
    starts.sort_by_key(|s| s.q_start);
    for pair in starts.windows(2) {
        assert!(pair[0].q_start + pair[0].q_len <= pair[1].q_start, "segments share query rows");
    }
}

/// Numbers of scores that a block keeps at once: a half of a common second-level cache.
const BLOCK_SCORES: usize = 96 * 1024;
/// Multiply-adds below which all blocks stay on their caller's thread.
const INLINE: usize = 64 * 1024;

/// Cuts the batch into blocks, each some rows of one key head of one segment, and runs a step on each.
/// `step` is given where the segment's scores begin.
fn for_blocks<'a>(shape: &AttentionShape, segments: &[Segment], step: &(dyn Fn(usize) -> Step<'a> + Sync)) {
    let work = scores_len(shape, segments) * shape.head_dim;
    let n_rows: usize = segments.iter().map(|s| s.q_len).sum::<usize>() * shape.n_heads;
    // Blocks no larger than lets every thread have some.
    let fair = n_rows.div_ceil(4 * pool::threads()).next_multiple_of(12);
    let mut blocks = Vec::new();
    let mut offset = 0;
    for segment in segments {
        let rows = segment.q_len * (shape.n_heads / shape.n_kv_heads);
        let fitting = BLOCK_SCORES / segment.k_len.max(1) / 12 * 12;
        let height = fair.min(fitting).clamp(12, 96);
        for kv_head in 0..shape.n_kv_heads {
            for start in (0..rows).step_by(height) {
                let rows: Range<usize> = start..rows.min(start + height);
                blocks.push((Block { shape, segment: *segment, kv_head, rows }, offset));
            }
        }
        offset += shape.n_heads * segment.q_len * segment.k_len;
    }
    let isa = isa();
    let run_block = |i: usize| {
        let (block, offset) = &blocks[i];
        block::run(isa, block, step(*offset));
    };
    if work <= INLINE {
        (0..blocks.len()).for_each(run_block);
    } else {
        pool::run(blocks.len(), &run_block);
    }
}
