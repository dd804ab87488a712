//! Arithmetic, element by element: operands broadcast, meet in one dtype, and are computed there.

use pellucid_graph::{Arg, Code};

use super::Out;
use super::compute::Compute;
use super::dispatch::{each_compute, each_float};
use super::inputs::{Inputs, Scalars};
use super::walk::{Walk, broadcast_strides};
use crate::tensor::{Element, Tensor};

pub fn add(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => match x.number::<C>(2) {
        alpha if alpha == one::<C>() => binary(x, Scalars::Exact, C::plus),
        alpha => binary(x, Scalars::Exact, |a: C, b| a.plus(alpha.times(b))),
    })
}

pub fn sub(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => match x.number::<C>(2) {
        alpha if alpha == one::<C>() => binary(x, Scalars::Exact, C::minus),
        alpha => binary(x, Scalars::Exact, |a: C, b| a.minus(alpha.times(b))),
    })
}

fn one<C: From<i8>>() -> C {
    C::from(1)
}

pub fn mul(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => binary(x, Scalars::Exact, C::times))
}

pub fn maximum(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => binary(x, Scalars::Rounded, C::larger))
}

pub fn minimum(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => binary(x, Scalars::Rounded, C::smaller))
}

/// Exponents that PyTorch gives a formula of their own have it here too: the square root of -inf is NaN.
pub fn pow(x: &Inputs<'_>) -> Out {
    let dtype = x.out[0].dtype;
    if !dtype.is_float() {
        if matches!(x.call.args[1], Arg::Int(n) if n < 0) {
            let fault = x.call.fault(Code::BadArgument, "integers cannot be raised to a negative number");
            return Err(fault.help("`.float()` converts").into());
        }
        return binary(x, Scalars::Rounded, i64::power);
    }
    let number = !matches!(x.call.args[1], Arg::Value(_));
    each_float!(dtype, C => match x.float(1) {
        2.0 if number => unary(x, |a: C| a * a),
        3.0 if number => unary(x, |a: C| a * a * a),
        0.5 if number => unary(x, C::sqrt),
        -0.5 if number => unary(x, |a: C| 1.0 / a.sqrt()),
        -1.0 if number => unary(x, |a: C| 1.0 / a),
        _ => binary(x, Scalars::Rounded, C::power),
    })
}

pub fn neg(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => unary(x, C::negated))
}

pub fn square(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => unary(x, |a: C| a.times(a)))
}

pub fn abs(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => unary(x, absolute::<C>))
}

pub fn sign(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => unary(x, |a: C| {
        let zero = C::default();
        C::from(i8::from(a > zero) - i8::from(a < zero))
    }))
}

pub fn relu(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => unary(x, |a: C| if a <= C::default() { C::default() } else { a }))
}

pub fn absolute<C: Compute>(a: C) -> C {
    if a < C::default() { a.negated() } else { C::default().plus(a) }
}

/// Applies a function to each element of the first argument, in the type of the result.
pub fn unary<C: Element>(x: &Inputs<'_>, f: impl Fn(C) -> C) -> Out {
    x.one(x.wide().slice::<C>().iter().map(|a| f(*a)).collect())
}

/// Applies a function to each pair of elements of the first two arguments, in the type of the result.
pub fn binary<C: Element>(x: &Inputs<'_>, scalars: Scalars, f: impl Fn(C, C) -> C) -> Out {
    let ty = &x.out[0];
    let (a, b) = (x.operand(0, ty.dtype, scalars), x.operand(1, ty.dtype, scalars));
    x.one(zip(&a, &b, &ty.shape, f))
}

/// Applies a function to each pair of elements of two tensors broadcast to `shape`.
pub fn zip<A: Element, R>(a: &Tensor, b: &Tensor, shape: &[usize], f: impl Fn(A, A) -> R) -> Vec<R> {
    let walk = Walk::new(shape, [broadcast_strides(a.shape(), shape), broadcast_strides(b.shape(), shape)]);
    let (a, b) = (a.slice::<A>(), b.slice::<A>());
    let mut out = Vec::with_capacity(shape.iter().product());
    walk.runs(|[i, j], strides, n| match strides {
        [1, 1] => out.extend(a[i..i + n].iter().zip(&b[j..j + n]).map(|(x, y)| f(*x, *y))),
        [1, 0] => out.extend(a[i..i + n].iter().map(|x| f(*x, b[j]))),
        [0, 1] => out.extend(b[j..j + n].iter().map(|y| f(a[i], *y))),
        [s, t] => out.extend((0..n).map(|k| f(a[i + k * s], b[j + k * t]))),
    });
    out
}
