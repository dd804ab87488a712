//! Losses over classes: targets that number them, or give each a probability.

use pellucid_graph::op::class_axis;
use pellucid_graph::{Code, DType};

use super::Out;
use super::along::{Lines, log_softmax_line};
use super::cast::cast;
use super::compute::{Compute, Float};
use super::dispatch::{compute_dtype, each_float};
use super::inputs::{Inputs, Scalars};
use super::losses::reduction;
use super::sums::total;
use crate::Error;
use crate::tensor::Tensor;

pub fn nll_loss(x: &Inputs<'_>) -> Out {
    let scores = Lines::new(&x.wide(), class_axis(&x.tensor(0).ty()));
    each_float!(x.out[0].dtype, C => {
        let loss = |row: &[C], class: usize, weight: f64| -weight * row[class].as_f64();
        numbered::<C>(x, scores.iter::<C>(), scores.len(), loss)
    })
}

pub fn cross_entropy(x: &Inputs<'_>) -> Out {
    let axis = class_axis(&x.tensor(0).ty());
    let logits = Lines::new(&x.wide(), axis);
    let smoothing = x.float(5);
    each_float!(x.out[0].dtype, C => {
        let weight = weights(x, logits.len());
        let mut logs: Vec<C> = Vec::new();
        logits.iter::<C>().for_each(|row| log_softmax_line(row, &mut logs));
        let n = logits.len();
        let logs: Vec<&[C]> = logits.iter::<C>().enumerate().map(|(i, _)| &logs[i * n..(i + 1) * n]).collect();
        if x.tensor(0).shape() == x.tensor(1).shape() {
            return probable::<C>(x, &logs, &weight, axis);
        }
        // Smoothing gives a part of the target to all classes alike.
        let share = smoothing / logits.len() as f64;
        let loss = |row: &[C], class: usize, own: f64| {
            let sharp = -own * row[class].as_f64();
            if smoothing == 0.0 {
                return sharp;
            }
            let pairs: Vec<(C, f64)> = row.iter().copied().zip(weight.iter().copied()).collect();
            (1.0 - smoothing) * sharp - share * total(&pairs, |(log, w)| log.as_f64() * w)
        };
        numbered::<C>(x, logs.iter().copied(), logits.len(), loss)
    })
}

/// One number for each class: the weight's, or 1.
fn weights(x: &Inputs<'_>, n: usize) -> Vec<f64> {
    match x.optional(2) {
        Some(weight) => cast(weight, DType::F64).slice::<f64>().to_vec(),
        None => vec![1.0; n],
    }
}

/// Losses of targets that number classes; the mean is weighted, and leaves out what is ignored.
fn numbered<'a, C: Float>(
    x: &Inputs<'_>,
    rows: impl Iterator<Item = &'a [C]>,
    n: usize,
    loss: impl Fn(&[C], usize, f64) -> f64,
) -> Out {
    let weight = weights(x, n);
    let ignored = x.call.int(3).unwrap_or(-100);
    let targets = cast(x.tensor(1), DType::I64);
    let (mut losses, mut total_weight) = (Vec::new(), 0.0);
    for (row, &target) in rows.zip(targets.slice::<i64>()) {
        if target == ignored {
            losses.push(0.0);
            continue;
        }
        let class = usize::try_from(target).ok().filter(|class| *class < n).ok_or_else(|| {
            let message = format!("target {target} is not one of the {n} classes");
            Error::from(x.call.fault(Code::IndexOutOfRange, message))
        })?;
        losses.push(loss(row, class, weight[class]));
        total_weight += weight[class];
    }
    match reduction(x) {
        "none" => x.one(losses),
        "sum" => x.one(vec![total(&losses, |v| v)]),
        _ => x.one(vec![total(&losses, |v| v) / total_weight]),
    }
}

/// Losses of targets that give each class a probability; the mean is over rows.
fn probable<C: Float>(x: &Inputs<'_>, logs: &[&[C]], weight: &[f64], axis: usize) -> Out {
    let smoothing = x.float(5);
    let target = x.operand(1, x.out[0].dtype, Scalars::Rounded);
    let target: Tensor = cast(&target, compute_dtype(x.out[0].dtype));
    let targets = Lines::new(&target, axis);
    let share = smoothing / targets.len() as f64;
    let loss = |(log, target): (&&[C], &[C])| {
        let terms: Vec<f64> = (0..log.len())
            .map(|i| log[i].as_f64() * (target[i].as_f64() * (1.0 - smoothing) + share) * weight[i])
            .collect();
        -total(&terms, |v| v)
    };
    let losses: Vec<f64> = logs.iter().zip(targets.iter::<C>()).map(loss).collect();
    match reduction(x) {
        "none" => x.one(losses),
        "sum" => x.one(vec![total(&losses, |v| v)]),
        // No classes make no mean.
        _ if targets.len() == 0 => x.one(vec![f64::NAN]),
        _ => x.one(vec![total(&losses, |v| v) / losses.len() as f64]),
    }
}
