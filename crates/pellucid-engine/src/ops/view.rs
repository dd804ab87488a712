//! Parts of a tensor: the rule has found the shape, strides say where its elements lie.

use pellucid_graph::op::moved_axes;

use super::Out;
use super::inputs::Inputs;
use super::shape::{permuted, strided};
use super::walk::strides;

pub fn narrow(x: &Inputs<'_>) -> Out {
    let t = x.tensor(0);
    let axis = x.axis(1, t.shape().len())?;
    let start = x.call.int(2).unwrap_or(0);
    let own = strides(t.shape());
    let first = if start < 0 { start + t.shape()[axis] as i64 } else { start } as usize;
    Ok(vec![strided(t, first * own[axis], &x.out[0].shape, own)])
}

pub fn select_one(x: &Inputs<'_>) -> Out {
    let t = x.tensor(0);
    let axis = x.axis(1, t.shape().len())?;
    let at = x.call.int(2).unwrap_or(0).rem_euclid(t.shape()[axis].max(1) as i64) as usize;
    let mut own = strides(t.shape());
    let start = at * own.remove(axis);
    Ok(vec![strided(t, start, &x.out[0].shape, own)])
}

pub fn movedim(x: &Inputs<'_>) -> Out {
    Ok(vec![permuted(x.tensor(0), &moved_axes(&x.call)?)])
}

pub fn unfold(x: &Inputs<'_>) -> Out {
    let t = x.tensor(0);
    let axis = x.axis(1, t.shape().len())?;
    let step = x.call.int(3).unwrap_or(1) as usize;
    let mut own = strides(t.shape());
    own.push(own.get(axis).copied().unwrap_or(1));
    if !t.shape().is_empty() {
        own[axis] = own[axis].saturating_mul(step);
    }
    Ok(vec![strided(t, 0, &x.out[0].shape, own)])
}
