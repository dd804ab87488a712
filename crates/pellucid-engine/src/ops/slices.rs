//! Whole slices written to positions of one axis, in the order of the positions.

use super::Out;
use super::cast::cast;
use super::compute::Compute;
use super::dispatch::{each_compute, each_stored};
use super::inputs::{Inputs, Scalars};
use super::pick::positions;
use crate::Error;
use crate::tensor::{Element, Tensor};

/// How often slices repeat, how many an axis has, how wide they are.
struct Axis {
    outer: usize,
    n: usize,
    width: usize,
    at: Vec<i64>,
}

impl Axis {
    /// The axis at parameter 1 with the positions at parameter 2.
    fn of(x: &Inputs<'_>, is_negative_allowed: bool) -> Result<Axis, Error> {
        let shape = x.tensor(0).shape();
        let axis = x.axis(1, shape.len())?;
        let n = shape.get(axis).copied().unwrap_or(1);
        let lowest = if is_negative_allowed { -(n as i64) } else { 0 };
        Ok(Axis {
            outer: shape.iter().take(axis).product(),
            n,
            width: shape.iter().skip(axis + 1).product(),
            at: positions(x, x.tensor(2), axis, n, lowest)?,
        })
    }

    /// Calls `f(slice of the tensor, slice number of the source)` in order.
    fn each<T>(&self, data: &mut [T], mut f: impl FnMut(&mut [T], usize)) {
        for line in 0..self.outer {
            for (k, i) in self.at.iter().enumerate() {
                let start = (line * self.n + *i as usize) * self.width;
                f(&mut data[start..start + self.width], line * self.at.len() + k);
            }
        }
    }
}

pub fn index_copy(x: &Inputs<'_>) -> Out {
    let axis = Axis::of(x, false)?;
    let mut out = x.tensor(0).clone();
    each_stored!(out.dtype(), T => {
        let from = x.tensor(3).slice::<T>();
        axis.each(out.make_mut::<T>(), |slice, k| {
            slice.copy_from_slice(&from[k * axis.width..][..axis.width]);
        });
    });
    Ok(vec![out])
}

pub fn index_fill(x: &Inputs<'_>) -> Out {
    let axis = Axis::of(x, true)?;
    let mut out = x.tensor(0).clone();
    let value = cast(&x.operand_as_given(3), out.dtype());
    each_stored!(out.dtype(), T => fill(&axis, &mut out, value.slice::<T>()[0]));
    Ok(vec![out])
}

fn fill<T: Element>(axis: &Axis, out: &mut Tensor, value: T) {
    axis.each(out.make_mut::<T>(), |slice, _| slice.fill(value));
}

pub fn index_add(x: &Inputs<'_>) -> Out {
    let axis = Axis::of(x, false)?;
    let dtype = x.out[0].dtype;
    each_compute!(dtype, C => {
        let (source, alpha) = (x.operand(3, dtype, Scalars::Rounded), x.operand(4, dtype, Scalars::Exact));
        let (from, alpha) = (source.slice::<C>(), alpha.slice::<C>()[0]);
        let mut out = x.wide().slice::<C>().to_vec();
        axis.each(&mut out, |slice, k| {
            let terms = &from[k * axis.width..][..axis.width];
            slice.iter_mut().zip(terms).for_each(|(sum, term)| *sum = sum.plus(alpha.times(*term)));
        });
        x.one(out)
    })
}
