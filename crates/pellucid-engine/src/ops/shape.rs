//! The same elements under other shapes: free where order stays, strided copies where it does not.

use pellucid_graph::DType;

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
    Ok(vec![joined(&x.list(0), dim, x.out[0].dtype).reshaped(x.out[0].shape.clone())])
}

/// Stacking is joining along axes of length 1, whatever the shape says.
pub fn stack(x: &Inputs<'_>) -> Out {
    let dim = x.axis(1, x.out[0].shape.len())?;
    Ok(vec![joined(&x.list(0), dim, x.out[0].dtype).reshaped(x.out[0].shape.clone())])
}

/// Lays what each tensor holds from `dim` on side by side, for every position of the axes before; the
/// result has the first tensor's shape but for the length of `dim`, if it has such an axis.
pub fn joined(list: &[&Tensor], dim: usize, dtype: DType) -> Tensor {
    let mut shape = list.first().map_or(Vec::new(), |t| t.shape().to_vec());
    let outer: usize = shape[..dim].iter().product();
    match shape.get_mut(dim) {
        Some(n) => *n = list.iter().map(|t| t.shape()[dim]).sum(),
        None => shape.push(list.len()),
    }
    let parts: Vec<Tensor> = list.iter().map(|t| cast(t, dtype)).collect();
    let joined = each_stored!(dtype, T => {
        let mut out: Vec<T> = Vec::with_capacity(shape.iter().product());
        for i in 0..outer {
            for part in &parts {
                let width: usize = part.shape()[dim..].iter().product();
                out.extend_from_slice(&part.slice::<T>()[i * width..(i + 1) * width]);
            }
        }
        Tensor::new(out, shape)
    });
    cast(&joined, dtype)
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
