//! Diagnostics as Python exceptions. Which class stands for which code is said in `pellucid/errors.py`.

use std::cell::RefCell;
use std::sync::Arc;

use pellucid_graph::{Diagnostic, Loc};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::sync::PyOnceLock;

/// Turns an error of the graph or the engine into a Python exception.
pub trait Raise<T> {
    /// The value, or the exception.
    fn raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> Raise<T> for Result<T, Diagnostic> {
    fn raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|diagnostic| python_error(py, diagnostic))
    }
}

/// The user's file and line, as Python passes them.
pub type At = Option<(PyBackedStr, u32)>;

/// The same for the graph.
pub fn loc(at: At) -> Option<Loc> {
    at.map(|(file, line)| Loc { file: shared(&file), line })
}

/// The file's name; that of the last call again when it is the same, as it mostly is.
fn shared(file: &str) -> Arc<str> {
    thread_local!(static LAST: RefCell<Arc<str>> = RefCell::new("".into()));
    LAST.with_borrow_mut(|last| {
        if **last != *file {
            *last = file.into();
        }
        last.clone()
    })
}

/// The exception for a diagnostic.
pub fn python_error(py: Python<'_>, diagnostic: Diagnostic) -> PyErr {
    let Diagnostic { code, message, help, at } = diagnostic;
    new(py, code.name(), &message, help.as_deref(), at)
}

/// The exception for a code and what belongs to it.
pub fn new(py: Python<'_>, code: &str, message: &str, help: Option<&str>, at: Option<Loc>) -> PyErr {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = || -> PyResult<PyErr> {
        let make = MAKE.import(py, "pellucid.errors", "error")?;
        let (file, line) = at.map(|at| (at.file.to_string(), at.line)).unzip();
        Ok(PyErr::from_value(make.call1((code, message, help, file, line))?))
    };
    make().unwrap_or_else(|error| error)
}
