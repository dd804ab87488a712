//! Which derivative belongs to which operation, and what it needs to keep.

use super::op::{Call, Pulled, c};

/// Computes the gradients of an operation's tensors.
pub(crate) type Derivative = fn(&Call<'_>) -> Pulled;

/// What a derivative needs beside types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Shapes are enough.
    Nothing,
    /// The tensors that it was given.
    Inputs,
    /// What it made.
    Results,
    /// Both.
    Both,
}

impl Keep {
    pub fn inputs(self) -> bool {
        matches!(self, Keep::Inputs | Keep::Both)
    }

    pub fn results(self) -> bool {
        matches!(self, Keep::Results | Keep::Both)
    }
}

/// The derivative of the operation of this name.
pub(crate) fn find(name: &str) -> Option<(Keep, Derivative)> {
    DERIVATIVES.iter().find(|(n, _, _)| *n == name).map(|(_, keep, derivative)| (*keep, *derivative))
}

/// Every operation that has one.
static DERIVATIVES: &[(&str, Keep, Derivative)] = &[
    ("add", Keep::Nothing, |p| p.each(|_| Ok(Some(p.g()?.clone())))),
    ("mul", Keep::Inputs, |p| {
        p.each(|i| Ok(Some(c::mul(p.g()?, &p.x(if p.inputs.len() == 1 { 1 } else { 1 - i })?)?)))
    }),
    ("exp", Keep::Results, |p| Ok(vec![Some(c::mul(p.g()?, &p.y(0)?)?)])),
    ("reshape", Keep::Nothing, |p| Ok(vec![Some(c::reshape(p.g()?, p.inputs[0].shape())?)])),
    ("expand", Keep::Nothing, |p| Ok(vec![Some(p.g()?.clone())])),
];
