//! Recording: statements are typed as they are made, so that a mistake is raised at its own line.
//!
//! A [`Handle`] is what a user holds. Several handles can be views of one storage, as in PyTorch: a
//! write through a view changes the storage, every other view sees it, and if the storage is a
//! site's value, it is a write to the site.

mod edit;
mod flow;
mod frame;
mod gradient;
mod layout;
mod parameter;
mod repeat;
mod replay;
mod results;
mod run;
mod sites;
mod storage;
mod values;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::check::{Signature, check_constant, check_prompts};
use crate::op::Memory;
use crate::{
    Arg, Code, Constant, Diagnostic, IndexItem, Invoke, InvokeId, Kind, Limits, Loc, ModelSpec, Op, Prompt,
    Result, Sampling, Site, TensorType, Trace, ValueId, check,
};
use edit::Shadow;
use frame::{Frame, FrameId};
use layout::Layout;
use storage::{Storages, ViewStep};

pub use flow::Body;
pub use frame::Reach;
pub use repeat::{Block, Mark};
pub use replay::Replay;

/// A value as its user holds it; views of one storage are several handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handle(usize);

/// A trace in the making.
pub struct Recorder {
    spec: Arc<ModelSpec>,
    limits: Limits,
    trace: Trace,
    types: Vec<TensorType>,
    rows: Vec<check::Rows>,
    storages: Storages,
    /// The functions that are being recorded, each inside the one before.
    frames: Vec<Frame>,
    /// Types of the values of functions that have ended, for handles that outlived them.
    ended: HashMap<FrameId, Vec<TensorType>>,
    signatures: Vec<Signature>,
    n_statements: usize,
    n_values: usize,
    sites: HashMap<(InvokeId, Site), Handle>,
    parameters: HashMap<String, Handle>,
    /// Gradients by backward pass and value.
    gradients: HashMap<(ValueId, ValueId), Handle>,
    /// What the same statements are for other prompts, while an edit is recorded.
    shadow: Option<Shadow>,
    saved: HashSet<String>,
    /// Values of the constants used outside functions.
    constants: HashMap<usize, ValueId>,
    constant_bytes: usize,
    result_bytes: usize,
}

impl Recorder {
    /// Starts an empty trace for a model.
    pub fn new(spec: Arc<ModelSpec>, limits: Limits) -> Recorder {
        let trace = Trace { model: Some(spec.name.clone()), ..Trace::default() };
        Recorder {
            spec,
            limits,
            trace,
            types: Vec::new(),
            rows: Vec::new(),
            storages: Storages::default(),
            frames: Vec::new(),
            ended: HashMap::new(),
            signatures: Vec::new(),
            n_statements: 0,
            n_values: 0,
            sites: HashMap::new(),
            parameters: HashMap::new(),
            gradients: HashMap::new(),
            shadow: None,
            saved: HashSet::new(),
            constants: HashMap::new(),
            constant_bytes: 0,
            result_bytes: 0,
        }
    }

    /// The model this trace is for.
    pub fn spec(&self) -> &Arc<ModelSpec> {
        &self.spec
    }

    /// Makes it a trace of a generation: invokes added from now on are continued.
    ///
    /// # Errors
    /// A setting of no meaning, a model that continues nothing, invokes that are there already.
    pub fn generate(&mut self, sampling: Sampling, at: Option<Loc>) -> Result<()> {
        let fault = |m: &str| Err(Diagnostic::new(Code::BadArgument, m).at(at.clone()));
        if !self.trace.invokes.is_empty() {
            return fault("a trace that has an input cannot become one of a generation");
        }
        check::check_generation(&sampling, &self.spec).map_err(|d| d.at(at.clone()))?;
        self.trace.generation = Some(sampling);
        Ok(())
    }

    /// How prompts are continued, if they are.
    pub fn generation(&self) -> Option<&Sampling> {
        self.trace.generation.as_ref()
    }

    /// Adds an input.
    ///
    /// # Errors
    /// No prompt, an empty or too long one, an id outside the vocabulary, too many invokes.
    pub fn invoke(&mut self, prompts: Vec<Prompt>, at: Option<Loc>) -> Result<InvokeId> {
        Limits::hold("invokes", self.trace.invokes.len() + 1, self.limits.invokes)
            .map_err(|d| d.at(at.clone()))?;
        let earlier: usize = self.rows.iter().map(check::Rows::b).sum();
        let generation = self.trace.generation.as_ref();
        let more = prompts.len().saturating_mul(generation.map_or(1, |sampling| sampling.n));
        Limits::hold("prompts", earlier.saturating_add(more), self.limits.prompts)
            .map_err(|d| d.at(at.clone()))?;
        let rows = check_prompts(&prompts, generation, &self.spec).map_err(|d| d.at(at.clone()))?;
        self.rows.push(rows);
        self.trace.invokes.push(Invoke { prompts, at });
        Ok(self.rows.len() - 1)
    }

    /// The rows of an invoke.
    pub fn rows(&self, invoke: InvokeId) -> &check::Rows {
        &self.rows[invoke]
    }

    /// A tensor that comes with the trace, for [`Recorder::constant`]; returns its index.
    ///
    /// # Errors
    /// Constants beyond the limit, data that does not fit the type.
    pub fn add_constant(&mut self, constant: Constant, at: Option<Loc>) -> Result<usize> {
        let bytes = self.constant_bytes + constant.data.len();
        Limits::hold("constant_bytes", bytes, self.limits.constant_bytes).map_err(|d| d.at(at.clone()))?;
        let index = self.trace.constants.len();
        check_constant(index, &constant).map_err(|d| d.at(at))?;
        self.trace.constants.push(constant);
        self.constant_bytes = bytes;
        Ok(index)
    }

    /// A constant in what is being recorded; each handle has a storage of its own.
    ///
    /// # Errors
    /// No such constant, too many statements.
    pub fn constant(&mut self, index: usize, at: Option<Loc>) -> Result<Handle> {
        let known = self.frames.last().map_or(&self.constants, |f| &f.constants).get(&index);
        let value = match known {
            Some(value) => *value,
            None => self.push(Kind::Constant { index }, at)?[0],
        };
        self.frames.last_mut().map_or(&mut self.constants, |f| &mut f.constants).insert(index, value);
        Ok(self.storages.fresh(value))
    }

    /// Applies an operation. `base` is the handle behind the first argument, if that is a tensor.
    ///
    /// # Errors
    /// What the operation's rule objects to.
    pub fn op(
        &mut self,
        op: Op,
        args: Vec<Arg>,
        base: Option<Handle>,
        at: Option<Loc>,
    ) -> Result<Vec<Handle>> {
        let layout = match base {
            Some(base) => self.view_layout(op, &args, base).map_err(|d| d.at(at.clone()))?,
            None => None,
        };
        let values = self.push(Kind::Op { op, args: args.clone() }, at)?;
        if let (Some(layout), Some(base)) = (layout, base) {
            let step = ViewStep { op, args };
            let overlaps = step.overlaps(self.type_of(base), self.ty(values[0]));
            let view = match self.storages.is_around(base) {
                true => self.storages.borrowed(values[0]),
                false => self.storages.view(base, step, values[0]),
            };
            self.storages.lay_out(view, layout, overlaps.then_some(op));
            return Ok(vec![view]);
        }
        Ok(values.into_iter().map(|v| self.storages.fresh(v)).collect())
    }

    /// Where the result lies in the memory of `base`; `None` for an operation that copies.
    fn view_layout(&self, op: Op, args: &[Arg], base: Handle) -> Result<Option<Layout>> {
        let copies = args.iter().any(|a| matches!(a, Arg::Index(items) if items.iter().any(is_tensor)));
        if op.def().memory != Memory::Shares || copies {
            return Ok(None);
        }
        let ty = self.type_of(base);
        let layout = self.storages.layout(base, &ty.shape).after(op.def(), args, ty)?;
        if layout.is_none() && op.def().name == "view" {
            let message =
                format!("`view`: {ty} is not laid out so that it can have this shape without a copy");
            return Err(
                Diagnostic::new(Code::ShapeMismatch, message).help("use `.reshape(...)`, which copies")
            );
        }
        Ok(layout)
    }

    /// Whether the elements of what a handle stands for follow each other in memory, as PyTorch
    /// would lay them out.
    pub fn is_contiguous(&self, handle: Handle) -> bool {
        let shape = &self.type_of(handle).shape;
        self.storages.layout(handle, shape).is_contiguous(shape)
    }

    /// Applies a module of the model to a value.
    ///
    /// # Errors
    /// No such module, an input it does not take.
    pub fn apply(&mut self, module: &str, input: Handle, at: Option<Loc>) -> Result<Handle> {
        let input = self.value(input, at.clone())?;
        let module = self.spec.real(module);
        let value = self.push(Kind::Apply { module, input }, at)?[0];
        Ok(self.storages.fresh(value))
    }

    /// `target[index] = value`.
    ///
    /// # Errors
    /// An index outside the target, a value that does not broadcast to the place.
    pub fn set_item(
        &mut self,
        target: Handle,
        index: Vec<IndexItem>,
        value: Arg,
        base: Option<Handle>,
        at: Option<Loc>,
    ) -> Result<()> {
        let old = self.value(target, at.clone())?;
        self.storages.writable(target).map_err(|d| d.at(at.clone()))?;
        if let Some(view) = base
            && self.storages.is_view_of(view, target, &index)
        {
            return Ok(()); // `h[i] *= 2` wrote through the view already
        }
        let args = vec![Arg::Value(old), Arg::Index(index), value];
        let new = self.push(Kind::Op { op: Op::find("set_index")?, args }, at.clone())?[0];
        self.write_through(target, new, at)
    }

    /// In-place operations: the contents of `target` become `value`, the result of an operation on it.
    ///
    /// # Errors
    /// A result of another shape, or of a kind of dtype that the target cannot hold: no floating
    /// number goes to integers, no number to bool.
    pub fn update(&mut self, target: Handle, value: ValueId, at: Option<Loc>) -> Result<()> {
        let (want, got) = (self.type_of(target), self.ty(value));
        let fault = |code, m: String| Err(Diagnostic::new(code, m).at(at.clone()));
        if got.shape != want.shape {
            let message = format!(
                "cannot write in place: the result has shape {:?}, the tensor {:?}",
                got.shape, want.shape
            );
            return fault(Code::ShapeMismatch, message);
        }
        if got.dtype.category() > want.dtype.category() {
            return fault(
                Code::DTypeMismatch,
                format!("cannot write in place: the result is {got}, the tensor {want}"),
            );
        }
        self.assign(target, Arg::Value(value), at)
    }

    /// The contents of `target` become `value`, broadcast and converted, as by `copy_`.
    ///
    /// # Errors
    /// A value that does not broadcast to the target's shape.
    pub fn assign(&mut self, target: Handle, value: Arg, at: Option<Loc>) -> Result<()> {
        let old = self.value(target, at.clone())?;
        self.storages.writable(target).map_err(|d| d.at(at.clone()))?;
        let new = match &value {
            Arg::Value(v) if self.ty(*v) == self.ty(old) => *v,
            _ => self.push(
                Kind::Op { op: Op::find("copy_into")?, args: vec![Arg::Value(old), value] },
                at.clone(),
            )?[0],
        };
        self.write_through(target, new, at)
    }

    /// The finished trace.
    pub fn finish(self) -> Trace {
        self.trace
    }

    /// The trace so far.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    fn write_through(&mut self, target: Handle, new: ValueId, at: Option<Loc>) -> Result<()> {
        if self.storages.is_around(target) {
            let message = "a branch, a loop or a function cannot write to what is around it";
            let diagnostic = Diagnostic::new(Code::EffectInFunction, message);
            return Err(diagnostic
                .help("return the new value; `.clone()` makes one that can be written")
                .at(at));
        }
        self.writable_parameter(target).map_err(|d| d.at(at.clone()))?;
        let (root, steps) = self.storages.path(target);
        let mut bases = vec![root];
        for step in &steps[..steps.len().saturating_sub(1)] {
            let base = bases[bases.len() - 1];
            bases.push(self.push(step.apply(base), at.clone())?[0]);
        }
        let mut value = new;
        for (step, base) in steps.iter().zip(bases).rev() {
            let shape = self.ty(base).shape.clone();
            value = self.push(step.put(base, &shape, value)?, at.clone())?[0];
        }
        if let Some((invoke, site)) = self.storages.overwrite(target, value, new) {
            self.push(Kind::Write { invoke, site, value }, at.clone())?;
        }
        if let Some(path) = self.storages.parameter_of(target) {
            self.push(Kind::SetParameter { path: path.to_owned(), value }, at.clone())?;
        }
        if let Some((pass, of)) = self.storages.gradient_of(target) {
            self.push(Kind::SetGradient { pass, of, value }, at)?;
        }
        Ok(())
    }
}

fn is_tensor(item: &IndexItem) -> bool {
    matches!(item, IndexItem::Value(_))
}
