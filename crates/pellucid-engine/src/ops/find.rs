//! Where elements are not zero: results whose length only the elements say.

use pellucid_graph::DType;

use super::Out;
use super::cast::cast;
use super::dispatch::each_stored;
use super::inputs::Inputs;
use super::walk::{Walk, broadcast_strides};
use crate::tensor::Tensor;

pub fn nonzero(x: &Inputs<'_>) -> Out {
    let t = x.tensor(0);
    let (axes, n) = positions_of(t);
    let rows = (0..n).flat_map(|i| axes.iter().map(move |axis| axis[i])).collect::<Vec<i64>>();
    Ok(vec![Tensor::new(rows, [n, axes.len()])])
}

/// The positions of elements that are not zero, one list for each axis, and their number.
pub fn positions_of(t: &Tensor) -> (Vec<Vec<i64>>, usize) {
    let truths = cast(t, DType::Bool);
    let held: Vec<usize> = (0..t.numel()).filter(|i| truths.slice::<u8>()[*i] != 0).collect();
    let mut width = t.numel();
    let axis = |&length: &usize| {
        width = width.checked_div(length).unwrap_or(0);
        held.iter().map(|i| (i / width.max(1) % length) as i64).collect()
    };
    (t.shape().iter().map(axis).collect(), held.len())
}

pub fn masked_select(x: &Inputs<'_>) -> Out {
    let (t, mask) = (x.tensor(0), x.tensor(1));
    let Some(shape) = pellucid_graph::shape::broadcast(t.shape(), mask.shape()) else {
        return Err(crate::Error::internal("a mask does not broadcast"));
    };
    let walk = Walk::new(&shape, [t, mask].map(|t| broadcast_strides(t.shape(), &shape)));
    each_stored!(t.dtype(), T => {
        let (data, mask) = (t.slice::<T>(), mask.slice::<u8>());
        let mut out: Vec<T> = Vec::new();
        walk.runs(|[d, m], [dd, dm], n| {
            out.extend((0..n).filter(|k| mask[m + k * dm] != 0).map(|k| data[d + k * dd]));
        });
        let n = out.len();
        Ok(vec![cast(&Tensor::new(out, [n]), t.dtype())])
    })
}
