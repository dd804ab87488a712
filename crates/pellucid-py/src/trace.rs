//! A trace as it was recorded or read from a file, ready to be printed, planned and run.

use std::borrow::Cow;
use std::path::PathBuf;

use pellucid_graph::{CheckedTrace, Limits, explain, plan, text, wire};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

use crate::engine;
use crate::errors::Raise;
use crate::log::Sink;
use crate::model::Model;
use crate::session::{Results, run_all};

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
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn checked(&self, py: Python<'_>, model: &engine::Model) -> PyResult<CheckedTrace> {
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
    #[pyo3(signature = (model, log=None, token=None))]
    fn run(
        &self,
        py: Python<'_>,
        model: &Model,
        log: Option<Py<PyAny>>,
        token: Option<Py<PyAny>>,
    ) -> PyResult<Results> {
        let model = model.shared();
        let checked = self.checked(py, &model)?;
        let mut results = run_all(py, vec![(model, checked)], vec![Sink::new(log).with_tokens(token)])?;
        Ok(results.pop().unwrap_or_default())
    }
}
