//! Everything a server does with a trace before it runs, and a trace with something of everything.
#![allow(dead_code, reason = "every test file takes what it needs")]

use std::sync::Arc;

use pellucid_graph::{
    Arg, Handle, Limits, ModelSpec, Reach, Recorder, Trace, check, explain, plan, text, wire,
};

use crate::fixture::{arg, at, counting, index, op, read, recorder, site};

/// A trace with something of everything.
pub fn sample() -> Vec<u8> {
    let mut r = recorder();
    let h = read(&mut r, 0, "layers.0.output");
    let bias = counting(&mut r, &[8]);
    let bias = arg(&mut r, bias);
    let more = op(&mut r, "add", h, vec![bias]);
    let last = op(&mut r, "index", more, vec![Arg::Index(index("..., -1:, ::2"))]);
    let flat = op(&mut r, "flatten", last, vec![]);
    r.assign(flat, Arg::Float(0.5), at(4)).expect("the shapes agree");
    r.write(0, site("layers.0.output"), more, at(5)).expect("the type is the site's");
    let logits = r.apply("lm_head", h, at(6)).expect("the width is right");
    let top = op(&mut r, "topk", logits, vec![Arg::Int(2), Arg::Int(-1), Arg::Bool(true)]);
    r.save("top", top, at(7)).expect("the name is free");
    let flowed = flow(&mut r, flat);
    r.save("flowed", flowed, at(8)).expect("the name is free");
    wire::encode(r.trace()).expect("encodes")
}

/// A call in a loop in a branch.
fn flow(r: &mut Recorder, x: Handle) -> Handle {
    let ty = r.type_of(x).clone();
    let function = |r: &mut Recorder, name: &str, then: &mut dyn FnMut(&mut Recorder, Handle) -> Handle| {
        let x = r
            .begin_function(name, std::slice::from_ref(&ty), Reach::Around, at(9))
            .expect("few functions")[0];
        let result = then(r, x);
        r.end_function(&[result], at(9)).expect("a body that computes")
    };
    let twice = function(r, "twice", &mut |r, x| op(r, "mul", x, vec![Arg::Int(2)])).function();
    let test = function(r, "small", &mut |r, x| {
        let norm = op(r, "norm", x, vec![]);
        op(r, "lt", norm, vec![Arg::Int(9)])
    });
    let step = function(r, "step", &mut |r, x| r.call(twice, &[x], None).expect("of its type")[0]);
    let mean = op(r, "mean", x, vec![]);
    let pred = op(r, "gt", mean, vec![Arg::Int(0)]);
    r.begin_function("then", &[], Reach::Around, at(9)).expect("few functions");
    let grown = r.while_loop(test, step, &[x], 9, at(9)).expect("one type")[0];
    let then = r.end_function(&[grown], at(9)).expect("a body that computes");
    r.begin_function("otherwise", &[], Reach::Around, at(9)).expect("few functions");
    let otherwise = r.end_function(&[x], at(9)).expect("a body that computes");
    r.cond(pred, then, otherwise, at(9)).expect("one type")[0]
}

/// Takes a trace through everything a server does with it before it runs.
pub fn survives(bytes: &[u8], spec: &Arc<ModelSpec>) {
    let Ok(trace) = wire::decode(bytes, &Limits::default()) else { return };
    checks(trace, spec);
}

/// True when the trace is one that would run.
pub fn checks(trace: Trace, spec: &Arc<ModelSpec>) -> bool {
    let printed = text::print(&trace);
    let _ = text::parse(&printed, "a.trace", &Limits::default());
    let Ok(checked) = check(trace, spec, &Limits::default()) else { return false };
    explain(&checked, &plan(&checked));
    true
}
