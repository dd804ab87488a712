//! Places in sorted sequences, and members of sets.

use std::cmp::Ordering;

use pellucid_graph::{Arg, Code};

use super::Out;
use super::cast::cast;
use super::compute::Compute;
use super::dispatch::{compute_dtype, each_compute};
use super::inputs::Inputs;
use super::sort::rank;
use crate::tensor::Tensor;

pub fn searchsorted(x: &Inputs<'_>) -> Out {
    let is_right = x.call.flag(3) || x.call.args[4] == Arg::Word("right".into());
    let (sequence, values) = alike(x.tensor(0), &x.operand_as_given(1));
    let sorter = x.optional(5).map(|t| t.slice::<i64>());
    if let Some(outside) = sorter.and_then(|s| s.iter().find(|i| !(0..row_of(&sequence) as i64).contains(*i)))
    {
        let n = row_of(&sequence);
        let message = format!("index {outside} of `sorter` is out of range for an axis of length {n}");
        return Err(x.call.fault(Code::IndexOutOfRange, message).into());
    }
    each_compute!(sequence.dtype(), C => places::<C>(x, &sequence, &values, sorter, is_right))
}

pub fn bucketize(x: &Inputs<'_>) -> Out {
    let (values, boundaries) = alike(&x.operand_as_given(0), x.tensor(1));
    each_compute!(values.dtype(), C => places::<C>(x, &boundaries, &values, None, x.call.flag(3)))
}

/// Both in the type that their common dtype is computed in.
fn alike(a: &Tensor, b: &Tensor) -> (Tensor, Tensor) {
    let dtype = compute_dtype(a.dtype().promote(b.dtype()));
    (cast(a, dtype), cast(b, dtype))
}

fn row_of(sequence: &Tensor) -> usize {
    sequence.shape().last().copied().unwrap_or(1)
}

fn places<C: Compute>(
    x: &Inputs<'_>,
    sequence: &Tensor,
    values: &Tensor,
    sorter: Option<&[i64]>,
    is_right: bool,
) -> Out {
    let n = row_of(sequence);
    let (data, is_shared) = (sequence.slice::<C>(), sequence.shape().len() == 1);
    let per_row = if is_shared { values.numel() } else { row_of(values) };
    let place = |(i, value): (usize, &C)| {
        let row = if is_shared { 0 } else { i / per_row.max(1) };
        let at = |k: usize| data[row * n + sorter.map_or(k, |s| s[row * n + k] as usize)];
        // NaN is before everything, and everything before it.
        let before = |element: C| match element.partial_cmp(value) {
            Some(Ordering::Greater) => false,
            Some(Ordering::Equal) => is_right,
            Some(Ordering::Less) | None => true,
        };
        first_not(n, |k| before(at(k))) as i64
    };
    x.one(values.slice::<C>().iter().enumerate().map(place).collect::<Vec<i64>>())
}

/// The first of 0..n for which `f` does not hold, by halving.
fn first_not(n: usize, f: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if f(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

pub fn isin(x: &Inputs<'_>) -> Out {
    let (elements, set) = alike(&x.operand_as_given(0), &x.operand_as_given(1));
    let invert = x.call.flag(3);
    each_compute!(elements.dtype(), C => {
        let mut set = set.slice::<C>().to_vec();
        set.sort_by(|a, b| rank(*a, *b, false));
        let member = |v: &C| set.get(first_not(set.len(), |k| rank(set[k], *v, false).is_lt())) == Some(v);
        x.truths(elements.slice::<C>().iter().map(|v| u8::from(member(v) != invert)).collect())
    })
}
