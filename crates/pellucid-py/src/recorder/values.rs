//! What stands in the graph for what Python gives: handles, and arrays, which become constants.

use pellucid_graph::op::ParamKind;
use pellucid_graph::{Arg, Code, Constant, Diagnostic, Handle as Inner, Loc, ValueId};
use pyo3::prelude::*;

use super::Recorder;
use crate::array::Array;
use crate::errors::{Raise, python_error};
use crate::handle::Handle;
use crate::{args, engine};

impl Recorder {
    /// The number of the value that a handle or an array stands for now.
    pub(super) fn number(
        &mut self,
        this: &Bound<'_, Recorder>,
        object: &Bound<'_, PyAny>,
        at: Option<&Loc>,
    ) -> PyResult<ValueId> {
        let inner = self.handle(this, object, at)?;
        self.inner.value(inner, at.cloned()).raise(this.py())
    }

    /// What stands in the graph for a handle of this trace, or for an array, which becomes a constant.
    pub fn handle(
        &mut self,
        this: &Bound<'_, Recorder>,
        object: &Bound<'_, PyAny>,
        at: Option<&Loc>,
    ) -> PyResult<Inner> {
        if let Ok(handle) = object.cast::<Handle>() {
            return match handle.get().is_of(this) {
                true => Ok(handle.get().inner()),
                false => {
                    let diagnostic =
                        Diagnostic::new(Code::UnknownValue, "the value belongs to another trace");
                    let help = "save it there: saved values are concrete after their block";
                    Err(python_error(this.py(), diagnostic.help(help).at(at.cloned())))
                }
            };
        }
        self.constant(this.py(), object.cast::<Array>()?.get().tensor(), at)
    }

    pub(super) fn constant(
        &mut self,
        py: Python<'_>,
        tensor: &engine::Tensor,
        at: Option<&Loc>,
    ) -> PyResult<Inner> {
        let data = tensor.as_bytes();
        let place = data.as_ptr() as usize;
        let known = self.constants.get(&place).filter(|(t, _)| t.ty() == tensor.ty()).map(|(_, i)| *i);
        let index = match known {
            Some(index) => index,
            None => {
                let constant = Constant { ty: tensor.ty(), data: data.into() };
                let index = self.inner.add_constant(constant, at.cloned()).raise(py)?;
                self.constants.insert(place, (tensor.clone(), index));
                index
            }
        };
        self.inner.constant(index, at.cloned()).raise(py)
    }

    /// Saves a value, unless it is saved already and needs no name of its own; gives its name.
    pub(super) fn saved(
        &mut self,
        py: Python<'_>,
        value: Inner,
        name: Option<String>,
        at: Option<Loc>,
    ) -> PyResult<String> {
        let id = self.inner.value(value, at.clone()).raise(py)?;
        if let (Some(known), None) = (self.names.get(&id), &name) {
            return Ok(known.clone());
        }
        let name = name.unwrap_or_else(|| format!("saved{}", self.names.len()));
        self.inner.save(&name, value, at).raise(py)?;
        self.names.insert(id, name.clone());
        Ok(name)
    }

    pub(super) fn operand(
        &mut self,
        this: &Bound<'_, Recorder>,
        object: &Bound<'_, PyAny>,
        at: Option<&Loc>,
    ) -> PyResult<Arg> {
        args::argument("=", ParamKind::Operand, object, &mut |o| self.number(this, o, at))
    }
}
