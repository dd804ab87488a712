//! Steering: a direction between two texts is added to the residual stream at every generated token.
//!
//! `cargo run --release -p pellucid-engine --example steer -- MODEL [STRENGTH]`; without a model, a
//! small one of random weights.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use pellucid_engine::{Cancel, Error, Model, Options, execute, find_model};
use pellucid_graph::{Arg, Handle, Limits, Op, Prompt, Recorder, Sampling, Site, check};

const N_NEW: usize = 12;

fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_else(|| "tiny:llama".to_owned());
    let strength = args.next().and_then(|word| word.parse().ok()).unwrap_or(-1.0);
    let model = Model::open(find_model(&name)?, &Options::default(), &mut |_| {})?;
    let layer = model.spec().children("model.layers").len() * 2 / 3;
    let prompt = |text: &str| Ok::<_, Error>(vec![Prompt::ids(model.tokenizer().encode(text, true)?)]);

    let mut recorder = Recorder::new(model.spec().clone(), Limits::default());
    recorder.generate(Sampling::greedy(N_NEW), None)?;
    let mut means = Vec::new();
    for text in ["I love this, it is wonderful", "I hate this, it is terrible"] {
        let invoke = recorder.invoke(prompt(text)?, None)?;
        let states = recorder.read(invoke, at(layer, 0), None)?; // [1, s, d]
        let axes = vec![Arg::Ints(vec![0, 1]), Arg::Bool(false), Arg::None];
        means.push(op(&mut recorder, "mean", states, axes)?); // [d]
    }
    let bad = Arg::Value(recorder.value(means[1], None)?);
    let direction = op(&mut recorder, "sub", means[0], vec![bad, Arg::Int(1)])?;
    let push = op(&mut recorder, "mul", direction, vec![Arg::Float(strength)])?;
    let run = recorder.invoke(prompt("We spent a week at the hotel. The hotel was")?, None)?;
    for step in 0..N_NEW as u32 {
        let state = recorder.read(run, at(layer, step), None)?; // [1, s, d], then [1, 1, d]
        let push = Arg::Value(recorder.value(push, None)?);
        let steered = op(&mut recorder, "add", state, vec![push, Arg::Int(1)])?;
        recorder.write(run, at(layer, step), steered, None)?;
    }
    let ids = recorder.read(run, Site::parse("generator.output").expect("a site"), None)?;
    recorder.save("ids", ids, None)?; // [1, prompt + new]

    let checked = check(recorder.finish(), model.spec(), &Limits::default())?;
    let saved = execute(&model, &checked, &Cancel::new())?;
    let ids: Vec<u32> = saved.get("ids").expect("saved").slice::<i64>().iter().map(|id| *id as u32).collect();
    println!("{}", model.tokenizer().decode(&ids, true)?);
    Ok(())
}

/// A layer's output at a step of the generation.
fn at(layer: usize, step: u32) -> Site {
    let site = Site::parse(&format!("layers.{layer}.output")).expect("a path and a point");
    Site { step, ..site }
}

/// The first result of an operation on `x`; `rest` are its other arguments.
fn op(recorder: &mut Recorder, name: &str, x: Handle, rest: Vec<Arg>) -> Result<Handle, Error> {
    let input = Arg::Value(recorder.value(x, None)?);
    Ok(recorder.op(Op::find(name)?, [vec![input], rest].concat(), Some(x), None)?[0])
}
