//! Tensors from numbers alone.

use super::elementwise::scalar_operand;
use super::{Types, one};
use crate::op::{Arg, Call, Operand};
use crate::{Code, DType, Result};

/// `zeros(size, dtype)`: f32 unless said otherwise.
pub fn filled(c: &Call<'_>) -> Types {
    one(c.dtype(1).unwrap_or(DType::F32), lengths(c, 0)?)
}

/// `full(size, fill_value, dtype)`: bool, i64 or f32, as the number is, unless said otherwise.
pub fn full(c: &Call<'_>) -> Types {
    scalar_operand(c, 1)?;
    let own = match c.operand(1) {
        Operand::Tensor(t) => DType::Bool.promote_scalar(t.dtype.category()),
        Operand::Number(n) => DType::Bool.promote_scalar(n),
    };
    one(c.dtype(2).unwrap_or(own), lengths(c, 0)?)
}

/// `zeros_like(input, dtype)`.
pub fn like(c: &Call<'_>) -> Types {
    one(c.dtype(1).unwrap_or(c.ty(0).dtype), c.ty(0).shape.clone())
}

/// `eye(n, m, dtype)`.
pub fn eye(c: &Call<'_>) -> Types {
    let rows = length(c, 0, c.int(0).unwrap_or(0))?;
    let columns = c.int(1).map_or(Ok(rows), |m| length(c, 1, m))?;
    one(c.dtype(2).unwrap_or(DType::F32), [rows, columns])
}

/// `arange(start, end, step, dtype)`: i64 if all three are integers, else f32.
pub fn arange(c: &Call<'_>) -> Types {
    let whole = (0..3).all(|i| matches!(c.args[i], Arg::Int(_)));
    let dtype = c.dtype(3).unwrap_or(if whole { DType::I64 } else { DType::F32 });
    let [start, end, step] = [0, 1, 2].map(|i| number(c, i));
    if ![start, end, step].iter().all(|x| x.is_finite()) {
        return Err(c.fault(Code::BadArgument, format!("the range {start} to {end} by {step} is not finite")));
    }
    let steps = match whole && dtype == DType::I64 {
        true => whole_steps([0, 1, 2].map(|i| i128::from(c.int(i).unwrap_or(0)))),
        false if step == 0.0 => None,
        false => Some(((end - start) / step).ceil()),
    };
    match steps {
        None => Err(c.fault(Code::BadArgument, "`step` must not be 0")),
        Some(n) if n < 0.0 || (end - start) * step < 0.0 => {
            Err(c.fault(Code::BadArgument, format!("steps of {step} do not lead from {start} to {end}")))
        }
        Some(n) => one(dtype, [n as usize]),
    }
}

fn whole_steps([start, end, step]: [i128; 3]) -> Option<f64> {
    (step != 0).then(|| ((end - start + step - step.signum()) / step) as f64)
}

/// `linspace(start, end, steps, dtype)`.
pub fn linspace(c: &Call<'_>) -> Types {
    steps(c, 3)
}

/// `logspace(start, end, steps, base, dtype)`.
pub fn logspace(c: &Call<'_>) -> Types {
    steps(c, 4)
}

fn steps(c: &Call<'_>, dtype: usize) -> Types {
    let n = length(c, 2, c.int(2).unwrap_or(0))?;
    one(c.dtype(dtype).unwrap_or(DType::F32), [n])
}

fn number(c: &Call<'_>, i: usize) -> f64 {
    match c.args[i] {
        Arg::Float(x) => x,
        Arg::Int(n) => n as f64,
        _ => 0.0,
    }
}

pub(super) fn lengths(c: &Call<'_>, i: usize) -> Result<Vec<usize>> {
    c.ints(i).unwrap_or_default().into_iter().map(|n| length(c, i, n)).collect()
}

fn length(c: &Call<'_>, i: usize, n: i64) -> Result<usize> {
    let negative =
        |_| c.fault(Code::BadArgument, format!("`{}` must not be negative, got {n}", c.def.params[i].name));
    usize::try_from(n).map_err(negative)
}
