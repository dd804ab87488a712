//! Products of vectors and matrices: element types agree, shapes fit, bool is refused as in PyTorch.

use super::operands::{binary_type, meeting_dtype};
use super::{Types, one};
use crate::op::{Arg, Call, resolve_einsum};
use crate::shape::broadcast;
use crate::{Code, DType, Result, TensorType};

/// `matmul(input, other)`: vectors, matrices, broadcast batches of matrices.
pub fn matmul(c: &Call<'_>) -> Types {
    let (a, b) = (c.ty(0), c.ty(1));
    let dtype = common_dtype(c, &[a, b])?;
    let mismatch = || cannot_multiply(c, a, b);
    if a.rank() == 0 || b.rank() == 0 {
        return Err(mismatch());
    }
    let (a_batch, a_mat) = a.shape.split_at(a.rank().saturating_sub(2));
    let (b_batch, b_mat) = b.shape.split_at(b.rank().saturating_sub(2));
    let inner_b = b_mat[b_mat.len().saturating_sub(2)];
    if a_mat[a_mat.len() - 1] != inner_b {
        return Err(mismatch());
    }
    let mut shape = broadcast(a_batch, b_batch).ok_or_else(mismatch)?;
    if a_mat.len() == 2 {
        shape.push(a_mat[0]);
    }
    if b_mat.len() == 2 {
        shape.push(b_mat[1]);
    }
    one(dtype, shape)
}

/// `mm(input, mat2)`: two matrices.
pub fn mm(c: &Call<'_>) -> Types {
    ranks(c, &[(0, 2), (1, 2)])?;
    matmul(c)
}

/// `bmm(input, mat2)`: two batches of as many matrices.
pub fn bmm(c: &Call<'_>) -> Types {
    ranks(c, &[(0, 3), (1, 3)])?;
    same_batch(c, 0, 1)?;
    matmul(c)
}

/// `mv(input, vec)`: a matrix and a vector.
pub fn mv(c: &Call<'_>) -> Types {
    ranks(c, &[(0, 2), (1, 1)])?;
    matmul(c)
}

/// `dot(input, tensor)`: two vectors.
pub fn dot(c: &Call<'_>) -> Types {
    ranks(c, &[(0, 1), (1, 1)])?;
    matmul(c)
}

/// `inner(input, other)`: the last axes are multiplied and summed; a 0-d operand multiplies.
pub fn inner(c: &Call<'_>) -> Types {
    let (a, b) = (c.ty(0), c.ty(1));
    if a.rank() == 0 || b.rank() == 0 {
        return Ok(vec![binary_type(c, 0, 1)?]);
    }
    let dtype = common_dtype(c, &[a, b])?;
    if a.shape.last() != b.shape.last() {
        let message = format!("the last axes of shapes {:?} and {:?} differ", a.shape, b.shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    let heads = [&a.shape[..a.rank() - 1], &b.shape[..b.rank() - 1]];
    one(dtype, heads.concat())
}

/// `outer(input, vec2)`: every element of one vector times every element of the other.
pub fn outer(c: &Call<'_>) -> Types {
    ranks(c, &[(0, 1), (1, 1)])?;
    let (a, b) = (c.ty(0), c.ty(1));
    one(a.dtype.promote(b.dtype), [a.shape[0], b.shape[0]])
}

/// `addmm(input, mat1, mat2, beta, alpha)`.
pub fn addmm(c: &Call<'_>) -> Types {
    ranks(c, &[(1, 2), (2, 2)])?;
    added_product(c)
}

/// `baddbmm(input, batch1, batch2, beta, alpha)`.
pub fn baddbmm(c: &Call<'_>) -> Types {
    ranks(c, &[(1, 3), (2, 3)])?;
    same_batch(c, 1, 2)?;
    added_product(c)
}

fn added_product(c: &Call<'_>) -> Types {
    let (t, a, b) = (c.ty(0), c.ty(1), c.ty(2));
    let dtype = common_dtype(c, &[t, a, b])?;
    for i in [3, 4] {
        if let (DType::U8, Arg::Float(x)) = (dtype, &c.args[i])
            && *x < 0.0
        {
            let message = format!("`{}` must be 0 or more for u8, got {x}", c.def.params[i].name);
            return Err(c.fault(Code::BadArgument, message));
        }
    }
    let n = a.rank();
    if a.shape[n - 1] != b.shape[n - 2] {
        return Err(cannot_multiply(c, a, b));
    }
    let mut shape = a.shape.clone();
    shape[n - 1] = b.shape[n - 1];
    if broadcast(&t.shape, &shape).as_ref() != Some(&shape) {
        let message = format!("`input` of shape {:?} does not expand to the product's {shape:?}", t.shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    one(dtype, shape)
}

/// `einsum(equation, operands)`: integers that only one operand sums add up in i64.
pub fn einsum(c: &Call<'_>) -> Types {
    let operands = c.list(1);
    let shapes: Vec<&[usize]> = operands.iter().map(|t| t.shape.as_slice()).collect();
    let resolved = resolve_einsum(c.word(0), &shapes).map_err(|mut d| {
        d.message = format!("`einsum`: {}", d.message);
        d
    })?;
    let dtype = match operands.as_slice() {
        [t] if resolved.sums() && !t.dtype.is_float() => DType::I64,
        [t] => t.dtype,
        many if resolved.sums() => common_dtype(c, many)?,
        many => many.iter().fold(many[0].dtype, |d, t| d.promote(t.dtype)),
    };
    one(dtype, resolved.shape())
}

/// `tensordot(a, b, dims_a, dims_b)`: pairs of axes are multiplied and summed.
pub fn tensordot(c: &Call<'_>) -> Types {
    let (a, b) = (c.ty(0), c.ty(1));
    let dtype = common_dtype(c, &[a, b])?;
    let (da, db) = (contracted(c, 2, a)?, contracted(c, 3, b)?);
    if da.len() != db.len() {
        let message = format!("`dims_a` names {} axes, `dims_b` {}", da.len(), db.len());
        return Err(c.fault(Code::BadArgument, message));
    }
    for (i, j) in da.iter().zip(&db) {
        let (n, m) = (a.shape[*i], b.shape[*j]);
        if n != m && n != 1 && m != 1 {
            let message = format!("axis {i} of shape {:?} and axis {j} of {:?} differ", a.shape, b.shape);
            return Err(c.fault(Code::ShapeMismatch, message));
        }
    }
    let free = |t: &TensorType, dims: &[usize]| -> Vec<usize> {
        (0..t.rank()).filter(|i| !dims.contains(i)).map(|i| t.shape[i]).collect()
    };
    one(dtype, [free(a, &da), free(b, &db)].concat())
}

/// The axes of `t` that a product sums, in the order given.
fn contracted(c: &Call<'_>, i: usize, t: &TensorType) -> Result<Vec<usize>> {
    let mut dims = Vec::new();
    for dim in c.ints(i).unwrap_or_default() {
        let axis = c.axis(dim, t.rank())?;
        if axis >= t.rank() || dims.contains(&axis) {
            let message = format!("`{}` names axis {dim} of {t} twice", c.def.params[i].name);
            let diagnostic = c.fault(Code::BadArgument, message);
            return Err(diagnostic);
        }
        dims.push(axis);
    }
    Ok(dims)
}

/// `kron(input, other)`: every element of one times all of the other.
pub fn kron(c: &Call<'_>) -> Types {
    let (a, b) = (c.ty(0), c.ty(1));
    let rank = a.rank().max(b.rank());
    let axis = |t: &TensorType, i: usize| (i + t.rank()).checked_sub(rank).map_or(1, |j| t.shape[j]);
    let shape: Vec<usize> = (0..rank).map(|i| axis(a, i).saturating_mul(axis(b, i))).collect();
    one(meeting_dtype(a, b), shape)
}

/// `trace(input)`: the sum of a matrix's diagonal; integers add up in i64.
pub fn trace(c: &Call<'_>) -> Types {
    ranks(c, &[(0, 2)])?;
    let dtype = common_dtype(c, &[c.ty(0)])?;
    one(if dtype.is_float() { dtype } else { DType::I64 }, [])
}

/// The element type of operands that must share one; PyTorch multiplies no matrices of bool.
pub(super) fn common_dtype(c: &Call<'_>, types: &[&TensorType]) -> Result<DType> {
    let Some(first) = types.first() else {
        return Err(c.fault(Code::BadArgument, "needs at least one tensor"));
    };
    if let Some(other) = types.iter().find(|t| t.dtype != first.dtype) {
        let diagnostic = c.fault(Code::DTypeMismatch, format!("element types differ: {first} and {other}"));
        return Err(diagnostic.help("`.to(...)` converts one of them"));
    }
    if first.dtype == DType::Bool {
        let diagnostic = c.fault(Code::DTypeMismatch, format!("takes numbers, got {first}"));
        return Err(diagnostic.help("`.float()` or `.long()` converts"));
    }
    Ok(first.dtype)
}

/// Refuses tensors of another number of axes.
pub(super) fn ranks(c: &Call<'_>, wanted: &[(usize, usize)]) -> Result<()> {
    for &(i, rank) in wanted {
        let t = c.ty(i);
        if t.rank() != rank {
            let message = format!("`{}` must have {rank} axes, got {t}", c.def.params[i].name);
            return Err(c.fault(Code::ShapeMismatch, message));
        }
    }
    Ok(())
}

fn same_batch(c: &Call<'_>, i: usize, j: usize) -> Result<()> {
    let (a, b) = (c.ty(i), c.ty(j));
    match a.shape[0] == b.shape[0] {
        true => Ok(()),
        false => {
            let message = format!("batches of {} and {} matrices differ", a.shape[0], b.shape[0]);
            Err(c.fault(Code::ShapeMismatch, message).help("`matmul` broadcasts"))
        }
    }
}

fn cannot_multiply(c: &Call<'_>, a: &TensorType, b: &TensorType) -> crate::Diagnostic {
    let message = format!("shapes {:?} and {:?} cannot be multiplied", a.shape, b.shape);
    c.fault(Code::ShapeMismatch, message)
}
