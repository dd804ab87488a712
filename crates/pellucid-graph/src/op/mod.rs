//! Operations on values: what a row of the table is, and what arguments look like.
//!
//! [`table::OPS`] is the only place to add an operation to the language; Python methods, reference
//! documentation and the checks of every form follow from its row. The kernel of the same name
//! lives in the engine.

mod arg;
mod call;
mod einsum;
mod index;
mod open;
mod rules;
mod table;

pub use arg::{Arg, IndexItem, Slice};
pub use call::{Call, Operand};
pub use einsum::{Einsum, resolve_einsum};
pub use index::{OutAxis, ResolvedIndex, resolve_index};
pub use rules::{class_axis, diagonal_length, holds_vectors, matrix_axes, moved_axes, turned_axes};
pub use table::OPS;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::diagnostic::nearest;
use crate::{Code, Diagnostic, Result, TensorType};

/// One row of the op table.
#[derive(Debug)]
pub struct OpDef {
    /// The section of the reference it belongs to: a title, then what its operations share.
    pub section: &'static str,
    /// PyTorch's name.
    pub name: &'static str,
    /// Parameters in order; the first is `self` of the method.
    pub params: &'static [Param],
    /// PyTorch's names of the results; one unnamed result is `[""]`.
    pub results: &'static [&'static str],
    /// How the result relates to the memory of the first argument, as in PyTorch.
    pub memory: Memory,
    /// One sentence, then shapes and dtypes.
    pub doc: &'static str,
    /// Whether gradients flow through.
    pub slope: Slope,
    /// Dtype and shape of every result.
    pub infer: fn(&Call<'_>) -> Result<Vec<TensorType>>,
}

/// One parameter of an operation.
#[derive(Debug)]
pub struct Param {
    /// PyTorch's name.
    pub name: &'static str,
    /// What it takes.
    pub kind: ParamKind,
    /// What it is when not given; `None` where it must be given.
    pub default: Option<Arg>,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// A value.
    Tensor,
    /// A value or a plain number, which does not widen the other operand.
    Operand,
    /// A list of values.
    Tensors,
    /// An integer.
    Int,
    /// A number.
    Float,
    /// A truth value.
    Bool,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// Any text.
    Text,
    /// An axis, negative from the end.
    Dim,
    /// One axis or a list of them; none means all.
    Dims,
    /// Lengths of axes; -1 where the table's doc says so.
    Shape,
    /// An element type.
    DType,
    /// What stands between brackets.
    Index,
}

/// Whether gradients flow through an operation, as in PyTorch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slope {
    /// To floating arguments, from floating results.
    Smooth,
    /// None do: results are truth values, integers or random, or stay the same when arguments move a little.
    Flat,
    /// There is no derivative: asking for a gradient through it is an error.
    Rough,
}

/// How a result relates to the memory of the first argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// New memory.
    Fresh,
    /// A view: writing to the result writes to the argument.
    Shares,
    /// New memory; PyTorch has an in-place form besides, `add_` beside `add`, which writes the result
    /// to the argument.
    Updates,
}

/// A reference to a row of the table; compares and serializes by name.
#[derive(Clone, Copy)]
pub struct Op(&'static OpDef);

impl Op {
    /// Finds the row of this name.
    ///
    /// # Errors
    /// [`Code::UnknownOp`] with the nearest names.
    pub fn find(name: &str) -> Result<Op> {
        static BY_NAME: LazyLock<HashMap<&str, &OpDef>> =
            LazyLock::new(|| OPS.iter().map(|def| (def.name, def)).collect());
        if let Some(def) = BY_NAME.get(name) {
            return Ok(Op(def));
        }
        let diagnostic = Diagnostic::new(Code::UnknownOp, format!("there is no operation `{name}`"));
        Err(match nearest(name, OPS.iter().map(|d| d.name)) {
            Some(hint) => diagnostic.help(hint),
            None => diagnostic,
        })
    }

    /// The row.
    pub fn def(self) -> &'static OpDef {
        self.0
    }
}

impl OpDef {
    /// Puts positional and named arguments in the order of the parameters and fills in defaults.
    ///
    /// # Errors
    /// Too many arguments, an unknown name, one given twice, one missing.
    pub fn bind(&self, positional: Vec<Arg>, named: Vec<(&str, Arg)>) -> Result<Vec<Arg>> {
        let fault = |m: String| Err(Diagnostic::new(Code::BadArgument, format!("`{}`: {m}", self.name)));
        if positional.len() > self.params.len() {
            return fault(format!("takes at most {} arguments, got {}", self.params.len(), positional.len()));
        }
        let mut args: Vec<Option<Arg>> = positional.into_iter().map(Some).collect();
        args.resize_with(self.params.len(), || None);
        for (name, arg) in named {
            match self.params.iter().position(|p| p.name == name) {
                Some(i) if args[i].is_none() => args[i] = Some(arg),
                Some(_) => return fault(format!("`{name}` is given twice")),
                None => {
                    let names: Vec<&str> = self.params.iter().map(|p| p.name).collect();
                    return fault(format!("has no argument `{name}`, it takes {}", names.join(", ")));
                }
            }
        }
        let mut full = Vec::with_capacity(args.len());
        for (arg, param) in args.into_iter().zip(self.params) {
            match arg.or_else(|| param.default.clone()) {
                Some(arg) => full.push(arg),
                None => return fault(format!("`{}` is missing", param.name)),
            }
        }
        Ok(full)
    }
}

impl PartialEq for Op {
    fn eq(&self, other: &Op) -> bool {
        self.0.name == other.0.name
    }
}

impl std::fmt::Debug for Op {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.name)
    }
}

impl Serialize for Op {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.0.name)
    }
}

impl<'de> Deserialize<'de> for Op {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = String::deserialize(d)?;
        Op::find(&name).map_err(|e| serde::de::Error::custom(e.message))
    }
}
