//! Blocks that are recorded once for several steps: `with tracer.iter[1:4]:`.

use pellucid_graph as graph;
use pyo3::prelude::*;

use crate::errors::Raise;
use crate::handle::Handle;
use crate::recorder::Recorder;

/// Where a block begins.
#[pyclass(frozen, module = "pellucid._native")]
pub struct Mark {
    inner: graph::Mark,
    step: u32,
}

/// Begins a block whose statements are of `step`.
#[pyfunction]
pub fn begin_steps(recorder: &Recorder, step: u32) -> Mark {
    Mark { inner: recorder.inner().mark(step), step }
}

/// Handles of a block for use after it, and for each other step what stands there for what was wanted.
type Repeated = (Vec<Py<Handle>>, Vec<Py<Handle>>, Vec<Vec<Py<Handle>>>);

/// Ends a block and records it again for other steps. `adopted` are tensors of before that it has made
/// values. Gives these and `wanted` for use after the block, and what stands for `wanted` at each step.
#[pyfunction]
pub fn repeat_steps(
    recorder: &Bound<'_, Recorder>,
    mark: &Mark,
    steps: Vec<u32>,
    adopted: Vec<PyRef<'_, Handle>>,
    wanted: Vec<PyRef<'_, Handle>>,
) -> PyResult<Repeated> {
    let py = recorder.py();
    let inner = |handles: &[PyRef<'_, Handle>]| handles.iter().map(|h| h.inner()).collect::<Vec<_>>();
    let (adopted, wanted) = (inner(&adopted), inner(&wanted));
    let block = recorder.borrow_mut().inner_mut().block(mark.inner.clone(), mark.step, &adopted, &wanted);
    let block = block.raise(py)?;
    let wrap = |handles: Vec<graph::Handle>| {
        handles.into_iter().map(|h| Ok(Handle::new(recorder, h)?.unbind())).collect::<PyResult<Vec<_>>>()
    };
    let renew = |handles: &[graph::Handle]| {
        let again = |h: &graph::Handle| recorder.borrow_mut().inner_mut().renewed(*h);
        wrap(handles.iter().map(again).collect())
    };
    let (adopted, wanted) = (renew(&adopted)?, renew(&wanted)?);
    let repeat = |step: u32| {
        let made = recorder.borrow_mut().inner_mut().repeat(&block, step);
        wrap(made.raise(py)?)
    };
    let made = steps.into_iter().map(repeat).collect::<PyResult<_>>()?;
    Ok((adopted, wanted, made))
}
