//! Linear algebra: each matrix of a batch on its own, in f64 whatever its type, rounded once.

mod decompose;
mod norm;
mod power;
mod rank;
mod solve;

pub use decompose::{cholesky, eigh, eigvalsh, qr, svd, svdvals};
pub use norm::matrix_norm;
pub use power::matrix_power;
pub use rank::{lstsq, matrix_rank, pinv};
pub use solve::{det, inv, slogdet, solve, solve_triangular};

use pellucid_graph::{Code, DType};

use super::Out;
use super::cast::cast;
use super::inputs::Inputs;
use crate::Error;
use crate::tensor::Tensor;

/// A batch of matrices in f64.
struct Batch {
    data: Tensor,
    m: usize,
    n: usize,
}

impl Batch {
    /// The last two axes of a tensor, or its last one as matrices of one column.
    fn of(t: &Tensor) -> Batch {
        let data = cast(t, DType::F64);
        let (m, n) = match data.shape() {
            [.., m, n] => (*m, *n),
            [m] => (*m, 1),
            [] => (1, 1),
        };
        Batch { data, m, n }
    }

    /// The number of matrices.
    fn len(&self) -> usize {
        self.data.shape().iter().rev().skip(2).product()
    }

    fn matrix(&self, i: usize) -> &[f64] {
        &self.data.slice()[i * self.m * self.n..][..self.m * self.n]
    }

    fn iter(&self) -> impl Iterator<Item = &[f64]> {
        (0..self.len()).map(|i| self.matrix(i))
    }
}

/// `[m, k]` times `[k, n]`, each element summed in the order of `k`.
fn product(a: &[f64], b: &[f64], [m, k, n]: [usize; 3]) -> Vec<f64> {
    let mut out = vec![0.0; m * n];
    for i in 0..m {
        for p in 0..k {
            let (x, row) = (a[i * k + p], &b[p * n..(p + 1) * n]);
            out[i * n..(i + 1) * n].iter_mut().zip(row).for_each(|(sum, y)| *sum += x * y);
        }
    }
    out
}

fn transposed(a: &[f64], m: usize, n: usize) -> Vec<f64> {
    (0..m * n).map(|i| a[i % m.max(1) * n + i / m.max(1)]).collect()
}

/// Names one matrix of a batch.
fn item(a: &Batch, i: usize) -> String {
    if a.data.shape().len() > 2 { format!("matrix {i} of the batch") } else { "the matrix".to_owned() }
}

fn not_finite(x: &Inputs<'_>, i: usize) -> Error {
    let which = item(&Batch::of(x.tensor(0)), i);
    x.call.fault(Code::BadArgument, format!("{which} has elements that are not finite")).into()
}
