//! Activation patching: the state of one prompt's last token goes into another's, one layer at a time.
//!
//! `cargo run --release -p pellucid-engine --example patch -- MODEL`; without a model, a small one of
//! random weights. All prompts share one forward pass, packed without padding.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use pellucid_engine::{Cancel, Error, Model, Options, execute, find_model};
use pellucid_graph::{Arg, Handle, IndexItem, InvokeId, Limits, Op, Prompt, Recorder, Site, Slice, check};

const CLEAN: &str = "The capital of France is the city of";
const CORRUPTED: &str = "The capital of Italy is the city of";

fn main() -> Result<(), Error> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "tiny:llama".to_owned());
    let model = Model::open(find_model(&name)?, &Options::default(), &mut |_| {})?;
    let clean = Prompt::ids(model.tokenizer().encode(CLEAN, true)?);
    let corrupted = Prompt::ids(model.tokenizer().encode(CORRUPTED, true)?);
    let n_layers = model.spec().children("model.layers").len();

    let mut recorder = Recorder::new(model.spec().clone(), Limits::default());
    let from = recorder.invoke(vec![clean], None)?;
    answer(&mut recorder, from, "clean")?;
    let plain = recorder.invoke(vec![corrupted.clone()], None)?;
    answer(&mut recorder, plain, "corrupted")?;
    for i in 0..n_layers {
        let site = Site::parse(&format!("layers.{i}.output")).expect("a path and a point");
        let state = recorder.read(from, site.clone(), None)?;
        let state = last_token(&mut recorder, state)?; // [1, d]
        let into = recorder.invoke(vec![corrupted.clone()], None)?;
        let there = recorder.read(into, site, None)?;
        let there = last_token(&mut recorder, there)?; // a view: written to, the site is
        let state = Arg::Value(recorder.value(state, None)?);
        recorder.assign(there, state, None)?;
        answer(&mut recorder, into, &format!("layer {i}"))?;
    }

    let checked = check(recorder.finish(), model.spec(), &Limits::default())?;
    for (name, token) in execute(&model, &checked, &Cancel::new())?.iter() {
        println!("{name:9}  {:?}", model.tokenizer().token_text(token.slice::<i64>()[0] as u32));
    }
    Ok(())
}

/// Saves the likeliest next token of an invoke.
fn answer(recorder: &mut Recorder, invoke: InvokeId, name: &str) -> Result<(), Error> {
    let site = Site::parse("unembed.output").expect("a path and a point");
    let logits = recorder.read(invoke, site, None)?;
    let last = last_token(recorder, logits)?; // [1, v]
    let top = op(recorder, "argmax", last, vec![Arg::Int(-1), Arg::Bool(false)])?;
    Ok(recorder.save(name, top, None)?)
}

/// `x[:, -1]`
fn last_token(recorder: &mut Recorder, x: Handle) -> Result<Handle, Error> {
    op(recorder, "index", x, vec![Arg::Index(vec![IndexItem::Slice(Slice::default()), IndexItem::Int(-1)])])
}

/// The first result of an operation on `x`; `rest` are its other arguments.
fn op(recorder: &mut Recorder, name: &str, x: Handle, rest: Vec<Arg>) -> Result<Handle, Error> {
    let input = Arg::Value(recorder.value(x, None)?);
    Ok(recorder.op(Op::find(name)?, [vec![input], rest].concat(), Some(x), None)?[0])
}
