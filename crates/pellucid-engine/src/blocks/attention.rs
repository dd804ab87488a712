//! Multi-head attention from queries, keys and values on, for every architecture.
//!
//! Fused unless scores or pattern are watched; then in three steps, with the same bits.

mod backward;

use std::sync::Arc;

use pellucid_graph::DType;
use pellucid_kernels::{
    AttentionShape, Keys, Segment, attention, attention_mix, attention_pattern, attention_scores, scores_len,
};

use super::{Dropout, Rope};
use crate::Tensor;
use crate::batch::Layout;
use crate::cache::KvCache;
use crate::pass::{Child, Flow, Node, Pass, PointId};

/// What an architecture says of one layer's attention.
pub struct AttentionSpec {
    /// Heads, widths, scale, window, soft cap.
    pub shape: AttentionShape,
    /// Index of the layer, which is its place in the cache.
    pub layer: usize,
    /// How positions enter, if they enter here.
    pub rope: Option<Arc<Rope>>,
}

/// Attention between queries, keys and values.
pub struct Attention {
    spec: AttentionSpec,
    dropout: Option<Child<Dropout>>,
}

impl Attention {
    /// Attention of one layer.
    pub fn new(spec: AttentionSpec) -> Attention {
        Attention { spec, dropout: None }
    }

    /// Passes the pattern through a module, which transformers has in its older models.
    pub fn with_dropout(self, dropout: Child<Dropout>) -> Attention {
        Attention { dropout: Some(dropout), ..self }
    }

    /// Heads, widths, scale, window, soft cap.
    pub fn shape(&self) -> &AttentionShape {
        &self.spec.shape
    }

    /// Operations per (query, key) pair.
    pub fn flops_per_pair(&self) -> u64 {
        4 * (self.spec.shape.n_heads * self.spec.shape.head_dim) as u64
    }

    /// Mixes values; `q [t, h * k]`, `k` and `v [t, kvh * k]`, result `[t, h * k]`. Taps `q k v rot_q
    /// rot_k scores pattern z` of the module `at`.
    ///
    /// # Errors
    /// [`Halt`](crate::pass::Halt) from a watcher.
    pub fn run(&self, at: &Node, pass: &mut Pass<'_>, q: Tensor, k: Tensor, v: Tensor) -> Flow<Tensor> {
        pass.mixes();
        let shape = self.spec.shape;
        let (h, kvh) = (shape.n_heads, shape.n_kv_heads);
        let mut q = self.tap(at, pass, PointId::Q, q, h)?;
        let mut k = self.tap(at, pass, PointId::K, k, kvh)?;
        let v = self.tap(at, pass, PointId::V, v, kvh)?;
        if let Some(rope) = &self.spec.rope {
            let angles = pass.angles(rope);
            q = self.tap(at, pass, PointId::ROT_Q, angles.turn(&q, h, shape.head_dim), h)?;
            k = self.tap(at, pass, PointId::ROT_K, angles.turn(&k, kvh, shape.head_dim), kvh)?;
        }
        let z = self.mix(at, pass, &q, &k, &v)?;
        self.tap(at, pass, PointId::Z, z, h)
    }

    fn mix(&self, at: &Node, pass: &mut Pass<'_>, q: &Tensor, k: &Tensor, v: &Tensor) -> Flow<Tensor> {
        if q.is_meta() {
            return self.mix_meta(at, pass, q);
        }
        let (batch, layer) = (pass.batch(), self.spec.layer);
        let dropped = self.dropout.as_ref().is_some_and(|d| pass.watches_child(d));
        let watched = dropped || pass.watches(at, PointId::SCORES) || pass.watches(at, PointId::PATTERN);
        let stepwise = watched || pass.is_stepwise();
        let mut z = vec![0.0; q.numel()]; // [t, h * k]
        let mut cache = pass.take_cache();
        if let Some(cache) = cache.as_mut() {
            cache.append(layer, batch, k.f32s(), v.f32s());
        }
        let (mut own_k, mut own_v) = (k.clone(), v.clone());
        self.show_kept(at, pass, cache.as_deref_mut(), [&mut own_k, &mut own_v])?;
        let kept = cache.as_ref().map(|cache| cache.kept(layer, batch));
        let (segments, k, v) = match kept {
            Some(kept) => (kept.segments, kept.k, kept.v),
            None => (batch.segments(), own_k.f32s(), own_v.f32s()),
        };
        let made = match stepwise {
            true => self.steps(at, pass, &segments, [q.f32s(), k, v], &mut z, [q, &own_k, &own_v])?,
            false => {
                attention(&self.spec.shape, &segments, q.f32s(), k, v, &mut z);
                None
            }
        };
        let z = Tensor::new(z, q.shape());
        let z = match made {
            Some(pattern) => backward::mixed(z, &self.spec.shape, batch, &pattern, &own_v),
            None => backward::whole(z, &self.spec.shape, batch, [q, &own_k, &own_v]),
        };
        pass.put_cache(cache);
        Ok(z)
    }

    /// Shows the keys and values that this pass attends to: the cache's, or without one its own.
    fn show_kept(
        &self,
        at: &Node,
        pass: &mut Pass<'_>,
        mut cache: Option<&mut KvCache>,
        own: [&mut Tensor; 2],
    ) -> Flow<()> {
        let shape = &self.spec.shape;
        if !shape.causal {
            return Ok(());
        }
        let (batch, split) = (pass.batch(), [pass.batch().keys(), shape.n_kv_heads, shape.head_dim]);
        for (which, (point, own)) in
            [PointId::CACHED_KEYS, PointId::CACHED_VALUES].into_iter().zip(own).enumerate()
        {
            if !pass.watches(at, point) {
                continue;
            }
            let kept = match &cache {
                Some(cache) => cache.take(self.spec.layer, batch, which),
                None => own.clone(),
            };
            let mut kept = kept.reshaped(split); // [keys, h, k]
            if pass.tap(at, point, Layout::Keys, &mut kept)? {
                match cache.as_deref_mut() {
                    Some(cache) => cache.put(self.spec.layer, batch, which, &kept),
                    None => *own = kept.reshaped(own.shape()),
                }
            }
        }
        Ok(())
    }

    /// Scores, pattern and mixing one by one, each shown to the watcher. Gives the pattern. `made_of` are the tensors
    /// of this pass that gradients flow to.
    fn steps(
        &self,
        at: &Node,
        pass: &mut Pass<'_>,
        segments: &[Segment],
        [q, k, v]: [&[f32]; 3],
        z: &mut [f32],
        made_of: [&Tensor; 3],
    ) -> Flow<Option<Tensor>> {
        let shape = &self.spec.shape;
        let pairs = Layout::Pairs { heads: shape.n_heads };
        let n = scores_len(shape, segments);
        let mut scores = vec![0.0; n]; // [sum of h * s * s]
        attention_scores(shape, segments, q, k, &mut scores);
        let [made_q, made_k, _] = made_of;
        let mut scores = backward::scored(Tensor::new(scores, [n]), shape, pass.batch(), made_q, made_k);
        let wrote_scores = pass.tap(at, PointId::SCORES, pairs, &mut scores)?;
        let mut pattern = vec![0.0; n]; // [sum of h * s * s]
        attention_pattern(shape, segments, scores.f32s(), &mut pattern, keys(wrote_scores));
        let mut pattern = backward::normalized(Tensor::new(pattern, [n]), shape, pass.batch(), &scores);
        let mut wrote_pattern = pass.tap(at, PointId::PATTERN, pairs, &mut pattern)?;
        if let Some(dropout) = self.dropout.as_ref().filter(|d| pass.watches_child(d)) {
            pattern = pass.call_as(pairs, dropout, pattern)?;
            wrote_pattern = true;
        }
        attention_mix(shape, segments, pattern.f32s(), v, z, keys(wrote_scores || wrote_pattern));
        Ok(Some(pattern))
    }

    fn mix_meta(&self, at: &Node, pass: &mut Pass<'_>, q: &Tensor) -> Flow<Tensor> {
        let (heads, kept) = (self.spec.shape.n_heads, [self.spec.shape.n_kv_heads, self.spec.shape.head_dim]);
        let points = [PointId::CACHED_KEYS, PointId::CACHED_VALUES];
        for point in points.into_iter().filter(|_| self.spec.shape.causal) {
            let mut keys = Tensor::meta(DType::F32, [&[pass.batch().keys()], &kept[..]].concat());
            pass.tap(at, point, Layout::Keys, &mut keys)?;
        }
        let n = heads * pass.batch().sequences().iter().map(|s| s.len * s.keys()).sum::<usize>();
        for point in [PointId::SCORES, PointId::PATTERN] {
            pass.tap(at, point, Layout::Pairs { heads }, &mut Tensor::meta(DType::F32, [n]))?;
        }
        if let Some(dropout) = &self.dropout {
            pass.call_as(Layout::Pairs { heads }, dropout, Tensor::meta(DType::F32, [n]))?;
        }
        Ok(q.clone())
    }

    /// Shows `[t, heads * k]` as `[b, s, heads, k]`.
    fn tap(
        &self,
        at: &Node,
        pass: &mut Pass<'_>,
        point: PointId,
        mut x: Tensor,
        heads: usize,
    ) -> Flow<Tensor> {
        pass.settle(&mut x);
        if !pass.watches(at, point) {
            return Ok(x);
        }
        let (t, k) = (pass.batch().tokens(), self.spec.shape.head_dim);
        let mut split = x.reshaped([t, heads, k]);
        pass.tap(at, point, Layout::Tokens, &mut split)?;
        Ok(split.reshaped([t, heads * k]))
    }
}

/// A row whose scores somebody wrote may now see keys that it could not see.
fn keys(written: bool) -> Keys {
    if written { Keys::All } else { Keys::Visible }
}
