//! Element by element: operands broadcast and promote.

use super::fits::number_fits;
use super::operands::{binary_type, not_bool};
use super::{Types, one};
use crate::op::{Call, Operand};
use crate::shape::broadcast;
use crate::{Code, DType, Result};

/// Same shape and dtype as the first argument.
pub fn same(c: &Call<'_>) -> Types {
    Ok(vec![c.ty(0).clone()])
}

/// Same shape; integers become f32.
pub fn float_unary(c: &Call<'_>) -> Types {
    one(c.ty(0).dtype.to_float(), c.ty(0).shape.clone())
}

/// Same shape; bool is refused, as PyTorch does for `neg`.
pub fn numeric_unary(c: &Call<'_>) -> Types {
    not_bool(c, c.ty(0))?;
    same(c)
}

/// Same shape, bool.
pub fn to_bool(c: &Call<'_>) -> Types {
    one(DType::Bool, c.ty(0).shape.clone())
}

/// Arithmetic: broadcast, promote.
pub fn arithmetic(c: &Call<'_>) -> Types {
    Ok(vec![binary_type(c, 0, 1)?])
}

/// True division and other functions whose result is floating.
pub fn float_binary(c: &Call<'_>) -> Types {
    let t = binary_type(c, 0, 1)?;
    one(t.dtype.to_float(), t.shape)
}

/// Comparison: broadcast, bool.
pub fn comparison(c: &Call<'_>) -> Types {
    one(DType::Bool, binary_type(c, 0, 1)?.shape)
}

/// Refuses a tensor with axes where one number is meant.
pub(super) fn scalar_operand(c: &Call<'_>, i: usize) -> Result<()> {
    match c.operand(i) {
        Operand::Tensor(v) if v.rank() > 0 => {
            let message = format!("`{}` must be a number or 0-d, got {v}", c.def.params[i].name);
            Err(c.fault(Code::ShapeMismatch, message))
        }
        _ => Ok(()),
    }
}

/// `where(condition, input, other)`.
pub fn select(c: &Call<'_>) -> Types {
    if c.ty(0).dtype != DType::Bool {
        return Err(c.fault(Code::DTypeMismatch, format!("`condition` must be bool, got {}", c.ty(0))));
    }
    let t = binary_type(c, 1, 2)?;
    // PyTorch takes any number for halves, where a large one is infinite.
    let wide = if matches!(t.dtype, DType::F16 | DType::Bf16) { DType::F64 } else { t.dtype };
    number_fits(c, 1, wide)?;
    number_fits(c, 2, wide)?;
    let shape = broadcast(&c.ty(0).shape, &t.shape).ok_or_else(|| {
        let message = format!("shapes {:?} and {:?} do not broadcast", c.ty(0).shape, t.shape);
        c.fault(Code::ShapeMismatch, message)
    })?;
    one(t.dtype, shape)
}

/// `masked_fill(input, mask, value)`.
pub fn masked_fill(c: &Call<'_>) -> Types {
    let (t, mask) = (c.ty(0), c.ty(1));
    if mask.dtype != DType::Bool {
        return Err(c.fault(Code::DTypeMismatch, format!("`mask` must be bool, got {mask}")));
    }
    scalar_operand(c, 2)?;
    number_fits(c, 2, t.dtype)?;
    let shape = broadcast(&t.shape, &mask.shape).ok_or_else(|| {
        let message = format!("shapes {:?} and {:?} do not broadcast", t.shape, mask.shape);
        c.fault(Code::ShapeMismatch, message)
    })?;
    one(t.dtype, shape)
}

/// `to(input, dtype)`.
pub fn to(c: &Call<'_>) -> Types {
    one(c.dtype(1).unwrap_or(c.ty(0).dtype), c.ty(0).shape.clone())
}

/// `copy_into(input, value)`: the value, broadcast and converted to the first argument's type.
pub fn copy_into(c: &Call<'_>) -> Types {
    if let Operand::Tensor(v) = c.operand(1)
        && broadcast(&c.ty(0).shape, &v.shape).as_ref() != Some(&c.ty(0).shape)
    {
        let message = format!("a value of shape {:?} does not fit shape {:?}", v.shape, c.ty(0).shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    number_fits(c, 1, c.ty(0).dtype)?;
    same(c)
}

/// `full_like(input, value, dtype)`.
pub fn full_like(c: &Call<'_>) -> Types {
    scalar_operand(c, 1)?;
    let dtype = c.dtype(2).unwrap_or(c.ty(0).dtype);
    number_fits(c, 1, dtype)?;
    one(dtype, c.ty(0).shape.clone())
}
