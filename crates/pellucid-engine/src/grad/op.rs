//! Derivatives of operations, made of operations: so gradients can be tracked themselves.

use std::sync::Arc;

use pellucid_graph::{Arg, Code, DType, Diagnostic, Op, TensorType};

use super::derivatives::{Derivative, Keep, find};
use super::{At, Node, Rule, Stretch, Track, part};
use crate::ops::{run, run_with};
use crate::{Error, Tensor};

/// Results of an operation on tensors some of which are tracked, with what made them.
pub(crate) fn attach(op: Op, args: Vec<Arg>, inputs: &[&Tensor], made: Vec<Tensor>) -> Vec<Tensor> {
    let smooth = |t: &Tensor| t.dtype().is_float();
    if op.def().name == "detach" || made.iter().any(Tensor::is_meta) || !made.iter().any(smooth) {
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
    let kept_inputs = inputs.iter().map(|t| if keep.inputs() { (*t).clone() } else { only_type(t) });
    let results = made.iter().map(|t| if keep.results() { t.clone() } else { only_type(t) }).collect();
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
        };
        let pulled = derivative(&call)?;
        let fit = |(g, x): (Option<Tensor>, &Tensor)| g.map(|g| fitted(g, &x.ty())).transpose();
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
            Some(Arg::Value(v)) => wide(&self.inputs[v.index()]),
            Some(Arg::Float(x)) => Ok(Tensor::new(vec![*x as f32], [])),
            Some(Arg::Int(n)) => Ok(Tensor::new(vec![*n as f32], [])),
            other => Err(Error::internal(format!("parameter {parameter} is {other:?}, no tensor"))),
        }
    }

    /// A result, in the dtype of gradients.
    pub fn y(&self, i: usize) -> Result<Tensor, Error> {
        wide(&self.results[i])
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

/// Half types as f32.
fn wide(x: &Tensor) -> Result<Tensor, Error> {
    match x.dtype() {
        DType::F16 | DType::Bf16 => run_with("to", &[x], vec![("dtype", Arg::DType(DType::F32))]),
        _ => Ok(x.clone()),
    }
}

/// Operations on tensors as functions: `c::mul(a, b)?`.
pub(crate) mod c {
    use super::{Arg, Error, Tensor, run, run_with};

    macro_rules! unary {
        ($($name:ident)*) => {$(
            pub(crate) fn $name(x: &Tensor) -> Result<Tensor, Error> { run(stringify!($name), &[x]) }
        )*};
    }
    macro_rules! binary {
        ($($name:ident)*) => {$(
            pub(crate) fn $name(x: &Tensor, y: &Tensor) -> Result<Tensor, Error> { run(stringify!($name), &[x, y]) }
        )*};
    }
    unary! { neg exp log sqrt rsqrt reciprocal square sin cos tanh sigmoid abs sign }
    binary! { add sub mul div matmul pow }

    /// `x` times a number.
    pub(crate) fn times(x: &Tensor, by: f64) -> Result<Tensor, Error> {
        run_with("mul", &[x], vec![("other", Arg::Float(by))])
    }

    /// `x` plus a number.
    pub(crate) fn plus(x: &Tensor, by: f64) -> Result<Tensor, Error> {
        run_with("add", &[x], vec![("other", Arg::Float(by))])
    }

    /// The same elements in another shape.
    pub(crate) fn reshape(x: &Tensor, shape: &[usize]) -> Result<Tensor, Error> {
        let shape = shape.iter().map(|n| *n as i64).collect();
        run_with("reshape", &[x], vec![("shape", Arg::Ints(shape))])
    }

    /// `x` repeated along axes of length 1.
    pub(crate) fn expand(x: &Tensor, shape: &[usize]) -> Result<Tensor, Error> {
        let shape = shape.iter().map(|n| *n as i64).collect();
        run_with("expand", &[x], vec![("shape", Arg::Ints(shape))])
    }
}
