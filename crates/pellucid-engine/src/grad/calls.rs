//! Operations on tensors as functions, for derivatives to be written with: `c::mul(a, b)?`.

use pellucid_graph::{Arg, DType, IndexItem, Slice};

pub(crate) use crate::ops::{all, run, run_with};
use crate::{Error, Tensor};

type Made = Result<Tensor, Error>;

macro_rules! unary {
    ($($name:ident)*) => {$(
        pub(crate) fn $name(x: &Tensor) -> Made { run(stringify!($name), &[x]) }
    )*};
}
macro_rules! binary {
    ($($name:ident)*) => {$(
        pub(crate) fn $name(x: &Tensor, y: &Tensor) -> Made { run(stringify!($name), &[x, y]) }
    )*};
}
unary! { neg exp log sqrt rsqrt reciprocal square sin cos tanh sigmoid abs sign zeros_like ones_like }
binary! { add sub mul div matmul pow }

pub(crate) fn is_nan(x: &Tensor) -> Made {
    run("isnan", &[x])
}

/// `x` times a number.
pub(crate) fn times(x: &Tensor, by: f64) -> Made {
    run_with("mul", &[x], vec![("other", Arg::Float(by))])
}

/// `x` plus a number.
pub(crate) fn plus(x: &Tensor, by: f64) -> Made {
    run_with("add", &[x], vec![("other", Arg::Float(by))])
}

/// A number of the dtype of `like`, without axes.
pub(crate) fn number(like: &Tensor, x: f64) -> Made {
    Ok(match like.dtype() {
        DType::F64 => Tensor::new(vec![x], []),
        _ => Tensor::new(vec![x as f32], []),
    })
}

/// Zeros of the dtype of `like`.
pub(crate) fn zeros(like: &Tensor, shape: &[usize]) -> Made {
    let n = shape.iter().product();
    Ok(match like.dtype() {
        DType::F64 => Tensor::new(vec![0.0f64; n], shape),
        _ => Tensor::new(vec![0.0f32; n], shape),
    })
}

/// Whether elements stand so to a number: `eq`, `lt`, `le`, `gt`, `ge`. Not tracked.
pub(crate) fn is(x: &Tensor, how: &str, than: f64) -> Made {
    run_with(how, &[x], vec![("other", Arg::Float(than))])
}

/// A number where `condition` holds, else `x`.
pub(crate) fn choose(condition: &Tensor, number: f64, x: &Tensor) -> Made {
    run("where", &[condition, &self::number(x, number)?, x])
}

/// `x` where `condition` holds, else 0.
pub(crate) fn keep(condition: &Tensor, x: &Tensor) -> Made {
    run("where", &[condition, x, &number(x, 0.0)?])
}

/// `x`, at most a number.
pub(crate) fn clamped(x: &Tensor, most: f64) -> Made {
    run_with("clamp", &[x], vec![("max", Arg::Float(most))])
}

fn lengths(shape: &[usize]) -> Arg {
    Arg::Ints(shape.iter().map(|n| *n as i64).collect())
}

/// The same elements in another shape.
pub(crate) fn reshape(x: &Tensor, shape: &[usize]) -> Made {
    if x.shape() == shape {
        Ok(x.clone())
    } else {
        run_with("reshape", &[x], vec![("shape", lengths(shape))])
    }
}

/// The same elements along one axis.
pub(crate) fn flat(x: &Tensor) -> Made {
    reshape(x, &[x.numel()])
}

/// `x` repeated along axes of length 1.
pub(crate) fn expand(x: &Tensor, shape: &[usize]) -> Made {
    if x.shape() == shape { Ok(x.clone()) } else { run_with("expand", &[x], vec![("shape", lengths(shape))]) }
}

pub(crate) fn transpose(x: &Tensor, a: i64, b: i64) -> Made {
    run_with("transpose", &[x], vec![("dim0", Arg::Int(a)), ("dim1", Arg::Int(b))])
}

/// The transpose of matrices.
pub(crate) fn turned(x: &Tensor) -> Made {
    transpose(x, -2, -1)
}

pub(crate) fn permute(x: &Tensor, dims: &[i64]) -> Made {
    run_with("permute", &[x], vec![("dims", Arg::Ints(dims.to_vec()))])
}

pub(crate) fn flip(x: &Tensor, dim: i64) -> Made {
    run_with("flip", &[x], vec![("dims", Arg::Ints(vec![dim]))])
}

pub(crate) fn narrow(x: &Tensor, dim: i64, start: i64, n: usize) -> Made {
    let named = vec![("dim", Arg::Int(dim)), ("start", Arg::Int(start)), ("length", Arg::Int(n as i64))];
    run_with("narrow", &[x], named)
}

/// Tensors one after the other along an axis.
pub(crate) fn joined(tensors: &[&Tensor], dim: i64) -> Made {
    crate::ops::joined(tensors, dim)
}

/// The first result of what runs along an axis: `softmax`, `cumsum`, `sort`.
pub(crate) fn along(name: &str, x: &Tensor, dim: i64) -> Made {
    run_with(name, &[x], vec![("dim", Arg::Int(dim))])
}

/// The sum over axes, which are gone.
pub(crate) fn sum(x: &Tensor, dims: &[i64]) -> Made {
    if dims.is_empty() {
        Ok(x.clone())
    } else {
        run_with("sum", &[x], vec![("dim", Arg::Ints(dims.to_vec()))])
    }
}

/// The sum of all elements.
pub(crate) fn total(x: &Tensor) -> Made {
    run("sum", &[x])
}

fn kept(name: &str, x: &Tensor, dim: i64) -> Made {
    run_with(name, &[x], vec![("dim", Arg::Ints(vec![dim])), ("keepdim", Arg::Bool(true))])
}

/// The sum along an axis, which stays.
pub(crate) fn kept_sum(x: &Tensor, dim: i64) -> Made {
    kept("sum", x, dim)
}

/// The mean along an axis, which stays.
pub(crate) fn kept_mean(x: &Tensor, dim: i64) -> Made {
    kept("mean", x, dim)
}

pub(crate) fn gather(x: &Tensor, dim: i64, index: &Tensor) -> Made {
    crate::ops::run_on("gather", &[x, index], |v| vec![v[0].clone(), Arg::Int(dim), v[1].clone()])
}

pub(crate) fn index_select(x: &Tensor, dim: i64, index: &Tensor) -> Made {
    crate::ops::run_on("index_select", &[x, index], |v| vec![v[0].clone(), Arg::Int(dim), v[1].clone()])
}

pub(crate) fn index_add(x: &Tensor, dim: i64, index: &Tensor, source: &Tensor) -> Made {
    crate::ops::run_on("index_add", &[x, index, source], |v| {
        vec![v[0].clone(), Arg::Int(dim), v[1].clone(), v[2].clone()]
    })
}

pub(crate) fn scatter_add(x: &Tensor, dim: i64, index: &Tensor, source: &Tensor) -> Made {
    crate::ops::run_on("scatter_add", &[x, index, source], |v| {
        vec![v[0].clone(), Arg::Int(dim), v[1].clone(), v[2].clone()]
    })
}

pub(crate) fn einsum(equation: &str, tensors: &[&Tensor]) -> Made {
    crate::ops::run_on("einsum", tensors, |v| {
        let operands = v.iter().filter_map(|v| if let Arg::Value(v) = v { Some(*v) } else { None });
        vec![Arg::Word(equation.to_owned().into()), Arg::Values(operands.collect())]
    })
}

/// `x` with zeros behind it, up to a shape.
pub(crate) fn padded(x: &Tensor, shape: &[usize]) -> Made {
    if x.shape() == shape {
        return Ok(x.clone());
    }
    let slice = |n: &usize| IndexItem::Slice(Slice { start: None, stop: Some(*n as i64), step: None });
    let index: Vec<IndexItem> = x.shape().iter().map(slice).collect();
    crate::ops::run_on("set_index", &[&zeros(x, shape)?, x], |v| {
        vec![v[0].clone(), Arg::Index(index.clone()), v[1].clone()]
    })
}
