//! What a run logs, as Python hears it: called with the parts and the user's line.

use pellucid_graph::{Loc, Part};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::array::Array;
use crate::engine::Log;

/// Who hears logs; nobody, if there is none.
pub struct Sink(Option<Py<PyAny>>);

impl Sink {
    /// Calls this with a list of text and arrays, and `(file, line)` or `None`.
    pub fn new(callback: Option<Py<PyAny>>) -> Sink {
        Sink(callback)
    }

    /// Another way to the same listener.
    pub fn again(&self, py: Python<'_>) -> Sink {
        Sink(self.0.as_ref().map(|callback| callback.clone_ref(py)))
    }

    /// Tells of one log.
    ///
    /// # Errors
    /// What the listener raises.
    pub fn tell(&self, py: Python<'_>, log: Log) -> PyResult<()> {
        let Some(callback) = &self.0 else { return Ok(()) };
        let part = |part: Part<_>| match part {
            Part::Text(text) => Ok(PyString::new(py, &text).into_any()),
            Part::Value(tensor) => Bound::new(py, Array::new(tensor)).map(Bound::into_any),
        };
        let parts = log.parts.into_iter().map(part).collect::<PyResult<Vec<_>>>()?;
        let at = log.at.map(|Loc { file, line }| (file.to_string(), line));
        callback.call1(py, (PyList::new(py, parts)?, at)).map(drop)
    }
}
