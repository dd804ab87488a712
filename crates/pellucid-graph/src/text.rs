//! The text form: a trace as lines that people read, diff and write by hand.
//!
//! ```text
//! pellucid 1
//! model "SmolLM2-135M-Instruct"
//! invoke 0 "The Eiffel Tower is in the city of"    # or ids [504, 414], or a list of prompts
//! %0 = read 0 model.layers.5.output
//! %1 = index %0 [:, -1]
//! %2 = mul %1 0.5
//! %3 = set_index %0 [:, -1] %2
//! write 0 model.layers.5.output %3
//! %4 = read 0 lm_head.output
//! %5, %6 = topk %4 5
//! save "top" %6
//! ```
//!
//! `read` is always the model's own value, before this trace writes there: what a later line shall
//! see of a write is the written value itself (`%3` above). The recorder of Python and Rust does that
//! by itself. Of two writes to one site the last counts.

mod constant;
mod cursor;
mod parse;
mod print;

pub use parse::parse;
pub use print::print;
pub(crate) use print::statement;
