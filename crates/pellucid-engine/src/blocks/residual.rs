//! Adding to the residual stream.

use pellucid_kernels::{add as add_kernel, add_assign};

use crate::Tensor;
use crate::grad::shares;
use crate::pass::Pass;

/// `x + y`, in the memory of `x` when nobody else holds it; the bits are the same either way.
pub fn add(pass: &Pass<'_>, mut x: Tensor, y: &Tensor) -> Tensor {
    if x.is_meta() {
        return x;
    }
    let tracked = x.is_tracked() || y.is_tracked();
    if x.is_unique() && !tracked {
        add_assign(x.make_mut(), y.f32s());
    } else {
        let mut out = vec![0.0; x.numel()];
        add_kernel(x.f32s(), y.f32s(), &mut out);
        x = shares(Tensor::new(out, x.shape()), [&x, y]);
    }
    pass.settle(&mut x);
    x
}
