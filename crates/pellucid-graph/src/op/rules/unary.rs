//! Functions of one tensor that take some dtypes only, or change them.

use super::elementwise::{float_unary, numeric_unary, same};
use super::operands::{binary_type, floating, not_bool, same_dtype};
use super::{Types, one};
use crate::op::{Call, Operand};
use crate::{Code, DType, Result, TensorType};

/// Same shape and dtype, which must be floating.
pub fn floating_unary(c: &Call<'_>) -> Types {
    floating(c, c.ty(0))?;
    same(c)
}

/// `square(input)`: bool becomes i64, as `x * x` of numbers would.
pub fn square(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    one(if t.dtype == DType::Bool { DType::I64 } else { t.dtype }, t.shape.clone())
}

/// `round(input, decimals)`: integers have no decimals.
pub fn round(c: &Call<'_>) -> Types {
    match c.int(1) {
        Some(n) if n != 0 => floating_unary(c),
        _ => numeric_unary(c),
    }
}

/// `tanhshrink(input)`: integers become f32, bool is refused.
pub fn float_of_number(c: &Call<'_>) -> Types {
    not_bool(c, c.ty(0))?;
    float_unary(c)
}

/// `prelu(input, weight)`: one weight, or one for each position of axis 1.
pub fn prelu(c: &Call<'_>) -> Types {
    let (t, weight) = (c.ty(0), c.ty(1));
    same_dtype(c, &[0, 1])?;
    let channels = t.shape.get(1).copied().unwrap_or(1);
    let fits = weight.rank() == 0 || (weight.rank() == 1 && [1, channels].contains(&weight.shape[0]));
    if !fits {
        let message = format!("`weight` must have 1 or {channels} elements, got shape {:?}", weight.shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    float_unary(c)
}

/// `bitwise_not(input)`.
pub fn bits_unary(c: &Call<'_>) -> Types {
    whole(c, c.ty(0))?;
    same(c)
}

/// `bitwise_and(input, other)`: bool and integers, broadcast, promoted.
pub fn bits_binary(c: &Call<'_>) -> Types {
    let t = binary_type(c, 0, 1)?;
    whole(c, &t)?;
    Ok(vec![t])
}

/// `bitwise_left_shift(input, other)`: integers.
pub fn shift(c: &Call<'_>) -> Types {
    let t = binary_type(c, 0, 1)?;
    not_bool(c, &t)?;
    whole(c, &t)?;
    Ok(vec![t])
}

fn whole(c: &Call<'_>, t: &TensorType) -> Result<()> {
    if !t.dtype.is_float() {
        return Ok(());
    }
    let floats = |i: &usize| matches!(c.operand(*i), Operand::Tensor(t) if t.dtype.is_float());
    let got = match (0..c.args.len().min(2)).find(floats) {
        Some(i) => format!("{}", c.ty(i)),
        None => "a floating number".to_owned(),
    };
    let diagnostic = c.fault(Code::DTypeMismatch, format!("takes bool and integers, got {got}"));
    Err(diagnostic.help("comparisons give bool, `.long()` gives integers"))
}
