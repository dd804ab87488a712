//! Long work that Ctrl-C can end: a thread of its own does it, the calling one watches for signals.
//!
//! Python runs signal handlers in its main thread only, and only between bytecodes. So the calling
//! thread gives the interpreter back, and every [`STEP`] takes it for a moment to look.

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use pyo3::prelude::*;

use crate::engine::Cancel;

const STEP: Duration = Duration::from_millis(50);

/// Does `work` while other Python threads run. On a signal, work that can be cancelled is cancelled
/// and awaited; other work is left to end unobserved.
///
/// # Errors
/// What the signal's handler raised; `internal` when the work panicked.
pub fn interruptible<T: Send + 'static>(
    py: Python<'_>,
    cancel: Option<&Cancel>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    telling(py, cancel, |_| Ok(()), work)
}

/// The same, calling `tell` in between and at the end, in the calling thread. What it raises ends the work as a signal does.
///
/// # Errors
/// As [`interruptible`]; what `tell` raised.
pub fn telling<T: Send + 'static>(
    py: Python<'_>,
    cancel: Option<&Cancel>,
    mut tell: impl FnMut(Python<'_>) -> PyResult<()>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let (done, result) = mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    let result = Mutex::new(result);
    let wait = || match result.lock() {
        Ok(result) => result.recv_timeout(STEP),
        Err(_) => Err(mpsc::RecvTimeoutError::Disconnected),
    };
    loop {
        match py.detach(wait) {
            Ok(value) => return tell(py).map(|()| value),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let message = "the engine failed unexpectedly; its own message stands above";
                return Err(crate::errors::new(py, "internal", message, None, None));
            }
        }
        if let Err(raised) = py.check_signals().and_then(|()| tell(py)) {
            drop(tell); // work that waits to be heard goes on, to its end
            if let Some(cancel) = cancel {
                cancel.cancel();
                py.detach(|| while matches!(wait(), Err(mpsc::RecvTimeoutError::Timeout)) {});
            }
            return Err(raised);
        }
    }
}
