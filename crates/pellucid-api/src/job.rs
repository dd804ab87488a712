//! A job: one trace on its way to a worker.

use pellucid_graph::{Limits, Result, Trace, wire};

/// A trace in wire form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    body: Vec<u8>,
}

impl Job {
    /// Packs a trace.
    ///
    /// # Errors
    /// A constant whose bytes do not fit its type.
    pub fn new(trace: &Trace) -> Result<Job> {
        Ok(Job { body: wire::encode(trace)? })
    }

    /// A job as it arrived; nothing of it is believed yet.
    pub fn from_bytes(body: Vec<u8>) -> Job {
        Job { body }
    }

    /// The bytes that travel.
    pub fn as_bytes(&self) -> &[u8] {
        &self.body
    }

    /// Unpacks the trace.
    ///
    /// # Errors
    /// Bytes that are not a trace, or one beyond the limits.
    pub fn trace(&self, limits: &Limits) -> Result<Trace> {
        wire::decode(&self.body, limits)
    }
}
