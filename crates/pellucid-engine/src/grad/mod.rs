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
pub(crate) use pull::{Pulled, pull, watch};
pub(crate) use stretch::Stretch;

use pellucid_graph::{Code, Diagnostic};

use crate::Error;

/// Gradients of gradients, where they cannot be had.
pub(crate) fn once_only() -> Error {
    let message = "the gradient of a gradient is known for operations, not through the model's modules";
    Diagnostic::new(Code::NoGradient, message).into()
}
