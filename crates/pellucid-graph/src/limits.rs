//! Every limit of the language: a name, a default, one place.

use crate::{Code, Diagnostic, Result};

macro_rules! limits {
    ($($name:ident: $ty:ty = $default:expr, $meaning:literal;)*) => {
        /// What a trace may ask for.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits { $(#[doc = $meaning] pub $name: $ty,)* }

        impl Default for Limits {
            fn default() -> Self {
                Limits { $($name: $default,)* }
            }
        }

        impl Limits {
            /// Name, default and meaning of every limit, for the reference documentation.
            pub const ALL: &'static [(&'static str, u64, &'static str)] =
                &[$((stringify!($name), { let default: $ty = $default; default as u64 }, $meaning),)*];
        }
    };
}

limits! {
    trace_bytes: usize = 1 << 30, "Bytes of a trace in wire or text form.";
    statements: usize = 1_000_000, "Statements of a trace, those of its functions included.";
    values: usize = 4_000_000, "Values of a trace, those of its functions included.";
    invokes: usize = 4096, "Invokes of a trace.";
    prompts: usize = 65_536, "Prompts of all invokes together.";
    constant_bytes: usize = 1 << 30, "Bytes of all constants together.";
    dependencies: usize = 8_000_000, "Facts of the kind \"this value, or this write, needs that invoke\" that ordering has to hold.";
    nesting: usize = 64, "Functions that run functions that run functions: how deep.";
    loop_steps: u64 = 1_000_000, "Most steps that any one loop may be given.";
    flops: u64 = 1_000_000_000_000_000_000, "Floating-point operations of a run: an estimate before it, and a count of what functions compute during it, since how often a loop runs is not known before.";
    value_bytes: usize = 16 << 30, "Bytes of any one value.";
    result_bytes: usize = 8 << 30, "Bytes of all saved values together.";
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
