//! Edits on a model: weights computed once, effects put before every trace.
//!
//! The edited model is another handle. It shares every weight that the edit leaves alone with the
//! model it was made from, which stays as it is.

use std::collections::HashMap;

use pellucid_graph::{CheckedTrace, Constant, Edit, Kind, Limits, Trace, ValueId, check, with_effects};

use crate::compute::Machine;
use crate::parameter::Holder;
use crate::{Cancel, Error, Model, Tensor};

/// An edit that a model has.
pub struct Applied {
    edit: Edit,
    /// With the numbers that it uses; `None` if it only changes weights.
    effects: Option<Trace>,
}

impl Applied {
    /// The edit as written.
    pub fn edit(&self) -> &Edit {
        &self.edit
    }

    /// What it does in each invoke of a trace.
    pub fn effects(&self) -> Option<&Trace> {
        self.effects.as_ref()
    }
}

impl Model {
    /// The model with one more edit, whose weights are computed now.
    ///
    /// # Errors
    /// [`Error::Trace`] for what is wrong with the edit, at its line; [`Error::Load`] for weights that
    /// cannot be read; [`Error::Cancelled`].
    pub fn edited(&self, trace: Trace, limits: &Limits, cancel: &Cancel) -> Result<Model, Error> {
        let edit = Edit::new(trace, self.spec(), limits)?;
        let (changed, mut used) = self.computed(&edit, limits, cancel)?;
        let constant = |v: &ValueId| {
            let value = used.remove(v).ok_or_else(|| Error::internal(format!("value {v} was not kept")))?;
            Ok::<_, Error>(Constant { ty: value.ty(), data: value.as_bytes().into() })
        };
        let constants = edit.used().iter().map(constant).collect::<Result<_, _>>()?;
        let model = if changed.is_empty() { self.clone() } else { self.with_holders(changed)? };
        let effects = edit.effects(constants);
        Ok(model.with_applied(Applied { edit, effects }))
    }

    /// Whether edits do something in each run; those of weights alone do not.
    pub fn has_effects(&self) -> bool {
        self.edits().iter().any(|edit| edit.effects.is_some())
    }

    /// Checks a trace against this model, with the effects of its edits before the trace's own statements.
    ///
    /// # Errors
    /// What is wrong with the trace, or with an edit that does not fit it.
    pub fn check(&self, trace: Trace, limits: &Limits) -> Result<CheckedTrace, Error> {
        let effects: Vec<&Trace> = self.edits().iter().filter_map(|edit| edit.effects()).collect();
        let trace = match effects.is_empty() {
            true => trace,
            false => with_effects(effects, trace, self.spec(), limits)?,
        };
        Ok(check(trace, self.spec(), limits)?)
    }

    /// The weights that an edit makes, and the values that its effects use. A value is dropped after its
    /// last use, so that no more weights are widened at once than the edit needs.
    fn computed(
        &self,
        edit: &Edit,
        limits: &Limits,
        cancel: &Cancel,
    ) -> Result<(Vec<Holder>, HashMap<ValueId, Tensor>), Error> {
        let checked = check(edit.weights().clone(), self.spec(), limits)?;
        let machine = Machine::new(self, &checked, cancel);
        let last = last_uses(&checked, edit.used());
        let mut values: HashMap<ValueId, Tensor> = HashMap::new();
        let mut changed = Vec::new();
        for (i, statement) in checked.trace().statements.iter().enumerate() {
            let made = machine.compute(statement, |v| values.get(&v))?;
            let first = checked.first_value(i).0;
            values.extend((first..).map(ValueId).zip(made));
            if let Kind::SetParameter { path, value } = &statement.kind
                && let Some(numbers) = values.get(value)
            {
                changed.extend(self.holders(path, numbers)?);
            }
            values.retain(|v, _| last[v.index()] > i);
        }
        Ok((changed, values))
    }
}

/// For each value the last statement that uses it; those that are kept are used by none.
fn last_uses(checked: &CheckedTrace, kept: &[ValueId]) -> Vec<usize> {
    let mut last = vec![0; checked.types().len()];
    for (i, statement) in checked.trace().statements.iter().enumerate() {
        statement.kind.for_each_input(|v| last[v.index()] = i);
    }
    kept.iter().for_each(|v| last[v.index()] = usize::MAX);
    last
}
