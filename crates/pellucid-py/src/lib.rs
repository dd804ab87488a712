//! The Python extension module `pellucid._native`.

use pyo3::prelude::*;

/// What `python/pellucid` is built on; private to it.
#[pymodule]
mod _native {
    /// The version of the workspace.
    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "Python's name for a module's version")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
