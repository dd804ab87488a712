//! Keys and values of earlier passes, per layer and sequence.
//!
//! Each layer has one buffer with room for a fixed number of tokens per sequence, so that a
//! sequence's rows stay where they are and attention reads them in place.

use pellucid_kernels::Segment;

use crate::Tensor;
use crate::batch::{Batch, Sequence};
use crate::meter::Hold;

/// The keys and values of a generation.
#[derive(Debug)]
pub struct KvCache {
    capacity: usize,
    layers: Vec<Layer>,
}

#[derive(Debug, Default)]
struct Layer {
    k: Vec<f32>,
    v: Vec<f32>,
    /// Numbers of one token.
    width: usize,
    hold: Hold,
}

/// A layer's keys and values after appending, and where each sequence's lie.
pub(crate) struct Kept<'a> {
    pub k: &'a [f32],
    pub v: &'a [f32],
    pub segments: Vec<Segment>,
}

impl KvCache {
    /// An empty cache with room for `capacity` tokens of each sequence.
    pub fn new(n_layers: usize, capacity: usize) -> KvCache {
        KvCache { capacity, layers: (0..n_layers).map(|_| Layer::default()).collect() }
    }

    /// Appends this pass's keys and values `[t, width]`, one row for each token.
    pub(crate) fn append(&mut self, layer: usize, batch: &Batch, k: &[f32], v: &[f32]) {
        let capacity = self.capacity;
        let width = k.len() / batch.tokens().max(1);
        let kept = &mut self.layers[layer];
        kept.width = width;
        kept.make_room(batch.sequences().iter().map(|q| q.slot + 1).max().unwrap_or(0) * capacity);
        for q in batch.sequences() {
            let to = (q.slot * capacity + q.past) * width;
            let (from, n) = (q.start * width, q.len * width);
            kept.k[to..to + n].copy_from_slice(&k[from..from + n]);
            kept.v[to..to + n].copy_from_slice(&v[from..from + n]);
        }
    }

    /// What a pass attends to, its own keys and values having been appended.
    pub(crate) fn kept(&self, layer: usize, batch: &Batch) -> Kept<'_> {
        let segment = |q: &Sequence| Segment {
            q_start: q.start,
            q_len: q.len,
            k_start: q.slot * self.capacity,
            k_len: q.keys(),
        };
        let segments = batch.sequences().iter().map(segment).collect();
        Kept { k: &self.layers[layer].k, v: &self.layers[layer].v, segments }
    }

    /// The keys (0) or values (1) that a pass attends to, sequence after sequence. // [keys, width]
    pub(crate) fn take(&self, layer: usize, batch: &Batch, which: usize) -> Tensor {
        let kept = &self.layers[layer];
        let rows = |q: &Sequence| {
            let start = q.slot * self.capacity * kept.width;
            [&kept.k, &kept.v][which][start..start + q.keys() * kept.width].iter().copied()
        };
        let all: Vec<f32> = batch.sequences().iter().flat_map(rows).collect();
        Tensor::new(all, [batch.keys(), kept.width])
    }

    /// Puts back what [`take`](Self::take) gave.
    pub(crate) fn put(&mut self, layer: usize, batch: &Batch, which: usize, x: &Tensor) {
        let (capacity, kept) = (self.capacity, &mut self.layers[layer]);
        let width = kept.width;
        let mut rest = x.f32s();
        for q in batch.sequences() {
            let (own, others) = rest.split_at(q.keys() * width);
            let start = q.slot * capacity * width;
            [&mut kept.k, &mut kept.v][which][start..start + own.len()].copy_from_slice(own);
            rest = others;
        }
    }

    /// Gives the sequence in slot `to` what the one in slot `from` has of its first `tokens`.
    pub(crate) fn copy(&mut self, from: usize, to: usize, tokens: usize) {
        for layer in &mut self.layers {
            layer.make_room((from.max(to) + 1) * self.capacity);
            let start = |slot: usize| slot * self.capacity * layer.width;
            let (source, to) = (start(from)..start(from) + tokens * layer.width, start(to));
            layer.k.copy_within(source.clone(), to);
            layer.v.copy_within(source, to);
        }
    }
}

impl Layer {
    /// Makes room for this many tokens; what is there stays.
    fn make_room(&mut self, tokens: usize) {
        let room = (tokens * self.width).max(self.k.len());
        self.k.resize(room, 0.0);
        self.v.resize(room, 0.0);
        self.hold.grow_to(2 * room * size_of::<f32>());
    }
}
