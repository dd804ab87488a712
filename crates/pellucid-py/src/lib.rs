//! The Python extension module `pellucid._native`: what `python/pellucid` is built on, private to it.
//!
//! Nothing is decided here. The graph records and checks, the engine runs; this crate turns Python
//! objects into their arguments, their errors into Python's, and gives the interpreter back to other
//! threads while the engine works.

mod args;
mod array;
mod dlpack;
mod edit;
mod engine;
mod errors;
mod flow;
mod generation;
mod handle;
mod hub;
mod live;
mod log;
mod model;
mod ops;
mod prompt;
mod recorder;
mod repeat;
mod session;
mod signals;
mod trace;

use pyo3::prelude::*;

/// What `python/pellucid` is built on; private to it.
#[pymodule]
mod _native {
    #[pymodule_export]
    use super::{
        array::Array,
        edit::{
            add_edit, clear_edits, copy_model, edited_places, edited_skips, edits, has_effects, parameter,
            parameters,
        },
        flow::{Body, abandon_function, begin_function, call_function, cond, end_function, while_loop},
        generation::Generation,
        handle::Handle,
        model::{Model, peak_memory, time_forward},
        ops::call,
        recorder::Recorder,
        repeat::{Mark, begin_steps, repeat_steps},
        session::{import_value, run_session},
        trace::Trace,
    };

    /// The version of the workspace.
    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "Python's name for a module's version")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
