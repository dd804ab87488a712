//! Elements and slices at the positions that an integer tensor gives, along one axis.

use pellucid_graph::{Code, DType, Diagnostic};

use super::Out;
use super::cast::cast;
use super::dispatch::each_stored;
use super::inputs::Inputs;
use super::walk::{Walk, strides};
use crate::Error;
use crate::tensor::Tensor;

pub fn gather(x: &Inputs<'_>) -> Out {
    let (t, index) = (x.tensor(0), x.tensor(2));
    let axis = x.axis(1, t.shape().len())?;
    let mut own = strides(t.shape());
    let step = own.get_mut(axis).map_or(0, std::mem::take);
    let at = positions(x, index, axis, t.shape().get(axis).copied().unwrap_or(1), 0)?;
    let walk = Walk::new(index.shape(), [strides(index.shape()), own]);
    each_stored!(t.dtype(), T => {
        let data = t.slice::<T>();
        let mut out: Vec<T> = Vec::with_capacity(at.len());
        walk.runs(|[i, j], [s, d], n| out.extend((0..n).map(|k| data[j + k * d + at[i + k * s] as usize * step])));
        x.one(out)
    })
}

pub fn index_select(x: &Inputs<'_>) -> Out {
    let (t, index) = (x.tensor(0), x.tensor(2));
    if t.shape().is_empty() && index.numel() != 1 {
        let message = format!("a 0-d tensor takes one position, got {}", index.numel());
        return Err(x.call.fault(Code::ShapeMismatch, message).into());
    }
    let axis = x.axis(1, t.shape().len())?;
    let n = t.shape().get(axis).copied().unwrap_or(1);
    let at = positions(x, index, axis, n, 0)?;
    let outer: usize = t.shape().iter().take(axis).product();
    let width: usize = t.shape().iter().skip(axis + 1).product();
    each_stored!(t.dtype(), T => {
        let data = t.slice::<T>();
        let mut out: Vec<T> = Vec::with_capacity(outer * at.len() * width);
        for line in 0..outer {
            at.iter().for_each(|i| out.extend_from_slice(&data[(line * n + *i as usize) * width..][..width]));
        }
        x.one(out)
    })
}

/// The positions in an index tensor, counted from the front of an axis of length `n`.
///
/// # Errors
/// [`Code::IndexOutOfRange`] for one below `lowest` or not below `n`.
pub fn positions(x: &Inputs<'_>, t: &Tensor, axis: usize, n: usize, lowest: i64) -> Result<Vec<i64>, Error> {
    let mut at = cast(t, DType::I64).slice::<i64>().to_vec();
    for i in &mut at {
        if !(lowest..n as i64).contains(i) {
            let message = format!("index {i} is out of range for axis {axis} of length {n}");
            let fault: Diagnostic = x.call.fault(Code::IndexOutOfRange, message);
            return Err(fault.into());
        }
        *i = i.rem_euclid(n as i64);
    }
    Ok(at)
}
