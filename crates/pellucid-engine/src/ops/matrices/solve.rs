//! Determinants, inverses and solutions by the LU factorization.

use pellucid_graph::Code;
use pellucid_graph::op::holds_vectors;
use pellucid_kernels::{Factored, Triangle, triangular_solve};

use super::{Batch, Error, Inputs, Out, Tensor, item, transposed};
use crate::ops::shape::broadcast_to;

pub fn inv(x: &Inputs<'_>) -> Out {
    x.one(inverses(x, &Batch::of(x.tensor(0)))?)
}

pub fn inverses(x: &Inputs<'_>, a: &Batch) -> Result<Vec<f64>, Error> {
    let identity: Vec<f64> = (0..a.n * a.n).map(|i| f64::from(u8::from(i % (a.n + 1) == 0))).collect();
    let mut out = Vec::new();
    for (i, matrix) in a.iter().enumerate() {
        out.extend(factored(x, a, i, matrix)?.solve(&identity, a.n));
    }
    Ok(out)
}

/// Factors a matrix that must not be singular.
fn factored(x: &Inputs<'_>, a: &Batch, i: usize, matrix: &[f64]) -> Result<Factored, Error> {
    let found = Factored::new(matrix, a.n);
    match found.zero_pivot() {
        None => Ok(found),
        Some(at) => {
            let message = format!("{} is singular: diagonal element {at} of its factor is zero", item(a, i));
            Err(x
                .call
                .fault(Code::BadArgument, message)
                .help("`linalg.pinv` and `linalg.lstsq` take any matrix")
                .into())
        }
    }
}

pub fn det(x: &Inputs<'_>) -> Out {
    let a = Batch::of(x.tensor(0));
    let det = |m: &[f64]| match Factored::new(m, a.n).determinant() {
        (0.0, _) => 0.0,
        (sign, pivots) => pivots.iter().fold(sign, |product, p| product * p.abs()),
    };
    x.one(a.iter().map(det).collect())
}

/// The sign of a determinant that is NaN is 0, as in PyTorch.
pub fn slogdet(x: &Inputs<'_>) -> Out {
    let a = Batch::of(x.tensor(0));
    let slogdet = |m: &[f64]| match Factored::new(m, a.n).determinant() {
        (0.0, _) => (0.0, f64::NEG_INFINITY),
        (sign, pivots) => {
            let log: f64 = pivots.iter().map(|p| p.abs().ln()).sum();
            (if log.is_nan() { 0.0 } else { sign }, log)
        }
    };
    let (signs, logs): (Vec<_>, Vec<_>) = a.iter().map(slogdet).unzip();
    Ok(vec![x.result(0, signs), x.result(1, logs)])
}

pub fn solve(x: &Inputs<'_>) -> Out {
    let (a, b) = (x.tensor(0), x.tensor(1));
    let vectors = holds_vectors(&a.ty(), &b.ty());
    let (a, b) = broadcast_batches(x, a, b, vectors);
    let left = x.call.flag(2) || vectors;
    let mut out = Vec::new();
    for (i, matrix) in a.iter().enumerate() {
        out.extend(match left {
            true => factored(x, &a, i, matrix)?.solve(b.matrix(i), b.n),
            false => {
                let turned = transposed(b.matrix(i), b.m, b.n);
                let turned = factored(x, &a, i, &transposed(matrix, a.n, a.n))?.solve(&turned, b.m);
                transposed(&turned, b.n, b.m)
            }
        });
    }
    x.one(out)
}

pub fn solve_triangular(x: &Inputs<'_>) -> Out {
    let (a, b) = broadcast_batches(x, x.tensor(0), x.tensor(1), false);
    let triangle = Triangle { upper: x.call.flag(2), unit: x.call.flag(4) };
    let solve = |i: usize| match x.call.flag(3) {
        true => triangular_solve(a.matrix(i), a.n, triangle, b.matrix(i), b.n),
        false => {
            let turned = Triangle { upper: !triangle.upper, ..triangle };
            let (a_t, b_t) = (transposed(a.matrix(i), a.n, a.n), transposed(b.matrix(i), b.m, b.n));
            transposed(&triangular_solve(&a_t, a.n, turned, &b_t, b.m), b.n, b.m)
        }
    };
    x.one((0..a.len()).flat_map(solve).collect())
}

/// Both operands of an equation with the batch that they share; vectors as matrices of one column.
pub fn broadcast_batches(x: &Inputs<'_>, a: &Tensor, b: &Tensor, vectors: bool) -> (Batch, Batch) {
    let rank = x.out[0].shape.len() - if vectors { 1 } else { 2 };
    let batch = &x.out[0].shape[..rank];
    let columns = if vectors { [b.shape(), &[1]].concat() } else { b.shape().to_vec() };
    let b = b.clone().reshaped(columns);
    let expand = |t: &Tensor| broadcast_to(t, &[batch, &t.shape()[t.shape().len() - 2..]].concat());
    (Batch::of(&expand(a)), Batch::of(&expand(&b)))
}
