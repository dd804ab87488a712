//! Rearranging axes.

use super::view::given_lengths;
use super::{Types, one};
use crate::op::Call;
use crate::{Code, Result};

/// `reshape(input, shape)`: one length may be -1.
pub fn reshape(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let want = c.ints(1).unwrap_or_default();
    match given_lengths(&want, t.numel().unwrap_or(0)) {
        Some(shape) => one(t.dtype, shape),
        None => {
            let message = format!("shape {:?} cannot become {want:?}", t.shape);
            Err(c.fault(Code::ShapeMismatch, message))
        }
    }
}

/// `flatten(input, start_dim, end_dim)`.
pub fn flatten(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let (start, end) = (c.dim(1, t.rank())?, c.dim(2, t.rank())?);
    if start > end {
        return Err(c.fault(Code::BadArgument, "`start_dim` comes after `end_dim`"));
    }
    if t.rank() == 0 {
        return one(t.dtype, [1]);
    }
    let mut shape = t.shape[..start].to_vec();
    shape.push(t.shape[start..=end].iter().product());
    shape.extend(&t.shape[end + 1..]);
    one(t.dtype, shape)
}

/// `permute(input, dims)`.
pub fn permute(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let dims = c.ints(1).unwrap_or_default();
    let axes = dims.iter().map(|&d| c.axis(d, t.rank())).collect::<Result<Vec<_>>>()?;
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    if sorted != (0..t.rank()).collect::<Vec<_>>() {
        let message = format!("`dims` must name each of the {} axes once, got {dims:?}", t.rank());
        return Err(c.fault(Code::BadArgument, message));
    }
    one(t.dtype, axes.iter().map(|&a| t.shape[a]).collect::<Vec<_>>())
}

/// `transpose(input, dim0, dim1)`.
pub fn transpose(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let (a, b) = (c.dim(1, t.rank())?, c.dim(2, t.rank())?);
    let mut shape = t.shape.clone();
    if !shape.is_empty() {
        shape.swap(a, b);
    }
    one(t.dtype, shape)
}

/// `unsqueeze(input, dim)`.
pub fn unsqueeze(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let at = c.dim(1, t.rank() + 1)?;
    let mut shape = t.shape.clone();
    shape.insert(at, 1);
    one(t.dtype, shape)
}

/// `squeeze(input, dim)`: drops axes of length 1; an empty list is no axis, not all of them.
pub fn squeeze(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let dims = if c.ints(1).is_some_and(|d| d.is_empty()) { Vec::new() } else { c.dims(1, t.rank())? };
    let axes = t.shape.iter().enumerate();
    let shape: Vec<usize> = axes.filter(|(i, n)| **n != 1 || !dims.contains(i)).map(|(_, n)| *n).collect();
    one(t.dtype, shape)
}

/// `expand(input, shape)`: -1 keeps an axis.
pub fn expand(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let want = c.ints(1).unwrap_or_default();
    let bad = || c.fault(Code::ShapeMismatch, format!("shape {:?} cannot expand to {want:?}", t.shape));
    let extra = want.len().checked_sub(t.rank()).ok_or_else(bad)?;
    let axis = |(i, &n): (usize, &i64)| match (i.checked_sub(extra).map(|j| t.shape[j]), n) {
        (Some(have), -1) => Ok(have),
        (Some(have), n) if n >= 0 && (have == 1 || have == n as usize) => Ok(n as usize),
        (None, n) if n >= 0 => Ok(n as usize),
        _ => Err(bad()),
    };
    one(t.dtype, want.iter().enumerate().map(axis).collect::<Result<Vec<_>>>()?)
}

/// `cat(tensors, dim)`.
pub fn cat(c: &Call<'_>) -> Types {
    let list = c.list(0);
    let Some(first) = list.first() else {
        return Err(c.fault(Code::BadArgument, "needs at least one tensor"));
    };
    let dim = c.dim(1, first.rank())?;
    if first.rank() == 0 {
        let diagnostic = c.fault(Code::ShapeMismatch, "0-d tensors cannot be joined");
        return Err(diagnostic.help("`stack` makes a new axis"));
    }
    let mut out = (*first).clone();
    for t in &list[1..] {
        let same = t.rank() == out.rank() && (0..t.rank()).all(|i| i == dim || t.shape[i] == out.shape[i]);
        if !same {
            let message = format!("shapes {:?} and {:?} differ off dim {dim}", first.shape, t.shape);
            return Err(c.fault(Code::ShapeMismatch, message));
        }
        out.shape[dim] = out.shape[dim].saturating_add(t.shape[dim]);
        out.dtype = out.dtype.promote(t.dtype);
    }
    Ok(vec![out])
}

/// `stack(tensors, dim)`.
pub fn stack(c: &Call<'_>) -> Types {
    let list = c.list(0);
    let Some(first) = list.first() else {
        return Err(c.fault(Code::BadArgument, "needs at least one tensor"));
    };
    if let Some(t) = list.iter().find(|t| t.shape != first.shape) {
        let message = format!("shapes {:?} and {:?} differ", first.shape, t.shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    let dim = c.dim(1, first.rank() + 1)?;
    let mut shape = first.shape.clone();
    shape.insert(dim, list.len());
    one(list.iter().fold(first.dtype, |d, t| d.promote(t.dtype)), shape)
}
