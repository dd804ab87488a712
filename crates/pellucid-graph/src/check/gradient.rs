//! Gradients: of what they can be had, and whether they arrive.
//!
//! A value depends on another through operations, or through the model: what is read at a site of an invoke
//! depends on what was read or written at the sites before it. That is what can be known before a run; a site
//! that comes later without being computed from an earlier one shows when it runs.

use std::collections::{HashMap, HashSet};

use super::order::place;
use super::types::known;
use super::{Rows, When};
use crate::{
    Code, DType, Diagnostic, InvokeId, Kind, ModelSpec, Result, Statement, TensorType, Trace, ValueId,
};

/// The type of the value that stands for a backward pass: that of its first output.
pub(super) fn backward_type(
    outputs: &[ValueId],
    seeds: &[ValueId],
    rows: &[Rows],
    types: &[TensorType],
) -> Result<Vec<TensorType>> {
    let fault = |code, message: String| Err(Diagnostic::new(code, message));
    if rows.iter().any(|rows| rows.continues) {
        let message = "a generation has no gradients: its steps keep no record of how they were computed";
        let help = "trace the whole text in one pass: `model.trace(prompt + continuation)`";
        return Err(Diagnostic::new(Code::NoGradient, message).help(help));
    }
    let Some(first) = outputs.first() else {
        return fault(Code::BadArgument, "`backward` needs at least one value".to_owned());
    };
    if !seeds.is_empty() && seeds.len() != outputs.len() {
        let message = format!("`backward` has {} values and {} gradients", outputs.len(), seeds.len());
        return fault(Code::BadArgument, message);
    }
    for (i, v) in outputs.iter().enumerate() {
        let ty = known(types, *v)?;
        if !ty.dtype.is_float() {
            return fault(Code::NoGradient, format!("{ty} has no gradient: it is not floating"));
        }
        match seeds.get(i) {
            None if ty.numel() != Some(1) || ty.open != 0 => {
                let message = format!("`backward` of a value of one element, got {ty}");
                let help =
                    "reduce it (`.sum()`, `.mean()`), or say what its gradient is: `backward(gradient=...)`";
                return Err(Diagnostic::new(Code::ShapeMismatch, message).help(help));
            }
            None => {}
            Some(seed) => {
                let got = known(types, *seed)?;
                if got.shape != ty.shape || !got.dtype.is_float() {
                    let message = format!("the gradient of a value of type {ty} cannot be {got}");
                    return fault(Code::ShapeMismatch, message);
                }
            }
        }
    }
    Ok(vec![known(types, *first)?.clone()])
}

/// The type of a value's gradient.
pub(super) fn gradient_type(pass: ValueId, of: ValueId, types: &[TensorType]) -> Result<TensorType> {
    known(types, pass)?;
    let ty = known(types, of)?;
    let dtype = match ty.dtype {
        DType::F64 => DType::F64,
        dtype if dtype.is_float() => DType::F32,
        dtype => {
            let message = format!("a value of type {ty} has no gradient: {dtype} is not floating");
            return Err(Diagnostic::new(Code::NoGradient, message));
        }
    };
    Ok(TensorType { dtype, ..ty.clone() })
}

/// Checks every gradient of a trace.
pub(super) fn check(trace: &Trace, spec: &ModelSpec, rows: &[Rows], types: &[TensorType]) -> Result<()> {
    let mut flows: HashMap<ValueId, Flow> = HashMap::new();
    for statement in &trace.statements {
        let (Kind::Gradient { pass, of } | Kind::SetGradient { pass, of, .. }) = &statement.kind else {
            continue;
        };
        let fail = |d: Diagnostic| d.at(statement.at.clone());
        let flow = match flows.entry(*of) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(new) => {
                new.insert(Flow::from(*of, trace, spec, rows, types)?)
            }
        };
        flow.reaches(*pass, trace).map_err(fail)?;
    }
    Ok(())
}

/// Checks one gradient while a trace is recorded.
pub(crate) fn check_gradient(
    pass: ValueId,
    of: ValueId,
    trace: &Trace,
    spec: &ModelSpec,
    rows: &[Rows],
    types: &[TensorType],
) -> Result<()> {
    Flow::from(of, trace, spec, rows, types)?.reaches(pass, trace)
}

/// What depends on one value, and could not be without it.
struct Flow {
    depends: HashSet<ValueId>,
}

impl Flow {
    fn from(
        of: ValueId,
        trace: &Trace,
        spec: &ModelSpec,
        rows: &[Rows],
        types: &[TensorType],
    ) -> Result<Flow> {
        let mut depends = HashSet::from([of]);
        // From when on an invoke's pass depends on it.
        let mut model: HashMap<InvokeId, When> = HashMap::new();
        let firsts = trace.first_values();
        loop {
            let before = (depends.len(), model.clone());
            for (statement, first) in trace.statements.iter().zip(&firsts) {
                let mut uses = false;
                statement.kind.for_each_input(|v| uses |= depends.contains(&v));
                match (&statement.kind, place(&statement.kind, spec, rows)?) {
                    (Kind::Read { .. }, Some((invoke, when))) => {
                        if depends.contains(first) {
                            earliest(&mut model, invoke, when);
                        } else if model.get(&invoke).is_some_and(|from| *from <= when) {
                            depends.insert(*first);
                        }
                    }
                    (Kind::Write { .. } | Kind::Skip { .. }, Some((invoke, when))) if uses => {
                        earliest(&mut model, invoke, when);
                    }
                    (Kind::Gradient { pass, .. }, _) if depends.contains(pass) => {
                        // Gradients are made of what they were taken through, if that was asked for.
                        let made = maker(trace, *pass).map(|s| &s.kind);
                        if let Some(Kind::Backward { create_graph: true, .. }) = made {
                            depends.insert(*first);
                        }
                    }
                    (Kind::Gradient { .. } | Kind::SetGradient { .. }, _) => {}
                    (kind, _) if uses => {
                        let made = (0..kind.n_values() as u32).map(|k| ValueId(first.0 + k));
                        depends.extend(made.filter(|v| types[v.index()].dtype.is_float()));
                    }
                    _ => {}
                }
            }
            if before == (depends.len(), model.clone()) {
                return Ok(Flow { depends });
            }
        }
    }

    fn reaches(&self, pass: ValueId, trace: &Trace) -> Result<()> {
        let Some(Statement { kind: Kind::Backward { outputs, .. }, at }) = maker(trace, pass) else {
            return Err(Diagnostic::new(Code::UnknownValue, format!("`{pass}` is no backward pass")));
        };
        if outputs.iter().any(|v| self.depends.contains(v)) {
            return Ok(());
        }
        let line = at.as_ref().map(|at| format!(" (at {at})")).unwrap_or_default();
        let message =
            format!("the value has no gradient: what `backward` starts from{line} does not depend on it");
        let help = "a view such as `h[:, -1]` is a value of its own: take `h.grad[:, -1]`";
        Err(Diagnostic::new(Code::NoGradient, message).help(help))
    }
}

fn earliest(model: &mut HashMap<InvokeId, When>, invoke: InvokeId, when: When) {
    let slot = model.entry(invoke).or_insert(when);
    *slot = (*slot).min(when);
}

/// The statement that makes a value.
fn maker(trace: &Trace, v: ValueId) -> Option<&Statement> {
    let firsts = trace.first_values();
    let i = firsts.partition_point(|first| *first <= v).checked_sub(1)?;
    trace.statements.get(i)
}
