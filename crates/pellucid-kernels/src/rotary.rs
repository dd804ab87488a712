//! Rotary position embedding (Su et al. 2021, arXiv:2104.09864): turns pairs of a head's numbers.

use crate::dispatch::{Kernel, dispatch};
use crate::isa::isa;
use crate::lanes::Lanes;
use crate::rows::for_row_ranges;

/// Which numbers of a head make a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotaryStyle {
    /// `j` and `j + r / 2`: Llama, GPT-NeoX, and most others in transformers.
    Half,
    /// `2 j` and `2 j + 1`: GPT-J, the paper.
    Interleaved,
}

/// Turns the first `r` numbers of each head of `x [t, h * k]` by the angles of its row and copies
/// the others; `cos` and `sin` are `[t, r / 2]`.
///
/// Products are rounded before they are added, as in transformers.
///
/// # Panics
/// If a length does not fit, or `r` is greater than `k`.
pub fn rotary(
    x: &[f32],
    n_heads: usize,
    head_dim: usize,
    cos: &[f32],
    sin: &[f32],
    style: RotaryStyle,
    out: &mut [f32],
) {
    let d = n_heads * head_dim;
    assert_eq!(x.len(), out.len(), "output");
    assert!(d > 0 && x.len().is_multiple_of(d), "input of {} is not rows of {d}", x.len());
    if x.is_empty() {
        return;
    }
    let t = x.len() / d;
    assert!(cos.len() == sin.len() && cos.len().is_multiple_of(t), "angles of {t} rows");
    let pairs = cos.len() / t;
    assert!(2 * pairs <= head_dim, "{pairs} pairs in a head of {head_dim}");
    let isa = isa();
    for_row_ranges(out, d, &|rows, out| {
        for (row, out) in rows.zip(out.chunks_exact_mut(d)) {
            let kernel = Turn {
                x: &x[row * d..][..d],
                head_dim,
                cos: &cos[row * pairs..][..pairs],
                sin: &sin[row * pairs..][..pairs],
                style,
                out,
            };
            dispatch(isa, kernel);
        }
    });
}

struct Turn<'a> {
    x: &'a [f32],
    head_dim: usize,
    cos: &'a [f32],
    sin: &'a [f32],
    style: RotaryStyle,
    out: &'a mut [f32],
}

impl Kernel for Turn<'_> {
    /// Plain loops: no sum to order and nothing to fuse, so the compiler's vectors give the same bits.
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let heads = self.x.chunks_exact(self.head_dim);
        for (x, out) in heads.zip(self.out.chunks_exact_mut(self.head_dim)) {
            match self.style {
                RotaryStyle::Half => turn_halves(x, self.cos, self.sin, out),
                RotaryStyle::Interleaved => turn_neighbours(x, self.cos, self.sin, out),
            }
            let r = 2 * self.cos.len();
            out[r..].copy_from_slice(&x[r..]);
        }
    }
}

#[inline(always)]
fn turn_halves(x: &[f32], cos: &[f32], sin: &[f32], out: &mut [f32]) {
    let n = cos.len();
    let (x, y) = x[..2 * n].split_at(n);
    let (out_x, out_y) = out[..2 * n].split_at_mut(n);
    for j in 0..n {
        out_x[j] = x[j] * cos[j] - y[j] * sin[j];
        out_y[j] = y[j] * cos[j] + x[j] * sin[j];
    }
}

#[inline(always)]
fn turn_neighbours(x: &[f32], cos: &[f32], sin: &[f32], out: &mut [f32]) {
    for (j, (cos, sin)) in cos.iter().zip(sin).enumerate() {
        let (x, y) = (x[2 * j], x[2 * j + 1]);
        out[2 * j] = x * cos - y * sin;
        out[2 * j + 1] = y * cos + x * sin;
    }
}
