//! Views: parts of a tensor and other orders of its axes, without new memory.

use super::{Types, one};
use crate::op::Call;
use crate::{Code, Result};

/// `unflatten(input, dim, sizes)`: one length may be -1.
pub fn unflatten(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let dim = axis_of(c, 1)?;
    let sizes = c.ints(2).unwrap_or_default();
    if sizes.is_empty() {
        return Err(c.fault(Code::BadArgument, "`sizes` must name at least one length"));
    }
    let bad = || {
        let message = format!("axis {dim} of {t} cannot become {sizes:?}");
        c.fault(Code::ShapeMismatch, message)
    };
    let parts = given_lengths(&sizes, t.shape[dim]).ok_or_else(bad)?;
    let mut shape = t.shape.clone();
    shape.splice(dim..=dim, parts);
    one(t.dtype, shape)
}

/// Lengths whose product is `numel`, the one -1 among them found; `None` where there are none.
pub(super) fn given_lengths(want: &[i64], numel: usize) -> Option<Vec<usize>> {
    if want.iter().any(|&n| n < -1) || want.iter().filter(|&&n| n == -1).count() > 1 {
        return None;
    }
    let known = want.iter().filter(|&&n| n >= 0).try_fold(1i64, |p, &n| p.checked_mul(n))?;
    let numel = i64::try_from(numel).ok()?;
    let fill = match want.contains(&-1) {
        true if known > 0 && numel % known == 0 => numel / known,
        false if known == numel => 0,
        _ => return None,
    };
    Some(want.iter().map(|&n| if n == -1 { fill } else { n } as usize).collect())
}

/// `narrow(input, dim, start, length)`.
pub fn narrow(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let dim = axis_of(c, 1)?;
    let (n, start, length) = (t.shape[dim] as i64, c.int(2).unwrap_or(0), c.int(3).unwrap_or(0));
    if !(-n..=n).contains(&start) {
        let message = format!("`start` must be {} to {n} (axis {dim} of {t}), got {start}", -n);
        return Err(c.fault(Code::IndexOutOfRange, message));
    }
    let first = if start < 0 { start + n } else { start };
    if !(0..=n - first).contains(&length) {
        let message =
            format!("`length` must be 0 to {} (axis {dim} of {t} from {first} on), got {length}", n - first);
        return Err(c.fault(Code::IndexOutOfRange, message));
    }
    let mut shape = t.shape.clone();
    shape[dim] = length as usize;
    one(t.dtype, shape)
}

/// `select(input, dim, index)`.
pub fn select_one(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let dim = axis_of(c, 1)?;
    let (n, index) = (t.shape[dim] as i64, c.int(2).unwrap_or(0));
    if !(-n..n).contains(&index) {
        let message = format!("index {index} is out of range for axis {dim} of length {n}");
        return Err(c.fault(Code::IndexOutOfRange, message));
    }
    let mut shape = t.shape.clone();
    shape.remove(dim);
    one(t.dtype, shape)
}

/// The axis at position `i` of a tensor that must have axes.
pub(super) fn axis_of(c: &Call<'_>, i: usize) -> Result<usize> {
    match c.ty(0).rank() {
        0 => Err(c.fault(Code::ShapeMismatch, "a 0-d tensor has no axis to take from")),
        rank => c.dim(i, rank),
    }
}

/// `movedim(input, source, destination)`.
pub fn movedim(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let order = moved_axes(c)?;
    one(t.dtype, order.iter().map(|&a| t.shape[a]).collect::<Vec<_>>())
}

/// Which axis of the input each axis of the result of `movedim` is.
///
/// # Errors
/// Lists of different lengths, an axis outside the tensor or named twice.
pub fn moved_axes(c: &Call<'_>) -> Result<Vec<usize>> {
    let rank = c.ty(0).rank();
    let (from, to) = (distinct(c, 1, rank)?, distinct(c, 2, rank)?);
    if from.len() != to.len() {
        let message = format!("`source` names {} axes, `destination` {}", from.len(), to.len());
        return Err(c.fault(Code::BadArgument, message));
    }
    let mut rest = (0..rank).filter(|a| !from.contains(a));
    let place = |a: usize| to.iter().position(|t| *t == a).map(|i| from[i]).or_else(|| rest.next());
    Ok((0..rank).filter_map(place).collect())
}

/// The axes at position `i` in their given order, each at most once.
pub(super) fn distinct(c: &Call<'_>, i: usize, rank: usize) -> Result<Vec<usize>> {
    let given = c.ints(i).unwrap_or_default();
    let axes = given.iter().map(|&d| c.axis(d, rank)).collect::<Result<Vec<_>>>()?;
    let repeated = (0..axes.len()).any(|k| axes[..k].contains(&axes[k]));
    match repeated {
        false => Ok(axes.into_iter().filter(|a| *a < rank).collect()),
        true => {
            let message = format!("an axis appears twice in `{}` {given:?}", c.def.params[i].name);
            Err(c.fault(Code::BadArgument, message))
        }
    }
}

/// `unfold(input, dimension, size, step)`: windows become a last axis.
pub fn unfold(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let dim = c.dim(1, t.rank())?;
    let (size, step) = (c.int(2).unwrap_or(0), c.int(3).unwrap_or(1));
    let n = t.shape.get(dim).copied().unwrap_or(1);
    if step < 1 {
        return Err(c.fault(Code::BadArgument, format!("`step` must be at least 1, got {step}")));
    }
    if !(0..=n as i64).contains(&size) {
        let message = format!("`size` must be 0 to {n} (axis {dim} of {t}), got {size}");
        return Err(c.fault(Code::BadArgument, message));
    }
    let mut shape = t.shape.clone();
    if let Some(windows) = shape.get_mut(dim) {
        *windows = (n - size as usize) / step as usize + 1;
    }
    shape.push(size as usize);
    one(t.dtype, shape)
}
