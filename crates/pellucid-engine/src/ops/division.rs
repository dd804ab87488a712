//! Quotients and rests. Integers have no quotient by zero: that is an error, as in PyTorch.

use std::cell::Cell;

use pellucid_graph::Code;

use super::Out;
use super::compute::Float;
use super::dispatch::each_float;
use super::elementwise::{binary, zip};
use super::inputs::{Inputs, Scalars};

pub fn div(x: &Inputs<'_>) -> Out {
    let dtype = x.out[0].dtype;
    match (x.given(2), x.says(2, "floor"), dtype.is_float()) {
        (false, ..) => each_float!(dtype, C => binary(x, Scalars::Exact, |a: C, b: C| a / b)),
        (_, true, _) => floor_divide(x),
        (_, false, true) => each_float!(dtype, C => binary(x, Scalars::Exact, |a: C, b: C| (a / b).trunc())),
        (_, false, false) => whole(x, i64::wrapping_div),
    }
}

pub fn floor_divide(x: &Inputs<'_>) -> Out {
    match x.out[0].dtype.is_float() {
        true => each_float!(x.out[0].dtype, C => binary(x, Scalars::Exact, floor_quotient::<C>)),
        false => whole(x, |a, b| {
            let rest = a.wrapping_rem(b);
            a.wrapping_div(b).wrapping_sub(i64::from(rest != 0 && (rest < 0) != (b < 0)))
        }),
    }
}

/// Dividing the rest away first keeps the quotient whole where `a / b` rounds up to an integer.
fn floor_quotient<C: Float>(a: C, b: C) -> C {
    let (zero, one) = (C::default(), C::of(1.0));
    if b == zero {
        return a / b;
    }
    let rest = a % b;
    let down = rest != zero && (b < zero) != (rest < zero);
    let quotient = (a - rest) / b - if down { one } else { zero };
    if quotient == zero {
        return zero.copysign(a / b);
    }
    let floor = quotient.floor();
    floor + if quotient - floor > C::of(0.5) { one } else { zero }
}

pub fn remainder(x: &Inputs<'_>) -> Out {
    match x.out[0].dtype.is_float() {
        true => each_float!(x.out[0].dtype, C => binary(x, Scalars::Rounded, |a: C, b: C| {
            let rest = a % b;
            if rest != 0.0 && (b < 0.0) != (rest < 0.0) { rest + b } else { rest }
        })),
        false => whole(x, |a, b| {
            let rest = a.wrapping_rem(b);
            if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }
        }),
    }
}

pub fn fmod(x: &Inputs<'_>) -> Out {
    match x.out[0].dtype.is_float() {
        true => each_float!(x.out[0].dtype, C => binary(x, Scalars::Rounded, |a: C, b: C| a % b)),
        false => whole(x, i64::wrapping_rem),
    }
}

fn whole(x: &Inputs<'_>, f: impl Fn(i64, i64) -> i64) -> Out {
    let ty = &x.out[0];
    let (a, b) = (x.operand(0, ty.dtype, Scalars::Rounded), x.operand(1, ty.dtype, Scalars::Rounded));
    let by_zero = Cell::new(false);
    let quotients = zip(&a, &b, &ty.shape, |a, b| {
        if b == 0 {
            by_zero.set(true);
            return 0;
        }
        f(a, b)
    });
    if by_zero.get() {
        return Err(x.call.fault(Code::BadArgument, "integers cannot be divided by zero").into());
    }
    x.one(quotients)
}
