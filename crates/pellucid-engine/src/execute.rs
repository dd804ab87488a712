//! Running a checked trace.

use pellucid_graph::{CheckedTrace, Kind, PassPlan, plan};

use crate::interleave::{Interleaver, Values};
use crate::pass::{Halt, Pass};
use crate::{Cancel, Error, Model, Tensor};

/// The saved values of a run, by name, in the order saved.
#[derive(Clone, Debug, Default)]
pub struct Saved(Vec<(String, Tensor)>);

impl Saved {
    /// The value saved under a name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, t)| t)
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.0.iter().map(|(n, t)| (n.as_str(), t))
    }

    /// Names and values, owned.
    pub fn into_vec(self) -> Vec<(String, Tensor)> {
        self.0
    }
}

/// Runs a checked trace inside the model's forward pass.
///
/// # Errors
/// [`Error::Trace`] for what only shows while running (an index tensor out of range),
/// [`Error::Cancelled`].
pub fn execute(model: &Model, checked: &CheckedTrace, cancel: &Cancel) -> Result<Saved, Error> {
    let plan = plan(checked);
    let mut values = Values::new(model, checked, cancel);
    values.compute(&plan.before)?;
    for pass in &plan.passes {
        run_pass(&mut values, pass)?;
    }
    let save = |kind: &Kind| match kind {
        Kind::Save { name, value } => Some(values.get(*value).map(|t| (name.clone(), t.compact()))),
        _ => None,
    };
    let saved = checked.trace().statements.iter().filter_map(|s| save(&s.kind));
    Ok(Saved(saved.collect::<Result<_, _>>()?))
}

fn run_pass(values: &mut Values<'_>, plan: &PassPlan) -> Result<(), Error> {
    let (model, cancel) = (values.model, values.cancel);
    let ids = pass_ids(values.checked, plan);
    let (mut interleaver, watched, batch) = Interleaver::new(values, plan);
    let mut pass = Pass::new(&batch, &watched, cancel).watch(&mut interleaver);
    match model.forward(&mut pass, ids) {
        Ok(_) | Err(Halt::Done) => interleaver.finish(),
        Err(Halt::Error(e)) => Err(interleaver.blame(e)),
    }
}

/// The token ids of a pass's invokes, one after the other. // [t]
fn pass_ids(checked: &CheckedTrace, plan: &PassPlan) -> Tensor {
    let prompts = plan.invokes.iter().flat_map(|i| &checked.trace().invokes[*i].prompts);
    let ids: Vec<i64> = prompts.flat_map(|p| p.ids.iter().flatten()).map(|id| i64::from(*id)).collect();
    let t = ids.len();
    Tensor::new(ids, [t])
}
