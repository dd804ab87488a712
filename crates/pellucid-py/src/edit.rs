//! Weights as tensors, and edits of a model's handle.

use pellucid_graph::{Kind, Limits};
use pyo3::prelude::*;

use crate::array::Array;
use crate::errors::{At, Raise, loc};
use crate::model::Model;
use crate::signals::{Run, interruptible};
use crate::trace::Trace;

/// Path and shape of weights, and the path of those that they are the same as.
type ParameterRow = (String, Vec<usize>, Option<String>);

/// Every tensor of weights of a model, in the order of its modules.
#[pyfunction]
pub fn parameters(model: &Model) -> Vec<ParameterRow> {
    let model = model.shared();
    let rows = model.spec().parameters.iter();
    rows.map(|p| (p.path.clone(), p.shape.clone(), p.same_as.clone())).collect()
}

/// Weights with their numbers; a copy.
#[pyfunction]
pub fn parameter(py: Python<'_>, model: &Model, path: String, at: At) -> PyResult<Array> {
    let model = model.shared();
    model.spec().parameter(&path).map_err(|d| d.at(loc(at))).raise(py)?;
    Ok(Array::new(interruptible(py, None, move || model.parameter(&path))?.raise(py)?))
}

/// Another handle to a model.
#[pyfunction]
pub fn copy_model(model: &Model) -> Model {
    model.copied()
}

/// Gives a handle one more edit; its weights are computed now.
#[pyfunction]
pub fn add_edit(py: Python<'_>, model: &Model, edit: &Trace) -> PyResult<()> {
    let (shared, trace, run) = (model.shared(), edit.inner().clone(), Run::new());
    let cancel = run.cancel();
    let work = || shared.edited(trace, &Limits::default(), &cancel);
    model.replace(run.run(py, work)?.raise(py)?);
    Ok(())
}

/// Whether the edits of a handle do something in each run; those of weights alone do not.
#[pyfunction]
pub fn has_effects(model: &Model) -> bool {
    model.shared().has_effects()
}

/// Modules that the edits of a handle skip, and in how many first steps if not in all.
#[pyfunction]
pub fn edited_skips(model: &Model) -> Vec<(String, Option<usize>)> {
    let skipped = |trace: &pellucid_graph::Trace| {
        let steps = trace.generation.as_ref().map(|sampling| sampling.max_new_tokens);
        let module = |kind: &Kind| match kind {
            Kind::Skip { module, .. } => Some((module.clone(), steps)),
            _ => None,
        };
        trace.statements.iter().filter_map(|s| module(&s.kind)).collect::<Vec<_>>()
    };
    edits(model).iter().flat_map(|trace| skipped(trace.inner())).collect()
}

/// Makes a handle what it was before its edits.
#[pyfunction]
pub fn clear_edits(model: &Model) {
    model.replace(model.shared().without_edits());
}

/// The edits of a handle, as they were written, in their order.
#[pyfunction]
pub fn edits(model: &Model) -> Vec<Trace> {
    model.shared().edits().iter().map(|applied| Trace::new(applied.edit().trace().clone())).collect()
}

/// What the edits of a handle write: paths of modules, and points, names of weights or `skip`.
#[pyfunction]
pub fn edited_places(model: &Model) -> Vec<(String, String)> {
    let model = model.shared();
    let place = |kind: &Kind| match kind {
        Kind::Write { site, .. } => Some((site.path.clone(), site.point.name().to_owned())),
        Kind::Skip { module, .. } => Some((module.clone(), "skip".to_owned())),
        Kind::SetParameter { path, .. } => {
            let (module, name) = path.rsplit_once('.').unwrap_or(("", path));
            Some((module.to_owned(), name.to_owned()))
        }
        _ => None,
    };
    let statements = model.edits().iter().flat_map(|applied| &applied.edit().trace().statements);
    statements.filter_map(|s| place(&s.kind)).collect()
}
