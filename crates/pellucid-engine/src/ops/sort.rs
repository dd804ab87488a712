//! Order along an axis: NaN is larger than every number, equals keep their order.

use std::cmp::Ordering;

use super::Out;
use super::along::Lines;
use super::cast::cast;
use super::compute::Compute;
use super::dispatch::each_compute;
use super::inputs::{Inputs, Scalars};

pub fn sort(x: &Inputs<'_>) -> Out {
    let descending = x.call.flag(2);
    each_compute!(x.out[0].dtype, C => reorder(x, 1, |line: &[C], order| {
        order.sort_by(|i, j| rank(line[*i], line[*j], descending));
    }))
}

/// Only the `k` first of the order are sorted; among equals the first positions are taken. A 0-d
/// tensor gives itself, even for `k` 0.
pub fn topk(x: &Inputs<'_>) -> Out {
    let scalar = x.tensor(0).shape().is_empty();
    let (k, largest) = (x.call.int(1).unwrap_or(0) as usize, x.call.flag(3));
    each_compute!(x.out[0].dtype, C => reorder(x, 2, |line: &[C], order| {
        let by = |i: &usize, j: &usize| rank(line[*i], line[*j], largest).then(i.cmp(j));
        if k < order.len() && !scalar {
            order.select_nth_unstable_by(k, by);
            order.truncate(k);
        }
        order.sort_unstable_by(by);
    }))
}

pub fn argsort(x: &Inputs<'_>) -> Out {
    let (t, descending) = (x.tensor(0), x.call.flag(2));
    each_compute!(t.dtype(), C => {
        let wide = x.operand(0, t.dtype(), Scalars::Rounded);
        let lines = Lines::new(&wide, x.axis(1, t.shape().len())?);
        let mut positions: Vec<i64> = Vec::with_capacity(t.numel());
        for line in lines.iter::<C>() {
            let mut order: Vec<usize> = (0..line.len()).collect();
            order.sort_by(|i, j| rank(line[*i], line[*j], descending));
            positions.extend(order.iter().map(|i| *i as i64));
        }
        Ok(vec![lines.back(positions, &x.out[0].shape)])
    })
}

pub fn msort(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => {
        let t = x.wide();
        let lines = Lines::new(&t, 0);
        let mut values: Vec<C> = Vec::with_capacity(t.numel());
        for line in lines.iter::<C>() {
            let start = values.len();
            values.extend_from_slice(line);
            values[start..].sort_by(|a, b| rank(*a, *b, false));
        }
        Ok(vec![cast(&lines.back(values, &x.out[0].shape), x.out[0].dtype)])
    })
}

/// Gives the elements and positions of each line in the order that `f` makes of 0, 1, 2 ...
fn reorder<C: Compute>(x: &Inputs<'_>, i: usize, f: impl Fn(&[C], &mut Vec<usize>)) -> Out {
    let t = x.wide();
    let lines = Lines::new(&t, x.axis(i, t.shape().len())?);
    let (mut values, mut positions): (Vec<C>, Vec<i64>) = (Vec::new(), Vec::new());
    for line in lines.iter::<C>() {
        let mut order: Vec<usize> = (0..line.len()).collect();
        f(line, &mut order);
        values.extend(order.iter().map(|i| line[*i]));
        positions.extend(order.iter().map(|i| *i as i64));
    }
    let shape = &x.out[0].shape;
    Ok(vec![cast(&lines.back(values, shape), x.out[0].dtype), lines.back(positions, shape)])
}

/// How two elements stand to each other, NaN after all numbers, or the other way round.
pub fn rank<C: Compute>(a: C, b: C, descending: bool) -> Ordering {
    let ascending = a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()));
    if descending { ascending.reverse() } else { ascending }
}
