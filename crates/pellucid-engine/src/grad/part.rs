//! Parts of tensors whose elements lie beside each other: their gradient is a stretch of the whole's, so that the
//! loss of one logit does not fill a gradient for all.

use pellucid_graph::{Arg, DType, IndexItem, Op, Slice};

use super::{At, Rule, Stretch};
use crate::ops::{joined, run_with};
use crate::{Error, Tensor};

/// Where the elements of `x[index]` begin in `x`, if they lie beside each other; `n` says how many they are.
pub(super) fn start(op: Op, args: &[Arg], shape: &[usize], n: usize) -> Option<usize> {
    let (name, Some(Arg::Index(items))) = (op.def().name, args.get(1)) else { return None };
    if name != "index" {
        return None;
    }
    let mut start = 0;
    let mut width: usize = shape.iter().product();
    let mut several = false;
    for (item, &length) in items.iter().zip(shape) {
        width = width.checked_div(length)?;
        let (first, taken) = match item {
            IndexItem::Int(i) => (i.rem_euclid(length as i64) as usize, 1),
            IndexItem::Slice(slice) => range(slice, length)?,
            _ => return None,
        };
        // Once several are taken of an axis, all must be taken of those that follow.
        if several && taken != length {
            return None;
        }
        several |= taken != 1;
        start += first * width;
    }
    (n > 0).then_some(start)
}

fn range(slice: &Slice, length: usize) -> Option<(usize, usize)> {
    let at = |i: i64| if i < 0 { (i + length as i64).max(0) } else { i.min(length as i64) } as usize;
    let (start, stop) = (slice.start.map_or(0, at), slice.stop.map_or(length, at));
    (slice.step.unwrap_or(1) == 1 && start < stop).then(|| (start, stop - start))
}

/// Elements `start..` of a tensor of this shape.
pub(super) struct Part {
    pub op: Op,
    pub start: usize,
    pub shape: Vec<usize>,
}

impl Rule for Part {
    fn name(&self) -> &str {
        self.op.def().name
    }

    fn pull(&self, at: At<'_>, grads: &[Option<Stretch>]) -> Result<Vec<Option<Stretch>>, Error> {
        let Some(Some(grad)) = grads.first() else { return Ok(vec![None]) };
        if !at.higher && grad.x.dtype() == DType::F32 {
            return Ok(vec![Some(Stretch { start: self.start + grad.start, x: grad.x.clone() })]);
        }
        let n: usize = self.shape.iter().product();
        let end = n - self.start - grad.x.numel();
        let zeros = |n: usize| match grad.x.dtype() {
            DType::F64 => Tensor::new(vec![0.0f64; n], [n]),
            _ => Tensor::new(vec![0.0f32; n], [n]),
        };
        let flat = run_with("reshape", &[&grad.x], vec![("shape", Arg::Ints(vec![-1]))])?;
        let all = joined(&[&zeros(self.start), &flat, &zeros(end)], 0)?;
        let shape = self.shape.iter().map(|n| *n as i64).collect();
        Ok(vec![Some(Stretch::whole(run_with("reshape", &[&all], vec![("shape", Arg::Ints(shape))])?))])
    }
}
