//! The largest and smallest elements and where they stand first.

use super::Out;
use super::compute::Compute;
use super::dispatch::each_compute;
use super::inputs::{Inputs, Scalars};
use super::reduce::{axis_or_all, over_dims, rows};

pub fn amax(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => over_dims(x, 1, |row: &[C]| fold(row, C::larger)))
}

pub fn amin(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => over_dims(x, 1, |row: &[C]| fold(row, C::smaller)))
}

pub fn aminmax(x: &Inputs<'_>) -> Out {
    let (t, dims) = (x.wide(), axis_or_all(x, 1)?);
    each_compute!(x.out[0].dtype, C => {
        let both = rows(&t, &dims, |row: &[C]| (fold(row, C::smaller), fold(row, C::larger)));
        let (low, high) = both.into_iter().unzip();
        Ok(vec![x.result::<C>(0, low), x.result::<C>(1, high)])
    })
}

pub fn argmax(x: &Inputs<'_>) -> Out {
    each_compute!(x.tensor(0).dtype(), C => positions(x, first_largest::<C>))
}

pub fn argmin(x: &Inputs<'_>) -> Out {
    each_compute!(x.tensor(0).dtype(), C => positions(x, first_smallest::<C>))
}

pub fn max(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => with_positions(x, 1, first_largest::<C>))
}

pub fn min(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => with_positions(x, 1, first_smallest::<C>))
}

/// The elements at the positions that `f` finds along the axis of parameter `i`, and these positions.
pub fn with_positions<C: Compute>(x: &Inputs<'_>, i: usize, f: impl Fn(&[C]) -> usize) -> Out {
    let t = x.wide();
    let dims = [x.axis(i, t.shape().len())?];
    let found = rows(&t, &dims, |row: &[C]| {
        let at = f(row);
        (row[at], at as i64)
    });
    let (values, positions): (Vec<C>, Vec<i64>) = found.into_iter().unzip();
    Ok(vec![x.result(0, values), x.result(1, positions)])
}

fn positions<C: Compute>(x: &Inputs<'_>, f: impl Fn(&[C]) -> usize) -> Out {
    let t = x.operand(0, x.tensor(0).dtype(), Scalars::Rounded);
    let dims = axis_or_all(x, 1)?;
    x.one(rows(&t, &dims, |row: &[C]| f(row) as i64))
}

fn fold<C: Compute>(row: &[C], f: impl Fn(C, C) -> C) -> C {
    row.iter().copied().reduce(f).unwrap_or_default()
}

fn first_largest<C: Compute>(row: &[C]) -> usize {
    first(row, |x, best| x > best)
}

fn first_smallest<C: Compute>(row: &[C]) -> usize {
    first(row, |x, best| x < best)
}

/// The position of the first element that no other beats; NaN beats everything.
fn first<C: Compute>(row: &[C], beats: impl Fn(C, C) -> bool) -> usize {
    let mut at = 0;
    for (i, x) in row.iter().enumerate() {
        if row[at].is_nan() {
            break;
        }
        if x.is_nan() || beats(*x, row[at]) {
            at = i;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_is_first_largest_and_smallest() {
        let row = [1.0, f64::NAN, 3.0, f64::NAN];
        assert_eq!((first_largest(&row), first_smallest(&row)), (1, 1));
        assert_eq!((first_largest(&[3, 1, 3]), first_smallest(&[3, 1, 1])), (0, 1));
    }
}
