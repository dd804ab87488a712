//! Indexing with PyTorch's rules: integers and slices first, then integer tensors together.
//!
//! [`resolve_index`] says for every axis of the result where its positions come from; the shape
//! rule uses its shape, the engine its axes.

use super::{IndexItem, Slice};
use crate::shape::broadcast;
use crate::{Code, Diagnostic, Result, TensorType, ValueId};

/// An index with every position known, for a tensor of one particular shape.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedIndex {
    /// Shape of the result.
    pub shape: Vec<usize>,
    /// Where each axis of the result comes from.
    pub axes: Vec<OutAxis>,
    /// Axes dropped by an integer, with the position taken.
    pub fixed: Vec<(usize, usize)>,
    /// Axes indexed by a tensor.
    pub tensors: Vec<(usize, ValueId)>,
    /// The shape those tensors broadcast to.
    pub tensor_shape: Vec<usize>,
}

/// Where an axis of the result comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutAxis {
    /// Positions `start + i * step` of an axis.
    Slice {
        /// Axis of the indexed tensor.
        axis: usize,
        /// First position.
        start: usize,
        /// Distance between positions.
        step: usize,
    },
    /// A new axis of length 1.
    New,
    /// This axis of the index tensors' common shape.
    Tensor(usize),
}

/// Resolves an index against a shape.
///
/// # Errors
/// Too many items, two ellipses, an integer outside its axis, a step below 1, a tensor that is not
/// of integers, tensors that do not broadcast.
pub fn resolve_index<'a>(
    items: &[IndexItem],
    shape: &[usize],
    type_of: impl Fn(ValueId) -> &'a TensorType,
) -> Result<ResolvedIndex> {
    let used = items.iter().filter(|i| !matches!(i, IndexItem::New | IndexItem::Ellipsis)).count();
    if used > shape.len() {
        let message = format!("too many indices: {used} for shape {shape:?}");
        return Err(Diagnostic::new(Code::IndexOutOfRange, message));
    }
    if items.iter().filter(|i| matches!(i, IndexItem::Ellipsis)).count() > 1 {
        return Err(Diagnostic::new(Code::BadArgument, "an index can have only one ellipsis"));
    }
    let mut out = ResolvedIndex {
        shape: Vec::new(),
        axes: Vec::new(),
        fixed: Vec::new(),
        tensors: Vec::new(),
        tensor_shape: Vec::new(),
    };
    let mut slots: Vec<usize> = Vec::new(); // where in `axes` each tensor stood
    let mut axis = 0;
    let ends = if items.contains(&IndexItem::Ellipsis) { None } else { Some(&IndexItem::Ellipsis) };
    for item in items.iter().chain(ends) {
        match item {
            IndexItem::Int(i) => {
                out.fixed.push((axis, position(*i, axis, shape)?));
                axis += 1;
            }
            IndexItem::Slice(s) => {
                push_slice(&mut out, axis, s, shape)?;
                axis += 1;
            }
            IndexItem::New => {
                out.axes.push(OutAxis::New);
                out.shape.push(1);
            }
            IndexItem::Ellipsis => {
                for _ in used..shape.len() {
                    push_slice(&mut out, axis, &Slice::default(), shape)?;
                    axis += 1;
                }
            }
            IndexItem::Value(v) => {
                check_tensor(type_of(*v), &mut out.tensor_shape)?;
                out.tensors.push((axis, *v));
                slots.push(out.axes.len());
                axis += 1;
            }
        }
    }
    place_tensor_axes(&mut out, &slots);
    Ok(out)
}

/// Adjacent tensors leave their common axes where they stood; separated ones put them in front.
fn place_tensor_axes(out: &mut ResolvedIndex, slots: &[usize]) {
    let Some(&first) = slots.first() else { return };
    let adjacent = slots.iter().all(|slot| *slot == first);
    let at = if adjacent { first } else { 0 };
    let n = out.tensor_shape.len();
    out.axes.splice(at..at, (0..n).map(OutAxis::Tensor));
    out.shape.splice(at..at, out.tensor_shape.iter().copied());
}

fn check_tensor(ty: &TensorType, common: &mut Vec<usize>) -> Result<()> {
    if ty.dtype == crate::DType::Bool {
        let diagnostic =
            Diagnostic::new(Code::DTypeMismatch, "a mask as an index gives a shape that depends on the data");
        return Err(diagnostic.help("use `pl.where(mask, a, b)` or `masked_fill`"));
    }
    if ty.dtype.category() != crate::dtype::Category::Int {
        let message = format!("an index tensor must be of integers, got {ty}");
        return Err(Diagnostic::new(Code::DTypeMismatch, message));
    }
    *common = broadcast(common, &ty.shape).ok_or_else(|| {
        let message = format!("index tensors of shapes {common:?} and {:?} do not broadcast", ty.shape);
        Diagnostic::new(Code::ShapeMismatch, message)
    })?;
    Ok(())
}

fn position(i: i64, axis: usize, shape: &[usize]) -> Result<usize> {
    let n = shape[axis] as i64;
    if (-n..n).contains(&i) {
        return Ok(i.rem_euclid(n) as usize);
    }
    let message = format!("index {i} is out of range for axis {axis} of length {n} (shape {shape:?})");
    Err(Diagnostic::new(Code::IndexOutOfRange, message))
}

fn push_slice(out: &mut ResolvedIndex, axis: usize, s: &Slice, shape: &[usize]) -> Result<()> {
    let n = shape[axis] as i64;
    let step = s.step.unwrap_or(1);
    if step < 1 {
        let message = format!("a slice's step must be at least 1, got {step}");
        return Err(Diagnostic::new(Code::BadArgument, message)
            .help("index with a tensor of falling positions instead"));
    }
    let clamp = |i: i64| if i < 0 { i.saturating_add(n).max(0) } else { i.min(n) };
    let start = clamp(s.start.unwrap_or(0));
    let stop = clamp(s.stop.unwrap_or(n)).max(start);
    out.shape.push(((stop - start) as u64).div_ceil(step as u64) as usize);
    out.axes.push(OutAxis::Slice { axis, start: start as usize, step: step as usize });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DType;

    fn shape_of(items: &[IndexItem], shape: &[usize], tensors: &[&[usize]]) -> Result<Vec<usize>, String> {
        let types: Vec<TensorType> = tensors.iter().map(|s| TensorType::new(DType::I64, *s)).collect();
        resolve_index(items, shape, |v| &types[v.index()]).map(|r| r.shape).map_err(|e| e.message)
    }

    fn slice(start: Option<i64>, stop: Option<i64>, step: Option<i64>) -> IndexItem {
        IndexItem::Slice(Slice { start, stop, step })
    }

    #[test]
    fn shapes_follow_torch() {
        use IndexItem::*;
        let all = || slice(None, None, None);
        let t = |n| Value(ValueId(n));
        type Case<'a> = (Vec<IndexItem>, &'a [usize], Vec<&'a [usize]>, &'a [usize]);
        let cases: Vec<Case<'_>> = vec![
            (vec![all(), Int(-1)], &[2, 5, 7], vec![], &[2, 7]),
            (vec![Ellipsis, slice(Some(1), None, Some(2))], &[2, 5, 7], vec![], &[2, 5, 3]),
            (vec![Ellipsis, Int(0)], &[2, 5], vec![], &[2]),
            (vec![New, all(), New], &[2, 5], vec![], &[1, 2, 1, 5]),
            (vec![slice(Some(-3), Some(100), None)], &[5], vec![], &[3]),
            (vec![slice(Some(4), Some(2), None)], &[5], vec![], &[0]),
            (vec![Int(0), all(), t(0)], &[2, 5, 7], vec![&[3]], &[5, 3]),
            (vec![t(0), all(), t(1)], &[2, 5, 7], vec![&[3], &[4, 1]], &[4, 3, 5]),
            (vec![all(), t(0), t(1)], &[2, 5, 7], vec![&[3], &[1]], &[2, 3]),
            (vec![t(0)], &[2, 5], vec![&[]], &[5]),
            (vec![], &[], vec![], &[]),
        ];
        for (items, shape, tensors, want) in cases {
            assert_eq!(shape_of(&items, shape, &tensors).as_deref(), Ok(want), "{items:?}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let e = |items: &[IndexItem]| shape_of(items, &[2, 5], &[]).unwrap_err();
        expect_test::expect!["index 5 is out of range for axis 1 of length 5 (shape [2, 5])"]
            .assert_eq(&e(&[slice(None, None, None), IndexItem::Int(5)]));
        expect_test::expect!["too many indices: 3 for shape [2, 5]"].assert_eq(&e(&[
            IndexItem::Int(0),
            IndexItem::Int(0),
            IndexItem::Int(0),
        ]));
        expect_test::expect!["a slice's step must be at least 1, got -1"].assert_eq(&e(&[slice(
            None,
            None,
            Some(-1),
        )]));
    }
}
