//! Cutting row-major buffers into pieces that threads write side by side.

use std::ops::Range;

use crate::pool;

/// Below this many elements of light work a call is done by its own thread: waking others costs more.
pub(crate) const INLINE: usize = 16 * 1024;

/// A buffer whose disjoint parts different tasks write.
pub(crate) struct Shared<'a> {
    p: *mut f32,
    len: usize,
    _buffer: std::marker::PhantomData<&'a mut [f32]>,
}

// SAFETY: it is a `&mut [f32]` in parts; `part`'s contract keeps the parts apart.
unsafe impl Sync for Shared<'_> {}
// SAFETY: as above.
unsafe impl Send for Shared<'_> {}

impl<'a> Shared<'a> {
    pub(crate) fn new(buffer: &'a mut [f32]) -> Self {
        // SAFETY: a slice is valid for its own length.
        unsafe { Self::from_raw(buffer.as_mut_ptr(), buffer.len()) }
    }

    /// # Safety
    /// `p` is writable for `len` elements during `'a`, and nothing else touches them. They need
    /// not be initialized as long as only raw writes reach them.
    pub(crate) unsafe fn from_raw(p: *mut f32, len: usize) -> Self {
        Shared { p, len, _buffer: std::marker::PhantomData }
    }

    pub(crate) fn as_mut_ptr(&self) -> *mut f32 {
        self.p
    }

    /// # Safety
    /// The elements are initialized, and no two parts in use at once overlap.
    #[allow(clippy::mut_from_ref, reason = "the parts are disjoint by contract")]
    pub(crate) unsafe fn part(&self, range: Range<usize>) -> &mut [f32] {
        assert!(range.start <= range.end && range.end <= self.len);
        // SAFETY: in bounds; disjoint by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.p.add(range.start), range.len()) }
    }
}

/// Cuts `0..n` into at most `parts` ranges of nearly equal length and returns the `i`th.
pub(crate) fn part_of(n: usize, parts: usize, i: usize) -> Range<usize> {
    n * i / parts..n * (i + 1) / parts
}

/// Calls `body(rows, out_rows)` for ranges of rows that together are all rows of `out`, in parallel
/// where the buffer is large. `d` is the row length of `out`.
pub(crate) fn for_row_ranges(out: &mut [f32], d: usize, body: &(dyn Fn(Range<usize>, &mut [f32]) + Sync)) {
    let n_rows = out.len().checked_div(d).unwrap_or(0);
    if out.len() <= INLINE || n_rows == 1 {
        return body(0..n_rows, out);
    }
    let parts = n_rows.min(4 * pool::threads());
    let shared = Shared::new(out);
    pool::run(parts, &|i| {
        let rows = part_of(n_rows, parts, i);
        // SAFETY: an initialized slice, and the ranges of different `i` are disjoint.
        let out = unsafe { shared.part(rows.start * d..rows.end * d) };
        body(rows, out);
    });
}
