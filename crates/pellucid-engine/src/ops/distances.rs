//! Norms and distances along axes, covariances of rows: sums in f64, one rounding.

use pellucid_graph::op::Call;
use pellucid_graph::{DType, Op};

use super::Out;
use super::along::Lines;
use super::cast::cast;
use super::compute::{Compute, Float};
use super::dispatch::{compute_dtype, each_compute, each_float};
use super::elementwise::zip;
use super::inputs::{Inputs, Scalars};
use super::reduce::{over_dims, rows};
use super::shape::broadcast_to;
use super::sums::{average, p_norm, total};
use crate::Error;
use crate::tensor::Tensor;

pub fn vector_norm(x: &Inputs<'_>) -> Out {
    let p = x.float(1);
    each_float!(x.out[0].dtype, C => over_dims(x, 2, |row: &[C]| p_norm(row, p)))
}

/// The distance of each row to each row, batches broadcast.
pub fn cdist(x: &Inputs<'_>) -> Out {
    let (ty, p) = (&x.out[0], x.float(2));
    let [a, b] = [0, 1].map(|i| x.operand(i, ty.dtype, Scalars::Rounded));
    let batch = &ty.shape[..ty.shape.len() - 2];
    let expand = |t: &Tensor| broadcast_to(t, &[batch, &t.shape()[t.shape().len() - 2..]].concat());
    let (a, b) = (expand(&a), expand(&b));
    let &[.., m, d] = a.shape() else { return Err(Error::internal("`cdist` of a vector")) };
    let n = b.shape()[b.shape().len() - 2];
    each_float!(ty.dtype, C => {
        let (a, b) = (a.slice::<C>(), b.slice::<C>());
        let pair = |at: usize| {
            let (batch, i, j) = (at / (m * n), at / n % m, at % n);
            let (u, v) = (&a[(batch * m + i) * d..][..d], &b[(batch * n + j) * d..][..d]);
            p_norm(&u.iter().zip(v).map(|(u, v)| u.minus(*v)).collect::<Vec<C>>(), p)
        };
        x.one((0..ty.shape.iter().product()).map(pair).collect())
    })
}

pub fn pairwise_distance(x: &Inputs<'_>) -> Out {
    let (dtype, p, eps) = (x.out[0].dtype, x.float(2), x.float(3));
    let gap = cast(&difference(x)?, compute_dtype(dtype));
    let last: Vec<usize> = gap.shape().len().checked_sub(1).into_iter().collect();
    each_float!(dtype, C => {
        x.one(rows(&gap, &last, |row: &[C]| p_norm(&row.iter().map(|v| v + eps as C).collect::<Vec<C>>(), p)))
    })
}

/// The difference of the first two arguments in their common type, in which integers wrap.
pub fn difference(x: &Inputs<'_>) -> Result<Tensor, Error> {
    // Its rule asks no more than that shapes broadcast.
    let pair = Op::find("maximum")?;
    let ty = &Call::infer(pair.def(), &x.call.args[..2], x.call.types)?[0];
    let (a, b) = (x.operand(0, ty.dtype, Scalars::Rounded), x.operand(1, ty.dtype, Scalars::Rounded));
    let gap = each_compute!(ty.dtype, C => Tensor::new(zip(&a, &b, &ty.shape, C::minus), ty.shape.clone()));
    Ok(cast(&gap, ty.dtype))
}

/// As in PyTorch the norm and `eps` are rounded to the type before they divide.
pub fn normalize(x: &Inputs<'_>) -> Out {
    let (ty, p) = (&x.out[0], x.float(1));
    let t = x.wide();
    let dims = x.call.dims(2, t.shape().len())?;
    let kept: Vec<usize> =
        t.shape().iter().enumerate().map(|(i, n)| if dims.contains(&i) { 1 } else { *n }).collect();
    each_float!(ty.dtype, C => {
        let round = |c: Vec<C>, shape: &[usize]| cast(&cast(&Tensor::new(c, shape), ty.dtype), compute_dtype(ty.dtype));
        let norms = round(rows(&t, &dims, |row: &[C]| p_norm(row, p)), &kept);
        let least = round(vec![x.float(3) as C], &[]);
        let divisor = Tensor::new(zip(&norms, &least, &kept, C::larger), kept);
        x.one(zip(&t, &divisor, &ty.shape, C::over))
    })
}

pub fn cov(x: &Inputs<'_>) -> Out {
    let correction = x.call.int(1).unwrap_or(1);
    x.one(covariances(x, correction))
}

/// The covariance divided by both standard deviations, within -1 and 1.
pub fn corrcoef(x: &Inputs<'_>) -> Out {
    let c = covariances(x, 1);
    let n = x.out[0].shape.first().copied().unwrap_or(1);
    let deviation = |i: usize| c[i * n + i].sqrt();
    let one = |at: usize| (c[at] / deviation(at / n) / deviation(at % n)).clamp(-1.0, 1.0);
    x.one((0..n * n).map(one).collect())
}

/// The covariances of the rows in f64; a tensor with fewer axes is one row.
fn covariances(x: &Inputs<'_>, correction: i64) -> Vec<f64> {
    let t = cast(x.tensor(0), DType::F64);
    let (n, observations) = match t.shape() {
        [n, observations] => (*n, *observations),
        _ => (1, t.numel()),
    };
    let data = t.slice::<f64>();
    let centred: Vec<Vec<f64>> = (0..n)
        .map(|i| &data[i * observations..(i + 1) * observations])
        .map(|row| row.iter().map(|v| v - average(row)).collect())
        .collect();
    let divisor = (observations as i64).saturating_sub(correction).max(0) as f64;
    let one = |at: usize| {
        let pairs: Vec<(f64, f64)> =
            centred[at / n].iter().copied().zip(centred[at % n].iter().copied()).collect();
        total(&pairs, |(a, b)| a * b) / divisor
    };
    (0..n * n).map(one).collect()
}

/// u x v along an axis of length 3.
pub fn cross(x: &Inputs<'_>) -> Out {
    let ty = &x.out[0];
    let axis = x.axis(2, ty.shape.len())?;
    let [a, b] = [0, 1].map(|i| broadcast_to(&x.operand(i, ty.dtype, Scalars::Rounded), &ty.shape));
    let (a, b) = (Lines::new(&a, axis), Lines::new(&b, axis));
    each_compute!(ty.dtype, C => {
        let part = |u: &[C], v: &[C], i: usize, j: usize| u[i].times(v[j]).minus(u[j].times(v[i]));
        let lines = a.iter::<C>().zip(b.iter::<C>());
        let out = lines.flat_map(|(u, v)| [part(u, v, 1, 2), part(u, v, 2, 0), part(u, v, 0, 1)]).collect();
        Ok(vec![cast(&a.back::<C>(out, &ty.shape), ty.dtype)])
    })
}
