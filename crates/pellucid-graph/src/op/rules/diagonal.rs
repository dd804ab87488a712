//! Triangles and diagonals of the matrices in a tensor.

use super::{Types, one, same};
use crate::op::Call;
use crate::{Code, Result, TensorType};

/// `tril(input, diagonal)`, `triu`: the last two axes are the matrix.
pub fn triangle(c: &Call<'_>) -> Types {
    match c.ty(0).rank() {
        0 | 1 => Err(c.fault(Code::ShapeMismatch, format!("needs at least two axes, got {}", c.ty(0)))),
        _ => same(c),
    }
}

/// `diag(input, diagonal)`: a vector becomes a matrix, a matrix gives a vector.
pub fn diag(c: &Call<'_>) -> Types {
    let (t, offset) = (c.ty(0), c.int(1).unwrap_or(0));
    match t.shape[..] {
        [n] => {
            let side = n.saturating_add(usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX));
            one(t.dtype, [side, side])
        }
        [rows, columns] => one(t.dtype, [diagonal_length(rows, columns, offset)]),
        _ => {
            let diagnostic = c.fault(Code::ShapeMismatch, format!("needs one axis or two, got {t}"));
            Err(diagnostic.help("`diagonal` and `diag_embed` take more axes"))
        }
    }
}

/// Elements of the diagonal `offset` places to the right of the main one.
pub fn diagonal_length(rows: usize, columns: usize, offset: i64) -> usize {
    let skip = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
    match offset >= 0 {
        true => rows.min(columns.saturating_sub(skip)),
        false => columns.min(rows.saturating_sub(skip)),
    }
}

/// `diagonal(input, offset, dim1, dim2)`: the diagonal becomes the last axis.
pub fn diagonal(c: &Call<'_>) -> Types {
    Ok(vec![diagonal_type(c, 1)?])
}

fn diagonal_type(c: &Call<'_>, i: usize) -> Result<TensorType> {
    let (t, offset) = (c.ty(0), c.int(i).unwrap_or(0));
    let (a, b) = two_axes(c, i + 1, t.rank())?;
    let mut shape: Vec<usize> = (0..t.rank()).filter(|x| ![a, b].contains(x)).map(|x| t.shape[x]).collect();
    shape.push(diagonal_length(t.shape[a], t.shape[b], offset));
    Ok(TensorType::new(t.dtype, shape))
}

/// Two different axes at positions `i` and `i + 1` of a tensor that has at least two.
fn two_axes(c: &Call<'_>, i: usize, rank: usize) -> Result<(usize, usize)> {
    if rank < 2 {
        return Err(c.fault(Code::ShapeMismatch, format!("needs at least two axes, got {}", c.ty(0))));
    }
    let (a, b) = (c.dim(i, rank)?, c.dim(i + 1, rank)?);
    match a == b {
        false => Ok((a, b)),
        true => Err(c.fault(Code::BadArgument, format!("`dim1` and `dim2` are both axis {a}"))),
    }
}

/// `diagonal_scatter(input, src, offset, dim1, dim2)`.
pub fn diagonal_scatter(c: &Call<'_>) -> Types {
    let place = diagonal_type(c, 2)?;
    if c.ty(1).shape != place.shape {
        let message = format!("`src` has shape {:?}, the diagonal {:?}", c.ty(1).shape, place.shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    same(c)
}

/// `diag_embed(input, offset, dim1, dim2)`: the last axis becomes a diagonal of two new ones.
pub fn diag_embed(c: &Call<'_>) -> Types {
    let (t, offset) = (c.ty(0), c.int(1).unwrap_or(0));
    let Some((n, rest)) = t.shape.split_last() else {
        return Err(c.fault(Code::ShapeMismatch, "needs at least one axis, got a 0-d tensor"));
    };
    let (a, b) = two_axes(c, 2, t.rank() + 1)?;
    let side = n.saturating_add(usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX));
    let mut shape = rest.to_vec();
    shape.insert(a.min(b), side);
    shape.insert(a.max(b), side);
    one(t.dtype, shape)
}
