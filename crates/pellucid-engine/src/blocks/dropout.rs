//! Dropout, which does nothing when a model is not trained: it is there for its sites.

use crate::Tensor;
use crate::pass::{Flow, Module, Node, Pass};

/// The identity.
pub struct Dropout;

impl Module for Dropout {
    fn kind(&self) -> &'static str {
        "Dropout"
    }

    fn forward(&self, _at: &Node, _pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        Ok(x)
    }
}
