//! Logit lens: what each layer would say next, read with the model's own last norm and unembedding.
//!
//! `cargo run --release -p pellucid-engine --example logit_lens -- MODEL [PROMPT]`; without a model, a
//! small one of random weights.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use pellucid_engine::{Cancel, Error, Model, Options, execute, find_model};
use pellucid_graph::{Arg, Handle, IndexItem, Limits, Op, Prompt, Recorder, Site, Slice, check};

fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_else(|| "tiny:llama".to_owned());
    let prompt = args.next().unwrap_or_else(|| "The Eiffel Tower is in the city of".to_owned());
    let model = Model::open(find_model(&name)?, &Options::default(), &mut |_| {})?;
    let ids = model.tokenizer().encode(&prompt, true)?;
    let n_layers = model.spec().children("model.layers").len();

    let mut recorder = Recorder::new(model.spec().clone(), Limits::default());
    let run = recorder.invoke(vec![Prompt::ids(ids)], None)?;
    for i in 0..n_layers {
        let site = Site::parse(&format!("layers.{i}.output")).expect("a path and a point");
        let state = recorder.read(run, site, None)?; // [1, s, d]
        let from_last = Slice { start: Some(-1), ..Slice::default() };
        let last = vec![IndexItem::Slice(Slice::default()), IndexItem::Slice(from_last)];
        let state = op(&mut recorder, "index", state, vec![Arg::Index(last)])?[0]; // [1, 1, d]
        let state = recorder.apply("norm_f", state, None)?;
        let logits = recorder.apply("unembed", state, None)?; // [1, 1, v]
        let p = op(&mut recorder, "softmax", logits, vec![Arg::Int(-1), Arg::None])?[0];
        let top = op(&mut recorder, "max", p, vec![Arg::Int(-1), Arg::Bool(false)])?;
        recorder.save(&format!("p{i}"), top[0], None)?;
        recorder.save(&format!("token{i}"), top[1], None)?;
    }

    let checked = check(recorder.finish(), model.spec(), &Limits::default())?;
    let saved = execute(&model, &checked, &Cancel::new())?;
    for i in 0..n_layers {
        let p = saved.get(&format!("p{i}")).expect("saved").f32s()[0];
        let token = saved.get(&format!("token{i}")).expect("saved").slice::<i64>()[0];
        println!("layer {i:2}  p = {p:.3}  {:?}", model.tokenizer().token_text(token as u32));
    }
    Ok(())
}

/// An operation on `x`; `rest` are its other arguments in the order of the op table.
fn op(recorder: &mut Recorder, name: &str, x: Handle, rest: Vec<Arg>) -> Result<Vec<Handle>, Error> {
    let input = Arg::Value(recorder.value(x, None)?);
    Ok(recorder.op(Op::find(name)?, [vec![input], rest].concat(), Some(x), None)?)
}
