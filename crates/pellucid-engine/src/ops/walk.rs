//! Visits several strided arrays in step, in the row-major order of one shape.
//!
//! Axes that all operands cross evenly are joined first, so that equal shapes become one run, a
//! scalar a run of stride 0, and a trailing broadcast (`[b, s, d]` with `[d]`) runs of length d:
//! callers write their inner loop for runs, and the fast paths follow.

/// A shape with each operand's distance between neighbours of every axis.
pub struct Walk<const N: usize> {
    shape: Vec<usize>,
    strides: Vec<[usize; N]>,
}

impl<const N: usize> Walk<N> {
    /// A walk over `shape`; every operand has one stride for each axis, 0 where it repeats.
    pub fn new(shape: &[usize], strides: [Vec<usize>; N]) -> Walk<N> {
        let mut walk = Walk { shape: Vec::new(), strides: Vec::new() };
        for (axis, &n) in shape.iter().enumerate() {
            if n == 1 {
                continue;
            }
            let step: [usize; N] = std::array::from_fn(|i| strides[i][axis]);
            match (walk.shape.last_mut(), walk.strides.last_mut()) {
                (Some(len), Some(last)) if (0..N).all(|i| last[i] == step[i] * n) => {
                    *len *= n;
                    *last = step;
                }
                _ => {
                    walk.shape.push(n);
                    walk.strides.push(step);
                }
            }
        }
        if walk.shape.is_empty() {
            (walk.shape, walk.strides) = (vec![1], vec![[1; N]]);
        }
        walk
    }

    /// Calls `f(offsets, strides, n)` for every innermost run of `n` elements.
    pub fn runs(&self, mut f: impl FnMut([usize; N], [usize; N], usize)) {
        if self.shape.contains(&0) {
            return;
        }
        let inner = self.shape.len() - 1;
        let mut at = vec![0; inner];
        let mut offsets = [0; N];
        loop {
            f(offsets, self.strides[inner], self.shape[inner]);
            let mut axis = inner;
            loop {
                if axis == 0 {
                    return;
                }
                axis -= 1;
                let step = &self.strides[axis];
                at[axis] += 1;
                if at[axis] < self.shape[axis] {
                    (0..N).for_each(|i| offsets[i] += step[i]);
                    break;
                }
                at[axis] = 0;
                (0..N).for_each(|i| offsets[i] -= step[i] * (self.shape[axis] - 1));
            }
        }
    }
}

/// Distances between neighbours of a dense row-major tensor.
pub fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// Strides that read a dense tensor of `shape` as if it were broadcast to `to`.
pub fn broadcast_strides(shape: &[usize], to: &[usize]) -> Vec<usize> {
    let missing = to.len() - shape.len();
    let own = strides(shape);
    let axis = |i: usize| match i.checked_sub(missing) {
        Some(j) if shape[j] != 1 => own[j],
        _ => 0,
    };
    (0..to.len()).map(axis).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(shape: &[usize], a: &[usize], b: &[usize], want: &[([usize; 2], [usize; 2], usize)]) {
        let mut got = Vec::new();
        let strides = [broadcast_strides(a, shape), broadcast_strides(b, shape)];
        Walk::new(shape, strides).runs(|o, s, n| got.push((o, s, n)));
        assert_eq!(got, want, "{a:?} with {b:?}");
    }

    #[test]
    fn joins_axes() {
        check(&[2, 3], &[2, 3], &[2, 3], &[([0, 0], [1, 1], 6)]);
        check(&[2, 3], &[2, 3], &[], &[([0, 0], [1, 0], 6)]);
        check(&[2, 3], &[2, 3], &[3], &[([0, 0], [1, 1], 3), ([3, 0], [1, 1], 3)]);
        check(&[2, 3], &[2, 1], &[3], &[([0, 0], [0, 1], 3), ([1, 0], [0, 1], 3)]);
        check(&[], &[], &[], &[([0, 0], [1, 1], 1)]);
        check(&[2, 0], &[2, 0], &[1], &[]);
    }
}
