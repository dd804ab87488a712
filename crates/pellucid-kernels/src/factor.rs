//! Factorizations of one dense matrix in double precision, by the crate `faer`.
//!
//! Matrices are row-major slices with their numbers of rows `m` and columns `n`, any of which may be
//! zero. Every call runs on its own thread alone and sees one matrix: results depend on that matrix
//! and nothing else. Elements that are not finite have no factorization; where `None` does not say so,
//! such a matrix gives NaN.

use faer::linalg::solvers::{PartialPivLu, Solve};
use faer::{Mat, MatRef, Side};

/// A singular value decomposition `u diag(s) vh`, `s` falling.
#[derive(Clone, Debug)]
pub struct Svd {
    /// `[m, m]`, or `[m, k]` if thin, `k` being the smaller of `m` and `n`.
    pub u: Vec<f64>,
    /// `[k]`.
    pub s: Vec<f64>,
    /// `[n, n]`, or `[k, n]` if thin.
    pub vh: Vec<f64>,
}

/// Decomposes `a [m, n]` with square `u` and `vh` (`full`) or thin ones; `None` for elements that are
/// not finite.
pub fn svd(a: &[f64], m: usize, n: usize, full: bool) -> Option<Svd> {
    if a.is_empty() {
        let side = |n: usize| if full { identity(n) } else { Vec::new() };
        return Some(Svd { u: side(m), s: Vec::new(), vh: side(n) });
    }
    let a = finite(a, m, n)?;
    let found = if full { a.svd() } else { a.thin_svd() }.ok()?;
    let s = found.S().column_vector().iter().copied().collect();
    Some(Svd { u: row_major(found.U()), s, vh: row_major(found.V().transpose()) })
}

/// The singular values of `a [m, n]`, largest first; `None` for elements that are not finite.
pub fn singular_values(a: &[f64], m: usize, n: usize) -> Option<Vec<f64>> {
    if a.is_empty() { Some(Vec::new()) } else { finite(a, m, n)?.singular_values().ok() }
}

/// Decomposes `a [m, n]` into orthonormal columns `[m, k]` and an upper triangle `[k, n]`; `k` is `m`
/// if `complete`, else the smaller of `m` and `n`.
pub fn qr(a: &[f64], m: usize, n: usize, complete: bool) -> (Vec<f64>, Vec<f64>) {
    let k = if complete { m } else { m.min(n) };
    if a.is_empty() {
        return (if complete { identity(m) } else { vec![0.0; m * k] }, vec![0.0; k * n]);
    }
    let Some(a) = finite(a, m, n) else {
        let upper = |i: usize| if i % n < i / n { 0.0 } else { f64::NAN };
        return (vec![f64::NAN; m * k], (0..k * n).map(upper).collect());
    };
    let found = a.qr();
    let q = if complete { found.compute_Q() } else { found.compute_thin_Q() };
    let mut r = row_major(found.thin_R());
    r.resize(k * n, 0.0);
    (row_major(q.as_ref()), r)
}

/// Eigenvalues, smallest first, and eigenvectors in columns of the symmetric `a [n, n]`, of which one
/// triangle is read.
pub fn eigh(a: &[f64], n: usize, lower: bool) -> (Vec<f64>, Vec<f64>) {
    let found = if a.is_empty() { None } else { symmetric(a, n, lower).self_adjoint_eigen(Side::Lower).ok() };
    match found {
        Some(found) if a.iter().all(|x| x.is_finite()) => {
            (found.S().column_vector().iter().copied().collect(), row_major(found.U()))
        }
        _ => (vec![f64::NAN; n], vec![f64::NAN; n * n]),
    }
}

/// The eigenvalues of [`eigh`].
pub fn eigvalsh(a: &[f64], n: usize, lower: bool) -> Vec<f64> {
    match finite(a, n, n) {
        Some(_) if n > 0 => {
            let found = symmetric(a, n, lower).self_adjoint_eigenvalues(Side::Lower);
            found.unwrap_or_else(|_| vec![f64::NAN; n])
        }
        _ => vec![f64::NAN; n],
    }
}

/// A leading minor, counted from 1, is not positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPositive(pub usize);

/// The lower `l` with `l l^T` the symmetric `a [n, n]`, of which the lower triangle is read.
///
/// # Errors
/// The first leading minor that is not positive; NaN is not.
pub fn cholesky(a: &[f64], n: usize) -> Result<Vec<f64>, NotPositive> {
    if n == 0 {
        return Ok(Vec::new());
    }
    match MatRef::from_row_major_slice(a, n, n).llt(Side::Lower) {
        Ok(found) => {
            let l = row_major(found.L());
            match (0..n).find(|i| l[i * n + i].is_nan()) {
                Some(i) => Err(NotPositive(i + 1)),
                None => Ok(l),
            }
        }
        Err(faer::linalg::cholesky::llt::factor::LltError::NonPositivePivot { index }) => {
            Err(NotPositive(index + 1))
        }
    }
}

/// A square matrix as `P^-1 L U`, to be solved with.
pub struct Factored {
    lu: Option<PartialPivLu<f64>>,
    n: usize,
}

impl Factored {
    /// Factors `a [n, n]`.
    pub fn new(a: &[f64], n: usize) -> Self {
        let lu = (n > 0).then(|| MatRef::from_row_major_slice(a, n, n).partial_piv_lu());
        Factored { lu, n }
    }

    /// The first position, counted from 1, at which the diagonal of `U` is zero: the matrix is singular.
    pub fn zero_pivot(&self) -> Option<usize> {
        self.pivots().iter().position(|x| *x == 0.0).map(|i| i + 1)
    }

    /// The sign of the determinant (1, -1, 0) and the diagonal of `U`, whose absolute product it is.
    pub fn determinant(&self) -> (f64, Vec<f64>) {
        let pivots = self.pivots();
        let swaps = self.lu.as_ref().map_or(0, |lu| transpositions(lu.P().arrays().0));
        let minus = pivots.iter().filter(|x| **x < 0.0).count() + swaps;
        let sign = if self.zero_pivot().is_some() { 0.0 } else { 1.0 - 2.0 * (minus % 2) as f64 };
        (sign, pivots)
    }

    /// Solves `a x = b` for `b [n, k]`.
    pub fn solve(&self, b: &[f64], k: usize) -> Vec<f64> {
        let Some(lu) = &self.lu else { return Vec::new() };
        if k == 0 {
            return Vec::new();
        }
        row_major(lu.solve(MatRef::from_row_major_slice(b, self.n, k)).as_ref())
    }

    fn pivots(&self) -> Vec<f64> {
        self.lu.as_ref().map_or(Vec::new(), |lu| (0..self.n).map(|i| lu.U()[(i, i)]).collect())
    }
}

/// Which triangle of a matrix is meant, and whether its diagonal counts as ones.
#[derive(Clone, Copy, Debug)]
pub struct Triangle {
    /// The upper one; else the lower.
    pub upper: bool,
    /// Ones on the diagonal, whatever stands there.
    pub unit: bool,
}

/// Solves `a x = b` for a triangle of `a [n, n]` and `b [n, k]`.
pub fn triangular_solve(a: &[f64], n: usize, triangle: Triangle, b: &[f64], k: usize) -> Vec<f64> {
    if n == 0 || k == 0 {
        return Vec::new();
    }
    let a = MatRef::from_row_major_slice(a, n, n);
    let mut x = MatRef::from_row_major_slice(b, n, k).to_owned();
    match (triangle.upper, triangle.unit) {
        (false, false) => a.solve_lower_triangular_in_place(&mut x),
        (false, true) => a.solve_unit_lower_triangular_in_place(&mut x),
        (true, false) => a.solve_upper_triangular_in_place(&mut x),
        (true, true) => a.solve_unit_upper_triangular_in_place(&mut x),
    }
    row_major(x.as_ref())
}

/// How many exchanges make a permutation, up to an even number.
fn transpositions(permutation: &[usize]) -> usize {
    let mut seen = vec![false; permutation.len()];
    let mut count = 0;
    for start in 0..permutation.len() {
        let mut at = permutation[start];
        while !seen[start] && at != start {
            seen[at] = true;
            at = permutation[at];
            count += 1;
        }
        seen[start] = true;
    }
    count
}

fn finite(a: &[f64], m: usize, n: usize) -> Option<MatRef<'_, f64>> {
    a.iter().all(|x| x.is_finite()).then(|| MatRef::from_row_major_slice(a, m, n))
}

fn symmetric(a: &[f64], n: usize, lower: bool) -> MatRef<'_, f64> {
    let a = MatRef::from_row_major_slice(a, n, n);
    if lower { a } else { a.transpose() }
}

fn identity(n: usize) -> Vec<f64> {
    (0..n * n).map(|i| if i % (n + 1) == 0 { 1.0 } else { 0.0 }).collect()
}

fn row_major(a: MatRef<'_, f64>) -> Vec<f64> {
    let (m, n) = a.shape();
    let whole = Mat::from_fn(n, m, |j, i| a[(i, j)]); // columns of the transpose are rows
    (0..m).flat_map(|i| whole.col_as_slice(i).to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(len: usize) -> Vec<f64> {
        (0..len).map(|i| (i as f64 * 0.77).sin() + 0.1 * (i as f64 * 1.3).cos()).collect()
    }

    fn product(a: &[f64], b: &[f64], [m, k, n]: [usize; 3]) -> Vec<f64> {
        let at = |i: usize, j: usize| (0..k).map(|p| a[i * k + p] * b[p * n + j]).sum::<f64>();
        (0..m * n).map(|i| at(i / n, i % n)).collect()
    }

    fn near(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-12 * (1.0 + y.abs()))
    }

    #[test]
    fn factors_multiply_back() {
        for (m, n) in [(1, 1), (3, 3), (5, 2), (2, 5), (40, 37)] {
            let (a, k) = (wave(m * n), m.min(n));
            let found = svd(&a, m, n, false).unwrap();
            let us: Vec<f64> = found.u.iter().enumerate().map(|(i, u)| u * found.s[i % k]).collect();
            assert!(near(&product(&us, &found.vh, [m, k, n]), &a), "svd of [{m}, {n}]");
            assert!(near(&singular_values(&a, m, n).unwrap(), &found.s));
            for complete in [false, true] {
                let (q, r) = qr(&a, m, n, complete);
                let k = if complete { m } else { k };
                assert!(near(&product(&q, &r, [m, k, n]), &a), "qr of [{m}, {n}]");
            }
        }
    }

    #[test]
    fn determinants_count_exchanges() {
        for (a, want) in [
            (vec![0.0, 1.0, 1.0, 0.0], -1.0),
            (vec![0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0], 1.0),
            (vec![2.0, 0.0, 0.0, -3.0], -6.0),
            (vec![1.0, 2.0, 2.0, 4.0], 0.0),
        ] {
            let n = if a.len() == 4 { 2 } else { 3 };
            let (sign, pivots) = Factored::new(&a, n).determinant();
            assert_eq!(sign * pivots.iter().map(|x| x.abs()).product::<f64>(), want, "{a:?}");
        }
        assert_eq!(Factored::new(&[1.0, 2.0, 2.0, 4.0], 2).zero_pivot(), Some(2));
    }

    #[test]
    fn what_is_not_finite_gives_nothing_or_nan() {
        let nan = vec![f64::NAN; 9];
        assert!(svd(&nan, 3, 3, true).is_none() && singular_values(&nan, 3, 3).is_none());
        assert!(qr(&nan, 3, 3, false).0.iter().all(|x| x.is_nan()));
        assert!(eigh(&nan, 3, true).0.iter().all(|x| x.is_nan()));
        assert_eq!(cholesky(&nan, 3), Err(NotPositive(1)));
        assert!(Factored::new(&nan, 3).solve(&wave(3), 1).iter().all(|x| x.is_nan()));
    }
}
