//! Along one axis or the trailing ones: softmax, sorting, norms.

use super::operands::floating;
use super::{Types, float_unary, one};
use crate::op::{Arg, Call};
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

/// `rms_norm(input, normalized_shape, weight, eps)`: trailing axes must match.
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

/// `layer_norm(input, normalized_shape, weight, bias, eps)`: weights have the input's dtype, or are
/// both f32 beside an input of half precision.
pub fn layer_norm(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let weights: Vec<&TensorType> = [2, 3]
        .iter()
        .filter_map(|&i| match c.args[i] {
            Arg::Value(v) => Some(c.type_of(v)),
            _ => None,
        })
        .collect();
    let half = matches!(t.dtype, DType::F16 | DType::Bf16);
    let all = |dtype: DType| weights.iter().all(|w| w.dtype == dtype);
    if let Some(w) = weights.iter().find(|w| w.dtype != t.dtype)
        && !(half && all(DType::F32))
    {
        let diagnostic = c.fault(Code::DTypeMismatch, format!("element types differ: {t} and {w}"));
        return Err(diagnostic.help("`.to(...)` converts one of them"));
    }
    trailing_norm(c)
}
