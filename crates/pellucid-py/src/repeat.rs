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

/// Ends a block and records it again for other steps; gives for each what stands there for `wanted`.
#[pyfunction]
pub fn repeat_steps(
    recorder: &Bound<'_, Recorder>,
    mark: &Mark,
    steps: Vec<u32>,
    wanted: Vec<PyRef<'_, Handle>>,
) -> PyResult<Vec<Vec<Py<Handle>>>> {
    let wanted: Vec<graph::Handle> = wanted.iter().map(|handle| handle.inner()).collect();
    let block = recorder.borrow().inner().block(mark.inner.clone(), mark.step);
    let repeat = |step: u32| {
        let made = recorder.borrow_mut().inner_mut().repeat(&block, step, &wanted);
        let made = made.raise(recorder.py())?;
        made.into_iter().map(|inner| Ok(Handle::new(recorder, inner)?.unbind())).collect()
    };
    steps.into_iter().map(repeat).collect()
}
