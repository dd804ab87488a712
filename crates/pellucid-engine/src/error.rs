//! What can go wrong while a model is opened or a trace runs.

use pellucid_graph::{Diagnostic, Loc};

use crate::load::LoadError;

/// An error of the engine.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The trace is at fault.
    #[error(transparent)]
    Trace(#[from] Diagnostic),
    /// The model could not be opened.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The run was cancelled.
    #[error("the run was cancelled")]
    Cancelled,
    /// A worker failed in a way that is not the user's fault.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Error {
    /// A stable name to branch on.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Trace(d) => d.code.name(),
            Error::Load(e) => e.code(),
            Error::Cancelled => "cancelled",
            Error::Internal(_) => "internal",
        }
    }

    /// Puts the user's line on an error of a trace that has none yet.
    #[must_use]
    pub fn at(self, at: Option<&Loc>) -> Error {
        match self {
            Error::Trace(d) => Error::Trace(d.at(at.cloned())),
            other => other,
        }
    }

    pub(crate) fn internal(message: impl Into<String>) -> Error {
        Error::Internal(message.into())
    }
}
