//! Replaying: statements of one trace recorded anew in another, or again in the same one.
//!
//! Values get new numbers and new types, sites are those that `place` says, reads see what was written
//! there already. So an edit, recorded once, is put before each invoke of a trace and each of its
//! steps; and a block can be repeated for other steps.

mod functions;

use std::collections::HashMap;
use std::ops::Range;

use super::Recorder;
use crate::{FunctionId, InvokeId, Kind, Loc, Point, Result, Site, Statement, TensorType, Trace, ValueId};

/// Statements to be recorded again.
pub struct Replay<'a> {
    source: &'a Trace,
    /// Whether the source is a copy of the trace that is being recorded.
    is_own: bool,
    /// Whether reads are of the model's own values, as in a finished trace, and not of what this trace has
    /// written there since the replay began.
    as_written: bool,
    /// What stands here for values of the source.
    values: HashMap<ValueId, ValueId>,
    /// Functions of the source by the types they are called with, for these and for other prompts.
    functions: HashMap<(FunctionId, Vec<TensorType>, Vec<TensorType>), FunctionId>,
    constants: HashMap<usize, usize>,
}

/// Says for an invoke and a site of the source which they are here.
pub type Placed<'p> = &'p dyn Fn(InvokeId, Site) -> (InvokeId, Site);

impl<'a> Replay<'a> {
    /// A replay of another trace, whose statements are replayed from the first on, or whose values are
    /// made [known](Self::know).
    pub fn of(source: &'a Trace) -> Replay<'a> {
        let (values, functions, constants) = (HashMap::new(), HashMap::new(), HashMap::new());
        Replay { source, is_own: false, as_written: false, values, functions, constants }
    }

    /// A replay of statements of the very trace that is being recorded, of which `source` is a copy: values
    /// that they do not make are the same.
    pub fn of_own(source: &'a Trace) -> Replay<'a> {
        Replay { is_own: true, ..Replay::of(source) }
    }

    /// A replay of a finished trace: what it reads is what stands at a site when the replay begins,
    /// whatever it writes there itself.
    pub fn of_finished(source: &'a Trace) -> Replay<'a> {
        Replay { as_written: true, ..Replay::of(source) }
    }

    /// Says what stands for a value of the source that the statements replayed do not make.
    pub fn know(&mut self, source: ValueId, here: ValueId) {
        self.values.insert(source, here);
    }

    /// What stands here for a value of the source.
    pub fn value(&self, v: ValueId) -> ValueId {
        self.values.get(&v).copied().unwrap_or(v)
    }
}

impl Recorder {
    /// Records statements of the replay's source again.
    ///
    /// # Errors
    /// What is wrong with a statement here, at its own line.
    pub fn replay(
        &mut self,
        replay: &mut Replay<'_>,
        statements: Range<usize>,
        place: Placed<'_>,
    ) -> Result<()> {
        let source = replay.source;
        let first = source.first_values();
        for i in statements {
            let Statement { kind, at } = &source.statements[i];
            let made = self.again(replay, kind, at.as_ref(), place)?;
            for (k, value) in made.into_iter().enumerate() {
                replay.values.insert(ValueId(first[i].0 + k as u32), value);
            }
        }
        Ok(())
    }

    /// One statement, and the values that it makes.
    fn again(
        &mut self,
        replay: &mut Replay<'_>,
        kind: &Kind,
        at: Option<&Loc>,
        place: Placed<'_>,
    ) -> Result<Vec<ValueId>> {
        let at = || at.cloned();
        match kind {
            kind if replay.as_written => return self.again_as_written(replay, kind, at(), place),
            Kind::Read { invoke, site } => {
                let (invoke, site) = place(*invoke, site.clone());
                let handle = self.read(invoke, site, at())?;
                return Ok(vec![self.value(handle, at())?]);
            }
            Kind::Parameter { path } => {
                let handle = self.parameter(path, at())?;
                return Ok(vec![self.value(handle, at())?]);
            }
            Kind::Constant { index } => {
                // Once, however often it is replayed.
                let index = self.constant_here(replay, *index).map_err(|d| d.at(at()))?;
                let handle = self.constant(index, at())?;
                return Ok(vec![self.value(handle, at())?]);
            }
            Kind::Write { invoke, site, value } => {
                let (invoke, site) = place(*invoke, site.clone());
                let value = self.storages.fresh(replay.value(*value));
                self.write(invoke, site, value, at())?;
            }
            Kind::Skip { invoke, module, step, value } => {
                let output = Site { step: *step, ..Site::new(module.clone(), Point::Output) };
                let (invoke, Site { step, .. }) = place(*invoke, output);
                let value = self.storages.fresh(replay.value(*value));
                self.skip(invoke, module, step, value, at())?;
            }
            Kind::SetParameter { path, value } => {
                let value = self.storages.fresh(replay.value(*value));
                self.set_parameter(path, value, at())?;
            }
            Kind::Save { name, value } => {
                let value = self.storages.fresh(replay.value(*value));
                self.save(name, value, at())?;
            }
            Kind::Stop => self.stop(at())?,
            pure => {
                let here = pure.map_values(&mut |v| replay.value(v));
                let kind = self.of_this_trace(replay, here).map_err(|d| d.at(at()))?;
                return self.push(kind, at());
            }
        }
        Ok(Vec::new())
    }

    /// One statement of a finished trace.
    fn again_as_written(
        &mut self,
        replay: &mut Replay<'_>,
        kind: &Kind,
        at: Option<Loc>,
        place: Placed<'_>,
    ) -> Result<Vec<ValueId>> {
        let mut here = kind.map_values(&mut |v| replay.value(v));
        if let Kind::Read { invoke, site } | Kind::Write { invoke, site, .. } = &mut here {
            let real = self.spec.real_site(site.clone());
            (*invoke, *site) = place(*invoke, real);
        }
        if let Kind::Read { invoke, site } = &here
            && let Some(&handle) = self.sites.get(&(*invoke, site.clone()))
        {
            return Ok(vec![self.value(handle, at)?]);
        }
        let kind = self.of_this_trace(replay, here).map_err(|d| d.at(at.clone()))?;
        self.push(kind, at)
    }
}
