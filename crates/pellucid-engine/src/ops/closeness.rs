//! Tests of two tensors against each other.

use super::Out;
use super::compute::{Compute, Float};
use super::dispatch::{each_compute, each_float};
use super::elementwise::{absolute, zip};
use super::inputs::{Inputs, Scalars};
use crate::Error;

pub fn isclose(x: &Inputs<'_>) -> Out {
    x.truths(closeness(x)?)
}

pub fn allclose(x: &Inputs<'_>) -> Out {
    let all = closeness(x)?.iter().all(|t| *t != 0);
    x.truths(vec![u8::from(all)])
}

/// Element by element: bytes would differ for 0.0 and -0.0, and agree for NaN.
pub fn equal(x: &Inputs<'_>) -> Out {
    let (a, b) = (x.tensor(0), x.tensor(1));
    if a.shape() != b.shape() {
        return x.truths(vec![0]);
    }
    let dtype = a.dtype().promote(b.dtype());
    let (a, b) = (x.operand(0, dtype, Scalars::Rounded), x.operand(1, dtype, Scalars::Rounded));
    each_compute!(dtype, C => x.truths(vec![u8::from(a.slice::<C>() == b.slice::<C>())]))
}

fn closeness(x: &Inputs<'_>) -> Result<Vec<u8>, Error> {
    let (rtol, atol, equal_nan) = (x.float(2), x.float(3), x.call.flag(4));
    let dtype = x.tensor(0).dtype();
    let shape = match pellucid_graph::shape::broadcast(x.tensor(0).shape(), x.tensor(1).shape()) {
        Some(shape) => shape,
        None => return Err(Error::internal("operands of `isclose` do not broadcast")),
    };
    let (a, b) = (x.operand(0, dtype, Scalars::Rounded), x.operand(1, dtype, Scalars::Rounded));
    if !dtype.is_float() {
        return Ok(zip(&a, &b, &shape, |a: i64, b: i64| {
            u8::from(a == b || near(a as f32, b as f32, rtol, atol))
        }));
    }
    each_float!(dtype, C => Ok(zip(&a, &b, &shape, |a: C, b: C| {
        let nan = equal_nan && Compute::is_nan(a) && Compute::is_nan(b);
        u8::from(nan || a == b || near(a, b, rtol, atol))
    })))
}

/// Whether a difference, which must be finite, is within bounds; computed in the operands' own type.
fn near<C: Float>(a: C, b: C, rtol: f64, atol: f64) -> bool {
    let distance = absolute(a - b);
    distance.as_f64().is_finite() && distance <= C::of(atol) + absolute(C::of(rtol) * b)
}
