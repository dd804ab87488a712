//! The rows of one pass: sequences packed one after the other, no padding, and the dense views that
//! invokes see of them.
//!
//! Inside a pass a value of every token is `[t, ...]`, `t` counting the tokens of all sequences. An
//! invoke sees its own sequences as `[b, s, ...]`. Where its prompts differ in length the dense view
//! is aligned to the right, so that `[:, -1]` is the last token of each; cells before a prompt's
//! start are filled on reading and ignored on writing.

use std::ops::Range;

use pellucid_graph::DType;
use pellucid_kernels::Segment;

use crate::Tensor;
use crate::tensor::Element;

/// One sequence of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Its first row among the packed tokens.
    pub start: usize,
    /// Tokens of this pass.
    pub len: usize,
    /// Tokens of earlier passes, held in the cache.
    pub past: usize,
    /// Its place in the cache.
    pub slot: usize,
}

/// The sequences of a pass.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    sequences: Vec<Sequence>,
    tokens: usize,
}

/// How a packed value lies in memory, and so what its dense view is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `[t, ...]`, seen as `[b, s, ...]`.
    Tokens,
    /// `[t, h, k]`, seen as `[b, h, s, k]`.
    Heads,
    /// `[h, s, keys]` of each sequence one after the other, seen as `[b, h, s, keys]`.
    Pairs {
        /// Number of heads.
        heads: usize,
    },
    /// `[keys, ...]` of each sequence one after the other, seen as `[b, keys, ...]`.
    Keys,
    /// One row for each sequence, seen as `[b, ...]`.
    Rows,
}

impl Sequence {
    /// Tokens that it attends to: those in the cache and those of this pass.
    pub fn keys(&self) -> usize {
        self.past + self.len
    }
}

/// A run of elements that lies together both packed and dense.
struct Piece {
    dense: usize,
    packed: usize,
    len: usize,
}

impl Batch {
    /// A batch of fresh sequences of these lengths.
    pub fn new(lengths: impl IntoIterator<Item = usize>) -> Batch {
        Batch::with_past(lengths.into_iter().map(|len| (len, 0)))
    }

    /// A batch of sequences given as (tokens of this pass, tokens before).
    pub fn with_past(sequences: impl IntoIterator<Item = (usize, usize)>) -> Batch {
        Batch::in_slots(sequences.into_iter().enumerate().map(|(slot, (len, past))| (slot, len, past)))
    }

    /// The same of sequences given as (place in the cache, tokens of this pass, tokens before).
    pub fn in_slots(sequences: impl IntoIterator<Item = (usize, usize, usize)>) -> Batch {
        let mut batch = Batch::default();
        for (slot, len, past) in sequences {
            batch.sequences.push(Sequence { start: batch.tokens, len, past, slot });
            batch.tokens += len;
        }
        batch
    }

    /// The sequences in order.
    pub fn sequences(&self) -> &[Sequence] {
        &self.sequences
    }

    /// Tokens of all sequences.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Tokens that all sequences attend to.
    pub fn keys(&self) -> usize {
        self.sequences.iter().map(Sequence::keys).sum()
    }

    /// The position of every token in its sequence. // [t]
    pub fn positions(&self) -> impl Iterator<Item = usize> + '_ {
        self.sequences.iter().flat_map(|q| q.past..q.past + q.len)
    }

    /// The sequences as attention wants them, keys and values being those of this pass alone.
    pub fn segments(&self) -> Vec<Segment> {
        let segment =
            |q: &Sequence| Segment { q_start: q.start, q_len: q.len, k_start: q.start, k_len: q.len };
        self.sequences.iter().map(segment).collect()
    }

    /// The shape of the dense view over some sequences of a packed value of this shape.
    pub fn dense_shape(&self, range: &Range<usize>, layout: Layout, packed: &[usize]) -> Vec<usize> {
        let b = range.len();
        let s = self.sequences[range.clone()].iter().map(|q| q.len).max().unwrap_or(0);
        match layout {
            Layout::Tokens => [&[b, s], &packed[1..]].concat(),
            Layout::Heads => vec![b, packed[1], s, packed[2]],
            Layout::Pairs { heads } => vec![b, heads, s, self.most_keys(range)],
            Layout::Keys => [&[b, self.most_keys(range)], &packed[1..]].concat(),
            Layout::Rows => [&[b], &packed[1..]].concat(),
        }
    }

    fn most_keys(&self, range: &Range<usize>) -> usize {
        self.sequences[range.clone()].iter().map(Sequence::keys).max().unwrap_or(0)
    }

    /// The shape of the packed value of all sequences whose dense views have shapes like this one.
    pub fn packed_shape(&self, layout: Layout, dense: &[usize]) -> Vec<usize> {
        match layout {
            Layout::Tokens => [&[self.tokens], &dense[2..]].concat(),
            Layout::Heads => vec![self.tokens, dense[1], dense[3]],
            Layout::Pairs { heads } => {
                vec![heads * self.sequences.iter().map(|q| q.len * q.keys()).sum::<usize>()]
            }
            Layout::Keys => [&[self.keys()], &dense[2..]].concat(),
            Layout::Rows => [&[self.sequences.len()], &dense[1..]].concat(),
        }
    }

    /// The dense view of some sequences. Cells without a token are `fill`.
    pub fn take(&self, range: &Range<usize>, layout: Layout, packed: &Tensor, fill: f32) -> Tensor {
        let shape = self.dense_shape(range, layout, packed.shape());
        if packed.is_meta() {
            return Tensor::meta(packed.dtype(), shape);
        }
        if let (Layout::Tokens, Some((start, len))) = (layout, self.uniform(range)) {
            return packed.rows(start, len).reshaped(shape);
        }
        let pieces = self.pieces(range, layout, packed.shape(), &shape);
        match packed.dtype() {
            DType::I64 => gather(packed.slice::<i64>(), &pieces, shape, 0),
            _ => gather(packed.f32s(), &pieces, shape, fill),
        }
    }

    /// Writes a dense view back; everything else of the packed value stays.
    pub fn put(&self, range: &Range<usize>, layout: Layout, packed: &mut Tensor, dense: &Tensor) {
        let shape = self.dense_shape(range, layout, packed.shape());
        debug_assert_eq!(shape, dense.shape());
        let pieces = self.pieces(range, layout, packed.shape(), &shape);
        match packed.dtype() {
            DType::I64 => scatter(packed.make_mut::<i64>(), &pieces, dense.slice()),
            _ => scatter(packed.make_mut::<f32>(), &pieces, dense.f32s()),
        }
    }

    /// The elements of a packed value that are those of some sequences.
    pub(crate) fn span(&self, range: &Range<usize>, layout: Layout, packed: &[usize]) -> Range<usize> {
        let before = |n: usize| {
            let sequences = &self.sequences[..n];
            let width: usize = packed.get(1..).unwrap_or_default().iter().product();
            match layout {
                Layout::Tokens | Layout::Heads => width * sequences.iter().map(|q| q.len).sum::<usize>(),
                Layout::Pairs { heads } => heads * sequences.iter().map(|q| q.len * q.keys()).sum::<usize>(),
                Layout::Keys => width * sequences.iter().map(Sequence::keys).sum::<usize>(),
                Layout::Rows => width * n,
            }
        };
        before(range.start)..before(range.end)
    }

    /// The sequences that have elements among these of a packed value.
    pub(crate) fn sequences_of(&self, span: &Range<usize>, layout: Layout, packed: &[usize]) -> Range<usize> {
        let own = |i: usize| self.span(&(i..i + 1), layout, packed);
        let touched = |i: &usize| own(*i).start < span.end && own(*i).end > span.start;
        let mut found = (0..self.sequences.len()).filter(touched);
        let first = found.next().unwrap_or(0);
        first..found.next_back().unwrap_or(first) + 1
    }

    /// Some of the sequences as a batch of their own, without their past.
    pub(crate) fn part(&self, range: &Range<usize>) -> Batch {
        Batch::new(self.sequences[range.clone()].iter().map(|q| q.len))
    }

    /// Whether all these sequences have one length.
    pub(crate) fn is_uniform(&self, range: &Range<usize>) -> bool {
        self.uniform(range).is_some()
    }

    /// The dense view of some sequences as their [`span`](Self::span) of the packed value; -0 in cells without one.
    pub(crate) fn packed_part(
        &self,
        range: &Range<usize>,
        layout: Layout,
        packed: &[usize],
        dense: &Tensor,
        span: Range<usize>,
    ) -> Vec<f32> {
        let mut pieces = self.pieces(range, layout, packed, dense.shape());
        pieces.iter_mut().for_each(|piece| piece.packed -= span.start);
        let mut out = vec![-0.0; span.len()];
        scatter(&mut out, &pieces, dense.f32s());
        out
    }

    /// First row and number of rows, if all these sequences have one length.
    fn uniform(&self, range: &Range<usize>) -> Option<(usize, usize)> {
        let sequences = &self.sequences[range.clone()];
        let first = sequences.first()?;
        let same = sequences.iter().all(|q| q.len == first.len);
        same.then_some((first.start, first.len * sequences.len()))
    }

    fn pieces(&self, range: &Range<usize>, layout: Layout, packed: &[usize], dense: &[usize]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let sequences = &self.sequences[range.clone()];
        let s = sequences.iter().map(|q| q.len).max().unwrap_or(0);
        let most_keys = self.most_keys(range);
        let before = &self.sequences[..range.start];
        let mut pairs: usize = before.iter().map(|q| q.len * q.keys()).sum();
        let mut keys: usize = before.iter().map(Sequence::keys).sum();
        for (i, q) in sequences.iter().enumerate() {
            let pad = s - q.len;
            match layout {
                Layout::Tokens => {
                    let width: usize = packed[1..].iter().product();
                    let dense = (i * s + pad) * width;
                    pieces.push(Piece { dense, packed: q.start * width, len: q.len * width });
                }
                Layout::Heads => {
                    let (heads, k) = (packed[1], packed[2]);
                    pieces.extend((0..heads).flat_map(|h| {
                        (0..q.len).map(move |t| Piece {
                            dense: ((i * heads + h) * s + pad + t) * k,
                            packed: ((q.start + t) * heads + h) * k,
                            len: k,
                        })
                    }));
                }
                Layout::Pairs { heads } => {
                    let start = pairs * heads;
                    let n = q.keys();
                    pieces.extend((0..heads * q.len).map(|row| {
                        let (h, t) = (row / q.len, row % q.len);
                        Piece {
                            dense: ((i * heads + h) * dense[2] + pad + t) * dense[3] + most_keys - n,
                            packed: start + row * n,
                            len: n,
                        }
                    }));
                    pairs += q.len * n;
                }
                Layout::Keys => {
                    let width: usize = packed[1..].iter().product();
                    let dense = (i * most_keys + most_keys - q.keys()) * width;
                    pieces.push(Piece { dense, packed: keys * width, len: q.keys() * width });
                    keys += q.keys();
                }
                Layout::Rows => {
                    let width: usize = packed[1..].iter().product();
                    pieces.push(Piece { dense: i * width, packed: (range.start + i) * width, len: width });
                }
            }
        }
        pieces
    }
}

fn gather<T: Element>(packed: &[T], pieces: &[Piece], shape: Vec<usize>, fill: T) -> Tensor {
    let mut out = vec![fill; shape.iter().product()];
    for p in pieces {
        out[p.dense..p.dense + p.len].copy_from_slice(&packed[p.packed..p.packed + p.len]);
    }
    Tensor::new(out, shape)
}

fn scatter<T: Element>(packed: &mut [T], pieces: &[Piece], dense: &[T]) {
    for p in pieces {
        packed[p.packed..p.packed + p.len].copy_from_slice(&dense[p.dense..p.dense + p.len]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(shape: &[usize]) -> Tensor {
        Tensor::new((0..shape.iter().product::<usize>()).map(|i| i as f32).collect(), shape)
    }

    #[test]
    fn ragged_views_are_right_aligned_and_round_trip() {
        let batch = Batch::new([1, 2, 1]);
        let packed = counting(&[4, 2]);
        let dense = batch.take(&(0..2), Layout::Tokens, &packed, -1.0);
        assert_eq!(dense.shape(), [2, 2, 2]);
        assert_eq!(dense.f32s(), [-1.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        for (layout, packed) in [
            (Layout::Tokens, counting(&[4, 2])),
            (Layout::Heads, counting(&[4, 3, 2])),
            (Layout::Pairs { heads: 3 }, counting(&[3 * (1 + 4 + 1)])),
        ] {
            for range in [0..2, 1..3, 0..3, 2..3] {
                let mut again = packed.clone();
                batch.put(&range, layout, &mut again, &batch.take(&range, layout, &packed, 0.0));
                assert!(again.same_bits(&packed), "{layout:?} {range:?}");
            }
        }
    }

    #[test]
    fn keys_of_earlier_passes_are_seen_too() {
        let batch = Batch::with_past([(1, 2), (1, 4)]);
        let pairs = counting(&[2 * (3 + 5)]);
        let dense = batch.take(&(0..2), Layout::Pairs { heads: 2 }, &pairs, -1.0);
        assert_eq!(dense.shape(), [2, 2, 1, 5]);
        assert_eq!(dense.f32s()[..10], [-1.0, -1.0, 0.0, 1.0, 2.0, -1.0, -1.0, 3.0, 4.0, 5.0]);
        assert_eq!(dense.f32s()[10..], [6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0]);
        for (layout, packed) in [
            (Layout::Pairs { heads: 2 }, pairs),
            (Layout::Keys, counting(&[3 + 5, 4])),
            (Layout::Rows, counting(&[2, 3])),
        ] {
            for range in [0..1, 1..2, 0..2] {
                let mut again = packed.clone();
                batch.put(&range, layout, &mut again, &batch.take(&range, layout, &packed, 0.0));
                assert!(again.same_bits(&packed), "{layout:?} {range:?}");
            }
        }
    }

    #[test]
    fn heads_come_before_tokens_in_the_dense_view() {
        let dense = Batch::new([2]).take(&(0..1), Layout::Heads, &counting(&[2, 2, 1]), 0.0);
        assert_eq!(dense.shape(), [1, 2, 2, 1]);
        assert_eq!(dense.f32s(), [0.0, 2.0, 1.0, 3.0]);
    }
}
