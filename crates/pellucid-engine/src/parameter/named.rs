//! Parameters under the names that transformers gives them.
//!
//! Files name the matrices of each expert; transformers has those of all experts in one tensor. So what
//! has a name is made of one holder of numbers, or of several, one after the other.

use std::sync::Arc;

use super::{Vector, Weight};
use crate::load::LoadError;

/// What holds numbers; models share it.
#[derive(Clone, Debug)]
pub enum Holder {
    /// A matrix.
    Weight(Arc<Weight>),
    /// A vector.
    Vector(Arc<Vector>),
}

/// A parameter as transformers names it.
#[derive(Clone, Debug)]
pub struct Named {
    /// The name: `model.layers.0.mlp.down_proj.weight`.
    pub path: String,
    /// Lengths of its axes.
    pub shape: Vec<usize>,
    /// What it is made of, row-major.
    pub parts: Vec<Holder>,
}

impl Holder {
    /// What its file calls it.
    pub fn name(&self) -> &str {
        match self {
            Holder::Weight(weight) => weight.name(),
            Holder::Vector(vector) => vector.name(),
        }
    }

    /// How many numbers it holds.
    pub fn len(&self) -> usize {
        match self {
            Holder::Weight(weight) => weight.n_out() * weight.n_in(),
            Holder::Vector(vector) => vector.len(),
        }
    }

    /// The numbers, widened; a copy.
    ///
    /// # Errors
    /// [`LoadError::Io`], [`LoadError::NoWeights`].
    pub fn numbers(&self) -> Result<Vec<f32>, LoadError> {
        match self {
            Holder::Weight(weight) => weight.numbers(),
            Holder::Vector(vector) => vector.get().map(<[f32]>::to_vec),
        }
    }

    /// One like it with other numbers.
    pub fn with_numbers(&self, numbers: &[f32]) -> Holder {
        match self {
            Holder::Weight(weight) => Holder::Weight(Arc::new(weight.with_numbers(numbers))),
            Holder::Vector(vector) => Holder::Vector(Arc::new(vector.with_numbers(numbers))),
        }
    }

    /// Whether two are the same memory.
    pub fn is(&self, other: &Holder) -> bool {
        match (self, other) {
            (Holder::Weight(a), Holder::Weight(b)) => Arc::ptr_eq(a, b),
            (Holder::Vector(a), Holder::Vector(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Named {
    /// All numbers, widened; a copy.
    ///
    /// # Errors
    /// [`LoadError::Io`], [`LoadError::NoWeights`].
    pub fn numbers(&self) -> Result<Vec<f32>, LoadError> {
        match self.parts.as_slice() {
            [one] => one.numbers(),
            many => {
                let mut all = Vec::with_capacity(self.shape.iter().product());
                many.iter().try_for_each(|part| part.numbers().map(|n| all.extend(n)))?;
                Ok(all)
            }
        }
    }

    /// What would hold these numbers; of several parts those that stay as they are are the same.
    ///
    /// # Errors
    /// [`LoadError::Io`], [`LoadError::NoWeights`].
    pub fn with_numbers(&self, numbers: &[f32]) -> Result<Vec<Holder>, LoadError> {
        let mut rest = numbers;
        let mut holders = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let (own, others) = rest.split_at(part.len());
            rest = others;
            let bits = |x: &f32| x.to_bits();
            let is_same = || Ok(part.numbers()?.iter().map(bits).eq(own.iter().map(bits)));
            let stays = self.parts.len() > 1 && is_same()?;
            holders.push(if stays { part.clone() } else { part.with_numbers(own) });
        }
        Ok(holders)
    }

    /// Whether another name is of the very same numbers.
    pub fn is(&self, other: &Named) -> bool {
        self.parts.len() == other.parts.len() && self.parts.iter().zip(&other.parts).all(|(a, b)| a.is(b))
    }
}
