//! Taking and writing places.

use super::{Types, one, same};
use crate::dtype::Category;
use crate::op::{Arg, Call, IndexItem, Operand, resolve_index};
use crate::shape::broadcast;
use crate::{Code, DType, Result};

/// `index(input, index)`: what stands between brackets.
pub fn index(c: &Call<'_>) -> Types {
    one(c.ty(0).dtype, index_shape(c)?)
}

fn index_items<'a>(c: &'a Call<'_>) -> &'a [IndexItem] {
    match &c.args[1] {
        Arg::Index(items) => items,
        _ => &[],
    }
}

fn index_shape(c: &Call<'_>) -> Result<Vec<usize>> {
    resolve_index(index_items(c), &c.ty(0).shape, |v| c.type_of(v)).map(|r| r.shape)
}

/// `set_index(input, index, value)`: the value broadcasts to what the index takes.
pub fn set_index(c: &Call<'_>) -> Types {
    let (t, place) = (c.ty(0), index_shape(c)?);
    match c.operand(2) {
        Operand::Number(n) if t.dtype.category() < n && n == Category::Float => {
            let message = format!("a floating number cannot be written to {t}");
            Err(c.fault(Code::DTypeMismatch, message))
        }
        Operand::Tensor(v)
            if broadcast(&place, &leading_ones_dropped(&v.shape, place.len())) != Some(place.clone()) =>
        {
            let message = format!("a value of shape {:?} does not fit the place of shape {place:?}", v.shape);
            Err(c.fault(Code::ShapeMismatch, message))
        }
        _ => same(c),
    }
}

/// PyTorch lets a value have extra leading axes of length 1.
fn leading_ones_dropped(shape: &[usize], rank: usize) -> Vec<usize> {
    let extra = shape.len().saturating_sub(rank);
    let ones = shape.iter().take(extra).take_while(|n| **n == 1).count();
    shape[ones..].to_vec()
}

/// `gather(input, dim, index)`.
pub fn gather(c: &Call<'_>) -> Types {
    let (t, i) = (c.ty(0), c.ty(2));
    let dim = c.dim(1, t.rank())?;
    if i.dtype != DType::I64 {
        return Err(c.fault(Code::DTypeMismatch, format!("`index` must be i64, got {i}")));
    }
    let fits = i.rank() == t.rank() && (0..t.rank()).all(|a| a == dim || i.shape[a] <= t.shape[a]);
    match fits {
        true => one(t.dtype, i.shape.clone()),
        false => {
            let message = format!("an index of shape {:?} does not fit shape {:?}", i.shape, t.shape);
            Err(c.fault(Code::ShapeMismatch, message))
        }
    }
}

/// `index_select(input, dim, index)`.
pub fn index_select(c: &Call<'_>) -> Types {
    let (t, i) = (c.ty(0), c.ty(2));
    let dim = c.dim(1, t.rank())?;
    if i.dtype != DType::I64 || i.rank() > 1 {
        return Err(c.fault(Code::DTypeMismatch, format!("`index` must be i64 with one axis, got {i}")));
    }
    let mut shape = t.shape.clone();
    if !shape.is_empty() {
        shape[dim] = i.shape.first().copied().unwrap_or(1);
    }
    one(t.dtype, shape)
}
