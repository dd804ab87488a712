//! Comparison and logic: operands meet as in arithmetic, results are bool.

use pellucid_graph::op::Call;
use pellucid_graph::{DType, Op};

use super::Out;
use super::compute::Compute;
use super::dispatch::each_compute;
use super::elementwise::zip;
use super::inputs::{Inputs, Scalars};
use crate::Error;
use crate::tensor::Tensor;

macro_rules! comparisons {
    ($($name:ident = $f:expr;)*) => {$(
        pub fn $name(x: &Inputs<'_>) -> Out {
            let dtype = common_dtype(x)?;
            let (a, b) = (x.operand(0, dtype, Scalars::Rounded), x.operand(1, dtype, Scalars::Rounded));
            each_compute!(dtype, C => compare::<C>(x, &a, &b, $f))
        }
    )*};
}

comparisons! {
    eq = |a, b| a == b;
    ne = |a, b| a != b;
    lt = |a, b| a < b;
    le = |a, b| a <= b;
    gt = |a, b| a > b;
    ge = |a, b| a >= b;
    logical_and = |a, b| a.truth() && b.truth();
    logical_or = |a, b| a.truth() || b.truth();
    logical_xor = |a, b| a.truth() != b.truth();
}

fn compare<C: Compute>(x: &Inputs<'_>, a: &Tensor, b: &Tensor, f: impl Fn(C, C) -> bool) -> Out {
    x.truths(zip(a, b, &x.out[0].shape, |a, b| u8::from(f(a, b))))
}

/// The dtype in which arithmetic on the same operands would be done.
fn common_dtype(x: &Inputs<'_>) -> Result<DType, Error> {
    let arithmetic = Op::find("maximum")?.def();
    Ok(Call::infer(arithmetic, x.call.args, x.call.types)?[0].dtype)
}
