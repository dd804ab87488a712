//! Printing the text form.

use std::fmt::Write as _;

use super::constant;
use crate::{
    Arg, Constant, Function, IndexItem, Invoke, Kind, Part, Prompt, Sampling, Trace, Use, ValueId, wire,
};

/// Prints a trace; [`parse`](super::parse()) reads it back to an equal one, places aside.
pub fn print(trace: &Trace) -> String {
    let mut out = format!("pellucid {}\n", wire::VERSION);
    if let Some(model) = &trace.model {
        let _ = writeln!(out, "model {}", quote(model));
    }
    if let Some(sampling) = &trace.generation {
        let _ = writeln!(out, "generate {}", settings_text(sampling));
    }
    for (i, invoke) in trace.invokes.iter().enumerate() {
        let _ = writeln!(out, "invoke {i} {}", invoke_text(invoke));
    }
    for function in &trace.functions {
        print_function(&mut out, trace, function);
    }
    for (statement, first) in trace.statements.iter().zip(trace.first_values()) {
        let _ = writeln!(out, "{}", line(trace, &statement.kind, first));
    }
    out
}

fn print_function(out: &mut String, trace: &Trace, function: &Function) {
    let _ = write!(out, "function {}", function.name);
    for (i, ty) in function.params.iter().enumerate() {
        let _ = write!(out, " %{i} {ty}");
    }
    out.push('\n');
    for (statement, first) in function.body.iter().zip(function.first_values()) {
        let _ = writeln!(out, "  {}", line(trace, &statement.kind, first));
    }
    let _ = writeln!(out, "  return {}", names(&function.results));
}

/// One statement as a line without its end; its first value has the number `first`.
pub(crate) fn line(trace: &Trace, kind: &Kind, first: ValueId) -> String {
    let made = made(first, kind.n_values());
    match kind {
        Kind::Read { invoke, site } => format!("{made}read {invoke} {site}"),
        Kind::Constant { index } => match trace.constants.get(*index) {
            Some(Constant { ty, data }) => format!("{made}constant {ty} {}", constant::print(ty, data)),
            None => format!("{made}constant ?{index}"),
        },
        Kind::Import { trace, name, ty } => format!("{made}import {trace} {} {ty}", quote(name)),
        Kind::Parameter { path } => format!("{made}parameter {path}"),
        Kind::Op { op, args } => {
            let mut line = format!("{made}{}", op.def().name);
            for (param, arg) in op.def().params.iter().zip(args) {
                match &param.default {
                    None => line.extend([" ", &arg_text(arg)]),
                    Some(default) if default == arg => {}
                    Some(_) => line.extend([" ", param.name, "=", &arg_text(arg)]),
                }
            }
            line
        }
        Kind::Apply { module, input } => format!("{made}apply {} {input}", path(module)),
        Kind::Call { run, .. } => format!("{made}call {}", use_text(trace, run)),
        Kind::Cond { pred, then, otherwise, .. } => {
            format!("{made}cond {pred} {} {}", use_text(trace, then), use_text(trace, otherwise))
        }
        Kind::Loop { test, body, carried, most } => {
            let (test, body) = (use_text(trace, test), use_text(trace, body));
            format!("{made}loop {most} {test} {body} [{}]", names(carried))
        }
        Kind::Backward { outputs, seeds, create_graph } => {
            let seeds = if seeds.is_empty() { String::new() } else { format!(" [{}]", names(seeds)) };
            let graph = if *create_graph { " create_graph" } else { "" };
            format!("{made}backward [{}]{seeds}{graph}", names(outputs))
        }
        Kind::Gradient { pass, of } => format!("{made}gradient {pass} {of}"),
        Kind::SetGradient { pass, of, value } => format!("set_gradient {pass} {of} {value}"),
        Kind::Write { invoke, site, value } => format!("write {invoke} {site} {value}"),
        Kind::Skip { invoke, module, step: 0, value } => format!("skip {invoke} {} {value}", path(module)),
        Kind::Skip { invoke, module, step, value } => {
            format!("skip {invoke} {}@{step} {value}", path(module))
        }
        Kind::SetParameter { path, value } => format!("set {path} {value}"),
        Kind::Save { name, value } => format!("save {} {value}", quote(name)),
        Kind::Log { parts } => {
            parts.iter().fold("log".to_owned(), |line, part| line + " " + &part_text(part))
        }
        Kind::Stop => "stop".to_owned(),
    }
}

fn part_text(part: &Part) -> String {
    match part {
        Part::Text(text) => quote(text),
        Part::Value(v) => v.to_string(),
    }
}

/// `name(%0, %1)`.
fn use_text(trace: &Trace, run: &Use) -> String {
    let name = trace.functions.get(run.function).map_or("?", |f| f.name.as_str());
    format!("{name}({})", names(&run.args))
}

fn names(values: &[ValueId]) -> String {
    values.iter().map(ValueId::to_string).collect::<Vec<_>>().join(", ")
}

fn made(first: ValueId, n: usize) -> String {
    let names: Vec<String> = (0..n as u32).map(|k| ValueId(first.0 + k).to_string()).collect();
    if names.is_empty() { String::new() } else { format!("{} = ", names.join(", ")) }
}

/// The whole model has an empty path, written `.`.
fn path(module: &str) -> &str {
    if module.is_empty() { "." } else { module }
}

/// The settings that differ from what the parser takes for granted.
pub(crate) fn settings_text(sampling: &Sampling) -> String {
    let Sampling { max_new_tokens, n, temperature, top_k, top_p, min_p, .. } = sampling;
    let mut words = vec![format!("max_new_tokens={max_new_tokens}")];
    let mut add = |word: Option<String>| words.extend(word);
    add((*n != 1).then(|| format!("n={n}")));
    add((*temperature != 0.0).then(|| format!("temperature={}", float_text(*temperature))));
    add(top_k.map(|k| format!("top_k={k}")));
    add(top_p.map(|p| format!("top_p={}", float_text(p))));
    add(min_p.map(|p| format!("min_p={}", float_text(p))));
    let penalty = sampling.repetition_penalty;
    add((penalty != 1.0).then(|| format!("repetition_penalty={}", float_text(penalty))));
    add((sampling.seed != 0).then(|| format!("seed={}", sampling.seed)));
    add(sampling.eos.as_ref().map(|ids| format!("eos={ids:?}")));
    let stops = || sampling.stop.iter().map(|text| quote(text)).collect::<Vec<_>>().join(", ");
    add((!sampling.stop.is_empty()).then(|| format!("stop=[{}]", stops())));
    words.join(" ")
}

fn invoke_text(invoke: &Invoke) -> String {
    match invoke.prompts.as_slice() {
        [one] => prompt_text(one),
        many => format!("[{}]", many.iter().map(prompt_text).collect::<Vec<_>>().join(", ")),
    }
}

fn prompt_text(prompt: &Prompt) -> String {
    match (&prompt.text, &prompt.ids) {
        (Some(text), None) => quote(text),
        (Some(text), Some(ids)) => format!("{} ids {ids:?}", quote(text)),
        (None, ids) => format!("ids {:?}", ids.as_deref().unwrap_or_default()),
    }
}

/// JSON's quoting, which the parser reads back.
pub(super) fn quote(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// An argument as the text form writes it.
pub fn arg_text(arg: &Arg) -> String {
    match arg {
        Arg::None => "none".to_owned(),
        Arg::Value(v) => v.to_string(),
        Arg::Values(vs) => format!("[{}]", names(vs)),
        Arg::Bool(b) => b.to_string(),
        Arg::Int(n) => n.to_string(),
        Arg::Float(x) => float_text(*x),
        Arg::Ints(ns) => format!("{ns:?}"),
        Arg::DType(d) => d.to_string(),
        Arg::Word(w) => word_text(w),
        Arg::Index(items) => format!("[{}]", items.iter().map(item_text).collect::<Vec<_>>().join(", ")),
    }
}

/// Quotes what would not read back as one word.
fn word_text(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let number = word.parse::<f64>().is_ok();
    match !word.is_empty() && !number && word.chars().all(plain) {
        true => word.to_owned(),
        false => quote(word),
    }
}

/// Keeps the point, so that a float reads back as one.
pub(super) fn float_text(x: f64) -> String {
    format!("{x:?}").replace("NaN", "nan")
}

fn item_text(item: &IndexItem) -> String {
    let part = |p: Option<i64>| p.map(|n| n.to_string()).unwrap_or_default();
    match item {
        IndexItem::Int(i) => i.to_string(),
        IndexItem::Slice(s) => {
            let step = s.step.map(|n| format!(":{n}")).unwrap_or_default();
            format!("{}:{}{step}", part(s.start), part(s.stop))
        }
        IndexItem::New => "new".to_owned(),
        IndexItem::Ellipsis => "...".to_owned(),
        IndexItem::Value(v) => v.to_string(),
    }
}
