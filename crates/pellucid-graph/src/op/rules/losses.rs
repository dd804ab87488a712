//! Losses: how far predictions are from targets, element by element, summed or averaged.

use super::operands::{binary_type, floating, not_bool};
use super::{Types, one};
use crate::op::{Arg, Call};
use crate::shape::broadcast;
use crate::{Code, DType, Result, TensorType};

/// The parameter that says what becomes of the elements' losses.
fn reduction(c: &Call<'_>) -> &'static str {
    let at = c.def.params.iter().position(|p| p.name == "reduction");
    match at.map(|i| c.word(i)) {
        Some("none") => "none",
        Some("sum") => "sum",
        _ => "mean",
    }
}

/// The losses as they are, or one number.
fn reduced(c: &Call<'_>, t: TensorType) -> Types {
    if reduction(c) == "none" { Ok(vec![t]) } else { one(t.dtype, []) }
}

/// `mse_loss(input, target, reduction)` and its like: broadcast, promote, one of them floating.
pub fn pointwise_loss(c: &Call<'_>) -> Types {
    reduced(c, floating_pair(c)?)
}

/// `l1_loss(input, target, reduction)`: integers too, but for their mean.
pub fn l1_loss(c: &Call<'_>) -> Types {
    let t = binary_type(c, 0, 1)?;
    no_bool(c)?;
    match reduction(c) {
        _ if t.dtype.is_float() => reduced(c, t),
        "none" => Ok(vec![t]),
        "sum" => one(DType::I64, []),
        _ => Err(c.fault(Code::DTypeMismatch, format!("the mean of integers is not one, got {t}"))),
    }
}

/// `smooth_l1_loss(input, target, reduction, beta)`.
pub fn smooth_l1_loss(c: &Call<'_>) -> Types {
    match c.number(3) {
        Some(beta) if beta < 0.0 => {
            Err(c.fault(Code::BadArgument, format!("`beta` must be 0 or more, got {beta}")))
        }
        _ => pointwise_loss(c),
    }
}

/// `huber_loss(input, target, reduction, delta)`: in the input's type.
pub fn huber_loss(c: &Call<'_>) -> Types {
    let mut t = floating_pair(c)?;
    if let Some(delta) = c.number(3)
        && delta <= 0.0
    {
        return Err(c.fault(Code::BadArgument, format!("`delta` must be above 0, got {delta}")));
    }
    floating(c, c.ty(0))?;
    t.dtype = c.ty(0).dtype;
    reduced(c, t)
}

/// `kl_div(input, target, reduction, log_target)`: both floating.
pub fn kl_div(c: &Call<'_>) -> Types {
    for i in [0, 1] {
        floating(c, c.ty(i))?;
    }
    pointwise_loss(c)
}

/// `binary_cross_entropy(input, target, weight, reduction)`: one type and shape.
pub fn binary_cross_entropy(c: &Call<'_>) -> Types {
    let t = same_shape_floats(c)?;
    if c.ty(0).dtype != c.ty(1).dtype {
        let message = format!("element types differ: {} and {}", c.ty(0), c.ty(1));
        return Err(c.fault(Code::DTypeMismatch, message));
    }
    expands(c, 2, &t.shape)?;
    reduced(c, t)
}

/// `binary_cross_entropy_with_logits(input, target, weight, reduction, pos_weight)`: in the target's type.
pub fn binary_cross_entropy_with_logits(c: &Call<'_>) -> Types {
    let t = same_shape_floats(c)?;
    expands(c, 2, &t.shape)?;
    expands(c, 4, &t.shape)?;
    reduced(c, TensorType::new(c.ty(1).dtype, t.shape))
}

/// `nll_loss(input, target, weight, ignore_index, reduction)`: classes in axis 1, or the only axis.
pub fn nll_loss(c: &Call<'_>) -> Types {
    let t = class_scores(c)?;
    reduced(c, class_targets(c, t)?)
}

/// `cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)`: a target of the
/// input's shape holds probabilities, any other the numbers of classes.
pub fn cross_entropy(c: &Call<'_>) -> Types {
    let (t, target) = (class_scores(c)?, c.ty(1));
    if let Some(smoothing) = c.number(5)
        && !(0.0..=1.0).contains(&smoothing)
    {
        return Err(c.fault(Code::BadArgument, format!("`label_smoothing` must be 0 to 1, got {smoothing}")));
    }
    if target.shape != t.shape {
        return reduced(c, class_targets(c, t)?);
    }
    if !target.dtype.is_float() {
        let message = format!("a target of the input's shape holds probabilities, got {target}");
        return Err(c.fault(Code::DTypeMismatch, message));
    }
    if c.int(3).is_some_and(|i| i >= 0) {
        return Err(c.fault(Code::BadArgument, "`ignore_index` is for targets that number classes"));
    }
    let mut out = TensorType::new(t.dtype.promote(target.dtype), t.shape.clone());
    out.shape.remove(class_axis(t));
    reduced(c, out)
}

/// Where the classes of a loss stand.
pub fn class_axis(t: &TensorType) -> usize {
    usize::from(t.rank() > 1)
}

/// A floating input with classes, and a weight that fits it.
fn class_scores<'a>(c: &Call<'a>) -> Result<&'a TensorType> {
    let t = c.ty(0);
    floating(c, t)?;
    if t.rank() == 0 {
        return Err(c.fault(Code::ShapeMismatch, format!("`input` must have an axis of classes, got {t}")));
    }
    if let Arg::Value(v) = c.args[2] {
        let want = TensorType::new(t.dtype, [t.shape[class_axis(t)]]);
        if *c.type_of(v) != want {
            let message = format!("`weight` must be {want}, one number for each class, got {}", c.type_of(v));
            return Err(c.fault(Code::ShapeMismatch, message));
        }
    }
    Ok(t)
}

/// The losses of a target that numbers classes.
fn class_targets(c: &Call<'_>, t: &TensorType) -> Result<TensorType> {
    let target = c.ty(1);
    let mut want = t.shape.clone();
    want.remove(class_axis(t));
    let single = t.rank() == 1 && target.shape == [1];
    if target.shape != want && !single {
        let message =
            format!("`target` has shape {:?}, expected {want:?} (input {:?})", target.shape, t.shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    if !matches!(target.dtype, DType::I64 | DType::U8) {
        let message = format!("`target` must be i64, numbers of classes, got {target}");
        return Err(c.fault(Code::DTypeMismatch, message).help("`.long()` converts"));
    }
    Ok(TensorType::new(t.dtype, want))
}

/// Differences of truth values have no meaning, in PyTorch neither.
pub(super) fn no_bool(c: &Call<'_>) -> Result<()> {
    not_bool(c, c.ty(0)).and_then(|()| not_bool(c, c.ty(1)))
}

fn floating_pair(c: &Call<'_>) -> Result<TensorType> {
    let t = binary_type(c, 0, 1)?;
    floating(c, &t).map(|()| t)
}

fn same_shape_floats(c: &Call<'_>) -> Result<TensorType> {
    let (t, target) = (c.ty(0), c.ty(1));
    for t in [t, target] {
        floating(c, t)?;
    }
    if t.shape != target.shape {
        let message = format!("`target` has shape {:?}, expected {:?}", target.shape, t.shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    Ok(TensorType::new(t.dtype.promote(target.dtype), t.shape.clone()))
}

/// Refuses a weight that is not of floats or does not expand to `shape`.
fn expands(c: &Call<'_>, i: usize, shape: &[usize]) -> Result<()> {
    let Arg::Value(v) = c.args[i] else { return Ok(()) };
    let (weight, name) = (c.type_of(v), c.def.params[i].name);
    if !weight.dtype.is_float() {
        return Err(c.fault(Code::DTypeMismatch, format!("`{name}` must be floating, got {weight}")));
    }
    if broadcast(&weight.shape, shape).as_deref() != Some(shape) {
        let message = format!("`{name}` of shape {:?} does not expand to {shape:?}", weight.shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    Ok(())
}
