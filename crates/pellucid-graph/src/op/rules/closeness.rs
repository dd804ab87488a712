//! Tests of two tensors against each other.

use super::operands::{binary_type, same_dtype};
use super::{Types, one};
use crate::op::{Arg, Call};
use crate::{Code, DType};

/// `isclose(input, other, rtol, atol, equal_nan)`: one dtype, broadcast.
pub fn isclose(c: &Call<'_>) -> Types {
    same_dtype(c, &[0, 1])?;
    for i in [2, 3] {
        let positive = match c.args[i] {
            Arg::Float(x) => x >= 0.0,
            Arg::Int(n) => n >= 0,
            _ => true,
        };
        if !positive {
            let message = format!("`{}` must not be negative or NaN", c.def.params[i].name);
            return Err(c.fault(Code::BadArgument, message));
        }
    }
    one(DType::Bool, binary_type(c, 0, 1)?.shape)
}

/// `allclose(input, other, rtol, atol, equal_nan)`: one truth.
pub fn allclose(c: &Call<'_>) -> Types {
    isclose(c)?;
    one(DType::Bool, [])
}

/// `equal(input, other)`: one truth; tensors of different shapes are not equal.
pub fn equal(_: &Call<'_>) -> Types {
    one(DType::Bool, [])
}
