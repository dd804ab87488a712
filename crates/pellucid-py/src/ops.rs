//! Operations on tensors: recorded when one of them belongs to a trace, else done at once.

use pellucid_graph::{Op, ValueId};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::args::{arguments, is_value};
use crate::array::Array;
use crate::engine::{self, Error};
use crate::errors::{At, Raise, loc};
use crate::handle::Handle;
use crate::recorder::Recorder;

/// Applies a row of the op table to arguments in the order of its parameters, defaults included.
/// Returns a [`Handle`] for each result if one of the arguments is a handle or a recorder is given,
/// else an [`Array`].
#[pyfunction]
#[pyo3(signature = (op, args, at, recorder=None))]
pub fn call<'py>(
    py: Python<'py>,
    op: &str,
    args: &Bound<'py, PyTuple>,
    at: At,
    recorder: Option<Bound<'py, Recorder>>,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let op = Op::find(op).raise(py)?;
    match recorder_of(args.as_any())?.or(recorder) {
        Some(recorder) => Recorder::op(&recorder, op, args, loc(at)),
        None => eager(py, op, args, at),
    }
}

/// The recorder of the first handle among the arguments.
fn recorder_of<'py>(args: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, Recorder>>> {
    for item in args.try_iter()? {
        let item = item?;
        if let Ok(handle) = item.cast::<Handle>() {
            return Ok(Some(handle.get().recorder(item.py())));
        }
        if (item.is_instance_of::<PyTuple>() || item.is_instance_of::<PyList>())
            && let Some(found) = recorder_of(&item)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn eager<'py>(
    py: Python<'py>,
    op: Op,
    args: &Bound<'py, PyTuple>,
    at: At,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let mut values = Vec::new();
    let mut number = |object: &Bound<'_, PyAny>| {
        debug_assert!(is_value(object));
        values.push(object.cast::<Array>()?.get().tensor().clone());
        Ok(ValueId(values.len() as u32 - 1))
    };
    let args = arguments(op.def(), args, &mut number)?;
    let eval = || engine::eval(op, &args, |v| values.get(v.index()));
    let results = py.detach(eval).map_err(|error| match error {
        Error::Trace(diagnostic) => Error::Trace(diagnostic.at(loc(at))),
        other => other,
    });
    let results = results.raise(py)?;
    results.into_iter().map(|t| Ok(Bound::new(py, Array::new(t))?.into_any())).collect()
}
