//! Bits of integers; bool has one.

use pellucid_graph::DType;

use super::Out;
use super::elementwise::{binary, unary};
use super::inputs::{Inputs, Scalars};

pub fn bitwise_and(x: &Inputs<'_>) -> Out {
    binary(x, Scalars::Rounded, |a: i64, b| a & b)
}

pub fn bitwise_or(x: &Inputs<'_>) -> Out {
    binary(x, Scalars::Rounded, |a: i64, b| a | b)
}

pub fn bitwise_xor(x: &Inputs<'_>) -> Out {
    binary(x, Scalars::Rounded, |a: i64, b| a ^ b)
}

pub fn bitwise_not(x: &Inputs<'_>) -> Out {
    match x.out[0].dtype {
        DType::Bool => unary(x, |a: i64| a ^ 1),
        _ => unary(x, |a: i64| !a),
    }
}

pub fn left_shift(x: &Inputs<'_>) -> Out {
    let width = width(x);
    binary(x, Scalars::Rounded, |a: i64, by| if (0..width).contains(&by) { a << by } else { 0 })
}

/// By the width or more, only the sign is left.
pub fn right_shift(x: &Inputs<'_>) -> Out {
    let width = width(x);
    binary(x, Scalars::Rounded, |a: i64, by| a >> if (0..width).contains(&by) { by } else { 63 })
}

fn width(x: &Inputs<'_>) -> i64 {
    8 * x.out[0].dtype.size() as i64
}
