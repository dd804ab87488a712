//! The service, in its smallest form: a worker that owns one model and runs jobs on it.
//!
//! A job goes through the same doors here as it will behind a network: decoded and checked anew
//! under the worker's own limits, run, its results encoded. Queue, tenants, HTTP and stores come on
//! top of this and see only [`Job`], bytes and [`ErrorBody`].

mod worker;

pub use worker::Worker;

pub use pellucid_api::{ErrorBody, Job};
