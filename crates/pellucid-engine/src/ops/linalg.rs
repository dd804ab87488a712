//! Products of vectors, matrices and broadcast batches of matrices.
//!
//! Every element of a product is summed in the order of the inner axis, whatever the other lengths:
//! a row's result does not depend on how many rows are multiplied with it. Half precision is
//! multiplied and summed in f32 and rounded once. f32 goes to the packed kernels.

use pellucid_graph::DType;

use super::Out;
use super::cast::cast;
use super::compute::Compute;
use super::dispatch::each_compute;
use super::inputs::{Inputs, Scalars};
use super::walk::{Walk, broadcast_strides};
use crate::tensor::Tensor;

/// Columns of the right matrix that are worked on together: 1 kB rows of them stay in the first cache.
const COLUMNS: usize = 256;
/// Rows of the right matrix that are worked on together.
const INNER: usize = 64;

pub fn matmul(x: &Inputs<'_>) -> Out {
    let dtype = x.out[0].dtype;
    let (a, b) = (x.operand(0, dtype, Scalars::Rounded), x.operand(1, dtype, Scalars::Rounded));
    Ok(vec![cast(&product(&a, &b).reshaped(x.out[0].shape.clone()), dtype)])
}

/// The product of two tensors of the type that they are computed in, as `matmul` takes them.
pub fn product(a: &Tensor, b: &Tensor) -> Tensor {
    let (a_batch, m, k) = match a.shape() {
        [k] => (&[][..], 1, *k),
        [batch @ .., m, k] => (batch, *m, *k),
        [] => (&[][..], 1, 1),
    };
    let (b_batch, n) = match b.shape() {
        [batch @ .., _, n] => (batch, *n),
        _ => (&[][..], 1),
    };
    let batch = pellucid_graph::shape::broadcast(a_batch, b_batch).unwrap_or_default();
    let shape = [batch.as_slice(), &[m, n]].concat();
    let size = Size { m, k, n };
    if b_batch.iter().all(|n| *n == 1) {
        // One right matrix for all: the batch is just more rows.
        let rows = Size { m: batch.iter().product::<usize>() * m, ..size };
        return rows.multiply(a, 0, b, 0).reshaped(shape);
    }
    each_compute!(a.dtype(), C => Tensor::new(batched::<C>(size, &batch, (a, a_batch), (b, b_batch)), shape))
}

fn batched<C: Compute>(
    size: Size,
    batch: &[usize],
    (a, a_batch): (&Tensor, &[usize]),
    (b, b_batch): (&Tensor, &[usize]),
) -> Vec<C> {
    let mut out = Vec::with_capacity(batch.iter().product::<usize>() * size.m * size.n);
    let strides = [broadcast_strides(a_batch, batch), broadcast_strides(b_batch, batch)];
    Walk::new(batch, strides).runs(|[i, j], [s, t], count| {
        for c in 0..count {
            out.extend_from_slice(size.multiply(a, i + c * s, b, j + c * t).slice::<C>());
        }
    });
    out
}

/// `[m, k]` times `[k, n]`.
#[derive(Clone, Copy)]
struct Size {
    m: usize,
    k: usize,
    n: usize,
}

impl Size {
    /// The product of matrix `i` of `a` and matrix `j` of `b`, `[m, n]`.
    fn multiply(self, a: &Tensor, i: usize, b: &Tensor, j: usize) -> Tensor {
        let (i, j) = (i * self.m * self.k, j * self.k * self.n);
        match a.dtype() {
            DType::F32 => {
                let (a, b) = (&a.f32s()[i..][..self.m * self.k], &b.f32s()[j..][..self.k * self.n]);
                let mut out = vec![0.0; self.m * self.n];
                pellucid_kernels::matmul(a, b, self.k, self.n, &mut out);
                Tensor::new(out, [self.m, self.n])
            }
            other => each_compute!(other, C => {
                let (a, b) = (&a.slice::<C>()[i..][..self.m * self.k], &b.slice::<C>()[j..][..self.k * self.n]);
                let mut out = vec![C::default(); self.m * self.n];
                self.add(a, b, &mut out);
                Tensor::new(out, [self.m, self.n])
            }),
        }
    }

    /// Adds the product to `out`, block by block of the right matrix.
    fn add<C: Compute>(self, a: &[C], b: &[C], out: &mut [C]) {
        for columns in (0..self.n).step_by(COLUMNS) {
            let width = COLUMNS.min(self.n - columns);
            for start in (0..self.k).step_by(INNER) {
                let inner = start..self.k.min(start + INNER);
                for i in 0..self.m {
                    let row = &mut out[i * self.n + columns..][..width];
                    self.add_rows(&a[i * self.k..][inner.clone()], &b[start * self.n + columns..], row);
                }
            }
        }
    }

    /// Adds `a[p]` times row p of `b` to `row` for each p in order, four at a time to spare loads.
    fn add_rows<C: Compute>(self, a: &[C], b: &[C], row: &mut [C]) {
        let width = row.len();
        let line = |p: usize| &b[p * self.n..][..width];
        let fours = a.len() / 4 * 4;
        for p in (0..fours).step_by(4) {
            let (w, x, y, z) = (line(p), line(p + 1), line(p + 2), line(p + 3));
            for (j, sum) in row.iter_mut().enumerate() {
                let two = sum.plus(a[p].times(w[j])).plus(a[p + 1].times(x[j]));
                *sum = two.plus(a[p + 2].times(y[j])).plus(a[p + 3].times(z[j]));
            }
        }
        for (p, x) in a.iter().enumerate().skip(fours) {
            let w = line(p);
            row.iter_mut().zip(w).for_each(|(sum, w)| *sum = sum.plus(x.times(*w)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_does_not_depend_on_its_neighbours() {
        let (m, k, n) = (20, 131, 300);
        let wave = |len: usize, f: f64| (0..len).map(|i| (i as f64 * f).sin()).collect::<Vec<_>>();
        for dtype in [DType::F32, DType::F64] {
            let a = cast(&Tensor::new(wave(m * k, 0.37), [m, k]), dtype);
            let b = cast(&Tensor::new(wave(k * n, 0.11), [k, n]), dtype);
            let all = product(&a, &b);
            for i in 0..m {
                assert!(product(&a.rows(i, 1), &b).same_bits(&all.rows(i, 1)), "row {i} of {dtype}");
            }
        }
    }
}
