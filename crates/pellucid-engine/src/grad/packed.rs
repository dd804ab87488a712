//! Derivatives of what happens to the packed rows of a pass.

use std::ops::Range;

use super::{At, Rule, Stretch};
use crate::batch::{Batch, Layout};
use crate::{Error, Tensor};

/// `y`, made from `inputs` row by row: `width` numbers of it come from so many numbers of each input as is given
/// beside it. `rule` makes what takes the rows that a gradient concerns and their gradient, and gives that of the same rows of
/// each input.
pub(crate) fn rowwise<F, const N: usize>(
    y: Tensor,
    width: usize,
    inputs: [(&Tensor, usize); N],
    rule: impl FnOnce() -> F,
) -> Tensor
where
    F: Fn(Range<usize>, &[f32]) -> Result<[Vec<f32>; N], Error> + Send + Sync + 'static,
{
    let widths = inputs.map(|(_, width)| width);
    y.tracked(&inputs.map(|(x, _)| x), || Rowwise { width, widths, rule: rule() })
}

/// A tensor of a pass as a derivative keeps it: its numbers, rows of `width` at a time.
pub(crate) struct Kept {
    x: Tensor,
    width: usize,
}

impl Kept {
    pub fn new(x: &Tensor, width: usize) -> Kept {
        Kept { x: x.detached(), width }
    }

    /// The numbers of some rows.
    pub fn rows(&self, rows: &Range<usize>) -> &[f32] {
        &self.x.f32s()[rows.start * self.width..rows.end * self.width]
    }
}

struct Rowwise<const N: usize, F> {
    width: usize,
    widths: [usize; N],
    rule: F,
}

impl<const N: usize, F> Rule for Rowwise<N, F>
where
    F: Fn(Range<usize>, &[f32]) -> Result<[Vec<f32>; N], Error> + Send + Sync,
{
    fn name(&self) -> &str {
        "a module"
    }

    fn pull(&self, at: At<'_>, grads: &[Option<Stretch>]) -> Result<Vec<Option<Stretch>>, Error> {
        let Some(Some(dy)) = grads.first() else { return Ok(vec![None; N]) };
        once(at)?;
        let rows = dy.start / self.width..dy.end().div_ceil(self.width);
        let start = rows.start * self.width;
        let whole = Stretch { start: dy.start - start, x: dy.x.clone() };
        let whole = whole.spread(&[rows.len() * self.width], 0.0)?;
        let pulled = (self.rule)(rows.clone(), whole.f32s())?;
        let stretch = |(dx, width): (Vec<f32>, usize)| Some(Stretch::of(rows.start * width, dx));
        Ok(pulled.into_iter().zip(self.widths).map(stretch).collect())
    }
}

/// # Errors
/// Gradients inside the model are not tracked themselves.
pub(crate) fn once(at: At<'_>) -> Result<(), Error> {
    match at.higher {
        true => Err(super::once_only()),
        false => Ok(()),
    }
}

/// `y`, the sum of `inputs` or the one of them in another form: each gets the gradient as it is.
pub(crate) fn shares<const N: usize>(y: Tensor, inputs: [&Tensor; N]) -> Tensor {
    y.tracked(&inputs, || Shares(N))
}

struct Shares(usize);

impl Rule for Shares {
    fn name(&self) -> &str {
        "a sum"
    }

    fn pull(&self, _at: At<'_>, grads: &[Option<Stretch>]) -> Result<Vec<Option<Stretch>>, Error> {
        Ok(vec![grads[0].clone(); self.0])
    }
}

/// [`Batch::take`], tracked.
pub(crate) fn take(
    batch: &Batch,
    range: &Range<usize>,
    layout: Layout,
    packed: &Tensor,
    fill: f32,
) -> Tensor {
    let dense = batch.take(range, layout, &packed.detached(), fill);
    let shape = packed.shape().to_vec();
    dense.tracked(&[packed], || Taken { batch: batch.clone(), range: range.clone(), layout, shape })
}

struct Taken {
    batch: Batch,
    range: Range<usize>,
    layout: Layout,
    /// Of the packed value.
    shape: Vec<usize>,
}

impl Rule for Taken {
    fn name(&self) -> &str {
        "a read"
    }

    fn pull(&self, at: At<'_>, grads: &[Option<Stretch>]) -> Result<Vec<Option<Stretch>>, Error> {
        let Some(Some(dense)) = grads.first() else { return Ok(vec![None]) };
        once(at)?;
        let span = self.batch.span(&self.range, self.layout, &self.shape);
        if self.layout == Layout::Tokens && self.batch.is_uniform(&self.range) {
            return Ok(vec![Some(Stretch { start: span.start + dense.start, x: dense.x.clone() })]);
        }
        let dense_shape = self.batch.dense_shape(&self.range, self.layout, &self.shape);
        let dense = dense.clone().spread(&dense_shape, -0.0)?;
        let packed = self.batch.packed_part(&self.range, self.layout, &self.shape, &dense, span.clone());
        Ok(vec![Some(Stretch::of(span.start, packed))])
    }
}

/// [`Batch::put`], tracked: the packed value with the rows of `range` replaced.
pub(crate) fn put(batch: &Batch, range: &Range<usize>, layout: Layout, packed: &mut Tensor, dense: &Tensor) {
    let before = packed.clone();
    let mut after = packed.detached();
    *packed = Tensor::meta(before.dtype(), []);
    let plain = !before.is_tracked() && !dense.is_tracked();
    if plain {
        drop(before);
        batch.put(range, layout, &mut after, dense);
        *packed = after;
        return;
    }
    let shape = after.shape().to_vec();
    let span = batch.span(range, layout, &shape);
    let all = span.len() == after.numel() && layout == Layout::Tokens && batch.is_uniform(range);
    match all {
        true => after = dense.detached().reshaped(shape.clone()),
        false => batch.put(range, layout, &mut after, &dense.detached()),
    }
    *packed = after.tracked(&[&before, dense], || Put {
        batch: batch.clone(),
        range: range.clone(),
        layout,
        shape,
        span,
    });
}

struct Put {
    batch: Batch,
    range: Range<usize>,
    layout: Layout,
    /// Of the packed value.
    shape: Vec<usize>,
    /// The elements that were replaced.
    span: Range<usize>,
}

impl Rule for Put {
    fn name(&self) -> &str {
        "a write"
    }

    fn pull(&self, at: At<'_>, grads: &[Option<Stretch>]) -> Result<Vec<Option<Stretch>>, Error> {
        let Some(Some(grad)) = grads.first() else { return Ok(vec![None, None]) };
        once(at)?;
        let below = grad.within(0, self.span.start);
        let above = grad.within(self.span.end, usize::MAX);
        let others = match (below, above) {
            (Some(below), Some(above)) => Some(below.plus(above)?),
            (below, above) => below.or(above),
        };
        let Some(inside) = grad.within(self.span.start, self.span.end) else { return Ok(vec![others, None]) };
        let packed = inside.spread(&self.shape, -0.0)?;
        let dense = self.batch.take(&self.range, self.layout, &packed, 0.0);
        Ok(vec![others, Some(Stretch::whole(dense))])
    }
}
