//! Distinct elements, or slices along an axis: brought to the front, compared as lines.

use std::cmp::Ordering;

use pellucid_graph::Arg;

use super::Out;
use super::cast::cast;
use super::compute::Compute;
use super::dispatch::{compute_dtype, each_compute};
use super::inputs::Inputs;
use super::repeat::gathered;
use super::shape::permuted;
use super::sort::rank;
use crate::Error;
use crate::tensor::Tensor;

/// In rising order, NaN last; NaNs differ from each other.
pub fn unique(x: &Inputs<'_>) -> Out {
    groups(x, true)
}

/// In the order they stand, a run of equals as one.
pub fn unique_consecutive(x: &Inputs<'_>) -> Out {
    groups(x, false)
}

fn groups(x: &Inputs<'_>, sorted: bool) -> Out {
    let t = match x.call.args[1] {
        Arg::None => x.tensor(0).clone().reshaped([x.tensor(0).numel()]),
        _ => x.tensor(0).clone(),
    };
    let axis = x.axis(1, t.shape().len())?;
    let order: Vec<usize> =
        std::iter::once(axis).chain((0..t.shape().len()).filter(|a| *a != axis)).collect();
    let lines = permuted(&t, &order);
    let (n, width) = (lines.shape()[0], lines.shape()[1..].iter().product::<usize>());
    let dtype = t.dtype();
    let wide = cast(&lines, compute_dtype(dtype));
    let (firsts, inverse, counts) = each_compute!(dtype, C => {
        let line = |i: usize| &wide.slice::<C>()[i * width..][..width];
        grouped(n, sorted, |i, j| order_of(line(i), line(j)), |i, j| line(i) == line(j))
    });
    let inverse_shape = x.out[1].shape.clone();
    if inverse.len() != inverse_shape.iter().product::<usize>() {
        return Err(Error::internal("`unique` has lost elements"));
    }
    let k = counts.len();
    Ok(vec![
        cast(&gathered(&t, axis, &firsts), dtype),
        Tensor::new(inverse, inverse_shape),
        Tensor::new(counts, [k]),
    ])
}

/// Element by element, NaN after all numbers.
fn order_of<C: Compute>(a: &[C], b: &[C]) -> Ordering {
    let differs = a.iter().zip(b).map(|(x, y)| rank(*x, *y, false)).find(|o| o.is_ne());
    differs.unwrap_or(Ordering::Equal)
}

/// For each group its first member; for each member its group; for each group its size.
fn grouped(
    n: usize,
    sorted: bool,
    compare: impl Fn(usize, usize) -> Ordering,
    is_equal: impl Fn(usize, usize) -> bool,
) -> (Vec<usize>, Vec<i64>, Vec<i64>) {
    let mut order: Vec<usize> = (0..n).collect();
    if sorted {
        order.sort_by(|i, j| compare(*i, *j));
    }
    let (mut firsts, mut inverse, mut counts) = (Vec::new(), vec![0; n], Vec::<i64>::new());
    for (k, &i) in order.iter().enumerate() {
        match counts.last_mut() {
            Some(count) if is_equal(order[k - 1], i) => *count += 1,
            _ => {
                firsts.push(i);
                counts.push(1);
            }
        }
        inverse[i] = counts.len() as i64 - 1;
    }
    (firsts, inverse, counts)
}
