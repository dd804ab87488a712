//! What stands at a place of the sorted elements: medians, quantiles, the k-th, the most frequent.

use super::operands::floating;
use super::reduce::{no_empty_axis, reduced};
use super::{Types, one};
use crate::op::{Arg, Call, Operand};
use crate::{Code, DType, Result, TensorType};

/// `kthvalue(input, k, dim, keepdim)`: values and positions.
pub fn kthvalue(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let (k, dim) = (c.int(1).unwrap_or(0), c.dim(2, t.rank())?);
    let n = t.shape.get(dim).copied().unwrap_or(1);
    if !(1..=n as i64).contains(&k) {
        return Err(c.fault(Code::BadArgument, format!("`k` must be 1 to {n} (dim {dim} of {t}), got {k}")));
    }
    let shape = reduced(c, &[dim], c.flag(3));
    Ok(vec![TensorType::new(t.dtype, shape.clone()), TensorType::new(DType::I64, shape)])
}

/// `quantile(input, q, dim, keepdim, interpolation)`: a vector of `q` makes a leading axis.
pub fn quantile(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    if ![DType::F32, DType::F64].contains(&t.dtype) {
        let diagnostic = c.fault(Code::DTypeMismatch, format!("takes f32 and f64, got {t}"));
        return Err(diagnostic.help("`.float()` converts"));
    }
    let mut shape = fractions(c, t)?;
    if t.numel() == Some(0) {
        return Err(c.fault(Code::ShapeMismatch, format!("{t} has no elements")));
    }
    let dims = match c.int(2) {
        Some(dim) => vec![c.axis(dim, t.rank())?],
        None => (0..t.rank()).collect(),
    };
    no_empty_axis(c, &dims)?;
    shape.extend(reduced(c, &dims, c.flag(3)));
    one(t.dtype, shape)
}

/// The shape of `q`, whose elements lie between 0 and 1.
fn fractions(c: &Call<'_>, t: &TensorType) -> Result<Vec<usize>> {
    let number = match c.args[1] {
        Arg::Float(q) => q,
        Arg::Int(q) => q as f64,
        _ => 0.0,
    };
    match c.operand(1) {
        Operand::Tensor(q) if q.rank() > 1 || q.dtype != t.dtype => {
            let message = format!("`q` must be a number or a vector of {}, got {q}", t.dtype);
            Err(c.fault(Code::DTypeMismatch, message))
        }
        Operand::Tensor(q) => Ok(q.shape.clone()),
        Operand::Number(_) if (0.0..=1.0).contains(&number) => Ok(Vec::new()),
        Operand::Number(_) => {
            Err(c.fault(Code::BadArgument, format!("`q` must lie between 0 and 1, got {number}")))
        }
    }
}

/// `logcumsumexp(input, dim)`: floating.
pub fn float_cumulative(c: &Call<'_>) -> Types {
    floating(c, c.ty(0))?;
    c.dim(1, c.ty(0).rank())?;
    super::same(c)
}

/// `cummax(input, dim)`: values and positions.
pub fn cumulative_with_index(c: &Call<'_>) -> Types {
    c.dim(1, c.ty(0).rank())?;
    Ok(vec![c.ty(0).clone(), TensorType::new(DType::I64, c.ty(0).shape.clone())])
}

/// `diff(input, n, dim, prepend, append)`: each time one element less.
pub fn diff(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    if t.rank() == 0 {
        return Err(c.fault(Code::ShapeMismatch, "a 0-d tensor has no neighbours"));
    }
    let (n, dim) = (c.int(1).unwrap_or(1), c.dim(2, t.rank())?);
    if n < 0 {
        return Err(c.fault(Code::BadArgument, format!("`n` must not be negative, got {n}")));
    }
    if n == 0 {
        return super::same(c);
    }
    let mut out = t.clone();
    for i in [3, 4] {
        let Arg::Value(v) = c.args[i] else { continue };
        let end = c.type_of(v);
        let fits = end.rank() == t.rank() && (0..t.rank()).all(|a| a == dim || end.shape[a] == t.shape[a]);
        if !fits {
            let message = format!("shapes {:?} and {:?} differ off dim {dim}", t.shape, end.shape);
            return Err(c.fault(Code::ShapeMismatch, format!("`{}`: {message}", c.def.params[i].name)));
        }
        out.shape[dim] = out.shape[dim].saturating_add(end.shape[dim]);
        out.dtype = out.dtype.promote(end.dtype);
    }
    out.shape[dim] = out.shape[dim].saturating_sub(n as usize);
    Ok(vec![out])
}
