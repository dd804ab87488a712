//! Which derivative belongs to which operation, and what it needs to keep.
//!
//! There are three kinds. Operations of one number at a time, sums and products have a formula. Operations that
//! move elements share one rule, which asks the operation where each element came from ([`moves`]). All others
//! say what they are made of, and are differentiated as that ([`made_of`]).

mod layers;
mod linalg;
mod losses;
mod moves;
mod piecewise;
mod pointwise;
mod products;
mod reduce;

use super::op::{Call, Pulled};
use super::{pull, watch};
use crate::{Cancel, Error, Tensor};

/// Computes the gradients of an operation's tensors.
pub(crate) type Derivative = fn(&Call<'_>) -> Pulled;

/// Name, what it needs, how.
type Row = (&'static str, Keep, Derivative);

/// What a derivative needs beside types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Shapes are enough.
    Nothing,
    /// The tensors that are not floating: where elements go.
    Places,
    /// All tensors that it was given.
    Inputs,
    /// What it made, and where elements go.
    Results,
    /// All.
    Both,
}

impl Keep {
    pub fn input(self, is_float: bool) -> bool {
        match self {
            Keep::Nothing => false,
            Keep::Places | Keep::Results => !is_float,
            Keep::Inputs | Keep::Both => true,
        }
    }

    pub fn results(self) -> bool {
        matches!(self, Keep::Results | Keep::Both)
    }
}

static ROWS: &[&[Row]] = &[
    pointwise::ROWS,
    piecewise::ROWS,
    reduce::ROWS,
    moves::ROWS,
    products::ROWS,
    linalg::ROWS,
    layers::ROWS,
    losses::ROWS,
];

/// The derivative of the operation of this name.
pub(crate) fn find(name: &str) -> Option<(Keep, Derivative)> {
    let mut rows = ROWS.iter().copied().flatten();
    rows.find(|(n, _, _)| *n == name).map(|(_, keep, derivative)| (*keep, *derivative))
}

/// The derivative of an operation that is the same as `forward` of its arguments.
fn made_of(p: &Call<'_>, forward: impl Fn(&Call<'_>) -> Result<Vec<Tensor>, Error>) -> Pulled {
    let watched: Vec<Tensor> = p.inputs.iter().map(|x| watch(x.clone())).collect();
    let made = forward(&Call { inputs: watched.clone(), ..p.clone() })?;
    let outputs = made.into_iter().zip(&p.grads).filter_map(|(y, g)| Some((y, g.clone()?))).collect();
    let targets: Vec<&Tensor> = watched.iter().collect();
    let mut pulled = vec![None; targets.len()];
    pull(outputs, &targets, p.higher, &Cancel::new(), &mut |i, g| {
        pulled[i] = Some(g.clone());
        Ok(g)
    })?;
    Ok(pulled)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use pellucid_graph::op::{OPS, Slope};

    use super::*;

    #[test]
    fn every_smooth_operation_has_a_derivative_and_no_other() {
        let rows: Vec<&str> = ROWS.iter().copied().flatten().map(|(name, _, _)| *name).collect();
        let known: HashSet<&str> = rows.iter().copied().collect();
        assert_eq!(known.len(), rows.len(), "a name is there twice");
        let smooth: HashSet<&str> = OPS.iter().filter(|d| d.slope == Slope::Smooth).map(|d| d.name).collect();
        let missing: Vec<_> = smooth.difference(&known).collect();
        let extra: Vec<_> = known.difference(&smooth).collect();
        assert!(missing.is_empty() && extra.is_empty(), "missing {missing:?}, extra {extra:?}");
    }
}
