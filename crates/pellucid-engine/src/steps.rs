//! A trace of a generation: its plan, step after step, inside the passes that make the tokens.
//!
//! Rows of an invoke go on together: one that has ended is continued with filling, as in transformers,
//! until all of its invoke have. An invoke whose rows have all ended takes no part any more; values of
//! steps that it did not make do not exist.

use std::ops::Range;

use pellucid_graph::spec::GENERATOR;
use pellucid_graph::{
    CheckedTrace, Code, Diagnostic, Entry, Invoke, InvokeId, Kind, Limits, Loc, Order, PassPlan, Plan, Point,
    Prompt, Sampling, Site, Statement, Trace, ValueId, plan,
};

use crate::batch::{Batch, Layout};
use crate::generate::{Fresh, Generator};
use crate::interleave::{Interleaver, Values};
use crate::pass::{Flow, Halt, Seen, WatchSet, Watcher};
use crate::precision::Precision;
use crate::{Cancel, Error, Event, Model, Tensor};

/// Runs one pass of a plan as a generation.
///
/// # Errors
/// As [`execute`](crate::execute).
pub(crate) fn run(values: &mut Values<'_>, plan: &PassPlan, sampling: &Sampling) -> Result<(), Error> {
    let (model, checked) = (values.machine.model, values.checked);
    let prompts = plan.invokes.iter().flat_map(|i| &checked.trace().invokes[*i].prompts);
    let prompts: Vec<Vec<u32>> = prompts.map(|p| p.ids.clone().unwrap_or_default()).collect();
    no_restart(model, &prompts, sampling)?;
    let mut generator = Generator::without_effects(model, &prompts, sampling.clone())?;
    let rows = row_ranges(plan, |i| checked.rows(i).b());
    let sites = GeneratorSites::of(model)?;
    let (ahead, end) = plan.steps.split_at(plan.steps.len().min(sampling.max_new_tokens));
    let mut made = 0;
    for (step, entries) in ahead.iter().enumerate() {
        let goes_on = |(_, rows): &&(InvokeId, Range<usize>)| rows.clone().any(|i| generator.goes_on(i));
        let going: Vec<(InvokeId, Range<usize>)> = rows.iter().filter(goes_on).cloned().collect();
        if going.is_empty() {
            break;
        }
        let is_last = step + 1 == plan.steps.len();
        let stepping = Step { entries, step, is_last, going: &going, sites };
        match stepping.run(values, &mut generator) {
            Ok(fresh) => {
                for token in fresh {
                    values.tell(Event::Token(Fresh { row: row_of(checked, &rows, token.row), ..token }));
                }
                made = step + 1;
            }
            Err(Halt::Done) => made = step + 1,
            Err(Halt::Error(e)) => return Err(e),
        }
    }
    for (step, entries) in ahead.iter().enumerate().skip(made) {
        entries.iter().try_for_each(|entry| values.pass_over(entry, step))?;
    }
    let result = |invoke: InvokeId| {
        let found = rows.iter().find(|(i, _)| *i == invoke);
        let (_, rows) = found.ok_or_else(|| Error::internal("a result of rows that took no part"))?;
        Ok(generator.sequences(rows.clone()))
    };
    end.iter().flatten().try_for_each(|entry| values.finish(entry, result))
}

/// The rows of each invoke, one after the other.
fn row_ranges(plan: &PassPlan, b: impl Fn(InvokeId) -> usize) -> Vec<(InvokeId, Range<usize>)> {
    let mut start = 0;
    let range = |&i: &InvokeId| {
        let rows = start..start + b(i);
        start = rows.end;
        (i, rows)
    };
    plan.invokes.iter().map(range).collect()
}

/// The row among those of all invokes of the trace.
fn row_of(checked: &CheckedTrace, rows: &[(InvokeId, Range<usize>)], row: usize) -> usize {
    let found = rows.iter().find(|(_, range)| range.contains(&row));
    let (invoke, start) = found.map_or((0, 0), |(invoke, range)| (*invoke, range.start));
    (0..invoke).map(|i| checked.rows(i).b()).sum::<usize>() + row - start
}

/// A model that computes all keys anew at some length would show a step of many tokens.
pub(crate) fn no_restart(model: &Model, prompts: &[Vec<u32>], sampling: &Sampling) -> Result<(), Error> {
    let Some(length) = model.restart() else { return Ok(()) };
    let crosses = |p: &&Vec<u32>| p.len() <= length && length < p.len() + sampling.max_new_tokens;
    let Some(prompt) = prompts.iter().find(crosses) else { return Ok(()) };
    let message = format!(
        "`{}` turns to other rotations after {length} tokens, which a prompt of {} and {} new ones would \
         cross: steps there have no one shape",
        model.spec().name,
        prompt.len(),
        sampling.max_new_tokens
    );
    Err(Diagnostic::new(Code::BadArgument, message).help("make fewer tokens in a trace").into())
}

/// Where a step comes to what it does with logits.
#[derive(Clone, Copy)]
pub(crate) struct GeneratorSites {
    /// The first site that needs logits of all tokens.
    head: Order,
    logits: Order,
    token: Order,
}

impl GeneratorSites {
    /// # Errors
    /// A model that continues nothing.
    pub fn of(model: &Model) -> Result<GeneratorSites, Error> {
        let spec = model.spec();
        let order = |path: &str, word: &str| spec.site(&Site::new(path, Point::parse(word))).map(|(o, _)| o);
        Ok(GeneratorSites {
            head: order(&spec.real("unembed"), "input")?,
            logits: order(GENERATOR, "logits")?,
            token: order(GENERATOR, "token")?,
        })
    }
}

/// One step of some invokes.
struct Step<'s> {
    entries: &'s [Entry],
    step: usize,
    is_last: bool,
    /// The invokes that take part, and their rows in the generation.
    going: &'s [(InvokeId, Range<usize>)],
    sites: GeneratorSites,
}

impl Step<'_> {
    /// Makes the next token of every row; tells of those that had not ended.
    fn run(&self, values: &mut Values<'_>, generator: &mut Generator) -> Flow<Vec<Fresh>> {
        let (model, cancel) = (values.machine.model, values.machine.cancel);
        let rows: Vec<usize> = self.going.iter().flat_map(|(_, rows)| rows.clone()).collect();
        let invokes: Vec<InvokeId> = self.going.iter().map(|(i, _)| *i).collect();
        let (interleaver, watched) = Interleaver::new(values, self.entries, &invokes);
        let mut interleaver = interleaver.at_step(self.step, !self.is_last);
        let whole = self.entries.iter().any(|e| (self.sites.head..self.sites.logits).contains(&e.order));
        let forward = Forward { model, cancel, watched: &watched, rows: &rows, sites: self.sites, whole };
        let fresh = forward.run(generator, &mut interleaver)?;
        interleaver.finish()?;
        Ok(fresh)
    }
}

/// Who sees all sites of a step.
pub(crate) trait Follower: Watcher {
    /// The step has come to a site, of the model or of the generation.
    ///
    /// # Errors
    /// [`Halt`] ends the step.
    fn reach(&mut self, order: Order, value: &mut Seen<'_>, batch: &Batch) -> Flow<()>;

    /// Puts the line that wrote ids on an error that a module made of them.
    fn blame(&mut self, e: Error) -> Error;

    /// The line that wrote token ids last.
    fn wrote_ids(&self) -> Option<Loc>;
}

/// One step of some rows, whoever follows it.
pub(crate) struct Forward<'s> {
    pub model: &'s Model,
    pub cancel: &'s Cancel,
    pub watched: &'s WatchSet,
    pub rows: &'s [usize],
    pub sites: GeneratorSites,
    /// Whether logits of all tokens are wanted, not only of the last.
    pub whole: bool,
}

impl Forward<'_> {
    /// Makes the next token of each row; tells of those that had not ended.
    ///
    /// # Errors
    /// [`Halt`] from the follower; a failure, at the line that wrote what it is made of.
    pub fn run(&self, generator: &mut Generator, follower: &mut impl Follower) -> Flow<Vec<Fresh>> {
        let Forward { model, cancel, rows, .. } = *self;
        let batch = generator.batch(model, rows);
        let pass = model.pass(&batch, self.watched, cancel).watch(follower);
        let pass = if self.whole { pass } else { pass.last_only() };
        let logits = match generator.forward(model, pass, rows) {
            Ok(logits) => logits,
            Err(Halt::Error(e)) => return Err(Halt::Error(follower.blame(e))),
            Err(Halt::Done) => return Err(Halt::Done),
        };
        let mut logits = last_rows(logits, &batch); // [b, v]
        let mut show = |order: Order, x: &mut Tensor| {
            let mut seen = Seen { x, layout: Layout::Rows, fill: 0.0, written: false };
            follower.reach(order, &mut seen, &batch)
        };
        show(self.sites.logits, &mut logits)?;
        let logits = Precision::taken(&logits);
        let chosen = rows.iter().enumerate().map(|(b, &i)| generator.choose(i, logits.rows(b, 1).f32s()));
        let chosen: Vec<i64> = chosen.map(i64::from).collect();
        let mut tokens = Tensor::new(chosen, [rows.len()]); // [b]
        let shown = show(self.sites.token, &mut tokens);
        let vocab_size = model.spec().vocab_size;
        let bad =
            tokens.slice::<i64>().iter().find(|id| usize::try_from(**id).map_or(true, |id| id >= vocab_size));
        if let Some(id) = bad {
            let message = format!("token id {id} is outside the vocabulary of {vocab_size}");
            let diagnostic = Diagnostic::new(Code::TokenOutOfRange, message).at(follower.wrote_ids());
            return Err(Error::from(diagnostic).into());
        }
        shown?;
        let tokens: Vec<u32> = tokens.slice::<i64>().iter().map(|id| *id as u32).collect();
        Ok(generator.push(model, rows, &tokens)?)
    }
}

/// What edits of a model do in each step of a generation that nobody traces.
pub(crate) struct Effects {
    checked: CheckedTrace,
    plan: Plan,
    /// Between steps: what is computed once.
    values: Vec<Option<Tensor>>,
    step: usize,
}

impl Effects {
    /// Those of a model on these prompts, if it has any.
    ///
    /// # Errors
    /// An edit that does not fit the prompts.
    pub fn of(model: &Model, prompts: &[Vec<u32>], sampling: &Sampling) -> Result<Option<Effects>, Error> {
        if !model.has_effects() {
            return Ok(None);
        }
        no_restart(model, prompts, sampling)?;
        // All that the tokens depend on takes part, since the result of the whole is wanted.
        let read = Kind::Read { invoke: 0, site: Site::new(GENERATOR, Point::Output) };
        let save = Kind::Save { name: "ids".to_owned(), value: ValueId(0) };
        let prompts = prompts.iter().map(|ids| Prompt::ids(ids.clone())).collect();
        let trace = Trace {
            generation: Some(sampling.clone()),
            invokes: vec![Invoke { prompts, at: None }],
            statements: [read, save].map(|kind| Statement { kind, at: None }).into(),
            ..Trace::default()
        };
        let checked = model.check(trace, &Limits::default())?;
        let plan = plan(&checked);
        Ok(Some(Effects { checked, plan, values: Vec::new(), step: 0 }))
    }

    /// The next step of all rows.
    ///
    /// # Errors
    /// As [`execute`](crate::execute).
    pub fn step(
        &mut self,
        model: &Model,
        generator: &mut Generator,
        rows: usize,
        cancel: &Cancel,
    ) -> Result<Vec<Fresh>, Error> {
        let mut nobody = |_| {};
        let mut values = Values::new(model, &self.checked, cancel, &mut nobody);
        match self.step {
            0 => values.compute(&self.plan.before)?,
            _ => values.take_up(std::mem::take(&mut self.values)),
        }
        let entries = self.plan.passes.first().and_then(|pass| pass.steps.get(self.step));
        let (going, sites) = ([(0, 0..rows)], GeneratorSites::of(model)?);
        let entries = entries.map_or(&[][..], |entries| entries);
        let step = Step { entries, step: self.step, is_last: false, going: &going, sites };
        let fresh = match step.run(&mut values, generator) {
            Ok(fresh) => fresh,
            Err(Halt::Error(e)) => return Err(e),
            Err(Halt::Done) => return Err(Error::internal("a step was ended before its token")),
        };
        self.values = values.kept();
        self.step += 1;
        Ok(fresh)
    }
}

/// The logits of each sequence's last token, of those of all tokens. // [b, v]
fn last_rows(logits: Tensor, batch: &Batch) -> Tensor {
    let v = logits.shape().last().copied().unwrap_or(0);
    if logits.shape()[0] == batch.sequences().len() {
        return logits;
    }
    let last = batch.sequences().iter().flat_map(|q| logits.rows(q.start + q.len - 1, 1).f32s().to_vec());
    let last: Vec<f32> = last.collect();
    Tensor::new(last, [batch.sequences().len(), v])
}
