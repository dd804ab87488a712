//! What a trace means: the type of every value, the place of every statement in the forward pass.
//!
//! Invokes run together in one pass unless one needs, at an early site, what another only computes
//! at a later one; then they run in successive passes. The one thing that cannot be ordered is an
//! invoke that needs its own future.

mod flow;
mod gradient;
mod order;
mod types;

use std::sync::Arc;

use crate::shape::Lengths;
use crate::{
    Code, Diagnostic, InvokeId, Kind, Limits, ModelSpec, Order, Result, Statement, TensorType, Trace,
    ValueId, work,
};

pub(crate) use flow::{Signature, check_function};
pub(crate) use gradient::check_gradient;
pub(crate) use types::{
    Scope, check_constant, check_generation, check_prompts, infer_statement, value_site_type,
};

/// A trace that will run: only [`check`] makes one.
#[derive(Clone, Debug)]
pub struct CheckedTrace {
    trace: Trace,
    spec: Arc<ModelSpec>,
    limits: Limits,
    functions: Vec<Signature>,
    first: Vec<ValueId>,
    types: Vec<TensorType>,
    rows: Vec<Rows>,
    passes: Vec<usize>,
}

/// The rows of an invoke: its prompts, each as often as it is continued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Tokens of each row's prompt.
    pub lengths: Vec<usize>,
    /// Forward passes that a generation may make; 1 without one.
    pub steps: usize,
    /// Whether prompts are continued.
    pub continues: bool,
}

/// When a statement that names a site acts: in which forward pass, and where in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct When {
    /// 0 is the prompt's pass; the result of a generation is there at a step after the last.
    pub step: usize,
    /// The site's place in the pass.
    pub order: Order,
}

impl Rows {
    /// The axes of sites at a step.
    pub fn at(&self, step: usize) -> Lengths {
        let s = self.s();
        let now = if step == 0 { s } else { 1 };
        let all = s + if self.continues { self.steps } else { 0 };
        Lengths { b: self.b(), s: now, keys: s + step, all }
    }

    /// Number of rows.
    pub fn b(&self) -> usize {
        self.lengths.len()
    }

    /// Tokens of the longest prompt.
    pub fn s(&self) -> usize {
        self.lengths.iter().copied().max().unwrap_or(0)
    }

    /// Tokens of all prompts together.
    pub fn tokens(&self) -> usize {
        self.lengths.iter().sum()
    }
}

/// Checks a trace against a model.
///
/// # Errors
/// The first thing wrong with it, with the user's line.
pub fn check(mut trace: Trace, spec: &Arc<ModelSpec>, limits: &Limits) -> Result<CheckedTrace> {
    Limits::hold("statements", trace.n_statements(), limits.statements)?;
    Limits::hold("values", trace.n_values(), limits.values)?;
    Limits::hold("invokes", trace.invokes.len(), limits.invokes)?;
    let constant_bytes = trace.constants.iter().map(|c| c.data.len()).sum();
    Limits::hold("constant_bytes", constant_bytes, limits.constant_bytes)?;
    let n = trace.generation.as_ref().map_or(1, |s| s.n);
    let rows = trace.invokes.iter().map(|i| i.prompts.len().saturating_mul(n));
    Limits::hold("prompts", rows.fold(0, usize::saturating_add), limits.prompts)?;
    check_model(&trace, spec)?;
    if trace.is_edit() {
        let diagnostic = Diagnostic::new(Code::NoEdit, "an edit cannot run: it has no prompt");
        return Err(diagnostic.help("`pl.load_edit(path)` reads it, `model.with_edit(edit)` has it"));
    }
    spec.resolve(&mut trace);
    let rows = trace
        .invokes
        .iter()
        .map(|i| check_prompts(&i.prompts, trace.generation.as_ref(), spec).map_err(|d| d.at(i.at.clone())))
        .collect::<Result<Vec<_>>>()?;
    let scope = Scope { spec, constants: &trace.constants, rows: &rows, functions: &[] };
    let functions = check_functions(&trace, scope, limits)?;
    let types = check_statements(&trace, Scope { functions: &functions, ..scope }, limits)?;
    let first = trace.first_values();
    gradient::check(&trace, spec, &rows, &types)?;
    let passes = order::passes(&trace, spec, &rows, &first, limits)?;
    let limits = limits.clone();
    Ok(CheckedTrace { trace, spec: spec.clone(), limits, functions, first, types, rows, passes })
}

/// Checks that what traces of a session import of each other is there when they run, one after the other.
///
/// # Errors
/// [`Code::UnknownValue`] for a value that no earlier trace saves, [`Code::ShapeMismatch`] for one of another
/// type, at the user's line.
pub fn check_session(traces: &[&CheckedTrace]) -> Result<()> {
    for (i, checked) in traces.iter().enumerate() {
        for statement in &checked.trace.statements {
            let Kind::Import { trace, name, ty } = &statement.kind else { continue };
            let fail = |code, message: String| Err(Diagnostic::new(code, message).at(statement.at.clone()));
            let earlier = traces[..i].get(*trace);
            let found = earlier.and_then(|t| t.saved().find(|(saved, _)| saved == name));
            match found {
                None => {
                    let message = format!("trace {i} of the session needs `{name}` of trace {trace}");
                    return fail(Code::UnknownValue, format!("{message}, which no earlier trace saves"));
                }
                Some((_, saved)) if saved != ty => {
                    return fail(Code::ShapeMismatch, format!("`{name}` is {saved}, expected {ty}"));
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

/// Checks that effects need nothing that the model computes after them.
pub(crate) fn check_order(trace: &Trace, spec: &ModelSpec, rows: &Rows, limits: &Limits) -> Result<()> {
    order::passes(trace, spec, std::slice::from_ref(rows), &trace.first_values(), limits).map(drop)
}

pub(crate) fn check_model(trace: &Trace, spec: &ModelSpec) -> Result<()> {
    match &trace.model {
        Some(name) if *name != spec.name => {
            let message = format!("the trace was recorded for `{name}`, this is `{}`", spec.name);
            Err(Diagnostic::new(Code::ModelMismatch, message)
                .help("remove the `model` line to run it anyway"))
        }
        _ => Ok(()),
    }
}

fn check_functions(trace: &Trace, scope: Scope<'_>, limits: &Limits) -> Result<Vec<Signature>> {
    let mut known: Vec<Signature> = Vec::new();
    let mut names = std::collections::HashSet::new();
    for function in &trace.functions {
        let fail = |d: Diagnostic| d.at(function.at.clone());
        if !names.insert(&function.name) {
            let message = format!("two functions are called `{}`", function.name);
            return Err(fail(Diagnostic::new(Code::DuplicateName, message)));
        }
        known.push(check_function(function, Scope { functions: &known, ..scope }, limits).map_err(fail)?);
    }
    Ok(known)
}

fn check_statements(trace: &Trace, scope: Scope<'_>, limits: &Limits) -> Result<Vec<TensorType>> {
    let mut types = Vec::new();
    let mut names = std::collections::HashSet::new();
    let mut result_bytes = 0usize;
    for statement in &trace.statements {
        let fail = |d: Diagnostic| d.at(statement.at.clone());
        if let (Kind::SetParameter { path, .. }, false) = (&statement.kind, trace.invokes.is_empty()) {
            return Err(fail(read_only(path)));
        }
        let made = infer_statement(&statement.kind, scope, &types).map_err(fail)?;
        hold_sizes(&statement.kind, &made, limits).map_err(fail)?;
        if let Kind::Save { name, value } = &statement.kind {
            if !names.insert(name) {
                return Err(fail(name_taken(name)));
            }
            result_bytes = result_bytes.saturating_add(types[value.index()].bytes().unwrap_or(usize::MAX));
            Limits::hold("result_bytes", result_bytes, limits.result_bytes).map_err(fail)?;
        }
        types.extend(made);
    }
    Ok(types)
}

/// Limits on one statement: the bytes of its values, the steps of a loop.
pub(crate) fn hold_sizes(kind: &Kind, made: &[TensorType], limits: &Limits) -> Result<()> {
    if let Kind::Loop { most, .. } = kind {
        Limits::hold("loop_steps", *most, limits.loop_steps)?;
    }
    made.iter()
        .try_for_each(|t| Limits::hold("value_bytes", t.bytes().unwrap_or(usize::MAX), limits.value_bytes))
}

/// What is wrong with writing to weights in a trace.
pub(crate) fn read_only(path: &str) -> Diagnostic {
    let message = format!("cannot write `{path}`: a trace does not change the model's weights");
    let help =
        "`with model.edit() as edited:` gives a model with other weights, and leaves this one as it is";
    Diagnostic::new(Code::ReadOnlyParameter, message).help(help)
}

pub(crate) fn name_taken(name: &str) -> Diagnostic {
    Diagnostic::new(Code::DuplicateName, format!("two values are saved as `{name}`"))
}

impl CheckedTrace {
    /// The trace as written.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The model it was checked against.
    pub fn spec(&self) -> &Arc<ModelSpec> {
        &self.spec
    }

    /// The limits it was checked under.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Floating-point operations of a statement outside the model's pass, the bodies of loops counted
    /// once.
    pub fn flops(&self, i: usize) -> u64 {
        let first = self.first[i].index();
        let kind = &self.trace.statements[i].kind;
        let scope = Scope {
            spec: &self.spec,
            constants: &self.trace.constants,
            rows: &self.rows,
            functions: &self.functions,
        };
        work::flops(kind, scope, &self.types, &self.types[first..first + kind.n_values()])
    }

    /// Statement by index.
    pub fn statement(&self, i: usize) -> &Statement {
        &self.trace.statements[i]
    }

    /// The first value that statement `i` makes.
    pub fn first_value(&self, i: usize) -> ValueId {
        self.first[i]
    }

    /// The type of a value.
    pub fn type_of(&self, v: ValueId) -> &TensorType {
        &self.types[v.index()]
    }

    /// Types of all values, by number.
    pub fn types(&self) -> &[TensorType] {
        &self.types
    }

    /// The rows of an invoke.
    pub fn rows(&self, invoke: InvokeId) -> &Rows {
        &self.rows[invoke]
    }

    /// In which pass over the model an invoke runs.
    pub fn pass_of(&self, invoke: InvokeId) -> usize {
        self.passes[invoke]
    }

    /// When a statement that names a site acts; `None` for the others.
    pub fn when(&self, i: usize) -> Option<(InvokeId, When)> {
        order::place(&self.trace.statements[i].kind, &self.spec, &self.rows).ok().flatten()
    }

    /// Names and types of the results, in the order saved.
    pub fn saved(&self) -> impl Iterator<Item = (&str, &TensorType)> {
        self.trace.statements.iter().filter_map(|s| match &s.kind {
            Kind::Save { name, value } => Some((name.as_str(), self.type_of(*value))),
            _ => None,
        })
    }
}
