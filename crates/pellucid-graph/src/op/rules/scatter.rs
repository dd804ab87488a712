//! Writing elements and slices to the positions that an integer tensor gives.

use super::{Types, one, same};
use crate::op::{Arg, Call, Operand};
use crate::shape::broadcast;
use crate::{Code, DType, Result, TensorType};

/// `scatter(input, dim, index, src)`: `src` may be a number.
pub fn scatter(c: &Call<'_>) -> Types {
    if let Operand::Tensor(src) = c.operand(3) {
        return scatter_from(c, src);
    }
    let t = c.ty(0);
    let dim = c.dim(1, t.rank())?;
    index_beside(c, 2, dim, &[t])?;
    same(c)
}

/// `scatter_add(input, dim, index, src)`, `scatter_reduce`.
pub fn scatter_tensor(c: &Call<'_>) -> Types {
    scatter_from(c, c.ty(3))
}

fn scatter_from(c: &Call<'_>, src: &TensorType) -> Types {
    let t = c.ty(0);
    let dim = c.dim(1, t.rank())?;
    same_dtype(c, 3, src)?;
    index_beside(c, 2, dim, &[t, src])?;
    same(c)
}

/// An index has the axes of the tensor it goes into or comes from, none longer but along `dim`; of
/// further tensors no axis is shorter. An index without elements fits everything.
pub(super) fn index_beside(c: &Call<'_>, i: usize, dim: usize, tensors: &[&TensorType]) -> Result<()> {
    let index = c.ty(i);
    integers(c, i)?;
    if index.numel() == Some(0) {
        return Ok(());
    }
    let shape = |t: &TensorType| if t.rank() == 0 { vec![1] } else { t.shape.clone() };
    let own = shape(index);
    for (k, t) in tensors.iter().enumerate() {
        let other = shape(t);
        let fits = |a: usize| own[a] <= other[a] || (k == 0 && a == dim);
        if own.len() != other.len() || !(0..own.len()).all(fits) {
            let message = format!("an index of shape {:?} does not fit shape {:?}", index.shape, t.shape);
            return Err(c.fault(Code::ShapeMismatch, message));
        }
    }
    Ok(())
}

/// Positions are i32 or i64.
pub(super) fn integers(c: &Call<'_>, i: usize) -> Result<()> {
    match c.ty(i).dtype {
        DType::I32 | DType::I64 => Ok(()),
        _ => {
            let message = format!("`{}` must be i32 or i64, got {}", c.def.params[i].name, c.ty(i));
            Err(c.fault(Code::DTypeMismatch, message))
        }
    }
}

fn long(c: &Call<'_>, i: usize) -> Result<()> {
    match c.ty(i).dtype {
        DType::I64 => Ok(()),
        _ => {
            let message = format!("`{}` must be i64, got {}", c.def.params[i].name, c.ty(i));
            Err(c.fault(Code::DTypeMismatch, message).help("`.long()` converts"))
        }
    }
}

fn same_dtype(c: &Call<'_>, i: usize, got: &TensorType) -> Result<()> {
    match got.dtype == c.ty(0).dtype {
        true => Ok(()),
        false => {
            let name = c.def.params[i].name;
            let message = format!("`{name}` must be {} as `input`, got {got}", c.ty(0).dtype);
            Err(c.fault(Code::DTypeMismatch, message).help("`.to(...)` converts"))
        }
    }
}

/// `index_add(input, dim, index, source, alpha)`.
pub fn index_add(c: &Call<'_>) -> Types {
    integers(c, 2)?;
    slices_fit(c)?;
    if c.ty(0).rank() == 0 && c.ty(3).rank() > 0 {
        return Err(c.fault(Code::ShapeMismatch, format!("`source` must be 0-d as `input`, got {}", c.ty(3))));
    }
    same(c)
}

/// `index_copy(input, dim, index, source)`: one slice may come without its axis of length 1.
pub fn index_copy(c: &Call<'_>) -> Types {
    long(c, 2)?;
    let (t, index, source) = (c.ty(0), c.ty(2), c.ty(3));
    c.dim(1, t.rank())?;
    let vector = index.rank() <= 1;
    if vector && source.rank() == 0 && t.rank() <= 1 && index.numel() == Some(1) {
        same_dtype(c, 3, source)?;
        return same(c);
    }
    slices_fit(c)?;
    same(c)
}

/// One slice of `source` for every position, all else as in `input`.
fn slices_fit(c: &Call<'_>) -> Result<()> {
    let (t, index, source) = (c.ty(0), c.ty(2), c.ty(3));
    let dim = c.dim(1, t.rank())?;
    same_dtype(c, 3, source)?;
    vector(c, 2)?;
    let n = index.numel().unwrap_or(0);
    let shape = |t: &TensorType| if t.rank() == 0 { vec![1] } else { t.shape.clone() };
    let (mut want, got) = (shape(t), shape(source));
    want[dim] = n;
    let scalars = t.rank() == 0 || source.rank() > 0;
    if got != want || !scalars {
        let message = format!("`source` has shape {:?}, {n} positions of {t} need {want:?}", source.shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    Ok(())
}

fn vector(c: &Call<'_>, i: usize) -> Result<()> {
    match c.ty(i).rank() {
        0 | 1 => Ok(()),
        _ => {
            let message = format!("`{}` must have at most one axis, got {}", c.def.params[i].name, c.ty(i));
            Err(c.fault(Code::ShapeMismatch, message))
        }
    }
}

/// `index_fill(input, dim, index, value)`.
pub fn index_fill(c: &Call<'_>) -> Types {
    c.dim(1, c.ty(0).rank())?;
    long(c, 2)?;
    vector(c, 2)?;
    super::elementwise::scalar_operand(c, 3)?;
    same(c)
}

/// `masked_scatter(input, mask, source)`: input and mask broadcast.
pub fn masked_scatter(c: &Call<'_>) -> Types {
    let (t, mask) = (c.ty(0), c.ty(1));
    mask_is_bool(c, 1)?;
    same_dtype(c, 2, c.ty(2))?;
    one(t.dtype, together(c, t, mask)?)
}

/// The shape that a tensor and its mask broadcast to.
pub(super) fn together(c: &Call<'_>, t: &TensorType, mask: &TensorType) -> Result<Vec<usize>> {
    broadcast(&t.shape, &mask.shape).ok_or_else(|| {
        let message = format!("shapes {:?} and {:?} do not broadcast", t.shape, mask.shape);
        c.fault(Code::ShapeMismatch, message)
    })
}

/// Masks are bool.
pub(super) fn mask_is_bool(c: &Call<'_>, i: usize) -> Result<()> {
    match c.ty(i).dtype {
        DType::Bool => Ok(()),
        _ => {
            let diagnostic = c.fault(Code::DTypeMismatch, format!("`mask` must be bool, got {}", c.ty(i)));
            Err(diagnostic.help("`mask != 0` or `.bool()` makes it so"))
        }
    }
}

/// `put(input, index, source, accumulate)`: positions of the flattened tensor.
pub fn put(c: &Call<'_>) -> Types {
    long(c, 1)?;
    same_dtype(c, 2, c.ty(2))?;
    if c.ty(1).numel() != c.ty(2).numel() {
        let message =
            format!("`index` and `source` must have as many elements, got {} and {}", c.ty(1), c.ty(2));
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    some_elements(c, 1)?;
    same(c)
}

/// `take(input, index)`: positions of the flattened tensor.
pub fn take(c: &Call<'_>) -> Types {
    long(c, 1)?;
    some_elements(c, 1)?;
    one(c.ty(0).dtype, c.ty(1).shape.clone())
}

fn some_elements(c: &Call<'_>, i: usize) -> Result<()> {
    match c.ty(0).numel() == Some(0) && c.ty(i).numel() != Some(0) {
        true => Err(c.fault(Code::IndexOutOfRange, format!("{} has no elements to point at", c.ty(0)))),
        false => Ok(()),
    }
}

/// `take_along_dim(input, indices, dim)`: off the axis both broadcast; without one both are flattened
/// and positions count from the front.
pub fn take_along_dim(c: &Call<'_>) -> Types {
    let (t, index) = (c.ty(0), c.ty(1));
    integers(c, 1)?;
    if c.args[2] == Arg::None {
        some_elements(c, 1)?;
        return one(t.dtype, [index.numel().unwrap_or(usize::MAX)]);
    }
    long(c, 1)?;
    let dim = super::view::axis_of(c, 2)?;
    if t.rank() != index.rank() {
        let message = format!("`indices` must have {} axes as `input`, got {index}", t.rank());
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    let (mut a, mut b) = (t.shape.clone(), index.shape.clone());
    let length = std::mem::replace(&mut b[dim], 1);
    a[dim] = 1;
    let mut shape = broadcast(&a, &b).ok_or_else(|| {
        let message = format!("shapes {:?} and {:?} do not broadcast off dim {dim}", t.shape, index.shape);
        c.fault(Code::ShapeMismatch, message)
    })?;
    shape[dim] = length;
    one(t.dtype, shape)
}
