//! Plain numbers that must fit: in the element type they are written to, or in what a function is for.

use super::elementwise::{float_unary, numeric_unary};
use super::operands::{common_type, floating};
use super::unary::floating_unary;
use super::{Types, operands::binary_type};
use crate::op::{Arg, Call};
use crate::{Code, DType, Result, TensorType};

/// Refuses a number at position `i` that `dtype` cannot hold, as PyTorch does where it fills with one:
/// a fraction is cut off, and u8 takes negative integers as their bits.
pub(super) fn number_fits(c: &Call<'_>, i: usize, dtype: DType) -> Result<()> {
    let held = match c.args[i] {
        Arg::Int(n) => holds_int(dtype, n),
        Arg::Float(x) => holds_float(dtype, x),
        _ => true,
    };
    if held {
        return Ok(());
    }
    let message = format!("`{}` does not fit in {dtype}: {}", c.def.params[i].name, given(&c.args[i]));
    Err(c.fault(Code::BadArgument, message))
}

fn holds_int(dtype: DType, n: i64) -> bool {
    match dtype {
        DType::Bool | DType::I64 => true,
        DType::U8 => (-255..=255).contains(&n),
        DType::I32 => i32::try_from(n).is_ok(),
        _ => holds_float(dtype, n as f64),
    }
}

fn holds_float(dtype: DType, x: f64) -> bool {
    match dtype {
        DType::Bool | DType::F64 => true,
        DType::U8 => (0.0..=255.0).contains(&x),
        DType::I32 => (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&x),
        DType::I64 => (i64::MIN as f64..=i64::MAX as f64).contains(&x),
        DType::F16 => !x.is_finite() || x.abs() <= f64::from(half::f16::MAX),
        DType::Bf16 => !x.is_finite() || x.abs() <= f64::from(half::bf16::MAX),
        DType::F32 => !x.is_finite() || x.abs() <= f64::from(f32::MAX),
    }
}

fn given(arg: &Arg) -> String {
    match arg {
        Arg::Int(n) => n.to_string(),
        Arg::Float(x) => format!("{x:?}"),
        _ => String::new(),
    }
}

fn number(arg: &Arg) -> f64 {
    match arg {
        Arg::Int(n) => *n as f64,
        Arg::Float(x) => *x,
        _ => f64::NAN,
    }
}

/// `threshold(input, threshold, value)`.
pub fn threshold(c: &Call<'_>) -> Types {
    let types = numeric_unary(c)?;
    number_fits(c, 1, types[0].dtype)?;
    number_fits(c, 2, types[0].dtype)?;
    Ok(types)
}

/// Refuses a lower bound above, or an upper bound below, all numbers of an element type.
pub(super) fn bounds_fit(c: &Call<'_>, min: usize, max: usize, dtype: DType) -> Result<()> {
    if dtype.is_float() {
        number_fits(c, min, dtype)?;
        return number_fits(c, max, dtype);
    }
    let (low, high) = match dtype {
        DType::U8 => (0.0, 255.0),
        DType::I32 => (f64::from(i32::MIN), f64::from(i32::MAX)),
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    };
    let wrong = if number(&c.args[min]) > high {
        min
    } else if number(&c.args[max]) < low {
        max
    } else {
        return Ok(());
    };
    let message =
        format!("`{}` is out of the range of {dtype}: {}", c.def.params[wrong].name, given(&c.args[wrong]));
    Err(c.fault(Code::BadArgument, message))
}

/// `hardtanh(input, min_val, max_val)`: of integers the bounds are cut to integers.
pub fn hardtanh(c: &Call<'_>) -> Types {
    let types = numeric_unary(c)?;
    let dtype = types[0].dtype;
    if !dtype.is_float() {
        number_fits(c, 1, DType::I64)?;
        number_fits(c, 2, DType::I64)?;
    }
    bounds_fit(c, 1, 2, dtype)?;
    if number(&c.args[1]) > number(&c.args[2]) {
        let (low, high) = (given(&c.args[1]), given(&c.args[2]));
        let message = format!("`min_val` must not exceed `max_val`, got {low} and {high}");
        return Err(c.fault(Code::BadArgument, message));
    }
    Ok(types)
}

/// `clamp(input, min, max)`: bounds broadcast.
pub fn clamp(c: &Call<'_>) -> Types {
    let given: Vec<usize> = (0..3).filter(|i| c.args[*i] != Arg::None).collect();
    if given.len() == 1 {
        return Err(c.fault(Code::BadArgument, "needs `min` or `max`"));
    }
    let t = common_type(c, &given)?;
    bounds_fit(c, 1, 2, t.dtype)?;
    Ok(vec![t])
}

/// `softshrink(input, lambd)`.
pub fn softshrink(c: &Call<'_>) -> Types {
    let types = floating_unary(c)?;
    let (lambd, dtype) = (number(&c.args[1]), types[0].dtype);
    if lambd >= 0.0 && lambd.is_finite() && holds_float(dtype, lambd) {
        return Ok(types);
    }
    let message = format!("`lambd` must be a number of {dtype} from 0 on, got {}", given(&c.args[1]));
    Err(c.fault(Code::BadArgument, message))
}

/// `celu(input, alpha)`, which divides by `alpha`.
pub fn celu(c: &Call<'_>) -> Types {
    if number(&c.args[1]) == 0.0 {
        return Err(c.fault(Code::BadArgument, "`alpha` must not be 0"));
    }
    float_unary(c)
}

/// `cosine_similarity(input, other, dim, eps)`: floating, broadcast; the axis goes. A 0-d tensor
/// promotes like one with axes.
pub fn cosine_similarity(c: &Call<'_>) -> Types {
    let t = TensorType { dtype: c.ty(0).dtype.promote(c.ty(1).dtype), ..binary_type(c, 0, 1)? };
    floating(c, &t)?;
    let eps = number(&c.args[3]);
    if eps.is_nan() || eps < 0.0 {
        let message = format!("`eps` must be a number from 0 on, got {}", given(&c.args[3]));
        return Err(c.fault(Code::BadArgument, message));
    }
    let dim = c.dim(2, t.rank())?;
    let mut shape = t.shape;
    if !shape.is_empty() {
        shape.remove(dim);
    }
    super::one(t.dtype, shape)
}
