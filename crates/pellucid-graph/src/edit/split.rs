//! What of an edit is computed once, and what in every trace.
//!
//! Values that depend on no activation are known when the edit is put on a model. Weights must be;
//! what effects use of them becomes a constant, but for weights themselves, which are never copied.

use std::collections::HashMap;

use crate::spec::GENERATOR;
use crate::{Code, Diagnostic, Kind, Result, Statement, Trace, ValueId};

/// The two parts of an edit.
pub(super) struct Parts {
    /// Without invokes: what weights become, and values that effects use.
    pub weights: Trace,
    /// The latter, as numbered there.
    pub used: Vec<ValueId>,
    /// What is done in an invoke; its last constants are to be the values used.
    pub effects: Trace,
}

/// Splits an edit.
///
/// # Errors
/// Weights that depend on activations.
pub(super) fn split(trace: &Trace) -> Result<Parts> {
    let facts = Facts::of(trace);
    let sets = last_sets(trace, &facts)?;
    let effects = needed(trace, |i, kind| {
        matches!(kind, Kind::Write { .. } | Kind::Skip { .. }) && facts.is_live_effect(i)
    });
    let written: HashMap<ValueId, &str> = sets.iter().map(|(path, (_, value))| (*value, *path)).collect();
    let mut part = Part::new(trace);
    let mut used = Vec::new();
    for (i, Statement { kind, at }) in trace.statements.iter().enumerate() {
        if !effects[i] || !(facts.reads(i) || kind.n_values() == 0) {
            continue;
        }
        kind.for_each_input(|v| {
            let maker = facts.maker[v.index()];
            if part.numbers.contains_key(&v) || facts.reads(maker) {
                return;
            }
            let stands = match (&trace.statements[maker].kind, written.get(&v)) {
                (Kind::Constant { .. }, None) => trace.statements[maker].kind.clone(),
                (Kind::Parameter { path }, None) if !sets.contains_key(path.as_str()) => {
                    Kind::Parameter { path: path.clone() }
                }
                (_, Some(path)) => Kind::Parameter { path: (*path).to_owned() },
                _ => {
                    used.push(v);
                    Kind::Constant { index: trace.constants.len() + used.len() - 1 }
                }
            };
            part.numbers.insert(v, ValueId(part.next));
            part.next += 1;
            part.statements.push(Statement { kind: stands, at: trace.statements[maker].at.clone() });
        });
        part.push(kind, at, facts.first[i]);
    }
    let effects = part.finish(trace, trace.invokes.clone());
    let once = needed(trace, |i, kind| {
        let makes_used = used.iter().any(|v| facts.maker[v.index()] == i);
        makes_used || matches!(kind, Kind::SetParameter { .. }) && sets.values().any(|(last, _)| *last == i)
    });
    let mut part = Part::new(trace);
    for (i, Statement { kind, at }) in trace.statements.iter().enumerate() {
        if once[i] {
            part.push(kind, at, facts.first[i]);
        }
    }
    let used = used.iter().map(|v| part.numbers[v]).collect();
    Ok(Parts { weights: part.finish(trace, Vec::new()), used, effects })
}

/// Effects without those on what a generation makes of logits: what is done in a trace of one pass.
pub(super) fn without_generator(effects: &Trace) -> Trace {
    let kept = needed(effects, |_, kind| match kind {
        Kind::Write { site, .. } => site.path != GENERATOR,
        Kind::Skip { .. } => true,
        _ => false,
    });
    let (first, mut part) = (effects.first_values(), Part::new(effects));
    for (i, Statement { kind, at }) in effects.statements.iter().enumerate().filter(|(i, _)| kept[*i]) {
        part.push(kind, at, first[i]);
    }
    part.finish(effects, effects.invokes.clone())
}

/// For each path the last statement that sets it, and to what.
fn last_sets<'t>(trace: &'t Trace, facts: &Facts) -> Result<HashMap<&'t str, (usize, ValueId)>> {
    let mut sets = HashMap::new();
    for (i, statement) in trace.statements.iter().enumerate() {
        let Kind::SetParameter { path, value } = &statement.kind else { continue };
        if facts.reads(facts.maker[value.index()]) {
            let message = format!("cannot write `{path}`: the value depends on a prompt's activations");
            let help = "save them in a trace and use what was saved: weights are the same for every prompt";
            return Err(Diagnostic::new(Code::PromptInEdit, message).help(help).at(statement.at.clone()));
        }
        sets.insert(path.as_str(), (i, *value));
    }
    Ok(sets)
}

/// The statements that those chosen depend on, and they themselves.
fn needed(trace: &Trace, chosen: impl Fn(usize, &Kind) -> bool) -> Vec<bool> {
    let maker = makers(trace);
    let mut needed: Vec<bool> =
        trace.statements.iter().enumerate().map(|(i, s)| chosen(i, &s.kind)).collect();
    for i in (0..needed.len()).rev().filter(|i| needed[*i]).collect::<Vec<_>>() {
        mark(trace, &maker, i, &mut needed);
    }
    needed
}

fn mark(trace: &Trace, maker: &[usize], i: usize, needed: &mut [bool]) {
    let mut open = vec![i];
    while let Some(i) = open.pop() {
        trace.statements[i].kind.for_each_input(|v| {
            if !std::mem::replace(&mut needed[maker[v.index()]], true) {
                open.push(maker[v.index()]);
            }
        });
    }
}

/// The statement that makes each value.
fn makers(trace: &Trace) -> Vec<usize> {
    let made = trace.statements.iter().enumerate();
    made.flat_map(|(i, s)| std::iter::repeat_n(i, s.kind.n_values())).collect()
}

/// What is known of the statements of an edit.
struct Facts {
    first: Vec<ValueId>,
    maker: Vec<usize>,
    /// Whether what a statement makes depends on activations.
    reads: Vec<bool>,
    last_effect: Vec<bool>,
}

impl Facts {
    fn of(trace: &Trace) -> Facts {
        let maker = makers(trace);
        let mut reads: Vec<bool> = Vec::with_capacity(trace.statements.len());
        let mut last = HashMap::new();
        for (i, statement) in trace.statements.iter().enumerate() {
            let mut it_reads = matches!(statement.kind, Kind::Read { .. });
            statement.kind.for_each_input(|v| it_reads |= reads[maker[v.index()]]);
            reads.push(it_reads);
            match &statement.kind {
                Kind::Write { site, .. } => drop(last.insert(site.to_string(), i)),
                Kind::Skip { module, .. } => drop(last.insert(format!("skip {module}"), i)),
                _ => {}
            }
        }
        let mut last_effect = vec![false; reads.len()];
        last.into_values().for_each(|i| last_effect[i] = true);
        Facts { first: trace.first_values(), maker, reads, last_effect }
    }

    fn reads(&self, statement: usize) -> bool {
        self.reads[statement]
    }

    /// Whether no later statement has the same effect with another value.
    fn is_live_effect(&self, statement: usize) -> bool {
        self.last_effect[statement]
    }
}

/// Some statements of a trace, with values numbered anew.
struct Part {
    numbers: HashMap<ValueId, ValueId>,
    next: u32,
    statements: Vec<Statement>,
}

impl Part {
    fn new(trace: &Trace) -> Part {
        let statements = Vec::with_capacity(trace.statements.len());
        Part { numbers: HashMap::new(), next: 0, statements }
    }

    fn push(&mut self, kind: &Kind, at: &Option<crate::Loc>, first: ValueId) {
        let numbers = &self.numbers;
        let renumbered = kind.map_values(&mut |v| numbers[&v]);
        self.statements.push(Statement { kind: renumbered, at: at.clone() });
        for k in 0..kind.n_values() as u32 {
            self.numbers.insert(ValueId(first.0 + k), ValueId(self.next));
            self.next += 1;
        }
    }

    fn finish(self, trace: &Trace, invokes: Vec<crate::Invoke>) -> Trace {
        Trace {
            model: trace.model.clone(),
            generation: trace.generation.clone().filter(|_| !invokes.is_empty()),
            invokes,
            constants: trace.constants.clone(),
            functions: trace.functions.clone(),
            statements: self.statements,
        }
    }
}
