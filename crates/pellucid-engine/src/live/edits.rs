//! What edits of a model do in a live run: planned as in any trace, done at each site before the rest.

use pellucid_graph::{CheckedTrace, Invoke, Limits, Order, PassPlan, Sampling, Trace, plan_whole};

use super::guide::Guide;
use crate::batch::{Batch, Layout};
use crate::interleave::{Interleaver, Values};
use crate::pass::{Flow, Node, PointId, Seen, Watcher};
use crate::steps::Follower;
use crate::{Error, Model, Tensor};

/// The effects of a model's edits for some prompts, as a trace of their own.
///
/// # Errors
/// An edit that does not fit the prompts.
pub(super) fn effects(
    model: &Model,
    prompts: &[Vec<u32>],
    generation: Option<Sampling>,
) -> Result<Option<(CheckedTrace, PassPlan, Vec<usize>)>, Error> {
    if !model.has_effects() {
        return Ok(None);
    }
    let prompts = prompts.iter().map(|ids| pellucid_graph::Prompt::ids(ids.clone())).collect();
    let trace = Trace { generation, invokes: vec![Invoke { prompts, at: None }], ..Trace::default() };
    let checked = model.check(trace, &Limits::default())?;
    let plan = plan_whole(&checked);
    let pass = plan.passes.into_iter().next().unwrap_or_default();
    Ok(Some((checked, pass, plan.before)))
}

/// A step of a live run, with the edits of the model.
pub(super) struct Edited<'g, 'm, 'v, 'a> {
    edits: Option<Interleaver<'v, 'a>>,
    guide: &'g mut Guide<'m>,
}

impl<'g, 'm, 'v, 'a> Edited<'g, 'm, 'v, 'a> {
    /// The step with this number.
    pub fn at_step(
        edits: Option<(&'v mut Values<'a>, &'v PassPlan)>,
        guide: &'g mut Guide<'m>,
        step: usize,
    ) -> Edited<'g, 'm, 'v, 'a> {
        let edits = edits.map(|(values, plan)| {
            let entries = plan.steps.get(step).map_or(&[][..], |step| step);
            Interleaver::new(values, entries, &[0]).0.at_step(step, true)
        });
        Edited { edits, guide }
    }
}

impl Follower for Edited<'_, '_, '_, '_> {
    fn reach(&mut self, order: Order, value: &mut Seen<'_>, batch: &Batch) -> Flow<()> {
        if let Some(edits) = &mut self.edits {
            edits.reach(order, value, batch)?;
            self.guide.stands_there(edits.written_at(order).cloned());
        }
        self.guide.reach(order, value, batch)
    }

    fn blame(&mut self, e: Error) -> Error {
        let e = self.guide.blame(e);
        match &mut self.edits {
            Some(edits) => edits.blame(e),
            None => e,
        }
    }

    fn wrote_ids(&self) -> Option<pellucid_graph::Loc> {
        self.guide.wrote_ids().or_else(|| self.edits.as_ref()?.wrote_ids())
    }
}

impl Watcher for Edited<'_, '_, '_, '_> {
    fn visit(&mut self, node: &Node, point: PointId, value: &mut Seen<'_>, batch: &Batch) -> Flow<()> {
        match self.guide.order(node, point) {
            Some(order) => self.reach(order, value, batch),
            None => Ok(()),
        }
    }

    /// What the trace itself gives counts, whatever an edit has given.
    fn skip_all(&mut self, node: &Node, layout: Layout, batch: &Batch) -> Option<Tensor> {
        let edited = self.edits.as_mut().and_then(|edits| {
            let mut y = edits.skip_all(node, layout, batch)?;
            edits.skip_rows(node, layout, &mut y, batch);
            Some(y)
        });
        self.guide.skip_all(node, layout, batch).or(edited)
    }
}
