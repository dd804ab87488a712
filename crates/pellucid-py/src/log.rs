//! What a run says, as Python hears it: logs, called with the parts and the user's line, and tokens.

use pellucid_graph::{Loc, Part};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::array::Array;
use crate::engine::{Ended, Fresh, Log};

/// Who hears logs and tokens; nobody, if there is none.
pub struct Sink {
    log: Option<Py<PyAny>>,
    token: Option<Py<PyAny>>,
}

impl Sink {
    /// Calls `log` with a list of text and arrays, and `(file, line)` or `None`.
    pub fn new(log: Option<Py<PyAny>>) -> Sink {
        Sink { log, token: None }
    }

    /// Calls this with row, id, text, and why the row ended or `None`.
    pub fn with_tokens(self, token: Option<Py<PyAny>>) -> Sink {
        Sink { token, ..self }
    }

    /// Another way to the same listener.
    pub fn again(&self, py: Python<'_>) -> Sink {
        let again = |callback: &Option<Py<PyAny>>| callback.as_ref().map(|c| c.clone_ref(py));
        Sink { log: again(&self.log), token: again(&self.token) }
    }

    /// Tells of one log.
    ///
    /// # Errors
    /// What the listener raises.
    pub fn tell(&self, py: Python<'_>, log: Log) -> PyResult<()> {
        let Some(callback) = &self.log else { return Ok(()) };
        let part = |part: Part<_>| match part {
            Part::Text(text) => Ok(PyString::new(py, &text).into_any()),
            Part::Value(tensor) => Bound::new(py, Array::new(tensor)).map(Bound::into_any),
        };
        let parts = log.parts.into_iter().map(part).collect::<PyResult<Vec<_>>>()?;
        let at = log.at.map(|Loc { file, line }| (file.to_string(), line));
        callback.call1(py, (PyList::new(py, parts)?, at)).map(drop)
    }

    /// Tells of one token.
    ///
    /// # Errors
    /// What the listener raises.
    pub fn tell_token(&self, py: Python<'_>, fresh: Fresh) -> PyResult<()> {
        let Some(callback) = &self.token else { return Ok(()) };
        let ended = fresh.ended.map(Ended::name);
        callback.call1(py, (fresh.row, fresh.token, fresh.text, ended)).map(drop)
    }
}
