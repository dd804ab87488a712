//! Converts between element types, as `Tensor.to` does.
//!
//! Floats to integers truncate towards zero (NaN gives 0), integers wrap, anything but zero is true;
//! `f64` and integers reach the half types by way of `f32`.

use half::{bf16, f16};
use pellucid_graph::DType;

use super::Out;
use super::dispatch::each_stored;
use super::inputs::Inputs;
use crate::tensor::{Element, Tensor};

/// The tensor in another element type; shares memory when it has that type already.
pub fn cast(t: &Tensor, dtype: DType) -> Tensor {
    if t.dtype() == dtype {
        return t.clone();
    }
    if t.is_meta() {
        return Tensor::meta(dtype, t.shape());
    }
    each_stored!(t.dtype(), S => match dtype {
        DType::Bool => Tensor::bools(t.slice::<S>().iter().map(|x| u8::from(x.truth())).collect(), t.shape()),
        _ => each_stored!(dtype, D => {
            Tensor::new(t.slice::<S>().iter().map(|x| D::from_wide(x.widen())).collect::<Vec<D>>(), t.shape())
        }),
    })
}

pub fn to(x: &Inputs<'_>) -> Out {
    Ok(vec![cast(x.tensor(0), x.out[0].dtype)])
}

/// Tensors are immutable: a copy is the same memory.
pub fn clone(x: &Inputs<'_>) -> Out {
    Ok(vec![x.tensor(0).clone()])
}

/// A number on its way from one type to another, without loss so far.
#[derive(Clone, Copy)]
enum Wide {
    Int(i64),
    Single(f32),
    Double(f64),
}

trait Stored: Element {
    fn widen(self) -> Wide;
    fn from_wide(x: Wide) -> Self;
    fn truth(self) -> bool {
        match self.widen() {
            Wide::Int(x) => x != 0,
            Wide::Single(x) => x != 0.0,
            Wide::Double(x) => x != 0.0,
        }
    }
}

macro_rules! integers {
    ($($ty:ident),*) => {$(impl Stored for $ty {
        fn widen(self) -> Wide { Wide::Int(i64::from(self)) }
        fn from_wide(x: Wide) -> $ty {
            match x {
                Wide::Int(x) => x as $ty,
                Wide::Single(x) => x as i64 as $ty,
                Wide::Double(x) => x as i64 as $ty,
            }
        }
    })*};
}

macro_rules! halves {
    ($($ty:ident),*) => {$(impl Stored for $ty {
        fn widen(self) -> Wide { Wide::Single(self.to_f32()) }
        fn from_wide(x: Wide) -> $ty { $ty::from_f32(f32::from_wide(x)) }
    })*};
}

macro_rules! floats {
    ($($ty:ident $wide:ident),*) => {$(impl Stored for $ty {
        fn widen(self) -> Wide { Wide::$wide(self) }
        fn from_wide(x: Wide) -> $ty {
            match x {
                Wide::Int(x) => x as $ty,
                Wide::Single(x) => x as $ty,
                Wide::Double(x) => x as $ty,
            }
        }
    })*};
}

integers! { u8, i32, i64 }
halves! { f16, bf16 }
floats! { f32 Single, f64 Double }

#[cfg(test)]
mod tests {
    use super::*;

    fn check(x: &[f64], dtype: DType, want: &[f64]) {
        let t = cast(&Tensor::new(x.to_vec(), [x.len()]), dtype);
        assert_eq!(cast(&t, DType::F64).slice::<f64>(), want, "{x:?} to {dtype}");
    }

    #[test]
    fn follows_torch_at_the_edges() {
        check(&[-1.5, 300.0, 1.9], DType::U8, &[255.0, 44.0, 1.0]);
        check(&[-1.5, 1.9, 2e9], DType::I32, &[-1.0, 1.0, 2e9]);
        check(&[0.0, -0.0, f64::NAN, 1e-300], DType::Bool, &[0.0, 0.0, 1.0, 1.0]);
        check(&[65519.0, 65520.0, 1e300], DType::F16, &[65504.0, f64::INFINITY, f64::INFINITY]);
        check(&[f64::NAN], DType::I64, &[0.0]);
    }
}
