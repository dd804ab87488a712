//! Arithmetic of two or three operands that is choosier than plain promotion.

use super::Types;
use super::fits::number_fits;
use super::operands::{binary_type, common_type, floating, not_bool, same_dtype};
use crate::dtype::Category;
use crate::op::{Arg, Call, Operand};
use crate::{Code, DType, Result};

/// `add(input, other, alpha)`.
pub fn add(c: &Call<'_>) -> Types {
    let t = binary_type(c, 0, 1)?;
    match c.args[2] {
        Arg::Float(x) if !t.dtype.is_float() => {
            let message = format!("`alpha` must be an integer for {t}, got `{x:?}`");
            Err(c.fault(Code::DTypeMismatch, message))
        }
        _ => Ok(vec![t]),
    }
}

/// `sub(input, other, alpha)`: refuses bool on either side, as PyTorch does.
pub fn subtract(c: &Call<'_>) -> Types {
    for i in [0, 1] {
        match c.operand(i) {
            Operand::Tensor(t) => not_bool(c, t)?,
            Operand::Number(Category::Bool) => {
                return Err(c.fault(Code::DTypeMismatch, "takes numbers, got bool"));
            }
            Operand::Number(_) => {}
        }
    }
    add(c)
}

/// `div(input, other, rounding_mode)`: with rounding, integers stay integers.
pub fn divide(c: &Call<'_>) -> Types {
    match c.args[2] {
        Arg::None => super::float_binary(c),
        _ => numeric_binary(c),
    }
}

/// Broadcast, promote; refuses bool.
pub fn numeric_binary(c: &Call<'_>) -> Types {
    let t = binary_type(c, 0, 1)?;
    not_bool(c, &t)?;
    Ok(vec![t])
}

/// Broadcast, promote; refuses a result that is not floating.
pub fn floating_binary(c: &Call<'_>) -> Types {
    let t = binary_type(c, 0, 1)?;
    floating(c, &t)?;
    Ok(vec![t])
}

/// `heaviside(input, values)`: broadcast; the dtypes must agree.
pub fn alike(c: &Call<'_>) -> Types {
    same_dtype(c, &[0, 1])?;
    Ok(vec![binary_type(c, 0, 1)?])
}

/// `lerp(input, end, weight)`: one dtype; a weight of one element promotes.
pub fn lerp(c: &Call<'_>) -> Types {
    let axes = matches!(c.operand(2), Operand::Tensor(t) if t.rank() > 0);
    same_dtype(c, if axes { &[0, 1, 2] } else { &[0, 1] })?;
    let t = common_type(c, &[0, 1, 2])?;
    floating(c, &t)?;
    Ok(vec![t])
}

/// `addcmul(input, tensor1, tensor2, value)`.
pub fn addcmul(c: &Call<'_>) -> Types {
    let t = common_type(c, &[0, 1, 2])?;
    not_bool(c, &t)?;
    scale_fits(c, t.dtype)?;
    Ok(vec![t])
}

/// `addcdiv(input, tensor1, tensor2, value)`: integers are not divided.
pub fn addcdiv(c: &Call<'_>) -> Types {
    let t = common_type(c, &[0, 1, 2])?;
    floating(c, &common_type(c, &[1, 2])?)?;
    scale_fits(c, t.dtype)?;
    Ok(vec![t])
}

/// `value`, which halves take in f32.
fn scale_fits(c: &Call<'_>, dtype: DType) -> Result<()> {
    number_fits(c, 3, if matches!(dtype, DType::F16 | DType::Bf16) { DType::F32 } else { dtype })
}
