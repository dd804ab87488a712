//! Python objects as arguments of operations. The table's row says how a list or a word is meant;
//! whether the argument is of the right kind is for the graph to say.

use pellucid_graph::op::ParamKind;
use pellucid_graph::{Arg, Code, DType, Diagnostic, IndexItem, OpDef, Slice, ValueId};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyEllipsis, PyFloat, PyList, PySlice, PyString, PyTuple};

use crate::array::Array;
use crate::errors::{Raise, python_error};
use crate::handle::Handle;

/// Gives a [`Handle`] or an [`Array`] its number among the values.
pub type Number<'a> = dyn FnMut(&Bound<'_, PyAny>) -> PyResult<ValueId> + 'a;

/// True for what stands for a tensor.
pub fn is_value(object: &Bound<'_, PyAny>) -> bool {
    object.is_instance_of::<Handle>() || object.is_instance_of::<Array>()
}

/// The arguments of an operation, one for each parameter.
///
/// # Errors
/// An object that no argument can be made of.
pub fn arguments(def: &OpDef, given: &Bound<'_, PyTuple>, number: &mut Number<'_>) -> PyResult<Vec<Arg>> {
    let kinds = def.params.iter().map(|p| p.kind);
    let args = given.iter().zip(kinds).map(|(object, kind)| argument(def.name, kind, &object, number));
    args.collect()
}

/// One argument for a parameter of this kind.
///
/// # Errors
/// An object that no argument can be made of.
pub fn argument(
    op: &str,
    kind: ParamKind,
    object: &Bound<'_, PyAny>,
    number: &mut Number<'_>,
) -> PyResult<Arg> {
    if object.is_none() {
        return Ok(Arg::None);
    }
    if is_value(object) {
        return number(object).map(Arg::Value);
    }
    if kind == ParamKind::Index {
        return index(object, number).map(Arg::Index);
    }
    if let Ok(b) = object.cast::<PyBool>() {
        return Ok(Arg::Bool(b.is_true()));
    }
    if let Ok(word) = object.cast::<PyString>() {
        return word_or_dtype(kind, word);
    }
    if let Ok(x) = object.cast::<PyFloat>() {
        return Ok(Arg::Float(x.value()));
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        return list(op, kind, object, number);
    }
    if let Ok(n) = object.extract::<i64>() {
        return Ok(Arg::Int(n));
    }
    object.extract::<f64>().map(Arg::Float).map_err(|_| unusable(op, object))
}

/// What stands between brackets: a tuple of integers, slices, `None`, `...` and tensors.
///
/// # Errors
/// An object that cannot stand there.
pub fn index(object: &Bound<'_, PyAny>, number: &mut Number<'_>) -> PyResult<Vec<IndexItem>> {
    object.try_iter()?.map(|item| index_item(&item?, number)).collect()
}

fn index_item(item: &Bound<'_, PyAny>, number: &mut Number<'_>) -> PyResult<IndexItem> {
    if let Ok(slice) = item.cast::<PySlice>() {
        let part = |name| item.getattr(name)?.extract::<Option<i64>>();
        let parts =
            || PyResult::Ok(Slice { start: part("start")?, stop: part("stop")?, step: part("step")? });
        return parts().map(IndexItem::Slice).map_err(|_| unusable("index", slice.as_any()));
    }
    if item.is_none() {
        return Ok(IndexItem::New);
    }
    if item.is_instance_of::<PyEllipsis>() {
        return Ok(IndexItem::Ellipsis);
    }
    if is_value(item) {
        return number(item).map(IndexItem::Value);
    }
    match item.is_instance_of::<PyBool>() {
        true => Err(unusable("index", item)),
        false => item.extract().map(IndexItem::Int).map_err(|_| unusable("index", item)),
    }
}

fn word_or_dtype(kind: ParamKind, word: &Bound<'_, PyString>) -> PyResult<Arg> {
    let word: String = word.extract()?;
    match (kind, DType::parse(&word)) {
        (ParamKind::DType, Some(dtype)) => Ok(Arg::DType(dtype)),
        _ => Ok(Arg::Word(word.into())),
    }
}

fn list(op: &str, kind: ParamKind, object: &Bound<'_, PyAny>, number: &mut Number<'_>) -> PyResult<Arg> {
    if kind == ParamKind::Tensors {
        let values = object.try_iter()?.map(|item| number(&item?));
        return values.collect::<PyResult<_>>().map(Arg::Values);
    }
    object.extract().map(Arg::Ints).map_err(|_| unusable(op, object))
}

fn unusable(op: &str, object: &Bound<'_, PyAny>) -> PyErr {
    let name = object.get_type().name().map(|n| n.to_string()).unwrap_or_default();
    let shown = object.repr().map(|r| r.to_string()).unwrap_or_default();
    let message = format!("`{op}`: cannot take `{shown}` of type `{name}` as an argument");
    python_error(object.py(), Diagnostic::new(Code::BadArgument, message))
}

/// An element type by name.
///
/// # Errors
/// No such type.
pub fn dtype(py: Python<'_>, name: &str) -> PyResult<DType> {
    let unknown = || {
        let known: Vec<_> = DType::ALL.iter().map(|d| d.name()).collect();
        Diagnostic::new(Code::DTypeMismatch, format!("there is no element type `{name}`"))
            .help(format!("the types are {}", known.join(", ")))
    };
    DType::parse(name).ok_or_else(unknown).raise(py)
}
