//! Random graphs: drawn, run, and held to PyTorch.
//!
//! A seed gives a graph: what a user might record, operations chosen from all rows of the table, views
//! written through, functions, branches and loops. What [`execute`] saves must have exactly the bits
//! that computing every statement in order gives, whatever the plan drops or moves. PyTorch is met in
//! two ways: the corpus in `tests/fixtures/graphs` holds what a plain interpreter of the text form
//! gives, and `tools/fuzz_graphs.py` draws new seeds and asks it anew.

mod corpus;
mod draw;
mod flow;
mod generate;
mod steps;
mod stored;
mod write;

use pellucid_engine::tensor::Tensor;
use pellucid_engine::{Cancel, Error, Model, Options, Saved, execute};
use pellucid_graph::{Kind, Limits, Trace, check, text};

/// The site that graphs read, and the prompt they read it for: rows of the embedding, so that PyTorch
/// needs no model to know them.
const SITE: &str = "model.embed_tokens.output";
const IDS: [u32; 3] = [7, 0, 311];

fn llama() -> Model {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/tiny/llama");
    Model::open(folder, &Options::default(), &mut |_| {}).unwrap()
}

/// What the model has at [`SITE`].
fn embedding(model: &Model) -> Tensor {
    let lines = format!("pellucid 2\ninvoke 0 ids {IDS:?}\n%0 = read 0 {SITE}\nsave \"x\" %0\n");
    let trace = text::parse(&lines, "read.trace", &Limits::default()).unwrap();
    run(model, trace).unwrap().get("x").unwrap().clone()
}

fn run(model: &Model, trace: Trace) -> Result<Saved, Error> {
    let checked = check(trace, model.spec(), &Limits::default())?;
    execute(model, &checked, &Cancel::new())
}

/// What a graph computes, statement by statement.
struct Outcome {
    saved: Vec<(String, Tensor)>,
    /// The results of every operation, in the order in which they ran.
    applied: Vec<Tensor>,
}

/// Computes every statement in order, and holds what the engine saves to that, bit for bit.
fn outcome(model: &Model, read: &Tensor, name: &str, lines: &str) -> Result<Outcome, Error> {
    let trace =
        text::parse(lines, name, &Limits::default()).unwrap_or_else(|e| panic!("{name}: {e}\n{lines}"));
    let now = lines.replacen("pellucid 1\n", "pellucid 2\n", 1);
    assert_eq!(text::print(&trace), now, "{name}: the text form does not read back what it prints");
    let mut applied = Vec::new();
    let values = steps::values(&trace, read, &mut applied)?;
    let saved = run(model, trace.clone()).unwrap_or_else(|e| panic!("{name}: {e}\n{lines}"));
    for statement in &trace.statements {
        if let Kind::Save { name: key, value } = &statement.kind {
            let (got, want) = (saved.get(key).unwrap(), &values[value.index()]);
            assert_eq!(got.ty(), want.ty(), "{name}: `{key}`\n{lines}");
            assert!(got.same_bits(want), "{name}: other bits in `{key}`\n{lines}");
        }
    }
    Ok(Outcome { saved: saved.into_vec(), applied })
}

/// Draws graphs and runs them: a few here, as many as `PELLUCID_SEEDS` says (`0..1000`) for
/// `tools/fuzz_graphs.py`, which has them written to the folder `PELLUCID_GRAPHS`.
#[test]
fn drawn_graphs_give_the_bits_of_their_statements() {
    let seeds = std::env::var("PELLUCID_SEEDS").unwrap_or_else(|_| "0..150".to_owned());
    let (from, to) = seeds.split_once("..").unwrap();
    let (from, to): (u64, u64) = (from.parse().unwrap(), to.parse().unwrap());
    let folder = std::env::var_os("PELLUCID_GRAPHS");
    let model = llama();
    let read = embedding(&model);
    let mut ran = 0;
    for seed in from..to {
        let name = format!("{seed:06}");
        let Some(lines) = generate::graph(&model, &read, seed) else { continue };
        // What only elements show to be wrong, in a later turn of a loop: nothing to compare.
        let Ok(outcome) = outcome(&model, &read, &name, &lines) else { continue };
        ran += 1;
        if let Some(folder) = &folder {
            stored::write(folder.as_ref(), &name, &lines, &outcome);
        }
    }
    assert!(ran * 10 >= (to - from) * 8, "only {ran} of {} graphs ran", to - from);
}
