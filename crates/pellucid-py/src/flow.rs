//! Functions, branches and loops: what Python records between the beginning and the end of a function.

use pellucid_graph::{Body as Inner, Reach};
use pyo3::prelude::*;

use crate::errors::{At, Raise, loc};
use crate::handle::Handle;
use crate::recorder::Recorder;

/// A recorded function and what it captured.
#[pyclass(frozen, module = "pellucid._native")]
pub struct Body(Inner);

/// Begins a function with a parameter for each of these values; returns what stands for them in it.
/// `is_closed` says that it may use nothing else.
#[pyfunction]
pub fn begin_function<'py>(
    recorder: &Bound<'py, Recorder>,
    name: &str,
    params: Vec<Bound<'py, PyAny>>,
    is_closed: bool,
    at: At,
) -> PyResult<Vec<Bound<'py, Handle>>> {
    let at = loc(at);
    let handle = |value| recorder.borrow_mut().handle(recorder, value, at.as_ref());
    let params = params.iter().map(handle).collect::<PyResult<Vec<_>>>()?;
    let reach = if is_closed { Reach::Parameters } else { Reach::Around };
    let begun = recorder.borrow_mut().inner_mut().begin_function_on(name, &params, reach, at.clone());
    Recorder::wrapped(recorder, begun.raise(recorder.py())?)
}

/// Ends the function begun last, with the values it gives.
#[pyfunction]
pub fn end_function(
    recorder: &Bound<'_, Recorder>,
    results: Vec<Bound<'_, PyAny>>,
    at: At,
) -> PyResult<Body> {
    let at = loc(at);
    let mut this = recorder.borrow_mut();
    let results = results.iter().map(|r| this.handle(recorder, r, at.as_ref())).collect::<PyResult<Vec<_>>>();
    match results {
        Ok(results) => this.inner_mut().end_function(&results, at).raise(recorder.py()).map(Body),
        Err(e) => {
            this.inner_mut().abandon_function();
            Err(e)
        }
    }
}

/// Forgets the function begun last.
#[pyfunction]
pub fn abandon_function(recorder: &Bound<'_, Recorder>) {
    recorder.borrow_mut().inner_mut().abandon_function();
}

/// Runs a function on values.
#[pyfunction]
pub fn call_function<'py>(
    recorder: &Bound<'py, Recorder>,
    body: &Body,
    args: Vec<Bound<'py, PyAny>>,
    at: At,
) -> PyResult<Vec<Bound<'py, Handle>>> {
    let at = loc(at);
    let called = {
        let mut this = recorder.borrow_mut();
        let args =
            args.iter().map(|a| this.handle(recorder, a, at.as_ref())).collect::<PyResult<Vec<_>>>()?;
        this.inner_mut().call(body.0.function(), &args, at).raise(recorder.py())?
    };
    Recorder::wrapped(recorder, called)
}

/// Runs one of two functions.
#[pyfunction]
pub fn cond<'py>(
    recorder: &Bound<'py, Recorder>,
    pred: &Bound<'py, PyAny>,
    then: &Body,
    otherwise: &Body,
    at: At,
) -> PyResult<Vec<Bound<'py, Handle>>> {
    let at = loc(at);
    let made = {
        let mut this = recorder.borrow_mut();
        let pred = this.handle(recorder, pred, at.as_ref())?;
        this.inner_mut().cond(pred, then.0.clone(), otherwise.0.clone(), at).raise(recorder.py())?
    };
    Recorder::wrapped(recorder, made)
}

/// Runs `body` on the values carried while `test` says so, at most `most` times.
#[pyfunction]
pub fn while_loop<'py>(
    recorder: &Bound<'py, Recorder>,
    test: &Body,
    body: &Body,
    carried: Vec<Bound<'py, PyAny>>,
    most: u64,
    at: At,
) -> PyResult<Vec<Bound<'py, Handle>>> {
    let at = loc(at);
    let made = {
        let mut this = recorder.borrow_mut();
        let carried = carried.iter().map(|v| this.handle(recorder, v, at.as_ref()));
        let carried = carried.collect::<PyResult<Vec<_>>>()?;
        let (test, body) = (test.0.clone(), body.0.clone());
        this.inner_mut().while_loop(test, body, &carried, most, at).raise(recorder.py())?
    };
    Recorder::wrapped(recorder, made)
}
