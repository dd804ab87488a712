//! A run of the model that stands still at a site until it is told to go on.
//!
//! The model's code cannot be left in the middle and come back to, so it runs in a thread of its own,
//! which takes turns with the one that asks: at any time one of them waits for the other. Who drops a
//! [`Walk`] ends the run where it stands and waits for the thread.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use pellucid_graph::{Loc, PassPlan, Point, Sampling, Site, When, spec::GENERATOR};

use super::edits::{Edited, effects};
use super::guide::Guide;
use crate::batch::Batch;
use crate::generate::Generator;
use crate::interleave::Values;
use crate::pass::{Flow, Halt, WatchSet};
use crate::steps::{self, Follower as _, GeneratorSites};
use crate::{Cancel, Error, Model, Tensor};

/// What a run shall do when it comes to a site.
pub(super) enum Change {
    /// The site's value becomes this one, dense, of the trace's dtype.
    Write { when: When, value: Tensor, at: Option<Loc> },
    /// The output of the module of this input becomes this one, dense, in f32.
    Skip { when: When, value: Tensor },
}

/// How far to go.
#[derive(Clone, Copy)]
pub(super) enum Goal {
    Site(When),
    /// The beginning of a step.
    Step(usize),
}

/// Values that were kept on the way.
pub(super) type Kept = Vec<(When, Tensor)>;

pub(super) struct Ask {
    pub goal: Goal,
    pub changes: Vec<Change>,
    pub keep: Vec<When>,
}

pub(super) enum Answer {
    At(Tensor, Kept),
    Step(Kept),
    /// The run has ended and never came there.
    NotMade(Kept),
    Failed(Error),
}

/// A run, held by the one who asks.
pub(super) struct Walk {
    /// There until the walk is dropped.
    asks: Option<std::sync::mpsc::SyncSender<Ask>>,
    answers: Receiver<Answer>,
    thread: Option<JoinHandle<()>>,
}

impl Walk {
    /// A run over these prompts' ids, at its beginning: one pass, or a generation.
    pub fn new(
        model: Arc<Model>,
        prompts: Vec<Vec<u32>>,
        generation: Option<Sampling>,
        cancel: Cancel,
    ) -> Walk {
        let (asks, asked) = sync_channel(1);
        let (answer, answers) = sync_channel(1);
        let work = move || {
            let mut guide = Guide::new(&model, asked, answer.clone(), &cancel);
            let ran = guide.wait().and_then(|()| run(&model, prompts, generation, &mut guide, &cancel));
            if let Err(Halt::Error(e)) = ran {
                // Nobody listens any more to a walk that was dropped.
                let _ = answer.send(Answer::Failed(e));
            }
        };
        let thread = thread::Builder::new().name("pellucid-live".to_owned()).spawn(work).ok();
        Walk { asks: Some(asks), answers, thread }
    }

    /// Goes on to a goal. After an error there is nothing but errors.
    ///
    /// # Errors
    /// What a module objects to, at the line that wrote it; [`Error::Cancelled`].
    pub fn go(&mut self, ask: Ask) -> Result<Answer, Error> {
        let gone = || Error::internal("the pass of a live trace has failed");
        let asks = self.asks.as_ref().ok_or_else(gone)?;
        asks.send(ask).map_err(|_| gone())?;
        match self.answers.recv().map_err(|_| gone())? {
            Answer::Failed(e) => Err(e),
            answer => Ok(answer),
        }
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        self.asks = None;
        if let Some(thread) = self.thread.take() {
            // Its panic was told when the next answer was waited for.
            let _ = thread.join();
        }
    }
}

/// What is in effect in a run: values of edits, and what is planned of them.
type Effects<'v, 'a> = Option<(&'v mut Values<'a>, &'v PassPlan)>;

fn run(
    model: &Model,
    prompts: Vec<Vec<u32>>,
    generation: Option<Sampling>,
    guide: &mut Guide<'_>,
    cancel: &Cancel,
) -> Flow<()> {
    let effects = effects(model, &prompts, generation.clone())?;
    let mut nobody = |_| {}; // edits log nothing
    let mut values = match &effects {
        Some((checked, _, before)) => {
            let mut values = Values::new(model, checked, cancel, &mut nobody);
            values.compute(before)?;
            Some(values)
        }
        None => None,
    };
    let edits = values.as_mut().zip(effects.as_ref().map(|(_, pass, _)| pass));
    match generation {
        None => one_pass(model, prompts, edits, guide, cancel),
        Some(sampling) => all_steps(model, &prompts, sampling, edits, guide, cancel),
    }
}

fn one_pass(
    model: &Model,
    prompts: Vec<Vec<u32>>,
    edits: Effects<'_, '_>,
    guide: &mut Guide<'_>,
    cancel: &Cancel,
) -> Flow<()> {
    guide.begin(0)?;
    let watched = everything(model);
    let batch = Batch::new(prompts.iter().map(Vec::len));
    let ids: Vec<i64> = prompts.into_iter().flatten().map(i64::from).collect();
    let t = ids.len();
    let mut edited = Edited::at_step(edits, guide, 0);
    let mut pass = model.pass(&batch, &watched, cancel).watch(&mut edited);
    match model.forward(&mut pass, Tensor::new(ids, [t])) {
        Ok(_) => guide.rest(None),
        Err(Halt::Done) => Err(Halt::Done),
        Err(Halt::Error(e)) => Err(Halt::Error(edited.blame(e))),
    }
}

fn all_steps(
    model: &Model,
    prompts: &[Vec<u32>],
    sampling: Sampling,
    mut edits: Effects<'_, '_>,
    guide: &mut Guide<'_>,
    cancel: &Cancel,
) -> Flow<()> {
    steps::no_restart(model, prompts, &sampling)?;
    let (most, watched, sites) = (sampling.max_new_tokens, everything(model), GeneratorSites::of(model)?);
    let rows: Vec<usize> = (0..prompts.len() * sampling.n).collect();
    let mut generator = Generator::new(model, prompts, sampling)?;
    for step in 0..most {
        if !rows.iter().any(|row| generator.goes_on(*row)) {
            break;
        }
        guide.begin(step)?;
        let stepping = steps::Forward { model, cancel, watched: &watched, rows: &rows, sites, whole: true };
        let now = edits.as_mut().map(|(values, plan)| (&mut **values, &**plan));
        stepping.run(&mut generator, &mut Edited::at_step(now, guide, step))?;
    }
    let (order, _) = model.spec().site(&Site::new(GENERATOR, Point::Output)).map_err(Error::from)?;
    guide.rest(Some((When { step: most, order }, generator.sequences(0..rows.len()))))
}

/// Every point of every module, and whether it shall run.
fn everything(model: &Model) -> WatchSet {
    let mut watched = WatchSet::all(model.n_modules());
    (0..model.n_modules()).for_each(|node| watched.add_skip(node));
    watched
}
