//! Elements written to the positions of an index tensor, in its row-major order: what is written last
//! stays, sums add up in that order.

use super::compute::Compute;
use super::dispatch::{each_compute, each_stored};
use super::inputs::{Inputs, Scalars};
use super::pick::positions;
use super::walk::{Walk, broadcast_strides, strides};
use super::{Out, cast::cast};
use crate::Error;
use crate::tensor::Tensor;

pub fn scatter(x: &Inputs<'_>) -> Out {
    let places = Places::of(x, x.operand_as_given(3).shape())?;
    let mut out = x.tensor(0).clone();
    let src = cast(&x.operand_as_given(3), out.dtype());
    each_stored!(out.dtype(), T => {
        let (to, from) = (out.make_mut::<T>(), src.slice::<T>());
        places.each(|at, k| to[at] = from[k]);
    });
    Ok(vec![out])
}

pub fn scatter_add(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => reduced::<C>(x, "sum", true))
}

pub fn scatter_reduce(x: &Inputs<'_>) -> Out {
    let word = x.call.word(4).to_owned();
    each_compute!(x.out[0].dtype, C => reduced::<C>(x, &word, x.call.flag(5)))
}

fn reduced<C: Compute>(x: &Inputs<'_>, word: &str, include_self: bool) -> Out {
    let places = Places::of(x, x.tensor(3).shape())?;
    let join = match word {
        "prod" => C::times,
        "amax" => C::larger,
        "amin" => C::smaller,
        _ => C::plus,
    };
    let mut out = x.wide().slice::<C>().to_vec();
    let src = x.operand(3, x.out[0].dtype, Scalars::Rounded);
    let from = src.slice::<C>();
    let mut counts = vec![i64::from(include_self); out.len()];
    places.each(|at, k| {
        out[at] = if counts[at] == 0 { from[k] } else { join(out[at], from[k]) };
        counts[at] += 1;
    });
    if word == "mean" {
        let mean = |(sum, n): (&mut C, i64)| *sum = sum.shared_by(n);
        out.iter_mut().zip(counts).filter(|(_, n)| *n > 1).for_each(mean);
    }
    x.one(out)
}

/// The pairs of a position in the tensor and one in what is written there.
struct Places {
    walk: Walk<3>,
    positions: Vec<i64>,
    step: usize,
}

impl Places {
    /// Those of the index at parameter 2 along the axis at parameter 1; a source of one element and
    /// no axes is written everywhere.
    fn of(x: &Inputs<'_>, source: &[usize]) -> Result<Places, Error> {
        let full = |shape: &[usize]| if shape.is_empty() { vec![1] } else { shape.to_vec() };
        let (shape, index) = (full(x.tensor(0).shape()), full(x.tensor(2).shape()));
        let axis = x.axis(1, x.tensor(0).shape().len())?;
        let positions = positions(x, x.tensor(2), axis, shape[axis], 0)?;
        if positions.is_empty() {
            let walk = Walk::new(&[0], [vec![1], vec![1], vec![1]]);
            return Ok(Places { walk, positions, step: 0 });
        }
        let mut own = strides(&shape);
        let step = std::mem::take(&mut own[axis]);
        let from = if source.is_empty() { vec![0; index.len()] } else { strides(source) };
        Ok(Places { walk: Walk::new(&index, [strides(&index), own, from]), positions, step })
    }

    fn each(&self, mut f: impl FnMut(usize, usize)) {
        self.walk.runs(|[i, at, from], [di, dat, dfrom], n| {
            for k in 0..n {
                f(at + k * dat + self.positions[i + k * di] as usize * self.step, from + k * dfrom);
            }
        });
    }
}

pub fn put(x: &Inputs<'_>) -> Out {
    let n = x.tensor(0).numel();
    let at = positions(x, x.tensor(1), 0, n, -(n as i64))?;
    let dtype = x.out[0].dtype;
    if !x.call.flag(3) {
        let mut out = x.tensor(0).clone();
        each_stored!(dtype, T => {
            let (to, from) = (out.make_mut::<T>(), x.tensor(2).slice::<T>());
            at.iter().zip(from).for_each(|(i, v)| to[*i as usize] = *v);
        });
        return Ok(vec![out]);
    }
    each_compute!(dtype, C => {
        let source = x.operand(2, dtype, Scalars::Rounded);
        let mut out = x.wide().slice::<C>().to_vec();
        at.iter().zip(source.slice::<C>()).for_each(|(i, v)| out[*i as usize] = out[*i as usize].plus(*v));
        x.one(out)
    })
}

/// The elements of `source` in order where the mask holds.
pub fn masked_scatter(x: &Inputs<'_>) -> Out {
    let shape = &x.out[0].shape;
    let (mask, source) = (x.tensor(1), x.tensor(2));
    let walk = Walk::new(shape, [mask, x.tensor(0)].map(|t| broadcast_strides(t.shape(), shape)));
    each_stored!(x.out[0].dtype, T => {
        let (mask, data) = (mask.slice::<u8>(), x.tensor(0).slice::<T>());
        let mut next = source.slice::<T>().iter();
        let mut out: Vec<T> = Vec::with_capacity(shape.iter().product());
        let mut taken = 0usize;
        walk.runs(|[m, d], [dm, dd], n| {
            for k in 0..n {
                let held = mask[m + k * dm] != 0;
                taken += usize::from(held);
                let new = if held { next.next() } else { None };
                out.push(*new.unwrap_or(&data[d + k * dd]));
            }
        });
        if taken > source.numel() {
            let message = format!("`mask` holds {taken} times, `source` has only {} elements", source.numel());
            return Err(x.call.fault(pellucid_graph::Code::ShapeMismatch, message).into());
        }
        x.one(out)
    })
}

/// Negative positions count from the end.
pub fn take(x: &Inputs<'_>) -> Out {
    flat(x, -(x.tensor(0).numel() as i64))
}

/// Elements of the flattened tensor at positions not below `lowest`.
fn flat(x: &Inputs<'_>, lowest: i64) -> Out {
    let at = positions(x, x.tensor(1), 0, x.tensor(0).numel(), lowest)?;
    each_stored!(x.out[0].dtype, T => {
        let data = x.tensor(0).slice::<T>();
        x.one(at.iter().map(|i| data[*i as usize]).collect::<Vec<T>>())
    })
}

pub fn take_along_dim(x: &Inputs<'_>) -> Out {
    if x.call.args[2] == pellucid_graph::Arg::None {
        return flat(x, 0);
    }
    let (t, index, shape) = (x.tensor(0), x.tensor(1), &x.out[0].shape);
    let axis = x.axis(2, shape.len())?;
    let n = t.shape()[axis];
    let at = positions(x, index, axis, n, -(n as i64))?;
    let at = Tensor::new(at, index.shape());
    let own = strides(t.shape());
    let mut from: Vec<usize> = (0..shape.len()).map(|a| if t.shape()[a] == 1 { 0 } else { own[a] }).collect();
    from[axis] = 0;
    let walk = Walk::new(shape, [broadcast_strides(index.shape(), shape), from]);
    each_stored!(x.out[0].dtype, T => {
        let (data, at) = (t.slice::<T>(), at.slice::<i64>());
        let mut out: Vec<T> = Vec::with_capacity(shape.iter().product());
        walk.runs(|[i, d], [di, dd], n| {
            out.extend((0..n).map(|k| data[d + k * dd + at[i + k * di] as usize * own[axis]]));
        });
        x.one(out)
    })
}
