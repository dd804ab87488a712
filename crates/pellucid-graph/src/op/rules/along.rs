//! Along one axis or the trailing ones: softmax, sorting, products, norms.

use super::operands::floating;
use super::{Types, float_unary, one};
use crate::op::{Arg, Call};
use crate::shape::broadcast;
use crate::{Code, DType, TensorType};

/// `softmax(input, dim, dtype)`: the axis must exist; integers become f32.
pub fn along_float(c: &Call<'_>) -> Types {
    c.dim(1, c.ty(0).rank())?;
    let t = TensorType::new(c.dtype(2).unwrap_or(c.ty(0).dtype.to_float()), c.ty(0).shape.clone());
    floating(c, &t)?;
    Ok(vec![t])
}

/// `cumsum(input, dim, dtype)`: integers add up in i64.
pub fn cumulative(c: &Call<'_>) -> Types {
    c.dim(1, c.ty(0).rank())?;
    one(c.dtype(2).unwrap_or(c.ty(0).dtype.to_total()), c.ty(0).shape.clone())
}

/// `topk(input, k, dim, largest)`: values and positions, sorted.
pub fn topk(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let (k, dim) = (c.int(1).unwrap_or(0), c.dim(2, t.rank())?);
    let n = t.shape.get(dim).copied().unwrap_or(1);
    if !(0..=n as i64).contains(&k) {
        return Err(c.fault(Code::BadArgument, format!("`k` must be 0 to {n} (dim {dim} of {t}), got {k}")));
    }
    let mut shape = t.shape.clone();
    if let Some(axis) = shape.get_mut(dim) {
        *axis = k as usize;
    }
    Ok(vec![TensorType::new(t.dtype, shape.clone()), TensorType::new(DType::I64, shape)])
}

/// `sort(input, dim, descending)`: values and positions.
pub fn sort(c: &Call<'_>) -> Types {
    c.dim(1, c.ty(0).rank())?;
    Ok(vec![c.ty(0).clone(), TensorType::new(DType::I64, c.ty(0).shape.clone())])
}

/// `matmul(input, other)`: vectors, matrices, broadcast batches of matrices.
pub fn matmul(c: &Call<'_>) -> Types {
    let (a, b) = (c.ty(0), c.ty(1));
    let mismatch = || {
        let message = format!("shapes {:?} and {:?} cannot be multiplied", a.shape, b.shape);
        c.fault(Code::ShapeMismatch, message)
    };
    if a.dtype != b.dtype {
        let diagnostic = c.fault(Code::DTypeMismatch, format!("element types differ: {a} and {b}"));
        return Err(diagnostic.help("`.to(...)` converts one of them"));
    }
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
    one(a.dtype, shape)
}

/// `layer_norm(input, normalized_shape, weight, bias, eps)` and `rms_norm`: trailing axes must match.
pub fn trailing_norm(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let given = c.ints(1).unwrap_or_default();
    let want: Vec<usize> = given.iter().map_while(|&n| n.try_into().ok()).collect();
    if want.is_empty() || want.len() < given.len() || !t.shape.ends_with(&want) {
        let message = format!("shape {:?} does not end with `normalized_shape` {given:?}", t.shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    for i in 2..c.args.len() {
        if let Arg::Value(v) = c.args[i]
            && c.type_of(v).shape != want
        {
            let message =
                format!("`{}` has shape {:?}, expected {want:?}", c.def.params[i].name, c.type_of(v).shape);
            return Err(c.fault(Code::ShapeMismatch, message));
        }
    }
    float_unary(c)
}
