//! An error as it travels.

use pellucid_graph::{Diagnostic, Loc};
use serde::{Deserialize, Serialize};

/// What a client learns of a failure: never a path, an address or another tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// A stable name to branch on.
    pub code: String,
    /// The thing at fault, expected and got.
    pub message: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The line of the user's script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Loc>,
}

impl From<Diagnostic> for ErrorBody {
    fn from(d: Diagnostic) -> ErrorBody {
        ErrorBody { code: d.code.name().to_owned(), message: d.message, help: d.help, at: d.at }
    }
}

impl std::fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} [{}]", self.message, self.code)?;
        if let Some(at) = &self.at {
            write!(f, "\n  --> {at}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ErrorBody {}
