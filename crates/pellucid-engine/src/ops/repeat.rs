//! The same elements several times, or from the other end: whole runs are copied.

use pellucid_graph::op::turned_axes;
use pellucid_graph::{Arg, Code, DType};

use super::Out;
use super::cast::cast;
use super::dispatch::each_stored;
use super::inputs::Inputs;
use super::shape::{broadcast_to, permuted};
use crate::tensor::Tensor;

/// `repeat` and `tile`: an axis of counts before each axis, broadcast and joined with it.
pub fn repeat(x: &Inputs<'_>) -> Out {
    let (t, shape) = (x.tensor(0), &x.out[0].shape);
    let lead = shape.len() - t.shape().len();
    let own: Vec<usize> = (0..shape.len()).map(|a| if a < lead { 1 } else { t.shape()[a - lead] }).collect();
    let count = |a: usize| shape[a].checked_div(own[a]).unwrap_or(1);
    let spread: Vec<usize> = (0..shape.len()).flat_map(|a| [1, own[a]]).collect();
    let wide: Vec<usize> = (0..shape.len()).flat_map(|a| [count(a), own[a]]).collect();
    Ok(vec![broadcast_to(&t.clone().reshaped(spread), &wide).reshaped(shape.clone())])
}

pub fn repeat_interleave(x: &Inputs<'_>) -> Out {
    let t = match x.call.args[2] {
        Arg::None => x.tensor(0).clone().reshaped([x.tensor(0).numel()]),
        _ => x.tensor(0).clone(),
    };
    let axis = x.axis(2, t.shape().len())?;
    let n = t.shape()[axis];
    let counts = counts(x, n, x.out[0].shape[axis])?;
    // An axis of any length beside one of none: there is nothing to copy, and no room for a list of it.
    if x.out[0].shape.contains(&0) {
        let empty = Tensor::new(Vec::<f32>::new(), x.out[0].shape.clone());
        return Ok(vec![cast(&empty, t.dtype())]);
    }
    let count = |i: usize| if counts.len() == 1 { counts[0] } else { counts[i] } as usize;
    let from: Vec<usize> = (0..n).flat_map(|i| std::iter::repeat_n(i, count(i))).collect();
    Ok(vec![gathered(&t, axis, &from)])
}

/// How often each of `n` slices is repeated, `length` in all; one count is for every slice.
fn counts(x: &Inputs<'_>, n: usize, length: usize) -> Result<Vec<i64>, crate::Error> {
    let counts = cast(&x.operand_as_given(1), DType::I64);
    let counts = counts.slice::<i64>();
    if let Some(negative) = counts.iter().find(|k| **k < 0) {
        let message = format!("`repeats` must be 0 or more, got {negative}");
        return Err(x.call.fault(Code::BadArgument, message).into());
    }
    let sum = match counts {
        [each] => each.saturating_mul(i64::try_from(n).unwrap_or(i64::MAX)),
        _ => counts.iter().fold(0i64, |sum, k| sum.saturating_add(*k)),
    };
    if usize::try_from(sum) != Ok(length) {
        let message = format!("`repeats` add up to {sum}, `output_size` is {length}");
        return Err(x.call.fault(Code::ShapeMismatch, message).into());
    }
    Ok(counts.to_vec())
}

/// The slices of an axis at these positions.
pub fn gathered(t: &Tensor, axis: usize, from: &[usize]) -> Tensor {
    let (outer, n) = (t.shape()[..axis].iter().product::<usize>(), t.shape()[axis]);
    let width: usize = t.shape()[axis + 1..].iter().product();
    let mut shape = t.shape().to_vec();
    shape[axis] = from.len();
    let copy = each_stored!(t.dtype(), T => {
        let data = t.slice::<T>();
        let mut out: Vec<T> = Vec::with_capacity(outer * from.len() * width);
        for line in 0..outer {
            from.iter().for_each(|i| out.extend_from_slice(&data[(line * n + i) * width..][..width]));
        }
        Tensor::new(out, shape)
    });
    cast(&copy, t.dtype())
}

pub fn flip(x: &Inputs<'_>) -> Out {
    let t = x.tensor(0);
    let dims = x.call.ints(1).unwrap_or_default();
    let axes = dims.iter().map(|d| x.call.axis(*d, t.shape().len())).collect::<Result<Vec<_>, _>>()?;
    Ok(vec![axes.into_iter().fold(t.clone(), |t, axis| flipped(&t, axis))])
}

fn flipped(t: &Tensor, axis: usize) -> Tensor {
    match t.shape().get(axis) {
        Some(&n) if t.numel() > 0 => gathered(t, axis, &(0..n).rev().collect::<Vec<_>>()),
        _ => t.clone(),
    }
}

pub fn roll(x: &Inputs<'_>) -> Out {
    let t = x.tensor(0);
    let (shifts, dims) = (x.call.ints(1).unwrap_or_default(), x.call.ints(2).unwrap_or_default());
    if dims.is_empty() {
        let flat = t.clone().reshaped([t.numel()]);
        return Ok(vec![rolled(&flat, 0, shifts[0]).reshaped(t.shape())]);
    }
    let mut out = t.clone();
    for (shift, dim) in shifts.iter().zip(dims) {
        out = rolled(&out, x.call.axis(dim, t.shape().len())?, *shift);
    }
    Ok(vec![out])
}

fn rolled(t: &Tensor, axis: usize, shift: i64) -> Tensor {
    if t.numel() == 0 {
        return t.clone();
    }
    let n = t.shape()[axis];
    let first = n - shift.rem_euclid(n as i64) as usize;
    gathered(t, axis, &(0..n).map(|i| (first + i) % n).collect::<Vec<_>>())
}

pub fn rot90(x: &Inputs<'_>) -> Out {
    let (t, (a, b)) = (x.tensor(0), turned_axes(&x.call)?);
    let mut swapped: Vec<usize> = (0..t.shape().len()).collect();
    swapped.swap(a, b);
    Ok(vec![match x.call.int(1).unwrap_or(1).rem_euclid(4) {
        1 => permuted(&flipped(t, b), &swapped),
        2 => flipped(&flipped(t, a), b),
        3 => permuted(&flipped(t, a), &swapped),
        _ => t.clone(),
    }])
}
