//! Prompts as Python gives them.

use pellucid_graph::{Code, Diagnostic, Loc};
use pyo3::prelude::*;

use crate::engine;
use crate::errors::Raise;

/// A prompt as Python gives it.
#[derive(FromPyObject)]
pub enum PromptArg {
    /// To be tokenized.
    #[pyo3(transparent)]
    Text(String),
    /// Token ids.
    #[pyo3(transparent)]
    Ids(Vec<i64>),
}

impl PromptArg {
    /// The text, if it is one.
    pub fn text(&self) -> Option<String> {
        match self {
            PromptArg::Text(text) => Some(text.clone()),
            PromptArg::Ids(_) => None,
        }
    }

    /// The ids, with those that the model expects around a text.
    ///
    /// # Errors
    /// Text without a tokenizer; numbers that are no ids.
    pub fn ids(self, py: Python<'_>, model: &engine::Model, at: Option<&Loc>) -> PyResult<Vec<u32>> {
        match self {
            PromptArg::Text(text) => model.tokenizer().encode(&text, true).raise(py),
            PromptArg::Ids(ids) => token_ids(&ids).map_err(|d| d.at(at.cloned())).raise(py),
        }
    }
}

/// Token ids as the engine takes them.
pub fn token_ids(ids: &[i64]) -> Result<Vec<u32>, Diagnostic> {
    let id = |(i, &id): (usize, &i64)| {
        u32::try_from(id).map_err(|_| {
            let message = format!("token id {id} at position {i} is not a token of any vocabulary");
            Diagnostic::new(Code::TokenOutOfRange, message)
        })
    };
    ids.iter().enumerate().map(id).collect()
}
