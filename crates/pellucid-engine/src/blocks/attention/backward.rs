//! Derivatives of attention: for each sequence that a gradient concerns, of the whole or of one of its steps.

use std::ops::Range;

use pellucid_kernels::{
    AttentionShape, attention_backward, attention_mix_backward, attention_scores, attention_scores_backward,
    softmax_rows_backward,
};

use crate::batch::{Batch, Layout};
use crate::grad::{At, Rule, Stretch, once};
use crate::{Error, Tensor};

/// `z` of queries, keys and values.
pub(super) fn whole(z: Tensor, shape: &AttentionShape, batch: &Batch, qkv: [&Tensor; 3]) -> Tensor {
    z.tracked(&qkv, || Step { shape: *shape, batch: batch.clone(), of: Of::Whole(qkv.map(Tensor::detached)) })
}

/// Scores of queries and keys.
pub(super) fn scored(
    scores: Tensor,
    shape: &AttentionShape,
    batch: &Batch,
    q: &Tensor,
    k: &Tensor,
) -> Tensor {
    scores.tracked(&[q, k], || Step {
        shape: *shape,
        batch: batch.clone(),
        of: Of::Scores([q.detached(), k.detached()]),
    })
}

/// The pattern of scores.
pub(super) fn normalized(pattern: Tensor, shape: &AttentionShape, batch: &Batch, scores: &Tensor) -> Tensor {
    let kept = pattern.clone();
    pattern.tracked(&[scores], || Step { shape: *shape, batch: batch.clone(), of: Of::Pattern(kept) })
}

/// `z` of pattern and values.
pub(super) fn mixed(
    z: Tensor,
    shape: &AttentionShape,
    batch: &Batch,
    pattern: &Tensor,
    v: &Tensor,
) -> Tensor {
    z.tracked(&[pattern, v], || Step {
        shape: *shape,
        batch: batch.clone(),
        of: Of::Mix([pattern.detached(), v.detached()]),
    })
}

struct Step {
    shape: AttentionShape,
    batch: Batch,
    of: Of,
}

/// What was computed, with what its derivative needs.
enum Of {
    Whole([Tensor; 3]),
    Scores([Tensor; 2]),
    /// The pattern itself.
    Pattern(Tensor),
    /// Pattern and values.
    Mix([Tensor; 2]),
}

/// The sequences that a gradient concerns.
struct Part {
    batch: Batch,
    tokens: Range<usize>,
    pairs: Range<usize>,
}

impl Step {
    /// The part of the batch that a gradient concerns, and the gradient of exactly that part.
    fn part(&self, grad: &Stretch, layout: Layout, width: usize) -> Result<(Part, Tensor), Error> {
        let shape = [self.batch.tokens(), width];
        let span = grad.start..grad.end();
        let range = self.batch.sequences_of(&span, layout, &shape);
        let all = |layout| self.batch.span(&range, layout, &shape);
        let own = all(layout);
        let inside = Stretch { start: grad.start - own.start, x: grad.x.clone() };
        let grad = inside.spread(&[own.len()], 0.0)?;
        let tokens = self.batch.span(&range, Layout::Tokens, &[self.batch.tokens()]);
        let pairs = all(Layout::Pairs { heads: self.shape.n_heads });
        Ok((Part { batch: self.batch.part(&range), tokens, pairs }, grad))
    }

    fn q_width(&self) -> usize {
        self.shape.n_heads * self.shape.head_dim
    }

    fn k_width(&self) -> usize {
        self.shape.n_kv_heads * self.shape.head_dim
    }
}

impl Part {
    fn rows<'t>(&self, x: &'t Tensor, width: usize) -> &'t [f32] {
        &x.f32s()[self.tokens.start * width..self.tokens.end * width]
    }

    fn stretch(&self, grad: Vec<f32>, width: usize) -> Option<Stretch> {
        Some(Stretch::of(self.tokens.start * width, grad))
    }
}

impl Rule for Step {
    fn name(&self) -> &str {
        "attention"
    }

    fn pull(&self, at: At<'_>, grads: &[Option<Stretch>]) -> Result<Vec<Option<Stretch>>, Error> {
        let Some(Some(grad)) = grads.first() else { return Ok(vec![None; 3]) };
        once(at)?;
        let (shape, q_width, k_width) = (&self.shape, self.q_width(), self.k_width());
        let pairs = Layout::Pairs { heads: shape.n_heads };
        Ok(match &self.of {
            Of::Whole([q, k, v]) => {
                let (part, dz) = self.part(grad, Layout::Tokens, q_width)?;
                let qkv = [part.rows(q, q_width), part.rows(k, k_width), part.rows(v, k_width)];
                let of = attention_backward(shape, &part.batch.segments(), qkv, dz.f32s());
                vec![part.stretch(of.q, q_width), part.stretch(of.k, k_width), part.stretch(of.v, k_width)]
            }
            Of::Mix([pattern, v]) => {
                let (part, dz) = self.part(grad, Layout::Tokens, q_width)?;
                let (d_pattern, dv) = attention_mix_backward(
                    shape,
                    &part.batch.segments(),
                    &pattern.f32s()[part.pairs.clone()],
                    part.rows(v, k_width),
                    dz.f32s(),
                );
                vec![Some(Stretch::of(part.pairs.start, d_pattern)), part.stretch(dv, k_width)]
            }
            Of::Pattern(pattern) => {
                let (part, d_pattern) = self.part(grad, pairs, q_width)?;
                let pattern = &pattern.f32s()[part.pairs.clone()];
                let mut d_scores = vec![0.0; pattern.len()];
                let mut start = 0;
                for q in part.batch.sequences() {
                    let own = start..start + shape.n_heads * q.len * q.len;
                    let of = [&pattern[own.clone()], &d_pattern.f32s()[own.clone()]];
                    start = own.end;
                    softmax_rows_backward(of[0], of[1], q.len.max(1), &mut d_scores[own]);
                }
                vec![Some(Stretch::of(part.pairs.start, d_scores))]
            }
            Of::Scores([q, k]) => {
                let (part, d_scores) = self.part(grad, pairs, q_width)?;
                let segments = part.batch.segments();
                let qk = [part.rows(q, q_width), part.rows(k, k_width)];
                let mut scores = vec![0.0; d_scores.numel()];
                attention_scores(shape, &segments, qk[0], qk[1], &mut scores);
                let d_scores = d_scores.f32s().to_vec();
                let (dq, dk) = attention_scores_backward(shape, &segments, qk, &scores, d_scores);
                vec![part.stretch(dq, q_width), part.stretch(dk, k_width)]
            }
        })
    }
}
