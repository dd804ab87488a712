//! The language of experiments: an experiment is a typed graph, recorded, checked and planned before
//! anything runs.
//!
//! ```text
//! Recorder ─┐                       ┌─ explain
//! text form ┼─> Trace ─ check ─> CheckedTrace ─ plan ─> Plan ─> the engine
//! wire form ┘     ^ ModelSpec ┘
//! ```
//!
//! A [`Trace`] is what was written, a [`CheckedTrace`] what it means (only [`check()`] makes one),
//! a [`Plan`] how it runs along a model's forward pass. Nothing here knows tensors, files, a
//! network or Python.

pub mod diagnostic;
pub mod dtype;
pub mod edit;
pub mod function;
pub mod limits;
pub mod op;
pub mod sampling;
#[cfg(feature = "schema")]
pub mod schema;
pub mod shape;
pub mod site;
pub mod spec;
pub mod text;
pub mod trace;
pub mod wire;

mod check;
mod explain;
mod form;
mod memory;
mod plan;
mod record;
mod work;

pub use check::{CheckedTrace, Rows, When, check, check_session};
pub use diagnostic::{Code, Diagnostic, Loc, Result};
pub use dtype::DType;
pub use edit::{Edit, with_effects};
pub use explain::{Cost, explain};
pub use function::{Function, FunctionId, Use};
pub use limits::Limits;
pub use memory::Memory;
pub use op::{Arg, IndexItem, Op, OpDef, Slice};
pub use plan::{Entry, PassPlan, Plan, plan, plan_whole};
pub use record::{Block, Body, Handle, Mark, Reach, Recorder, Replay};
pub use sampling::Sampling;
pub use shape::{Dim, TensorType};
pub use site::{Point, Site};
pub use spec::{
    Alias, Begins, ModelSpec, ModuleSpec, Order, ParameterSpec, Rename, SiteSpec, SpecData, Taken,
};
pub use trace::{Constant, Invoke, InvokeId, Kind, Part, Prompt, Statement, Trace, ValueId};
pub use work::op_flops;
