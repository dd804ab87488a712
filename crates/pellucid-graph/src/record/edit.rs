//! Edits while they are recorded: what is done for any prompt, before anybody knows which.
//!
//! Each statement is typed twice, for two numbers of prompts of two lengths. A statement that fits one
//! and not the other, or makes values of another kind, depends on the prompt, and is an error at the
//! user's line. A length that is not the same for both is not known, as one that depends on elements.

use std::sync::Arc;

use super::{Handle, Recorder};
use crate::check::{Rows, Scope, Signature, check_function, infer_statement};
use crate::{Code, Diagnostic, Function, Invoke, Kind, Limits, Loc, ModelSpec, Result, Sampling, TensorType};

/// Tokens of each prompt that an edit is recorded for, and of each it is checked for too; unlike any
/// width, so that axes cannot be mistaken for each other.
const LENGTHS: [usize; 2] = [61, 53];
/// How many prompts there are.
const PROMPTS: [usize; 2] = [2, 3];

/// The same statements for other prompts.
#[derive(Default)]
pub(super) struct Shadow {
    rows: Vec<Rows>,
    types: Vec<TensorType>,
    signatures: Vec<Signature>,
}

impl Recorder {
    /// Starts an edit: a trace of one invoke, number 0, that stands for every invoke of later traces, at
    /// every step of a generation or at the first `steps` ones.
    pub fn edit(spec: Arc<ModelSpec>, limits: Limits, steps: Option<usize>, at: Option<Loc>) -> Recorder {
        let n_ctx = spec.n_ctx;
        // Of a generation, so that what a step makes of logits is there too.
        let continues = !spec.generator.is_empty();
        let mut recorder = Recorder::new(spec, limits);
        let lengths = |i: usize| vec![LENGTHS[i].min(n_ctx - i.min(n_ctx / 2)); PROMPTS[i]];
        let rows = |i: usize| Rows { lengths: lengths(i), steps: 1, continues };
        recorder.trace.generation = steps.map(Sampling::greedy);
        recorder.trace.invokes.push(Invoke { prompts: Vec::new(), at });
        recorder.rows.push(rows(0));
        recorder.shadow = Some(Shadow { rows: vec![rows(1)], ..Shadow::default() });
        recorder
    }

    /// Whether an edit is recorded.
    pub fn is_edit(&self) -> bool {
        self.shadow.is_some()
    }

    /// The axes of what a handle stands for whose lengths are not known: a bit for each.
    pub fn open_axes(&self, handle: Handle) -> u64 {
        let ty = self.type_of(handle);
        let Some(other) = self.other_type_of(handle) else { return ty.open };
        let differs = |i: &usize| ty.shape[*i] != other.shape[*i];
        (0..ty.rank().min(other.rank())).filter(differs).fold(ty.open | other.open, |bits, i| bits | 1 << i)
    }

    /// The type for other prompts of what a handle stands for.
    pub(super) fn other_type_of(&self, handle: Handle) -> Option<TensorType> {
        let value = self.storages.last_value(handle).index();
        let types = match self.storages.frame_of(handle) {
            0 => &self.shadow.as_ref()?.types,
            id => &self.frames.iter().find(|f| f.id == id)?.other_types,
        };
        types.get(value).cloned()
    }

    /// Types for other prompts of the values at a depth; none where no edit is recorded.
    pub(super) fn other_types_at(&self, depth: usize) -> &[TensorType] {
        match depth.checked_sub(1) {
            None => self.shadow.as_ref().map_or(&[], |s| &s.types),
            Some(i) => &self.frames[i].other_types,
        }
    }

    /// Notes the types for other prompts of what a statement has made.
    pub(super) fn add_other_types(&mut self, depth: usize, made: Vec<TensorType>) {
        match (depth.checked_sub(1), &mut self.shadow) {
            (None, Some(shadow)) => shadow.types.extend(made),
            (Some(i), _) => self.frames[i].other_types.extend(made),
            (None, None) => {}
        }
    }

    /// What a statement makes for other prompts.
    pub(super) fn made_for_others(
        &self,
        depth: usize,
        kind: &Kind,
        made: &[TensorType],
    ) -> Result<Vec<TensorType>> {
        self.made_among_others(kind, made, self.other_types_at(depth))
    }

    /// The same, of values whose types for other prompts are given.
    pub(super) fn made_among_others(
        &self,
        kind: &Kind,
        made: &[TensorType],
        types: &[TensorType],
    ) -> Result<Vec<TensorType>> {
        let Some(shadow) = &self.shadow else { return Ok(Vec::new()) };
        let others = infer_statement(kind, self.scope_for_others(shadow), types);
        let others = others.map_err(|d| self.depends(shadow, &d.message))?;
        let same = |(a, b): (&TensorType, &TensorType)| a.dtype == b.dtype && a.rank() == b.rank();
        match made.len() == others.len() && made.iter().zip(&others).all(same) {
            true => Ok(others),
            false => Err(self.depends(shadow, "it makes values of another kind")),
        }
    }

    pub(super) fn add_function_for_others(
        &mut self,
        function: &Function,
        params: Vec<TensorType>,
    ) -> Result<()> {
        let Some(shadow) = &self.shadow else { return Ok(()) };
        let other = Function { params, ..function.clone() };
        let checked = check_function(&other, self.scope_for_others(shadow), &self.limits);
        let signature = checked.map_err(|d| self.depends(shadow, &d.message).at(d.at))?;
        if let Some(shadow) = &mut self.shadow {
            shadow.signatures.push(signature);
        }
        Ok(())
    }

    fn scope_for_others<'a>(&'a self, shadow: &'a Shadow) -> Scope<'a> {
        Scope {
            spec: &self.spec,
            constants: &self.trace.constants,
            rows: &shadow.rows,
            functions: &shadow.signatures,
        }
    }

    /// Says of an error in an edit which prompts its shapes are of.
    pub(super) fn in_edit(&self, d: Diagnostic) -> Diagnostic {
        let is_of_shapes = matches!(d.code, Code::ShapeMismatch | Code::IndexOutOfRange | Code::BadArgument);
        match (&self.shadow, &d.help) {
            (Some(_), None) if is_of_shapes => d.help(format!(
                "an edit is for prompts of any number and length: these shapes are those of {} of {} tokens",
                PROMPTS[0],
                self.rows[0].s()
            )),
            _ => d,
        }
    }

    pub(super) fn not_in_edit(&self, verb: &str, at: &Option<Loc>) -> Result<()> {
        if self.shadow.is_none() {
            return Ok(());
        }
        let message = format!("an edit {verb}: it is not a run, but what is done in every later one");
        let help = "do it in a trace of the edited model";
        Err(Diagnostic::new(Code::NoEdit, message).help(help).at(at.clone()))
    }

    fn depends(&self, shadow: &Shadow, why: &str) -> Diagnostic {
        let message = format!(
            "an edit cannot depend on how many prompts there are or how long they are: \
             with {} of {} tokens instead of {} of {}, {why}",
            shadow.rows[0].b(),
            shadow.rows[0].s(),
            self.rows[0].b(),
            self.rows[0].s()
        );
        let help = "count positions from the end or name none (`[:, -1]`, `[:]`), lengths as -1";
        Diagnostic::new(Code::PromptInEdit, message).help(help)
    }
}
