//! Products of vectors, matrices and broadcast batches of matrices.
//!
//! Every element of a product is summed in the order of the inner axis, whatever the other lengths:
//! a row's result does not depend on how many rows are multiplied with it. Half precision is
//! multiplied and summed in f32 and rounded once.

use super::Out;
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
    each_compute!(dtype, C => x.one(product::<C>(&a, &b)))
}

fn product<C: Compute>(a: &Tensor, b: &Tensor) -> Vec<C> {
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
    let size = Size { m, k, n };
    let mut out = vec![C::default(); batch.iter().product::<usize>() * m * n];
    let (a, b) = (a.slice::<C>(), b.slice::<C>());
    let mut done = 0;
    let strides = [broadcast_strides(a_batch, &batch), broadcast_strides(b_batch, &batch)];
    Walk::new(&batch, strides).runs(|[i, j], [s, t], count| {
        for c in 0..count {
            let (i, j) = ((i + c * s) * m * k, (j + c * t) * k * n);
            size.multiply(&a[i..i + m * k], &b[j..j + k * n], &mut out[done..done + m * n]);
            done += m * n;
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
    /// Adds the product to `out`, block by block of the right matrix.
    fn multiply<C: Compute>(self, a: &[C], b: &[C], out: &mut [C]) {
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
        let (m, k, n) = (5, 131, 300);
        let wave = |len: usize, f: f32| (0..len).map(|i| (i as f32 * f).sin()).collect::<Vec<_>>();
        let (a, b) = (wave(m * k, 0.37), wave(k * n, 0.11));
        let b = Tensor::new(b, [k, n]);
        let all = product::<f32>(&Tensor::new(a.clone(), [m, k]), &b);
        for i in 0..m {
            let row = Tensor::new(a[i * k..(i + 1) * k].to_vec(), [1, k]);
            assert_eq!(product::<f32>(&row, &b), &all[i * n..(i + 1) * n], "row {i}");
        }
    }
}
