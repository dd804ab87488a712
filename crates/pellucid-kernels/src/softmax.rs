//! Softmax over the last axis, and its logarithm.
//!
//! Element `j` of a row is summed in lane `j mod LANES`, and `e^-inf` is exactly zero: so a row gives
//! the same bits whether masked elements are left out (whole vectors of them) or read as `-inf`.
//! A row without any finite element is NaN, as in torch.

use crate::dispatch::{Kernel, dispatch};
use crate::isa::isa;
use crate::lanes::Lanes;
use crate::math::exp;
use crate::rows::for_row_ranges;

/// Computes the softmax of each row of `x [m, n]`.
pub fn softmax_rows(x: &[f32], n: usize, out: &mut [f32]) {
    rows(x, n, out, |x, out| Softmax { x, out });
}

/// Computes the logarithm of the softmax of each row of `x [m, n]`.
pub fn log_softmax_rows(x: &[f32], n: usize, out: &mut [f32]) {
    rows(x, n, out, |x, out| LogSoftmax { x, out });
}

fn rows<'a, K: Kernel>(
    x: &'a [f32],
    n: usize,
    out: &mut [f32],
    kernel: impl Fn(&'a [f32], *mut f32) -> K + Sync,
) {
    assert_eq!(x.len(), out.len(), "output");
    assert!(n > 0 && x.len().is_multiple_of(n), "input of {} is not rows of {n}", x.len());
    let isa = isa();
    for_row_ranges(out, n, &|rows, out| {
        for (row, out) in rows.zip(out.chunks_exact_mut(n)) {
            dispatch(isa, kernel(&x[row * n..][..n], out.as_mut_ptr()));
        }
    });
}

struct Softmax<'a> {
    x: &'a [f32],
    /// Writable for `x.len()` elements.
    out: *mut f32,
}

impl Kernel for Softmax<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        // SAFETY: `x` and `out` are of one length.
        unsafe { softmax_row::<V>(self.x.as_ptr(), self.out, self.x.len()) };
    }
}

struct LogSoftmax<'a> {
    x: &'a [f32],
    /// Writable for `x.len()` elements.
    out: *mut f32,
}

impl Kernel for LogSoftmax<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let (p, n) = (self.x.as_ptr(), self.x.len());
        // SAFETY: all accesses are below `n`, the length of `x` and `out`.
        unsafe {
            let top = greatest::<V>(p, n);
            let sum = exponentials::<V>(p, None, n, top);
            let (top, log) = (V::splat(top), V::splat(f64::from(sum).ln() as f32));
            for i in (0..n).step_by(V::LANES) {
                let y = V::load_up_to(p.add(i), n - i).sub(top).sub(log);
                y.store_up_to(self.out.add(i), n - i);
            }
        }
    }
}

/// Computes one row and returns the sum of its exponentials, NaN if the row is.
/// # Safety
/// `x` is readable and `out` is writable for `n` elements; they may be the same.
#[inline(always)]
pub(crate) unsafe fn softmax_row<V: Lanes>(x: *const f32, out: *mut f32, n: usize) -> f32 {
    // SAFETY: all accesses are below `n`.
    unsafe {
        if n <= V::LANES {
            return one_vector::<V>(x, out, n);
        }
        let top = greatest::<V>(x, n);
        let sum = exponentials::<V>(x, Some(out), n, top);
        let divisor = V::splat(sum);
        for i in (0..n).step_by(V::LANES) {
            let y = V::load_up_to(out.add(i), n - i).div(divisor);
            y.store_up_to(out.add(i), n - i);
        }
        sum
    }
}

/// The same arithmetic for a row of one vector, which stays in a register.
/// # Safety
/// As [`softmax_row`], `n` being at most `LANES`.
#[inline(always)]
unsafe fn one_vector<V: Lanes>(x: *const f32, out: *mut f32, n: usize) -> f32 {
    let hidden = V::splat(f32::NEG_INFINITY);
    // SAFETY: all accesses are below `n`.
    unsafe {
        let x = V::load_or(x, n, hidden);
        let e = exp(x.sub(V::splat(hidden.max(x).greatest())));
        let sum = V::splat(0.0).add(e).sum();
        e.div(V::splat(sum)).store_part(out, n);
        sum
    }
}

/// # Safety
/// `x` is readable for `n` elements.
#[inline(always)]
unsafe fn greatest<V: Lanes>(x: *const f32, n: usize) -> f32 {
    let mut top = V::splat(f32::NEG_INFINITY);
    // SAFETY: all accesses are below `n`.
    unsafe {
        let full = n - n % V::LANES;
        for i in (0..full).step_by(V::LANES) {
            top = top.max(V::load(x.add(i)));
        }
        if full < n {
            top = top.max(V::load_or(x.add(full), n - full, V::splat(f32::NEG_INFINITY)));
        }
    }
    top.greatest()
}

/// Sums `e^(x - top)`, keeping the terms in `out` where that is given.
/// # Safety
/// `x` is readable and `out` is writable for `n` elements.
#[inline(always)]
unsafe fn exponentials<V: Lanes>(x: *const f32, out: Option<*mut f32>, n: usize, top: f32) -> f32 {
    let mut sum = V::splat(0.0);
    let centre = V::splat(top);
    // SAFETY: all accesses are below `n`.
    unsafe {
        let full = n - n % V::LANES;
        for i in (0..full).step_by(V::LANES) {
            let e = exp(V::load(x.add(i)).sub(centre));
            sum = sum.add(e);
            if let Some(out) = out {
                e.store(out.add(i));
            }
        }
        if full < n {
            let e = exp(V::load_or(x.add(full), n - full, V::splat(f32::NEG_INFINITY)).sub(centre));
            sum = sum.add(e);
            if let Some(out) = out {
                e.store_part(out.add(full), n - full);
            }
        }
    }
    sum.sum()
}
