//! A trace from Rust: halve the last token's state after one layer, and see what the model then says.
//!
//! `cargo run --release -p pellucid-engine --example trace -- MODEL [PROMPT]`
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use pellucid_engine::{Cancel, Error, Model, Options, execute, find_model};
use pellucid_graph::{Arg, Handle, IndexItem, Limits, Op, Prompt, Recorder, Site, Slice, check};

fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_else(|| "SmolLM2-135M-Instruct".to_owned());
    let prompt = args.next().unwrap_or_else(|| "The Eiffel Tower is in the city of".to_owned());
    let model = Model::open(find_model(&name)?, &Options::default(), &mut |_| {})?;
    let ids = model.tokenizer().encode(&prompt, true)?;

    let mut recorder = Recorder::new(model.spec().clone(), Limits::default());
    let run = recorder.invoke(vec![Prompt::ids(ids)], None)?;
    let logits = recorder.read(run, Site::parse("lm_head.output").expect("a site"), None)?;
    let changed = recorder.read(run, Site::parse("model.layers.5.output").expect("a site"), None)?;
    let last = last_token(&mut recorder, changed)?; // [1, d], a view of the site's value
    let half = call(&mut recorder, "mul", last, vec![Arg::Float(0.5)])?[0];
    let half = Arg::Value(recorder.value(half, None)?);
    recorder.assign(last, half, None)?; // a write through the view is a write to the site
    let said = last_token(&mut recorder, logits)?; // [1, v]
    let top = call(&mut recorder, "topk", said, vec![Arg::Int(5), Arg::Int(-1), Arg::Bool(true)])?;
    recorder.save("logits", top[0], None)?;
    recorder.save("ids", top[1], None)?;

    let checked = check(recorder.finish(), model.spec(), &Limits::default())?;
    let saved = execute(&model, &checked, &Cancel::new())?;
    let (logits, ids) = (saved.get("logits").expect("saved"), saved.get("ids").expect("saved"));
    for (logit, id) in logits.f32s().iter().zip(ids.slice::<i64>()) {
        println!("{:>8.3}  {:?}", logit, model.tokenizer().token_text(*id as u32));
    }
    Ok(())
}

/// `x[:, -1]`
fn last_token(recorder: &mut Recorder, x: Handle) -> Result<Handle, Error> {
    let index = vec![IndexItem::Slice(Slice::default()), IndexItem::Int(-1)];
    Ok(call(recorder, "index", x, vec![Arg::Index(index)])?[0])
}

/// An operation on `x`; `rest` are its other arguments in the order of the op table.
fn call(recorder: &mut Recorder, name: &str, x: Handle, rest: Vec<Arg>) -> Result<Vec<Handle>, Error> {
    let input = Arg::Value(recorder.value(x, None)?);
    let args = [vec![input], rest].concat();
    Ok(recorder.op(Op::find(name)?, args, Some(x), None)?)
}
