//! The graph's recorder for Python: one per trace.

mod values;

use std::collections::HashMap;
use std::sync::Arc;

use pellucid_graph::{
    Code, Diagnostic, Handle as Inner, Limits, Loc, Op, Part, Point, Prompt, Site, ValueId,
};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::array::Array;
use crate::errors::{At, Raise, loc};
use crate::generation::{Settings, sampling};
use crate::handle::Handle;
use crate::live::{Running, reach_step, settle};
use crate::log::Sink;
use crate::model::Model;
use crate::prompt::PromptArg;
use crate::trace::Trace;
use crate::{args, engine};

/// A trace in the making.
#[pyclass(subclass, module = "pellucid._native")]
pub struct Recorder {
    model: Arc<engine::Model>,
    inner: pellucid_graph::Recorder,
    /// Constants by the place of their memory, which the tensor beside keeps.
    constants: HashMap<usize, (engine::Tensor, usize)>,
    names: HashMap<ValueId, String>,
    /// What runs beside it, if the trace is live.
    running: Option<Running>,
    sink: Sink,
}

impl Recorder {
    /// The graph's recorder.
    pub fn inner(&self) -> &pellucid_graph::Recorder {
        &self.inner
    }

    /// The graph's recorder, to record with.
    pub fn inner_mut(&mut self) -> &mut pellucid_graph::Recorder {
        &mut self.inner
    }

    /// What runs beside it.
    pub fn running(&self) -> Option<&Running> {
        self.running.as_ref()
    }

    /// The same, to be changed.
    pub fn running_mut(&mut self) -> Option<&mut Running> {
        self.running.as_mut()
    }

    /// Who hears its logs.
    pub fn sink(&self, py: Python<'_>) -> Sink {
        self.sink.again(py)
    }

    /// Handles of the graph for Python.
    pub fn wrapped<'py>(
        this: &Bound<'py, Recorder>,
        handles: Vec<Inner>,
    ) -> PyResult<Vec<Bound<'py, Handle>>> {
        let handles = handles.into_iter().map(|inner| Handle::new(this, inner)).collect();
        settle(this)?;
        handles
    }

    /// One handle.
    fn wrapped_one(this: &Bound<'_, Recorder>, inner: Inner) -> PyResult<Py<Handle>> {
        let handle = Handle::new(this, inner)?;
        settle(this)?;
        Ok(handle.unbind())
    }

    /// Records an operation.
    ///
    /// # Errors
    /// What the operation's rule objects to, at the user's line.
    pub fn op<'py>(
        this: &Bound<'py, Recorder>,
        op: Op,
        given: &Bound<'py, PyTuple>,
        at: Option<Loc>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let py = this.py();
        let base = given.iter().next().and_then(|first| handle_of(&first));
        let handles = {
            let mut recorder = this.borrow_mut();
            let args = args::arguments(op.def(), given, &mut |o| recorder.number(this, o, at.as_ref()))?;
            recorder.inner.op(op, args, base, at).raise(py)?
        };
        Ok(Recorder::wrapped(this, handles)?.into_iter().map(Bound::into_any).collect())
    }
}

#[pymethods]
impl Recorder {
    /// `live` runs what is recorded at once, and tells `log` of what it logs. An `edit` is of every step, or of
    /// the first so many, and has an invoke already.
    #[new]
    #[pyo3(signature = (model, live=false, log=None, edit=None))]
    fn new(model: &Model, live: bool, log: Option<Py<PyAny>>, edit: Option<usize>) -> Recorder {
        let model = model.shared();
        let (spec, limits) = (model.spec().clone(), Limits::default());
        let inner = match edit {
            Some(steps) => pellucid_graph::Recorder::edit(spec, limits, (steps > 0).then_some(steps), None),
            None => pellucid_graph::Recorder::new(spec, limits),
        };
        let (constants, names, sink) = (HashMap::new(), HashMap::new(), Sink::new(log));
        let running = live.then(|| Running::new(model.clone()));
        Recorder { model, inner, constants, names, running, sink }
    }

    /// Makes it a trace of a generation.
    fn generate(&mut self, py: Python<'_>, settings: Settings, at: At) -> PyResult<()> {
        self.inner.generate(sampling(settings), loc(at)).raise(py)
    }

    /// Adds an input: a list whose items are text or a list of token ids.
    fn invoke(slf: &Bound<'_, Self>, prompts: Vec<PromptArg>, at: At) -> PyResult<usize> {
        let (at, py) = (loc(at), slf.py());
        let model = slf.borrow().model.clone();
        let prompt = |p: PromptArg| {
            let text = p.text();
            Ok(Prompt { text, ids: Some(p.ids(py, &model, at.as_ref())?) })
        };
        let prompts = prompts.into_iter().map(prompt).collect::<PyResult<_>>()?;
        let invoke = slf.borrow_mut().inner.invoke(prompts, at).raise(py)?;
        settle(slf)?;
        Ok(invoke)
    }

    /// Reads a site: `path` of the module, `input`, `output` or a tap, and which step of a generation.
    fn read(
        slf: &Bound<'_, Self>,
        invoke: usize,
        path: &str,
        point: &str,
        step: u32,
        at: At,
    ) -> PyResult<Py<Handle>> {
        let (site, at) = (Site { step, ..Site::new(path, Point::parse(point)) }, loc(at));
        slf.borrow().permit(slf.py(), (invoke, &site), true, at.as_ref())?;
        let inner = slf.borrow_mut().inner.read(invoke, site, at).raise(slf.py())?;
        Recorder::wrapped_one(slf, inner)
    }

    fn write(
        slf: &Bound<'_, Self>,
        invoke: usize,
        path: &str,
        point: &str,
        step: u32,
        value: &Bound<'_, PyAny>,
        at: At,
    ) -> PyResult<()> {
        let (site, at) = (Site { step, ..Site::new(path, Point::parse(point)) }, loc(at));
        slf.borrow().permit(slf.py(), (invoke, &site), false, at.as_ref())?;
        let value = slf.borrow_mut().handle(slf, value, at.as_ref())?;
        slf.borrow_mut().inner.write(invoke, site, value, at).raise(slf.py())?;
        settle(slf)
    }

    fn skip(
        slf: &Bound<'_, Self>,
        invoke: usize,
        path: &str,
        step: u32,
        value: &Bound<'_, PyAny>,
        at: At,
    ) -> PyResult<()> {
        let (input, at) = (Site { step, ..Site::new(path, Point::Input) }, loc(at));
        slf.borrow().permit(slf.py(), (invoke, &input), false, at.as_ref())?;
        let value = slf.borrow_mut().handle(slf, value, at.as_ref())?;
        slf.borrow_mut().inner.skip(invoke, path, step, value, at).raise(slf.py())?;
        settle(slf)
    }

    /// Reads weights.
    fn parameter(slf: &Bound<'_, Self>, path: &str, at: At) -> PyResult<Py<Handle>> {
        let inner = slf.borrow_mut().inner.parameter(path, loc(at)).raise(slf.py())?;
        Recorder::wrapped_one(slf, inner)
    }

    /// Writes weights, in an edit.
    fn set_parameter(slf: &Bound<'_, Self>, path: &str, value: &Bound<'_, PyAny>, at: At) -> PyResult<()> {
        let at = loc(at);
        let value = slf.borrow_mut().handle(slf, value, at.as_ref())?;
        slf.borrow_mut().inner.set_parameter(path, value, at).raise(slf.py())?;
        settle(slf)
    }

    /// A backward pass from values, each with its gradient if `seeds` has any.
    fn backward(
        slf: &Bound<'_, Self>,
        outputs: Vec<Bound<'_, PyAny>>,
        seeds: Vec<Bound<'_, PyAny>>,
        create_graph: bool,
        at: At,
    ) -> PyResult<Py<Handle>> {
        let at = loc(at);
        let inner = {
            let mut recorder = slf.borrow_mut();
            if recorder.running.is_some() {
                let message = "a live trace has no backward pass: it has forgotten how values were computed";
                let help = "`model.trace(...)` without `live=True` has them";
                let diagnostic = Diagnostic::new(Code::NoGradient, message).help(help).at(at);
                return Err(diagnostic).raise(slf.py());
            }
            let mut handles = |given: &[Bound<'_, PyAny>]| {
                given.iter().map(|o| recorder.handle(slf, o, at.as_ref())).collect::<PyResult<Vec<_>>>()
            };
            let (outputs, seeds) = (handles(&outputs)?, handles(&seeds)?);
            recorder.inner.backward(&outputs, &seeds, create_graph, at).raise(slf.py())?
        };
        Recorder::wrapped_one(slf, inner)
    }

    /// The gradient of a value in a backward pass.
    fn gradient(
        slf: &Bound<'_, Self>,
        backward: &Handle,
        of: &Bound<'_, PyAny>,
        at: At,
    ) -> PyResult<Py<Handle>> {
        let at = loc(at);
        let inner = {
            let mut recorder = slf.borrow_mut();
            let of = recorder.handle(slf, of, at.as_ref())?;
            recorder.inner.gradient(backward.inner(), of, at).raise(slf.py())?
        };
        Recorder::wrapped_one(slf, inner)
    }

    /// Changes what flows on from a value in a backward pass.
    fn set_gradient(
        slf: &Bound<'_, Self>,
        backward: &Handle,
        of: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
        at: At,
    ) -> PyResult<()> {
        let at = loc(at);
        let mut recorder = slf.borrow_mut();
        let of = recorder.handle(slf, of, at.as_ref())?;
        let value = recorder.operand(slf, value, at.as_ref())?;
        recorder.inner.set_gradient(backward.inner(), of, value, at).raise(slf.py())
    }

    /// A constant with a storage of its own, which can be written to.
    fn constant_of(slf: &Bound<'_, Self>, value: &Array, at: At) -> PyResult<Py<Handle>> {
        let inner = slf.borrow_mut().constant(slf.py(), value.tensor(), loc(at).as_ref())?;
        Recorder::wrapped_one(slf, inner)
    }

    /// Applies a module to a value.
    fn apply(slf: &Bound<'_, Self>, path: &str, value: &Bound<'_, PyAny>, at: At) -> PyResult<Py<Handle>> {
        let at = loc(at);
        let inner = {
            let mut recorder = slf.borrow_mut();
            let value = recorder.handle(slf, value, at.as_ref())?;
            recorder.inner.apply(path, value, at).raise(slf.py())?
        };
        Recorder::wrapped_one(slf, inner)
    }

    /// `target[index] = value`.
    fn set_item(
        slf: &Bound<'_, Self>,
        target: &Handle,
        index: &Bound<'_, PyTuple>,
        value: &Bound<'_, PyAny>,
        at: At,
    ) -> PyResult<()> {
        let at = loc(at);
        slf.borrow().permit_through(slf.py(), target.inner(), at.as_ref())?;
        {
            let mut recorder = slf.borrow_mut();
            let index = args::index(index, &mut |o| recorder.number(slf, o, at.as_ref()))?;
            let base = handle_of(value);
            let value = recorder.operand(slf, value, at.as_ref())?;
            recorder.inner.set_item(target.inner(), index, value, base, at).raise(slf.py())?;
        }
        settle(slf)
    }

    /// The contents of `target` become the result of an operation on it.
    fn update(slf: &Bound<'_, Self>, target: &Handle, value: &Bound<'_, PyAny>, at: At) -> PyResult<()> {
        let at = loc(at);
        slf.borrow().permit_through(slf.py(), target.inner(), at.as_ref())?;
        let value = slf.borrow_mut().number(slf, value, at.as_ref())?;
        slf.borrow_mut().inner.update(target.inner(), value, at).raise(slf.py())?;
        settle(slf)
    }

    /// The contents of `target` become `value`, broadcast and converted.
    fn assign(slf: &Bound<'_, Self>, target: &Handle, value: &Bound<'_, PyAny>, at: At) -> PyResult<()> {
        let at = loc(at);
        slf.borrow().permit_through(slf.py(), target.inner(), at.as_ref())?;
        let value = slf.borrow_mut().operand(slf, value, at.as_ref())?;
        slf.borrow_mut().inner.assign(target.inner(), value, at).raise(slf.py())?;
        settle(slf)
    }

    /// Keeps the value as it is now; returns the name it has among the results.
    #[pyo3(signature = (value, name, at))]
    fn save(slf: &Bound<'_, Self>, value: &Handle, name: Option<String>, at: At) -> PyResult<String> {
        let name = slf.borrow_mut().saved(slf.py(), value.inner(), name, loc(at))?;
        settle(slf)?;
        Ok(name)
    }

    /// Says something while the trace runs: text, and values as they are now.
    fn log(slf: &Bound<'_, Self>, parts: Vec<Bound<'_, PyAny>>, at: At) -> PyResult<()> {
        let at = loc(at);
        let part = |part: &Bound<'_, PyAny>| match part.cast::<PyString>() {
            Ok(text) => Ok(Part::Text(text.to_string())),
            Err(_) => slf.borrow_mut().handle(slf, part, at.as_ref()).map(Part::Value),
        };
        let parts = parts.iter().map(part).collect::<PyResult<Vec<_>>>()?;
        slf.borrow_mut().inner.log(&parts, at.clone()).raise(slf.py())?;
        settle(slf)
    }

    fn stop(slf: &Bound<'_, Self>, at: At) -> PyResult<()> {
        slf.borrow_mut().inner.stop(loc(at)).raise(slf.py())?;
        settle(slf)
    }

    /// The elements of a value of a live trace, as they are now.
    fn elements(slf: &Bound<'_, Self>, value: &Handle, at: At) -> PyResult<Array> {
        let v = slf.borrow_mut().inner.value(value.inner(), loc(at)).raise(slf.py())?;
        settle(slf)?;
        let found = slf.borrow().running.as_ref().and_then(|running| running.value(v));
        let missing =
            || Diagnostic::new(Code::UnknownValue, "the value was never computed: its line raised an error");
        found.ok_or_else(missing).map(Array::new).raise(slf.py())
    }

    /// Keeps what these sites of the present invoke hold until they are read, in whatever order.
    fn keep_sites(
        &self,
        py: Python<'_>,
        invoke: usize,
        sites: Vec<(String, String, u32)>,
        at: At,
    ) -> PyResult<()> {
        let Some(running) = &self.running else { return Ok(()) };
        let site = |(path, point, step): (String, String, u32)| Site {
            step,
            ..Site::new(path, Point::parse(&point))
        };
        let sites = sites.into_iter().map(site).filter(|site| !self.inner.knows(invoke, site));
        running.keep(&sites.collect::<Vec<_>>()).map_err(|e| e.at(loc(at).as_ref())).raise(py)
    }

    /// Lets the pass of the present invoke go on to the beginning of a step, if the trace is live; says
    /// whether there is one.
    fn reach_step(slf: &Bound<'_, Self>, step: usize, at: At) -> PyResult<bool> {
        settle(slf)?;
        reach_step(slf, step, loc(at).as_ref())
    }

    /// The present invoke of a live trace has ended.
    fn end_invoke(&self, py: Python<'_>) {
        self.running.iter().for_each(|running| running.end_pass(py));
    }

    /// The live trace has ended: its values are gone.
    fn end_live(&mut self, py: Python<'_>) {
        let running = self.running.take();
        py.detach(|| drop(running));
    }

    /// What has been recorded so far.
    fn trace(&self) -> Trace {
        Trace::new(self.inner.trace().clone())
    }
}

fn handle_of(object: &Bound<'_, PyAny>) -> Option<Inner> {
    object.cast::<Handle>().ok().map(|h| h.get().inner())
}
