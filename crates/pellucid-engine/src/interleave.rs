//! The interleaver: what a plan says, done at the sites of a pass as the model reaches them.

use std::collections::HashMap;
use std::ops::Range;

use pellucid_graph::{CheckedTrace, DType, Entry, InvokeId, Kind, Order, PassPlan, ValueId};

use crate::batch::{Batch, Layout};
use crate::compute::Machine;
use crate::pass::{Flow, Halt, Node, PointId, Seen, WatchSet, Watcher};
use crate::precision::Precision;
use crate::{Error, Tensor};

/// The values of a running trace.
pub(crate) struct Values<'a> {
    pub machine: Machine<'a>,
    values: Vec<Option<Tensor>>,
}

impl<'a> Values<'a> {
    /// Nothing computed yet.
    pub fn new(machine: Machine<'a>) -> Values<'a> {
        let values = vec![None; machine.checked.types().len()];
        Values { machine, values }
    }

    fn checked(&self) -> &'a CheckedTrace {
        self.machine.checked
    }

    /// A value that the plan has made and not dropped.
    pub fn get(&self, v: ValueId) -> Result<&Tensor, Error> {
        let value = self.values.get(v.index()).and_then(Option::as_ref);
        value.ok_or_else(|| Error::internal(format!("value {v} was not computed")))
    }

    /// # Errors
    /// A value of another type than was checked, which would be a fault of a rule or a kernel.
    fn set(&mut self, v: ValueId, value: Tensor) -> Result<(), Error> {
        let (got, want) = (value.ty(), self.checked().type_of(v));
        if !want.admits(&got) {
            return Err(Error::internal(format!("value {v} is {got}, {want} was checked")));
        }
        self.values[v.index()] = Some(value);
        Ok(())
    }

    /// Computes statements in order.
    pub fn compute(&mut self, statements: &[usize]) -> Result<(), Error> {
        for &i in statements {
            let first = self.checked().first_value(i);
            let statement = self.checked().statement(i);
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
    plan: &'v PassPlan,
    /// Index of the entry of each watched site.
    entries: HashMap<Order, usize>,
    /// The sequences of each invoke among the pass's.
    rows: HashMap<InvokeId, Range<usize>>,
    /// Rows that skip a module that has started, and what its output shall be there.
    skips: HashMap<usize, Vec<(Range<usize>, Tensor)>>,
    /// Token ids that the trace wrote: the one kind of value that a module can object to.
    ids: Vec<(usize, Tensor)>,
    done: usize,
}

impl<'v, 'a> Interleaver<'v, 'a> {
    /// Prepares a pass: which modules to watch, and the batch of its invokes' sequences.
    pub fn new(values: &'v mut Values<'a>, plan: &'v PassPlan) -> (Self, WatchSet, Batch) {
        let (model, checked) = (values.machine.model, values.checked());
        let mut watched = WatchSet::none(model.n_modules());
        for entry in &plan.entries {
            let (node, point) = model.site(entry.order);
            watched.add(node, point);
            if !entry.skips.is_empty() {
                watched.add_skip(node);
            }
        }
        let mut rows = HashMap::new();
        let mut lengths = Vec::new();
        for &invoke in &plan.invokes {
            let start = lengths.len();
            lengths.extend(&checked.rows(invoke).lengths);
            rows.insert(invoke, start..lengths.len());
        }
        let entries = plan.entries.iter().enumerate().map(|(i, e)| (e.order, i)).collect();
        let (skips, ids) = (HashMap::new(), Vec::new());
        (Interleaver { values, plan, entries, rows, skips, ids, done: 0 }, watched, Batch::new(lengths))
    }

    /// # Errors
    /// An entry that the pass never came to, which would be a fault of the engine.
    pub fn finish(self) -> Result<(), Error> {
        match self.done == self.plan.entries.len() {
            true => Ok(()),
            false => Err(Error::internal("the pass ended before every watched site was visited")),
        }
    }

    /// Puts the line that wrote ids on an error that a module made of them.
    pub fn blame(self, e: Error) -> Error {
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

    fn enter_site(
        &mut self,
        node: &Node,
        entry: &Entry,
        value: &mut Seen<'_>,
        batch: &Batch,
    ) -> Result<(), Error> {
        for &i in &entry.reads {
            if let Kind::Read { invoke, .. } = &self.values.checked().statement(i).kind {
                let dense = batch.take(&self.rows[invoke], value.layout, value.x, value.fill);
                let shown = self.values.machine.model.precision().shown(dense);
                self.values.set(self.values.checked().first_value(i), shown)?;
            }
        }
        self.values.compute(&entry.compute)?;
        for &i in &entry.writes {
            if let Kind::Write { invoke, value: v, .. } = &self.values.checked().statement(i).kind {
                let written = self.values.get(*v)?;
                batch.put(&self.rows[invoke], value.layout, value.x, &Precision::taken(written));
                value.written = true;
                if written.dtype() == DType::I64 {
                    self.ids.push((i, written.clone()));
                }
            }
        }
        for &i in &entry.skips {
            if let Kind::Skip { invoke, value: v, .. } = &self.values.checked().statement(i).kind {
                let rows = self.rows[invoke].clone();
                if value.x.dtype() == DType::I64 {
                    let shape = batch.dense_shape(&rows, value.layout, value.x.shape());
                    // The module may still run for other rows: it must not object to ids of these.
                    let zeros = Tensor::new(vec![0i64; shape.iter().product()], shape);
                    batch.put(&rows, value.layout, value.x, &zeros);
                }
                let output = Precision::taken(self.values.get(*v)?);
                self.skips.entry(node.id).or_default().push((rows, output));
            }
        }
        for v in &entry.drops {
            self.values.values[v.index()] = None;
        }
        Ok(())
    }
}

impl Watcher for Interleaver<'_, '_> {
    fn visit(&mut self, node: &Node, point: PointId, value: &mut Seen<'_>, batch: &Batch) -> Flow<()> {
        let entry =
            self.values.machine.model.order(node.id, point).and_then(|o| self.entries.get(&o)).copied();
        let Some(index) = entry else { return Ok(()) };
        let plan = self.plan;
        self.values.machine.cancel.check()?;
        self.enter_site(node, &plan.entries[index], value, batch)?;
        self.done += 1;
        match self.done == plan.entries.len() {
            true => Err(Halt::Done),
            false => Ok(()),
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
            batch.put(&range, layout, y, &value);
        }
    }
}
