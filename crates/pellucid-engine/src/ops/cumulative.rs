//! What has come up so far along an axis, and differences of neighbours.

use pellucid_graph::DType;

use super::Out;
use super::along::{Lines, each_line};
use super::cast::cast;
use super::compute::{Compute, Float};
use super::dispatch::{each_compute, each_float};
use super::inputs::Inputs;
use super::pairs::log_sum_exp;
use super::shape::joined;
use crate::tensor::{Element, Tensor};

pub fn cumsum(x: &Inputs<'_>) -> Out {
    running(x, 0.0, 0, |sum, v| sum + v, i64::wrapping_add)
}

pub fn cumprod(x: &Inputs<'_>) -> Out {
    running(x, 1.0, 1, |product, v| product * v, i64::wrapping_mul)
}

pub fn logcumsumexp(x: &Inputs<'_>) -> Out {
    running(x, f64::NEG_INFINITY, 0, log_sum_exp, i64::wrapping_add)
}

/// Floats run in f64 and are rounded one by one.
fn running(
    x: &Inputs<'_>,
    start: f64,
    whole_start: i64,
    float: impl Fn(f64, f64) -> f64,
    whole: impl Fn(i64, i64) -> i64,
) -> Out {
    if !x.out[0].dtype.is_float() {
        return each_line(x, |line: &[i64], out| {
            out.extend(line.iter().scan(whole_start, |so_far, v| {
                *so_far = whole(*so_far, *v);
                Some(*so_far)
            }));
        });
    }
    each_float!(x.out[0].dtype, C => each_line(x, |line: &[C], out| {
        out.extend(line.iter().scan(start, |so_far, v| {
            *so_far = float(*so_far, v.as_f64());
            Some(C::of(*so_far))
        }));
    }))
}

pub fn cummax(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => records(x, |v: C, best| v >= best))
}

pub fn cummin(x: &Inputs<'_>) -> Out {
    each_compute!(x.out[0].dtype, C => records(x, |v: C, best| v <= best))
}

/// The best so far and where it stood last; nothing but NaN follows NaN.
fn records<C: Compute>(x: &Inputs<'_>, reaches: impl Fn(C, C) -> bool) -> Out {
    let t = x.wide();
    let lines = Lines::new(&t, x.axis(1, t.shape().len())?);
    let (mut values, mut positions): (Vec<C>, Vec<i64>) = (Vec::new(), Vec::new());
    for line in lines.iter::<C>() {
        let mut at = 0;
        for (i, v) in line.iter().enumerate() {
            if Compute::is_nan(*v) || (!Compute::is_nan(line[at]) && reaches(*v, line[at])) {
                at = i;
            }
            values.push(line[at]);
            positions.push(at as i64);
        }
    }
    let shape = &x.out[0].shape;
    Ok(vec![cast(&lines.back(values, shape), x.out[0].dtype), lines.back(positions, shape)])
}

pub fn diff(x: &Inputs<'_>) -> Out {
    let (t, dtype) = (x.tensor(0), x.out[0].dtype);
    let axis = x.axis(2, t.shape().len())?;
    let times = x.call.int(1).unwrap_or(1).max(0) as usize;
    if times == 0 {
        return Ok(vec![t.clone()]);
    }
    let parts: Vec<&Tensor> = [x.optional(3), Some(t), x.optional(4)].into_iter().flatten().collect();
    let whole = joined(&parts, axis, dtype);
    each_compute!(dtype, C => {
        let lines = Lines::new(&cast(&whole, C::DTYPE), axis);
        let mut out: Vec<C> = Vec::new();
        for line in lines.iter::<C>() {
            let mut line = line.to_vec();
            for _ in 0..times.min(line.len()) {
                line = line.windows(2).map(|two| difference(two[1], two[0], dtype)).collect();
            }
            out.extend(line);
        }
        Ok(vec![cast(&lines.back(out, &x.out[0].shape), dtype)])
    })
}

fn difference<C: Compute>(a: C, b: C, dtype: DType) -> C {
    let difference = a.minus(b);
    if dtype == DType::Bool { difference.times(difference) } else { difference }
}
