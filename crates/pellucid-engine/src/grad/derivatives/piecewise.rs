//! Functions in pieces. At the joints they do as PyTorch does.

use pellucid_graph::Arg;

use super::Keep::{Inputs, Nothing, Places};
use super::Row;
use super::pointwise::pair;
use crate::grad::calls as c;
use crate::grad::op::{Call, Pulled};
use crate::{Error, Tensor};

/// `g` where `holds`, else nothing.
fn only(p: &Call<'_>, holds: &Tensor) -> Pulled {
    Ok(vec![Some(c::keep(holds, p.g()?)?)])
}

/// `g` where the input stands so to a number.
fn only_where(p: &Call<'_>, how: &str, than: f64) -> Pulled {
    only(p, &c::is(&p.x(0)?, how, than)?)
}

fn within(x: &Tensor, (low, how_low): (f64, &str), (high, how_high): (f64, &str)) -> Result<Tensor, Error> {
    c::run("logical_and", &[&c::is(x, how_low, low)?, &c::is(x, how_high, high)?])
}

/// All but who loses by `how` get the gradient, equal ones half of it each.
fn extremum(p: &Call<'_>, how: &str) -> Pulled {
    let share = |a: usize, b: usize| {
        let (a, b) = (p.x(a)?, p.x(b)?);
        let half = c::times(p.g()?, 0.5)?;
        let equal = c::run("eq", &[&a, &b])?;
        c::choose(&c::run(how, &[&a, &b])?, 0.0, &c::run("where", &[&equal, &half, p.g()?])?)
    };
    pair(p, || share(0, 1), || share(1, 0))
}

/// The one that is taken gets all; of equal ones the first, and a number rather than NaN.
fn chosen(p: &Call<'_>, how: &str) -> Pulled {
    let first = || {
        let (a, b) = (p.x(0)?, p.x(1)?);
        c::run("logical_or", &[&c::run(how, &[&a, &b])?, &c::is_nan(&b)?])
    };
    let second = || c::run("logical_not", &[&first()?]);
    pair(p, || c::keep(&first()?, p.g()?), || c::keep(&second()?, p.g()?))
}

fn clamp(p: &Call<'_>) -> Pulled {
    let x = p.x(0)?;
    let given = |i: usize| (p.args[i] != Arg::None).then(|| p.x(i)).transpose();
    let (low, high) = (given(1)?, given(2)?);
    let not = |x: &Tensor| c::run("logical_not", &[x]);
    let below = low.as_ref().map(|low| not(&c::run("ge", &[&x, low])?)).transpose()?;
    let above = high.as_ref().map(|high| not(&c::run("le", &[&x, high])?)).transpose()?;
    let none = c::is(&x, "lt", f64::NEG_INFINITY)?;
    let below = below.unwrap_or_else(|| none.clone());
    let above = above.unwrap_or(none);
    let outside = c::run("logical_or", &[&below, &above])?;
    let mut pulled = vec![Some(c::choose(&outside, 0.0, p.g()?)?)];
    if matches!(p.args[1], Arg::Value(_)) {
        let below = match &high {
            Some(high) => c::run("logical_and", &[&below, &c::run("le", &[&p.x(1)?, high])?])?,
            None => below,
        };
        pulled.push(Some(c::keep(&below, p.g()?)?));
    }
    if matches!(p.args[2], Arg::Value(_)) {
        let crossed = low.map(|low| c::run("gt", &[&low, &p.x(2)?])).transpose()?;
        let above = match crossed {
            Some(crossed) => c::run("logical_or", &[&above, &crossed])?,
            None => above,
        };
        pulled.push(Some(c::keep(&above, p.g()?)?));
    }
    Ok(pulled)
}

/// `below` where the input is at most 0, else `above`; both slopes.
fn bent(p: &Call<'_>, above: f64, below: impl Fn(&Tensor) -> Result<Tensor, Error>) -> Pulled {
    let x = p.x(0)?;
    let above = c::times(&c::ones_like(&x)?, above)?;
    let slope = c::run("where", &[&c::is(&x, "le", 0.0)?, &below(&x)?, &above])?;
    Ok(vec![Some(c::mul(p.g()?, &slope)?)])
}

fn exponential(p: &Call<'_>, above: f64, factor: f64, over: f64) -> Pulled {
    bent(p, above, |x| c::times(&c::exp(&c::times(&c::clamped(x, 0.0)?, 1.0 / over)?)?, factor))
}

fn prelu(p: &Call<'_>) -> Pulled {
    let (x, weight) = (p.x(0)?, p.x(1)?);
    let mut shape = vec![1; x.shape().len()];
    if let (Some(channels), true) = (shape.get_mut(1), weight.numel() > 1) {
        *channels = weight.numel();
    }
    let positive = c::is(&x, "gt", 0.0)?;
    let slope = c::run("where", &[&positive, &c::ones_like(&x)?, &c::reshape(&weight, &shape)?])?;
    let by_weight = c::choose(&positive, 0.0, &c::mul(p.g()?, &x)?)?;
    let axes: Vec<i64> = (0..shape.len()).filter(|a| shape[*a] == 1).map(|a| a as i64).collect();
    let sum = c::sum(&by_weight, &axes)?;
    Ok(vec![Some(c::mul(p.g()?, &slope)?), Some(c::reshape(&sum, weight.shape())?)])
}

fn copysign(p: &Call<'_>) -> Pulled {
    let first = || {
        let x = p.x(0)?;
        let same = c::mul(&c::sign(&x)?, &c::sign(&c::run("copysign", &[&c::ones_like(&x)?, &p.x(1)?])?)?)?;
        c::mul(p.g()?, &same)
    };
    pair(p, first, || c::zeros_like(p.g()?))
}

const SELU: (f64, f64) = (1.050_700_987_355_480_5, 1.673_263_242_354_377_2);

pub(super) const ROWS: &[Row] = &[
    ("abs", Inputs, |p| Ok(vec![Some(c::mul(p.g()?, &c::sign(&p.x(0)?)?)?)])),
    ("maximum", Inputs, |p| extremum(p, "lt")),
    ("minimum", Inputs, |p| extremum(p, "gt")),
    ("fmax", Inputs, |p| chosen(p, "ge")),
    ("fmin", Inputs, |p| chosen(p, "le")),
    ("copysign", Inputs, copysign),
    ("clamp", Inputs, clamp),
    ("nan_to_num", Inputs, |p| only(p, &c::run("isfinite", &[&p.x(0)?])?)),
    ("relu", Inputs, |p| Ok(vec![Some(c::choose(&c::is(&p.x(0)?, "le", 0.0)?, 0.0, p.g()?)?)])),
    ("relu6", Inputs, |p| only(p, &within(&p.x(0)?, (0.0, "gt"), (6.0, "lt"))?)),
    ("hardtanh", Inputs, |p| only(p, &within(&p.x(0)?, (p.float(1), "gt"), (p.float(2), "lt"))?)),
    ("hardsigmoid", Inputs, |p| {
        let g = c::times(p.g()?, 1.0 / 6.0)?;
        Ok(vec![Some(c::keep(&within(&p.x(0)?, (-3.0, "gt"), (3.0, "lt"))?, &g)?)])
    }),
    ("hardswish", Inputs, |p| {
        let x = p.x(0)?;
        let inside = c::plus(&c::times(&x, 1.0 / 3.0)?, 0.5)?;
        let inside = c::choose(&c::is(&x, "le", -3.0)?, 0.0, &inside)?;
        let slope = c::run("where", &[&c::is(&x, "lt", 3.0)?, &inside, &c::ones_like(&x)?])?;
        Ok(vec![Some(c::mul(p.g()?, &slope)?)])
    }),
    ("hardshrink", Inputs, |p| {
        let x = p.x(0)?;
        let outside = c::run("logical_or", &[&c::is(&x, "lt", -p.float(1))?, &c::is(&x, "gt", p.float(1))?])?;
        only(p, &outside)
    }),
    ("softshrink", Inputs, |p| {
        let x = p.x(0)?;
        let outside = c::run("logical_or", &[&c::is(&x, "lt", -p.float(1))?, &c::is(&x, "gt", p.float(1))?])?;
        only(p, &outside)
    }),
    ("threshold", Inputs, |p| only_where(p, "gt", p.float(1))),
    ("leaky_relu", Inputs, |p| {
        let x = p.x(0)?;
        let slope = c::times(&c::ones_like(&x)?, p.float(1))?;
        Ok(vec![Some(c::mul(p.g()?, &c::choose(&c::is(&x, "gt", 0.0)?, 1.0, &slope)?)?)])
    }),
    ("prelu", Inputs, prelu),
    ("elu", Inputs, |p| exponential(p, 1.0, p.float(1), 1.0)),
    ("celu", Inputs, |p| exponential(p, 1.0, 1.0, p.float(1))),
    ("selu", Inputs, |p| exponential(p, SELU.0, SELU.0 * SELU.1, 1.0)),
    ("where", Places, |p| {
        let holds = &p.inputs[0];
        let mut pulled = vec![None];
        if matches!(p.args[1], Arg::Value(_)) {
            pulled.push(Some(c::keep(holds, p.g()?)?));
        }
        if matches!(p.args[2], Arg::Value(_)) {
            pulled.push(Some(c::choose(holds, 0.0, p.g()?)?));
        }
        Ok(pulled)
    }),
    ("masked_fill", Places, |p| {
        let mask = &p.inputs[1];
        let mut pulled = vec![Some(c::choose(mask, 0.0, p.g()?)?), None];
        if matches!(p.args[2], Arg::Value(_)) {
            pulled.push(Some(c::keep(mask, p.g()?)?));
        }
        Ok(pulled)
    }),
    ("to", Nothing, |p| Ok(vec![Some(p.g()?.clone())])),
    ("clone", Nothing, |p| Ok(vec![Some(p.g()?.clone())])),
    ("copy_into", Nothing, |p| p.each(|i| (i == 1).then(|| p.g().cloned()).transpose())),
];
