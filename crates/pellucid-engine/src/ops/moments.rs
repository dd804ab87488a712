//! Means and variances.

use super::Out;
use super::compute::Float;
use super::dispatch::each_float;
use super::inputs::Inputs;
use super::reduce::{over_dims, rows};
use super::sums::{average, variance};

pub fn var(x: &Inputs<'_>) -> Out {
    let correction = x.call.int(2).unwrap_or(1);
    each_float!(x.out[0].dtype, C => over_dims(x, 1, |row: &[C]| C::of(variance(row, correction))))
}

pub fn std(x: &Inputs<'_>) -> Out {
    let correction = x.call.int(2).unwrap_or(1);
    each_float!(x.out[0].dtype, C => over_dims(x, 1, |row: &[C]| C::of(variance(row, correction).sqrt())))
}

pub fn var_mean(x: &Inputs<'_>) -> Out {
    with_mean(x, |variance| variance)
}

pub fn std_mean(x: &Inputs<'_>) -> Out {
    with_mean(x, f64::sqrt)
}

fn with_mean(x: &Inputs<'_>, f: impl Fn(f64) -> f64) -> Out {
    let (t, correction) = (x.wide(), x.call.int(2).unwrap_or(1));
    let dims = x.call.dims(1, t.shape().len())?;
    each_float!(x.out[0].dtype, C => {
        let both = rows(&t, &dims, |row: &[C]| (C::of(f(variance(row, correction))), C::of(average(row))));
        let (spread, mean) = both.into_iter().unzip();
        Ok(vec![x.result::<C>(0, spread), x.result::<C>(1, mean)])
    })
}
