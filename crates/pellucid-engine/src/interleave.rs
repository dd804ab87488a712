//! The interleaver: what a plan says, done at the sites of a pass as the model reaches them.

mod backward;

use std::collections::HashMap;
use std::ops::Range;

use pellucid_graph::{CheckedTrace, Code, DType, Diagnostic, Entry, InvokeId, Kind, Loc, Order, ValueId};

use backward::Backward;

use crate::batch::{Batch, Layout};
use crate::compute::Machine;
use crate::execute::Saved;
use crate::grad::{put, take, watch};
use crate::pass::{Flow, Halt, Node, PointId, Seen, WatchSet, Watcher};
use crate::precision::Precision;
use crate::steps::Follower;
use crate::{Cancel, Error, Event, Log, Model, Observer, Tensor};

/// The values of a running trace.
pub(crate) struct Values<'a> {
    pub machine: Machine<'a>,
    pub checked: &'a CheckedTrace,
    observer: &'a mut Observer<'a>,
    values: Vec<Option<Tensor>>,
    /// Values that do not exist, and the step they need that was not made.
    missing: HashMap<ValueId, usize>,
    /// Whose gradients are asked for.
    backward: Backward,
}

impl<'a> Values<'a> {
    /// Nothing computed yet.
    pub fn new(
        model: &'a Model,
        checked: &'a CheckedTrace,
        cancel: &'a Cancel,
        observer: &'a mut Observer<'a>,
    ) -> Values<'a> {
        let values = vec![None; checked.types().len()];
        let machine = Machine::new(model, checked, cancel);
        let backward = Backward::of(checked);
        Values { machine, checked, observer, values, missing: HashMap::new(), backward }
    }

    /// Lets the trace import what earlier ones of its session have saved.
    pub fn after(self, earlier: &'a [Saved]) -> Values<'a> {
        Values { machine: self.machine.with_earlier(earlier), ..self }
    }

    /// Goes on with values that were computed before.
    pub fn take_up(&mut self, values: Vec<Option<Tensor>>) {
        self.values = values;
    }

    /// The values that are not dropped.
    pub fn kept(self) -> Vec<Option<Tensor>> {
        self.values
    }

    fn checked(&self) -> &'a CheckedTrace {
        self.checked
    }

    /// Tells whoever watches the run.
    pub fn tell(&mut self, event: Event) {
        (self.observer)(event);
    }

    /// A value that the plan has made and not dropped.
    pub fn get(&self, v: ValueId) -> Result<&Tensor, Error> {
        let value = self.values.get(v.index()).and_then(Option::as_ref);
        value.ok_or_else(|| Error::internal(format!("value {v} was not computed")))
    }

    /// The step that a value needs and that was not made.
    pub fn missing(&self, v: ValueId) -> Option<usize> {
        self.missing.get(&v).copied()
    }

    /// Notes that what a statement makes does not exist, if what it uses does not.
    fn lacks(&mut self, i: usize) -> Option<usize> {
        let kind = &self.checked().statement(i).kind;
        let mut lacking = None;
        if !self.missing.is_empty() {
            kind.for_each_input(|v| lacking = lacking.max(self.missing(v)));
        }
        lacking = lacking.max(self.machine.lacks(kind));
        lacking.inspect(|step| self.miss(i, *step))
    }

    fn miss(&mut self, i: usize, step: usize) {
        let first = self.checked().first_value(i).0;
        let made = 0..self.checked().statement(i).kind.n_values() as u32;
        self.missing.extend(made.map(|k| (ValueId(first + k), step)));
    }

    /// Goes through an entry of a step that was not made.
    pub fn pass_over(&mut self, entry: &Entry, step: usize) -> Result<(), Error> {
        entry.reads.iter().for_each(|i| self.miss(*i, step));
        self.compute(&entry.compute)?;
        self.drop_all(&entry.drops);
        Ok(())
    }

    /// Takes what a whole generation has made for the reads of an entry, and computes what needs it.
    pub fn finish(
        &mut self,
        entry: &Entry,
        result: impl Fn(InvokeId) -> Result<Tensor, Error>,
    ) -> Result<(), Error> {
        for &i in &entry.reads {
            if let Kind::Read { invoke, .. } = &self.checked().statement(i).kind {
                self.set(self.checked().first_value(i), result(*invoke)?)?;
            }
        }
        self.compute(&entry.compute)?;
        self.drop_all(&entry.drops);
        Ok(())
    }

    fn drop_all(&mut self, values: &[ValueId]) {
        values.iter().for_each(|v| self.values[v.index()] = None);
    }

    /// # Errors
    /// A value of another type than was checked, which would be a fault of a rule or a kernel.
    fn set(&mut self, v: ValueId, value: Tensor) -> Result<(), Error> {
        let (got, want) = (value.ty(), self.checked().type_of(v));
        if !want.admits(&got) {
            return Err(Error::internal(format!("value {v} is {got}, {want} was checked")));
        }
        let watched = self.backward.watches(v);
        self.values[v.index()] = Some(if watched { watch(value) } else { value });
        Ok(())
    }

    /// Computes statements in order, and tells of what they log.
    pub fn compute(&mut self, statements: &[usize]) -> Result<(), Error> {
        for &i in statements {
            if self.lacks(i).is_some() || self.is_computed(i) {
                continue;
            }
            let first = self.checked().first_value(i);
            let statement = self.checked().statement(i);
            if let Kind::Backward { .. } = &statement.kind {
                self.backward(i).map_err(|e| e.at(statement.at.as_ref()))?;
                continue;
            }
            if let Kind::Log { parts } = &statement.kind {
                let parts = parts.iter().map(|part| part.try_map(|v| self.get(*v).cloned()));
                let parts = parts.collect::<Result<_, _>>()?;
                (self.observer)(Event::Log(Log { parts, at: statement.at.clone() }));
                continue;
            }
            let made = self.machine.compute(statement, |v| self.values.get(v.index())?.as_ref())?;
            for (k, value) in made.into_iter().enumerate() {
                self.set(ValueId(first.0 + k as u32), value)?;
            }
        }
        Ok(())
    }
}

/// One pass of a plan.
pub(crate) struct Interleaver<'v, 'a> {
    values: &'v mut Values<'a>,
    plan: &'v [Entry],
    /// Index of the entry of each watched site.
    entries: HashMap<Order, usize>,
    /// The sequences of each invoke that takes part, among the pass's.
    rows: HashMap<InvokeId, Range<usize>>,
    /// Rows that skip a module that has started, and what its output shall be there.
    skips: HashMap<usize, Vec<(Range<usize>, Tensor)>>,
    /// Token ids that the trace wrote: the one kind of value that a module can object to.
    ids: Vec<(usize, Tensor)>,
    done: usize,
    step: usize,
    goes_on: bool,
}

impl<'v, 'a> Interleaver<'v, 'a> {
    /// Prepares a pass over the rows of some invokes, one after the other: says which modules to watch.
    pub fn new(values: &'v mut Values<'a>, plan: &'v [Entry], invokes: &[InvokeId]) -> (Self, WatchSet) {
        let (model, checked) = (values.machine.model, values.checked());
        let mut watched = WatchSet::none(model.n_modules());
        for entry in plan {
            let Some((node, point)) = model.site(entry.order) else { continue };
            watched.add(node, point);
            if !entry.skips.is_empty() {
                watched.add_skip(node);
            }
        }
        let mut rows = HashMap::new();
        let mut start = 0;
        for &invoke in invokes {
            let end = start + checked.rows(invoke).b();
            rows.insert(invoke, start..end);
            start = end;
        }
        let entries = plan.iter().enumerate().map(|(i, e)| (e.order, i)).collect();
        let (skips, ids) = (HashMap::new(), Vec::new());
        let (step, goes_on) = (0, false);
        (Interleaver { values, plan, entries, rows, skips, ids, done: 0, step, goes_on }, watched)
    }

    /// Makes it one of a step of a generation, which may go on when all that is planned for it is done.
    pub fn at_step(self, step: usize, goes_on: bool) -> Self {
        Interleaver { step, goes_on, ..self }
    }

    /// What was written last at a site that the pass has come to.
    pub fn written_at(&self, order: Order) -> Option<&Tensor> {
        let entry = &self.plan[*self.entries.get(&order)?];
        match &self.values.checked().statement(*entry.writes.last()?).kind {
            Kind::Write { value, .. } => self.values.get(*value).ok(),
            _ => None,
        }
    }

    /// # Errors
    /// An entry that the pass never came to, which would be a fault of the engine.
    pub fn finish(self) -> Result<(), Error> {
        match self.done == self.plan.len() {
            true => Ok(()),
            false => Err(Error::internal("the pass ended before every watched site was visited")),
        }
    }

    fn enter_site(&mut self, entry: &Entry, value: &mut Seen<'_>, batch: &Batch) -> Result<(), Error> {
        for i in self.values.watched_first(&entry.reads).iter().copied() {
            if let Kind::Read { invoke, .. } = &self.values.checked().statement(i).kind {
                let Some(rows) = self.rows.get(invoke) else {
                    self.values.miss(i, self.step);
                    continue;
                };
                let dense = take(batch, rows, value.layout, value.x, value.fill);
                let shown = self.values.machine.model.precision().shown(dense);
                let v = self.values.checked().first_value(i);
                self.values.set(v, shown)?;
                if self.values.backward.watches(v) {
                    // What the model goes on with is what was read, so that gradients pass through it.
                    let read = Precision::taken(self.values.get(v)?);
                    put(batch, rows, value.layout, value.x, &read);
                    value.written = true;
                }
            }
        }
        self.values.compute(&entry.compute)?;
        for &i in &entry.writes {
            if let Kind::Write { invoke, value: v, .. } = &self.values.checked().statement(i).kind {
                let Some(rows) = self.rows.get(invoke) else { continue };
                let written = self.written(i, *v)?;
                put(batch, rows, value.layout, value.x, &Precision::taken(written));
                value.written = true;
                if written.dtype() == DType::I64 {
                    self.ids.push((i, written.clone()));
                }
            }
        }
        for &i in &entry.skips {
            if let Kind::Skip { invoke, value: v, .. } = &self.values.checked().statement(i).kind {
                let Some(rows) = self.rows.get(invoke).cloned() else { continue };
                let Some((node, _)) = self.values.machine.model.site(entry.order) else { continue };
                if value.x.dtype() == DType::I64 {
                    let shape = batch.dense_shape(&rows, value.layout, value.x.shape());
                    // The module may still run for other rows: it must not object to ids of these.
                    let zeros = Tensor::new(vec![0i64; shape.iter().product()], shape);
                    batch.put(&rows, value.layout, value.x, &zeros);
                }
                let output = Precision::taken(self.written(i, *v)?);
                self.skips.entry(node).or_default().push((rows, output));
            }
        }
        self.values.drop_all(&entry.drops);
        Ok(())
    }

    /// The value that a statement puts into the pass.
    fn written(&self, i: usize, v: ValueId) -> Result<&Tensor, Error> {
        let Some(step) = self.values.missing(v) else { return self.values.get(v) };
        let statement = self.values.checked().statement(i);
        let message = format!("what is written needs step {step} of a generation that ended before it");
        let diagnostic = Diagnostic::new(Code::NotReached, message);
        Err(diagnostic.help("`ignore_eos=True` makes all steps").at(statement.at.clone()).into())
    }
}

impl Follower for Interleaver<'_, '_> {
    /// Does what is planned for a site.
    fn reach(&mut self, order: Order, value: &mut Seen<'_>, batch: &Batch) -> Flow<()> {
        let Some(index) = self.entries.get(&order).copied() else { return Ok(()) };
        let plan = self.plan;
        self.values.machine.cancel.check()?;
        self.enter_site(&plan[index], value, batch)?;
        self.done += 1;
        match self.done == plan.len() && !self.goes_on {
            true => Err(Halt::Done),
            false => Ok(()),
        }
    }

    fn blame(&mut self, e: Error) -> Error {
        let Error::Trace(d) = e else { return e };
        let objects = |&&(i, ref ids): &&(usize, Tensor)| match &self.values.checked().statement(i).kind {
            Kind::Write { site, .. } => {
                matches!(
                    self.values.machine.model.apply(&site.path, ids.clone(), self.values.machine.cancel),
                    Err(Error::Trace(_))
                )
            }
            _ => false,
        };
        let at = self.ids.iter().find(objects).map(|(i, _)| self.values.checked().statement(*i).at.clone());
        Error::Trace(d.at(at.flatten()))
    }

    fn wrote_ids(&self) -> Option<Loc> {
        self.ids.last().and_then(|(i, _)| self.values.checked().statement(*i).at.clone())
    }
}

impl Watcher for Interleaver<'_, '_> {
    fn visit(&mut self, node: &Node, point: PointId, value: &mut Seen<'_>, batch: &Batch) -> Flow<()> {
        match self.values.machine.model.order(node.id, point) {
            Some(order) => self.reach(order, value, batch),
            None => Ok(()),
        }
    }

    fn skip_all(&mut self, node: &Node, layout: Layout, batch: &Batch) -> Option<Tensor> {
        let skips = self.skips.get(&node.id)?;
        let rows: usize = skips.iter().map(|(range, _)| range.len()).sum();
        if rows < batch.sequences().len() {
            return None;
        }
        let shape = batch.packed_shape(layout, skips.first()?.1.shape());
        Some(Tensor::new(vec![0.0f32; shape.iter().product()], shape))
    }

    fn skip_rows(&mut self, node: &Node, layout: Layout, y: &mut Tensor, batch: &Batch) {
        for (range, value) in self.skips.remove(&node.id).unwrap_or_default() {
            put(batch, &range, layout, y, &value);
        }
    }
}
