//! From a dtype, known at run time, to the Rust type that a kernel is compiled for.
//!
//! Kernels that compute have up to three bodies ([`compute_dtype`]), kernels that move elements one
//! for each type that tensors store.

use pellucid_graph::DType;

/// The type that elements of this dtype are computed in.
pub fn compute_dtype(dtype: DType) -> DType {
    match dtype {
        DType::Bool | DType::U8 | DType::I32 | DType::I64 => DType::I64,
        DType::F16 | DType::Bf16 | DType::F32 => DType::F32,
        DType::F64 => DType::F64,
    }
}

/// Runs `body` with `C` as the type that `dtype` is computed in.
macro_rules! each_compute {
    ($dtype:expr, $C:ident => $body:expr) => {
        match $crate::ops::dispatch::compute_dtype($dtype) {
            pellucid_graph::DType::F32 => {
                type $C = f32;
                $body
            }
            pellucid_graph::DType::F64 => {
                type $C = f64;
                $body
            }
            _ => {
                type $C = i64;
                $body
            }
        }
    };
}

/// Runs `body` with `C` as the floating type that `dtype` is computed in; rules refuse other dtypes.
macro_rules! each_float {
    ($dtype:expr, $C:ident => $body:expr) => {
        match $crate::ops::dispatch::compute_dtype($dtype) {
            pellucid_graph::DType::F32 => {
                type $C = f32;
                $body
            }
            pellucid_graph::DType::F64 => {
                type $C = f64;
                $body
            }
            other => Err($crate::Error::internal(format!("a floating kernel got {other}"))),
        }
    };
}

/// Runs `body` with `T` as the Rust type that elements of `dtype` are stored in.
macro_rules! each_stored {
    ($dtype:expr, $T:ident => $body:expr) => {{
        use pellucid_graph::DType;
        match $dtype {
            DType::Bool | DType::U8 => {
                type $T = u8;
                $body
            }
            DType::I32 => {
                type $T = i32;
                $body
            }
            DType::I64 => {
                type $T = i64;
                $body
            }
            DType::F16 => {
                type $T = half::f16;
                $body
            }
            DType::Bf16 => {
                type $T = half::bf16;
                $body
            }
            DType::F32 => {
                type $T = f32;
                $body
            }
            DType::F64 => {
                type $T = f64;
                $body
            }
        }
    }};
}

pub(super) use {each_compute, each_float, each_stored};
