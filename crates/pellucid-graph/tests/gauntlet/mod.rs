//! Everything a server does with a trace before it runs, and a trace with something of everything.
#![allow(dead_code, reason = "every test file takes what it needs")]

use std::sync::Arc;

use pellucid_graph::{Arg, Limits, ModelSpec, Trace, check, explain, plan, text, wire};

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
    wire::encode(r.trace()).expect("encodes")
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
