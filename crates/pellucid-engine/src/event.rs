//! What a run says while it goes on: handed to an observer at the moment when it is known.

use pellucid_graph::{Loc, Part};

use crate::Tensor;
use crate::generate::Fresh;

/// Something that happened in a run that has not ended.
#[derive(Clone, Debug)]
pub enum Event {
    /// The trace logs values.
    Log(Log),
    /// A generation has made a token; rows are counted over all invokes of the trace.
    Token(Fresh),
}

/// What one `log` of a trace says.
#[derive(Clone, Debug)]
pub struct Log {
    /// Words, and values as they are at that moment.
    pub parts: Vec<Part<Tensor>>,
    /// The user's line.
    pub at: Option<Loc>,
}

/// Is told of every event of a run, in the thread that runs it.
pub type Observer<'a> = dyn FnMut(Event) + 'a;
