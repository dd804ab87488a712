//! Every limit of the language: a name, a default, one place.

use crate::{Code, Diagnostic, Result};

/// What a trace may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a trace in wire or text form.
    pub trace_bytes: usize,
    /// Statements of a trace.
    pub statements: usize,
    /// Invokes of a trace.
    pub invokes: usize,
    /// Prompts of all invokes together.
    pub prompts: usize,
    /// Bytes of all constants together.
    pub constant_bytes: usize,
    /// Facts of the kind "this value, or this write, needs that invoke" that ordering has to hold.
    pub dependencies: usize,
    /// Bytes of any one value.
    pub value_bytes: usize,
    /// Bytes of all saved values together.
    pub result_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            trace_bytes: 1 << 30,
            statements: 1_000_000,
            invokes: 4096,
            prompts: 65_536,
            constant_bytes: 1 << 30,
            dependencies: 8_000_000,
            value_bytes: 16 << 30,
            result_bytes: 8 << 30,
        }
    }
}

impl Limits {
    /// Checks one quantity against its limit.
    ///
    /// # Errors
    /// [`Code::LimitExceeded`] naming the limit.
    pub fn hold(name: &str, got: usize, limit: usize) -> Result<()> {
        if got <= limit {
            return Ok(());
        }
        let message = format!("`{name}` is limited to {limit}, this trace has {got}");
        Err(Diagnostic::new(Code::LimitExceeded, message))
    }
}
