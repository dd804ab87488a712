//! How a model is held in memory and run.

use crate::memory;
use crate::precision::Precision;

/// The part of the free memory that weights may take unless told otherwise.
pub const MEMORY_SHARE: f64 = 0.8;

/// What may be chosen when a model is opened. Only [`dtype`](Options::dtype) changes results.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Options {
    /// The dtype of activations; weights wider than it are rounded to it.
    pub dtype: Precision,
    /// Quantized weights stay as they are in their file and are de-quantized, exactly, as a product needs them:
    /// a quarter to an eighth of the memory, at the cost of that work. Otherwise they are widened once.
    pub quantized: bool,
    /// Weights stay in their file and are read again by each pass.
    pub stream: bool,
    /// Bytes of memory for weights; those that come after are streamed. Unset, it is [`MEMORY_SHARE`] of the
    /// memory that is free when the model is opened, where the system says how much that is.
    pub memory_budget: Option<u64>,
}

impl Options {
    /// Bytes of memory for weights.
    pub(crate) fn budget(&self) -> u64 {
        let free = || memory::free().map(|free| (free as f64 * MEMORY_SHARE) as u64);
        self.memory_budget.or_else(free).unwrap_or(u64::MAX)
    }
}
