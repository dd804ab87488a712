//! Functions, and the statements that run them: calls, branches, loops.

use super::hold_sizes;
use super::types::{Scope, infer_statement, known};
use crate::{Code, DType, Diagnostic, Function, Kind, Limits, Result, TensorType, Use, work};

/// What a function takes and gives.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    pub params: Vec<TensorType>,
    pub results: Vec<TensorType>,
    /// How deep functions run functions below it; 0 where it runs none.
    depth: usize,
    /// Floating-point operations of one run, the bodies of loops counted once.
    pub flops: u64,
}

/// Types a function; `scope` has those before it.
pub(crate) fn check_function(function: &Function, scope: Scope<'_>, limits: &Limits) -> Result<Signature> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    if function.name.is_empty() || !function.name.chars().all(word) {
        let message = format!("`{}` cannot be the name of a function", function.name);
        return Err(Diagnostic::new(Code::Syntax, message));
    }
    let mut types = function.params.clone();
    if let Some(t) = types.iter().find(|t| !t.addressable()) {
        let message = format!("`{}`: a parameter of type {t} is too large to address", function.name);
        return Err(Diagnostic::new(Code::ShapeMismatch, message));
    }
    let (mut depth, mut flops) = (0, 0u64);
    for statement in &function.body {
        let fail = |d: Diagnostic| d.at(statement.at.clone());
        if !statement.kind.is_pure() {
            let message = format!("`{}` may only compute: it returns what shall be done", function.name);
            return Err(fail(Diagnostic::new(Code::EffectInFunction, message)));
        }
        let made = infer_statement(&statement.kind, scope, &types).map_err(fail)?;
        hold_sizes(&statement.kind, &made, limits).map_err(fail)?;
        depth = statement.kind.uses().map(|u| scope.functions[u.function].depth + 1).fold(depth, usize::max);
        flops = flops.saturating_add(work::flops(&statement.kind, scope, &types, &made));
        types.extend(made);
    }
    Limits::hold("nesting", depth, limits.nesting)?;
    let results = function.results.iter().map(|v| known(&types, *v).cloned()).collect::<Result<_>>()?;
    Ok(Signature { params: function.params.clone(), results, depth, flops })
}

/// The types of what a call, a branch or a loop makes.
pub(super) fn infer(kind: &Kind, functions: &[Signature], types: &[TensorType]) -> Result<Vec<TensorType>> {
    let made = match kind {
        Kind::Call { run, .. } => applied(run, &[], functions, types)?.results.clone(),
        Kind::Cond { pred, then, otherwise, .. } => {
            is_one_truth(known(types, *pred)?, "the condition of a branch")?;
            let (a, b) = (applied(then, &[], functions, types)?, applied(otherwise, &[], functions, types)?);
            same_types("the branches must give the same", &a.results, &b.results)?;
            a.results.clone()
        }
        Kind::Loop { test, body, carried, .. } => {
            let carried = carried.iter().map(|v| known(types, *v).cloned()).collect::<Result<Vec<_>>>()?;
            match applied(test, &carried, functions, types)?.results.as_slice() {
                [one] => is_one_truth(one, "what a loop asks before a step")?,
                other => return Err(count("the condition of a loop", 1, other.len())),
            }
            let body = applied(body, &carried, functions, types)?;
            same_types("a loop must carry the same into each step", &carried, &body.results)?;
            carried
        }
        _ => Vec::new(),
    };
    match made.len() == kind.n_values() {
        true => Ok(made),
        false => Err(count("a statement that runs a function", kind.n_values(), made.len())),
    }
}

/// The function used, if what it is run with is what it takes.
fn applied<'a>(
    run: &Use,
    carried: &[TensorType],
    functions: &'a [Signature],
    types: &[TensorType],
) -> Result<&'a Signature> {
    let Some(function) = functions.get(run.function) else {
        let message = format!("there is no function {} here, only {}", run.function, functions.len());
        return Err(Diagnostic::new(Code::UnknownValue, message));
    };
    let args = run.args.iter().map(|v| known(types, *v).cloned()).collect::<Result<Vec<_>>>()?;
    let given = [carried, &args].concat();
    same_types("a function takes what it was recorded for", &function.params, &given)?;
    Ok(function)
}

fn same_types(rule: &str, want: &[TensorType], got: &[TensorType]) -> Result<()> {
    if want.len() != got.len() {
        return Err(Diagnostic::new(
            Code::ShapeMismatch,
            format!("{rule}: {} values, got {}", want.len(), got.len()),
        ));
    }
    match want.iter().zip(got).enumerate().find(|(_, (w, g))| w != g) {
        None => Ok(()),
        Some((i, (w, g))) => {
            let code = if w.dtype == g.dtype { Code::ShapeMismatch } else { Code::DTypeMismatch };
            Err(Diagnostic::new(code, format!("{rule}: {w}, got {g} as value {i}")))
        }
    }
}

fn is_one_truth(t: &TensorType, what: &str) -> Result<()> {
    if t.dtype == DType::Bool && t.numel() == Some(1) && t.open == 0 {
        return Ok(());
    }
    let diagnostic =
        Diagnostic::new(Code::DTypeMismatch, format!("{what} must be a bool of one element, got {t}"));
    Err(diagnostic.help("comparisons give bool; `.any()` and `.all()` make one of many"))
}

fn count(what: &str, want: usize, got: usize) -> Diagnostic {
    Diagnostic::new(Code::BadArgument, format!("{what} gives {want} values, got {got}"))
}
