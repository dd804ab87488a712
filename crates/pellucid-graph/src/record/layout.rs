//! Where the elements of a view lie: PyTorch's strides, by which it tells a view from a copy.
//!
//! New values count as contiguous. A reshape of a view that is not, a transposed one say, may have
//! no strides at all: then `reshape` copies, and `view` is an error.

use crate::op::{Call, OutAxis, diagonal_length, moved_axes, resolve_index};
use crate::{Arg, OpDef, Result, TensorType};

/// How many elements apart neighbours of each axis lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout(Vec<usize>);

impl Layout {
    /// The layout of new memory.
    pub fn contiguous(shape: &[usize]) -> Layout {
        let mut strides = vec![1usize; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis].saturating_mul(shape[axis].max(1));
        }
        Layout(strides)
    }

    /// Whether elements follow each other in row-major order without gaps.
    pub fn is_contiguous(&self, shape: &[usize]) -> bool {
        let Layout(want) = Layout::contiguous(shape);
        shape.contains(&0) || (0..shape.len()).all(|a| shape[a] == 1 || self.0[a] == want[a])
    }

    /// The layout after one view operation, or `None` when the result cannot be a view.
    ///
    /// # Errors
    /// What the operation's rule objects to.
    pub fn after(&self, def: &'static OpDef, args: &[Arg], base: &TensorType) -> Result<Option<Layout>> {
        let args = [&[Arg::Value(crate::ValueId(0))], &args[1..]].concat();
        let types = std::slice::from_ref(base);
        let made = Call::infer(def, &args, types)?.swap_remove(0);
        let call = Call { def, args: &args, types };
        let (own, rank) = (&self.0, base.rank());
        let int = |i: usize| call.int(i).unwrap_or(0);
        Ok(match def.name {
            "index" => Some(Layout(indexed(own, &call)?)),
            "permute" => Some(ordered(own, call.ints(1).unwrap_or_default().iter().map(|d| at(*d, rank)))),
            "transpose" => {
                let mut strides = own.clone();
                if rank > 0 {
                    strides.swap(at(int(1), rank), at(int(2), rank));
                }
                Some(Layout(strides))
            }
            "movedim" => Some(ordered(own, moved_axes(&call)?.into_iter())),
            "narrow" => Some(self.clone()),
            "select" => Some(ordered(own, (0..rank).filter(|a| *a != at(int(1), rank)))),
            "diagonal" => {
                let (a, b) = (at(int(2), rank), at(int(3), rank));
                let Layout(mut strides) = ordered(own, (0..rank).filter(|x| ![a, b].contains(x)));
                debug_assert_eq!(
                    made.shape.last(),
                    Some(&diagonal_length(base.shape[a], base.shape[b], int(1)))
                );
                strides.push(own[a].saturating_add(own[b]));
                Some(Layout(strides))
            }
            "unfold" => {
                let (mut strides, dim) = (own.clone(), at(int(1), rank));
                strides.push(own.get(dim).copied().unwrap_or(1));
                if let Some(windows) = strides.get_mut(dim).filter(|_| rank > 0) {
                    *windows = windows.saturating_mul(int(3) as usize);
                }
                Some(Layout(strides))
            }
            "expand" => {
                let missing = made.rank() - rank;
                let stride = |a: usize| match a.checked_sub(missing) {
                    Some(b) if base.shape[b] == made.shape[a] => own[b],
                    _ => 0,
                };
                Some(Layout((0..made.rank()).map(stride).collect()))
            }
            _ => reshaped(&base.shape, own, &made.shape),
        })
    }
}

fn at(dim: i64, rank: usize) -> usize {
    dim.rem_euclid(rank.max(1) as i64) as usize
}

fn ordered(own: &[usize], axes: impl Iterator<Item = usize>) -> Layout {
    Layout(axes.map(|a| own[a]).collect())
}

fn indexed(own: &[usize], call: &Call<'_>) -> Result<Vec<usize>> {
    let Arg::Index(items) = &call.args[1] else { return Ok(Vec::new()) };
    let index = resolve_index(items, &call.ty(0).shape, |v| call.type_of(v))?;
    let stride = |axis: &OutAxis| match axis {
        OutAxis::Slice { axis, step, .. } => own[*axis].saturating_mul(*step),
        OutAxis::New | OutAxis::Tensor(_) => 1,
    };
    Ok(index.axes.iter().map(stride).collect())
}

/// Strides for another shape of the same elements, where there are any.
fn reshaped(shape: &[usize], own: &[usize], want: &[usize]) -> Option<Layout> {
    if shape.contains(&0) {
        return Some(Layout::contiguous(want));
    }
    let mut runs = even_runs(shape, own);
    let mut strides = vec![1; want.len()];
    for (axis, &n) in want.iter().enumerate().rev().filter(|(_, n)| **n != 1) {
        let (length, stride) = runs.last_mut()?;
        if *length % n != 0 {
            return None;
        }
        strides[axis] = *stride;
        *length /= n;
        *stride = stride.saturating_mul(n);
        if *length == 1 {
            runs.pop();
        }
    }
    runs.is_empty().then_some(Layout(strides))
}

/// Axes that are crossed evenly, joined: length and stride of each run.
fn even_runs(shape: &[usize], own: &[usize]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (&n, &stride) in shape.iter().zip(own).filter(|(n, _)| **n != 1) {
        match runs.last_mut() {
            Some(last) if last.1 == stride.saturating_mul(n) => *last = (last.0 * n, stride),
            _ => runs.push((n, stride)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_has_strides_where_its_axes_divide_even_runs() {
        let check = |shape: &[usize], own: &[usize], want: &[usize], expected: Option<&[usize]>| {
            let found = reshaped(shape, own, want).map(|l| l.0);
            assert_eq!(found.as_deref(), expected, "{shape:?} {own:?} as {want:?}");
        };
        check(&[2, 3, 4], &[12, 4, 1], &[6, 4], Some(&[4, 1]));
        check(&[2, 3, 4], &[12, 4, 1], &[2, 2, 6], Some(&[12, 6, 1]));
        check(&[4, 3], &[1, 4], &[12], None);
        check(&[4, 3], &[1, 4], &[2, 2, 3], Some(&[2, 1, 4]));
        check(&[4, 3], &[1, 4], &[6, 2], None);
        check(&[3, 1, 4], &[8, 99, 1], &[3, 4, 1], Some(&[8, 1, 1]));
        check(&[3, 4], &[0, 1], &[12], None);
        check(&[3, 4], &[0, 0], &[12], Some(&[0]));
        check(&[0, 4], &[1, 9], &[4, 0], Some(&[1, 1]));
        check(&[], &[], &[1, 1], Some(&[1, 1]));
    }

    #[test]
    fn contiguity_ignores_axes_of_length_one() {
        assert!(Layout(vec![7, 4, 1]).is_contiguous(&[1, 2, 4]));
        assert!(!Layout(vec![1, 4]).is_contiguous(&[4, 2]));
        assert!(Layout(vec![1, 4]).is_contiguous(&[0, 2]));
    }
}
