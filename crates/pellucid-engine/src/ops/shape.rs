//! The same elements under other shapes: free where order stays, strided copies where it does not.

use super::Out;
use super::cast::cast;
use super::dispatch::each_stored;
use super::inputs::Inputs;
use super::walk::{Walk, broadcast_strides, strides};
use crate::tensor::Tensor;

/// `reshape`, `flatten`, `unsqueeze`, `squeeze`: the rule has found the shape.
pub fn reshape(x: &Inputs<'_>) -> Out {
    Ok(vec![x.tensor(0).clone().reshaped(x.out[0].shape.clone())])
}

pub fn permute(x: &Inputs<'_>) -> Out {
    let t = x.tensor(0);
    let rank = t.shape().len();
    let dims = x.call.ints(1).unwrap_or_default();
    let axes = dims.iter().map(|d| x.call.axis(*d, rank)).collect::<Result<Vec<_>, _>>()?;
    Ok(vec![permuted(t, &axes)])
}

pub fn transpose(x: &Inputs<'_>) -> Out {
    let t = x.tensor(0);
    let rank = t.shape().len();
    let mut axes: Vec<usize> = (0..rank).collect();
    if rank > 0 {
        axes.swap(x.axis(1, rank)?, x.axis(2, rank)?);
    }
    Ok(vec![permuted(t, &axes)])
}

pub fn expand(x: &Inputs<'_>) -> Out {
    Ok(vec![broadcast_to(x.tensor(0), &x.out[0].shape)])
}

pub fn cat(x: &Inputs<'_>) -> Out {
    let dim = x.axis(1, x.out[0].shape.len())?;
    Ok(vec![joined(x, &x.list(0), dim)])
}

/// Stacking is joining along axes of length 1, whatever the shape says.
pub fn stack(x: &Inputs<'_>) -> Out {
    let dim = x.axis(1, x.out[0].shape.len())?;
    Ok(vec![joined(x, &x.list(0), dim)])
}

/// Lays what each tensor holds from `dim` on side by side, for every position of the axes before.
fn joined(x: &Inputs<'_>, list: &[&Tensor], dim: usize) -> Tensor {
    let ty = &x.out[0];
    let outer: usize = ty.shape[..dim].iter().product();
    let parts: Vec<Tensor> = list.iter().map(|t| cast(t, ty.dtype)).collect();
    each_stored!(ty.dtype, T => {
        let mut out: Vec<T> = Vec::with_capacity(ty.shape.iter().product());
        for i in 0..outer {
            for part in &parts {
                let width: usize = part.shape()[dim..].iter().product();
                out.extend_from_slice(&part.slice::<T>()[i * width..(i + 1) * width]);
            }
        }
        x.result(0, out)
    })
}

/// The tensor with its axes in another order; shares memory when only axes of length 1 move.
pub fn permuted(t: &Tensor, axes: &[usize]) -> Tensor {
    let own = strides(t.shape());
    let shape: Vec<usize> = axes.iter().map(|&a| t.shape()[a]).collect();
    let long = axes.iter().filter(|&&a| t.shape()[a] != 1);
    if long.is_sorted() {
        return t.clone().reshaped(shape);
    }
    strided(t, 0, &shape, axes.iter().map(|&a| own[a]).collect())
}

/// The tensor repeated along axes of length 1 and new leading axes.
pub fn broadcast_to(t: &Tensor, shape: &[usize]) -> Tensor {
    if t.shape() == shape {
        return t.clone();
    }
    strided(t, 0, shape, broadcast_strides(t.shape(), shape))
}

/// A dense copy of the elements at `start` plus multiples of the strides.
pub fn strided(t: &Tensor, start: usize, shape: &[usize], strides: Vec<usize>) -> Tensor {
    let walk = Walk::new(shape, [strides]);
    let copy = each_stored!(t.dtype(), T => {
        let data = t.slice::<T>();
        let mut out: Vec<T> = Vec::with_capacity(shape.iter().product());
        walk.runs(|[at], [step], n| match (start + at, step) {
            (at, 0) => out.resize(out.len() + n, data[at]),
            (at, 1) => out.extend_from_slice(&data[at..at + n]),
            (at, step) => out.extend(data[at..].iter().step_by(step).take(n)),
        });
        Tensor::new(out, shape)
    });
    cast(&copy, t.dtype())
}
