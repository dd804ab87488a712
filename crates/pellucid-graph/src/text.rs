//! The text form: a trace as lines that people read, diff and write by hand.
//!
//! ```text
//! pellucid 2
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
//! A function is a sub-graph with its own numbers; `return` ends it. It is run by `call`, as a branch
//! of `cond`, or as the condition and the body of `loop`, which carries values from step to step:
//!
//! ```text
//! function halve %0 f32[1, 576]
//!   %1 = mul %0 0.5
//!   return %1
//! function large %0 f32[1, 576]
//!   %1 = norm %0
//!   %2 = gt %1 10
//!   return %2
//! %8 = call halve(%7)
//! %9 = cond %3 halve(%7) halve(%8)
//! %10 = loop 100 large() halve() [%9]    # at most 100 steps
//! ```
//!
//! A line `generate max_new_tokens=20 temperature=0.7 seed=1` before the invokes makes the trace one of a
//! generation; `@2` behind a site or a skipped module means its step 2, the prompt's pass being step 0.
//!
//! `read` is always the model's own value, before this trace writes there: what a later line shall
//! see of a write is the written value itself (`%3` above). The recorder of Python and Rust does that
//! by itself. Of two writes to one site the last counts.

mod constant;
mod cursor;
mod parse;
mod print;

pub use parse::parse;
pub use print::{arg_text, print};
pub(crate) use print::{line, settings_text};
