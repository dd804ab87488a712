//! Scaled dot-product attention, written out: scores, mask, softmax, mix.
//!
//! Every row of scores is one query of one head. A row that sees no key gives zeros.

use pellucid_graph::DType;

use super::Out;
use super::cast::cast;
use super::compute::Float;
use super::dispatch::each_float;
use super::inputs::{Inputs, Scalars};
use super::linalg::product;
use super::shape::{broadcast_to, permuted};
use super::sums::total;
use crate::Error;
use crate::tensor::Tensor;

pub fn attention(x: &Inputs<'_>) -> Out {
    let ty = &x.out[0];
    let [q, k, v] = [0, 1, 2].map(|i| x.operand(i, ty.dtype, Scalars::Rounded));
    let batch = &ty.shape[..ty.shape.len() - 2];
    let grouped = x.call.flag(7);
    let expand = |t: Tensor| {
        let t = match (grouped, batch.last()) {
            (true, Some(heads)) => repeated_heads(t, *heads),
            _ => t,
        };
        let axes = t.shape()[t.shape().len() - 2..].to_vec();
        broadcast_to(&t, &[batch, &axes].concat())
    };
    let (q, k, v) = (expand(q), expand(k), expand(v));
    let &[.., s, d] = q.shape() else { return Err(Error::internal("attention of a vector")) };
    let t = k.shape()[k.shape().len() - 2];
    let rank = k.shape().len();
    let turned: Vec<usize> = (0..rank - 2).chain([rank - 1, rank - 2]).collect();
    let scores = product(&q, &permuted(&k, &turned)); // [b, h, s, t]
    let scale = if d == 0 { 1.0 } else { x.call.number(6).unwrap_or(1.0 / (d as f64).sqrt()) };
    each_float!(ty.dtype, C => {
        let mask = mask::<C>(x, scores.shape())?;
        let causal = x.call.flag(5);
        let mut pattern: Vec<C> = Vec::with_capacity(scores.numel());
        for (i, row) in scores.slice::<C>().chunks(t.max(1)).enumerate() {
            let seen = |j: usize| !causal || j <= i % s;
            let added = mask.as_ref().map(|m| &m.slice::<C>()[i * t..(i + 1) * t]);
            let score = |(j, v): (usize, &C)| match added {
                _ if !seen(j) => C::NEG_INFINITY,
                Some(mask) => v * scale as C + mask[j],
                None => v * scale as C,
            };
            safe_softmax(row.iter().enumerate().map(score).collect(), &mut pattern);
        }
        Ok(vec![cast(&product(&Tensor::new(pattern, scores.shape()), &v), ty.dtype)])
    })
}

/// Each head of keys or values stands for several heads of queries in a row.
fn repeated_heads(t: Tensor, heads: usize) -> Tensor {
    let shape = t.shape().to_vec();
    let at = shape.len() - 3;
    let mut split = shape.clone();
    split.insert(at + 1, 1);
    let mut wide = split.clone();
    wide[at + 1] = heads / shape[at].max(1);
    let mut joined = shape;
    joined[at] = heads;
    broadcast_to(&t.reshaped(split), &wide).reshaped(joined)
}

/// What is added to the scores: 0 and minus infinity for a mask of truth values.
fn mask<C: Float>(x: &Inputs<'_>, shape: &[usize]) -> Result<Option<Tensor>, Error> {
    let Some(given) = x.optional(3) else { return Ok(None) };
    let added = match given.dtype() {
        DType::Bool => {
            let hidden =
                given.slice::<u8>().iter().map(|seen| if *seen == 0 { f64::NEG_INFINITY } else { 0.0 });
            Tensor::new(hidden.collect::<Vec<f64>>(), given.shape())
        }
        _ => given.clone(),
    };
    Ok(Some(broadcast_to(&cast(&added, C::DTYPE), shape)))
}

/// Appends the softmax of a row, zeros where no score is above minus infinity.
fn safe_softmax<C: Float>(row: Vec<C>, out: &mut Vec<C>) {
    let top = row.iter().copied().fold(C::of(f64::NEG_INFINITY), C::larger);
    if top.as_f64() == f64::NEG_INFINITY {
        return out.extend(row.iter().map(|_| C::default()));
    }
    let start = out.len();
    out.extend(row.iter().map(|v| v.minus(top).exp()));
    let sum = C::of(total(&out[start..], C::as_f64));
    out[start..].iter_mut().for_each(|v| *v = v.over(sum));
}
