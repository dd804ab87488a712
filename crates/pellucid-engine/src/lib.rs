//! The machine: loads a model, observes which sites it has, and runs checked traces inside its
//! forward pass.
//!
//! ```text
//! load ─ Checkpoint ─ arch (Scope, blocks) ─> Model ─ probe ─> ModelSpec
//! CheckedTrace ─ plan ─> execute ─ Pass::call / Pass::tap ─ interleave ─> Saved
//! ```
//!
//! An architecture file says how blocks are wired; blocks choose kernels; a pass shows watched
//! values to the interleaver, which reads, computes and writes what the plan says. Nothing here
//! knows HTTP, tenants or Python.
//!
//! What is recorded, checked and run, here on a small model of random weights; `examples/` has a logit
//! lens, activation patching and steering of a generation:
//!
//! ```
//! use pellucid_engine::{Cancel, Model, Options, execute, find_model};
//! use pellucid_graph::{Arg, Limits, Op, Prompt, Recorder, Site, check};
//!
//! let model = Model::open(find_model("tiny:llama")?, &Options::default(), &mut |_| {})?;
//! let mut recorder = Recorder::new(model.spec().clone(), Limits::default());
//! let run = recorder.invoke(vec![Prompt::ids(vec![1, 2, 3])], None)?;
//! let layer = Site::parse("layers.0.output").expect("a path and a point");
//! let state = recorder.read(run, layer.clone(), None)?; // [1, 3, d]
//! let value = recorder.value(state, None)?;
//! let half = recorder.op(Op::find("mul")?, vec![Arg::Value(value), Arg::Float(0.5)], None, None)?[0];
//! recorder.write(run, layer, half, None)?;
//! let logits = recorder.read(run, Site::parse("unembed.output").expect("a path and a point"), None)?;
//! recorder.save("logits", logits, None)?;
//!
//! let checked = check(recorder.finish(), model.spec(), &Limits::default())?;
//! let saved = execute(&model, &checked, &Cancel::new())?;
//! assert_eq!(saved.get("logits").expect("saved").shape(), [1, 3, model.spec().vocab_size]);
//! # Ok::<(), pellucid_engine::Error>(())
//! ```

pub mod arch;
pub mod batch;
pub mod blocks;
pub mod cache;
pub mod load;
pub mod ops;
pub mod pass;
pub mod scope;
pub mod tensor;
pub mod vocabulary;

mod cancel;
mod compute;
mod edit;
mod embed;
mod error;
mod event;
mod execute;
mod find;
mod generate;
mod grad;
mod interleave;
mod live;
mod memory;
mod meter;
mod model;
mod options;
mod parameter;
mod precision;
mod probe;
mod steps;

pub use cancel::Cancel;
pub use edit::Applied;
pub use embed::embed;
pub use error::Error;
pub use event::{Event, Log, Observer};
pub use execute::{Absent, Saved, execute, execute_observed, execute_session};
pub use find::{Source, find_model, known_models, model_folders};
pub use generate::{Ended, Fresh, Generator, generate, probabilities};
pub use live::Live;
pub use load::{Chat, Encoding, LoadError, Now, Padding, Pooled, Pooling, Progress, Side, Tokenizer};
pub use memory::peak as peak_memory;
pub use meter::Meter;
pub use model::Model;
pub use ops::eval;
pub use options::{MEMORY_SHARE, Options, WORKSPACE, bytes};
pub use precision::Precision;
pub use tensor::Tensor;
