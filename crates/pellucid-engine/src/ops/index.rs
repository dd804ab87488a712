//! What stands between brackets, read and written.
//!
//! A resolved index is a base position and strides for the axes that slices leave; index tensors add
//! the positions of a table, one for each element of their common shape. A mask is replaced by the
//! positions where it holds first.

use pellucid_graph::op::{OutAxis, ResolvedIndex, resolve_index};
use pellucid_graph::shape::broadcast;
use pellucid_graph::{Arg, Code, DType, IndexItem, TensorType, ValueId};

use super::Out;
use super::cast::cast;
use super::dispatch::each_stored;
use super::find::positions_of;
use super::inputs::Inputs;
use super::pick::positions;
use super::shape::{broadcast_to, strided};
use super::walk::{Walk, broadcast_strides, strides};
use crate::Error;
use crate::tensor::Tensor;

pub fn index(x: &Inputs<'_>) -> Out {
    let (t, place) = (x.tensor(0), Place::of(x)?);
    if place.table.is_none() {
        return Ok(vec![place.view(t)]);
    }
    let taken = each_stored!(t.dtype(), T => {
        let data = t.slice::<T>();
        let mut out: Vec<T> = Vec::with_capacity(place.shape.iter().product());
        place.each(None, |at, _| out.push(data[at]));
        Tensor::new(out, place.shape)
    });
    Ok(vec![cast(&taken, t.dtype())])
}

/// Where the index names a position twice, the last element written stays.
pub fn set_index(x: &Inputs<'_>) -> Out {
    let place = Place::of(x)?;
    let dtype = x.out[0].dtype;
    let value = place.fit(x, cast(&x.operand_as_given(2), dtype))?;
    let mut out = x.tensor(0).clone();
    each_stored!(dtype, T => {
        let from = value.slice::<T>();
        let to = out.make_mut::<T>();
        place.each(Some(&value), |at, i| to[at] = from[i]);
    });
    Ok(vec![out])
}

/// Positions of a dense tensor that an index takes, in the order of its result.
struct Place {
    start: usize,
    shape: Vec<usize>,
    /// Distance between neighbours of each axis of the result, 0 on the axes of index tensors.
    strides: Vec<usize>,
    /// What index tensors add, and the distances in this table for each axis of the result.
    table: Option<(Vec<usize>, Vec<usize>)>,
}

impl Place {
    fn of(x: &Inputs<'_>) -> Result<Place, Error> {
        let Unmasked { items, tensors, shape } = Unmasked::of(x);
        let types: Vec<TensorType> = tensors.iter().map(Tensor::ty).collect();
        let index = resolve_index(&items, &shape, |v| &types[v.index()])?;
        let own = strides(&shape);
        let mut start: usize = index.fixed.iter().map(|(axis, at)| at * own[*axis]).sum();
        let mut steps = vec![0; index.axes.len()];
        for (step, axis) in steps.iter_mut().zip(&index.axes) {
            if let OutAxis::Slice { axis, start: first, step: every } = axis {
                start += first * own[*axis];
                *step = every.saturating_mul(own[*axis]);
            }
        }
        let table = match index.tensors.is_empty() {
            true => None,
            false => Some((table(x, &index, &tensors, &shape)?, table_strides(&index))),
        };
        Ok(Place { start, shape: index.shape, strides: steps, table })
    }

    /// The elements without index tensors; a contiguous range shares memory.
    fn view(&self, t: &Tensor) -> Tensor {
        let n: usize = self.shape.iter().product();
        let dense = strides(&self.shape);
        let contiguous = (0..self.shape.len()).all(|a| self.shape[a] == 1 || self.strides[a] == dense[a]);
        match contiguous && n > 0 {
            true => t.clone().reshaped([t.numel()]).rows(self.start, n).reshaped(self.shape.clone()),
            false => strided(t, self.start, &self.shape, self.strides.clone()),
        }
    }

    /// The value broadcast without copying: leading axes of length 1 that the place lacks are dropped.
    ///
    /// # Errors
    /// A length that a mask shows to be wrong.
    fn fit(&self, x: &Inputs<'_>, value: Tensor) -> Result<Tensor, Error> {
        let extra = value.shape().len().saturating_sub(self.shape.len());
        let shape = value.shape()[extra..].to_vec();
        if broadcast(&self.shape, &shape).as_ref() != Some(&self.shape) {
            let message = format!(
                "a value of shape {:?} does not fit the place of shape {:?}",
                value.shape(),
                self.shape
            );
            return Err(x.call.fault(Code::ShapeMismatch, message).into());
        }
        Ok(value.reshaped(shape))
    }

    /// Calls `f(position, position in value)` for every element of the place.
    fn each(&self, value: Option<&Tensor>, mut f: impl FnMut(usize, usize)) {
        let repeat = || vec![0; self.shape.len()];
        let value = value.map_or_else(repeat, |v| broadcast_strides(v.shape(), &self.shape));
        let (table, table_strides) = match &self.table {
            Some((table, strides)) => (table.as_slice(), strides.clone()),
            None => (&[0][..], repeat()),
        };
        Walk::new(&self.shape, [self.strides.clone(), table_strides, value]).runs(|at, step, n| {
            for k in 0..n {
                let [i, j, v] = std::array::from_fn(|o| at[o] + k * step[o]);
                f(self.start + i + table[j], v);
            }
        });
    }
}

/// An index with the positions of every mask in its place.
struct Unmasked {
    items: Vec<IndexItem>,
    /// What the values among the items mean.
    tensors: Vec<Tensor>,
    /// The shape that is indexed: a mask without axes takes an axis of length 1 of its own.
    shape: Vec<usize>,
}

impl Unmasked {
    fn of(x: &Inputs<'_>) -> Unmasked {
        let items: &[IndexItem] = if let Arg::Index(items) = &x.call.args[1] { items } else { &[] };
        let mut out =
            Unmasked { items: Vec::new(), tensors: Vec::new(), shape: x.tensor(0).shape().to_vec() };
        let axes = |i: &IndexItem| match i {
            IndexItem::New | IndexItem::Ellipsis => 0,
            IndexItem::Value(v) if x.call.type_of(*v).dtype == DType::Bool => x.call.type_of(*v).rank(),
            _ => 1,
        };
        let unnamed = x.tensor(0).shape().len().saturating_sub(items.iter().map(axes).sum());
        let mut axis = 0;
        for item in items {
            match item {
                IndexItem::Value(v) => {
                    let t = x.tensors[v.index()];
                    if t.dtype() == DType::Bool && t.shape().is_empty() {
                        out.shape.insert(axis, 1);
                        axis += 1;
                    }
                    out.push(t);
                }
                other => out.items.push(other.clone()),
            }
            axis += if *item == IndexItem::Ellipsis { unnamed } else { axes(item) };
        }
        out
    }

    fn push(&mut self, t: &Tensor) {
        if t.dtype() != DType::Bool {
            self.value(t.clone());
            return;
        }
        let full = if t.shape().is_empty() { t.clone().reshaped([1]) } else { t.clone() };
        let (axes, n) = positions_of(&full);
        axes.into_iter().for_each(|at| self.value(Tensor::new(at, [n])));
    }

    fn value(&mut self, t: Tensor) {
        self.items.push(IndexItem::Value(ValueId(self.tensors.len() as u32)));
        self.tensors.push(t);
    }
}

/// What the index tensors add together, for each element of their common shape.
fn table(
    x: &Inputs<'_>,
    index: &ResolvedIndex,
    tensors: &[Tensor],
    shape: &[usize],
) -> Result<Vec<usize>, Error> {
    let own = strides(shape);
    let mut sum = vec![0; index.tensor_shape.iter().product()];
    for (axis, v) in &index.tensors {
        let (n, t) = (shape[*axis], &tensors[v.index()]);
        let at = positions(x, t, *axis, n, -(n as i64))?;
        let at = broadcast_to(&Tensor::new(at, t.shape()), &index.tensor_shape);
        sum.iter_mut().zip(at.slice::<i64>()).for_each(|(s, i)| *s += *i as usize * own[*axis]);
    }
    Ok(sum)
}

fn table_strides(index: &ResolvedIndex) -> Vec<usize> {
    let own = strides(&index.tensor_shape);
    let axis = |a: &OutAxis| if let OutAxis::Tensor(i) = a { own[*i] } else { 0 };
    index.axes.iter().map(axis).collect()
}
