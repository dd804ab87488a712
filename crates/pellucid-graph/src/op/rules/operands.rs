//! How operands meet: the shape they broadcast to and the dtype they are computed in.

use crate::op::{Call, Operand};
use crate::shape::broadcast;
use crate::{Code, DType, Result, TensorType};

/// Broadcast shape of the operands at `i` and `j`, and their common dtype.
pub(super) fn binary_type(c: &Call<'_>, i: usize, j: usize) -> Result<TensorType> {
    common_type(c, &[i, j])
}

/// Broadcast shape of the operands at these positions, and their common dtype: tensors with axes
/// decide; 0-d tensors and, after them, plain numbers only lift the category, as in PyTorch.
pub(super) fn common_type(c: &Call<'_>, at: &[usize]) -> Result<TensorType> {
    let mut shape = Vec::new();
    let [mut wide, mut scalar, mut number] = [None; 3];
    for &i in at {
        match c.operand(i) {
            Operand::Tensor(t) => {
                shape = broadcast(&shape, &t.shape).ok_or_else(|| unequal_shapes(c, at))?;
                let place = if t.rank() > 0 { &mut wide } else { &mut scalar };
                *place = Some(place.map_or(t.dtype, |d: DType| d.promote(t.dtype)));
            }
            Operand::Number(n) => {
                let dtype = DType::Bool.promote_scalar(n);
                number = Some(number.map_or(dtype, |d: DType| d.promote(dtype)));
            }
        }
    }
    let dtype = lifted(wide, lifted(scalar, number)).unwrap_or(DType::Bool);
    Ok(TensorType::new(dtype, shape))
}

/// The dtype in which two tensors meet, whatever their shapes.
pub(super) fn meeting_dtype(a: &TensorType, b: &TensorType) -> DType {
    let (lead, other) = if a.rank() == 0 && b.rank() > 0 { (b, a) } else { (a, b) };
    match (lead.rank() == 0) == (other.rank() == 0) {
        true => lead.dtype.promote(other.dtype),
        false => lifted(Some(lead.dtype), Some(other.dtype)).unwrap_or(lead.dtype),
    }
}

fn lifted(lead: Option<DType>, other: Option<DType>) -> Option<DType> {
    match (lead, other) {
        (Some(a), Some(b)) if b.category() > a.category() => Some(a.promote(b)),
        (a, b) => a.or(b),
    }
}

fn unequal_shapes(c: &Call<'_>, at: &[usize]) -> crate::Diagnostic {
    let shape = |i: &usize| match c.operand(*i) {
        Operand::Tensor(t) => Some(format!("{:?}", t.shape)),
        Operand::Number(_) => None,
    };
    let shapes: Vec<String> = at.iter().filter_map(shape).collect();
    let (last, rest) =
        shapes.split_last().map_or((String::new(), Vec::new()), |(l, r)| (l.clone(), r.to_vec()));
    c.fault(Code::ShapeMismatch, format!("shapes {} and {last} do not broadcast", rest.join(", ")))
}

/// Refuses tensors of different dtypes at these positions.
pub(super) fn same_dtype(c: &Call<'_>, at: &[usize]) -> Result<()> {
    let first = c.ty(at[0]);
    for &i in &at[1..] {
        if let Operand::Tensor(t) = c.operand(i)
            && t.dtype != first.dtype
        {
            let diagnostic = c.fault(Code::DTypeMismatch, format!("element types differ: {first} and {t}"));
            return Err(diagnostic.help("`.to(...)` converts one of them"));
        }
    }
    Ok(())
}

/// Refuses a dtype that is not floating.
pub(super) fn floating(c: &Call<'_>, t: &TensorType) -> Result<()> {
    if t.dtype.is_float() {
        return Ok(());
    }
    let diagnostic = c.fault(Code::DTypeMismatch, format!("takes floating types, got {t}"));
    Err(diagnostic.help("`.float()` converts"))
}

/// Refuses bool.
pub(super) fn not_bool(c: &Call<'_>, t: &TensorType) -> Result<()> {
    match t.dtype {
        DType::Bool => Err(c.fault(Code::DTypeMismatch, "takes numbers, got bool")),
        _ => Ok(()),
    }
}
