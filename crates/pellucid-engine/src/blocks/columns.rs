//! Parts of a matrix that several projections share.

use pellucid_graph::DType;

use crate::Tensor;
use crate::grad::rowwise;

/// Columns `start..start + n` of each stretch of `every` columns of `x [.., c]`, one after the other.
/// // [.., c / every * n]
///
/// Queries of one matrix for queries, keys and values are its first third (GPT-2, `every` being all
/// columns), or the first third of each head's (GPT-NeoX).
pub fn columns(x: &Tensor, every: usize, start: usize, n: usize) -> Tensor {
    let mut shape = x.shape().to_vec();
    if let Some(c) = shape.last_mut() {
        *c = *c / every * n;
    }
    if x.is_meta() {
        return Tensor::meta(DType::F32, shape);
    }
    let mut taken = Vec::with_capacity(shape.iter().product());
    x.f32s().chunks_exact(every).for_each(|r| taken.extend_from_slice(&r[start..start + n]));
    rowwise(Tensor::new(taken, shape), n, [(x, every)], || {
        move |rows, dy| {
            let mut dx = vec![-0.0; rows.len() * every];
            let stretches = dx.chunks_exact_mut(every).zip(dy.chunks_exact(n));
            stretches.for_each(|(dx, dy)| dx[start..start + n].copy_from_slice(dy));
            Ok([dx])
        }
    })
}
