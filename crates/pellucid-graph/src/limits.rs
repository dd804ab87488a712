//! Every limit of the language: a name, a default, one place.

use crate::{Code, Diagnostic, Result};

/// What a trace may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a trace in wire or text form.
    pub trace_bytes: usize,
    /// Statements of a trace, those of its functions included.
    pub statements: usize,
    /// Invokes of a trace.
    pub invokes: usize,
    /// Prompts of all invokes together.
    pub prompts: usize,
    /// Bytes of all constants together.
    pub constant_bytes: usize,
    /// Facts of the kind "this value, or this write, needs that invoke" that ordering has to hold.
    pub dependencies: usize,
    /// Functions that run functions that run functions: how deep.
    pub nesting: usize,
    /// Most steps that any one loop may be given.
    pub loop_steps: u64,
    /// Floating-point operations of a run: held against an estimate before it, and counted during it,
    /// since how often a loop runs is not known before.
    pub flops: u64,
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
            nesting: 64,
            loop_steps: 1_000_000,
            flops: 1_000_000_000_000_000_000,
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
    pub fn hold<N: PartialOrd + std::fmt::Display>(name: &str, got: N, limit: N) -> Result<()> {
        if got <= limit {
            return Ok(());
        }
        let message = format!("`{name}` is limited to {limit}, this trace has {got}");
        Err(Diagnostic::new(Code::LimitExceeded, message))
    }
}
