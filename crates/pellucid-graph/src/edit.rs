//! Edits: what is done in every trace of a model, and what its weights become.
//!
//! An edit is a trace of one invoke without prompts, which stands for every invoke, at every step of a
//! generation; with a `generate` line it is for as many steps as that says, from the prompt's on. What it computes
//! without looking at activations is computed once, when it is put on a model: new weights, and the
//! numbers that its effects use. The effects are then put before the statements of each trace.

mod split;

use std::sync::Arc;

use crate::check::{check_model, check_order};
use crate::{
    Code, Constant, Diagnostic, Invoke, InvokeId, Kind, Limits, Loc, ModelSpec, Recorder, Replay, Result,
    Site, Statement, Trace, ValueId,
};

/// An edit that fits a model, whatever the prompts.
#[derive(Clone, Debug)]
pub struct Edit {
    trace: Trace,
    weights: Trace,
    /// The values of `weights` that the effects use.
    used: Vec<ValueId>,
    effects: Trace,
}

impl Edit {
    /// Checks an edit against a model.
    ///
    /// # Errors
    /// [`Code::NoEdit`] for a trace with prompts, and the first thing wrong with it, at its line.
    pub fn new(trace: Trace, spec: &Arc<ModelSpec>, limits: &Limits) -> Result<Edit> {
        if !trace.is_edit() {
            let message = format!("a trace of {} invokes is not an edit", trace.invokes.len());
            let help = "an edit has one invoke, without prompts: `invoke 0 []`";
            return Err(Diagnostic::new(Code::NoEdit, message).help(help));
        }
        check_model(&trace, spec)?;
        let result = |s: &&Statement| matches!(s.kind, Kind::Save { .. } | Kind::Log { .. } | Kind::Stop);
        if let Some(statement) = trace.statements.iter().find(result) {
            let message =
                "an edit saves, logs and stops nothing: it is not a run, but done in every later one";
            return Err(Diagnostic::new(Code::NoEdit, message).at(statement.at.clone()));
        }
        let mut trace = trace;
        spec.resolve(&mut trace);
        let steps = trace.generation.as_ref().map(|sampling| sampling.max_new_tokens);
        let mut recorder = Recorder::edit(spec.clone(), limits.clone(), steps, trace.invokes[0].at.clone());
        let all = 0..trace.statements.len();
        recorder.replay(&mut Replay::of_finished(&trace), all, &|_, site| (0, site))?;
        let rows = recorder.rows(0).clone();
        let trace = recorder.finish();
        check_order(&trace, spec, &rows, limits)?;
        let split::Parts { weights, used, effects } = split::split(&trace)?;
        Ok(Edit { trace, weights, used, effects })
    }

    /// The edit as written.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// What is computed once: a trace without invokes, whose `set` statements say what weights become, the
    /// last of each path, and whose other values are for [`Edit::effects`].
    pub fn weights(&self) -> &Trace {
        &self.weights
    }

    /// The values of [`Edit::weights`] that the effects use.
    pub fn used(&self) -> &[ValueId] {
        &self.used
    }

    /// What is done in each invoke, given the values of [`Edit::used`] in their order; `None` if that is
    /// nothing.
    pub fn effects(&self, used: Vec<Constant>) -> Option<Trace> {
        let mut effects = self.effects.clone();
        effects.constants.extend(used);
        (!effects.statements.is_empty()).then_some(effects)
    }

    /// Paths of the weights that it writes.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.weights.statements.iter().filter_map(|s| match &s.kind {
            Kind::SetParameter { path, .. } => Some(path.as_str()),
            _ => None,
        })
    }
}

/// A trace with effects before its own statements, the first ones first, in each of its invokes and at
/// each of their steps.
///
/// # Errors
/// An effect that does not fit an invoke, at the line of its edit.
pub fn with_effects<'e>(
    effects: impl IntoIterator<Item = &'e Trace>,
    trace: Trace,
    spec: &Arc<ModelSpec>,
    limits: &Limits,
) -> Result<Trace> {
    let mut recorder = Recorder::new(spec.clone(), limits.clone());
    if let Some(sampling) = &trace.generation {
        recorder.generate(sampling.clone(), None)?;
    }
    for Invoke { prompts, at } in &trace.invokes {
        recorder.invoke(prompts.clone(), at.clone())?;
    }
    for effect in effects {
        let in_pass = trace.generation.is_none().then(|| split::without_generator(effect));
        let effect = in_pass.as_ref().unwrap_or(effect);
        let most = effect.generation.as_ref().map_or(usize::MAX, |sampling| sampling.max_new_tokens);
        let mut replay = Replay::of(effect);
        for (invoke, Invoke { at, .. }) in trace.invokes.iter().enumerate() {
            for step in 0..recorder.rows(invoke).steps.min(most) {
                let place = |_, site: Site| (invoke, Site { step: step as u32, ..site });
                let replayed = recorder.replay(&mut replay, 0..effect.statements.len(), &place);
                replayed.map_err(|d| in_this_trace(d, &recorder, invoke, step, at))?;
            }
        }
    }
    let mut trace = trace;
    spec.resolve(&mut trace);
    let all = 0..trace.statements.len();
    recorder.replay(&mut Replay::of_finished(&trace), all, &|invoke, site| (invoke, site))?;
    Ok(Trace { model: trace.model, ..recorder.finish() })
}

/// Says of what is wrong with an edit where it is.
fn in_this_trace(
    d: Diagnostic,
    recorder: &Recorder,
    invoke: InvokeId,
    step: usize,
    at: &Option<Loc>,
) -> Diagnostic {
    let rows = recorder.rows(invoke);
    let lengths = rows.at(step);
    let place = at.as_ref().map(|at| format!(" of {at}")).unwrap_or_default();
    let of = if rows.continues { format!(" at step {step} of the generation") } else { String::new() };
    let first = if step > 0 { "; `model.edit(steps=1)` is for the prompt only" } else { "" };
    let help = format!(
        "the edit does not fit the invoke{place}{of}, where values are of [{}, {}] tokens{first}",
        lengths.b, lengths.s
    );
    Diagnostic { help: Some(help), ..d }
}
