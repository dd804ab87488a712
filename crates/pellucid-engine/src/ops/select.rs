//! Choosing between two values by a third, and filling: elements are copied, never computed with.

use pellucid_graph::{Code, DType};

use super::Out;
use super::cast::cast;
use super::compute::each_stored;
use super::inputs::Inputs;
use super::shape::broadcast_to;
use super::walk::{Walk, broadcast_strides};
use crate::Error;
use crate::tensor::{Element, Tensor};

/// `where(condition, input, other)`.
pub fn select(x: &Inputs<'_>) -> Out {
    choose(x, x.tensor(0), &x.operand_as_given(1), &x.operand_as_given(2))
}

pub fn masked_fill(x: &Inputs<'_>) -> Out {
    choose(x, x.tensor(1), &x.operand_as_given(2), x.tensor(0))
}

fn choose(x: &Inputs<'_>, mask: &Tensor, yes: &Tensor, no: &Tensor) -> Out {
    let ty = &x.out[0];
    let (yes, no) = (cast(yes, ty.dtype), cast(no, ty.dtype));
    let walk = Walk::new(&ty.shape, [mask, &yes, &no].map(|t| broadcast_strides(t.shape(), &ty.shape)));
    each_stored!(ty.dtype, T => {
        let (mask, yes, no) = (mask.slice::<u8>(), yes.slice::<T>(), no.slice::<T>());
        let mut out = Vec::with_capacity(ty.shape.iter().product());
        walk.runs(|[m, y, n], [dm, dy, dn], len| {
            out.extend((0..len).map(|i| if mask[m + i * dm] != 0 { yes[y + i * dy] } else { no[n + i * dn] }));
        });
        x.one(out)
    })
}

pub fn copy_into(x: &Inputs<'_>) -> Out {
    let ty = &x.out[0];
    Ok(vec![broadcast_to(&cast(&x.operand_as_given(1), ty.dtype), &ty.shape)])
}

pub fn full_like(x: &Inputs<'_>) -> Out {
    let ty = &x.out[0];
    each_stored!(ty.dtype, T => {
        let value: T = x.stored_scalar(1, ty.dtype)?;
        x.one(vec![value; ty.shape.iter().product()])
    })
}

impl Inputs<'_> {
    /// A number or 0-d tensor, converted to `dtype` and then to the type that it is computed in.
    ///
    /// # Errors
    /// A tensor with axes.
    pub fn scalar<C: Element>(&self, i: usize, dtype: DType) -> Result<C, Error> {
        self.first(i, &self.operand(i, dtype, super::inputs::Scalars::Rounded))
    }

    fn stored_scalar<T: Element>(&self, i: usize, dtype: DType) -> Result<T, Error> {
        self.first(i, &cast(&self.operand_as_given(i), dtype))
    }

    fn first<T: Element>(&self, i: usize, t: &Tensor) -> Result<T, Error> {
        if t.shape().is_empty() {
            return Ok(t.slice::<T>()[0]);
        }
        let name = self.call.def.params[i].name;
        let message = format!("`{name}` must be a number or 0-d, got shape {:?}", t.shape());
        Err(self.call.fault(Code::ShapeMismatch, message).into())
    }
}
