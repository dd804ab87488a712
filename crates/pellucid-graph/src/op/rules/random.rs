//! Random numbers: a pure function of the seed and the shape.

use super::{Types, one};
use crate::op::{Arg, Call, Operand};
use crate::shape::broadcast;
use crate::{Code, DType, Result};

/// `rand(size, seed, dtype)`, `randn`.
pub fn drawn(c: &Call<'_>) -> Types {
    seeded(c)?;
    one(floating(c, DType::F32)?, lengths(c, 0)?)
}

/// `rand_like(input, seed, dtype)`, `randn_like`.
pub fn drawn_like(c: &Call<'_>) -> Types {
    seeded(c)?;
    one(floating(c, c.ty(0).dtype)?, c.ty(0).shape.clone())
}

/// `randint(low, high, size, seed, dtype)`.
pub fn randint(c: &Call<'_>) -> Types {
    seeded(c)?;
    let (low, high) = (c.int(0).unwrap_or(0), c.int(1).unwrap_or(0));
    if low >= high {
        let message = format!("`low` must be less than `high`, got {low} and {high}");
        return Err(c.fault(Code::BadArgument, message));
    }
    let dtype = c.dtype(4).unwrap_or(DType::I64);
    let (least, most) = exact_range(dtype);
    if low < least || high - 1 > most {
        let message = format!("{low} to {} do not fit in {dtype}, which holds {least} to {most}", high - 1);
        return Err(c.fault(Code::BadArgument, message));
    }
    one(dtype, lengths(c, 2)?)
}

/// The integers that a type holds without gaps.
fn exact_range(dtype: DType) -> (i64, i64) {
    let around = |n: i64| (-n, n);
    match dtype {
        DType::Bool => (0, 1),
        DType::U8 => (0, 255),
        DType::I32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        DType::I64 => (i64::MIN, i64::MAX),
        DType::Bf16 => around(1 << 8),
        DType::F16 => around(1 << 11),
        DType::F32 => around(1 << 24),
        DType::F64 => around(1 << 53),
    }
}

/// `randperm(n, seed, dtype)`.
pub fn randperm(c: &Call<'_>) -> Types {
    seeded(c)?;
    let (n, dtype) = (c.int(0).unwrap_or(0), c.dtype(2).unwrap_or(DType::I64));
    if n < 0 || n - 1 > exact_range(dtype).1 {
        let message =
            format!("`n` must be 0 to {} for {dtype}, got {n}", exact_range(dtype).1.saturating_add(1));
        return Err(c.fault(Code::BadArgument, message));
    }
    one(dtype, [n as usize])
}

/// `bernoulli(input, seed)`: the elements are probabilities.
pub fn bernoulli(c: &Call<'_>) -> Types {
    seeded(c)?;
    floating(c, c.ty(0).dtype)?;
    Ok(vec![c.ty(0).clone()])
}

/// `multinomial(input, num_samples, replacement, seed)`: positions drawn by weight from each row.
pub fn multinomial(c: &Call<'_>) -> Types {
    seeded(c)?;
    let (t, k) = (c.ty(0), c.int(1).unwrap_or(0));
    if !t.dtype.is_float() || !(1..=2).contains(&t.rank()) {
        let message = format!("takes floating weights with one axis or two, got {t}");
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    let (rows, n) = (&t.shape[..t.rank() - 1], t.shape[t.rank() - 1]);
    if n == 0 || k < 1 || (!c.flag(2) && k > n as i64) {
        let most = if c.flag(2) { String::new() } else { format!(" and at most {n} without replacement") };
        return Err(c.fault(Code::BadArgument, format!("`num_samples` must be at least 1{most}, got {k}")));
    }
    one(DType::I64, [rows, &[k as usize]].concat())
}

/// `normal(mean, std, size, seed)`: `size` only where both are numbers.
pub fn normal(c: &Call<'_>) -> Types {
    seeded(c)?;
    let (mean, std) = (c.operand(0), c.operand(1));
    if c.args[2] != Arg::None {
        return match (mean, std) {
            (Operand::Number(_), Operand::Number(_)) => {
                deviation(c)?;
                one(DType::F32, lengths(c, 2)?)
            }
            _ => Err(c.fault(Code::BadArgument, "`size` goes with two numbers, a tensor has its own shape")),
        };
    }
    let t = match (mean, std) {
        (Operand::Tensor(t), Operand::Number(_)) => {
            deviation(c)?;
            t.clone()
        }
        (Operand::Number(_), Operand::Tensor(t)) => t.clone(),
        (Operand::Tensor(a), Operand::Tensor(b)) => {
            let shape = broadcast(&a.shape, &b.shape).ok_or_else(|| {
                let message = format!("shapes {:?} and {:?} do not broadcast", a.shape, b.shape);
                c.fault(Code::ShapeMismatch, message)
            })?;
            crate::TensorType::new(a.dtype.promote(b.dtype), shape)
        }
        _ => return Err(c.fault(Code::BadArgument, "needs `size` when both are numbers")),
    };
    floating(c, t.dtype)?;
    Ok(vec![t])
}

fn deviation(c: &Call<'_>) -> Result<()> {
    let std = c.float(1);
    match std >= 0.0 {
        true => Ok(()),
        false => Err(c.fault(Code::BadArgument, format!("`std` must be 0 or more, got {std}"))),
    }
}

/// Numbers depend on the seed alone, so there must be one.
fn seeded(c: &Call<'_>) -> Result<()> {
    match c.def.params.iter().position(|p| p.name == "seed").map(|i| &c.args[i]) {
        Some(Arg::None) | None => {
            let help = "`seed=0` will do: a trace gives the same numbers wherever it runs";
            Err(c.fault(Code::BadArgument, "`seed` is missing").help(help))
        }
        Some(_) => Ok(()),
    }
}

/// The `dtype` argument, or the usual one, which must be floating.
fn floating(c: &Call<'_>, usual: DType) -> Result<DType> {
    let given = c.def.params.iter().position(|p| p.name == "dtype").and_then(|i| c.dtype(i));
    let dtype = given.unwrap_or(usual);
    match dtype.is_float() {
        true => Ok(dtype),
        false => {
            let diagnostic = c.fault(Code::DTypeMismatch, format!("gives floating types, not {dtype}"));
            Err(diagnostic.help("`randint` draws integers"))
        }
    }
}

fn lengths(c: &Call<'_>, i: usize) -> Result<Vec<usize>> {
    let given = c.ints(i).unwrap_or_default();
    let bad = |_| c.fault(Code::BadArgument, format!("a length must be 0 or more, got {given:?}"));
    given.iter().map(|&n| usize::try_from(n).map_err(bad)).collect()
}
