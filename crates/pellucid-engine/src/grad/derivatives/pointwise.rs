//! Functions of one number, or of two, that are smooth where they are defined.

use std::f64::consts::{LN_2, LN_10, PI};

use pellucid_graph::Arg;

use super::Keep::{Both, Inputs, Nothing, Results};
use super::{Row, made_of};
use crate::grad::calls as c;
use crate::grad::op::{Call, Pulled};
use crate::{Error, Tensor};

/// The gradient of the only tensor.
fn one(g: Result<Tensor, Error>) -> Pulled {
    Ok(vec![Some(g?)])
}

/// `g f'(x)`.
fn by_x(p: &Call<'_>, slope: impl Fn(&Tensor) -> Result<Tensor, Error>) -> Pulled {
    one(c::mul(p.g()?, &slope(&p.x(0)?)?))
}

/// `g f'`, from the function's own value.
fn by_y(p: &Call<'_>, slope: impl Fn(&Tensor) -> Result<Tensor, Error>) -> Pulled {
    one(c::mul(p.g()?, &slope(&p.y(0)?)?))
}

/// Gradients of two operands, each asked for only if it is a tensor.
pub(super) fn pair(
    p: &Call<'_>,
    first: impl Fn() -> Result<Tensor, Error>,
    second: impl Fn() -> Result<Tensor, Error>,
) -> Pulled {
    let mut pulled = Vec::new();
    if matches!(p.args[0], Arg::Value(_)) {
        pulled.push(Some(first()?));
    }
    if matches!(p.args[1], Arg::Value(_)) {
        pulled.push(Some(second()?));
    }
    Ok(pulled)
}

/// `a + b x^2`.
fn square_sum(x: &Tensor, a: f64, b: f64) -> Result<Tensor, Error> {
    c::plus(&c::times(&c::square(x)?, b)?, a)
}

fn alpha(p: &Call<'_>, sign: f64) -> Pulled {
    pair(p, || Ok(p.g()?.clone()), || c::times(p.g()?, sign * p.float(2)))
}

fn pow(p: &Call<'_>) -> Pulled {
    let (x, y) = (p.x(0)?, p.x(1)?);
    let base = || {
        let slope = c::mul(&y, &c::pow(&x, &c::plus(&y, -1.0)?)?)?;
        // An exponent of 0 has no slope, whatever the base.
        c::mul(p.g()?, &c::choose(&c::is(&y, "eq", 0.0)?, 0.0, &slope)?)
    };
    let exponent = || {
        let slope = c::mul(&p.y(0)?, &c::log(&x)?)?;
        // 0^y is 0 for every positive y.
        let flat = c::run("logical_and", &[&c::is(&x, "eq", 0.0)?, &c::is(&y, "ge", 0.0)?])?;
        c::mul(p.g()?, &c::choose(&flat, 0.0, &slope)?)
    };
    pair(p, base, exponent)
}

fn remainder(p: &Call<'_>, rounding: &str) -> Pulled {
    let quotient = || {
        let rounded = c::run(rounding, &[&c::div(&p.x(0)?, &p.x(1)?)?])?;
        c::neg(&c::mul(p.g()?, &rounded)?)
    };
    pair(p, || Ok(p.g()?.clone()), quotient)
}

fn div(p: &Call<'_>) -> Pulled {
    if p.args[2] != Arg::None {
        return p.each(|i| Ok(Some(c::zeros_like(&p.inputs[i])?)));
    }
    let y = || c::neg(&c::mul(p.g()?, &c::div(&p.x(0)?, &c::square(&p.x(1)?)?)?)?);
    pair(p, || c::div(p.g()?, &p.x(1)?), y)
}

fn log_add(p: &Call<'_>, base: f64) -> Pulled {
    let share = |a: usize, b: usize| {
        let apart = c::sub(&p.x(a)?, &p.x(b)?)?;
        // Equal infinities share alike.
        let apart = c::choose(&c::is_nan(&apart)?, 0.0, &apart)?;
        c::mul(p.g()?, &c::sigmoid(&c::times(&apart, base)?)?)
    };
    pair(p, || share(0, 1), || share(1, 0))
}

fn gelu(p: &Call<'_>) -> Pulled {
    let x = p.x(0)?;
    if matches!(&p.args[1], Arg::Word(w) if w == "tanh") {
        return made_of(p, |p| {
            let x = p.x(0)?;
            let cube = c::times(&c::mul(&c::square(&x)?, &x)?, 0.044_715)?;
            let inner = c::times(&c::add(&x, &cube)?, 2.0 * (2.0 / PI).sqrt())?;
            Ok(vec![c::mul(&x, &c::sigmoid(&inner)?)?])
        });
    }
    let density = c::times(&c::exp(&c::times(&c::square(&x)?, -0.5)?)?, 1.0 / (2.0 * PI).sqrt())?;
    one(c::mul(p.g()?, &c::add(&c::run("ndtr", &[&x])?, &c::mul(&x, &density)?)?))
}

fn sinc(p: &Call<'_>) -> Pulled {
    let x = p.x(0)?;
    let y = c::run("sinc", &[&x])?;
    let slope = c::div(&c::sub(&c::cos(&c::times(&x, PI)?)?, &y)?, &x)?;
    one(c::mul(p.g()?, &c::choose(&c::is(&x, "eq", 0.0)?, 0.0, &slope)?))
}

fn softplus(p: &Call<'_>) -> Pulled {
    let scaled = c::times(&p.x(0)?, p.float(1))?;
    let slope = c::sigmoid(&scaled)?;
    one(c::mul(p.g()?, &c::choose(&c::is(&scaled, "gt", p.float(2))?, 1.0, &slope)?))
}

fn logit(p: &Call<'_>) -> Pulled {
    let x = p.x(0)?;
    let slope = c::reciprocal(&c::mul(&x, &c::plus(&c::neg(&x)?, 1.0)?)?)?;
    let g = c::mul(p.g()?, &slope)?;
    let (eps, beyond) = if p.args[1] == Arg::None { (0.0, f64::NAN) } else { (p.float(1), 0.0) };
    let outside = c::run("logical_or", &[&c::is(&x, "lt", eps)?, &c::is(&x, "gt", 1.0 - eps)?])?;
    one(c::choose(&outside, beyond, &g))
}

const GAUSS: f64 = std::f64::consts::FRAC_2_SQRT_PI;

fn gauss(x: &Tensor, by: f64) -> Result<Tensor, Error> {
    c::times(&c::exp(&c::neg(&c::square(x)?)?)?, by)
}

pub(super) const ROWS: &[Row] = &[
    ("add", Nothing, |p| alpha(p, 1.0)),
    ("sub", Nothing, |p| alpha(p, -1.0)),
    ("mul", Inputs, |p| pair(p, || c::mul(p.g()?, &p.x(1)?), || c::mul(p.g()?, &p.x(0)?))),
    ("div", Inputs, div),
    ("remainder", Inputs, |p| remainder(p, "floor")),
    ("fmod", Inputs, |p| remainder(p, "trunc")),
    ("pow", Both, pow),
    ("hypot", Both, |p| {
        let share = |i: usize| c::mul(p.g()?, &c::div(&p.x(i)?, &p.y(0)?)?);
        pair(p, || share(0), || share(1))
    }),
    ("atan2", Inputs, |p| {
        let norm = || c::add(&c::square(&p.x(0)?)?, &c::square(&p.x(1)?)?);
        let share = |i: usize| c::mul(p.g()?, &c::div(&p.x(i)?, &norm()?)?);
        pair(p, || share(1), || c::neg(&share(0)?))
    }),
    ("xlogy", Inputs, |p| {
        let x = || c::mul(p.g()?, &c::log(&p.x(1)?)?);
        let zero = || {
            let hidden =
                c::run("logical_and", &[&c::is(&p.x(0)?, "eq", 0.0)?, &c::is(&p.x(1)?, "le", 0.0)?])?;
            c::choose(&hidden, 0.0, &x()?)
        };
        pair(p, zero, || c::mul(p.g()?, &c::div(&p.x(0)?, &p.x(1)?)?))
    }),
    ("logaddexp", Inputs, |p| log_add(p, 1.0)),
    ("logaddexp2", Inputs, |p| log_add(p, LN_2)),
    ("lerp", Inputs, |p| {
        made_of(p, |p| Ok(vec![c::add(&p.x(0)?, &c::mul(&p.x(2)?, &c::sub(&p.x(1)?, &p.x(0)?)?)?)?]))
    }),
    ("addcmul", Inputs, |p| {
        made_of(p, |p| Ok(vec![c::add(&p.x(0)?, &c::times(&c::mul(&p.x(1)?, &p.x(2)?)?, p.float(3))?)?]))
    }),
    ("addcdiv", Inputs, |p| {
        made_of(p, |p| Ok(vec![c::add(&p.x(0)?, &c::times(&c::div(&p.x(1)?, &p.x(2)?)?, p.float(3))?)?]))
    }),
    ("neg", Nothing, |p| one(c::neg(p.g()?))),
    ("square", Inputs, |p| by_x(p, |x| c::times(x, 2.0))),
    ("frac", Nothing, |p| one(Ok(p.g()?.clone()))),
    ("exp", Results, |p| by_y(p, |y| Ok(y.clone()))),
    ("log", Inputs, |p| one(c::div(p.g()?, &p.x(0)?))),
    ("sqrt", Results, |p| one(c::div(p.g()?, &c::times(&p.y(0)?, 2.0)?))),
    ("rsqrt", Results, |p| by_y(p, |y| c::times(&c::mul(&c::square(y)?, y)?, -0.5))),
    ("reciprocal", Results, |p| by_y(p, |y| c::neg(&c::square(y)?))),
    ("exp2", Results, |p| by_y(p, |y| c::times(y, LN_2))),
    ("expm1", Results, |p| by_y(p, |y| c::plus(y, 1.0))),
    ("log1p", Inputs, |p| one(c::div(p.g()?, &c::plus(&p.x(0)?, 1.0)?))),
    ("log2", Inputs, |p| one(c::div(p.g()?, &c::times(&p.x(0)?, LN_2)?))),
    ("log10", Inputs, |p| one(c::div(p.g()?, &c::times(&p.x(0)?, LN_10)?))),
    ("sin", Inputs, |p| by_x(p, c::cos)),
    ("cos", Inputs, |p| by_x(p, |x| c::neg(&c::sin(x)?))),
    ("tan", Results, |p| by_y(p, |y| c::plus(&c::square(y)?, 1.0))),
    ("asin", Inputs, |p| by_x(p, |x| c::rsqrt(&square_sum(x, 1.0, -1.0)?))),
    ("acos", Inputs, |p| by_x(p, |x| c::neg(&c::rsqrt(&square_sum(x, 1.0, -1.0)?)?))),
    ("atan", Inputs, |p| by_x(p, |x| c::reciprocal(&square_sum(x, 1.0, 1.0)?))),
    ("sinh", Inputs, |p| by_x(p, |x| c::run("cosh", &[x]))),
    ("cosh", Inputs, |p| by_x(p, |x| c::run("sinh", &[x]))),
    ("tanh", Results, |p| by_y(p, |y| c::plus(&c::neg(&c::square(y)?)?, 1.0))),
    ("asinh", Inputs, |p| by_x(p, |x| c::rsqrt(&square_sum(x, 1.0, 1.0)?))),
    ("acosh", Inputs, |p| by_x(p, |x| c::rsqrt(&square_sum(x, -1.0, 1.0)?))),
    ("atanh", Inputs, |p| by_x(p, |x| c::reciprocal(&square_sum(x, 1.0, -1.0)?))),
    ("sinc", Inputs, sinc),
    ("deg2rad", Nothing, |p| one(c::times(p.g()?, PI / 180.0))),
    ("rad2deg", Nothing, |p| one(c::times(p.g()?, 180.0 / PI))),
    ("erf", Inputs, |p| by_x(p, |x| gauss(x, GAUSS))),
    ("erfc", Inputs, |p| by_x(p, |x| gauss(x, -GAUSS))),
    ("ndtr", Inputs, |p| {
        by_x(p, |x| gauss(&c::times(x, std::f64::consts::FRAC_1_SQRT_2)?, GAUSS / 8f64.sqrt()))
    }),
    ("erfinv", Results, |p| by_y(p, |y| c::times(&c::exp(&c::square(y)?)?, 1.0 / GAUSS))),
    ("lgamma", Inputs, |p| by_x(p, |x| c::run("digamma", &[x]))),
    ("logit", Inputs, logit),
    ("sigmoid", Results, |p| by_y(p, |y| c::mul(y, &c::plus(&c::neg(y)?, 1.0)?))),
    ("gelu", Inputs, gelu),
    ("silu", Inputs, |p| made_of(p, |p| Ok(vec![c::mul(&p.x(0)?, &c::sigmoid(&p.x(0)?)?)?]))),
    ("mish", Inputs, |p| {
        made_of(p, |p| Ok(vec![c::mul(&p.x(0)?, &c::tanh(&c::run("softplus", &[&p.x(0)?])?)?)?]))
    }),
    ("softplus", Inputs, softplus),
    ("softsign", Inputs, |p| made_of(p, |p| Ok(vec![c::div(&p.x(0)?, &c::plus(&c::abs(&p.x(0)?)?, 1.0)?)?]))),
    ("logsigmoid", Inputs, |p| by_x(p, |x| c::sigmoid(&c::neg(x)?))),
    ("tanhshrink", Inputs, |p| by_x(p, |x| c::square(&c::tanh(x)?))),
];
