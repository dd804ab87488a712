//! What happens on the way to a model, for whoever shows it.

use std::ops::ControlFlow;
use std::thread::sleep;
use std::time::Duration;

use crate::error::HubError;

/// A step of a download. Whoever watches answers whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The hub is asked where a revision points, and which files it has.
    Asking {
        /// The repository.
        id: &'a str,
    },
    /// The hub does not answer; what the cache has of the revision is taken.
    Unreachable {
        /// The repository.
        id: &'a str,
        /// Why it does not answer.
        why: &'a str,
    },
    /// Another process downloads the same file.
    Waiting {
        /// Its path in the repository.
        file: &'a str,
    },
    /// A part of a file has come.
    Bytes {
        /// Its path in the repository.
        file: &'a str,
        /// How many bytes of it are here.
        done: u64,
        /// How many it has, if the hub said so.
        total: Option<u64>,
    },
    /// A transfer broke and is tried again.
    Again {
        /// Its path in the repository.
        file: &'a str,
        /// Why it broke.
        why: &'a str,
    },
}

/// Who watches; answers whether to go on.
pub(crate) type Watch<'a> = &'a mut dyn FnMut(Event<'_>) -> ControlFlow<()>;

/// Tells who watches.
pub(crate) fn tell(watch: Watch<'_>, event: Event<'_>) -> Result<(), HubError> {
    match watch(event) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(HubError::Cancelled),
    }
}

/// Waits, and tells who watches all along: a wait can be ended too.
pub(crate) fn pause(wait: Duration, watch: Watch<'_>, event: Event<'_>) -> Result<(), HubError> {
    const STEP: Duration = Duration::from_millis(100);
    let mut left = wait;
    while !left.is_zero() {
        tell(watch, event)?;
        sleep(left.min(STEP));
        left = left.saturating_sub(STEP);
    }
    tell(watch, event)
}
