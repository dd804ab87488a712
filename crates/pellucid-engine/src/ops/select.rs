//! Choosing between two values by a third, and filling: elements are copied, never computed with.

use super::Out;
use super::cast::cast;
use super::dispatch::each_stored;
use super::inputs::Inputs;
use super::shape::broadcast_to;
use super::walk::{Walk, broadcast_strides};
use crate::tensor::Tensor;

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
