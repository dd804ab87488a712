//! The reverse pass: gradients of what a run computes, behind the tensor seam.
//!
//! A tensor may carry a [`Track`]: the [`Node`] that made it, which knows the nodes it was made from and a
//! [`Rule`] from the gradient of the one to those of the others. Whoever makes a tensor from a tracked one
//! attaches a node ([`rowwise`] and [`Tensor::tracked`] for kernels of the model, the op table's derivatives for
//! operations); of untracked ones nothing is kept, so that weights, and everything before the first value whose
//! gradient is wanted, cost nothing. [`pull`] walks from outputs back to what is wanted.
//!
//! A gradient in a pass is a [`Stretch`]: the elements of those sequences that it concerns, so that traces
//! which share a pass do not pay for each other. Where nothing flows it is -0, the number that leaves every sum
//! as it is: an invoke's gradients have the bits they have alone.

mod calls;
mod derivatives;
mod node;
mod op;
mod packed;
mod part;
mod pull;
mod stretch;

pub(crate) use node::{At, Node, Rule, Track};
pub(crate) use op::attach;
pub(crate) use packed::{Kept, once, put, rowwise, shares, take};
pub(crate) use pull::{pull, watch};
pub(crate) use stretch::Stretch;

use pellucid_graph::{Arg, Code, Diagnostic, Op};

use crate::{Cancel, Error, Tensor};

/// Gradients of gradients, where they cannot be had.
pub(crate) fn once_only() -> Error {
    let message = "the gradient of a gradient is known for operations, not through the model's modules";
    Diagnostic::new(Code::NoGradient, message).into()
}

/// The gradients of an operation's tensors, from those of its results: one for each tensor, none where nothing
/// flows. Values are numbered as in `tensors`; `of_results` has a gradient for each result, none for those without.
/// f32, or f64 for f64 tensors. In traces gradients are had by `backward`; this is the same for one operation.
///
/// # Errors
/// As [`eval`](crate::ops::eval), and [`Code::NoGradient`] for an operation without a derivative.
pub fn gradients(
    op: Op,
    args: &[Arg],
    tensors: &[&Tensor],
    of_results: &[Option<Tensor>],
) -> Result<Vec<Option<Tensor>>, Error> {
    let watched: Vec<Tensor> = tensors.iter().map(|x| watch(x.detached())).collect();
    let made = crate::ops::eval(op, args, |v| watched.get(v.index()))?;
    let outputs = made.into_iter().zip(of_results).filter_map(|(y, g)| Some((y, g.clone()?))).collect();
    let mut found = vec![None; tensors.len()];
    let targets: Vec<&Tensor> = watched.iter().collect();
    pull(outputs, &targets, false, &Cancel::new(), &mut |i, g| {
        found[i] = Some(g.clone());
        Ok(g)
    })?;
    Ok(found)
}
