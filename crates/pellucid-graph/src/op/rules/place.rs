//! Taking and writing places.

use super::fits::number_fits;
use super::scatter::{index_beside, integers};
use super::{Types, one, same};
use crate::op::{Arg, Call, IndexItem, Operand, ResolvedIndex, resolve_index};
use crate::shape::broadcast;
use crate::{Code, Result, TensorType};

/// `index(input, index)`: what stands between brackets.
pub fn index(c: &Call<'_>) -> Types {
    let index = resolved(c)?;
    let t = TensorType::new(c.ty(0).dtype, index.shape);
    Ok(vec![match index.open {
        Some(axis) => t.opened(axis),
        None => t,
    }])
}

fn index_items<'a>(c: &'a Call<'_>) -> &'a [IndexItem] {
    match &c.args[1] {
        Arg::Index(items) => items,
        _ => &[],
    }
}

fn resolved(c: &Call<'_>) -> Result<ResolvedIndex> {
    resolve_index(index_items(c), &c.ty(0).shape, |v| c.type_of(v))
}

/// `set_index(input, index, value)`: the value broadcasts to what the index takes.
pub fn set_index(c: &Call<'_>) -> Types {
    let (t, index) = (c.ty(0), resolved(c)?);
    let place = &index.shape;
    number_fits(c, 2, t.dtype)?;
    match c.operand(2) {
        Operand::Tensor(v) if !fits(&v.shape, place, index.open) => {
            let place =
                TensorType { shape: place.clone(), open: index.open.map_or(0, |a| 1 << a), ..t.clone() };
            let message =
                format!("a value of shape {:?} does not fit the place of shape {}", v.shape, place.lengths());
            Err(c.fault(Code::ShapeMismatch, message))
        }
        _ => same(c),
    }
}

/// Whether a value broadcasts to a place; on an open axis every length up to the longest may.
fn fits(value: &[usize], place: &[usize], open: Option<usize>) -> bool {
    let mut value = leading_ones_dropped(value, place.len());
    let missing = place.len().saturating_sub(value.len());
    if let Some(axis) = open
        && let Some(n) = axis.checked_sub(missing).and_then(|a| value.get_mut(a))
        && *n <= place[axis]
    {
        *n = 1;
    }
    broadcast(place, &value).as_deref() == Some(place)
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
    index_beside(c, 2, dim, &[t])?;
    one(t.dtype, i.shape.clone())
}

/// `index_select(input, dim, index)`.
pub fn index_select(c: &Call<'_>) -> Types {
    let (t, i) = (c.ty(0), c.ty(2));
    let dim = c.dim(1, t.rank())?;
    integers(c, 2)?;
    if i.rank() > 1 {
        return Err(c.fault(Code::ShapeMismatch, format!("`index` must have at most one axis, got {i}")));
    }
    let mut shape = t.shape.clone();
    if !shape.is_empty() {
        shape[dim] = i.shape.first().copied().unwrap_or(1);
    }
    one(t.dtype, shape)
}
