//! A trace as it was recorded or read from a file, ready to be printed, planned and run.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use pellucid_graph::{CheckedTrace, Limits, explain, plan, text, wire};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

use crate::array::Array;
use crate::engine::{self, Cancel, Event};
use crate::errors::Raise;
use crate::log::Sink;
use crate::model::Model;
use crate::signals::telling;

/// Events of a run that Python has not heard yet: with more, the run waits for it.
const MOST_UNTOLD: usize = 1024;

/// Saved values by name; names of values that do not exist, and the step that they need.
type Results = (Vec<(String, Array)>, Vec<(String, usize)>);

/// A trace, of any model that has its sites.
#[pyclass(frozen, module = "pellucid._native")]
pub struct Trace(pellucid_graph::Trace);

impl Trace {
    /// Wraps a trace of the graph.
    pub fn new(inner: pellucid_graph::Trace) -> Trace {
        Trace(inner)
    }

    /// The trace of the graph.
    pub fn inner(&self) -> &pellucid_graph::Trace {
        &self.0
    }

    /// The trace checked against a model; its text prompts are tokenized.
    fn checked(&self, py: Python<'_>, model: &engine::Model) -> PyResult<CheckedTrace> {
        let mut inner = self.0.clone();
        inner.tokenize(|text| model.tokenizer().encode(text, true)).raise(py)?;
        model.check(inner, &Limits::default()).raise(py)
    }
}

#[pymethods]
impl Trace {
    /// Reads a file in text or wire form.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Trace> {
        let cannot = |e| PyOSError::new_err(format!("cannot read `{}`: {e}", path.display()));
        let bytes = std::fs::read(&path).map_err(cannot)?;
        pellucid_graph::Trace::read(&bytes, &path.to_string_lossy(), &Limits::default()).raise(py).map(Trace)
    }

    /// Name of the model it was recorded for, if it says so.
    #[getter]
    fn model(&self) -> Option<&str> {
        self.0.model.as_deref()
    }

    /// Whether it is an edit: what is done for any prompt.
    #[getter]
    fn is_edit(&self) -> bool {
        self.0.is_edit()
    }

    /// The text form.
    #[getter]
    fn text(&self) -> String {
        text::print(&self.0)
    }

    /// The wire form.
    fn wire(&self, py: Python<'_>) -> PyResult<Cow<'static, [u8]>> {
        wire::encode(&self.0).raise(py).map(Cow::Owned)
    }

    /// The hash that names it.
    #[getter]
    fn hash(&self, py: Python<'_>) -> PyResult<String> {
        self.0.hash().raise(py)
    }

    /// The plan and what it will cost.
    fn explain(&self, py: Python<'_>, model: &Model) -> PyResult<String> {
        let checked = self.checked(py, &model.shared())?;
        Ok(explain(&checked, &plan(&checked)))
    }

    /// Runs the trace: its results, and names of those that do not exist with the step that was not
    /// made. Other Python threads run meanwhile, and a signal ends it. `log` hears what it logs while it
    /// runs.
    #[pyo3(signature = (model, log=None))]
    fn run(&self, py: Python<'_>, model: &Model, log: Option<Py<PyAny>>) -> PyResult<Results> {
        let model = model.shared();
        let checked = self.checked(py, &model)?;
        let mut results = run_all(py, vec![(model, checked)], vec![Sink::new(log)])?;
        Ok(results.pop().unwrap_or_default())
    }
}

/// Runs the traces of a session, each in its model and with its own listener, one after the other.
#[pyfunction]
pub fn run_session(
    py: Python<'_>,
    traces: Vec<(PyRef<'_, Trace>, PyRef<'_, Model>, Option<Py<PyAny>>)>,
) -> PyResult<Vec<Results>> {
    let (mut work, mut sinks) = (Vec::new(), Vec::new());
    for (trace, model, log) in traces {
        let model = model.shared().clone();
        let checked = trace.checked(py, &model)?;
        work.push((model, checked));
        sinks.push(Sink::new(log));
    }
    run_all(py, work, sinks)
}

fn run_all(
    py: Python<'_>,
    traces: Vec<(Arc<engine::Model>, CheckedTrace)>,
    sinks: Vec<Sink>,
) -> PyResult<Vec<Results>> {
    let cancel = Cancel::new();
    let (heard, events) = sync_channel(MOST_UNTOLD);
    let work = {
        let cancel = cancel.clone();
        // Nobody is left to hear it when a listener has raised.
        let mut observer = move |i: usize, event| drop(heard.send((i, event)));
        move || {
            let traces: Vec<_> = traces.iter().map(|(model, checked)| (&**model, checked)).collect();
            engine::execute_session(&traces, &cancel, &mut observer)
        }
    };
    let tell = move |py: Python<'_>| {
        events.try_iter().try_for_each(|(i, event): (usize, Event)| match event {
            Event::Log(log) => sinks[i].tell(py, log),
        })
    };
    let saved = telling(py, Some(&cancel), tell, work)?.raise(py)?;
    Ok(saved.into_iter().map(results).collect())
}

fn results(saved: engine::Saved) -> Results {
    let absent = saved.absent().iter().map(|a| (a.name.clone(), a.step)).collect();
    let arrays = saved.into_vec().into_iter().map(|(name, t)| (name, Array::new(t)));
    (arrays.collect(), absent)
}
