//! Operations that only move elements: the operation itself says where each came from.
//!
//! Run on the numbers of its input's elements instead of the elements, it gives for each element of the result the
//! number of the one that it is. The gradient of that one is the sum of those of all its places.

use pellucid_graph::{Arg, DType};

use super::Keep::{Inputs, Nothing, Places, Results};
use super::{Row, made_of};
use crate::grad::calls as c;
use crate::grad::op::{Call, Pulled};
use crate::{Error, Tensor, ops};

/// The rule of all moves.
fn moved(p: &Call<'_>) -> Pulled {
    let is_place = places(p);
    let mut next = 1i64;
    // Numbers count from 1 on: what an operation fills in is 0, which is no element's.
    let mut number = |(x, is_place): (&Tensor, &bool)| match (is_place, x.dtype().is_float()) {
        (true, _) => x.clone(),
        (false, false) => Tensor::new(vec![0i64; x.numel()], x.shape()),
        (false, true) => {
            let first = next;
            next += x.numel() as i64;
            Tensor::new((first..next).collect::<Vec<i64>>(), x.shape())
        }
    };
    let numbered: Vec<Tensor> = p.inputs.iter().zip(&is_place).map(&mut number).collect();
    let args: Vec<Arg> =
        p.args.iter().zip(p.op.def().params).map(|(a, param)| filled(a, param.name)).collect();
    let places = ops::eval(p.op, &args, |v| numbered.get(v.index()))?.swap_remove(0);
    let all = c::zeros(p.g()?, &[next as usize])?;
    let all = c::index_add(&all, 0, &c::flat(&places)?, &c::flat(p.g()?)?)?;
    let mut start = 1;
    p.each(|i| {
        let x = &p.inputs[i];
        if is_place[i] || !x.dtype().is_float() {
            return Ok(None);
        }
        let part = c::narrow(&all, 0, start, x.numel())?;
        start += x.numel() as i64;
        Ok(Some(c::reshape(&part, x.shape())?))
    })
}

/// For each tensor whether it says where elements go.
fn places(p: &Call<'_>) -> Vec<bool> {
    let mut is_place = vec![false; p.inputs.len()];
    for (arg, param) in p.args.iter().zip(p.op.def().params) {
        let named = ["index", "indices", "mask", "repeats"].contains(&param.name);
        let ids = p.op.def().name == "embedding" && param.name == "input";
        if named || ids {
            arg.for_each_value(&mut |v| is_place[v.index()] = true);
        }
    }
    is_place
}

/// Numbers that an operation fills in become 0, which is no element's number.
fn filled(arg: &Arg, name: &str) -> Arg {
    match (arg, name) {
        (Arg::Int(_) | Arg::Float(_) | Arg::Bool(_), "value" | "src") => Arg::Int(0),
        _ => arg.clone(),
    }
}

/// The values that were taken along an axis go back to where their indices say.
fn taken(p: &Call<'_>, dim: usize) -> Pulled {
    let Some(g) = p.grads[0].clone() else { return Ok(vec![None]) };
    let (x, index) = (&p.inputs[0], &p.results[1]);
    if x.shape().is_empty() {
        return Ok(vec![Some(c::reshape(&g, &[])?)]);
    }
    let axis = p.int(dim).rem_euclid(x.shape().len() as i64);
    let mut shape = x.shape().to_vec();
    shape[axis as usize] = index.numel() * x.shape()[axis as usize] / x.numel().max(1);
    let (g, index) = (c::reshape(&g, &shape)?, index.clone().reshaped(shape.clone()));
    Ok(vec![Some(c::scatter_add(&c::zeros(&g, x.shape())?, axis, &index, &g)?)])
}

fn same_shape(p: &Call<'_>) -> Pulled {
    Ok(vec![Some(c::reshape(p.g()?, p.inputs[0].shape())?)])
}

/// What is added to keeps its gradient, the source has that of where it went.
fn added(p: &Call<'_>) -> Pulled {
    let (dim, index) = (p.int(1), &p.inputs[1]);
    let source = match p.op.def().name {
        "index_add" => c::times(&c::index_select(p.g()?, dim, index)?, p.float(4))?,
        _ => c::padded(&c::gather(p.g()?, dim, index)?, p.inputs[2].shape())?,
    };
    Ok(vec![Some(p.g()?.clone()), None, Some(source)])
}

fn put(p: &Call<'_>) -> Pulled {
    if p.args[3] != Arg::Bool(true) {
        return moved(p);
    }
    let source = c::run("take", &[p.g()?, &p.inputs[1]])?;
    Ok(vec![Some(p.g()?.clone()), None, Some(c::reshape(&source, p.inputs[2].shape())?)])
}

/// Differences of neighbours, as often as is asked.
fn diff(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let given = |i: usize| matches!(p.args[i], Arg::Value(_)).then(|| p.x(i)).transpose();
    let (before, x, after) = (given(3)?, p.x(0)?, given(4)?);
    let dim = p.int(2).rem_euclid(x.shape().len().max(1) as i64);
    let parts: Vec<&Tensor> = before.iter().chain([&x]).chain(after.iter()).collect();
    let mut x = c::joined(&parts, dim)?;
    for _ in 0..p.int(1) {
        let Some(n) = x.shape()[dim as usize].checked_sub(1) else { break };
        x = c::sub(&c::narrow(&x, dim, 1, n)?, &c::narrow(&x, dim, 0, n)?)?;
    }
    Ok(vec![x])
}

/// Between the two nearest of the sorted elements.
fn quantile(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let x = p.x(0)?;
    let (x, dim) = match p.args[2] {
        Arg::Int(dim) if !x.shape().is_empty() => (x.clone(), dim.rem_euclid(x.shape().len() as i64)),
        _ => (c::flat(&x)?, 0),
    };
    let sorted = c::along("sort", &x, dim)?;
    let last = x.shape()[dim as usize] as f64 - 1.0;
    let q = p.x(1)?;
    let at: Vec<f64> = ops::cast(&q.detached(), DType::F64).slice::<f64>().iter().map(|q| q * last).collect();
    let (q, mut parts) = (c::flat(&q)?, Vec::new());
    for (i, at) in at.iter().enumerate() {
        let (low, high) = (at.floor(), at.ceil());
        let share = match &p.args[4] {
            Arg::Word(w) if w == "lower" => c::number(&x, 0.0)?,
            Arg::Word(w) if w == "higher" => c::number(&x, 1.0)?,
            Arg::Word(w) if w == "midpoint" => c::number(&x, 0.5)?,
            Arg::Word(w) if w == "nearest" => c::number(&x, (at - low).round_ties_even())?,
            _ => c::plus(&c::times(&c::reshape(&c::narrow(&q, 0, i as i64, 1)?, &[])?, last)?, -low)?,
        };
        let [low, high] = [low, high].map(|i| c::narrow(&sorted, dim, i as i64, 1));
        let low = low?;
        parts.push(c::add(&low, &c::mul(&c::sub(&high?, &low)?, &share)?)?);
    }
    // Several quantiles come first.
    let flat: Vec<Tensor> = parts.iter().map(c::flat).collect::<Result<_, _>>()?;
    let all = c::joined(&flat.iter().collect::<Vec<_>>(), 0)?;
    Ok(vec![c::reshape(&all, p.results[0].shape())?])
}

pub(super) const ROWS: &[Row] = &[
    ("reshape", Nothing, same_shape),
    ("flatten", Nothing, same_shape),
    ("view", Nothing, same_shape),
    ("unflatten", Nothing, same_shape),
    ("unsqueeze", Nothing, same_shape),
    ("squeeze", Nothing, same_shape),
    ("expand", Nothing, |p| Ok(vec![Some(p.g()?.clone())])),
    ("transpose", Nothing, |p| Ok(vec![Some(c::transpose(p.g()?, p.int(1), p.int(2))?)])),
    ("permute", Places, moved),
    ("movedim", Places, moved),
    ("narrow", Places, moved),
    ("select", Places, moved),
    ("diagonal", Places, moved),
    ("unfold", Places, moved),
    ("diagonal_scatter", Places, moved),
    ("diag_embed", Places, moved),
    ("diag", Places, moved),
    ("tril", Places, moved),
    ("triu", Places, moved),
    ("repeat", Places, moved),
    ("tile", Places, moved),
    ("repeat_interleave", Places, moved),
    ("flip", Places, moved),
    ("roll", Places, moved),
    ("rot90", Places, moved),
    ("cat", Places, moved),
    ("stack", Places, moved),
    ("index", Places, moved),
    ("set_index", Places, moved),
    ("gather", Places, moved),
    ("index_select", Places, moved),
    ("take", Places, moved),
    ("take_along_dim", Places, moved),
    ("scatter", Places, moved),
    ("index_copy", Places, moved),
    ("index_fill", Places, moved),
    ("masked_scatter", Places, moved),
    ("masked_select", Places, moved),
    ("embedding", Places, moved),
    ("scatter_add", Places, added),
    ("index_add", Places, added),
    ("put", Places, put),
    ("diff", Inputs, |p| made_of(p, diff)),
    ("msort", Inputs, |p| made_of(p, |p| Ok(vec![c::along("sort", &p.x(0)?, 0)?]))),
    ("quantile", Inputs, |p| made_of(p, quantile)),
    ("max", Results, |p| taken(p, 1)),
    ("min", Results, |p| taken(p, 1)),
    ("median", Results, |p| taken(p, 1)),
    ("nanmedian", Results, |p| taken(p, 1)),
    ("mode", Results, |p| taken(p, 1)),
    ("kthvalue", Results, |p| taken(p, 2)),
    ("cummax", Results, |p| taken(p, 1)),
    ("cummin", Results, |p| taken(p, 1)),
    ("topk", Results, |p| taken(p, 2)),
    ("sort", Results, |p| taken(p, 1)),
];
