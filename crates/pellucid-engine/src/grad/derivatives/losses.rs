//! Losses, as what they are made of.

use pellucid_graph::{Arg, DType};

use super::Keep::Inputs;
use super::{Row, made_of};
use crate::grad::calls as c;
use crate::grad::op::{Call, Pulled};
use crate::{Error, Tensor};

/// The mean, the sum, or all of them, as the word at a parameter says.
fn reduced(p: &Call<'_>, parameter: usize, losses: &Tensor) -> Result<Vec<Tensor>, Error> {
    let word = match &p.args[parameter] {
        Arg::Word(word) => word.as_ref(),
        _ => "mean",
    };
    let n = losses.numel() as f64;
    Ok(vec![match word {
        "none" => losses.clone(),
        "sum" => c::total(losses)?,
        "batchmean" => {
            c::times(&c::total(losses)?, 1.0 / losses.shape().first().copied().unwrap_or(1) as f64)?
        }
        _ => c::times(&c::total(losses)?, 1.0 / n)?,
    }])
}

fn apart(p: &Call<'_>) -> Result<Tensor, Error> {
    c::sub(&p.x(0)?, &p.x(1)?)
}

/// A parabola up to `delta`, a line from there on; `line` is its slope.
fn bowl(p: &Call<'_>, delta: f64, parabola: f64, line: f64) -> Result<Vec<Tensor>, Error> {
    let apart = apart(p)?;
    let size = c::abs(&apart)?;
    // Bounded, so that far ones make no infinities of their own.
    let near = c::times(&c::square(&c::clamped(&size, delta)?)?, parabola)?;
    let far = c::times(&c::plus(&size, -0.5 * delta)?, line)?;
    reduced(p, 2, &c::run("where", &[&c::is(&size, "lt", delta)?, &near, &far])?)
}

fn kl_div(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let (x, target) = (p.x(0)?, p.x(1)?);
    let losses = match p.args[3] == Arg::Bool(true) {
        true => c::mul(&c::exp(&target)?, &c::sub(&target, &x)?)?,
        false => c::sub(&c::run("xlogy", &[&target, &target])?, &c::mul(&target, &x)?)?,
    };
    reduced(p, 2, &losses)
}

fn weighted(p: &Call<'_>, losses: Tensor) -> Result<Tensor, Error> {
    if p.args[2] == Arg::None { Ok(losses) } else { c::mul(&losses, &p.x(2)?) }
}

/// As PyTorch, logarithms are no less than -100 and what divides no less than 1e-12.
fn cross_of_probabilities(p: &Call<'_>) -> Pulled {
    let (x, target) = (p.x(0)?, p.x(1)?);
    let least = |x: &Tensor, least: f64| c::run_with("clamp", &[x], vec![("min", Arg::Float(least))]);
    let by = match &p.args[3] {
        Arg::Word(word) if word != "mean" => 1.0,
        _ => 1.0 / x.numel() as f64,
    };
    let g = c::expand(&weighted(p, c::mul(&c::ones_like(&x)?, p.g()?)?)?, x.shape())?;
    let g = c::times(&g, by)?;
    let other = c::plus(&c::neg(&x)?, 1.0)?;
    let log = |x: &Tensor| least(&c::log(x)?, -100.0);
    let by_x = c::div(&c::sub(&x, &target)?, &least(&c::mul(&x, &other)?, 1e-12)?)?;
    let by_target = c::sub(&log(&other)?, &log(&x)?)?;
    let mut pulled = vec![Some(c::mul(&g, &by_x)?), Some(c::mul(&g, &by_target)?)];
    if p.args[2] != Arg::None {
        let hit = c::mul(&target, &log(&x)?)?;
        let miss = c::mul(&c::plus(&c::neg(&target)?, 1.0)?, &log(&other)?)?;
        let plain = c::times(&c::mul(&c::ones_like(&x)?, p.g()?)?, by)?;
        pulled.push(Some(c::neg(&c::mul(&plain, &c::add(&hit, &miss)?)?)?));
    }
    Ok(pulled)
}

fn cross_of_logits(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let (x, target) = (p.x(0)?, p.x(1)?);
    let log = |x: &Tensor| c::run("logsigmoid", &[x]);
    let mut hit = c::mul(&target, &log(&x)?)?;
    if p.args[4] != Arg::None {
        hit = c::mul(&hit, &p.x(4)?)?;
    }
    let miss = c::mul(&c::plus(&c::neg(&target)?, 1.0)?, &log(&c::neg(&x)?)?)?;
    reduced(p, 3, &weighted(p, c::neg(&c::add(&hit, &miss)?)?)?)
}

/// Log-probabilities with classes last, and the target of each row.
fn classes_last(x: &Tensor) -> Result<Tensor, Error> {
    let rank = x.shape().len();
    let axis = usize::from(rank > 1);
    let order: Vec<i64> = (0..rank).filter(|a| *a != axis).chain([axis]).map(|a| a as i64).collect();
    let x = c::permute(x, &order)?;
    let n = x.shape().last().copied().unwrap_or(1);
    c::reshape(&x, &[x.numel().checked_div(n).unwrap_or(0), n])
}

/// For each row, minus the weighted log-probability of its class; `smoothing` of it is every class's.
fn of_classes(p: &Call<'_>, log: &Tensor, smoothing: f64) -> Result<Vec<Tensor>, Error> {
    let rows = classes_last(log)?;
    let n = rows.shape()[1];
    let targets = c::flat(&p.inputs[1].detached())?;
    let ignored = p.int(3);
    let counts: Vec<f32> =
        targets.slice::<i64>().iter().map(|t| if *t == ignored { 0.0 } else { 1.0 }).collect();
    let known: Vec<i64> = targets.slice::<i64>().iter().map(|t| if *t == ignored { 0 } else { *t }).collect();
    let m = known.len();
    let counts = Tensor::new(counts, [m]);
    let index = Tensor::new(known, [m]);
    let weight = match p.args[2] {
        Arg::None => c::plus(&c::zeros(&rows, &[n])?, 1.0)?,
        _ => p.x(2)?,
    };
    let each = c::mul(&c::index_select(&weight, 0, &index)?, &counts)?;
    let hit = c::reshape(&c::gather(&rows, 1, &index.clone().reshaped([m, 1]))?, &[m])?;
    let mut losses = c::neg(&c::mul(&hit, &each)?)?;
    if smoothing > 0.0 {
        let spread = c::neg(&c::mul(&c::sum(&c::mul(&rows, &weight)?, &[1])?, &counts)?)?;
        losses = c::add(&c::times(&losses, 1.0 - smoothing)?, &c::times(&spread, smoothing / n as f64)?)?;
    }
    let word = match &p.args[4] {
        Arg::Word(word) => word.as_ref(),
        _ => "mean",
    };
    Ok(vec![match word {
        "none" => c::reshape(&losses, p.results[0].shape())?,
        "sum" => c::total(&losses)?,
        _ => c::div(&c::total(&losses)?, &c::total(&each)?)?,
    }])
}

/// Targets that are probabilities of the classes.
fn of_probabilities(p: &Call<'_>, log: &Tensor, smoothing: f64) -> Result<Vec<Tensor>, Error> {
    let (rows, mut targets) = (classes_last(log)?, classes_last(&p.x(1)?)?);
    if smoothing > 0.0 {
        let n = rows.shape()[1] as f64;
        targets = c::plus(&c::times(&targets, 1.0 - smoothing)?, smoothing / n)?;
    }
    if p.args[2] != Arg::None {
        targets = c::mul(&targets, &p.x(2)?)?;
    }
    let losses = c::neg(&c::sum(&c::mul(&rows, &targets)?, &[1])?)?;
    let word = match &p.args[4] {
        Arg::Word(word) => word.as_ref(),
        _ => "mean",
    };
    Ok(vec![match word {
        "none" => c::reshape(&losses, p.results[0].shape())?,
        "sum" => c::total(&losses)?,
        _ => c::times(&c::total(&losses)?, 1.0 / rows.shape()[0] as f64)?,
    }])
}

fn cross_entropy(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let x = p.x(0)?;
    let axis = i64::from(x.shape().len() > 1);
    let log = c::along("log_softmax", &x, axis)?;
    match p.inputs[1].dtype() {
        DType::I64 => of_classes(p, &log, p.float(5)),
        _ => of_probabilities(p, &log, p.float(5)),
    }
}

pub(super) const ROWS: &[Row] = &[
    ("mse_loss", Inputs, |p| made_of(p, |p| reduced(p, 2, &c::square(&apart(p)?)?))),
    ("l1_loss", Inputs, |p| made_of(p, |p| reduced(p, 2, &c::abs(&apart(p)?)?))),
    ("smooth_l1_loss", Inputs, |p| {
        made_of(p, |p| bowl(p, p.float(3), if p.float(3) > 0.0 { 0.5 / p.float(3) } else { 0.0 }, 1.0))
    }),
    ("huber_loss", Inputs, |p| made_of(p, |p| bowl(p, p.float(3), 0.5, p.float(3)))),
    ("kl_div", Inputs, |p| made_of(p, kl_div)),
    ("binary_cross_entropy", Inputs, cross_of_probabilities),
    ("binary_cross_entropy_with_logits", Inputs, |p| made_of(p, cross_of_logits)),
    ("nll_loss", Inputs, |p| made_of(p, |p| of_classes(p, &p.x(0)?, 0.0))),
    ("cross_entropy", Inputs, |p| made_of(p, cross_entropy)),
];
