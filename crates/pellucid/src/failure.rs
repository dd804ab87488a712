//! Failures and the exit codes they become.

use std::path::Path;
use std::process::ExitCode;

use pellucid_engine::{Error, LoadError};
use pellucid_graph::Diagnostic;
use pellucid_hub::HubError;

/// What `pellucid --help` says of exit codes; clap itself exits with 2.
pub const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong flags, 3 the trace is wrong, \
4 the model cannot be opened, 5 a file cannot be read or written.";

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The engine or the language objects.
    Engine(Error),
    /// A model of the hub could not be had.
    Hub(HubError),
    /// A file of the user's.
    File(String),
    /// Anything else.
    Other(String),
}

impl Failure {
    /// A file that could not be read or written.
    pub fn file(path: &Path, cause: &std::io::Error) -> Failure {
        Failure::File(format!("`{}`: {cause}", path.display()))
    }

    /// See [`EXIT_CODES`].
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Engine(Error::Trace(_) | Error::Load(LoadError::NoTokenizer { .. })) => 3,
            Failure::Engine(Error::Load(_)) | Failure::Hub(_) => 4,
            Failure::File(_) => 5,
            Failure::Engine(_) | Failure::Other(_) => 1,
        })
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Engine(Error::Load(e)) => write!(f, "{e} [{}]", e.code()),
            Failure::Engine(e) => write!(f, "{e}"),
            Failure::Hub(e) => {
                write!(f, "{e} [{}]", e.code())?;
                e.help().iter().try_for_each(|help| write!(f, "\n  help: {help}"))
            }
            Failure::File(message) | Failure::Other(message) => f.write_str(message),
        }
    }
}

impl From<Error> for Failure {
    fn from(e: Error) -> Failure {
        Failure::Engine(e)
    }
}

impl From<pellucid_hub::Error> for Failure {
    fn from(e: pellucid_hub::Error) -> Failure {
        match e {
            pellucid_hub::Error::Engine(e) => Failure::Engine(e),
            pellucid_hub::Error::Hub(e) => Failure::Hub(e),
        }
    }
}

impl From<Diagnostic> for Failure {
    fn from(d: Diagnostic) -> Failure {
        Failure::Engine(d.into())
    }
}
