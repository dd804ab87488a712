//! The three types that kernels compute in, and what they can do.
//!
//! `f16`, `bf16` and `f32` are computed in `f32`, `f64` in `f64`, integers and bool in `i64` with
//! wrapping; [`cast`](super::cast::cast) takes operands there and results back.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

use crate::tensor::Element;

/// What all three types can do; integers wrap.
pub trait Compute: Element + PartialOrd + Default {
    /// `self + other`.
    fn plus(self, other: Self) -> Self;
    /// `self - other`.
    fn minus(self, other: Self) -> Self;
    /// `self * other`.
    fn times(self, other: Self) -> Self;
    /// `self` to the power of `exponent`.
    fn power(self, exponent: Self) -> Self;
    /// The `n`th part; integers round down.
    fn shared_by(self, n: i64) -> Self;
    /// `-self`.
    fn negated(self) -> Self;
    /// Never true of integers.
    fn is_nan(self) -> bool;
    /// The nearest `f64`.
    fn as_f64(self) -> f64;

    /// The larger of two; NaN wins.
    fn larger(self, other: Self) -> Self {
        if self.is_nan() || self > other { self } else { other }
    }

    /// The smaller of two; NaN wins.
    fn smaller(self, other: Self) -> Self {
        if self.is_nan() || self < other { self } else { other }
    }

    /// Neither +0, -0, 0 nor false; NaN is true.
    fn truth(self) -> bool {
        self != Self::default()
    }
}

impl Compute for i64 {
    fn plus(self, other: i64) -> i64 {
        self.wrapping_add(other)
    }
    fn minus(self, other: i64) -> i64 {
        self.wrapping_sub(other)
    }
    fn times(self, other: i64) -> i64 {
        self.wrapping_mul(other)
    }
    fn power(self, exponent: i64) -> i64 {
        integer_power(self, exponent)
    }
    fn shared_by(self, n: i64) -> i64 {
        self.div_euclid(n)
    }
    fn negated(self) -> i64 {
        self.wrapping_neg()
    }
    fn is_nan(self) -> bool {
        false
    }
    fn as_f64(self) -> f64 {
        self as f64
    }
}

/// Squares and multiplies; a negative exponent truncates the fraction, which leaves only powers of 1 and -1.
fn integer_power(base: i64, exponent: i64) -> i64 {
    if exponent < 0 {
        return match base {
            1 => 1,
            -1 if exponent % 2 == 0 => 1,
            -1 => -1,
            _ => 0,
        };
    }
    let (mut result, mut square, mut left) = (1i64, base, exponent);
    while left > 0 {
        if left & 1 == 1 {
            result = result.wrapping_mul(square);
        }
        square = square.wrapping_mul(square);
        left >>= 1;
    }
    result
}

/// What the two floating types can do besides, operators included; `%` is C's `fmod`.
pub trait Float:
    Compute
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Rem<Output = Self>
    + Neg<Output = Self>
{
    /// The nearest number of this type.
    fn of(x: f64) -> Self;
    /// `self / other`.
    fn over(self, other: Self) -> Self;
    /// Rounds down.
    fn floor(self) -> Self;
    /// Rounds up.
    fn ceil(self) -> Self;
    /// Rounds towards zero.
    fn trunc(self) -> Self;
    /// Rounds to the nearest integer, halves to the even one.
    fn round(self) -> Self;
    /// Its size with the sign of another.
    fn copysign(self, sign: Self) -> Self;
    /// e to the power of `self`.
    fn exp(self) -> Self;
    /// The natural logarithm.
    fn ln(self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// The sine.
    fn sin(self) -> Self;
    /// The cosine.
    fn cos(self) -> Self;
    /// The hyperbolic tangent.
    fn tanh(self) -> Self;
    /// The error function.
    fn erf(self) -> Self;
}

macro_rules! float {
    ($($ty:ident $erf:path),*) => {$(
        impl Compute for $ty {
            fn plus(self, other: $ty) -> $ty { self + other }
            fn minus(self, other: $ty) -> $ty { self - other }
            fn times(self, other: $ty) -> $ty { self * other }
            fn power(self, exponent: $ty) -> $ty { self.powf(exponent) }
            fn shared_by(self, n: i64) -> $ty { self / n as $ty }
            fn negated(self) -> $ty { -self }
            fn is_nan(self) -> bool { self.is_nan() }
            fn as_f64(self) -> f64 { f64::from(self) }
        }

        impl Float for $ty {
            fn of(x: f64) -> $ty { x as $ty }
            fn over(self, other: $ty) -> $ty { self / other }
            fn floor(self) -> $ty { self.floor() }
            fn ceil(self) -> $ty { self.ceil() }
            fn trunc(self) -> $ty { self.trunc() }
            fn round(self) -> $ty { self.round_ties_even() }
            fn copysign(self, sign: $ty) -> $ty { self.copysign(sign) }
            fn exp(self) -> $ty { self.exp() }
            fn ln(self) -> $ty { self.ln() }
            fn sqrt(self) -> $ty { self.sqrt() }
            fn sin(self) -> $ty { self.sin() }
            fn cos(self) -> $ty { self.cos() }
            fn tanh(self) -> $ty { self.tanh() }
            fn erf(self) -> $ty { $erf(self) }
        }
    )*};
}

float! { f32 libm::erff, f64 libm::erf }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_raised_with_wrapping() {
        let cases =
            [(2, 10, 1024), (0, 0, 1), (-1, -3, -1), (-1, -2, 1), (2, -1, 0), (3, 41, 3i64.wrapping_pow(41))];
        for (base, exponent, want) in cases {
            assert_eq!(base.power(exponent), want, "{base} to the {exponent}");
        }
    }
}
