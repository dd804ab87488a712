//! Every operation of the table: its numbers against PyTorch's, its types against its rule.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod factors;
mod faults;
mod fitting;
mod goldens;
mod gradients;
mod graphs;
mod random;
mod types;
