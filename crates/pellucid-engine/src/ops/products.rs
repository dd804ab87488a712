//! Products beside `matmul`: sums of pairs of axes, outer and Kronecker products.

use pellucid_graph::DType;

use super::Out;
use super::cast::cast;
use super::compute::Compute;
use super::dispatch::{each_compute, each_float};
use super::elementwise::zip;
use super::inputs::{Inputs, Scalars};
use super::linalg::product;
use super::shape::{broadcast_to, permuted, strided};
use super::sums::total;
use super::walk::strides;
use crate::tensor::Tensor;

/// Both operands in the type that the result is computed in.
fn pair(x: &Inputs<'_>) -> (Tensor, Tensor) {
    let dtype = x.out[0].dtype;
    (x.operand(0, dtype, Scalars::Rounded), x.operand(1, dtype, Scalars::Rounded))
}

/// The only result, from a tensor of as many elements.
fn made(x: &Inputs<'_>, t: Tensor) -> Out {
    Ok(vec![cast(&t.reshaped(x.out[0].shape.clone()), x.out[0].dtype)])
}

pub fn inner(x: &Inputs<'_>) -> Out {
    let (a, b) = pair(x);
    let (Some(&k), Some(&last)) = (a.shape().last(), b.shape().last()) else {
        return times(x, &a, &b);
    };
    let (m, n) = (lengths(&a, a.shape().len() - 1), lengths(&b, b.shape().len() - 1));
    let (a, b) = (a.reshaped([m, k]), b.reshaped([n, last]));
    made(x, product(&a, &permuted(&b, &[1, 0])))
}

/// The product of the first lengths of a shape.
fn lengths(t: &Tensor, n: usize) -> usize {
    t.shape()[..n].iter().product()
}

pub fn outer(x: &Inputs<'_>) -> Out {
    let (a, b) = pair(x);
    let column = [a.numel(), 1];
    times(x, &a.reshaped(column), &b)
}

fn times(x: &Inputs<'_>, a: &Tensor, b: &Tensor) -> Out {
    each_compute!(x.out[0].dtype, C => x.one(zip(a, b, &x.out[0].shape, C::times)))
}

/// `addmm` and `baddbmm`. What counts for nothing does not pass on its NaN.
pub fn added_product(x: &Inputs<'_>) -> Out {
    let ty = &x.out[0];
    let [t, a, b] = [0, 1, 2].map(|i| x.operand(i, ty.dtype, Scalars::Rounded));
    let (beta, alpha) = (x.float(3), x.float(4));
    let (t, ab) = (broadcast_to(&t, &ty.shape), product(&a, &b));
    if !ty.dtype.is_float() {
        let (beta, alpha) = (beta as i64, alpha as i64);
        return x.one(zip(&t, &ab, &ty.shape, |t: i64, ab| beta.times(t).plus(alpha.times(ab))));
    }
    each_float!(ty.dtype, C => x.one(zip(&t, &ab, &ty.shape, |t: C, ab: C| {
        let scaled = if alpha == 1.0 { ab } else { (alpha as C).times(ab) };
        if beta == 0.0 { scaled } else { (beta as C).times(t).plus(scaled) }
    })))
}

/// Axes that pair lengths of 1 with others repeat the 1.
pub fn tensordot(x: &Inputs<'_>) -> Out {
    let (a, b) = pair(x);
    let axes = |i: usize, t: &Tensor| -> Result<Vec<usize>, crate::Error> {
        let given = x.call.ints(i).unwrap_or_default();
        Ok(given.iter().map(|d| x.call.axis(*d, t.shape().len())).collect::<Result<_, _>>()?)
    };
    let (da, db) = (axes(2, &a)?, axes(3, &b)?);
    let (mut a_shape, mut b_shape) = (a.shape().to_vec(), b.shape().to_vec());
    for (&i, &j) in da.iter().zip(&db) {
        let n = if a_shape[i] == 1 { b_shape[j] } else { a_shape[i] };
        (a_shape[i], b_shape[j]) = (n, n);
    }
    let (a, b) = (broadcast_to(&a, &a_shape), broadcast_to(&b, &b_shape));
    let free =
        |t: &Tensor, dims: &[usize]| (0..t.shape().len()).filter(|i| !dims.contains(i)).collect::<Vec<_>>();
    let (fa, fb) = (free(&a, &da), free(&b, &db));
    let (a, b) = (permuted(&a, &[fa.clone(), da.clone()].concat()), permuted(&b, &[db, fb].concat()));
    let (m, n) = (lengths(&a, fa.len()), b.shape()[da.len()..].iter().product::<usize>());
    let k: usize = b.shape()[..da.len()].iter().product();
    made(x, product(&a.reshaped([m, k]), &b.reshaped([k, n])))
}

/// Every axis of the result is an axis of one operand with one of the other inside.
pub fn kron(x: &Inputs<'_>) -> Out {
    let (a, b) = pair(x);
    let rank = x.out[0].shape.len();
    let padded = |t: &Tensor| [vec![1; rank - t.shape().len()], t.shape().to_vec()].concat();
    let (outer, inner) = (padded(&a), padded(&b));
    let spread = |lengths: &[usize], at: usize| {
        lengths.iter().flat_map(|n| if at == 0 { [*n, 1] } else { [1, *n] }).collect::<Vec<_>>()
    };
    let shape: Vec<usize> = outer.iter().zip(&inner).flat_map(|(a, b)| [*a, *b]).collect();
    let (a, b) = (a.reshaped(spread(&outer, 0)), b.reshaped(spread(&inner, 1)));
    each_compute!(x.out[0].dtype, C => x.one(zip(&a, &b, &shape, C::times)))
}

pub fn trace(x: &Inputs<'_>) -> Out {
    let t = x.wide();
    let step = strides(t.shape()).iter().sum();
    let n = t.shape().iter().copied().min().unwrap_or(0);
    let diagonal = strided(&t, 0, &[n], vec![step]);
    match x.out[0].dtype {
        DType::I64 => x.one(vec![diagonal.slice::<i64>().iter().fold(0i64, |a, b| a.wrapping_add(*b))]),
        dtype => each_float!(dtype, C => x.one(vec![total(diagonal.slice::<C>(), f64::from) as C])),
    }
}

/// The last axis times the rows of a `[out, in]` matrix, or a vector, plus the bias.
pub fn linear(x: &Inputs<'_>) -> Out {
    let ty = &x.out[0];
    let (a, w) = pair(x);
    let k = w.shape().last().copied().unwrap_or(1);
    let (n, m) = (lengths(&w, w.shape().len() - 1), lengths(&a, a.shape().len() - 1));
    let (a, w) = (a.reshaped([m, k]), w.reshaped([n, k]));
    let out = match a.dtype() {
        DType::F32 if k > 0 => Tensor::new(packed(a.f32s(), w.f32s(), n, k), [m, n]),
        _ => product(&a, &permuted(&w, &[1, 0])),
    };
    let out = out.reshaped(ty.shape.clone());
    let Some(bias) = x.optional(2) else { return made(x, out) };
    let bias = x.operand(2, bias.dtype(), Scalars::Rounded);
    each_compute!(ty.dtype, C => x.one(zip(&out, &bias, &ty.shape, C::plus)))
}

/// Packing turns the weights at no extra cost.
fn packed(x: &[f32], w: &[f32], n: usize, k: usize) -> Vec<f32> {
    use pellucid_kernels::{Layout, PackedLinear, Weights};
    PackedLinear::pack(Weights::F32(w), Layout::OutIn, n, k, None).forward_new(x)
}
