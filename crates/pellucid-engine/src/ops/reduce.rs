//! Reductions: the axes to reduce are brought to the end, then each row becomes one element.

use pellucid_graph::{Code, DType};

use super::Out;
use super::cast::cast;
use super::compute::{Compute, Float};
use super::dispatch::{each_compute, each_float};
use super::inputs::{Inputs, Scalars};
use super::shape::permuted;
use super::sums::{average, exp_total, p_norm, total, variance};
use crate::tensor::{Element, Tensor};

pub fn sum(x: &Inputs<'_>) -> Out {
    match x.out[0].dtype.is_float() {
        true => each_float!(x.out[0].dtype, C => over_dims(x, 1, |row: &[C]| C::of(total(row, C::as_f64)))),
        false => over_dims(x, 1, |row: &[i64]| row.iter().fold(0i64, |a, b| a.wrapping_add(*b))),
    }
}

pub fn mean(x: &Inputs<'_>) -> Out {
    each_float!(x.out[0].dtype, C => over_dims(x, 1, |row: &[C]| C::of(average(row))))
}

pub fn var(x: &Inputs<'_>) -> Out {
    let correction = x.call.int(2).unwrap_or(1);
    each_float!(x.out[0].dtype, C => over_dims(x, 1, |row: &[C]| C::of(variance(row, correction))))
}

pub fn std(x: &Inputs<'_>) -> Out {
    let correction = x.call.int(2).unwrap_or(1);
    each_float!(x.out[0].dtype, C => over_dims(x, 1, |row: &[C]| C::of(variance(row, correction).sqrt())))
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

pub fn amax(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => over_dims(x, 1, |row: &[C]| fold(row, C::larger)))
}

pub fn amin(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => over_dims(x, 1, |row: &[C]| fold(row, C::smaller)))
}

pub fn argmax(x: &Inputs<'_>) -> Out {
    each_compute!(x.tensor(0).dtype(), C => positions(x, first_largest::<C>))
}

pub fn argmin(x: &Inputs<'_>) -> Out {
    each_compute!(x.tensor(0).dtype(), C => positions(x, first_smallest::<C>))
}

pub fn max(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => with_positions(x, first_largest::<C>))
}

pub fn min(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => with_positions(x, first_smallest::<C>))
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
fn over_dims<C: Element>(x: &Inputs<'_>, i: usize, f: impl Fn(&[C]) -> C) -> Out {
    let t = x.wide();
    let dims = x.call.dims(i, t.shape().len())?;
    x.one(rows(&t, &dims, f))
}

fn positions<C: Compute>(x: &Inputs<'_>, f: impl Fn(&[C]) -> usize) -> Out {
    let t = x.operand(0, x.tensor(0).dtype(), Scalars::Rounded);
    let rank = t.shape().len();
    let dims = match x.call.int(1) {
        Some(dim) => vec![x.call.axis(dim, rank)?],
        None => (0..rank).collect(),
    };
    x.one(rows(&t, &dims, |row: &[C]| f(row) as i64))
}

fn with_positions<C: Compute>(x: &Inputs<'_>, f: impl Fn(&[C]) -> usize) -> Out {
    let t = x.wide();
    let dims = [x.axis(1, t.shape().len())?];
    let found = rows(&t, &dims, |row: &[C]| {
        let at = f(row);
        (row[at], at as i64)
    });
    let (values, positions): (Vec<C>, Vec<i64>) = found.into_iter().unzip();
    Ok(vec![x.result(0, values), x.result(1, positions)])
}

/// Gives `f` the elements along `dims`, row-major, for every position of the other axes.
fn rows<C: Element, R>(t: &Tensor, dims: &[usize], f: impl Fn(&[C]) -> R) -> Vec<R> {
    let rank = t.shape().len();
    let kept = (0..rank).filter(|axis| !dims.contains(axis));
    let n: usize = dims.iter().filter(|d| **d < rank).map(|&d| t.shape()[d]).product();
    let count: usize = kept.clone().map(|a| t.shape()[a]).product();
    let axes: Vec<usize> = kept.chain(dims.iter().copied().filter(|d| *d < rank)).collect();
    let moved = permuted(t, &axes);
    let data = moved.slice::<C>();
    (0..count).map(|i| f(&data[i * n..(i + 1) * n])).collect()
}

fn fold<C: Compute>(row: &[C], f: impl Fn(C, C) -> C) -> C {
    row.iter().copied().reduce(f).unwrap_or_default()
}

fn first_largest<C: Compute>(row: &[C]) -> usize {
    first(row, |x, best| x > best)
}

fn first_smallest<C: Compute>(row: &[C]) -> usize {
    first(row, |x, best| x < best)
}

/// The position of the first element that no other beats; NaN beats everything.
fn first<C: Compute>(row: &[C], beats: impl Fn(C, C) -> bool) -> usize {
    let mut at = 0;
    for (i, x) in row.iter().enumerate() {
        if row[at].is_nan() {
            break;
        }
        if x.is_nan() || beats(*x, row[at]) {
            at = i;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_is_first_largest_and_smallest() {
        let row = [1.0, f64::NAN, 3.0, f64::NAN];
        assert_eq!((first_largest(&row), first_smallest(&row)), (1, 1));
        assert_eq!((first_largest(&[3, 1, 3]), first_smallest(&[3, 1, 1])), (0, 1));
    }
}
