//! Models by hub id: found in the Hugging Face cache, or downloaded into it.
//!
//! ```text
//! locate ─ a path or a known name ───────────────────────────> its path
//!        └ Name ─ fetch ─ Cache: all there? ─ no ─ Client ─ blob ─> a snapshot's path, its commit
//! ```
//!
//! The cache is the one that Python's `huggingface_hub` keeps, with its layout and its locks, so either
//! side reads what the other wrote. What is complete there opens without the network, or with the one
//! request that asks where a branch points now. Only the files that the engine reads are fetched, never
//! pickles. A download that broke goes on where it stopped, and what can be verified is.
//!
//! The protocol is that of <https://huggingface.co/docs/hub/api>. A token goes to the hub alone, not to
//! the hosts that it redirects downloads to.

mod blob;
mod cache;
mod choice;
mod client;
mod error;
mod event;
mod fetch;
mod locate;
mod name;
mod partial;
mod retry;
mod settings;
mod transport;
mod url;

pub use error::HubError;
pub use event::Event;
pub use fetch::{Snapshot, fetch};
pub use locate::{Error, Located, locate};
pub use name::Name;
pub use settings::{Retry, Settings, Token};
