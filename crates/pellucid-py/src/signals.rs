//! Long work that Ctrl-C can end.
//!
//! Python runs signal handlers in its main thread only, and only between bytecodes. A run looks at a
//! flag between layers, so it is done by the calling thread, which has given the interpreter back and
//! takes it for a moment every [`STEP`] ([`Run`]): a thread of its own would cost more than a small
//! trace. Work that cannot be asked to end has such a thread, while the calling one looks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use pyo3::prelude::*;

use crate::engine::Cancel;

const STEP: Duration = Duration::from_millis(50);

/// A run in the calling thread, which signals and listeners can end.
pub struct Run {
    cancel: Cancel,
    raised: Raised,
}

/// What a signal's handler or a listener raised first.
#[derive(Clone, Default)]
struct Raised(Arc<Mutex<Option<PyErr>>>);

impl Raised {
    fn keep(&self, raised: PyErr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(raised);
    }

    fn take(&self) -> Option<PyErr> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Run {
    /// Nothing is running yet.
    pub fn new() -> Run {
        let raised = Raised::default();
        let kept = raised.clone();
        let look = move || Python::attach(|py| py.check_signals().map_err(|raised| kept.keep(raised)));
        Run { cancel: Cancel::asking(STEP, move || look().is_err()), raised }
    }

    /// The flag that the work is to look at.
    pub fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Who tells Python, while the work is done, by `told`; nobody is told after it has raised.
    pub fn teller<E>(
        &self,
        mut told: impl FnMut(Python<'_>, E) -> PyResult<()> + Send,
    ) -> impl FnMut(E) + Send {
        let (cancel, raised) = (self.cancel.clone(), self.raised.clone());
        let mut is_over = false;
        move |event| {
            if is_over {
                return;
            }
            if let Err(error) = Python::attach(|py| told(py, event)) {
                is_over = true;
                raised.keep(error);
                cancel.cancel();
            }
        }
    }

    /// Does the work while other Python threads run.
    ///
    /// # Errors
    /// What a signal's handler or a listener raised; `internal` when the work panicked.
    pub fn run<T: Send>(&self, py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
        let done = py.detach(|| catch_unwind(AssertUnwindSafe(work)));
        match (self.raised.take(), done) {
            (Some(raised), _) => Err(raised),
            (None, Ok(value)) => Ok(value),
            (None, Err(_)) => Err(failed(py)),
        }
    }
}

fn failed(py: Python<'_>) -> PyErr {
    let message = "the engine failed unexpectedly; its own message stands above";
    crate::errors::new(py, "internal", message, None, None)
}

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
            Err(mpsc::RecvTimeoutError::Disconnected) => return Err(failed(py)),
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
