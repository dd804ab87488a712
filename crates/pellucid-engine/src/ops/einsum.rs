//! Einstein's summation: operands are contracted from left to right, each step one batched product.

use pellucid_graph::DType;
use pellucid_graph::op::{Einsum, resolve_einsum};

use super::Out;
use super::cast::cast;
use super::dispatch::compute_dtype;
use super::inputs::Inputs;
use super::linalg::product;
use super::shape::{permuted, strided};
use super::sums::total;
use super::walk::strides;
use crate::tensor::{Element, Tensor};

/// A tensor whose axes have labels, each once.
struct Labelled {
    tensor: Tensor,
    labels: Vec<usize>,
}

pub fn einsum(x: &Inputs<'_>) -> Out {
    let dtype = x.out[0].dtype;
    let given = x.list(1);
    let shapes: Vec<&[usize]> = given.iter().map(|t| t.shape()).collect();
    let equation = resolve_einsum(x.call.word(0), &shapes)?;
    let mut rest: Vec<Labelled> = given
        .iter()
        .zip(&equation.operands)
        .map(|(t, labels)| {
            let wide = compute_dtype(dtype);
            labelled(&cast(&cast(t, dtype), wide), labels, &equation.lengths)
        })
        .rev()
        .collect();
    let Some(mut left) = rest.pop() else {
        return Err(crate::Error::internal("`einsum` without operands"));
    };
    while let Some(right) = rest.pop() {
        let kept = |label: &usize| {
            equation.output.contains(label) || rest.iter().any(|later| later.labels.contains(label))
        };
        left = contracted(left, right, kept);
    }
    let sums = |label: &usize| !equation.output.contains(label);
    Ok(vec![cast(&arranged(summed(left, sums), &equation), dtype)])
}

/// Takes diagonals, and drops axes of length 1 where others of the label are longer.
fn labelled(t: &Tensor, given: &[usize], lengths: &[usize]) -> Labelled {
    let own = strides(t.shape());
    let (mut labels, mut shape, mut steps): (Vec<usize>, Vec<usize>, Vec<usize>) = Default::default();
    for (axis, &label) in given.iter().enumerate() {
        match labels.iter().position(|l| *l == label) {
            Some(i) => steps[i] += own[axis],
            None if t.shape()[axis] == 1 && lengths[label] != 1 => {}
            None => {
                labels.push(label);
                shape.push(t.shape()[axis]);
                steps.push(own[axis]);
            }
        }
    }
    let same = labels.len() == given.len() && steps == own;
    let tensor = if same { t.clone() } else { strided(t, 0, &shape, steps) };
    Labelled { tensor, labels }
}

/// Multiplies two operands, and sums what both name and nobody needs later.
fn contracted(a: Labelled, b: Labelled, kept: impl Fn(&usize) -> bool) -> Labelled {
    // What one operand alone names and nobody needs is summed before it is multiplied.
    let lone = |own: &Labelled, other: &Labelled| -> Vec<usize> {
        own.labels.iter().copied().filter(|l| !kept(l) && !other.labels.contains(l)).collect()
    };
    let (lone_a, lone_b) = (lone(&a, &b), lone(&b, &a));
    let (a, b) = (summed(a, |l| lone_a.contains(l)), summed(b, |l| lone_b.contains(l)));
    let both = |l: &&usize| b.labels.contains(l);
    let batch: Vec<usize> = a.labels.iter().filter(both).copied().filter(|l| kept(l)).collect();
    let inner: Vec<usize> = a.labels.iter().filter(both).copied().filter(|l| !kept(l)).collect();
    let free = |own: &Labelled, other: &Labelled| -> Vec<usize> {
        own.labels.iter().copied().filter(|l| !other.labels.contains(l)).collect()
    };
    let (rows, columns) = (free(&a, &b), free(&b, &a));
    let (a, b) = (turned(&a, [&batch, &rows, &inner]), turned(&b, [&batch, &inner, &columns]));
    let lengths = [&a.1[..batch.len() + rows.len()], &b.1[batch.len() + inner.len()..]].concat();
    let tensor = product(&a.0, &b.0).reshaped(lengths);
    Labelled { tensor, labels: [batch, rows, columns].concat() }
}

/// A batch of matrices, `[batch, rows, columns]`, whose axes are groups of labels; and the length of each label.
fn turned(t: &Labelled, groups: [&[usize]; 3]) -> (Tensor, Vec<usize>) {
    let order = groups.concat();
    let moved = ordered(t, &order);
    let lengths = moved.shape().to_vec();
    let mut start = 0;
    let shape = groups.map(|group| {
        start += group.len();
        lengths[start - group.len()..start].iter().product::<usize>()
    });
    (moved.reshaped(shape), lengths)
}

/// The tensor with its labels in this order.
fn ordered(t: &Labelled, order: &[usize]) -> Tensor {
    let axes: Vec<usize> = order.iter().filter_map(|l| t.labels.iter().position(|own| own == l)).collect();
    permuted(&t.tensor, &axes)
}

/// Sums over the labels that `gone` names, each row in order.
fn summed(t: Labelled, gone: impl Fn(&usize) -> bool) -> Labelled {
    let (lost, labels): (Vec<usize>, Vec<usize>) = t.labels.iter().copied().partition(&gone);
    if lost.is_empty() {
        return t;
    }
    let moved = ordered(&t, &[labels.as_slice(), &lost].concat());
    let (shape, summed) = moved.shape().split_at(labels.len());
    let n: usize = summed.iter().product();
    let tensor = match moved.dtype() {
        DType::F32 => row_sums(&moved, shape, n, |row: &[f32]| total(row, f64::from) as f32),
        DType::F64 => row_sums(&moved, shape, n, |row: &[f64]| total(row, |x| x)),
        _ => row_sums(&moved, shape, n, |row: &[i64]| row.iter().fold(0, |sum, x| sum.wrapping_add(*x))),
    };
    Labelled { tensor, labels }
}

fn row_sums<C: Element>(t: &Tensor, shape: &[usize], n: usize, sum: impl Fn(&[C]) -> C) -> Tensor {
    let data = t.slice::<C>();
    let count: usize = shape.iter().product();
    Tensor::new((0..count).map(|i| sum(&data[i * n..(i + 1) * n])).collect::<Vec<C>>(), shape)
}

/// The output's axes in its order, those of length 1 that all operands dropped put back.
fn arranged(t: Labelled, equation: &Einsum) -> Tensor {
    let present: Vec<usize> = equation.output.iter().copied().filter(|l| t.labels.contains(l)).collect();
    ordered(&t, &present).reshaped(equation.shape())
}
