//! Live traces: what has been recorded is run at once, and values have elements.
//!
//! Every method of the recorder that adds statements ends with [`settle`], which runs them with the
//! interpreter given back. Values that no handle of Python's can lead to are forgotten now and then.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use pellucid_graph::{Handle as Inner, InvokeId, Limits, Loc, Site, TensorType, ValueId};
use pyo3::prelude::*;

use crate::engine::{self, Cancel, Event};
use crate::errors::Raise;
use crate::log::Sink;
use crate::recorder::Recorder;
use crate::signals::interruptible;

/// Handles that are counted before it is first looked which of them are left.
const FIRST_SWEEP: usize = 64;

/// What runs beside a recorder.
pub struct Running {
    live: Arc<Mutex<engine::Live>>,
    cancel: Cancel,
    /// Handles that Python was given; it has dropped those whose mark is gone.
    handles: Vec<(Inner, Weak<()>)>,
    sweep_at: usize,
}

impl Running {
    /// Nothing has been run yet.
    pub fn new(model: Arc<engine::Model>) -> Running {
        let cancel = Cancel::new();
        let live = engine::Live::new(model, Limits::default(), cancel.clone());
        Running { live: Arc::new(Mutex::new(live)), cancel, handles: Vec::new(), sweep_at: FIRST_SWEEP }
    }

    /// Remembers a handle for as long as its mark is there.
    pub fn note(&mut self, handle: Inner, mark: &Arc<()>) {
        self.handles.push((handle, Arc::downgrade(mark)));
    }

    /// Whether a site can still be read, or else written.
    ///
    /// # Errors
    /// The pass has left it.
    pub fn permits(&self, invoke: InvokeId, site: &Site, is_read: bool) -> Result<(), engine::Error> {
        self.lock().permits(invoke, site, is_read)
    }

    /// Keeps what sites hold when the pass comes by.
    ///
    /// # Errors
    /// As [`permits`](Self::permits).
    pub fn keep(&self, sites: &[Site]) -> Result<(), engine::Error> {
        let mut live = self.lock();
        sites.iter().try_for_each(|site| live.keep(site))
    }

    /// The elements of a value.
    pub fn value(&self, v: ValueId) -> Option<engine::Tensor> {
        self.lock().value(v).map(engine::Tensor::compact)
    }

    /// Ends the pass of the present invoke.
    pub fn end_pass(&self, py: Python<'_>) {
        py.detach(|| self.lock().end_pass());
    }

    fn lock(&self) -> MutexGuard<'_, engine::Live> {
        lock(&self.live)
    }

    /// The handles left, if it is time to look.
    fn left(&mut self) -> Option<Vec<Inner>> {
        if self.handles.len() < self.sweep_at {
            return None;
        }
        self.handles.retain(|(_, mark)| mark.strong_count() > 0);
        self.sweep_at = FIRST_SWEEP.max(2 * self.handles.len());
        Some(self.handles.iter().map(|(handle, _)| *handle).collect())
    }
}

/// A panic while it was held has left a value missing at worst.
fn lock(live: &Mutex<engine::Live>) -> MutexGuard<'_, engine::Live> {
    live.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What came of running statements: an error, types found, what was logged.
type Outcome = (Result<(), engine::Error>, Vec<(ValueId, TensorType)>, Vec<engine::Log>);

/// Runs what has been recorded since the last call, if the trace is live.
///
/// # Errors
/// What only shows in the elements; a signal; what hearing a log raised.
pub fn settle(recorder: &Bound<'_, Recorder>) -> PyResult<()> {
    let py = recorder.py();
    let Some((live, cancel, sink)) = taken(recorder) else { return Ok(()) };
    let is_quick = lock(&live).is_quick();
    let work = move || run(&mut lock(&live));
    let (done, found, logs) = match is_quick {
        true => py.detach(work),
        false => interruptible(py, Some(&cancel), work)?,
    };
    forget(&mut recorder.borrow_mut(), found);
    logs.into_iter().try_for_each(|log| sink.tell(py, log))?;
    done.raise(py)
}

/// Lets the pass go on to the beginning of a step; says whether there is one.
///
/// # Errors
/// What a module objects to; a signal.
pub fn reach_step(recorder: &Bound<'_, Recorder>, step: usize, at: Option<&Loc>) -> PyResult<bool> {
    let py = recorder.py();
    let running = recorder.borrow().running().map(|running| (running.live.clone(), running.cancel.clone()));
    let Some((live, cancel)) = running else { return Ok(true) };
    let reached = interruptible(py, Some(&cancel), move || lock(&live).reach_step(step))?;
    reached.map_err(|e| e.at(at)).raise(py)
}

fn taken(recorder: &Bound<'_, Recorder>) -> Option<(Arc<Mutex<engine::Live>>, Cancel, Sink)> {
    let recorder = recorder.borrow();
    let running = recorder.running()?;
    let mut live = running.lock();
    live.take(recorder.inner().trace());
    let sink = recorder.sink(recorder.py());
    (!live.is_idle()).then(|| (running.live.clone(), running.cancel.clone(), sink))
}

fn run(live: &mut engine::Live) -> Outcome {
    let (first, mut logs) = (live.n_values(), Vec::new());
    let done = live.run(&mut |event| match event {
        Event::Log(log) => logs.push(log),
        Event::Token(_) => {}
    });
    let made = (first..live.n_values()).map(|i| ValueId(i as u32));
    let found = made.filter_map(|v| live.value(v).map(|t| (v, t.ty())));
    (done, found.collect(), logs)
}

/// Learns the types found, and forgets values that nobody can ask for.
fn forget(recorder: &mut Recorder, found: Vec<(ValueId, TensorType)>) {
    for (v, ty) in found {
        recorder.inner_mut().learn(v, ty);
    }
    let Some(left) = recorder.running_mut().and_then(Running::left) else { return };
    let held = recorder.inner().within_reach(left);
    if let Some(running) = recorder.running() {
        running.lock().retain(&held);
    }
}

impl Recorder {
    /// Whether a site can still be read or written, if the trace is live. What has been read or written
    /// before needs nothing more of the model to be read.
    ///
    /// # Errors
    /// The pass has left the site, at the user's line.
    pub fn permit(
        &self,
        py: Python<'_>,
        (invoke, site): (InvokeId, &Site),
        is_read: bool,
        at: Option<&Loc>,
    ) -> PyResult<()> {
        let Some(running) = self.running() else { return Ok(()) };
        let site = self.inner().spec().real_site(site.clone());
        if is_read && self.inner().knows(invoke, &site) {
            return Ok(());
        }
        running.permits(invoke, &site, is_read).map_err(|e| e.at(at)).raise(py)
    }

    /// The same for a write through a handle, which may be a view of a site's value.
    ///
    /// # Errors
    /// As [`permit`](Self::permit).
    pub fn permit_through(&self, py: Python<'_>, target: Inner, at: Option<&Loc>) -> PyResult<()> {
        match self.inner().site_of(target) {
            Some((invoke, site)) => self.permit(py, (*invoke, site), false, at),
            None => Ok(()),
        }
    }
}
