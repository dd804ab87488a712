//! Reductions over one axis, several, or all.

use super::operands::floating;
use super::{Types, one};
use crate::op::Call;
use crate::{Code, DType, Result, TensorType};

/// `sum(input, dim, keepdim, dtype)`: bool and integers add up in i64.
pub fn sum(c: &Call<'_>) -> Types {
    let dtype = c.dtype(3).unwrap_or(c.ty(0).dtype.to_total());
    one(dtype, reduced(c, &c.dims(1, c.ty(0).rank())?, c.flag(2)))
}

/// `prod(input, dim, keepdim, dtype)`: one axis or all.
pub fn prod(c: &Call<'_>) -> Types {
    let dtype = c.dtype(3).unwrap_or(c.ty(0).dtype.to_total());
    one(dtype, reduced(c, &axis_or_all(c, 1)?, c.flag(2)))
}

/// `mean(input, dim, keepdim, dtype)`: floating, if need be by `dtype`.
pub fn mean(c: &Call<'_>) -> Types {
    let t = TensorType::new(c.dtype(3).unwrap_or(c.ty(0).dtype), c.ty(0).shape.clone());
    floating(c, &t)?;
    one(t.dtype, reduced(c, &c.dims(1, t.rank())?, c.flag(2)))
}

/// `nanmean(input, dim, keepdim, dtype)`: only floats hold NaN.
pub fn nanmean(c: &Call<'_>) -> Types {
    floating(c, c.ty(0))?;
    mean(c)
}

/// `logsumexp` and its like: floating input only.
pub fn float_reduction(c: &Call<'_>) -> Types {
    floating(c, c.ty(0))?;
    one(c.ty(0).dtype, reduced(c, &c.dims(1, c.ty(0).rank())?, c.flag(2)))
}

/// `var(input, dim, correction, keepdim)`, `var_mean` with two results.
pub fn variance(c: &Call<'_>) -> Types {
    floating(c, c.ty(0))?;
    let shape = reduced(c, &c.dims(1, c.ty(0).rank())?, c.flag(3));
    Ok(c.def.results.iter().map(|_| TensorType::new(c.ty(0).dtype, shape.clone())).collect())
}

/// `norm(input, p, dim, keepdim)`.
pub fn norm(c: &Call<'_>) -> Types {
    floating(c, c.ty(0))?;
    one(c.ty(0).dtype, reduced(c, &c.dims(2, c.ty(0).rank())?, c.flag(3)))
}

/// `count_nonzero(input, dim)`.
pub fn count(c: &Call<'_>) -> Types {
    one(DType::I64, reduced(c, &c.dims(1, c.ty(0).rank())?, false))
}

/// `amax(input, dim, keepdim)`: an axis of length 0 has no largest element.
pub fn extremum(c: &Call<'_>) -> Types {
    let dims = c.dims(1, c.ty(0).rank())?;
    no_empty_axis(c, &dims)?;
    one(c.ty(0).dtype, reduced(c, &dims, c.flag(2)))
}

/// `any(input, dim, keepdim)`.
pub fn truth(c: &Call<'_>) -> Types {
    one(DType::Bool, reduced(c, &c.dims(1, c.ty(0).rank())?, c.flag(2)))
}

/// `argmax(input, dim, keepdim)`: without an axis, the position in the flattened tensor.
pub fn arg_extremum(c: &Call<'_>) -> Types {
    let dims = axis_or_all(c, 1)?;
    no_empty_axis(c, &dims)?;
    one(DType::I64, reduced(c, &dims, c.flag(2)))
}

/// `aminmax(input, dim, keepdim)`: two results.
pub fn both_extrema(c: &Call<'_>) -> Types {
    let dims = axis_or_all(c, 1)?;
    no_empty_axis(c, &dims)?;
    let ty = TensorType::new(c.ty(0).dtype, reduced(c, &dims, c.flag(2)));
    Ok(vec![ty.clone(), ty])
}

fn axis_or_all(c: &Call<'_>, i: usize) -> Result<Vec<usize>> {
    match c.int(i) {
        Some(dim) => Ok(vec![c.axis(dim, c.ty(0).rank())?]),
        None => Ok((0..c.ty(0).rank()).collect()),
    }
}

pub(super) fn no_empty_axis(c: &Call<'_>, dims: &[usize]) -> Result<()> {
    match dims.iter().any(|&d| c.ty(0).shape.get(d) == Some(&0)) {
        true => Err(c.fault(Code::ShapeMismatch, format!("an axis of length 0 in {}", c.ty(0)))),
        false => Ok(()),
    }
}

/// `max(input, dim, keepdim)` along one axis: values and positions.
pub fn extremum_with_index(c: &Call<'_>) -> Types {
    let dim = c.dim(1, c.ty(0).rank())?;
    no_empty_axis(c, &[dim])?;
    let shape = reduced(c, &[dim], c.flag(2));
    Ok(vec![TensorType::new(c.ty(0).dtype, shape.clone()), TensorType::new(DType::I64, shape)])
}

/// The shape after reducing some axes.
pub(super) fn reduced(c: &Call<'_>, dims: &[usize], keepdim: bool) -> Vec<usize> {
    reduced_over(&c.ty(0).shape, dims, keepdim)
}

/// A shape after reducing some of its axes.
pub(super) fn reduced_over(shape: &[usize], dims: &[usize], keepdim: bool) -> Vec<usize> {
    let axes = shape.iter().enumerate();
    axes.filter_map(|(i, &n)| match dims.contains(&i) {
        true => keepdim.then_some(1),
        false => Some(n),
    })
    .collect()
}
