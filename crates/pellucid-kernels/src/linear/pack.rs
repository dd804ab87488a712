//! Panels: the packed order of a weight matrix, `[n_out / NR, n_in, NR]`, padded with zeros.

use super::{Layout, NR};
use crate::pool;
use crate::weights::Element;

/// The weights of one input for the outputs of one panel. Aligned so that no load crosses a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Strip<E>([E; NR]);

impl<E: Element> Strip<E> {
    pub(super) const ZERO: Self = Strip([E::ZERO; NR]);
}

/// A weight matrix in packed order.
#[derive(Debug)]
pub(crate) struct Panels<E> {
    strips: Vec<Strip<E>>,
    n_in: usize,
}

/// Inputs that a transposing pass takes from each of the panel's rows before the next: a cache line or two.
const BLOCK: usize = 32;

impl<E: Element> Panels<E> {
    pub(super) fn pack(w: &[E], layout: Layout, n_out: usize, n_in: usize) -> Self {
        let n_panels = n_out.div_ceil(NR);
        let len = n_panels * n_in;
        let mut strips: Vec<Strip<E>> = Vec::with_capacity(len);
        ask_for_huge_pages(strips.as_mut_ptr().cast(), len * size_of::<Strip<E>>());
        let start = Start(strips.as_mut_ptr());
        pool::run(n_panels, &|panel| {
            for k0 in (0..n_in).step_by(BLOCK) {
                let block = BLOCK.min(n_in - k0);
                let mut local = [Strip::ZERO; BLOCK];
                stretch_of(w, layout, [n_out, n_in], panel, k0, &mut local[..block]);
                let offset = panel * n_in + k0;
                // SAFETY: strips `offset .. offset + block` are inside the capacity, and belong to
                // this panel, hence to this task alone.
                unsafe { std::ptr::copy_nonoverlapping(local.as_ptr(), start.at(offset), block) };
            }
        });
        // SAFETY: the tasks have written every strip of every panel.
        unsafe { strips.set_len(len) };
        Panels { strips, n_in }
    }

    /// Panels that were made elsewhere, `[panels, n_in]` strips of them.
    pub(super) fn of(strips: Vec<Strip<E>>, n_in: usize) -> Self {
        Panels { strips, n_in }
    }

    /// Their memory, for others.
    pub(super) fn into_strips(self) -> Vec<Strip<E>> {
        self.strips
    }

    pub(super) fn n_in(&self) -> usize {
        self.n_in
    }

    /// How many panels there are.
    pub(super) fn len(&self) -> usize {
        self.strips.len() / self.n_in
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.strips.as_slice())
    }

    /// The strips of one panel, one for each input.
    pub(super) fn panel(&self, panel: usize) -> &[Strip<E>] {
        &self.strips[panel * self.n_in..][..self.n_in]
    }

    pub(super) fn row(&self, i: usize, out: &mut [f32]) {
        for (x, strip) in out.iter_mut().zip(self.panel(i / NR)) {
            *x = strip.0[i % NR].widen();
        }
    }
}

/// Weights are read once a pass from end to end: with small pages every 4 KiB cost a walk of the page
/// table and a restart of the prefetcher. A wish, so nothing is lost where it is not granted.
pub(super) fn ask_for_huge_pages(start: *mut u8, len: usize) {
    #[cfg(target_os = "linux")]
    {
        const PAGE: usize = 4096;
        let skip = start.align_offset(PAGE);
        if len >= skip + (4 << 20) {
            // SAFETY: whole pages inside memory of our own, whose contents the advice does not change.
            unsafe {
                let first = start.add(skip).cast();
                libc::madvise(first, (len - skip) / PAGE * PAGE, libc::MADV_HUGEPAGE);
            }
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (start, len);
}

/// One panel of `w`, into `n_in` strips that are zero.
pub(super) fn panel_of<E: Element>(
    w: &[E],
    layout: Layout,
    n_out: usize,
    n_in: usize,
    panel: usize,
    strips: &mut [Strip<E>],
) {
    for (i, block) in strips.chunks_mut(BLOCK).enumerate() {
        stretch_of(w, layout, [n_out, n_in], panel, i * BLOCK, block);
    }
}

/// The strips of a panel from input `k0` on.
fn stretch_of<E: Element>(
    w: &[E],
    layout: Layout,
    [n_out, n_in]: [usize; 2],
    panel: usize,
    k0: usize,
    strips: &mut [Strip<E>],
) {
    let columns = NR.min(n_out - panel * NR);
    match layout {
        Layout::OutIn => transpose(w, n_in, panel * NR, columns, k0, strips),
        Layout::InOut => copy(w, n_out, panel * NR, columns, k0, strips),
    }
}

fn transpose<E: Element>(
    w: &[E],
    n_in: usize,
    first: usize,
    columns: usize,
    k0: usize,
    strips: &mut [Strip<E>],
) {
    for j in 0..columns {
        let row = &w[(first + j) * n_in + k0..][..strips.len()];
        for (strip, x) in strips.iter_mut().zip(row) {
            strip.0[j] = *x;
        }
    }
}

fn copy<E: Element>(w: &[E], n_out: usize, first: usize, columns: usize, k0: usize, strips: &mut [Strip<E>]) {
    for (k, strip) in strips.iter_mut().enumerate() {
        let row = &w[(k0 + k) * n_out + first..][..columns];
        strip.0[..columns].copy_from_slice(row);
    }
}

/// The start of a buffer that tasks fill.
pub(super) struct Start<T>(pub(super) *mut T);

// SAFETY: only an address; each write through it says why it is alone.
unsafe impl<T> Sync for Start<T> {}

impl<T> Start<T> {
    /// # Safety
    /// `offset` is inside the buffer.
    pub(super) unsafe fn at(&self, offset: usize) -> *mut T {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(offset) }
    }
}
