//! What clients and servers say to each other.
//!
//! A [`Job`] is a trace in wire form; what comes back is either results, one safetensors blob
//! ([`results`]), or an [`ErrorBody`]. No transport yet: the service will carry these same types.

mod error;
mod job;
pub mod results;

pub use error::ErrorBody;
pub use job::Job;
pub use results::{ResultTensor, ResultsError};
