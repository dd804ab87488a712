//! Many rows: a task widens a panel once, and takes all its rows through it.

use std::cell::RefCell;

use super::few::numbers;
use super::words::{Picked, per_word};
use super::{NR, Quant};
use crate::dispatch::{Kernel, dispatch};
use crate::isa::isa;
use crate::lanes::Lanes;
use crate::linear::forward::{Input, one_panel};
use crate::linear::pack::{Panels, Strip};
use crate::pool;
use crate::rows::{Shared, part_of};

/// Rows of `x` that one task takes: those of more than this make a panel more than once.
const MC: usize = 512;

thread_local! {
    /// Where this thread widens panels: memory asked for each time would be memory cleared each time.
    static MEMORY: RefCell<Vec<Strip<f32>>> = const { RefCell::new(Vec::new()) };
}

/// # Safety
/// `out` is writable for `x.len() / n_in * n_out` elements; all are written.
pub(super) unsafe fn forward(w: &Quant, bias: &[f32], n_out: usize, x: &[f32], out: *mut f32) {
    let (n_in, n_panels) = (w.n_in, w.n_panels());
    let m = x.len() / n_in;
    let row_parts = m.div_ceil(MC);
    let isa = isa();
    let input = Input::new::<f32>(isa, x, n_in);
    // SAFETY: the caller's promise; tasks write different rows or different columns.
    let out = unsafe { Shared::from_raw(out, m * n_out) };
    pool::run(row_parts * n_panels, &|task| {
        let (rows, panel) = (part_of(m, row_parts, task / n_panels), task % n_panels);
        let mut strips = MEMORY.take();
        strips.clear();
        strips.reserve(n_in);
        dispatch(isa, Widen { w, panel, to: strips.as_mut_ptr() });
        // SAFETY: all strips of the panel were written.
        unsafe { strips.set_len(n_in) };
        let panels = Panels::of(strips, n_in);
        let columns = NR.min(n_out - panel * NR);
        // SAFETY: rows `rows` of `out`, of which this task has the columns of its panel to itself.
        unsafe {
            let out = out.as_mut_ptr().add(rows.start * n_out + panel * NR);
            one_panel(&panels, &bias[panel * NR..][..NR], columns, n_out, (&input, rows), out);
        }
        MEMORY.set(panels.into_strips());
    });
}

/// All weights of a panel.
struct Widen<'a> {
    w: &'a Quant,
    panel: usize,
    /// Writable for `n_in` strips; all are written.
    to: *mut Strip<f32>,
}

impl Kernel for Widen<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        // SAFETY: as `to` says.
        unsafe {
            if self.w.coding.bits == 4 {
                self.panel::<V, 4>();
            } else {
                self.panel::<V, 8>();
            }
        }
    }
}

impl Widen<'_> {
    /// # Safety
    /// As `to` says.
    #[inline(always)]
    unsafe fn panel<V: Lanes, const BITS: u32>(&self) {
        let coding = self.w.coding;
        let zero = f32::from(coding.zero);
        let mut to = self.to.cast::<f32>();
        for lines in self.w.panel(self.panel).chunks_exact(coding.lines()) {
            for j in (0..NR).step_by(2 * V::LANES) {
                // SAFETY: a block has its scales, its offsets and a row of words for every `per_word` inputs, each
                // `NR` long, as strips are; there is a strip for each input.
                unsafe {
                    let (scale, offset) = numbers::<V, 2>(self.w, lines, j);
                    for row in 0..coding.block / per_word(BITS) {
                        let p = lines.as_ptr().add(coding.before_codes() + 2 * row).cast::<u32>().add(j);
                        let words = Picked::<V, BITS, 2>::load(p, zero);
                        for place in 0..per_word(BITS) {
                            let weights = words.weights(place, &scale, &offset);
                            let strip = to.add((row * per_word(BITS) + place) * NR + j);
                            weights[0].store(strip);
                            weights[1].store(strip.add(V::LANES));
                        }
                    }
                }
            }
            to = to.wrapping_add(coding.block * NR);
        }
    }
}
