//! Ending a run from outside.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Error;

/// A flag that a run looks at between layers; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    is_cancelled: AtomicBool,
    poll: Option<Poll>,
}

/// Somebody who is asked now and then whether to go on.
struct Poll {
    every: Duration,
    begun: Instant,
    /// Microseconds after `begun` from which it is time to ask again.
    due_us: AtomicU64,
    is_to_end: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Cancel {
    /// A run with this flag goes on until somebody cancels it.
    pub fn new() -> Cancel {
        Cancel::default()
    }

    /// The same, and the run itself asks `is_to_end`, in its own thread, when it looks at the flag and
    /// so much time has passed since it asked before.
    pub fn asking(every: Duration, is_to_end: impl Fn() -> bool + Send + Sync + 'static) -> Cancel {
        let due_us = AtomicU64::new(every.as_micros() as u64);
        let poll = Poll { every, begun: Instant::now(), due_us, is_to_end: Box::new(is_to_end) };
        Cancel(Arc::new(Shared { is_cancelled: AtomicBool::new(false), poll: Some(poll) }))
    }

    /// Ends the runs that hold this flag, each within a layer.
    pub fn cancel(&self) {
        self.0.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// # Errors
    /// [`Error::Cancelled`] once somebody has cancelled.
    pub fn check(&self) -> Result<(), Error> {
        if self.0.poll.as_ref().is_some_and(Poll::ends) {
            self.cancel();
        }
        if self.0.is_cancelled.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }
}

impl Poll {
    fn ends(&self) -> bool {
        let now_us = self.begun.elapsed().as_micros() as u64;
        if now_us < self.due_us.load(Ordering::Relaxed) {
            return false;
        }
        self.due_us.store(now_us + self.every.as_micros() as u64, Ordering::Relaxed);
        (self.is_to_end)()
    }
}

impl fmt::Debug for Poll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poll").field("every", &self.every).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_when_who_it_asks_says_so() {
        let asked = Arc::new(AtomicU64::new(0));
        let counted = asked.clone();
        let cancel = Cancel::asking(Duration::ZERO, move || counted.fetch_add(1, Ordering::Relaxed) == 2);
        assert!(cancel.check().is_ok() && cancel.check().is_ok());
        assert!(matches!(cancel.check(), Err(Error::Cancelled)));
        assert!(matches!(cancel.clone().check(), Err(Error::Cancelled)), "clones share it");
        let never = Cancel::asking(Duration::from_secs(3600), || true);
        assert!((0..100).all(|_| never.check().is_ok()), "not before its time");
        assert_eq!(asked.load(Ordering::Relaxed), 4);
    }
}
