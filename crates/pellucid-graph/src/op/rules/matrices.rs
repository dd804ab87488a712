//! Linear algebra: batches of matrices in the last two axes, f32 or f64 as in PyTorch.

use super::products::ranks;
use super::{Types, one};
use crate::op::Call;
use crate::shape::broadcast;
use crate::{Code, DType, Result, TensorType};

/// A matrix type cut into its batch, rows and columns.
struct Matrices<'a> {
    dtype: DType,
    batch: &'a [usize],
    m: usize,
    n: usize,
}

impl Matrices<'_> {
    /// A type of this batch with other axes behind it.
    fn with(&self, axes: &[usize]) -> TensorType {
        TensorType::new(self.dtype, [self.batch, axes].concat())
    }
}

/// The matrices at position `i`, of any shape.
fn matrices<'a>(c: &Call<'a>, i: usize) -> Result<Matrices<'a>> {
    full_precision(c, i)?;
    let t = c.ty(i);
    match t.shape.as_slice() {
        [batch @ .., m, n] => Ok(Matrices { dtype: t.dtype, batch, m: *m, n: *n }),
        _ => {
            let message = format!("`{}` must have at least 2 axes, got {t}", c.def.params[i].name);
            Err(c.fault(Code::ShapeMismatch, message))
        }
    }
}

/// The matrices at position `i`, which must be square.
fn square<'a>(c: &Call<'a>, i: usize) -> Result<Matrices<'a>> {
    let a = matrices(c, i)?;
    match a.m == a.n {
        true => Ok(a),
        false => {
            let (name, t) = (c.def.params[i].name, c.ty(i));
            Err(c.fault(Code::ShapeMismatch, format!("`{name}` must be square in its last axes, got {t}")))
        }
    }
}

fn full_precision(c: &Call<'_>, i: usize) -> Result<()> {
    let t = c.ty(i);
    match t.dtype {
        DType::F32 | DType::F64 => Ok(()),
        _ => {
            let message = format!("`{}` must be f32 or f64, got {t}", c.def.params[i].name);
            Err(c.fault(Code::DTypeMismatch, message).help("`.float()` converts"))
        }
    }
}

/// `linalg_svd(A, full_matrices)`: U, S, Vh.
pub fn svd(c: &Call<'_>) -> Types {
    let a = matrices(c, 0)?;
    let k = a.m.min(a.n);
    let (rows, columns) = if c.flag(1) { (a.m, a.n) } else { (k, k) };
    Ok(vec![a.with(&[a.m, rows]), a.with(&[k]), a.with(&[columns, a.n])])
}

/// `linalg_svdvals(A)`.
pub fn svdvals(c: &Call<'_>) -> Types {
    let a = matrices(c, 0)?;
    Ok(vec![a.with(&[a.m.min(a.n)])])
}

/// `linalg_qr(A, mode)`: Q, R; the mode `r` gives a Q without elements.
pub fn qr(c: &Call<'_>) -> Types {
    let a = matrices(c, 0)?;
    let k = if c.word(1) == "complete" { a.m } else { a.m.min(a.n) };
    let q = if c.word(1) == "r" { TensorType::new(a.dtype, [0]) } else { a.with(&[a.m, k]) };
    Ok(vec![q, a.with(&[k, a.n])])
}

/// `linalg_eigh(A, UPLO)`: eigenvalues, eigenvectors.
pub fn eigh(c: &Call<'_>) -> Types {
    let a = square(c, 0)?;
    Ok(vec![a.with(&[a.n]), c.ty(0).clone()])
}

/// `linalg_eigvalsh(A, UPLO)`.
pub fn eigvalsh(c: &Call<'_>) -> Types {
    let a = square(c, 0)?;
    Ok(vec![a.with(&[a.n])])
}

/// `linalg_inv(A)`, `linalg_cholesky(A, upper)`: square to square.
pub fn square_same(c: &Call<'_>) -> Types {
    square(c, 0)?;
    super::same(c)
}

/// `linalg_det(A)`.
pub fn det(c: &Call<'_>) -> Types {
    Ok(vec![square(c, 0)?.with(&[])])
}

/// `linalg_slogdet(A)`: sign, logarithm of the absolute value.
pub fn slogdet(c: &Call<'_>) -> Types {
    let t = square(c, 0)?.with(&[]);
    Ok(vec![t.clone(), t])
}

/// `linalg_pinv(A, atol, rtol, hermitian)`.
pub fn pinv(c: &Call<'_>) -> Types {
    let a = maybe_hermitian(c)?;
    Ok(vec![a.with(&[a.n, a.m])])
}

/// `linalg_matrix_rank(A, atol, rtol, hermitian)`.
pub fn matrix_rank(c: &Call<'_>) -> Types {
    one(DType::I64, maybe_hermitian(c)?.batch)
}

fn maybe_hermitian<'a>(c: &Call<'a>) -> Result<Matrices<'a>> {
    if c.flag(3) { square(c, 0) } else { matrices(c, 0) }
}

/// `linalg_matrix_power(A, n)`: integers too, unless they would have to be inverted.
pub fn matrix_power(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    if c.int(1).is_some_and(|n| n < 0) {
        square(c, 0)?;
    }
    super::products::common_dtype(c, &[t])?;
    match t.shape.as_slice() {
        [.., m, n] if m == n => super::same(c),
        _ => Err(c.fault(Code::ShapeMismatch, format!("`A` must be square in its last axes, got {t}"))),
    }
}

/// `linalg_solve(A, B, left)`: X with AX = B, or XA = B; B holds vectors when it has the shape for it.
pub fn solve(c: &Call<'_>) -> Types {
    let a = square(c, 0)?;
    same_precision(c)?;
    let b = c.ty(1);
    let vectors = holds_vectors(c.ty(0), b);
    let shape = if vectors { [b.shape.as_slice(), &[1]].concat() } else { b.shape.clone() };
    let left = c.flag(2);
    let fits = shape.len() >= 2 && shape[shape.len() - if left { 2 } else { 1 }] == a.n;
    if !fits {
        let equation = if left { "AX = B" } else { "XA = B" };
        let message = format!("shapes {:?} and {:?} do not fit {equation}", c.ty(0).shape, b.shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    let (b_batch, axes) = shape.split_at(shape.len() - 2);
    let batch = shared_batch(c, a.batch, b_batch)?;
    let axes = if vectors { &axes[..1] } else { axes };
    one(a.dtype, [&batch, axes].concat())
}

/// `linalg_solve_triangular(A, B, upper, left, unitriangular)`.
pub fn solve_triangular(c: &Call<'_>) -> Types {
    let (a, b) = (square(c, 0)?, matrices(c, 1)?);
    same_precision(c)?;
    if a.n != if c.flag(3) { b.m } else { b.n } {
        let message = format!("shapes {:?} and {:?} do not fit", c.ty(0).shape, c.ty(1).shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    let batch = shared_batch(c, a.batch, b.batch)?;
    one(a.dtype, [batch.as_slice(), &[b.m, b.n]].concat())
}

/// `linalg_lstsq(A, B, rcond)`: the solution and A's rank; PyTorch's default driver gives no residuals
/// and no singular values, so both are without elements.
pub fn lstsq(c: &Call<'_>) -> Types {
    let a = matrices(c, 0)?;
    same_precision(c)?;
    let b = c.ty(1);
    let vectors = b.rank() + 1 == c.ty(0).rank();
    let tail = if vectors { 1 } else { 2 };
    let fits = match vectors {
        true => c.ty(0).shape.starts_with(&b.shape),
        false => b.rank() == c.ty(0).rank() && b.shape[b.rank() - 2] == a.m,
    };
    if !fits {
        let message = format!("shapes {:?} and {:?} do not fit AX = B", c.ty(0).shape, b.shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    let (b_batch, axes) = b.shape.split_at(b.rank() - tail);
    let batch = shared_batch(c, a.batch, b_batch)?;
    let solution = [&batch, &[a.n][..], &axes[1..]].concat();
    let nothing = TensorType::new(a.dtype, [0]);
    let rank = TensorType::new(DType::I64, a.batch);
    Ok(vec![TensorType::new(a.dtype, solution), nothing.clone(), rank, nothing])
}

/// PyTorch's rule for whether B holds vectors: one axis, or A's shape but for its last axis.
pub fn holds_vectors(a: &TensorType, b: &TensorType) -> bool {
    b.rank() == 1 || a.rank() == b.rank() + 1 && a.shape.starts_with(&b.shape)
}

fn same_precision(c: &Call<'_>) -> Result<()> {
    let (a, b) = (c.ty(0), c.ty(1));
    match a.dtype == b.dtype {
        true => Ok(()),
        false => {
            let diagnostic = c.fault(Code::DTypeMismatch, format!("element types differ: {a} and {b}"));
            Err(diagnostic.help("`.to(...)` converts one of them"))
        }
    }
}

fn shared_batch(c: &Call<'_>, a: &[usize], b: &[usize]) -> Result<Vec<usize>> {
    broadcast(a, b).ok_or_else(|| {
        c.fault(Code::ShapeMismatch, format!("batches of shapes {a:?} and {b:?} do not broadcast"))
    })
}

/// `linalg_cross(input, other, dim)`: an axis of length 3.
pub fn cross(c: &Call<'_>) -> Types {
    let (a, b) = (c.ty(0), c.ty(1));
    let dtype = super::products::common_dtype(c, &[a, b])?;
    ranks(c, &[(1, a.rank())])?;
    let dim = c.dim(2, a.rank())?;
    if a.shape.get(dim) != Some(&3) || b.shape.get(dim) != Some(&3) {
        let message = format!("dim {dim} of shapes {:?} and {:?} must have length 3", a.shape, b.shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    let shape = broadcast(&a.shape, &b.shape).ok_or_else(|| {
        c.fault(Code::ShapeMismatch, format!("shapes {:?} and {:?} do not broadcast", a.shape, b.shape))
    })?;
    one(dtype, shape)
}
