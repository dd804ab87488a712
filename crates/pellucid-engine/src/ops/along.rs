//! Functions of a whole line: an axis is brought to the end, each line becomes another, and the axis goes back.

use super::Out;
use super::cast::cast;
use super::compute::Float;
use super::dispatch::each_float;
use super::hot;
use super::inputs::{Inputs, Scalars};
use super::shape::{broadcast_to, permuted};
use super::sums::{exp_total, total};
use crate::Error;
use crate::tensor::{Element, Tensor};

/// The lines of a tensor along one axis.
pub struct Lines {
    moved: Tensor,
    axis: usize,
}

impl Lines {
    /// The lines of `t` along `axis`; a 0-d tensor is one line of one element.
    pub fn new(t: &Tensor, axis: usize) -> Lines {
        let t = if t.shape().is_empty() { t.clone().reshaped([1]) } else { t.clone() };
        let rank = t.shape().len();
        let order: Vec<usize> = (0..rank).filter(|a| *a != axis).chain([axis]).collect();
        Lines { moved: permuted(&t, &order), axis }
    }

    /// Elements of a line.
    pub fn len(&self) -> usize {
        self.moved.shape().last().copied().unwrap_or(1)
    }

    /// All lines, one after the other.
    pub fn elements<C: Element>(&self) -> &[C] {
        self.moved.slice()
    }

    /// The lines in order.
    pub fn iter<C: Element>(&self) -> impl Iterator<Item = &[C]> {
        let (n, data) = (self.len(), self.moved.slice::<C>());
        let count: usize = self.moved.shape().iter().rev().skip(1).product();
        (0..count).map(move |i| &data[i * n..(i + 1) * n])
    }

    /// A tensor of `shape` from new lines that follow each other.
    pub fn back<C: Element>(&self, data: Vec<C>, shape: &[usize]) -> Tensor {
        let mut moved = shape.to_vec();
        if moved.is_empty() {
            return Tensor::new(data, moved);
        }
        let n = moved.remove(self.axis);
        moved.push(n);
        let last = moved.len() - 1;
        let order: Vec<usize> = (0..=last)
            .map(|a| match a.cmp(&self.axis) {
                std::cmp::Ordering::Less => a,
                std::cmp::Ordering::Equal => last,
                std::cmp::Ordering::Greater => a - 1,
            })
            .collect();
        permuted(&Tensor::new(data, moved), &order)
    }
}

pub fn softmax(x: &Inputs<'_>) -> Out {
    if let Some(out) = hot::softmax(x, false) {
        return out;
    }
    each_float!(x.out[0].dtype, C => each_line(x, softmax_line::<C>))
}

/// Appends the softmax of a line.
pub fn softmax_line<C: Float>(line: &[C], out: &mut Vec<C>) {
    let top = line.iter().copied().fold(C::of(f64::NEG_INFINITY), C::larger);
    let start = out.len();
    out.extend(line.iter().map(|v| v.minus(top).exp()));
    let sum = C::of(total(&out[start..], C::as_f64));
    out[start..].iter_mut().for_each(|v| *v = v.over(sum));
}

pub fn log_softmax(x: &Inputs<'_>) -> Out {
    if let Some(out) = hot::softmax(x, true) {
        return out;
    }
    each_float!(x.out[0].dtype, C => each_line(x, log_softmax_line::<C>))
}

/// Appends log(softmax) of a line; an infinite element leaves NaN, as in PyTorch.
pub fn log_softmax_line<C: Float>(line: &[C], out: &mut Vec<C>) {
    let (top, sum) = exp_total(line);
    let shift = C::of(if sum == f64::INFINITY { f64::NAN } else { sum.ln() });
    out.extend(line.iter().map(|v| v.minus(top).minus(shift)));
}

/// Appends a line of the same length for each line along the axis of parameter 1.
pub fn each_line<C: Element>(x: &Inputs<'_>, f: impl Fn(&[C], &mut Vec<C>)) -> Out {
    let t = x.wide();
    let lines = Lines::new(&t, x.axis(1, t.shape().len())?);
    let mut out = Vec::with_capacity(t.numel());
    lines.iter::<C>().for_each(|line| f(line, &mut out));
    Ok(vec![cast(&lines.back(out, &x.out[0].shape), x.out[0].dtype)])
}

/// The product of the unit vectors; a vector shorter than `eps` counts as that long.
pub fn cosine_similarity(x: &Inputs<'_>) -> Out {
    let (dtype, eps) = (x.out[0].dtype, x.float(3));
    let (a, b) = (x.operand(0, dtype, Scalars::Rounded), x.operand(1, dtype, Scalars::Rounded));
    let Some(shape) = pellucid_graph::shape::broadcast(a.shape(), b.shape()) else {
        return Err(Error::internal("operands of `cosine_similarity` do not broadcast"));
    };
    let axis = x.axis(2, shape.len())?;
    let (a, b) = (Lines::new(&broadcast_to(&a, &shape), axis), Lines::new(&broadcast_to(&b, &shape), axis));
    each_float!(dtype, C => x.one(a.iter::<C>().zip(b.iter::<C>()).map(|(a, b)| cosine(a, b, eps)).collect()))
}

fn cosine<C: Float>(a: &[C], b: &[C], eps: f64) -> C {
    let length = |v: &[C]| total(v, |x| x.as_f64() * x.as_f64()).sqrt().max(eps);
    let pairs: Vec<(C, C)> = a.iter().copied().zip(b.iter().copied()).collect();
    C::of(total(&pairs, |(x, y)| x.as_f64() * y.as_f64()) / (length(a) * length(b)))
}
