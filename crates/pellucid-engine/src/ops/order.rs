//! What stands at a place of the sorted elements of a row; NaN is larger than every number.

use pellucid_graph::Code;

use super::Out;
use super::compute::{Compute, Float};
use super::dispatch::{each_compute, each_float};
use super::extrema::with_positions;
use super::inputs::{Inputs, Scalars};
use super::reduce::{axis_or_all, rows};
use super::sort::rank;

/// The lower of two medians; NaN, if there is one.
pub fn median(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => with_positions(x, 1, |row: &[C]| {
        let nan = row.iter().position(|v| Compute::is_nan(*v));
        nan.unwrap_or_else(|| sorted(row)[(row.len() - 1) / 2])
    }))
}

pub fn nanmedian(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => with_positions(x, 1, |row: &[C]| {
        sorted(row)[numbers(row).saturating_sub(1) / 2]
    }))
}

pub fn kthvalue(x: &Inputs<'_>) -> Out {
    let k = x.call.int(1).unwrap_or(1).max(1) as usize;
    each_compute!(x.out[0].dtype, C => with_positions(x, 2, |row: &[C]| sorted(row)[k - 1]))
}

/// The last of the most frequent elements, the smallest of several.
pub fn mode(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => with_positions(x, 1, |row: &[C]| {
        let order = sorted(row);
        let (mut best, mut longest, mut run) = (order[0], 0, 0);
        for (i, at) in order.iter().enumerate() {
            let again = i > 0 && row[order[i - 1]] == row[*at];
            run = if again { run + 1 } else { 1 };
            if run > longest {
                (best, longest) = (*at, run);
            }
        }
        best
    }))
}

pub fn quantile(x: &Inputs<'_>) -> Out {
    each_float!(x.out[0].dtype, C => quantiles::<C>(x, |row| match numbers(row) < row.len() {
        true => vec![C::NAN],
        false => in_order(row),
    }))
}

pub fn nanquantile(x: &Inputs<'_>) -> Out {
    each_float!(x.out[0].dtype, C => quantiles::<C>(x, |row| {
        let mut order = in_order(row);
        order.truncate(numbers(row).max(1));
        order
    }))
}

/// For each `q`, one element of every row that `prepare` has sorted.
fn quantiles<C: Float>(x: &Inputs<'_>, prepare: impl Fn(&[C]) -> Vec<C>) -> Out {
    let q = x.operand(1, x.out[0].dtype, Scalars::Rounded);
    let q = q.slice::<C>();
    if let Some(bad) = q.iter().find(|q| !(0.0..=1.0).contains(&q.as_f64())) {
        let message = format!("`q` must lie between 0 and 1, got {}", bad.as_f64());
        return Err(x.call.fault(Code::BadArgument, message).into());
    }
    let rows = rows(&x.wide(), &axis_or_all(x, 2)?, |row: &[C]| prepare(row));
    let all = q.iter().flat_map(|q| rows.iter().map(|row| between(x, row, *q)));
    x.one(all.collect())
}

/// The element a part `q` of the way through a sorted row.
fn between<C: Float>(x: &Inputs<'_>, row: &[C], q: C) -> C {
    let place = q.as_f64() * (row.len() - 1) as f64;
    let at = |place: f64| row[(place as usize).min(row.len() - 1)];
    let (low, high) = (at(place.floor()), at(place.ceil()));
    let weight = match () {
        () if x.says(4, "lower") => return low,
        () if x.says(4, "higher") => return high,
        () if x.says(4, "nearest") => return at(place.round_ties_even()),
        () if x.says(4, "midpoint") => C::of(0.5),
        () => C::of(place - place.floor()),
    };
    match weight.as_f64() < 0.5 {
        true => low + weight * (high - low),
        false => high - (high - low) * (C::of(1.0) - weight),
    }
}

/// How many elements are not NaN.
fn numbers<C: Compute>(row: &[C]) -> usize {
    row.iter().filter(|v| !Compute::is_nan(**v)).count()
}

/// The positions of a row's elements in ascending order, equals in the order of the row.
fn sorted<C: Compute>(row: &[C]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by(|i, j| rank(row[*i], row[*j], false));
    order
}

fn in_order<C: Compute>(row: &[C]) -> Vec<C> {
    let mut order = row.to_vec();
    order.sort_by(|a, b| rank(*a, *b, false));
    order
}
