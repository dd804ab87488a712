//! Sums over a row and what is made of them.
//!
//! They run in f64, in eight interleaved partial sums: fast, more exact than f32 needs, and in an
//! order that depends on nothing but the row's own length.

use super::compute::Float;
use super::elementwise::absolute;

const LANES: usize = 8;

/// The sum of `f` over a row, in eight interleaved partial sums.
pub fn total<C: Copy>(row: &[C], f: impl Fn(C) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += f(*x);
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane += f(*x);
    }
    let [a, b, c, d, e, g, h, i] = lanes;
    ((a + b) + (c + d)) + ((e + g) + (h + i))
}

/// The mean of a row; NaN when it is empty.
pub fn average<C: Float>(row: &[C]) -> f64 {
    total(row, C::as_f64) / row.len() as f64
}

/// The variance about the mean, NaN of an empty row; as in PyTorch a divisor below 0 counts as 0.
pub fn variance<C: Float>(row: &[C], correction: i64) -> f64 {
    if row.is_empty() {
        return f64::NAN;
    }
    let mean = average(row);
    let squares = total(row, |x| (x.as_f64() - mean).powi(2));
    squares / (row.len() as i64).saturating_sub(correction).max(0) as f64
}

/// The p-norm of a row; an infinite `p` takes the largest or smallest absolute value.
pub fn p_norm<C: Float>(row: &[C], p: f64) -> C {
    if p == f64::INFINITY {
        return row.iter().map(|x| absolute(*x)).fold(C::default(), C::larger);
    }
    if p == f64::NEG_INFINITY {
        return row.iter().map(|x| absolute(*x)).fold(C::of(f64::INFINITY), C::smaller);
    }
    C::of(match p {
        0.0 => total(row, |x| f64::from(u8::from(x.truth()))),
        1.0 => total(row, |x| x.as_f64().abs()),
        2.0 => total(row, |x| x.as_f64() * x.as_f64()).sqrt(),
        _ => total(row, |x| x.as_f64().abs().powf(p)).powf(1.0 / p),
    })
}

/// The largest element, 0 in place of an infinite one, and the sum of exp(x - that).
pub fn exp_total<C: Float>(row: &[C]) -> (C, f64) {
    let top = row.iter().copied().fold(C::of(f64::NEG_INFINITY), C::larger);
    let top = if top.as_f64().is_infinite() { C::default() } else { top };
    (top, total(row, |x| x.minus(top).exp().as_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_do_not_drift() {
        let row = vec![0.1f32; 1_000_003];
        assert!((total(&row, f64::from) - 0.1f32 as f64 * 1_000_003.0).abs() < 1e-6);
    }
}
