//! Running a trace while it is written: values are there as soon as their line is.
//!
//! The statements are those of any trace. An operation is computed at once; a read lets the model's
//! pass go on to its site, where it stands until it is told to go further ([`Walk`]); a write or a skip
//! waits for the pass to come to its site. So reads and writes must be in the order of the model, which
//! [`Live::permits`] says before a line is recorded. Each invoke has a pass of its own, and the next
//! one ends it.

mod edits;
mod guide;
mod order;
mod walk;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use pellucid_graph::{
    Code, Constant, Diagnostic, Function, Invoke, InvokeId, Kind, Limits, Point, Sampling, Site, Statement,
    Trace, ValueId, When, spec::GENERATOR,
};

use crate::compute::{Machine, Parts};
use crate::precision::Precision;
use crate::{Cancel, Error, Event, Log, Model, Observer, Tensor};
use order::Progress;
use walk::{Answer, Ask, Change, Goal, Walk};

/// A trace that runs while it is written.
pub struct Live {
    model: Arc<Model>,
    limits: Limits,
    cancel: Cancel,
    generation: Option<Sampling>,
    invokes: Vec<Invoke>,
    constants: Vec<Constant>,
    functions: Vec<Function>,
    /// Statements that have been written and not run.
    queue: VecDeque<Statement>,
    n_taken: usize,
    values: Vec<Option<Tensor>>,
    flops: u64,
    progress: Progress,
    walk: Option<Walk>,
    /// What the pass has yet to do: writes and skips of sites where it has not been.
    changes: Vec<Change>,
    /// Sites whose values are to be kept when the pass comes by, and those that have been.
    keep: Vec<When>,
    kept: HashMap<When, Tensor>,
}

impl Live {
    /// A trace of nothing yet. `cancel` ends it from outside.
    pub fn new(model: Arc<Model>, limits: Limits, cancel: Cancel) -> Live {
        Live {
            model,
            limits,
            cancel,
            generation: None,
            invokes: Vec::new(),
            constants: Vec::new(),
            functions: Vec::new(),
            queue: VecDeque::new(),
            n_taken: 0,
            values: Vec::new(),
            flops: 0,
            progress: Progress::default(),
            walk: None,
            changes: Vec::new(),
            keep: Vec::new(),
            kept: HashMap::new(),
        }
    }

    /// Notes what has been written since the last call, to be run by [`run`](Self::run).
    pub fn take(&mut self, trace: &Trace) {
        if trace.invokes.len() > self.invokes.len() {
            self.end_pass();
            self.progress.begin(trace.invokes.len() - 1);
        }
        self.generation.clone_from(&trace.generation);
        self.invokes.extend_from_slice(&trace.invokes[self.invokes.len()..]);
        self.constants.extend_from_slice(&trace.constants[self.constants.len()..]);
        self.functions.extend_from_slice(&trace.functions[self.functions.len()..]);
        self.queue.extend(trace.statements[self.n_taken..].iter().cloned());
        self.n_taken = trace.statements.len();
    }

    /// Whether nothing waits to be run that takes long: only single operations.
    pub fn is_quick(&self) -> bool {
        let slow = |kind: &Kind| match kind {
            Kind::Read { .. } | Kind::Apply { .. } => true,
            other => other.uses().next().is_some(),
        };
        !self.queue.iter().any(|s| slow(&s.kind))
    }

    /// Whether nothing waits to be run.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// Runs what waits. After an error the rest of it is given up, and its values are never there.
    ///
    /// # Errors
    /// What only shows in the elements, at the user's line; [`Code::LiveOrder`](pellucid_graph::Code)
    /// for a site that the pass has left; [`Error::Cancelled`].
    pub fn run(&mut self, observer: &mut Observer<'_>) -> Result<(), Error> {
        while let Some(statement) = self.queue.pop_front() {
            match self.statement(&statement, observer) {
                Ok(made) => self.values.extend(made.into_iter().map(Some)),
                Err(e) => {
                    let rest = std::mem::take(&mut self.queue);
                    let lost = rest.iter().map(|s| s.kind.n_values()).sum::<usize>();
                    let n = self.values.len() + statement.kind.n_values() + lost;
                    self.values.resize(n, None);
                    return Err(e.at(statement.at.as_ref()));
                }
            }
        }
        Ok(())
    }

    /// A value that has been computed and not forgotten.
    pub fn value(&self, v: ValueId) -> Option<&Tensor> {
        self.values.get(v.index())?.as_ref()
    }

    /// How many values there have been.
    pub fn n_values(&self) -> usize {
        self.values.len()
    }

    /// Forgets all values but these.
    pub fn retain(&mut self, held: &HashSet<ValueId>) {
        for (i, value) in self.values.iter_mut().enumerate() {
            if !held.contains(&ValueId(i as u32)) {
                *value = None;
            }
        }
    }

    /// Whether a read (or else a write) of a site can still be done.
    ///
    /// # Errors
    /// [`Code::LiveOrder`](pellucid_graph::Code) when the pass has been there, or was that of an
    /// earlier invoke; a site inside a skipped module; a read beyond a stop.
    pub fn permits(&self, invoke: InvokeId, site: &Site, is_read: bool) -> Result<(), Error> {
        let when = self.when(site)?;
        if is_read && invoke + 1 == self.invokes.len() && self.kept.contains_key(&when) {
            return Ok(());
        }
        Ok(self.progress.permits(self.model.spec(), invoke, (site, when), is_read)?)
    }

    /// Keeps the value of a site when the pass of the present invoke comes by, so that it can be read
    /// out of order.
    ///
    /// # Errors
    /// As [`permits`](Self::permits).
    pub fn keep(&mut self, site: &Site) -> Result<(), Error> {
        self.permits(self.progress.invoke(), site, true)?;
        self.keep.push(self.when(site)?);
        Ok(())
    }

    /// Goes on to the beginning of a step of the present invoke, unless that has begun; gives false when
    /// the generation ended before.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn reach_step(&mut self, step: usize) -> Result<bool, Error> {
        if self.progress.has_begun(step) {
            return Ok(true);
        }
        self.progress.goes_on("go on to a step")?;
        match self.go(Goal::Step(step))? {
            Answer::Step(kept) => {
                self.kept.extend(kept);
                self.progress.stand(When { step, order: 0 }, false);
                Ok(true)
            }
            Answer::NotMade(kept) | Answer::At(_, kept) => {
                self.kept.extend(kept);
                Ok(false)
            }
            Answer::Failed(e) => Err(e),
        }
    }

    /// Ends the pass of the present invoke where it stands.
    pub fn end_pass(&mut self) {
        self.walk = None;
        self.progress.end();
        self.changes.clear();
        self.keep.clear();
        self.kept.clear();
    }

    fn statement(&mut self, s: &Statement, observer: &mut Observer<'_>) -> Result<Vec<Tensor>, Error> {
        self.cancel.check()?;
        match &s.kind {
            Kind::Read { invoke, site } => self.read(*invoke, site).map(|value| vec![value]),
            Kind::Write { invoke, site, value } => {
                self.permits(*invoke, site, false)?;
                let (when, value) = (self.when(site)?, self.get(*value)?.clone());
                self.progress.mention(when);
                self.changes.push(Change::Write { when, value, at: s.at.clone() });
                Ok(Vec::new())
            }
            Kind::Skip { invoke, module, step, value } => {
                let input = Site { step: *step, ..Site::new(module.clone(), Point::Input) };
                self.permits(*invoke, &input, false)?;
                let (when, value) = (self.when(&input)?, Precision::taken(self.get(*value)?));
                self.progress.mention(when);
                self.progress.skip(*step, module);
                self.changes.push(Change::Skip { when, value });
                Ok(Vec::new())
            }
            Kind::Log { parts } => {
                let parts = parts.iter().map(|part| part.try_map(|v| self.get(*v).cloned()));
                let parts = parts.collect::<Result<_, _>>()?;
                observer(Event::Log(Log { parts, at: s.at.clone() }));
                Ok(Vec::new())
            }
            Kind::Save { value, .. } => self.get(*value).map(|_| Vec::new()),
            Kind::Stop => {
                self.progress.stop();
                Ok(Vec::new())
            }
            _ => self.compute(s),
        }
    }

    fn read(&mut self, invoke: InvokeId, site: &Site) -> Result<Tensor, Error> {
        self.permits(invoke, site, true)?;
        let when = self.when(site)?;
        self.progress.mention(when);
        if let Some(kept) = self.kept.get(&when) {
            return Ok(kept.clone());
        }
        match self.go(Goal::Site(when))? {
            Answer::At(value, kept) => {
                self.kept.extend(kept);
                self.progress.stand(when, true);
                Ok(value)
            }
            Answer::NotMade(kept) | Answer::Step(kept) => {
                self.kept.extend(kept);
                Err(self.not_reached(site).into())
            }
            Answer::Failed(e) => Err(e),
        }
    }

    /// Lets the run of the present invoke go on.
    fn go(&mut self, goal: Goal) -> Result<Answer, Error> {
        let invoke = self.invokes.last();
        let walk = self.walk.get_or_insert_with(|| {
            let prompts = invoke.iter().flat_map(|invoke| &invoke.prompts);
            let prompts = prompts.map(|p| p.ids.clone().unwrap_or_default()).collect();
            Walk::new(self.model.clone(), prompts, self.generation.clone(), self.cancel.clone())
        });
        let (changes, keep) = (std::mem::take(&mut self.changes), std::mem::take(&mut self.keep));
        let gone = walk.go(Ask { goal, changes, keep });
        gone.inspect_err(|_| self.progress.fail())
    }

    /// When the run comes to a site: the tokens of a whole generation are there after its last step.
    fn when(&self, site: &Site) -> Result<When, Error> {
        let (order, _) = self.model.spec().site(site)?;
        let is_result = site.path == GENERATOR && site.point == Point::Output;
        let steps = self.generation.as_ref().map_or(1, |sampling| sampling.max_new_tokens);
        Ok(When { step: if is_result { steps } else { site.step as usize }, order })
    }

    fn compute(&mut self, statement: &Statement) -> Result<Vec<Tensor>, Error> {
        let mut missing = None;
        statement.kind.for_each_input(|v| missing = missing.or(self.value(v).is_none().then_some(v)));
        if let Some(v) = missing {
            return Err(order::never_computed(v).into());
        }
        let parts = Parts { constants: &self.constants, functions: &self.functions, limits: &self.limits };
        let machine = Machine::new(&self.model, parts, &self.cancel).after(self.flops);
        let made = machine.compute(statement, |v| self.value(v));
        self.flops = machine.flops();
        made
    }

    fn get(&self, v: ValueId) -> Result<&Tensor, Error> {
        self.value(v).ok_or_else(|| order::never_computed(v).into())
    }

    /// What is wrong with a read of a site that the run never came to.
    fn not_reached(&self, site: &Site) -> Diagnostic {
        if self.generation.is_none() {
            let message = format!("`{site}` does not run: an edit of the model skips what it is in");
            return Diagnostic::new(Code::SkippedSite, message);
        }
        let message = format!("cannot read `{site}`: the generation ended before step {}", site.step);
        let help = "`for step in tracer.iter[:]` ends with the generation, `ignore_eos=True` makes all steps";
        Diagnostic::new(Code::NotReached, message).help(help)
    }
}
