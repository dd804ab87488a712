//! The same elements several times, or from the other end.

use super::view::{axis_of, distinct};
use super::{Types, one, same};
use crate::op::{Arg, Call, Operand};
use crate::{Code, DType, Result};

/// `repeat(input, repeats)`: a count for every axis, more of them make leading axes.
pub fn repeat(c: &Call<'_>) -> Types {
    let (t, counts) = (c.ty(0), c.ints(1).unwrap_or_default());
    if counts.len() < t.rank() {
        let message = format!("`repeats` needs a count for each axis of {t}, got {counts:?}");
        let diagnostic = c.fault(Code::ShapeMismatch, message);
        return Err(diagnostic.help("`tile` takes fewer, for the last axes"));
    }
    repeated(c, &counts)
}

/// `tile(input, dims)`: counts for the last axes.
pub fn tile(c: &Call<'_>) -> Types {
    let (rank, counts) = (c.ty(0).rank(), c.ints(1).unwrap_or_default());
    let missing = rank.saturating_sub(counts.len());
    repeated(c, &[vec![1; missing], counts].concat())
}

fn repeated(c: &Call<'_>, counts: &[i64]) -> Types {
    let t = c.ty(0);
    let lead = counts.len() - t.rank();
    let axis = |(i, &n): (usize, &i64)| match usize::try_from(n) {
        Ok(n) => Ok(n.saturating_mul(i.checked_sub(lead).map_or(1, |i| t.shape[i]))),
        Err(_) => {
            let name = c.def.params[1].name;
            Err(c.fault(Code::BadArgument, format!("`{name}` must be 0 or more, got {counts:?}")))
        }
    };
    one(t.dtype, counts.iter().enumerate().map(axis).collect::<Result<Vec<_>>>()?)
}

/// `repeat_interleave(input, repeats, dim, output_size)`: each element, or each slice, in a row.
pub fn repeat_interleave(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let (n, dim) = match c.args[2] {
        Arg::None => (t.numel().unwrap_or(usize::MAX), None),
        _ => {
            let dim = axis_of(c, 2)?;
            (t.shape[dim], Some(dim))
        }
    };
    let length = interleaved_length(c, n)?;
    let mut shape = t.shape.clone();
    match dim {
        Some(dim) => shape[dim] = length,
        None => shape = vec![length],
    }
    one(t.dtype, shape)
}

fn interleaved_length(c: &Call<'_>, n: usize) -> Result<usize> {
    let size = c.int(3).map(usize::try_from);
    let counts = match c.operand(1) {
        Operand::Tensor(counts) => counts,
        Operand::Number(_) => {
            let times = c.int(1).and_then(|k| usize::try_from(k).ok());
            let Some(times) = times else {
                return Err(c.fault(Code::BadArgument, "`repeats` must be an integer, 0 or more"));
            };
            let length = n.saturating_mul(times);
            return match size {
                Some(size) if size != Ok(length) => Err(c.fault(
                    Code::ShapeMismatch,
                    format!("the result has length {length}, not `output_size`"),
                )),
                _ => Ok(length),
            };
        }
    };
    if !matches!(counts.dtype, DType::I32 | DType::I64) || counts.rank() > 1 {
        let message = format!("`repeats` must be i32 or i64 with at most one axis, got {counts}");
        return Err(c.fault(Code::DTypeMismatch, message));
    }
    if counts.numel() != Some(1) && counts.numel() != Some(n) {
        let message = format!("`repeats` must have {n} counts or one, got {counts}");
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    match size {
        Some(Ok(size)) => Ok(size),
        Some(Err(_)) => Err(c.fault(Code::BadArgument, "`output_size` must be 0 or more")),
        None => {
            let message = "how long the result is depends on the elements of `repeats`";
            Err(c.fault(Code::BadArgument, message).help("give `output_size`, their sum"))
        }
    }
}

/// `flip(input, dims)`: no axes reverse nothing.
pub fn flip(c: &Call<'_>) -> Types {
    distinct(c, 1, c.ty(0).rank())?;
    same(c)
}

/// `roll(input, shifts, dims)`: without axes the flattened tensor is rolled.
pub fn roll(c: &Call<'_>) -> Types {
    let (shifts, dims) = (c.ints(1).unwrap_or_default(), c.ints(2).unwrap_or_default());
    if shifts.is_empty() {
        return Err(c.fault(Code::BadArgument, "`shifts` needs at least one number"));
    }
    if dims.is_empty() && shifts.len() == 1 {
        return same(c);
    }
    if dims.len() != shifts.len() {
        let message = format!("{} `shifts` need as many `dims`, got {}", shifts.len(), dims.len());
        return Err(c.fault(Code::BadArgument, message));
    }
    match dims.iter().try_for_each(|&d| c.axis(d, c.ty(0).rank()).map(drop)) {
        Ok(()) if c.ty(0).rank() == 0 => {
            Err(c.fault(Code::ShapeMismatch, "a 0-d tensor has no axes to roll"))
        }
        Ok(()) => same(c),
        Err(d) => Err(d),
    }
}

/// `rot90(input, k, dims)`: quarter turns from the first of two axes towards the second.
pub fn rot90(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    if t.rank() < 2 {
        return Err(c.fault(Code::ShapeMismatch, format!("needs at least two axes, got {t}")));
    }
    let (a, b) = turned_axes(c)?;
    let mut shape = t.shape.clone();
    if c.int(1).unwrap_or(1) % 2 != 0 {
        shape.swap(a, b);
    }
    one(t.dtype, shape)
}

/// The two axes of `rot90`; 0 and 1 when none are given.
///
/// # Errors
/// Other than two axes, an axis outside the tensor or named twice.
pub fn turned_axes(c: &Call<'_>) -> Result<(usize, usize)> {
    if c.args[2] == Arg::None {
        return Ok((0, 1));
    }
    match distinct(c, 2, c.ty(0).rank())?[..] {
        [a, b] => Ok((a, b)),
        _ => Err(c.fault(Code::BadArgument, "`dims` must name two axes")),
    }
}
