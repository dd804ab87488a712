//! Backward passes of a trace: which values are watched for them, and what is done on the way back.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use pellucid_graph::{CheckedTrace, Code, DType, Diagnostic, Kind, ValueId};

use super::Values;
use crate::grad::pull;
use crate::{Error, Tensor};

/// What a trace's backward passes want.
#[derive(Default)]
pub(super) struct Backward {
    /// Values whose gradient is asked for.
    watched: HashSet<ValueId>,
    /// For each backward pass what is wanted in it.
    passes: HashMap<ValueId, Vec<Wanted>>,
    /// The statement that makes each value; empty without backward passes.
    makers: Vec<usize>,
}

/// A value in a backward pass.
struct Wanted {
    of: ValueId,
    /// The gradient as it arrives, if it is asked for.
    gradient: Option<(ValueId, usize)>,
    /// What it becomes, by the statement that was written last.
    set: Option<ValueId>,
}

impl Backward {
    pub fn of(checked: &CheckedTrace) -> Backward {
        let statements = &checked.trace().statements;
        let mut backward = Backward::default();
        if !statements.iter().any(|s| matches!(s.kind, Kind::Backward { .. })) {
            return backward;
        }
        for (i, statement) in statements.iter().enumerate() {
            backward.makers.extend(std::iter::repeat_n(i, statement.kind.n_values()));
            let (Kind::Gradient { pass, of } | Kind::SetGradient { pass, of, .. }) = &statement.kind else {
                continue;
            };
            backward.watched.insert(*of);
            let wanted = backward.passes.entry(*pass).or_default();
            let known = wanted.iter().position(|w| w.of == *of).unwrap_or_else(|| {
                wanted.push(Wanted { of: *of, gradient: None, set: None });
                wanted.len() - 1
            });
            match &statement.kind {
                Kind::SetGradient { value, .. } => wanted[known].set = Some(*value),
                _ => wanted[known].gradient = Some((checked.first_value(i), i)),
            }
        }
        backward
    }

    /// Whether the gradient of a value is asked for.
    pub fn watches(&self, v: ValueId) -> bool {
        !self.watched.is_empty() && self.watched.contains(&v)
    }
}

impl Values<'_> {
    /// Reads in an order in which those come first whose gradient is asked for: others read what they pass on.
    pub(super) fn watched_first<'r>(&self, reads: &'r [usize]) -> Cow<'r, [usize]> {
        if self.backward.watched.is_empty() || reads.len() < 2 {
            return Cow::Borrowed(reads);
        }
        let watched = |i: &&usize| self.backward.watches(self.checked.first_value(**i));
        let (mut first, then): (Vec<usize>, Vec<usize>) = reads.iter().partition(watched);
        first.extend(then);
        Cow::Owned(first)
    }

    /// Whether what a statement makes is there already: it was needed on the way back.
    pub(super) fn is_computed(&self, i: usize) -> bool {
        let n = self.checked.statement(i).kind.n_values();
        !self.backward.makers.is_empty()
            && n > 0
            && self.values[self.checked.first_value(i).index()].is_some()
    }

    /// Runs the backward pass of statement `i`: afterwards its gradients are values.
    pub(super) fn backward(&mut self, i: usize) -> Result<(), Error> {
        let checked = self.checked;
        let pass = checked.first_value(i);
        let Kind::Backward { outputs, seeds, create_graph } = &checked.statement(i).kind else {
            return Err(Error::internal("no backward pass"));
        };
        let mut from = Vec::with_capacity(outputs.len());
        for (k, v) in outputs.iter().enumerate() {
            let y = self.get(*v)?.clone();
            let seed = match seeds.get(k) {
                Some(seed) => accumulated(self.get(*seed)?, &y)?,
                None => accumulated(&Tensor::new(vec![1.0f32; y.numel()], y.shape()), &y)?,
            };
            from.push((y, seed));
        }
        // A pass is there for as long as its gradients are asked for: a value of its first output's type.
        self.values[pass.index()] = from.first().map(|(y, _)| y.detached());
        let wanted = self.backward.passes.remove(&pass).unwrap_or_default();
        let mut targets: Vec<(&Wanted, Tensor)> = Vec::new();
        for want in &wanted {
            // A gradient that nobody uses may be of a value that was not computed.
            if let Ok(value) = self.get(want.of) {
                targets.push((want, value.clone()));
            }
        }
        let mut reached = vec![false; targets.len()];
        let cancel = self.machine.cancel;
        let tensors: Vec<&Tensor> = targets.iter().map(|(_, t)| t).collect();
        let of: Vec<&Wanted> = targets.iter().map(|(want, _)| *want).collect();
        pull(from, &tensors, *create_graph, cancel, &mut |k, grad| {
            reached[k] = true;
            let grad = if *create_graph { grad } else { grad.detached() };
            if let Some((v, _)) = of[k].gradient {
                self.set(v, grad.clone())?;
            }
            let Some(value) = of[k].set else { return Ok(grad) };
            self.need(value, of[k].of)?;
            let value = self.get(value)?;
            Ok(if *create_graph { value.clone() } else { value.detached() })
        })?;
        for (want, reached) in of.iter().zip(reached) {
            if let (Some((_, statement)), false) = (want.gradient, reached) {
                let message =
                    "the value has no gradient: what `backward` starts from was not computed from it";
                let at = checked.statement(statement).at.clone();
                return Err(Diagnostic::new(Code::NoGradient, message).at(at).into());
            }
        }
        Ok(())
    }

    /// Computes a value on the way back, and what it is made of.
    fn need(&mut self, v: ValueId, of: ValueId) -> Result<(), Error> {
        let mut left = vec![v];
        while let Some(&v) = left.last() {
            if self.values[v.index()].is_some() {
                left.pop();
                continue;
            }
            let i = self.backward.makers[v.index()];
            let statement = self.checked.statement(i);
            let fail = |message: &str| {
                let diagnostic = Diagnostic::new(Code::NeedsLaterValue, message);
                Err(diagnostic.at(statement.at.clone()).into())
            };
            if let Kind::Gradient { .. } = &statement.kind {
                return fail(&format!(
                    "the gradient of `{of}` is written with another that comes later on the way back"
                ));
            }
            let mut missing = Vec::new();
            statement.kind.for_each_input(|v| {
                if self.values[v.index()].is_none() {
                    missing.push(v);
                }
            });
            if missing.is_empty() {
                self.compute(&[i])?;
                if self.values[v.index()].is_none() {
                    return fail("a gradient is written with a value that is not there");
                }
            }
            left.extend(missing);
        }
        Ok(())
    }
}

/// A gradient in the dtype that gradients of `y` have.
fn accumulated(seed: &Tensor, y: &Tensor) -> Result<Tensor, Error> {
    let dtype = if y.dtype() == DType::F64 { DType::F64 } else { DType::F32 };
    Ok(crate::ops::cast(&seed.detached(), dtype))
}
