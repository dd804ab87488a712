//! What a plan will do and cost, as a person reads it.

use std::fmt::Write as _;

use crate::{CheckedTrace, Entry, Kind, Memory, PassPlan, Plan};

/// What running a plan costs, counted before it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Tokens that enter the model, all passes together.
    pub tokens: u64,
    /// Floating-point operations of the model and of the trace, the bodies of loops counted once; a
    /// multiply-add counts as two.
    pub flops: u64,
    /// Bytes of values the trace reads, computes and holds on the way.
    pub value_bytes: u64,
    /// Bytes of the saved values.
    pub result_bytes: u64,
}

impl Cost {
    /// Counts the cost of a plan.
    pub fn of(checked: &CheckedTrace, plan: &Plan) -> Cost {
        let mut cost = Cost::default();
        for (pass, step) in
            plan.passes.iter().flat_map(|p| (0..n_runs(checked, p)).map(move |step| (p, step)))
        {
            let (tokens, pairs) = tokens_and_pairs(checked, pass, step);
            cost.tokens += tokens;
            let modules = modules_run(checked, pass, step);
            let flops = modules.map(|m| m.flops_per_token * tokens + m.flops_per_pair * pairs);
            cost.flops = flops.fold(cost.flops, u64::saturating_add);
        }
        let entries = || plan.passes.iter().flat_map(PassPlan::entries);
        let made = || entries().flat_map(|e| e.reads.iter().chain(&e.compute)).chain(&plan.before);
        cost.flops = made().map(|&i| checked.flops(i)).fold(cost.flops, u64::saturating_add);
        cost.value_bytes = made().map(|&i| bytes_made(checked, i)).sum();
        cost.result_bytes = checked.saved().map(|(_, t)| t.bytes().unwrap_or(0) as u64).sum();
        cost
    }
}

fn bytes_made(checked: &CheckedTrace, statement: usize) -> u64 {
    let first = checked.first_value(statement).index();
    let n = checked.statement(statement).kind.n_values();
    checked.types()[first..first + n].iter().map(|t| t.bytes().unwrap_or(0) as u64).sum()
}

/// Forward passes that are made at most.
fn n_runs(checked: &CheckedTrace, pass: &PassPlan) -> usize {
    let most = pass.invokes.first().map_or(1, |i| checked.rows(*i).steps);
    pass.steps.len().min(most)
}

fn tokens_and_pairs(checked: &CheckedTrace, pass: &PassPlan, step: usize) -> (u64, u64) {
    let lengths = pass.invokes.iter().flat_map(|i| &checked.rows(*i).lengths);
    lengths.fold((0, 0), |(t, p), &n| match step {
        0 => (t + n as u64, p + (n * (n + 1) / 2) as u64),
        _ => (t + 1, p + (n + step) as u64),
    })
}

/// Modules entered before a step ends.
fn modules_run<'a>(
    checked: &'a CheckedTrace,
    pass: &PassPlan,
    step: usize,
) -> impl Iterator<Item = &'a crate::ModuleSpec> {
    // Of the last step nothing that comes after its last entry is run; if it has none, nothing is.
    let end = (step + 1 == pass.steps.len()).then(|| pass.steps[step].last().map_or(0, |e| e.order));
    checked.spec().entered(end)
}

/// Prints a plan as a tree with its cost.
pub fn explain(checked: &CheckedTrace, plan: &Plan) -> String {
    let mut out = String::new();
    let spec = checked.spec();
    let cost = Cost::of(checked, plan);
    let _ = writeln!(out, "model {} ({}, {} sites)", spec.name, spec.model_type, spec.sites.len());
    if let Some(sampling) = &checked.trace().generation {
        let _ = writeln!(out, "generates {}", crate::text::settings_text(sampling));
    }
    for (i, invoke) in checked.trace().invokes.iter().enumerate() {
        let rows = checked.rows(i);
        let text = invoke.prompts.iter().find_map(|p| p.text.as_deref()).unwrap_or("token ids");
        let _ = writeln!(out, "invoke {i}: b = {}, s = {}  {text:?}", rows.b(), rows.s());
    }
    if !plan.before.is_empty() {
        let _ = writeln!(out, "before the model runs: {} statements", plan.before.len());
    }
    for (n, pass) in plan.passes.iter().enumerate() {
        explain_pass(&mut out, checked, pass, n);
    }
    for &i in &plan.unused {
        let s = checked.statement(i);
        let at = s.at.as_ref().map(|l| format!(" ({l})")).unwrap_or_default();
        let _ = writeln!(out, "not run, no saved value depends on it: {}{at}", describe(checked, i));
    }
    for (name, ty) in checked.saved() {
        let _ = writeln!(out, "result {name}: {ty}");
    }
    let _ = writeln!(
        out,
        "cost: {} tokens, {:.3} GFLOP, values {}, results {}",
        cost.tokens,
        cost.flops as f64 / 1e9,
        bytes(cost.value_bytes),
        bytes(cost.result_bytes)
    );
    let memory = Memory::of(checked, plan);
    let kept =
        if memory.cache > 0 { format!(", keys and values {}", bytes(memory.cache)) } else { String::new() };
    let _ = writeln!(
        out,
        "memory beside the weights: at most {} at once: activations {}, values {}{kept}",
        bytes(memory.total()),
        bytes(memory.activations),
        bytes(memory.values),
    );
    out
}

fn explain_pass(out: &mut String, checked: &CheckedTrace, pass: &PassPlan, n: usize) {
    let spec = checked.spec();
    let runs = n_runs(checked, pass);
    let tokens: u64 = (0..runs).map(|step| tokens_and_pairs(checked, pass, step).0).sum();
    let last = pass.steps.last().and_then(|step| step.last()).map_or(0, |e| e.order);
    let end = match last + 1 >= spec.sites.len() {
        true => "to the end".to_owned(),
        false => format!("stops after site {} of {}", last + 1, spec.sites.len()),
    };
    let steps = if runs > 1 { format!("up to {runs} steps, ") } else { String::new() };
    let _ = writeln!(out, "pass {n}: invokes {:?}, {steps}{tokens} tokens, {end}", pass.invokes);
    for (step, entries) in pass.steps.iter().enumerate() {
        let indent = if pass.steps.len() > 1 { "    " } else { "  " };
        if pass.steps.len() > 1 && !entries.is_empty() {
            let title = if step < runs { format!("step {step}") } else { "at the end".to_owned() };
            let _ = writeln!(out, "  {title}");
        }
        entries.iter().for_each(|entry| explain_entry(out, checked, entry, indent));
    }
}

fn explain_entry(out: &mut String, checked: &CheckedTrace, entry: &Entry, indent: &str) {
    let site = checked.spec().at(entry.order);
    let dot = if site.path.is_empty() { "" } else { "." };
    let shape = crate::shape::format_dims(&site.shape);
    let _ = writeln!(out, "{indent}{}{dot}{}  {}{shape}", site.path, site.point, site.dtype);
    let groups = [&entry.reads, &entry.compute, &entry.writes, &entry.skips];
    for &i in groups.into_iter().flatten() {
        let at = checked.statement(i).at.as_ref().map(|l| format!("  {l}")).unwrap_or_default();
        let _ = writeln!(out, "{indent}  {}{at}", describe(checked, i));
    }
}

fn describe(checked: &CheckedTrace, i: usize) -> String {
    let line = crate::text::line(checked.trace(), &checked.statement(i).kind, checked.first_value(i));
    let types = (0..checked.statement(i).kind.n_values())
        .map(|k| checked.types()[checked.first_value(i).index() + k].to_string())
        .collect::<Vec<_>>();
    let verb = matches!(checked.statement(i).kind, Kind::Write { .. } | Kind::Skip { .. });
    if verb || types.is_empty() { line } else { format!("{line}  # {}", types.join(", ")) }
}

fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{:.1} kB", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.2} GB", n as f64 / 1e9),
    }
}
