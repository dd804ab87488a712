//! Indexing with PyTorch's rules: integers and slices first, then tensors together; a mask is the
//! positions where it holds.
//!
//! [`resolve_index`] says for every axis of the result where its positions come from; the shape
//! rule uses its shape, the engine its axes.

use super::{IndexItem, Slice};
use crate::shape::broadcast;
use crate::{Code, DType, Diagnostic, Result, TensorType, ValueId};

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
    /// The shape those tensors broadcast to; as long as can be where a mask is among them.
    pub tensor_shape: Vec<usize>,
    /// The axis of the result whose length depends on the elements of a mask.
    pub open: Option<usize>,
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
/// Too many items, two ellipses, an integer outside its axis, a step below 1, a tensor that is neither
/// of integers nor a mask of the right shape, tensors that do not broadcast.
pub fn resolve_index<'a>(
    items: &[IndexItem],
    shape: &[usize],
    type_of: impl Fn(ValueId) -> &'a TensorType,
) -> Result<ResolvedIndex> {
    let used: usize = items.iter().map(|i| axes_used(i, &type_of)).sum();
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
        open: None,
    };
    let mut most_taken = None; // by a mask
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
                let ty = type_of(*v);
                match ty.dtype {
                    DType::Bool => most_taken = most_taken.max(Some(mask_elements(ty, axis, shape)?)),
                    _ => check_tensor(ty, &mut out.tensor_shape)?,
                }
                out.tensors.push((axis, *v));
                slots.push(out.axes.len());
                axis += axes_used(item, &type_of);
            }
        }
    }
    let open = most_taken.is_some_and(|n| join_mask(n, &mut out.tensor_shape));
    let first = place_tensor_axes(&mut out, &slots);
    out.open = open.then(|| first + out.tensor_shape.len() - 1);
    Ok(out)
}

/// Axes of the indexed tensor that an item takes; a mask takes as many as it has.
fn axes_used<'a>(item: &IndexItem, type_of: impl Fn(ValueId) -> &'a TensorType) -> usize {
    match item {
        IndexItem::New | IndexItem::Ellipsis => 0,
        IndexItem::Value(v) if type_of(*v).dtype == DType::Bool => type_of(*v).rank(),
        _ => 1,
    }
}

/// Most elements that a mask takes; it must have the lengths of the axes it stands for.
fn mask_elements(mask: &TensorType, axis: usize, shape: &[usize]) -> Result<usize> {
    let place = &shape[axis..axis + mask.rank()];
    match mask.shape == place {
        true => Ok(mask.numel().unwrap_or(usize::MAX)),
        false => {
            let message = format!(
                "a mask of shape {:?} at axis {axis} does not fit shape {shape:?}, it needs {place:?}",
                mask.shape
            );
            Err(Diagnostic::new(Code::ShapeMismatch, message))
        }
    }
}

/// A mask is a vector of positions: it joins the last common axis of the other tensors, and leaves
/// that axis open unless one of them gives it a length.
fn join_mask(most: usize, common: &mut Vec<usize>) -> bool {
    match common.last_mut() {
        Some(1) | None => {
            common.pop();
            common.push(most);
            true
        }
        Some(_) => false,
    }
}

/// Adjacent tensors leave their common axes where they stood; separated ones put them in front. Gives
/// the first of those axes.
fn place_tensor_axes(out: &mut ResolvedIndex, slots: &[usize]) -> usize {
    let Some(&first) = slots.first() else { return 0 };
    let adjacent = slots.iter().all(|slot| *slot == first);
    let at = if adjacent { first } else { 0 };
    let n = out.tensor_shape.len();
    out.axes.splice(at..at, (0..n).map(OutAxis::Tensor));
    out.shape.splice(at..at, out.tensor_shape.iter().copied());
    at
}

fn check_tensor(ty: &TensorType, common: &mut Vec<usize>) -> Result<()> {
    if !matches!(ty.dtype, DType::I32 | DType::I64) {
        let message = format!("an index tensor must be i32, i64 or bool, got {ty}");
        let diagnostic = Diagnostic::new(Code::DTypeMismatch, message);
        return Err(match ty.dtype {
            DType::U8 => diagnostic.help("`.bool()` makes a mask of it, `.long()` positions"),
            _ => diagnostic,
        });
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
