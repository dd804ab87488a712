//! A trace as it was recorded or read from a file, ready to be printed, planned and run.

use std::path::PathBuf;
use std::sync::Arc;

use pellucid_graph::{CheckedTrace, Limits, check, explain, plan, text, wire};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

use crate::array::Array;
use crate::engine::{self, Cancel};
use crate::errors::Raise;
use crate::model::Model;
use crate::signals::interruptible;

/// A trace of one model.
#[pyclass(frozen, module = "pellucid._native")]
pub struct Trace {
    model: Arc<engine::Model>,
    inner: pellucid_graph::Trace,
}

impl Trace {
    /// A trace for this model.
    pub fn new(model: Arc<engine::Model>, inner: pellucid_graph::Trace) -> Trace {
        Trace { model, inner }
    }

    fn checked(&self, py: Python<'_>) -> PyResult<CheckedTrace> {
        check(self.inner.clone(), self.model.spec(), &Limits::default()).raise(py)
    }
}

#[pymethods]
impl Trace {
    /// Reads a file in text or wire form; its text prompts are tokenized.
    #[staticmethod]
    fn load(py: Python<'_>, model: &Model, path: PathBuf) -> PyResult<Trace> {
        let cannot = |e| PyOSError::new_err(format!("cannot read `{}`: {e}", path.display()));
        let bytes = std::fs::read(&path).map_err(cannot)?;
        let limits = Limits::default();
        let inner = match std::str::from_utf8(&bytes) {
            Ok(text) if text.trim_start().starts_with(['p', '#']) => {
                text::parse(text, &path.to_string_lossy(), &limits)
            }
            _ => wire::decode(&bytes, &limits),
        };
        let mut inner = inner.raise(py)?;
        let tokenizer = model.shared().tokenizer();
        inner.tokenize(|text| tokenizer.encode(text, true)).raise(py)?;
        Ok(Trace::new(model.shared().clone(), inner))
    }

    /// The text form.
    #[getter]
    fn text(&self) -> String {
        text::print(&self.inner)
    }

    /// The wire form.
    fn wire(&self, py: Python<'_>) -> PyResult<Vec<u8>> {
        wire::encode(&self.inner).raise(py)
    }

    /// The plan and what it will cost.
    fn explain(&self, py: Python<'_>) -> PyResult<String> {
        let checked = self.checked(py)?;
        Ok(explain(&checked, &plan(&checked)))
    }

    /// Runs the trace; other Python threads run meanwhile, and a signal ends it.
    fn run(&self, py: Python<'_>) -> PyResult<Vec<(String, Array)>> {
        let (model, checked, cancel) = (self.model.clone(), self.checked(py)?, Cancel::new());
        let work = {
            let cancel = cancel.clone();
            move || engine::execute(&model, &checked, &cancel)
        };
        let saved = interruptible(py, Some(&cancel), work)?.raise(py)?;
        Ok(saved.into_vec().into_iter().map(|(name, t)| (name, Array::new(t))).collect())
    }
}
