//! What a kernel is given: the bound call, the tensors it names, the types it owes.

use pellucid_graph::op::Call;
use pellucid_graph::{Arg, DType, TensorType};

use super::Out;
use super::cast::cast;
use super::dispatch::compute_dtype;
use crate::tensor::{Element, Tensor};

/// The inputs of one kernel.
pub struct Inputs<'a> {
    /// The call; values are numbered as in `tensors`.
    pub call: Call<'a>,
    /// The tensors that arguments name.
    pub tensors: &'a [&'a Tensor],
    /// The types of the results.
    pub out: &'a [TensorType],
}

/// How a plain number or a 0-d tensor meets half-precision operands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scalars {
    /// In the type computed in: `h * 0.1` multiplies by the f32 nearest to 0.1.
    Exact,
    /// Rounded to the common dtype first.
    Rounded,
}

impl<'a> Inputs<'a> {
    /// The tensor at a parameter that takes one.
    pub fn tensor(&self, i: usize) -> &'a Tensor {
        match self.optional(i) {
            Some(t) => t,
            None => unreachable!("parameter {i} of `{}` is checked to be a tensor", self.call.def.name),
        }
    }

    /// The tensor at a parameter, if one is given.
    pub fn optional(&self, i: usize) -> Option<&'a Tensor> {
        match &self.call.args[i] {
            Arg::Value(v) => Some(self.tensors[v.index()]),
            _ => None,
        }
    }

    /// The tensors of a list.
    pub fn list(&self, i: usize) -> Vec<&'a Tensor> {
        match &self.call.args[i] {
            Arg::Values(vs) => vs.iter().map(|v| self.tensors[v.index()]).collect(),
            _ => Vec::new(),
        }
    }

    /// A number; 0 when none is given.
    pub fn float(&self, i: usize) -> f64 {
        match self.call.args[i] {
            Arg::Float(x) => x,
            Arg::Int(n) => n as f64,
            _ => 0.0,
        }
    }

    /// A plain number in the type computed in; 0 when none is given.
    pub fn number<C: Element>(&self, i: usize) -> C {
        cast(&self.operand_as_given(i), C::DTYPE).slice::<C>()[0]
    }

    /// Whether something is given for an optional parameter.
    pub fn given(&self, i: usize) -> bool {
        self.call.args[i] != Arg::None
    }

    /// Whether this word is given.
    pub fn says(&self, i: usize, word: &str) -> bool {
        matches!(&self.call.args[i], Arg::Word(w) if w == word)
    }

    /// The axis at a parameter, counted from the front.
    pub fn axis(&self, i: usize, rank: usize) -> Result<usize, crate::Error> {
        Ok(self.call.dim(i, rank)?)
    }

    /// A tensor, or a number as a 0-d tensor, in the type that `dtype` is computed in.
    pub fn operand(&self, i: usize, dtype: DType, scalars: Scalars) -> Tensor {
        let t = self.operand_as_given(i);
        let exact = scalars == Scalars::Exact && t.shape().is_empty();
        let rounded = if exact { t } else { cast(&t, dtype) };
        cast(&rounded, compute_dtype(dtype))
    }

    /// A tensor, or a number as a 0-d tensor, in its own type.
    pub fn operand_as_given(&self, i: usize) -> Tensor {
        match &self.call.args[i] {
            Arg::Value(v) => self.tensors[v.index()].clone(),
            Arg::Bool(b) => Tensor::bools(vec![u8::from(*b)], []),
            Arg::Int(n) => Tensor::new(vec![*n], []),
            _ => Tensor::new(vec![self.float(i)], []),
        }
    }

    /// The first argument in the type that the first result is computed in.
    pub fn wide(&self) -> Tensor {
        self.operand(0, self.out[0].dtype, Scalars::Rounded)
    }

    /// The only result, from elements in the type they were computed in.
    pub fn one<C: Element>(&self, data: Vec<C>) -> Out {
        Ok(vec![self.result(0, data)])
    }

    /// A result, from elements in the type they were computed in.
    pub fn result<C: Element>(&self, i: usize, data: Vec<C>) -> Tensor {
        let ty = &self.out[i];
        cast(&Tensor::new(data, ty.shape.clone()), ty.dtype)
    }

    /// A result of truth values.
    pub fn truths(&self, data: Vec<u8>) -> Out {
        Ok(vec![Tensor::bools(data, self.out[0].shape.clone())])
    }
}
