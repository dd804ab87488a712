//! Sums along axes, and what is made of them.

use pellucid_graph::Arg;

use super::Keep::{Both, Inputs, Nothing, Results};
use super::{Row, made_of};
use crate::grad::calls as c;
use crate::grad::op::{Call, Pulled};
use crate::{Error, Tensor};

/// The axes that a reduction took, counted from the front, and whether it kept them.
struct Axes {
    axes: Vec<i64>,
    lengths: Vec<usize>,
}

impl Axes {
    fn of(p: &Call<'_>, dim: usize) -> Axes {
        let shape = p.inputs[0].shape();
        let rank = shape.len().max(1) as i64;
        let axes: Vec<i64> = match &p.args[dim] {
            Arg::Int(d) => vec![d.rem_euclid(rank)],
            Arg::Ints(ds) if !ds.is_empty() => ds.iter().map(|d| d.rem_euclid(rank)).collect(),
            _ => (0..shape.len() as i64).collect(),
        };
        let lengths = shape.iter().enumerate();
        let lengths = lengths.map(|(i, n)| if axes.contains(&(i as i64)) { 1 } else { *n }).collect();
        Axes { axes, lengths }
    }

    /// How many elements each sum has.
    fn count(&self, p: &Call<'_>) -> f64 {
        let n = |a: &i64| p.inputs[0].shape().get(*a as usize).copied().unwrap_or(1);
        self.axes.iter().map(n).product::<usize>() as f64
    }

    /// A result or its gradient beside the input.
    fn beside(&self, x: &Tensor) -> Result<Tensor, Error> {
        c::reshape(x, &self.lengths)
    }
}

/// `g` beside the input, times a number, for every element.
fn spread(p: &Call<'_>, by: impl Fn(&Axes) -> f64) -> Pulled {
    let axes = Axes::of(p, 1);
    let g = c::times(&axes.beside(p.g()?)?, by(&axes))?;
    Ok(vec![Some(c::expand(&g, p.inputs[0].shape())?)])
}

fn prod(p: &Call<'_>) -> Pulled {
    // A product without one of its factors: what comes before it times what comes after it.
    let x = p.x(0)?;
    let (flat, dim) = match p.args[1] {
        Arg::Int(dim) => (x.clone(), dim.rem_euclid(x.shape().len().max(1) as i64)),
        _ => (c::reshape(&x, &[x.numel()])?, 0),
    };
    let Some(&n) = flat.shape().get(dim as usize).filter(|n| **n > 0) else {
        return Ok(vec![Some(if x.numel() == 0 {
            c::zeros_like(&x)?
        } else {
            c::expand(p.g()?, x.shape())?
        })]);
    };
    let mut one = flat.shape().to_vec();
    one[dim as usize] = 1;
    let ones = c::plus(&c::zeros(&x, &one)?, 1.0)?;
    let before = |x: &Tensor| {
        let shifted = c::joined(&[&ones, &c::narrow(x, dim, 0, n - 1)?], dim)?;
        c::along("cumprod", &shifted, dim)
    };
    let after = c::flip(&before(&c::flip(&flat, dim)?)?, dim)?;
    let g = c::mul(&c::reshape(p.g()?, &one)?, &c::mul(&before(&flat)?, &after)?)?;
    Ok(vec![Some(c::reshape(&g, x.shape())?)])
}

/// The variance of the input, beside it, and the mean.
fn variance(p: &Call<'_>) -> Result<(Tensor, Tensor), Error> {
    let axes = Axes::of(p, 1);
    let (x, n) = (p.x(0)?, axes.count(p));
    let mean = c::times(&c::sum(&x, &axes.axes)?, 1.0 / n)?;
    let centred = c::sub(&x, &axes.beside(&mean)?)?;
    let by = 1.0 / (n - p.float(2)).max(0.0);
    let variance = c::times(&c::sum(&c::square(&centred)?, &axes.axes)?, by)?;
    Ok((variance, mean))
}

/// Results without the axes that were summed over, in the shapes that the operation gave.
fn shaped(p: &Call<'_>, made: Vec<Tensor>) -> Result<Vec<Tensor>, Error> {
    made.iter().zip(&p.results).map(|(y, like)| c::reshape(y, like.shape())).collect()
}

/// A norm's gradient: `g (|x| / y)^(p - 1) sign x`; nothing where the norm is 0.
fn norm(p: &Call<'_>, dim: usize) -> Pulled {
    let axes = Axes::of(p, dim);
    let (x, ord) = (p.x(0)?, p.float(1));
    let (y, g) = (axes.beside(&p.y(0)?)?, axes.beside(p.g()?)?);
    if ord == 0.0 {
        return Ok(vec![Some(c::zeros_like(&x)?)]);
    }
    if ord.is_infinite() {
        let size = c::abs(&x)?;
        let hit = c::keep(&c::run("eq", &[&size, &y])?, &c::ones_like(&x)?)?;
        let share = c::div(&hit, &axes.beside(&c::sum(&hit, &axes.axes)?)?)?;
        return Ok(vec![Some(c::mul(&c::mul(&g, &share)?, &c::sign(&x)?)?)]);
    }
    if ord == 1.0 {
        return Ok(vec![Some(c::mul(&g, &c::sign(&x)?)?)]);
    }
    let slope = match ord == 2.0 {
        true => c::div(&x, &y)?,
        false => {
            let size = c::pow(&c::div(&c::abs(&x)?, &y)?, &c::number(&x, ord - 1.0)?)?;
            c::mul(&size, &c::sign(&x)?)?
        }
    };
    Ok(vec![Some(c::mul(&g, &c::choose(&c::is(&y, "eq", 0.0)?, 0.0, &slope)?)?)])
}

/// Equal extremes share the gradient.
fn extremes(p: &Call<'_>, result: usize, dim: usize) -> Result<Option<Tensor>, Error> {
    let Some(g) = p.grads[result].clone() else { return Ok(None) };
    let axes = Axes::of(p, dim);
    let x = p.x(0)?;
    let hit = c::run("eq", &[&x, &axes.beside(&p.y(result)?)?])?;
    let hit = c::keep(&hit, &c::ones_like(&x)?)?;
    let share = c::div(&hit, &axes.beside(&c::sum(&hit, &axes.axes)?)?)?;
    Ok(Some(c::mul(&axes.beside(&g)?, &share)?))
}

fn softmax(p: &Call<'_>, sign: f64) -> Pulled {
    let (y, g) = (p.y(0)?, p.g()?);
    let product = c::mul(&y, g)?;
    let sum = c::kept_sum(&product, p.int(1))?;
    Ok(vec![Some(c::times(&c::sub(&product, &c::mul(&y, &sum)?)?, sign)?)])
}

fn log_softmax(p: &Call<'_>) -> Pulled {
    let sum = c::kept_sum(p.g()?, p.int(1))?;
    Ok(vec![Some(c::sub(p.g()?, &c::mul(&c::exp(&p.y(0)?)?, &sum)?)?)])
}

/// The sum of what comes after, itself included.
fn from_here(x: &Tensor, dim: i64) -> Result<Tensor, Error> {
    c::flip(&c::along("cumsum", &c::flip(x, dim)?, dim)?, dim)
}

fn cumprod(p: &Call<'_>) -> Pulled {
    let x = p.x(0)?;
    let rank = x.shape().len() as i64;
    if rank == 0 {
        return Ok(vec![Some(p.g()?.clone())]);
    }
    let dim = p.int(1).rem_euclid(rank);
    // y_j without x_i, for i <= j: products from each place on, one place at a time.
    let n = x.shape()[dim as usize];
    let mut pulled: Vec<Tensor> = Vec::new();
    for i in 0..n {
        let before = c::narrow(&x, dim, 0, i)?;
        let first =
            c::run_with("prod", &[&before], vec![("dim", Arg::Int(dim)), ("keepdim", Arg::Bool(true))])?;
        let ones = c::ones_like(&first)?;
        let after = c::joined(&[&ones, &c::narrow(&x, dim, i as i64 + 1, n - i - 1)?], dim)?;
        let without = c::mul(&c::along("cumprod", &after, dim)?, &first)?;
        let g = c::narrow(p.g()?, dim, i as i64, n - i)?;
        pulled.push(c::kept_sum(&c::mul(&without, &g)?, dim)?);
    }
    let parts: Vec<&Tensor> = pulled.iter().collect();
    Ok(vec![Some(if parts.is_empty() { c::zeros_like(&x)? } else { c::joined(&parts, dim)? })])
}

fn nan_mean(p: &Call<'_>) -> Pulled {
    let axes = Axes::of(p, 1);
    let x = p.x(0)?;
    let there = c::run("logical_not", &[&c::is_nan(&x)?])?;
    let n = c::sum(&c::keep(&there, &c::ones_like(&x)?)?, &axes.axes)?;
    let g = c::expand(&c::div(&axes.beside(p.g()?)?, &axes.beside(&n)?)?, x.shape())?;
    Ok(vec![Some(c::mul(&g, &c::keep(&there, &c::ones_like(&x)?)?)?)])
}

pub(super) const ROWS: &[Row] = &[
    ("sum", Nothing, |p| spread(p, |_| 1.0)),
    ("mean", Nothing, |p| spread(p, |axes| 1.0 / axes.count(p))),
    ("nansum", Inputs, |p| {
        let g = c::expand(&Axes::of(p, 1).beside(p.g()?)?, p.inputs[0].shape())?;
        Ok(vec![Some(c::choose(&c::is_nan(&p.x(0)?)?, 0.0, &g)?)])
    }),
    ("nanmean", Inputs, nan_mean),
    ("prod", Inputs, prod),
    ("var", Inputs, |p| made_of(p, |p| shaped(p, vec![variance(p)?.0]))),
    ("std", Inputs, |p| made_of(p, |p| shaped(p, vec![c::sqrt(&variance(p)?.0)?]))),
    ("var_mean", Inputs, |p| {
        made_of(p, |p| variance(p).and_then(|(variance, mean)| shaped(p, vec![variance, mean])))
    }),
    ("std_mean", Inputs, |p| {
        made_of(p, |p| variance(p).and_then(|(variance, mean)| shaped(p, vec![c::sqrt(&variance)?, mean])))
    }),
    ("norm", Both, |p| norm(p, 2)),
    ("linalg_vector_norm", Both, |p| norm(p, 2)),
    ("logsumexp", Both, |p| {
        let axes = Axes::of(p, 1);
        let share = c::exp(&c::sub(&p.x(0)?, &axes.beside(&p.y(0)?)?)?)?;
        Ok(vec![Some(c::mul(&axes.beside(p.g()?)?, &share)?)])
    }),
    ("amax", Both, |p| Ok(vec![extremes(p, 0, 1)?])),
    ("amin", Both, |p| Ok(vec![extremes(p, 0, 1)?])),
    ("aminmax", Both, |p| {
        Ok(vec![match (extremes(p, 0, 1)?, extremes(p, 1, 1)?) {
            (Some(a), Some(b)) => Some(c::add(&a, &b)?),
            (a, b) => a.or(b),
        }])
    }),
    ("softmax", Results, |p| softmax(p, 1.0)),
    ("softmin", Results, |p| softmax(p, -1.0)),
    ("log_softmax", Results, log_softmax),
    ("cumsum", Nothing, |p| Ok(vec![Some(from_here(p.g()?, p.int(1))?)])),
    ("cumprod", Inputs, cumprod),
    ("logcumsumexp", Both, |p| {
        let (x, y) = (p.x(0)?, p.y(0)?);
        let share = from_here(&c::mul(p.g()?, &c::exp(&c::neg(&y)?)?)?, p.int(1))?;
        Ok(vec![Some(c::mul(&c::exp(&x)?, &share)?)])
    }),
];
