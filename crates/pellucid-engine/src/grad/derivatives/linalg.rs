//! Decompositions and solutions of matrices (Giles 2008, "An extended collection of matrix derivative results";
//! Seeger et al. 2017, arXiv:1710.08717).

use pellucid_graph::{Arg, Code, Diagnostic};

use super::Keep::{Both, Inputs, Results};
use super::{Row, made_of};
use crate::grad::calls as c;
use crate::grad::op::{Call, Pulled};
use crate::{Error, Tensor};

fn one(g: Tensor) -> Pulled {
    Ok(vec![Some(g)])
}

/// `x` as a column of ones and the like: one more axis at the end.
fn column(x: &Tensor) -> Result<Tensor, Error> {
    c::reshape(x, &[x.shape(), &[1]].concat())
}

fn row(x: &Tensor) -> Result<Tensor, Error> {
    let (last, rest) = x.shape().split_last().ok_or_else(|| Error::internal("a vector has an axis"))?;
    c::reshape(x, &[rest, &[1, *last]].concat())
}

/// A number for each matrix, beside it.
fn beside(x: &Tensor) -> Result<Tensor, Error> {
    c::reshape(x, &[x.shape(), &[1, 1]].concat())
}

/// The identity of the last axis of `like`.
fn eye(like: &Tensor) -> Result<Tensor, Error> {
    let n = like.shape().last().copied().unwrap_or(0);
    c::run_with("eye", &[], vec![("n", Arg::Int(n as i64)), ("dtype", Arg::DType(like.dtype()))])
}

fn symmetric(x: &Tensor) -> Result<Tensor, Error> {
    c::times(&c::add(x, &c::turned(x)?)?, 0.5)
}

fn inv(p: &Call<'_>) -> Pulled {
    let turned = c::turned(&p.y(0)?)?;
    one(c::neg(&c::matmul(&c::matmul(&turned, p.g()?)?, &turned)?)?)
}

fn det(p: &Call<'_>) -> Pulled {
    let inverse = c::turned(&c::run("linalg_inv", &[&p.x(0)?])?)?;
    one(c::mul(&beside(&c::mul(p.g()?, &p.y(0)?)?)?, &inverse)?)
}

fn slogdet(p: &Call<'_>) -> Pulled {
    let Some(g) = &p.grads[1] else { return one(c::zeros_like(&p.x(0)?)?) };
    one(c::mul(&beside(g)?, &c::turned(&c::run("linalg_inv", &[&p.x(0)?])?)?)?)
}

fn solve(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let (a, b) = (p.x(0)?, p.x(1)?);
    let is_left = p.args[2] != Arg::Bool(false);
    let inverse = c::run("linalg_inv", &[&a])?;
    // A right side with one axis less is a vector, or one for each matrix.
    let is_vector = b.shape().len() + 1 == a.shape().len() && b.shape() == &a.shape()[..a.shape().len() - 1];
    let x = match (is_left, is_vector) {
        (true, true) => c::reshape(&c::matmul(&inverse, &column(&b)?)?, p.results[0].shape())?,
        (true, false) => c::matmul(&inverse, &b)?,
        (false, _) => c::matmul(&b, &inverse)?,
    };
    Ok(vec![x])
}

fn solve_triangular(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let mut a = c::run(if p.args[2] == Arg::Bool(true) { "triu" } else { "tril" }, &[&p.x(0)?])?;
    if p.args[4] == Arg::Bool(true) {
        let eye = eye(&a)?;
        let off = c::sub(&c::plus(&c::zeros_like(&eye)?, 1.0)?, &eye)?;
        a = c::add(&c::mul(&a, &off)?, &eye)?;
    }
    let inverse = c::run("linalg_inv", &[&a])?;
    Ok(vec![if p.args[3] == Arg::Bool(false) {
        c::matmul(&p.x(1)?, &inverse)?
    } else {
        c::matmul(&inverse, &p.x(1)?)?
    }])
}

/// The lower triangle with half of the diagonal.
fn lower_half(x: &Tensor) -> Result<Tensor, Error> {
    let diagonal = c::mul(x, &eye(x)?)?;
    c::sub(&c::run("tril", &[x])?, &c::times(&diagonal, 0.5)?)
}

fn cholesky(p: &Call<'_>) -> Pulled {
    let is_upper = p.args[1] == Arg::Bool(true);
    let turn = |x: &Tensor| if is_upper { c::turned(x) } else { Ok(x.clone()) };
    let (l, g) = (turn(&p.y(0)?)?, turn(p.g()?)?);
    let inner = lower_half(&c::matmul(&c::turned(&l)?, &g)?)?;
    let inverse = c::run("linalg_inv", &[&l])?;
    let a = c::matmul(&c::matmul(&c::turned(&inverse)?, &inner)?, &inverse)?;
    one(symmetric(&a)?)
}

fn qr(p: &Call<'_>) -> Pulled {
    let (q, r) = (p.y(0)?, p.y(1)?);
    let [m, n] =
        [p.inputs[0].shape()[p.inputs[0].shape().len() - 2], *p.inputs[0].shape().last().unwrap_or(&0)];
    if m < n || q.shape().last() != Some(&n) {
        let message = "`linalg_qr` has a derivative for tall matrices and their reduced factors";
        return Err(Diagnostic::new(Code::NoGradient, message).into());
    }
    let g = |i: usize, like: &Tensor| p.grads[i].clone().map_or_else(|| c::zeros_like(like), Ok);
    let (gq, gr) = (g(0, &q)?, g(1, &r)?);
    let inner = c::sub(&c::matmul(&r, &c::turned(&gr)?)?, &c::matmul(&c::turned(&gq)?, &q)?)?;
    // The lower triangle, made symmetric.
    let lower = lower_half(&inner)?;
    let both = c::add(&lower, &c::turned(&lower)?)?;
    let outer = c::add(&gq, &c::matmul(&q, &both)?)?;
    let inverse = c::run("linalg_inv", &[&r])?;
    one(c::matmul(&outer, &c::turned(&inverse)?)?)
}

/// `1 / (b_j - b_i)`, nothing on the diagonal.
fn gaps(values: &Tensor) -> Result<Tensor, Error> {
    let apart = c::sub(&row(values)?, &column(values)?)?;
    c::choose(&c::is(&apart, "eq", 0.0)?, 0.0, &c::reciprocal(&apart)?)
}

fn eigh(p: &Call<'_>) -> Pulled {
    let (values, vectors) = (p.y(0)?, p.y(1)?);
    let turned = c::turned(&vectors)?;
    let mut inner = c::zeros_like(&vectors)?;
    if let Some(g) = &p.grads[1] {
        inner = c::mul(&gaps(&values)?, &c::matmul(&turned, g)?)?;
    }
    if let Some(g) = &p.grads[0] {
        inner = c::add(&inner, &c::mul(&column(g)?, &eye(&vectors)?)?)?;
    }
    one(symmetric(&c::matmul(&c::matmul(&vectors, &inner)?, &turned)?)?)
}

/// Singular values from those of a decomposition.
fn svdvals(p: &Call<'_>) -> Pulled {
    let made = c::all("linalg_svd", &[&p.x(0)?], vec![("full_matrices", Arg::Bool(false))])?;
    one(c::matmul(&c::mul(&made[0], &row(p.g()?)?)?, &made[2])?)
}

fn eigvalsh(p: &Call<'_>) -> Pulled {
    let vectors = &c::all("linalg_eigh", &[&p.x(0)?], vec![("UPLO", p.args[1].clone())])?[1];
    one(c::matmul(&c::mul(vectors, &row(p.g()?)?)?, &c::turned(vectors)?)?)
}

/// Of the pseudo-inverse `Y` of a matrix of constant rank (Golub and Pereyra 1973): what an inverse has, and what
/// lies beyond its rows and columns.
fn pinv(p: &Call<'_>) -> Pulled {
    let (a, y, g) = (p.x(0)?, p.y(0)?, p.g()?);
    let (yt, gt) = (c::turned(&y)?, c::turned(g)?);
    let first = c::neg(&c::matmul(&c::matmul(&yt, g)?, &yt)?)?;
    // (1 - A Y) g^T Y Y^T: rows beyond the matrix's own.
    let beyond = c::sub(&gt, &c::matmul(&a, &c::matmul(&y, &gt)?)?)?;
    let second = c::matmul(&c::matmul(&beyond, &y)?, &yt)?;
    let before = c::sub(&gt, &c::matmul(&c::matmul(&gt, &y)?, &a)?)?;
    let third = c::matmul(&yt, &c::matmul(&y, &before)?)?;
    one(c::add(&c::add(&first, &second)?, &third)?)
}

fn matrix_power(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let x = p.x(0)?;
    let n = p.int(1);
    let base = if n < 0 { c::run("linalg_inv", &[&x])? } else { x.clone() };
    let mut made = c::add(&c::zeros_like(&x)?, &eye(&x)?)?;
    for _ in 0..n.unsigned_abs() {
        made = c::matmul(&made, &base)?;
    }
    Ok(vec![made])
}

fn matrix_norm(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let x = p.x(0)?;
    let rank = x.shape().len() as i64;
    let dims = p.ints(2);
    let dims: Vec<i64> = if dims.is_empty() {
        vec![rank - 2, rank - 1]
    } else {
        dims.iter().map(|d| d.rem_euclid(rank)).collect()
    };
    let rest: Vec<i64> = (0..rank).filter(|a| !dims.contains(a)).collect();
    let x = c::permute(&x, &[rest, dims].concat())?;
    let (rows, columns) = (rank - 2, rank - 1);
    let word = match &p.args[1] {
        Arg::Word(word) => word.to_string(),
        _ => "fro".to_owned(),
    };
    let along = |x: &Tensor, dim: i64| c::sum(&c::abs(x)?, &[dim]);
    let values = |x: &Tensor| c::run("linalg_svdvals", &[x]);
    let pick = |x: &Tensor, how: &str| c::run_with(how, &[x], vec![("dim", Arg::Ints(vec![-1]))]);
    let y = match word.as_str() {
        "fro" => c::run_with("linalg_vector_norm", &[&x], vec![("dim", Arg::Ints(vec![rows, columns]))])?,
        "nuc" => c::sum(&values(&x)?, &[-1])?,
        "inf" => pick(&along(&x, columns)?, "amax")?,
        "-inf" => pick(&along(&x, columns)?, "amin")?,
        "1" => pick(&along(&x, rows)?, "amax")?,
        "-1" => pick(&along(&x, rows)?, "amin")?,
        "2" => pick(&values(&x)?, "amax")?,
        _ => pick(&values(&x)?, "amin")?,
    };
    Ok(vec![c::reshape(&y, p.results[0].shape())?])
}

pub(super) const ROWS: &[Row] = &[
    ("linalg_inv", Results, inv),
    ("linalg_det", Both, det),
    ("linalg_slogdet", Inputs, slogdet),
    ("linalg_solve", Inputs, |p| made_of(p, solve)),
    ("linalg_solve_triangular", Inputs, |p| made_of(p, solve_triangular)),
    ("linalg_cholesky", Results, cholesky),
    ("linalg_qr", Results, qr),
    ("linalg_eigh", Results, eigh),
    ("linalg_eigvalsh", Inputs, eigvalsh),
    ("linalg_svdvals", Inputs, svdvals),
    ("linalg_pinv", Both, pinv),
    ("linalg_matrix_power", Inputs, |p| made_of(p, matrix_power)),
    ("linalg_matrix_norm", Inputs, |p| made_of(p, matrix_norm)),
];
