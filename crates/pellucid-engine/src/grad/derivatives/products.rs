//! Products of matrices, and what is written with them.

use pellucid_graph::{Arg, Code, Diagnostic};

use super::Keep::{Inputs, Nothing};
use super::{Row, made_of};
use crate::grad::calls as c;
use crate::grad::op::{Call, Pulled};
use crate::{Error, Tensor};

fn matmul(p: &Call<'_>) -> Pulled {
    let (x, y) = (p.x(0)?, p.x(1)?);
    let (rows, columns) = (x.shape().len() > 1, y.shape().len() > 1);
    // Vectors as matrices: a row from the left, a column from the right.
    let x2 = if rows { x.clone() } else { c::reshape(&x, &[1, x.numel()])? };
    let y2 = if columns { y.clone() } else { c::reshape(&y, &[y.numel(), 1])? };
    let mut shape = p.g()?.shape().to_vec();
    if !columns {
        shape.push(1);
    }
    if !rows {
        shape.insert(shape.len() - 1, 1);
    }
    let g = c::reshape(p.g()?, &shape)?;
    let by_x = c::matmul(&g, &c::transpose(&y2, -2, -1)?)?;
    let by_y = c::matmul(&c::transpose(&x2, -2, -1)?, &g)?;
    let by_x = if rows { by_x } else { summed(&by_x, &x2)? };
    let by_y = if columns { by_y } else { summed(&by_y, &y2)? };
    Ok(vec![
        Some(if rows { by_x } else { c::reshape(&by_x, x.shape())? }),
        Some(if columns { by_y } else { c::reshape(&by_y, y.shape())? }),
    ])
}

/// The sum over leading axes that the other factor alone has.
fn summed(g: &Tensor, like: &Tensor) -> Result<Tensor, Error> {
    let extra: Vec<i64> = (0..(g.shape().len() - like.shape().len()) as i64).collect();
    if extra.is_empty() { Ok(g.clone()) } else { c::sum(g, &extra) }
}

fn linear(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let weight = p.x(1)?;
    let turned = if weight.shape().len() < 2 { weight } else { c::turned(&weight)? };
    let y = c::matmul(&p.x(0)?, &turned)?;
    Ok(vec![if p.args[2] == Arg::None { y } else { c::add(&y, &p.x(2)?)? }])
}

fn scaled_sum(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let product = c::times(&c::matmul(&p.x(1)?, &p.x(2)?)?, p.float(4))?;
    // A factor of 0 takes the sum out, NaN and all.
    Ok(vec![if p.float(3) == 0.0 { product } else { c::add(&c::times(&p.x(0)?, p.float(3))?, &product)? }])
}

/// Axes one after the other: those of `first`, then the rest.
fn order(rank: usize, first: &[i64], first_is_first: bool) -> Vec<i64> {
    let first: Vec<i64> = first.iter().map(|a| a.rem_euclid(rank.max(1) as i64)).collect();
    let rest = (0..rank as i64).filter(|a| !first.contains(a));
    match first_is_first {
        true => first.iter().copied().chain(rest).collect(),
        false => rest.chain(first.iter().copied()).collect(),
    }
}

fn tensordot(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let (a, b, over_a, over_b) = (p.x(0)?, p.x(1)?, p.ints(2), p.ints(3));
    let a = c::permute(&a, &order(a.shape().len(), &over_a, false))?;
    let b = c::permute(&b, &order(b.shape().len(), &over_b, true))?;
    let (kept_a, kept_b) = (a.shape().len() - over_a.len(), over_b.len());
    let (rows, inner_a) = a.shape().split_at(kept_a);
    let (inner_b, columns) = b.shape().split_at(kept_b);
    // An axis of length 1 goes with one of any length.
    let inner: Vec<usize> = inner_a.iter().zip(inner_b).map(|(a, b)| if *a == 1 { *b } else { *a }).collect();
    let n: usize = inner.iter().product();
    let (m, k) = (rows.iter().product(), columns.iter().product());
    let a = c::reshape(&c::expand(&a, &[rows, &inner].concat())?, &[m, n])?;
    let b = c::reshape(&c::expand(&b, &[&inner, columns].concat())?, &[n, k])?;
    Ok(vec![c::reshape(&c::matmul(&a, &b)?, p.results[0].shape())?])
}

fn kron(p: &Call<'_>) -> Result<Vec<Tensor>, Error> {
    let (a, b) = (p.x(0)?, p.x(1)?);
    let rank = a.shape().len().max(b.shape().len());
    let wide = |x: &Tensor| [vec![1; rank - x.shape().len()], x.shape().to_vec()].concat();
    let (wide_a, wide_b) = (wide(&a), wide(&b));
    let between =
        |of: &[usize], a: bool| of.iter().flat_map(|n| if a { [*n, 1] } else { [1, *n] }).collect::<Vec<_>>();
    let product =
        c::mul(&c::reshape(&a, &between(&wide_a, true))?, &c::reshape(&b, &between(&wide_b, false))?)?;
    Ok(vec![c::reshape(&product, p.results[0].shape())?])
}

/// The gradient of an operand is the sum of the others and the result's, over what it has not.
fn einsum(p: &Call<'_>) -> Pulled {
    let Arg::Word(equation) = &p.args[0] else { return Err(Error::internal("an equation is text")) };
    let equation: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
    let (left, right) = match equation.split_once("->") {
        Some((left, right)) => (left.to_owned(), right.to_owned()),
        None => (equation.clone(), implied(&equation)),
    };
    let terms: Vec<&str> = left.split(',').collect();
    let repeated = |t: &str| t.chars().any(|a| t.chars().filter(|b| a == *b).count() > 1);
    if left.contains('.') || terms.iter().any(|t| repeated(t)) {
        let message = format!(
            "`einsum` has no derivative for `{equation}`: letters that stand twice in one operand, or `...`"
        );
        return Err(Diagnostic::new(Code::NoGradient, message)
            .help("write it with `matmul` or named axes")
            .into());
    }
    let xs = (0..p.inputs.len()).map(|i| p.wide(i)).collect::<Result<Vec<_>, _>>()?;
    p.each(|i| {
        let others: Vec<usize> = (0..xs.len()).filter(|j| *j != i).collect();
        let known = |a: char| right.contains(a) || others.iter().any(|j| terms[*j].contains(a));
        let found: String = terms[i].chars().filter(|a| known(*a)).collect();
        let given: Vec<&str> =
            std::iter::once(right.as_str()).chain(others.iter().map(|j| terms[*j])).collect();
        let tensors: Vec<&Tensor> = std::iter::once(p.g()?).chain(others.iter().map(|j| &xs[*j])).collect();
        let g = c::einsum(&format!("{}->{found}", given.join(",")), &tensors)?;
        // Axes that are summed over in this operand alone: every element has the same. One of length 1 that went
        // with a longer one is summed by who asked.
        let mut lengths = g.shape().to_vec().into_iter();
        let beside: Vec<usize> =
            terms[i].chars().map(|a| if known(a) { lengths.next().unwrap_or(1) } else { 1 }).collect();
        let wide: Vec<usize> = beside.iter().zip(xs[i].shape()).map(|(a, b)| (*a).max(*b)).collect();
        Ok(Some(c::expand(&c::reshape(&g, &beside)?, &wide)?))
    })
}

/// The result's letters where none are said: those that stand once, in the alphabet's order.
fn implied(left: &str) -> String {
    let mut letters: Vec<char> = left.chars().filter(|c| c.is_alphabetic()).collect();
    letters.sort_unstable();
    let once = |c: &char| left.chars().filter(|other| other == c).count() == 1;
    letters.into_iter().filter(once).collect()
}

fn cross(p: &Call<'_>) -> Pulled {
    let with =
        |x: &Tensor, y: &Tensor| c::run_with("linalg_cross", &[x, y], vec![("dim", Arg::Int(p.int(2)))]);
    Ok(vec![Some(with(&p.x(1)?, p.g()?)?), Some(with(p.g()?, &p.x(0)?)?)])
}

pub(super) const ROWS: &[Row] = &[
    ("matmul", Inputs, matmul),
    ("mm", Inputs, matmul),
    ("bmm", Inputs, matmul),
    ("mv", Inputs, matmul),
    ("dot", Inputs, matmul),
    ("inner", Inputs, |p| {
        made_of(p, |p| {
            let (x, y) = (p.x(0)?, p.x(1)?);
            if p.inputs.iter().any(|x| x.shape().is_empty()) {
                return Ok(vec![c::mul(&x, &y)?]);
            }
            let k = x.shape().last().copied().unwrap_or(1);
            let rows = c::reshape(&x, &[x.numel() / k.max(1), k])?;
            let columns = c::reshape(&y, &[y.numel() / k.max(1), k])?;
            Ok(vec![c::reshape(&c::matmul(&rows, &c::turned(&columns)?)?, p.results[0].shape())?])
        })
    }),
    ("outer", Inputs, |p| {
        made_of(p, |p| Ok(vec![c::mul(&c::reshape(&p.x(0)?, &[p.inputs[0].numel(), 1])?, &p.x(1)?)?]))
    }),
    ("addmm", Inputs, |p| made_of(p, scaled_sum)),
    ("baddbmm", Inputs, |p| made_of(p, scaled_sum)),
    ("einsum", Inputs, einsum),
    ("tensordot", Inputs, |p| made_of(p, tensordot)),
    ("kron", Inputs, |p| made_of(p, kron)),
    ("trace", Nothing, |p| {
        let n = p.inputs[0].shape().to_vec();
        let eye = c::run_with("eye", &[], vec![("n", Arg::Int(n[0] as i64)), ("m", Arg::Int(n[1] as i64))])?;
        Ok(vec![Some(c::mul(p.g()?, &eye)?)])
    }),
    ("linear", Inputs, |p| made_of(p, linear)),
    ("linalg_cross", Inputs, cross),
];
