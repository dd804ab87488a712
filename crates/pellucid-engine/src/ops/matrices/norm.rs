//! Norms of matrices: of their entries, of sums of rows and columns, of singular values.

use super::decompose::all_singular_values;
use super::{Batch, Error, Inputs, Out};
use crate::ops::shape::permuted;

/// The norm of matrices in two axes.
pub fn matrix_norm(x: &Inputs<'_>) -> Out {
    let [rows, columns] = pellucid_graph::op::matrix_axes(&x.call)?;
    let t = x.tensor(0);
    let order: Vec<usize> =
        (0..t.shape().len()).filter(|a| *a != rows && *a != columns).chain([rows, columns]).collect();
    let a = Batch::of(&permuted(t, &order));
    let ord = x.call.word(1);
    let norms: Result<Vec<f64>, Error> = match ord {
        "nuc" | "2" | "-2" => {
            all_singular_values(x, &a).map(|all| all.iter().map(|s| spectral(s, ord)).collect())
        }
        _ => Ok(a.iter().map(|m| entrywise(m, a.m, a.n, ord)).collect()),
    };
    x.one(norms?)
}

fn spectral(s: &[f64], ord: &str) -> f64 {
    match ord {
        "nuc" => s.iter().sum(),
        "2" => s.first().copied().unwrap_or(0.0),
        _ => s.last().copied().unwrap_or(0.0),
    }
}

fn entrywise(a: &[f64], m: usize, n: usize, ord: &str) -> f64 {
    let row = |i: usize| a[i * n..(i + 1) * n].iter().map(|x| x.abs()).sum::<f64>();
    let column = |j: usize| (0..m).map(|i| a[i * n + j].abs()).sum::<f64>();
    let sums: Vec<f64> = match ord {
        "inf" | "-inf" => (0..m).map(row).collect(),
        "1" | "-1" => (0..n).map(column).collect(),
        _ => return a.iter().map(|x| x * x).sum::<f64>().sqrt(),
    };
    let wins = |x: f64, y: f64| x.is_nan() || if ord.starts_with('-') { x < y } else { x > y };
    sums.into_iter().reduce(|a, b| if wins(a, b) { a } else { b }).unwrap_or(0.0)
}
