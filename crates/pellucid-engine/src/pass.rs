//! One forward pass, and the one door through which modules call their children.
//!
//! [`Pass::call`] and [`Pass::tap`] are the only hooks. When nobody watches a module they cost one
//! predictable branch; when somebody does, a [`Watcher`] sees the value, may replace it, or may end
//! the pass.

mod points;

use std::sync::Arc;

use points::SKIP;
pub use points::{POINTS, PointId, WatchSet};

use pellucid_graph::DType;

use crate::batch::{Batch, Layout, Sequence};
use crate::blocks::{Angles, Rope, Routes};
use crate::cache::KvCache;
use crate::parameter::Parameter;
use crate::precision::Precision;
use crate::{Cancel, Error, Tensor};

/// Why a module did not return a value.
#[derive(Debug)]
pub enum Halt {
    /// Nothing after this point is wanted.
    Done,
    /// Something went wrong.
    Error(Error),
}

impl<E: Into<Error>> From<E> for Halt {
    fn from(e: E) -> Halt {
        Halt::Error(e.into())
    }
}

/// What a module's forward returns.
pub type Flow<T> = Result<T, Halt>;

/// A part of a model. Its children are reached through [`Pass::call`] only.
pub trait Module: Send + Sync {
    /// The class name that transformers gives it.
    fn kind(&self) -> &'static str;

    /// Computes the output from the input; `at` is the module's own place, for its taps.
    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor>;

    /// What the module itself costs, without its children.
    fn cost(&self) -> OwnCost {
        OwnCost::default()
    }
}

/// Cost of a module without its children.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnCost {
    /// Weights.
    pub params: u64,
    /// Operations per token.
    pub flops_per_token: u64,
    /// Operations per (query, key) pair.
    pub flops_per_pair: u64,
}

/// A module's place in the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// Index among the model's modules.
    pub id: usize,
    /// Hugging Face path.
    pub path: String,
}

/// A module and its place.
pub struct Child<M: ?Sized> {
    pub(crate) node: Node,
    pub(crate) module: Arc<M>,
}

impl<M: ?Sized> std::ops::Deref for Child<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.module
    }
}

/// Somebody who sees values as a pass makes them.
pub trait Watcher {
    /// A watched value.
    ///
    /// # Errors
    /// [`Halt`] ends the pass.
    fn visit(&mut self, node: &Node, point: PointId, value: &mut Seen<'_>, batch: &Batch) -> Flow<()>;

    /// Called instead of a module's forward if every row skips it: the packed output.
    fn skip_all(&mut self, _node: &Node, _layout: Layout, _batch: &Batch) -> Option<Tensor> {
        None
    }

    /// Replaces the rows that skip the module in its output.
    fn skip_rows(&mut self, _node: &Node, _layout: Layout, _y: &mut Tensor, _batch: &Batch) {}

    /// A watched module starts.
    fn enter(&mut self, _node: &Node) {}

    /// A watched module ends.
    fn leave(&mut self, _node: &Node) {}

    /// Rows look at each other in every module that has started and not ended.
    fn mixes(&mut self) {}
}

/// A packed value shown to a watcher.
pub struct Seen<'a> {
    /// The value; may be replaced by one of the same shape.
    pub x: &'a mut Tensor,
    /// How it lies in memory.
    pub layout: Layout,
    /// What dense views hold where a prompt has no token.
    pub fill: f32,
    /// Set when the value is replaced.
    pub written: bool,
}

/// A second input of a module. Modules take one tensor, which is the one that a trace sees as their
/// input; the few that need more are given it beside.
pub(crate) enum Second {
    /// Where experts find which tokens are theirs.
    Routes(Routes),
    /// What a module adds its own output to. // [t, d]
    Residual(Tensor),
}

/// One forward pass over a batch.
pub struct Pass<'a> {
    batch: &'a Batch,
    watched: &'a WatchSet,
    watcher: Option<&'a mut dyn Watcher>,
    cache: Option<&'a mut KvCache>,
    cancel: &'a Cancel,
    angles: Vec<(usize, Arc<Angles>)>,
    second: Option<Second>,
    precision: Precision,
    parameters: &'a [(usize, Arc<dyn Parameter>)],
    last_only: bool,
}

impl<'a> Pass<'a> {
    /// A pass that nobody watches.
    pub fn new(batch: &'a Batch, watched: &'a WatchSet, cancel: &'a Cancel) -> Pass<'a> {
        Pass {
            batch,
            watched,
            watcher: None,
            cache: None,
            cancel,
            angles: Vec::new(),
            second: None,
            precision: Precision::F32,
            parameters: &[],
            last_only: false,
        }
    }

    /// Rounds what modules make to this precision.
    pub(crate) fn in_precision(self, precision: Precision) -> Pass<'a> {
        Pass { precision, ..self }
    }

    /// Asks for these parameters, by module, a layer before their use.
    pub(crate) fn read_ahead(self, parameters: &'a [(usize, Arc<dyn Parameter>)]) -> Pass<'a> {
        Pass { parameters, ..self }
    }

    /// Gives logits of each sequence's last token only. // [b, v]
    pub fn last_only(self) -> Pass<'a> {
        Pass { last_only: true, ..self }
    }

    /// Of hidden states `[t, d]`, those that logits are wanted of.
    pub(crate) fn wanted(&self, x: Tensor) -> Tensor {
        if !self.last_only || x.is_meta() {
            return x;
        }
        let d = x.shape().last().copied().unwrap_or(0);
        let last = |q: &Sequence| x.rows(q.start + q.len - 1, 1).f32s().to_vec();
        let rows: Vec<f32> = self.batch.sequences().iter().flat_map(last).collect();
        Tensor::new(rows, [self.batch.sequences().len(), d])
    }

    /// Rounds a value of the pass: what a module adds or multiplies on the way to its output.
    pub(crate) fn settle(&self, x: &mut Tensor) {
        self.precision.settle(x);
    }

    /// What values are rounded to.
    pub(crate) fn precision(&self) -> Precision {
        self.precision
    }

    /// Whether values on the way to an output are rounded, so that kernels may not be fused over them.
    pub(crate) fn is_stepwise(&self) -> bool {
        self.precision.is_half()
    }

    /// Shows the watched values to a watcher.
    pub fn watch(mut self, watcher: &'a mut dyn Watcher) -> Pass<'a> {
        self.watcher = Some(watcher);
        self
    }

    /// Keeps keys and values for later passes.
    pub fn keep(mut self, cache: &'a mut KvCache) -> Pass<'a> {
        self.cache = Some(cache);
        self
    }

    /// The sequences of this pass.
    pub fn batch(&self) -> &'a Batch {
        self.batch
    }

    /// Positions of all tokens in their sequences, i64. // [t]
    pub fn positions(&self, like: &Tensor) -> Tensor {
        match like.is_meta() {
            true => Tensor::meta(DType::I64, [self.batch.tokens()]),
            false => Tensor::new(self.batch.positions().map(|p| p as i64).collect(), [self.batch.tokens()]),
        }
    }

    /// The cache, for a module that uses it and the pass side by side; [`put_cache`](Self::put_cache) follows.
    pub(crate) fn take_cache(&mut self) -> Option<&'a mut KvCache> {
        self.cache.take()
    }

    pub(crate) fn put_cache(&mut self, cache: Option<&'a mut KvCache>) {
        self.cache = cache;
    }

    /// Cosines and sines of this batch's positions, computed once for each kind of rotation.
    pub(crate) fn angles(&mut self, rope: &Arc<Rope>) -> Arc<Angles> {
        let key = Arc::as_ptr(rope) as usize;
        if let Some((_, found)) = self.angles.iter().find(|(k, _)| *k == key) {
            return found.clone();
        }
        let angles = Arc::new(rope.angles(self.batch, self.precision));
        self.angles.push((key, angles.clone()));
        angles
    }

    /// Gives the module that is called next its second input.
    pub(crate) fn give(&mut self, second: Second) {
        self.second = Some(second);
    }

    /// The second input, once.
    pub(crate) fn take(&mut self) -> Option<Second> {
        self.second.take()
    }

    /// Calls a child whose input and output hold one row for each token.
    pub fn call<M: Module + ?Sized>(&mut self, child: &Child<M>, x: Tensor) -> Flow<Tensor> {
        self.call_as(Layout::Tokens, child, x)
    }

    /// Calls a child; `layout` says what its input and output look like.
    pub fn call_as<M: Module + ?Sized>(
        &mut self,
        layout: Layout,
        child: &Child<M>,
        x: Tensor,
    ) -> Flow<Tensor> {
        match self.watched.0[child.node.id] {
            0 => {
                let mut y = child.module.forward(&child.node, self, x)?;
                self.settle(&mut y);
                Ok(y)
            }
            bits => self.call_watched(bits, layout, child, x),
        }
    }

    /// Shows a named value inside a module to whoever watches it. Says whether it was replaced.
    pub fn tap(&mut self, at: &Node, point: PointId, layout: Layout, x: &mut Tensor) -> Flow<bool> {
        self.settle(x);
        match self.watches(at, point) {
            false => Ok(false),
            true => self.visit(at, point, layout, x),
        }
    }

    /// True when somebody watches the point: then the module must make its value.
    pub fn watches(&self, at: &Node, point: PointId) -> bool {
        self.watched.0[at.id] & point.bit() != 0
    }

    /// True when somebody watches the child in any way.
    pub fn watches_child<M: ?Sized>(&self, child: &Child<M>) -> bool {
        self.watched.0[child.node.id] != 0
    }

    /// Calls layers one after the other; a cancelled run ends between two of them.
    pub fn layers<M: Module>(&mut self, layers: &[Child<M>], mut x: Tensor) -> Flow<Tensor> {
        for (i, layer) in layers.iter().enumerate() {
            self.cancel.check()?;
            self.ask_ahead(layers, i + 1);
            x = self.call(layer, x)?;
        }
        Ok(x)
    }

    /// Asks for the parameters of a layer, or, after the last, of what follows.
    fn ask_ahead<M>(&self, layers: &[Child<M>], next: usize) {
        let last = || self.parameters.last().map_or(0, |(id, _)| *id + 1);
        let id = |i: usize| layers.get(i).map_or_else(last, |layer| layer.node.id);
        let (from, to) = match next < layers.len() {
            true => (id(next), id(next + 1)),
            false => (layers.last().map_or(0, |layer| layer.node.id), last()),
        };
        let start = self.parameters.partition_point(|(id, _)| *id < from);
        let parameters = self.parameters[start..].iter().take_while(|(id, _)| *id < to);
        parameters.for_each(|(_, parameter)| parameter.read_ahead());
    }

    /// Notes that rows look at each other here.
    pub(crate) fn mixes(&mut self) {
        if let Some(watcher) = self.watcher.as_deref_mut() {
            watcher.mixes();
        }
    }

    #[cold]
    fn call_watched<M: Module + ?Sized>(
        &mut self,
        bits: u32,
        layout: Layout,
        child: &Child<M>,
        mut x: Tensor,
    ) -> Flow<Tensor> {
        let node = &child.node;
        if let Some(watcher) = self.watcher.as_deref_mut() {
            watcher.enter(node);
        }
        if bits & PointId::INPUT.bit() != 0 {
            self.visit(node, PointId::INPUT, layout, &mut x)?;
        }
        let skipped = match (bits & SKIP, self.watcher.as_deref_mut()) {
            (0, _) | (_, None) => None,
            (_, Some(watcher)) => watcher.skip_all(node, layout, self.batch),
        };
        let mut y = match skipped {
            Some(y) => y,
            None => child.module.forward(node, self, x)?,
        };
        self.settle(&mut y);
        if let (true, Some(watcher)) = (bits & SKIP != 0, self.watcher.as_deref_mut()) {
            watcher.skip_rows(node, layout, &mut y, self.batch);
        }
        if bits & PointId::OUTPUT.bit() != 0 {
            self.visit(node, PointId::OUTPUT, layout, &mut y)?;
        }
        if let Some(watcher) = self.watcher.as_deref_mut() {
            watcher.leave(node);
        }
        Ok(y)
    }

    #[cold]
    fn visit(&mut self, node: &Node, point: PointId, layout: Layout, x: &mut Tensor) -> Flow<bool> {
        let Some(watcher) = self.watcher.as_deref_mut() else { return Ok(false) };
        let mut seen = Seen { x, layout, fill: point.fill(), written: false };
        watcher.visit(node, point, &mut seen, self.batch)?;
        Ok(seen.written)
    }
}
