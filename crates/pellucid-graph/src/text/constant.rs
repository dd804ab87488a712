//! Constants in text: elements in row-major order, shortest digits that read back to the same bits.

use half::{bf16, f16};

use super::print::float_text;
use crate::{DType, TensorType};

/// The elements between brackets.
pub(super) fn print(ty: &TensorType, data: &[u8]) -> String {
    let each = data.chunks_exact(ty.dtype.size()).map(|b| element(ty.dtype, b));
    format!("[{}]", each.collect::<Vec<_>>().join(", "))
}

fn element(dtype: DType, b: &[u8]) -> String {
    let short = |x: f32| format!("{x:?}").replace("NaN", "nan");
    match dtype {
        DType::Bool => (b[0] != 0).to_string(),
        DType::U8 => b[0].to_string(),
        DType::I32 => i32::from_le_bytes(array(b)).to_string(),
        DType::I64 => i64::from_le_bytes(array(b)).to_string(),
        DType::F16 => short(f16::from_le_bytes(array(b)).to_f32()),
        DType::Bf16 => short(bf16::from_le_bytes(array(b)).to_f32()),
        DType::F32 => short(f32::from_le_bytes(array(b))),
        DType::F64 => float_text(f64::from_le_bytes(array(b))),
    }
}

fn array<const N: usize>(b: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(b);
    out
}

/// One element's bytes from its word, or `None` when the word is not of the type.
pub(super) fn parse(dtype: DType, word: &str) -> Option<Vec<u8>> {
    Some(match dtype {
        DType::Bool => vec![u8::from(word.parse::<bool>().ok()?)],
        DType::U8 => vec![word.parse().ok()?],
        DType::I32 => word.parse::<i32>().ok()?.to_le_bytes().to_vec(),
        DType::I64 => word.parse::<i64>().ok()?.to_le_bytes().to_vec(),
        DType::F16 => f16::from_f32(word.parse().ok()?).to_le_bytes().to_vec(),
        DType::Bf16 => bf16::from_f32(word.parse().ok()?).to_le_bytes().to_vec(),
        DType::F32 => word.parse::<f32>().ok()?.to_le_bytes().to_vec(),
        DType::F64 => word.parse::<f64>().ok()?.to_le_bytes().to_vec(),
    })
}
