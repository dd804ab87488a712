//! Layers of a network as operations.

use pellucid_graph::{Arg, DType};

use super::Keep::Inputs;
use super::{Row, made_of};
use crate::Error;
use crate::Tensor;
use crate::grad::calls as c;
use crate::grad::op::Call;

/// `(x - mean) / sqrt(var + eps)` over the last `n` numbers of each row of `x [.., n]`.
fn normalized(x: &Tensor, eps: f64, centred: bool) -> Result<Tensor, Error> {
    let mean = |x: &Tensor| c::kept_mean(x, -1);
    let x = if centred { c::sub(x, &mean(x)?)? } else { x.clone() };
    c::mul(&x, &c::rsqrt(&c::plus(&mean(&c::square(&x)?)?, eps)?)?)
}

/// Rows of as many numbers as are normalized together.
fn rows(x: &Tensor, n: usize) -> Result<Tensor, Error> {
    c::reshape(x, &[x.numel().checked_div(n).unwrap_or(0), n])
}

fn layer_norm(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let x = p.x(0)?;
    let n = p.ints(1).iter().product::<i64>() as usize;
    let mut y = c::reshape(&normalized(&rows(&x, n)?, p.float(4), true)?, x.shape())?;
    if p.args[2] != Arg::None {
        y = c::mul(&y, &p.x(2)?)?;
    }
    if p.args[3] != Arg::None {
        y = c::add(&y, &p.x(3)?)?;
    }
    Ok(vec![y])
}

fn rms_norm(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let x = p.x(0)?;
    let n = p.ints(1).iter().product::<i64>() as usize;
    let y = c::reshape(&normalized(&rows(&x, n)?, p.float(3), false)?, x.shape())?;
    Ok(vec![if p.args[2] == Arg::None { y } else { c::mul(&y, &p.x(2)?)? }])
}

fn group_norm(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let x = p.x(0)?;
    let groups = x.shape()[0] * p.int(1) as usize;
    let n = x.numel().checked_div(groups).unwrap_or(0);
    let mut y = c::reshape(&normalized(&rows(&x, n)?, p.float(4), true)?, x.shape())?;
    let mut channels = vec![1; x.shape().len()];
    channels[1] = x.shape()[1];
    if p.args[2] != Arg::None {
        y = c::mul(&y, &c::reshape(&p.x(2)?, &channels)?)?;
    }
    if p.args[3] != Arg::None {
        y = c::add(&y, &c::reshape(&p.x(3)?, &channels)?)?;
    }
    Ok(vec![y])
}

/// The `ord` norm along some axes, kept.
fn kept_norm(x: &Tensor, ord: Arg, dim: Arg) -> Result<Tensor, Error> {
    c::run_with("norm", &[x], vec![("p", ord), ("dim", dim), ("keepdim", Arg::Bool(true))])
}

fn normalize(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let x = p.x(0)?;
    let norm = kept_norm(&x, p.args[1].clone(), p.args[2].clone())?;
    Ok(vec![c::div(&x, &c::run_with("clamp", &[&norm], vec![("min", Arg::Float(p.float(3)))])?)?])
}

fn cosine(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let (x, y) = (p.x(0)?, p.x(1)?);
    let shape = c::add(&x.detached(), &y.detached())?.shape().to_vec();
    let (x, y) = (c::expand(&x, &shape)?, c::expand(&y, &shape)?);
    let unit = |x: &Tensor| {
        let norm = kept_norm(x, Arg::Float(2.0), Arg::Ints(vec![p.int(2)]))?;
        c::div(x, &c::run_with("clamp", &[&norm], vec![("min", Arg::Float(p.float(3)))])?)
    };
    Ok(vec![c::sum(&c::mul(&unit(&x)?, &unit(&y)?)?, &[p.int(2)])?])
}

fn glu(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let x = p.x(0)?;
    let dim = p.int(1).rem_euclid(x.shape().len().max(1) as i64);
    let n = x.shape()[dim as usize] / 2;
    Ok(vec![c::mul(&c::narrow(&x, dim, 0, n)?, &c::sigmoid(&c::narrow(&x, dim, n as i64, n)?)?)?])
}

/// `softmax(q k^T scale + mask) v`.
fn attention(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let (mut k, mut v) = (p.x(1)?, p.x(2)?);
    let q = p.x(0)?;
    let rank = q.shape().len();
    let (s, width) = (q.shape()[rank - 2], q.shape()[rank - 1]);
    let keys = k.shape()[k.shape().len() - 2];
    if rank > 2 && p.args.get(7) == Some(&Arg::Bool(true)) {
        let heads = (q.shape()[rank - 3] / k.shape()[rank - 3].max(1)) as i64;
        let repeated = |x: &Tensor| {
            let named = vec![("repeats", Arg::Int(heads)), ("dim", Arg::Int(rank as i64 - 3))];
            c::run_with("repeat_interleave", &[x], named)
        };
        (k, v) = (repeated(&k)?, repeated(&v)?);
    }
    let scale = if p.args[6] == Arg::None { (width as f64).powf(-0.5) } else { p.float(6) };
    let mut scores = c::times(&c::matmul(&q, &c::turned(&k)?)?, scale)?;
    if let Arg::Value(mask) = p.args[3] {
        let mask = &p.inputs[mask.index()];
        scores = match mask.dtype() {
            DType::Bool => c::choose(&c::run("logical_not", &[mask])?, f64::NEG_INFINITY, &scores)?,
            _ => c::add(&scores, mask)?,
        };
    }
    if p.args[5] == Arg::Bool(true) {
        let seen = (0..s).flat_map(|i| (0..keys).map(move |j| u8::from(j > i))).collect();
        scores = c::choose(&Tensor::bools(seen, [s, keys]), f64::NEG_INFINITY, &scores)?;
    }
    Ok(vec![c::matmul(&c::along("softmax", &scores, -1)?, &v)?])
}

fn cdist(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let (x, y) = (p.x(0)?, p.x(1)?);
    let between = |x: &Tensor, at: usize| {
        let mut shape = x.shape().to_vec();
        shape.insert(shape.len() - at, 1);
        c::reshape(x, &shape)
    };
    let apart = c::sub(&between(&x, 1)?, &between(&y, 2)?)?;
    Ok(vec![c::run_with(
        "norm",
        &[&apart],
        vec![("p", Arg::Float(p.float(2))), ("dim", Arg::Ints(vec![-1]))],
    )?])
}

fn pairwise(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let apart = c::plus(&c::sub(&p.x(0)?, &p.x(1)?)?, p.float(3))?;
    let named =
        vec![("p", Arg::Float(p.float(2))), ("dim", Arg::Ints(vec![-1])), ("keepdim", p.args[4].clone())];
    Ok(vec![c::run_with("norm", &[&apart], named)?])
}

fn covariance(x: &Tensor, correction: f64) -> Result<Tensor, Error> {
    let rows = if x.shape().len() < 2 { c::reshape(x, &[1, x.numel()])? } else { x.clone() };
    let centred = c::sub(&rows, &c::kept_mean(&rows, -1)?)?;
    let n = rows.shape()[1] as f64;
    c::times(&c::matmul(&centred, &c::turned(&centred)?)?, 1.0 / (n - correction).max(0.0))
}

fn corrcoef(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let x = p.x(0)?;
    let rows = if x.shape().len() < 2 { c::reshape(&x, &[1, x.numel()])? } else { x };
    let centred = c::sub(&rows, &c::kept_mean(&rows, -1)?)?;
    let unit = c::div(&centred, &kept_norm(&centred, Arg::Float(2.0), Arg::Ints(vec![-1]))?)?;
    Ok(vec![c::reshape(&c::matmul(&unit, &c::turned(&unit)?)?, p.results[0].shape())?])
}

pub(super) const ROWS: &[Row] = &[
    ("layer_norm", Inputs, |p| made_of(p, layer_norm)),
    ("rms_norm", Inputs, |p| made_of(p, rms_norm)),
    ("group_norm", Inputs, |p| made_of(p, group_norm)),
    ("normalize", Inputs, |p| made_of(p, normalize)),
    ("cosine_similarity", Inputs, |p| made_of(p, cosine)),
    ("glu", Inputs, |p| made_of(p, glu)),
    ("scaled_dot_product_attention", Inputs, |p| made_of(p, attention)),
    ("cdist", Inputs, |p| made_of(p, cdist)),
    ("pairwise_distance", Inputs, |p| made_of(p, pairwise)),
    ("cov", Inputs, |p| {
        made_of(p, |p| Ok(vec![c::reshape(&covariance(&p.x(0)?, p.float(1))?, p.results[0].shape())?]))
    }),
    ("corrcoef", Inputs, |p| made_of(p, corrcoef)),
];
