//! The seam to the engine: every name of it that this crate uses, and what its errors become.

pub use pellucid_engine::{
    Cancel, Chat, Encoding, Ended, Error, Event, Fresh, Generator, Live, Log, Model, Now, Options, Precision,
    Saved, Side, Tensor, bytes, embed, eval, execute_session, peak_memory,
};

use pellucid_engine::LoadError;
use pyo3::prelude::*;

use crate::errors::{Raise, python_error};

impl<T> Raise<T> for Result<T, Error> {
    fn raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| match error {
            Error::Trace(diagnostic) => python_error(py, diagnostic),
            other => crate::errors::new(py, other.code(), &other.to_string(), None, None),
        })
    }
}

impl<T> Raise<T> for Result<T, LoadError> {
    fn raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(Error::from).raise(py)
    }
}
