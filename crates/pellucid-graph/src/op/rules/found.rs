//! Results whose length depends on the elements: it is open while recording.

use super::Types;
use super::scatter::{mask_is_bool, together};
use crate::op::{Arg, Call};
use crate::{Code, DType, TensorType};

/// Longest result of `bincount`; u8 needs less.
const MOST_COUNTS: usize = 1 << 24;

/// `masked_select(input, mask)`: what the mask takes, as a vector.
pub fn masked_select(c: &Call<'_>) -> Types {
    mask_is_bool(c, 1)?;
    let shape = together(c, c.ty(0), c.ty(1))?;
    let most = shape.iter().fold(1usize, |n, d| n.saturating_mul(*d));
    Ok(vec![TensorType::new(c.ty(0).dtype, [most]).opened(0)])
}

/// `nonzero(input)`: a row of positions for every element that is not zero.
pub fn nonzero(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    Ok(vec![TensorType::new(DType::I64, [t.numel().unwrap_or(usize::MAX), t.rank()]).opened(0)])
}

/// `unique(input, dim)`, `unique_consecutive`: elements, or slices along an axis; where each went;
/// how often each stood there.
pub fn unique(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    if c.args[1] == Arg::None {
        let n = t.numel().unwrap_or(usize::MAX);
        return Ok(vec![
            TensorType::new(t.dtype, [n]).opened(0),
            TensorType::new(DType::I64, t.shape.clone()),
            TensorType::new(DType::I64, [n]).opened(0),
        ]);
    }
    let dim = super::view::axis_of(c, 1)?;
    let n = t.shape[dim];
    let empty_axes = t.shape.iter().filter(|d| **d == 0).count();
    if empty_axes > usize::from(n == 0) {
        return Err(c.fault(Code::ShapeMismatch, format!("{t} has no slices along axis {dim}")));
    }
    Ok(vec![
        TensorType::new(t.dtype, t.shape.clone()).opened(dim),
        TensorType::new(DType::I64, [n]),
        TensorType::new(DType::I64, [n]).opened(0),
    ])
}

/// `bincount(input, weights, minlength)`: how often 0, 1, 2 ... stand in a vector of integers.
pub fn bincount(c: &Call<'_>) -> Types {
    let (t, least) = (c.ty(0), c.int(2).unwrap_or(0));
    if t.rank() != 1 || !matches!(t.dtype, DType::U8 | DType::I32 | DType::I64) {
        return Err(c.fault(Code::ShapeMismatch, format!("takes a vector of integers, got {t}")));
    }
    if least < 0 || least > MOST_COUNTS as i64 {
        let message = format!("`minlength` must be 0 to {MOST_COUNTS}, got {least}");
        return Err(c.fault(Code::BadArgument, message));
    }
    let dtype = match c.args[1] {
        Arg::None => DType::I64,
        _ if c.ty(1).shape != t.shape => {
            let message = format!("`weights` must have shape {:?} as `input`, got {}", t.shape, c.ty(1));
            return Err(c.fault(Code::ShapeMismatch, message));
        }
        _ if c.ty(1).dtype == DType::F32 => DType::F32,
        _ => DType::F64,
    };
    let most = if t.dtype == DType::U8 { 256 } else { MOST_COUNTS };
    let most = if t.shape[0] == 0 { 0 } else { most };
    Ok(vec![TensorType::new(dtype, [most.max(least as usize)]).opened(0)])
}
