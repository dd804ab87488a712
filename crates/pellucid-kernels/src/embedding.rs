//! Rows of an embedding table, widened to `f32`.

use crate::dispatch::{Kernel, dispatch};
use crate::isa::isa;
use crate::lanes::Lanes;
use crate::rows::for_row_ranges;
use crate::weights::{Element, Weights};

/// Copies rows `ids` of `table [v, d]` to `out [ids.len(), d]`, times `scale` where there is one
/// (Gemma's square root of `d`).
///
/// # Panics
/// If an id is not below `v`, or a length does not fit.
pub fn embed(table: Weights<'_>, d: usize, ids: &[u32], scale: Option<f32>, out: &mut [f32]) {
    assert_eq!(out.len(), ids.len() * d, "output");
    match table {
        Weights::F32(table) => embed_from(table, d, ids, scale, out),
        Weights::Bf16(table) => embed_from(table, d, ids, scale, out),
        Weights::F16(table) => embed_from(table, d, ids, scale, out),
    }
}

fn embed_from<E: Element>(table: &[E], d: usize, ids: &[u32], scale: Option<f32>, out: &mut [f32]) {
    let isa = isa();
    for_row_ranges(out, d, &|rows, out| {
        for (id, out) in ids[rows].iter().zip(out.chunks_exact_mut(d)) {
            let row = &table[*id as usize * d..][..d];
            // Multiplying by one is exact.
            let scale = scale.unwrap_or(1.0);
            dispatch(isa, Widen { row, scale, out });
        }
    });
}

struct Widen<'a, E> {
    row: &'a [E],
    scale: f32,
    out: &'a mut [f32],
}

impl<E: Element> Kernel for Widen<'_, E> {
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let rows = self.row.chunks_exact(V::LANES);
        let tail = rows.remainder();
        let mut outs = self.out.chunks_exact_mut(V::LANES);
        for (x, out) in rows.zip(&mut outs) {
            // SAFETY: both chunks have `LANES` elements.
            unsafe {
                let x: V = E::load(x.as_ptr());
                x.mul(V::splat(self.scale)).store(out.as_mut_ptr());
            }
        }
        for (x, out) in tail.iter().zip(outs.into_remainder()) {
            *out = x.widen() * self.scale;
        }
    }
}
