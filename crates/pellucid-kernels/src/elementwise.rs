//! Sums and products element by element, in parallel where they are long.

use crate::dispatch::{Kernel, dispatch};
use crate::isa::isa;
use crate::lanes::Lanes;
use crate::rows::for_row_ranges;

/// Computes `out = x + y`. All of one length.
pub fn add(x: &[f32], y: &[f32], out: &mut [f32]) {
    assert_eq!(x.len(), out.len(), "output");
    elementwise(Op::Add, Some(x), y, out);
}

/// Computes `out = out + y`. Both of one length.
pub fn add_assign(out: &mut [f32], y: &[f32]) {
    elementwise(Op::Add, None, y, out);
}

/// Computes `out = x * y`. All of one length.
pub fn mul(x: &[f32], y: &[f32], out: &mut [f32]) {
    assert_eq!(x.len(), out.len(), "output");
    elementwise(Op::Mul, Some(x), y, out);
}

#[derive(Clone, Copy)]
enum Op {
    Add,
    Mul,
}

/// Without `x`, the left operand is `out`.
fn elementwise(op: Op, x: Option<&[f32]>, y: &[f32], out: &mut [f32]) {
    assert_eq!(y.len(), out.len(), "output");
    let isa = isa();
    for_row_ranges(out, 1, &|range, out| {
        let x = x.map_or(out.as_ptr(), |x| x[range.clone()].as_ptr());
        let y = y[range].as_ptr();
        let (n, out) = (out.len(), out.as_mut_ptr());
        dispatch(isa, Zip { op, x, y, out, n });
    });
}

struct Zip {
    op: Op,
    x: *const f32,
    y: *const f32,
    out: *mut f32,
    n: usize,
}

impl Kernel for Zip {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        // SAFETY: `x`, `y` and `out` have `n` elements each, and `x` is `out` or apart from it.
        unsafe {
            match self.op {
                Op::Add => zip(self.x, self.y, self.out, self.n, V::add),
                Op::Mul => zip(self.x, self.y, self.out, self.n, V::mul),
            }
        }
    }
}

/// # Safety
/// `x` and `y` are readable and `out` is writable for `n` elements; `out` may be one of them.
#[inline(always)]
pub(crate) unsafe fn zip<V: Lanes>(
    x: *const f32,
    y: *const f32,
    out: *mut f32,
    n: usize,
    f: impl Fn(V, V) -> V,
) {
    let full = n - n % V::LANES;
    // SAFETY: every access is below `n`.
    unsafe {
        for i in (0..full).step_by(V::LANES) {
            f(V::load(x.add(i)), V::load(y.add(i))).store(out.add(i));
        }
        if full < n {
            let left = n - full;
            let (x, y) = (
                V::load_part(x.add(full), left),
                V::load_part(y.add(full), left),
            );
            f(x, y).store_part(out.add(full), left);
        }
    }
}

/// # Safety
/// `x` is readable and `out` is writable for `n` elements; they may be the same.
#[inline(always)]
pub(crate) unsafe fn map<V: Lanes>(x: *const f32, out: *mut f32, n: usize, f: impl Fn(V) -> V) {
    let full = n - n % V::LANES;
    // SAFETY: every access is below `n`.
    unsafe {
        for i in (0..full).step_by(V::LANES) {
            f(V::load(x.add(i))).store(out.add(i));
        }
        if full < n {
            let left = n - full;
            f(V::load_part(x.add(full), left)).store_part(out.add(full), left);
        }
    }
}
