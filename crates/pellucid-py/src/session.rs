//! Sessions: traces that run one after the other, and values that go from one to the next.

use std::sync::Arc;

use pellucid_graph::CheckedTrace;
use pyo3::prelude::*;

use crate::array::Array;
use crate::engine::{self, Event};
use crate::errors::{At, Raise, loc};
use crate::handle::Handle;
use crate::log::Sink;
use crate::model::Model;
use crate::recorder::Recorder;
use crate::signals::Run;
use crate::trace::Trace;

/// Saved values by name; names of values that do not exist, and the step that they need; what the run
/// took: bytes at its peak, tokens, seconds.
pub type Results = (Vec<(String, Array)>, Vec<(String, usize)>, (u64, u64, f64));

/// A trace, its model, and who hears its logs and its tokens.
type Job<'py> = (PyRef<'py, Trace>, PyRef<'py, Model>, Option<Py<PyAny>>, Option<Py<PyAny>>);

/// What an earlier trace of the session saves as `name`: `value`, a handle of that trace.
#[pyfunction]
pub fn import_value(
    recorder: &Bound<'_, Recorder>,
    trace: usize,
    name: &str,
    value: &Handle,
    at: At,
) -> PyResult<Py<Handle>> {
    let py = recorder.py();
    let ty = value.recorder(py).borrow().inner().type_of(value.inner()).clone();
    let inner = recorder.borrow_mut().inner_mut().import(trace, name, &ty, loc(at)).raise(py)?;
    Ok(Handle::new(recorder, inner)?.unbind())
}

/// Runs the traces of a session, each in its model and with its own listener, one after the other.
#[pyfunction]
pub fn run_session(py: Python<'_>, traces: Vec<Job<'_>>) -> PyResult<Vec<Results>> {
    let (mut work, mut sinks) = (Vec::new(), Vec::new());
    for (trace, model, log, token) in traces {
        let model = model.shared().clone();
        let checked = trace.checked(py, &model)?;
        work.push((model, checked));
        sinks.push(Sink::new(log).with_tokens(token));
    }
    run_all(py, work, sinks)
}

/// Runs traces that are checked, each with its listener.
///
/// # Errors
/// What goes wrong while they run.
pub fn run_all(
    py: Python<'_>,
    traces: Vec<(Arc<engine::Model>, CheckedTrace)>,
    sinks: Vec<Sink>,
) -> PyResult<Vec<Results>> {
    let run = Run::new();
    let mut tell = run.teller(|py, (i, event): (usize, Event)| match event {
        Event::Log(log) => sinks[i].tell(py, log),
        Event::Token(fresh) => sinks[i].tell_token(py, fresh),
    });
    let work = || {
        let traces: Vec<_> = traces.iter().map(|(model, checked)| (&**model, checked)).collect();
        engine::execute_session(&traces, &run.cancel(), &mut |i, event| tell((i, event)))
    };
    let saved = run.run(py, work)?.raise(py)?;
    Ok(saved.into_iter().map(results).collect())
}

fn results(saved: engine::Saved) -> Results {
    let meter = saved.meter();
    let took = (meter.peak_bytes, meter.tokens, meter.elapsed.as_secs_f64());
    let absent = saved.absent().iter().map(|a| (a.name.clone(), a.step)).collect();
    let arrays = saved.into_vec().into_iter().map(|(name, t)| (name, Array::new(t)));
    (arrays.collect(), absent, took)
}
