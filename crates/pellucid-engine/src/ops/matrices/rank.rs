//! What depends on which singular values count as zero: ranks, pseudoinverses, least squares.

use pellucid_graph::DType;
use pellucid_kernels::{singular_values, svd};

use super::decompose::all_singular_values;
use super::solve::broadcast_batches;
use super::{Batch, Error, Inputs, Out, not_finite, product, transposed};

pub fn lstsq(x: &Inputs<'_>) -> Out {
    let (a, b) = (x.tensor(0), x.tensor(1));
    let vectors = b.shape().len() < a.shape().len();
    let own = Batch::of(a);
    let rcond = x.call.number(2).unwrap_or_else(|| epsilon(x) * own.m.max(own.n) as f64);
    let cut = Cut { atol: 0.0, rtol: rcond };
    let ranks = all_singular_values(x, &own)?.iter().map(|s| cut.rank(s)).collect::<Vec<_>>();
    let (a, b) = broadcast_batches(x, a, b, vectors);
    let mut out = Vec::new();
    for i in 0..a.len() {
        let inverse = pseudoinverse(a.matrix(i), a.m, a.n, cut).ok_or_else(|| not_finite(x, i))?;
        out.extend(product(&inverse, b.matrix(i), [a.n, a.m, b.n]));
    }
    let nothing = || Vec::<f64>::new();
    Ok(vec![x.result(0, out), x.result(1, nothing()), x.result(2, ranks), x.result(3, nothing())])
}

pub fn pinv(x: &Inputs<'_>) -> Out {
    let (a, cut) = (Batch::of(x.tensor(0)), cut(x));
    let mut out = Vec::new();
    for (i, matrix) in a.iter().enumerate() {
        let symmetric = x.call.flag(3).then(|| lower_mirrored(matrix, a.n));
        let found = pseudoinverse(symmetric.as_deref().unwrap_or(matrix), a.m, a.n, cut);
        out.extend(found.ok_or_else(|| not_finite(x, i))?);
    }
    x.one(out)
}

pub fn matrix_rank(x: &Inputs<'_>) -> Out {
    let (a, cut) = (Batch::of(x.tensor(0)), cut(x));
    let rank = |(i, matrix): (usize, &[f64])| {
        let symmetric = x.call.flag(3).then(|| lower_mirrored(matrix, a.n));
        let s = singular_values(symmetric.as_deref().unwrap_or(matrix), a.m, a.n);
        s.map(|s| cut.rank(&s)).ok_or_else(|| not_finite(x, i))
    };
    x.one(a.iter().enumerate().map(rank).collect::<Result<Vec<i64>, Error>>()?)
}

/// Which singular values count as zero.
#[derive(Clone, Copy)]
struct Cut {
    atol: f64,
    rtol: f64,
}

impl Cut {
    fn bound(self, s: &[f64]) -> f64 {
        self.atol.max(self.rtol * s.first().copied().unwrap_or(0.0))
    }

    fn rank(self, s: &[f64]) -> i64 {
        s.iter().filter(|x| **x > self.bound(s)).count() as i64
    }
}

/// The bounds at parameters 1 and 2; the relative one is the rounding of the type, unless the
/// absolute one is given.
fn cut(x: &Inputs<'_>) -> Cut {
    let longest = x.tensor(0).shape().iter().rev().take(2).max().copied().unwrap_or(0);
    let atol = x.call.number(1).unwrap_or(0.0);
    let usual = if atol > 0.0 { 0.0 } else { epsilon(x) * longest as f64 };
    Cut { atol, rtol: x.call.number(2).unwrap_or(usual) }
}

/// The distance from 1 to the next number of the first argument's type.
fn epsilon(x: &Inputs<'_>) -> f64 {
    if x.tensor(0).dtype() == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON }
}

/// `v diag(1 / s) u^T`, with nothing for the singular values that are cut off.
fn pseudoinverse(a: &[f64], m: usize, n: usize, cut: Cut) -> Option<Vec<f64>> {
    let found = svd(a, m, n, false)?;
    let (k, bound) = (found.s.len(), cut.bound(&found.s));
    let scale: Vec<f64> = found.s.iter().map(|s| if *s > bound { 1.0 / s } else { 0.0 }).collect();
    let v = transposed(&found.vh, k, n);
    let scaled: Vec<f64> = v.iter().enumerate().map(|(i, v)| v * scale[i % k]).collect();
    Some(product(&scaled, &transposed(&found.u, m, k), [n, k, m]))
}

/// A symmetric matrix whose lower triangle is given.
fn lower_mirrored(a: &[f64], n: usize) -> Vec<f64> {
    (0..n * n).map(|i| a[(i / n).max(i % n) * n + (i / n).min(i % n)]).collect()
}
