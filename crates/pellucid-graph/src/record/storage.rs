//! Storages and views: PyTorch's aliasing without memory.
//!
//! A storage has a current value and a version that grows with every write. A handle remembers the
//! version it last saw; when it is behind, its view steps are replayed on the current value.

use super::Handle;
use super::frame::FrameId;
use super::layout::Layout;
use crate::{Arg, Code, Diagnostic, IndexItem, InvokeId, Kind, Op, Result, Site, Slice, TensorType, ValueId};

/// One step from a storage to a view of it; the first argument is what it is applied to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ViewStep {
    pub op: Op,
    pub args: Vec<Arg>,
}

impl ViewStep {
    /// The step applied to another value.
    pub fn apply(&self, value: ValueId) -> Kind {
        let mut args = self.args.clone();
        args[0] = Arg::Value(value);
        Kind::Op { op: self.op, args }
    }

    /// The step undone: `base`, of this shape, with `value` where the view was.
    pub fn put(&self, base: ValueId, shape: &[usize], value: ValueId) -> Result<Kind> {
        let set = |index: Vec<IndexItem>| {
            ("set_index", vec![Arg::Value(base), Arg::Index(index), Arg::Value(value)])
        };
        let (name, args) = match self.op.def().name {
            "select" => set(self.along(shape.len(), IndexItem::Int(self.int(2)))),
            "narrow" => {
                let (start, stop) = (self.int(2), self.int(2) + self.int(3));
                let stop = Some(stop).filter(|stop| start >= 0 || *stop < 0);
                let part = Slice { start: Some(start), stop, step: None };
                set(self.along(shape.len(), IndexItem::Slice(part)))
            }
            "movedim" => ("movedim", vec![Arg::Value(value), self.args[2].clone(), self.args[1].clone()]),
            "diagonal" => {
                let mut args = vec![Arg::Value(base), Arg::Value(value)];
                args.extend_from_slice(&self.args[1..]);
                ("diagonal_scatter", args)
            }
            "index" => ("set_index", vec![Arg::Value(base), self.args[1].clone(), Arg::Value(value)]),
            "transpose" => ("transpose", vec![Arg::Value(value), self.args[1].clone(), self.args[2].clone()]),
            "permute" => ("permute", vec![Arg::Value(value), Arg::Ints(inverse(&self.args[1]))]),
            _ => {
                let lengths = shape.iter().map(|n| *n as i64).collect();
                ("reshape", vec![Arg::Value(value), Arg::Ints(lengths)])
            }
        };
        Ok(Kind::Op { op: Op::find(name)?, args })
    }

    /// An index that has `item` at the axis of parameter 1 and everything of the axes before.
    fn along(&self, rank: usize, item: IndexItem) -> Vec<IndexItem> {
        let dim = self.int(1).rem_euclid(rank.max(1) as i64) as usize;
        let mut index = vec![IndexItem::Slice(Slice::default()); dim];
        index.push(item);
        index
    }

    fn int(&self, i: usize) -> i64 {
        match self.args[i] {
            Arg::Int(n) => n,
            _ => 0,
        }
    }

    /// Whether one element of `base` stands in several places of the view made of it.
    pub fn overlaps(&self, base: &TensorType, made: &TensorType) -> bool {
        match self.op.def().name {
            "expand" => made.numel() > base.numel(),
            "unfold" => true,
            _ => false,
        }
    }
}

fn inverse(dims: &Arg) -> Vec<i64> {
    let Arg::Ints(dims) = dims else { return Vec::new() };
    let n = dims.len() as i64;
    let mut inverse = vec![0; dims.len()];
    for (i, d) in dims.iter().enumerate() {
        inverse[d.rem_euclid(n) as usize] = i as i64;
    }
    inverse
}

#[derive(Debug)]
struct Storage {
    value: ValueId,
    /// Its first value.
    made: ValueId,
    /// The frame in which it was made; values are numbered there.
    frame: FrameId,
    /// True for what belongs to a frame around: it can be read only.
    borrowed: bool,
    version: u32,
    site: Option<(InvokeId, Site)>,
    /// The weights that it is the value of.
    parameter: Option<String>,
    /// The backward pass and the value whose gradient it is.
    gradient: Option<(ValueId, ValueId)>,
}

#[derive(Clone, Debug)]
struct Entry {
    storage: usize,
    steps: Vec<ViewStep>,
    version: u32,
    value: ValueId,
    /// Where its elements lie in the storage; nothing is contiguous.
    layout: Option<Layout>,
    /// The first step after which an element stands in several places.
    overlapping: Option<Op>,
}

/// All storages and the handles into them.
#[derive(Debug, Default)]
pub(super) struct Storages {
    storages: Vec<Storage>,
    handles: Vec<Entry>,
    /// Handles made in blocks that stand for several steps: outside they would be of one of them.
    within: Vec<std::ops::Range<usize>>,
    /// The frame that is being recorded.
    frame: FrameId,
    frames_entered: FrameId,
}

impl Storages {
    /// A frame inside the present one, which from now on is the present one.
    pub fn enter(&mut self) -> FrameId {
        self.frames_entered += 1;
        self.frame = self.frames_entered;
        self.frame
    }

    /// The present frame has ended; `frame` is the one around it.
    pub fn leave(&mut self, frame: FrameId) {
        self.frame = frame;
    }

    /// Goes to the trace itself; returns the frame to come back to.
    pub fn suspend(&mut self) -> FrameId {
        std::mem::take(&mut self.frame)
    }

    /// The frame that a handle's values are numbered in.
    pub fn frame_of(&self, handle: Handle) -> FrameId {
        self.storages[self.handles[handle.0].storage].frame
    }

    /// Whether writing through a handle would reach what is around the present frame.
    pub fn is_around(&self, handle: Handle) -> bool {
        let storage = &self.storages[self.handles[handle.0].storage];
        storage.borrowed || storage.frame != self.frame
    }

    /// A handle to a new storage.
    pub fn fresh(&mut self, value: ValueId) -> Handle {
        self.storage(value, false)
    }

    /// A handle to a value here that stands for one of the frame around.
    pub fn borrowed(&mut self, value: ValueId) -> Handle {
        self.storage(value, true)
    }

    fn storage(&mut self, value: ValueId, borrowed: bool) -> Handle {
        let (frame, site, parameter, gradient) = (self.frame, None, None, None);
        let (made, version) = (value, 0);
        self.storages.push(Storage { value, made, frame, borrowed, version, site, parameter, gradient });
        let (storage, steps) = (self.storages.len() - 1, Vec::new());
        self.push(Entry { storage, steps, version: 0, value, layout: None, overlapping: None })
    }

    /// Another handle to the same view.
    pub fn alias(&mut self, handle: Handle) -> Handle {
        let entry = self.handles[handle.0].clone();
        self.push(entry)
    }

    /// A view made from `base` by one step.
    pub fn view(&mut self, base: Handle, step: ViewStep, value: ValueId) -> Handle {
        let mut entry = self.handles[base.0].clone();
        entry.steps.push(step);
        entry.value = value;
        self.push(entry)
    }

    /// Notes where the elements of a view lie, and which operation makes them stand in several places.
    pub fn lay_out(&mut self, view: Handle, layout: Layout, overlapping: Option<Op>) {
        let entry = &mut self.handles[view.0];
        entry.layout = Some(layout);
        entry.overlapping = entry.overlapping.or(overlapping);
    }

    /// Where the elements of a handle of this shape lie in its storage.
    pub fn layout(&self, handle: Handle, shape: &[usize]) -> Layout {
        self.handles[handle.0].layout.clone().unwrap_or_else(|| Layout::contiguous(shape))
    }

    /// Refuses a view whose elements stand in several places: PyTorch cannot write them either.
    ///
    /// # Errors
    /// [`Code::BadArgument`] naming the operation that made it so.
    pub fn writable(&self, handle: Handle) -> Result<()> {
        let Some(op) = self.handles[handle.0].overlapping else { return Ok(()) };
        let message = format!(
            "cannot write through `{}`: an element of what it is a view of stands in several places",
            op.def().name
        );
        Err(Diagnostic::new(Code::BadArgument, message).help("`.clone()` makes a copy that can be written"))
    }

    fn push(&mut self, entry: Entry) -> Handle {
        self.handles.push(entry);
        Handle(self.handles.len() - 1)
    }

    /// The value of each storage.
    pub fn values(&self) -> Vec<ValueId> {
        self.storages.iter().map(|s| s.value).collect()
    }

    /// The value of the storage that a handle is a view of.
    pub fn root(&self, handle: Handle) -> ValueId {
        self.storages[self.handles[handle.0].storage].value
    }

    /// The storage of a handle, and its first value.
    pub fn first(&self, handle: Handle) -> (usize, ValueId) {
        let storage = self.handles[handle.0].storage;
        (storage, self.storages[storage].made)
    }

    /// How many handles there are.
    pub fn n_handles(&self) -> usize {
        self.handles.len()
    }

    /// The handles made since there were `n` can be used no more.
    pub fn end_within(&mut self, n: usize) {
        self.within.push(n..self.handles.len());
    }

    /// Whether a handle was made in a block of several steps that has ended.
    pub fn is_within(&self, handle: Handle) -> bool {
        self.within.iter().any(|range| range.contains(&handle.0))
    }

    /// Views of parts of storages that are up to date: their storage, the steps to them, their value.
    pub fn views(&self) -> Vec<(usize, Vec<ViewStep>, ValueId)> {
        let current = |e: &&Entry| !e.steps.is_empty() && e.version == self.storages[e.storage].version;
        self.handles.iter().filter(current).map(|e| (e.storage, e.steps.clone(), e.value)).collect()
    }

    /// Gives a storage another value, which all its views see.
    pub fn set(&mut self, storage: usize, value: ValueId) {
        self.storages[storage].value = value;
        self.storages[storage].version += 1;
    }

    /// Says which site the storage is the value of.
    pub fn bind(&mut self, handle: Handle, site: Option<(InvokeId, Site)>) {
        self.storages[self.handles[handle.0].storage].site = site;
    }

    /// The site that the storage is the value of.
    pub fn site_of(&self, handle: Handle) -> Option<&(InvokeId, Site)> {
        self.storages[self.handles[handle.0].storage].site.as_ref()
    }

    /// The value of the handle's storage.
    pub fn stored(&self, handle: Handle) -> ValueId {
        self.storages[self.handles[handle.0].storage].value
    }

    /// Says which weights the storage is the value of.
    pub fn bind_parameter(&mut self, handle: Handle, path: Option<String>) {
        self.storages[self.handles[handle.0].storage].parameter = path;
    }

    /// Says that the storage is the gradient of a value in a backward pass.
    pub fn bind_gradient(&mut self, handle: Handle, pass: ValueId, of: ValueId) {
        self.storages[self.handles[handle.0].storage].gradient = Some((pass, of));
    }

    /// The backward pass and the value that the handle is the gradient of, or a part of it.
    pub fn gradient_of(&self, handle: Handle) -> Option<(ValueId, ValueId)> {
        self.storages[self.handles[handle.0].storage].gradient
    }

    /// The weights that the handle is the value of, or a part of it.
    pub fn parameter_of(&self, handle: Handle) -> Option<&str> {
        self.storages[self.handles[handle.0].storage].parameter.as_deref()
    }

    /// True when the handle is the weights' own value, not a part of it.
    pub fn is_whole_parameter(&self, handle: Handle, path: &str) -> bool {
        self.handles[handle.0].steps.is_empty() && self.parameter_of(handle) == Some(path)
    }

    /// The value the handle saw last; right for its type, which writes never change.
    pub fn last_value(&self, handle: Handle) -> ValueId {
        self.handles[handle.0].value
    }

    /// Where to start and what to replay when the storage was written since the handle last looked.
    pub fn stale(&self, handle: Handle) -> Option<(ValueId, Vec<ViewStep>)> {
        let entry = &self.handles[handle.0];
        let storage = &self.storages[entry.storage];
        (entry.version != storage.version).then(|| (storage.value, entry.steps.clone()))
    }

    /// Notes what the replay gave.
    pub fn refresh(&mut self, handle: Handle, value: ValueId) {
        let entry = &mut self.handles[handle.0];
        entry.value = value;
        entry.version = self.storages[entry.storage].version;
    }

    /// The storage's value and the steps that lead to the view.
    pub fn path(&self, handle: Handle) -> (ValueId, Vec<ViewStep>) {
        let entry = &self.handles[handle.0];
        (self.storages[entry.storage].value, entry.steps.clone())
    }

    /// Gives the storage a new value, of which `own` is this handle's part; returns its site.
    pub fn overwrite(&mut self, handle: Handle, value: ValueId, own: ValueId) -> Option<(InvokeId, Site)> {
        let entry = &mut self.handles[handle.0];
        let storage = &mut self.storages[entry.storage];
        storage.value = value;
        storage.version += 1;
        entry.version = storage.version;
        entry.value = own;
        storage.site.clone()
    }

    /// True when the handle is the site's own value, not a part of it.
    pub fn is_whole_value_of(&self, handle: Handle, invoke: InvokeId, site: &Site) -> bool {
        let entry = &self.handles[handle.0];
        let bound = &self.storages[entry.storage].site;
        entry.steps.is_empty() && bound.as_ref().is_some_and(|(i, s)| *i == invoke && s == site)
    }

    /// True when `view` is `target[index]`, up to date.
    pub fn is_view_of(&self, view: Handle, target: Handle, index: &[crate::IndexItem]) -> bool {
        let (v, t) = (&self.handles[view.0], &self.handles[target.0]);
        let last = v.steps.last().map(|s| &s.args[1..]);
        v.storage == t.storage
            && v.version == self.storages[v.storage].version
            && v.steps.len() == t.steps.len() + 1
            && same_steps(&v.steps[..t.steps.len()], &t.steps)
            && matches!(last, Some([Arg::Index(i)]) if i == index)
    }
}

/// Equal up to the value each was first applied to.
fn same_steps(a: &[ViewStep], b: &[ViewStep]) -> bool {
    a.iter().zip(b).all(|(x, y)| x.op == y.op && x.args[1..] == y.args[1..])
}
