//! Comparing factorizations, of which PyTorch gives one of several: signs of singular vectors, of
//! eigenvectors and of the rows of R are free. What they multiply to is not, nor are the values.

use pellucid_engine::ops::cast;
use pellucid_engine::tensor::Tensor;
use pellucid_graph::DType;

use crate::goldens::difference as elementwise;

/// Operations whose results are compared by what they multiply to.
pub const NOT_UNIQUE: &[&str] = &["linalg_svd", "linalg_qr", "linalg_eigh"];

/// How many times the usual tolerance an operation is allowed: PyTorch rounds every step of a
/// factorization, or a sum, to the type; these kernels work in f64 and round once.
pub fn slack(op: &str) -> f64 {
    match op {
        _ if op.starts_with("linalg_") => 20.0,
        "cov" | "corrcoef" | "cdist" => 4.0,
        _ if op.ends_with("_loss") || op == "cross_entropy" => 4.0,
        _ => 1.0,
    }
}

/// The first difference between two factorizations of one tensor.
pub fn difference(op: &str, got: &[Tensor], want: &[Tensor]) -> Option<String> {
    let types = |ts: &[Tensor]| ts.iter().map(Tensor::ty).collect::<Vec<_>>();
    if types(got) != types(want) {
        return Some(format!("got {:?}, expected {:?}", types(got), types(want)));
    }
    let values = match op {
        "linalg_svd" => Some(1),
        "linalg_eigh" => Some(0),
        _ => None,
    };
    let compare = |got: &Tensor, want: &Tensor| elementwise(got, want, slack(op));
    let values = values.and_then(|i| compare(&got[i], &want[i]));
    values.or_else(|| compare(&multiplied(op, got), &multiplied(op, want))).or_else(|| skewed(op, got))
}

/// The matrices that were factored, or R^T R where there is no Q.
fn multiplied(op: &str, parts: &[Tensor]) -> Tensor {
    let wide: Vec<Tensor> = parts.iter().map(|t| cast(t, DType::F64)).collect();
    let product = match op {
        "linalg_svd" => multiply(&wide[0], Some(&wide[1]), &wide[2]),
        "linalg_eigh" => multiply(&wide[1], Some(&wide[0]), &transposed(&wide[1])),
        _ if wide[0].shape() == [0] => multiply(&transposed(&wide[1]), None, &wide[1]),
        _ => multiply(&wide[0], None, &wide[1]),
    };
    cast(&product, parts[0].dtype())
}

/// Complains of a first factor (the second of `eigh`) whose columns are not orthonormal.
fn skewed(op: &str, parts: &[Tensor]) -> Option<String> {
    let q = cast(&parts[usize::from(op == "linalg_eigh")], DType::F64);
    if q.shape().len() < 2 || q.slice::<f64>().iter().any(|x| x.is_nan()) {
        return None;
    }
    let (n, bound) =
        (q.shape()[q.shape().len() - 1], if parts[0].dtype() == DType::F64 { 1e-12 } else { 1e-5 });
    let gram = multiply(&transposed(&q), None, &q);
    let off = |(i, x): (usize, &f64)| (x - f64::from(u8::from(i % (n * n) % (n + 1) == 0))).abs() > bound;
    let found = gram.slice::<f64>().iter().enumerate().any(off);
    found.then(|| format!("columns are not orthonormal: {:?}", q.slice::<f64>()))
}

/// `a diag(scale) b` of batches; columns and rows beyond the scale's count for nothing.
fn multiply(a: &Tensor, scale: Option<&Tensor>, b: &Tensor) -> Tensor {
    let (&[ref batch @ .., m, p], &[.., q, n]) = (a.shape(), b.shape()) else { panic!("no matrices") };
    let k = scale.map_or(p.min(q), |s| s.shape()[s.shape().len() - 1]);
    let count: usize = batch.iter().product();
    let (left, right) = (a.slice::<f64>(), b.slice::<f64>());
    let mut out = Vec::new();
    for (i, r, c) in (0..count).flat_map(|i| (0..m).flat_map(move |r| (0..n).map(move |c| (i, r, c)))) {
        let term = |j: usize| {
            let s = scale.map_or(1.0, |s| s.slice::<f64>()[i * k + j]);
            left[(i * m + r) * p + j] * s * right[(i * q + j) * n + c]
        };
        out.push((0..k).map(term).sum::<f64>());
    }
    Tensor::new(out, [batch, &[m, n]].concat())
}

fn transposed(t: &Tensor) -> Tensor {
    let &[ref batch @ .., m, n] = t.shape() else { panic!("no matrix") };
    let data = t.slice::<f64>();
    let at = |i: usize| data[i / (m * n) * m * n + i % m * n + i / m % n];
    Tensor::new((0..data.len()).map(at).collect::<Vec<_>>(), [batch, &[n, m]].concat())
}
