//! Derivatives of operations, made of operations: so gradients can be tracked themselves.

use std::sync::Arc;

use pellucid_graph::op::Slope;
use pellucid_graph::{Arg, Code, DType, Diagnostic, Op, TensorType};

use super::derivatives::{Derivative, Keep, find};
use super::{At, Node, Rule, Stretch, Track, part};
use crate::ops::run_with;
use crate::{Error, Tensor};

/// Results of an operation on tensors some of which are tracked, with what made them.
pub(crate) fn attach(op: Op, args: Vec<Arg>, inputs: &[&Tensor], made: Vec<Tensor>) -> Vec<Tensor> {
    let smooth = |t: &Tensor| t.dtype().is_float();
    if op.def().slope == Slope::Flat || made.iter().any(Tensor::is_meta) || !made.iter().any(smooth) {
        return made;
    }
    if let ([x], [y]) = (inputs, &made[..])
        && let Some(start) = part::start(op, &args, x.shape(), y.numel())
    {
        return vec![y.clone().tracked(&[x], || part::Part { op, start, shape: x.shape().to_vec() })];
    }
    let found = find(op.def().name);
    let keep = found.map_or(Keep::Nothing, |(keep, _)| keep);
    let only_type = |t: &Tensor| Tensor::meta(t.dtype(), t.shape());
    let kept = |t: &&Tensor| if keep.input(smooth(t)) { (*t).clone() } else { only_type(t) };
    let results = made.iter().map(|t| if keep.results() { t.clone() } else { only_type(t) }).collect();
    let kept_inputs = inputs.iter().map(kept);
    let rule = OpRule { op, args, inputs: kept_inputs.collect(), results, derivative: found.map(|f| f.1) };
    let types = made.iter().map(Tensor::ty).collect();
    let node = Node::new(types, inputs.iter().map(|t| t.track().cloned()).collect(), Box::new(rule));
    let track = |(output, t): (usize, Tensor)| match smooth(&t) {
        true => t.with_track(Some(Track { node: Arc::clone(&node), output })),
        false => t,
    };
    made.into_iter().enumerate().map(track).collect()
}

struct OpRule {
    op: Op,
    args: Vec<Arg>,
    inputs: Vec<Tensor>,
    results: Vec<Tensor>,
    derivative: Option<Derivative>,
}

impl Rule for OpRule {
    fn name(&self) -> &str {
        self.op.def().name
    }

    fn pull(&self, at: At<'_>, grads: &[Option<Stretch>]) -> Result<Vec<Option<Stretch>>, Error> {
        let Some(derivative) = self.derivative else {
            let message = format!("`{}` has no derivative", self.op.def().name);
            return Err(Diagnostic::new(Code::NoGradient, message).into());
        };
        let of = |t: &Tensor| if at.higher { t.clone() } else { t.detached() };
        // Results are kept untracked, since their track is this very node.
        let made = |(output, t): (usize, &Tensor)| match at.higher && t.dtype().is_float() {
            true => t.clone().with_track(Some(Track { node: Arc::clone(at.node), output })),
            false => t.clone(),
        };
        let dense =
            |(g, y): (&Option<Stretch>, &Tensor)| g.clone().map(|g| g.spread(y.shape(), 0.0)).transpose();
        let call = Call {
            op: self.op,
            args: &self.args,
            inputs: self.inputs.iter().map(of).collect(),
            results: self.results.iter().enumerate().map(made).collect(),
            grads: grads.iter().zip(&self.results).map(dense).collect::<Result<_, _>>()?,
            higher: at.higher,
        };
        let pulled = derivative(&call)?;
        let fit = |(g, x): (Option<Tensor>, &Tensor)| {
            g.filter(|_| x.dtype().is_float()).map(|g| fitted(g, &x.ty())).transpose()
        };
        let fitted = pulled.into_iter().zip(&self.inputs).map(fit).collect::<Result<Vec<_>, _>>()?;
        Ok(fitted.into_iter().map(|g| g.map(Stretch::whole)).collect())
    }
}

/// A gradient in the shape of an input that was repeated along some axes, and in the dtype of its gradients.
fn fitted(g: Tensor, x: &TensorType) -> Result<Tensor, Error> {
    let dtype = if x.dtype == DType::F64 { DType::F64 } else { DType::F32 };
    let g = if g.dtype() == dtype { g } else { run_with("to", &[&g], vec![("dtype", Arg::DType(dtype))])? };
    if g.shape() == x.shape {
        return Ok(g);
    }
    let extra = g.shape().len().saturating_sub(x.shape.len());
    let summed = |axis: &usize| *axis < extra || (x.shape[axis - extra] == 1 && g.shape()[*axis] != 1);
    let axes: Vec<i64> = (0..g.shape().len()).filter(summed).map(|axis| axis as i64).collect();
    let sum = match axes.is_empty() {
        true => g,
        false => run_with("sum", &[&g], vec![("dim", Arg::Ints(axes))])?,
    };
    let shape = x.shape.iter().map(|n| *n as i64).collect();
    run_with("reshape", &[&sum], vec![("shape", Arg::Ints(shape))])
}

/// What a derivative is computed from: the call as it was made, and the gradients of its results.
#[derive(Clone)]
pub(crate) struct Call<'a> {
    pub op: Op,
    /// One for each parameter; values are numbered as in `inputs`.
    pub args: &'a [Arg],
    /// The tensors that arguments name; types alone unless the table says that they are kept.
    pub inputs: Vec<Tensor>,
    /// The results; types alone unless the table says that they are kept.
    pub results: Vec<Tensor>,
    /// One for each result, f32 or f64, none where nothing arrived.
    pub grads: Vec<Option<Tensor>>,
    /// The gradients are to be tracked themselves.
    pub higher: bool,
}

impl Call<'_> {
    /// The gradient of the first result.
    ///
    /// # Errors
    /// There is none: another result's arrived alone.
    pub fn g(&self) -> Result<&Tensor, Error> {
        self.grads.first().and_then(Option::as_ref).ok_or_else(|| Error::internal("no gradient arrived"))
    }

    /// The tensor at a parameter, in the dtype of gradients.
    ///
    /// # Errors
    /// Another kind of argument.
    pub fn x(&self, parameter: usize) -> Result<Tensor, Error> {
        match self.args.get(parameter) {
            Some(Arg::Value(v)) => self.wide(v.index()),
            // Beside an f32 tensor a number without axes does not widen.
            Some(Arg::Float(x)) => Ok(Tensor::new(vec![*x], [])),
            Some(Arg::Int(n)) => Ok(Tensor::new(vec![*n as f64], [])),
            other => Err(Error::internal(format!("parameter {parameter} is {other:?}, no tensor"))),
        }
    }

    /// A tensor by its number, in the dtype of gradients.
    ///
    /// # Errors
    /// What the conversion returns.
    pub fn wide(&self, i: usize) -> Result<Tensor, Error> {
        wide(&self.inputs[i], self.results.first().is_some_and(|y| y.dtype() == DType::F64))
    }

    /// A result, in the dtype of gradients.
    ///
    /// # Errors
    /// What the conversion returns.
    pub fn y(&self, i: usize) -> Result<Tensor, Error> {
        wide(&self.results[i], false)
    }

    /// A number; 0 when none is given.
    pub fn float(&self, parameter: usize) -> f64 {
        match self.args[parameter] {
            Arg::Float(x) => x,
            Arg::Int(n) => n as f64,
            _ => 0.0,
        }
    }

    /// An integer; 0 when none is given.
    pub fn int(&self, parameter: usize) -> i64 {
        match self.args[parameter] {
            Arg::Int(n) => n,
            _ => 0,
        }
    }

    /// Integers; none when none are given.
    pub fn ints(&self, parameter: usize) -> Vec<i64> {
        match &self.args[parameter] {
            Arg::Ints(ns) => ns.clone(),
            Arg::Int(n) => vec![*n],
            _ => Vec::new(),
        }
    }

    /// One gradient for each tensor in order, made by `f` from its number among them.
    ///
    /// # Errors
    /// What `f` returns.
    pub fn each(&self, f: impl FnMut(usize) -> Result<Option<Tensor>, Error>) -> Pulled {
        (0..self.inputs.len()).map(f).collect()
    }
}

/// What a derivative gives: one gradient for each tensor that arguments name, in their order; it may still be
/// repeated along axes that the operation broadcast.
pub(crate) type Pulled = Result<Vec<Option<Tensor>>, Error>;

/// Half types as f32, integers as f32 or f64.
fn wide(x: &Tensor, to_f64: bool) -> Result<Tensor, Error> {
    let dtype = match x.dtype() {
        DType::F32 | DType::F64 => return Ok(x.clone()),
        DType::F16 | DType::Bf16 => DType::F32,
        _ if to_f64 => DType::F64,
        _ => DType::F32,
    };
    run_with("to", &[x], vec![("dtype", Arg::DType(dtype))])
}
