//! Rounding of single elements; integers are round already.

use pellucid_graph::DType;

use super::Out;
use super::compute::Float;
use super::dispatch::each_float;
use super::elementwise::unary;
use super::inputs::Inputs;

pub fn floor(x: &Inputs<'_>) -> Out {
    rounding(x, Float::floor, Float::floor)
}

pub fn ceil(x: &Inputs<'_>) -> Out {
    rounding(x, Float::ceil, Float::ceil)
}

pub fn trunc(x: &Inputs<'_>) -> Out {
    rounding(x, Float::trunc, Float::trunc)
}

pub fn frac(x: &Inputs<'_>) -> Out {
    each_float!(x.out[0].dtype, C => unary(x, |a: C| a - a.trunc()))
}

/// Decimals are scaled away and back, which as in PyTorch loses what the scaled number cannot hold.
pub fn round(x: &Inputs<'_>) -> Out {
    let decimals = x.call.int(1).unwrap_or(0);
    if decimals == 0 {
        return rounding(x, Float::round, Float::round);
    }
    let scale = 10f64.powf(decimals.unsigned_abs() as f64);
    each_float!(x.out[0].dtype, C => {
        let scale = C::of(scale);
        match decimals > 0 {
            true => unary(x, |a: C| Float::round(a * scale) / scale),
            false => unary(x, |a: C| Float::round(a / scale) * scale),
        }
    })
}

fn rounding(x: &Inputs<'_>, single: impl Fn(f32) -> f32, double: impl Fn(f64) -> f64) -> Out {
    match x.out[0].dtype {
        d if !d.is_float() => Ok(vec![x.tensor(0).clone()]),
        DType::F64 => unary(x, double),
        _ => unary(x, single),
    }
}
