//! Reductions: the axes to reduce are brought to the end, then each row becomes one element.

use pellucid_graph::{Code, DType};

use super::Out;
use super::cast::cast;
use super::compute::{Compute, Float};
use super::dispatch::each_float;
use super::inputs::Inputs;
use super::shape::permuted;
use super::sums::{average, exp_total, p_norm, total};
use crate::Error;
use crate::tensor::{Element, Tensor};

pub fn sum(x: &Inputs<'_>) -> Out {
    match x.out[0].dtype.is_float() {
        true => each_float!(x.out[0].dtype, C => over_dims(x, 1, |row: &[C]| C::of(total(row, C::as_f64)))),
        false => over_dims(x, 1, |row: &[i64]| row.iter().fold(0i64, |a, b| a.wrapping_add(*b))),
    }
}

pub fn nansum(x: &Inputs<'_>) -> Out {
    match x.out[0].dtype.is_float() {
        true => each_float!(x.out[0].dtype, C => over_dims(x, 1, |row: &[C]| C::of(total(row, known)))),
        false => sum(x),
    }
}

pub fn mean(x: &Inputs<'_>) -> Out {
    each_float!(x.out[0].dtype, C => over_dims(x, 1, |row: &[C]| C::of(average(row))))
}

pub fn nanmean(x: &Inputs<'_>) -> Out {
    each_float!(x.out[0].dtype, C => over_dims(x, 1, |row: &[C]| {
        C::of(total(row, known) / row.iter().filter(|v| !Compute::is_nan(**v)).count() as f64)
    }))
}

/// NaN as 0.
fn known<C: Compute>(v: C) -> f64 {
    if v.is_nan() { 0.0 } else { v.as_f64() }
}

/// The product is taken in f64, in the order of the row.
pub fn prod(x: &Inputs<'_>) -> Out {
    let dims = axis_or_all(x, 1)?;
    match x.out[0].dtype.is_float() {
        true => each_float!(x.out[0].dtype, C => {
            x.one(rows(&x.wide(), &dims, |row: &[C]| C::of(row.iter().map(|v| v.as_f64()).product())))
        }),
        false => {
            x.one(rows(&x.wide(), &dims, |row: &[i64]| row.iter().fold(1i64, |a, b| a.wrapping_mul(*b))))
        }
    }
}

pub fn count_nonzero(x: &Inputs<'_>) -> Out {
    let t = cast(x.tensor(0), DType::Bool);
    let dims = x.call.dims(1, t.shape().len())?;
    x.one(rows(&t, &dims, |row: &[u8]| row.iter().filter(|t| **t != 0).count() as i64))
}

pub fn norm(x: &Inputs<'_>) -> Out {
    let p = x.float(1);
    let rank = x.tensor(0).shape().len();
    if p.is_infinite() && x.call.dims(2, rank)?.iter().any(|&d| x.tensor(0).shape()[d] == 0) {
        let message = format!("an axis of length 0 in {} has no largest element", x.tensor(0).ty());
        return Err(x.call.fault(Code::ShapeMismatch, message).into());
    }
    each_float!(x.out[0].dtype, C => over_dims(x, 2, |row: &[C]| p_norm(row, p)))
}

pub fn logsumexp(x: &Inputs<'_>) -> Out {
    each_float!(x.out[0].dtype, C => over_dims(x, 1, |row: &[C]| {
        let (top, sum) = exp_total(row);
        top + C::of(sum.ln())
    }))
}

pub fn any(x: &Inputs<'_>) -> Out {
    truths(x, |row| row.iter().any(|t| *t != 0))
}

pub fn all(x: &Inputs<'_>) -> Out {
    truths(x, |row| row.iter().all(|t| *t != 0))
}

fn truths(x: &Inputs<'_>, f: impl Fn(&[u8]) -> bool) -> Out {
    let t = cast(x.tensor(0), DType::Bool);
    let dims = x.call.dims(1, t.shape().len())?;
    x.truths(rows(&t, &dims, |row: &[u8]| u8::from(f(row))))
}

/// Reduces over the axes that parameter `i` names, in the type that the result is computed in.
pub fn over_dims<C: Element>(x: &Inputs<'_>, i: usize, f: impl Fn(&[C]) -> C) -> Out {
    let t = x.wide();
    let dims = x.call.dims(i, t.shape().len())?;
    x.one(rows(&t, &dims, f))
}

pub fn axis_or_all(x: &Inputs<'_>, i: usize) -> Result<Vec<usize>, Error> {
    let rank = x.tensor(0).shape().len();
    match x.call.int(i) {
        Some(dim) => Ok(vec![x.call.axis(dim, rank)?]),
        None => Ok((0..rank).collect()),
    }
}

/// Gives `f` the elements along `dims`, row-major, for every position of the other axes.
pub fn rows<C: Element, R>(t: &Tensor, dims: &[usize], f: impl Fn(&[C]) -> R) -> Vec<R> {
    let rank = t.shape().len();
    let kept = (0..rank).filter(|axis| !dims.contains(axis));
    let n: usize = dims.iter().filter(|d| **d < rank).map(|&d| t.shape()[d]).product();
    let count: usize = kept.clone().map(|a| t.shape()[a]).product();
    let axes: Vec<usize> = kept.chain(dims.iter().copied().filter(|d| *d < rank)).collect();
    let moved = permuted(t, &axes);
    let data = moved.slice::<C>();
    (0..count).map(|i| f(&data[i * n..(i + 1) * n])).collect()
}
