//! Powers of square matrices, by squaring.

use pellucid_graph::DType;

use super::solve::inverses;
use super::{Batch, Inputs, Out, Tensor, cast, product};

pub fn matrix_power(x: &Inputs<'_>) -> Out {
    let n = x.call.int(1).unwrap_or(0);
    if !x.out[0].dtype.is_float() {
        return integer_power(x, n as u64);
    }
    let mut a = Batch::of(x.tensor(0));
    if n < 0 {
        a.data = Tensor::new(inverses(x, &a)?, a.data.shape());
    }
    let times = |p: &[f64], q: &[f64]| product(p, q, [a.n, a.n, a.n]);
    x.one(a.iter().flat_map(|m| raised(m, a.n, 1.0, n.unsigned_abs(), times)).collect())
}

fn integer_power(x: &Inputs<'_>, power: u64) -> Out {
    let t = cast(x.tensor(0), DType::I64);
    let n = t.shape().last().copied().unwrap_or(0);
    let times = |p: &[i64], q: &[i64]| -> Vec<i64> {
        let at = |i: usize| {
            (0..n).fold(0i64, |sum, k| sum.wrapping_add(p[i / n * n + k].wrapping_mul(q[k * n + i % n])))
        };
        (0..n * n).map(at).collect()
    };
    x.one(t.slice::<i64>().chunks((n * n).max(1)).flat_map(|m| raised(m, n, 1, power, times)).collect())
}

/// Squares and multiplies.
fn raised<T: Copy + Default>(
    a: &[T],
    n: usize,
    one: T,
    power: u64,
    times: impl Fn(&[T], &[T]) -> Vec<T>,
) -> Vec<T> {
    let mut result: Option<Vec<T>> = None;
    let (mut square, mut left) = (a.to_vec(), power);
    while left > 0 {
        if left & 1 == 1 {
            result = Some(result.map_or_else(|| square.clone(), |r| times(&r, &square)));
        }
        left >>= 1;
        if left > 0 {
            square = times(&square, &square);
        }
    }
    result.unwrap_or_else(|| (0..n * n).map(|i| if i % (n + 1) == 0 { one } else { T::default() }).collect())
}
