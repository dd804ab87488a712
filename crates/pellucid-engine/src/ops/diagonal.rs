//! Triangles and diagonals of the matrices in a tensor.

use super::Out;
use super::cast::cast;
use super::dispatch::each_stored;
use super::inputs::Inputs;
use super::shape::strided;
use super::walk::{Walk, strides};
use crate::tensor::{Element, Tensor};

pub fn tril(x: &Inputs<'_>) -> Out {
    triangle(x, |row, column, offset| column - row <= offset)
}

pub fn triu(x: &Inputs<'_>) -> Out {
    triangle(x, |row, column, offset| column - row >= offset)
}

fn triangle(x: &Inputs<'_>, keep: impl Fn(i64, i64, i64) -> bool) -> Out {
    let (mut out, offset) = (x.tensor(0).clone(), x.call.int(1).unwrap_or(0));
    let [.., rows, columns] = *x.tensor(0).shape() else { return Ok(vec![out]) };
    each_stored!(out.dtype(), T => {
        for (i, element) in out.make_mut::<T>().iter_mut().enumerate() {
            if !keep((i / columns % rows) as i64, (i % columns) as i64, offset) {
                *element = zero();
            }
        }
    });
    Ok(vec![out])
}

fn zero<T: Element>() -> T {
    T::zeroed()
}

pub fn diagonal(x: &Inputs<'_>) -> Out {
    let (start, steps) = place(x, x.tensor(0).shape(), 1, &x.out[0].shape)?;
    Ok(vec![strided(x.tensor(0), start, &x.out[0].shape, steps)])
}

/// Where a diagonal of a dense tensor starts, and its strides; parameter `i` is the offset, the two
/// axes follow.
fn place(
    x: &Inputs<'_>,
    shape: &[usize],
    i: usize,
    taken: &[usize],
) -> Result<(usize, Vec<usize>), crate::Error> {
    let (a, b) = (x.axis(i + 1, shape.len())?, x.axis(i + 2, shape.len())?);
    let (own, offset) = (strides(shape), x.call.int(i).unwrap_or(0));
    let mut steps: Vec<usize> = (0..shape.len()).filter(|s| ![a, b].contains(s)).map(|s| own[s]).collect();
    steps.push(own[a] + own[b]);
    let along = if offset < 0 { own[a] } else { own[b] };
    let start = match taken.contains(&0) {
        true => 0,
        false => offset.unsigned_abs() as usize * along,
    };
    Ok((start, steps))
}

pub fn diagonal_scatter(x: &Inputs<'_>) -> Out {
    let src = x.tensor(1);
    let (start, steps) = place(x, x.tensor(0).shape(), 2, src.shape())?;
    Ok(vec![written(x.tensor(0).clone(), src, start, steps)])
}

/// The tensor with the elements of `src` at a strided place.
fn written(mut t: Tensor, src: &Tensor, start: usize, steps: Vec<usize>) -> Tensor {
    let src = cast(src, t.dtype());
    let walk = Walk::new(src.shape(), [steps, strides(src.shape())]);
    each_stored!(t.dtype(), T => {
        let (to, from) = (t.make_mut::<T>(), src.slice::<T>());
        walk.runs(|[i, j], [di, dj], n| (0..n).for_each(|k| to[start + i + k * di] = from[j + k * dj]));
    });
    t
}

pub fn diag_embed(x: &Inputs<'_>) -> Out {
    let (t, shape) = (x.tensor(0), &x.out[0].shape);
    let (start, steps) = place(x, shape, 1, t.shape())?;
    Ok(vec![written(zeros(x, shape), t, start, steps)])
}

fn zeros(x: &Inputs<'_>, shape: &[usize]) -> Tensor {
    let t = each_stored!(x.out[0].dtype, T => Tensor::new(vec![zero::<T>(); shape.iter().product()], shape));
    cast(&t, x.out[0].dtype)
}

pub fn diag(x: &Inputs<'_>) -> Out {
    let (t, shape) = (x.tensor(0), &x.out[0].shape);
    let (offset, matrix) = (x.call.int(1).unwrap_or(0), if t.shape().len() == 1 { shape } else { t.shape() });
    let columns = matrix[1];
    let empty = t.numel() == 0 || shape.contains(&0);
    let start = match offset < 0 {
        _ if empty => 0,
        true => offset.unsigned_abs() as usize * columns,
        false => offset as usize,
    };
    Ok(vec![match t.shape().len() {
        1 => written(zeros(x, shape), t, start, vec![columns + 1]),
        _ => strided(t, start, shape, vec![columns + 1]),
    }])
}
