//! What Python holds of a value in a trace.

use std::sync::Arc;

use pellucid_graph::Handle as Inner;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::recorder::Recorder;

/// A value of a trace; several can be views of one storage.
#[pyclass(frozen, module = "pellucid._native")]
pub struct Handle {
    recorder: Py<Recorder>,
    inner: Inner,
    /// Tells a live trace that somebody has the handle.
    _mark: Arc<()>,
}

impl Handle {
    /// A handle that the recorder's live run, if it has one, knows of.
    pub fn new<'py>(recorder: &Bound<'py, Recorder>, inner: Inner) -> PyResult<Bound<'py, Handle>> {
        let mark = Arc::new(());
        if let Some(running) = recorder.borrow_mut().running_mut() {
            running.note(inner, &mark);
        }
        Bound::new(recorder.py(), Handle { recorder: recorder.clone().unbind(), inner, _mark: mark })
    }

    /// The graph's handle.
    pub fn inner(&self) -> Inner {
        self.inner
    }

    /// Whether it belongs to this recorder.
    pub fn is_of(&self, recorder: &Bound<'_, Recorder>) -> bool {
        self.recorder.is(recorder)
    }

    /// The recorder it belongs to.
    pub fn recorder<'py>(&self, py: Python<'py>) -> Bound<'py, Recorder> {
        self.recorder.bind(py).clone()
    }
}

#[pymethods]
impl Handle {
    /// Length of each axis; `None` where it depends on elements, or in an edit on prompts.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let recorder = self.recorder.borrow(py);
        let (ty, open) = (recorder.inner().type_of(self.inner), recorder.inner().open_axes(self.inner));
        let length = |(i, n): (usize, &usize)| (open >> i & 1 == 0).then_some(*n);
        PyTuple::new(py, ty.shape.iter().enumerate().map(length).collect::<Vec<_>>())
    }

    /// The largest lengths possible; `shape` knows those that do not depend on elements.
    #[getter]
    fn bounds<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let recorder = self.recorder.borrow(py);
        PyTuple::new(py, &recorder.inner().type_of(self.inner).shape)
    }

    /// The recorder it belongs to, of the class that made it.
    #[getter(recorder)]
    fn py_recorder(&self, py: Python<'_>) -> Py<Recorder> {
        self.recorder.clone_ref(py)
    }

    /// Whether elements follow each other in memory, as PyTorch would lay them out.
    #[getter]
    fn is_contiguous(&self, py: Python<'_>) -> bool {
        self.recorder.borrow(py).inner().is_contiguous(self.inner)
    }

    #[getter]
    fn dtype(&self, py: Python<'_>) -> &'static str {
        self.recorder.borrow(py).inner().type_of(self.inner).dtype.name()
    }
}
