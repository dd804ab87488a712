//! Order: sorting, places in sorted sequences, counting into bins.

use super::elementwise::same;
use super::{Types, one};
use crate::op::{Arg, Call, Operand};
use crate::{Code, DType, Result, TensorType};

/// `argsort(input, dim, descending, stable)`.
pub fn argsort(c: &Call<'_>) -> Types {
    c.dim(1, c.ty(0).rank())?;
    one(DType::I64, c.ty(0).shape.clone())
}

/// `msort(input)`: along the first axis.
pub fn msort(c: &Call<'_>) -> Types {
    same(c)
}

/// `searchsorted(sorted_sequence, input, out_int32, right, side, sorter)`.
pub fn searchsorted(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    if c.flag(3) && c.args[4] == Arg::Word("left".into()) {
        return Err(c.fault(Code::BadArgument, "`side` is left and `right` is True"));
    }
    if let Arg::Value(v) = c.args[5] {
        let sorter = c.type_of(v);
        if sorter.dtype != DType::I64 || sorter.shape != t.shape {
            let message = format!("`sorter` must be i64{:?} as `sorted_sequence`, got {sorter}", t.shape);
            return Err(c.fault(Code::ShapeMismatch, message));
        }
    }
    places(c, t, c.operand(1))
}

/// `bucketize(input, boundaries, out_int32, right)`.
pub fn bucketize(c: &Call<'_>) -> Types {
    let boundaries = c.ty(1);
    if boundaries.rank() != 1 {
        let message = format!("`boundaries` must have one axis, got {boundaries}");
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    places(c, boundaries, c.operand(0))
}

/// One place in the sequence for every value; all axes but the last agree, or the sequence has one.
fn places(c: &Call<'_>, sequence: &TensorType, values: Operand<'_>) -> Types {
    let (shape, dtype): (&[usize], _) = match values {
        Operand::Tensor(t) => (&t.shape, t.dtype),
        Operand::Number(category) => (&[], DType::Bool.promote_scalar(category)),
    };
    if sequence.dtype.promote(dtype) == DType::Bool {
        return Err(c.fault(Code::DTypeMismatch, "takes numbers, got bool"));
    }
    let lead = |s: &[usize]| s.split_last().map(|(_, lead)| lead.to_vec());
    let rows = sequence.rank() > 1 && lead(shape) == lead(&sequence.shape);
    if sequence.rank() != 1 && !rows {
        let message = format!(
            "values of shape {shape:?} have no rows in common with a sequence of shape {:?}",
            sequence.shape
        );
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    one(if c.flag(2) { DType::I32 } else { DType::I64 }, shape)
}

/// `histc(input, bins, min, max)`.
pub fn histc(c: &Call<'_>) -> Types {
    let (t, bins) = (c.ty(0), c.int(1).unwrap_or(100));
    if !t.dtype.is_float() {
        let diagnostic = c.fault(Code::DTypeMismatch, format!("takes floating types, got {t}"));
        return Err(diagnostic.help("`.float()` converts"));
    }
    if bins < 1 {
        return Err(c.fault(Code::BadArgument, format!("`bins` must be at least 1, got {bins}")));
    }
    let (low, high) = (c.float(2), c.float(3));
    if !(low.is_finite() && high.is_finite() && low <= high) {
        let message = format!("`min` must be at most `max`, both finite, got {low} and {high}");
        return Err(c.fault(Code::BadArgument, message));
    }
    one(t.dtype, [bins as usize])
}

/// `one_hot(input, num_classes)`.
pub fn one_hot(c: &Call<'_>) -> Types {
    let (t, n) = (c.ty(0), c.int(1).unwrap_or(-1));
    if t.dtype != DType::I64 {
        let diagnostic = c.fault(Code::DTypeMismatch, format!("takes i64, got {t}"));
        return Err(diagnostic.help("`.long()` converts"));
    }
    if n < 1 {
        let diagnostic = c.fault(Code::BadArgument, format!("`num_classes` must be at least 1, got {n}"));
        return Err(diagnostic.help("how many there are cannot depend on the elements"));
    }
    let mut shape = t.shape.clone();
    shape.push(n as usize);
    one(DType::I64, shape)
}

/// `isin(elements, test_elements, assume_unique, invert)`.
pub fn isin(c: &Call<'_>) -> Types {
    let dtypes = [0, 1].map(|i| match c.operand(i) {
        Operand::Tensor(t) => Ok(Some(t.dtype)),
        Operand::Number(crate::dtype::Category::Bool) => Ok(Some(DType::Bool)),
        Operand::Number(_) => Ok(None),
    });
    let dtypes = dtypes.into_iter().collect::<Result<Vec<_>>>()?;
    if dtypes.contains(&Some(DType::Bool)) {
        return Err(c.fault(Code::DTypeMismatch, "takes numbers, got bool"));
    }
    if dtypes == [None, None] {
        return Err(c.fault(Code::BadArgument, "one of the two must be a tensor"));
    }
    match c.operand(0) {
        Operand::Tensor(t) => one(DType::Bool, t.shape.clone()),
        Operand::Number(_) => one(DType::Bool, []),
    }
}
