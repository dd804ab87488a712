//! One use of an operation while its result types are inferred: arguments by position, checked for kind.

use super::{Arg, OpDef, ParamKind, open};
use crate::dtype::Category;
use crate::shape::MAX_AXES;
use crate::{Code, DType, Diagnostic, Result, TensorType, ValueId};

/// An operation with its arguments and the types of the values among them.
pub struct Call<'a> {
    /// The table's row.
    pub def: &'static OpDef,
    /// One argument for each parameter.
    pub args: &'a [Arg],
    /// Types of all values made so far, by number.
    pub types: &'a [TensorType],
}

/// A tensor or a plain number.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand<'a> {
    /// A value of this type.
    Tensor(&'a TensorType),
    /// A number of this category.
    Number(Category),
}

impl<'a> Call<'a> {
    /// Infers the types of the results.
    ///
    /// # Errors
    /// A wrong number or kind of arguments, an unknown value, or what the row's rule objects to.
    pub fn infer(def: &'static OpDef, args: &'a [Arg], types: &'a [TensorType]) -> Result<Vec<TensorType>> {
        let call = Call { def, args, types };
        if args.len() != def.params.len() {
            let message = format!("takes {} arguments, got {}", def.params.len(), args.len());
            return Err(call.fault(Code::BadArgument, message));
        }
        for i in 0..args.len() {
            call.check_kind(i)?;
        }
        let results = open::infer(&call)?;
        match results.iter().find(|t| !t.addressable()) {
            None => Ok(results),
            Some(t) if t.rank() > MAX_AXES => {
                let message = format!("the result has {} axes, at most {MAX_AXES} are allowed", t.rank());
                Err(call.fault(Code::ShapeMismatch, message))
            }
            Some(_) => Err(call.fault(Code::ShapeMismatch, "the result is too large to address")),
        }
    }

    /// A diagnostic about this call.
    pub fn fault(&self, code: Code, message: impl std::fmt::Display) -> Diagnostic {
        Diagnostic::new(code, format!("`{}`: {message}", self.def.name))
    }

    fn check_kind(&self, i: usize) -> Result<()> {
        let param = &self.def.params[i];
        let arg = &self.args[i];
        let mut unknown = None;
        arg.for_each_value(&mut |v| {
            if v.index() >= self.types.len() {
                unknown = Some(v);
            }
        });
        if let Some(v) = unknown {
            return Err(self.fault(Code::UnknownValue, format!("`{v}` is not made by an earlier statement")));
        }
        let optional = param.default == Some(Arg::None) && *arg == Arg::None;
        let number = matches!(arg, Arg::Int(_) | Arg::Float(_) | Arg::Bool(_));
        let ok = match param.kind {
            ParamKind::Tensor => matches!(arg, Arg::Value(_)),
            ParamKind::Operand => number || matches!(arg, Arg::Value(_)),
            ParamKind::Tensors => matches!(arg, Arg::Values(_)),
            ParamKind::Int | ParamKind::Dim => matches!(arg, Arg::Int(_)),
            ParamKind::Float => matches!(arg, Arg::Int(_) | Arg::Float(_)),
            ParamKind::Bool => matches!(arg, Arg::Bool(_)),
            ParamKind::Word(words) => matches!(arg, Arg::Word(w) if words.contains(&w.as_ref())),
            ParamKind::Text => matches!(arg, Arg::Word(_)),
            ParamKind::Dims => matches!(arg, Arg::Int(_) | Arg::Ints(_)),
            ParamKind::Shape => matches!(arg, Arg::Ints(_)),
            ParamKind::DType => matches!(arg, Arg::DType(_)),
            ParamKind::Index => matches!(arg, Arg::Index(_)),
        };
        if ok || optional {
            return Ok(());
        }
        let message = format!("`{}` must be {}, got {}", param.name, expected(param.kind), describe(arg));
        Err(self.fault(Code::BadArgument, message))
    }

    /// The type of the value at position `i`; the parameter's kind guarantees that there is one.
    pub fn ty(&self, i: usize) -> &'a TensorType {
        match &self.args[i] {
            Arg::Value(v) => self.type_of(*v),
            other => unreachable!("parameter {i} of {} is not a value: {other:?}", self.def.name),
        }
    }

    /// The type of a value that appears among the arguments.
    pub fn type_of(&self, v: ValueId) -> &'a TensorType {
        &self.types[v.index()]
    }

    /// The types of a list of values.
    pub fn list(&self, i: usize) -> Vec<&'a TensorType> {
        match &self.args[i] {
            Arg::Values(vs) => vs.iter().map(|v| self.type_of(*v)).collect(),
            _ => Vec::new(),
        }
    }

    /// A tensor or a number.
    pub fn operand(&self, i: usize) -> Operand<'a> {
        match &self.args[i] {
            Arg::Value(v) => Operand::Tensor(self.type_of(*v)),
            Arg::Bool(_) => Operand::Number(Category::Bool),
            Arg::Int(_) => Operand::Number(Category::Int),
            _ => Operand::Number(Category::Float),
        }
    }

    /// An integer, if given.
    pub fn int(&self, i: usize) -> Option<i64> {
        match self.args[i] {
            Arg::Int(n) => Some(n),
            _ => None,
        }
    }

    /// A number, if given.
    pub fn number(&self, i: usize) -> Option<f64> {
        match self.args[i] {
            Arg::Int(n) => Some(n as f64),
            Arg::Float(x) => Some(x),
            _ => None,
        }
    }

    /// The word or text at position `i`; none is empty.
    pub fn word(&self, i: usize) -> &'a str {
        match &self.args[i] {
            Arg::Word(word) => word,
            _ => "",
        }
    }

    /// A number; 0 when none is given.
    pub fn float(&self, i: usize) -> f64 {
        match self.args[i] {
            Arg::Int(n) => n as f64,
            Arg::Float(x) => x,
            Arg::Bool(b) => f64::from(u8::from(b)),
            _ => 0.0,
        }
    }

    /// A truth value.
    pub fn flag(&self, i: usize) -> bool {
        self.args[i] == Arg::Bool(true)
    }

    /// An element type, if given.
    pub fn dtype(&self, i: usize) -> Option<DType> {
        match self.args[i] {
            Arg::DType(d) => Some(d),
            _ => None,
        }
    }

    /// Integers as a list; a single integer is a list of one.
    pub fn ints(&self, i: usize) -> Option<Vec<i64>> {
        match &self.args[i] {
            Arg::Int(n) => Some(vec![*n]),
            Arg::Ints(ns) => Some(ns.clone()),
            _ => None,
        }
    }

    /// The axis at position `i`, counted from the front, for a tensor of this rank.
    pub fn dim(&self, i: usize, rank: usize) -> Result<usize> {
        self.axis(self.int(i).unwrap_or(0), rank)
    }

    /// An axis counted from the front; scalars have the axes 0 and -1, as in PyTorch.
    pub fn axis(&self, dim: i64, rank: usize) -> Result<usize> {
        let n = rank.max(1) as i64;
        if (-n..n).contains(&dim) {
            return Ok(dim.rem_euclid(n) as usize);
        }
        let message = format!("dim {dim} is out of range for a tensor with {rank} axes (-{n} to {})", n - 1);
        Err(self.fault(Code::BadArgument, message))
    }

    /// The axes at position `i`, sorted, each once; all of them when none is given.
    pub fn dims(&self, i: usize, rank: usize) -> Result<Vec<usize>> {
        let given = match self.ints(i) {
            Some(dims) if !dims.is_empty() => dims,
            _ => return Ok((0..rank).collect()),
        };
        let mut dims = given.iter().map(|&d| self.axis(d, rank)).collect::<Result<Vec<_>>>()?;
        dims.sort_unstable();
        let n = dims.len();
        dims.dedup();
        match dims.len() == n {
            true => Ok(dims.into_iter().filter(|&d| d < rank).collect()),
            false => Err(self.fault(Code::BadArgument, format!("an axis appears twice in {given:?}"))),
        }
    }
}

fn expected(kind: ParamKind) -> String {
    match kind {
        ParamKind::Tensor => "a tensor".into(),
        ParamKind::Operand => "a tensor or a number".into(),
        ParamKind::Tensors => "a list of tensors".into(),
        ParamKind::Int => "an integer".into(),
        ParamKind::Float => "a number".into(),
        ParamKind::Bool => "True or False".into(),
        ParamKind::Word(words) => format!("one of {}", words.join(", ")),
        ParamKind::Text => "a text".into(),
        ParamKind::Dim => "an axis".into(),
        ParamKind::Dims => "an axis or a list of axes".into(),
        ParamKind::Shape => "a list of lengths".into(),
        ParamKind::DType => "an element type".into(),
        ParamKind::Index => "an index".into(),
    }
}

fn describe(arg: &Arg) -> String {
    match arg {
        Arg::None => "nothing".into(),
        Arg::Value(_) => "a tensor".into(),
        Arg::Values(_) => "a list of tensors".into(),
        Arg::Bool(b) => format!("`{b}`"),
        Arg::Int(n) => format!("`{n}`"),
        Arg::Float(x) => format!("`{x:?}`"),
        Arg::Ints(ns) => format!("`{ns:?}`"),
        Arg::DType(d) => format!("`{d}`"),
        Arg::Word(w) => format!("`{w}`"),
        Arg::Index(_) => "an index".into(),
    }
}
