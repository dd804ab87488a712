//! Norms, distances and covariances.

use super::operands::{binary_type, floating, not_bool};
use super::reduce::reduced_over;
use super::{Types, one};
use crate::op::Call;
use crate::shape::broadcast;
use crate::{Code, DType, Result};

/// `linalg_vector_norm(x, ord, dim, keepdim, dtype)`: some orders have no value where an axis is empty.
pub fn vector_norm(c: &Call<'_>) -> Types {
    let (t, ord) = (c.ty(0), c.number(1).unwrap_or(2.0));
    let dtype = norm_dtype(c, 4)?;
    let dims = c.dims(2, t.rank())?;
    if (ord < 0.0 || ord == f64::INFINITY) && dims.iter().any(|d| t.shape[*d] == 0) {
        let message = format!("an empty axis of {t} has no norm of order {ord}");
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    one(dtype, reduced_over(&t.shape, &dims, c.flag(3)))
}

/// `linalg_matrix_norm(A, ord, dim, keepdim, dtype)`: singular values need f32 or f64.
pub fn matrix_norm(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let dtype = norm_dtype(c, 4)?;
    if t.rank() < 2 {
        return Err(c.fault(Code::ShapeMismatch, format!("`A` must have at least 2 axes, got {t}")));
    }
    let dims = matrix_axes(c)?;
    let [m, n] = dims.map(|d| t.shape[d]);
    if matches!((c.word(1), m, n), ("-inf", 0, _) | ("-1", _, 0) | ("-2", 0, _) | ("-2", _, 0)) {
        let message = format!("order `{}` is the smallest of nothing in {t}", c.word(1));
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    if matches!(c.word(1), "nuc" | "2" | "-2") && !matches!(t.dtype, DType::F32 | DType::F64) {
        let message = format!("order `{}` needs f32 or f64, got {t}", c.word(1));
        return Err(c.fault(Code::DTypeMismatch, message).help("`.float()` converts"));
    }
    one(dtype, reduced_over(&t.shape, &dims, c.flag(3)))
}

/// The axes of rows and of columns that `linalg_matrix_norm` names: the last two unless given.
///
/// # Errors
/// Another number of axes, one that does not exist, one named twice.
pub fn matrix_axes(c: &Call<'_>) -> Result<[usize; 2]> {
    let rank = c.ty(0).rank();
    let given = c.ints(2).unwrap_or_else(|| vec![-2, -1]);
    let axes = given.iter().map(|d| c.axis(*d, rank)).collect::<Result<Vec<_>>>()?;
    match axes.as_slice() {
        [rows, columns] if rows != columns => Ok([*rows, *columns]),
        _ => Err(c.fault(Code::BadArgument, format!("`dim` must name 2 different axes, got {given:?}"))),
    }
}

/// The element type of a norm: the input's, or a wider one that is asked for.
fn norm_dtype(c: &Call<'_>, i: usize) -> Result<DType> {
    let t = c.ty(0);
    floating(c, t)?;
    match c.dtype(i) {
        None => Ok(t.dtype),
        Some(dtype) if dtype.is_float() && t.dtype.promote(dtype) == dtype => Ok(dtype),
        Some(dtype) => {
            let message = format!("`dtype` must hold every number of {}, got {dtype}", t.dtype);
            Err(c.fault(Code::DTypeMismatch, message))
        }
    }
}

/// `cdist(x1, x2, p)`: the distance of every row of one to every row of the other.
pub fn cdist(c: &Call<'_>) -> Types {
    let (a, b) = (c.ty(0), c.ty(1));
    if !a.dtype.is_float() || a.dtype != b.dtype {
        let message = format!("takes two tensors of one floating type, got {a} and {b}");
        return Err(c.fault(Code::DTypeMismatch, message).help("`.float()` converts"));
    }
    if c.number(2).is_none_or(|p| p.is_nan() || p < 0.0) {
        return Err(c.fault(Code::BadArgument, "`p` must be 0 or more"));
    }
    let mismatch = || {
        c.fault(
            Code::ShapeMismatch,
            format!("shapes {:?} and {:?} are not rows of one length", a.shape, b.shape),
        )
    };
    let ([a_batch @ .., m, d], [b_batch @ .., n, e]) = (a.shape.as_slice(), b.shape.as_slice()) else {
        return Err(mismatch());
    };
    if d != e {
        return Err(mismatch());
    }
    let batch = broadcast(a_batch, b_batch).ok_or_else(mismatch)?;
    one(a.dtype, [batch.as_slice(), &[*m, *n]].concat())
}

/// `pairwise_distance(x1, x2, p, eps, keepdim)`: along the last axis.
pub fn pairwise_distance(c: &Call<'_>) -> Types {
    let t = binary_type(c, 0, 1)?;
    super::losses::no_bool(c)?;
    let p = c.number(2).unwrap_or(2.0);
    if (p < 0.0 || p == f64::INFINITY) && t.shape.last() == Some(&0) {
        let message = format!("an empty axis of {t} has no norm of order {p}");
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    let dims: Vec<usize> = t.rank().checked_sub(1).into_iter().collect();
    one(t.dtype.to_float(), reduced_over(&t.shape, &dims, c.flag(4)))
}

/// `cov(input, correction)` and `corrcoef(input)`: rows are variables, columns observations.
pub fn covariance(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    if t.rank() > 2 {
        return Err(c.fault(Code::ShapeMismatch, format!("takes at most 2 axes, got {t}")));
    }
    not_bool(c, t)?;
    let shape = match t.shape.as_slice() {
        [n, _] if *n != 1 => vec![*n, *n],
        _ => vec![],
    };
    one(t.dtype.to_float(), shape)
}
