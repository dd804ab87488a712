//! A checked trace laid along the forward pass: what to read, compute, write and drop at each site.
//!
//! Only what a saved value needs is in the plan. The last entry of a pass is where the pass ends:
//! nothing after it is computed.

mod live;

use std::collections::{BTreeMap, BTreeSet};

use crate::{CheckedTrace, InvokeId, Kind, Order, ValueId, When};

/// How a checked trace runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Statements whose values need no site: constants and what is made from them alone.
    pub before: Vec<usize>,
    /// Passes over the model, in order.
    pub passes: Vec<PassPlan>,
    /// Writes and skips that no saved value depends on; they do not run.
    pub unused: Vec<usize>,
}

/// One pass over the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PassPlan {
    /// The invokes whose rows take part.
    pub invokes: Vec<InvokeId>,
    /// For each step what to do at watched sites, in the order they are visited; nothing after the last
    /// entry of the last step is run. One step unless prompts are continued; what is done with the tokens
    /// of a whole generation is a step after all that it may make.
    pub steps: Vec<Vec<Entry>>,
}

impl PassPlan {
    /// The entries of all steps.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.steps.iter().flatten()
    }
}

/// What to do at one site, in this order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// The site.
    pub order: Order,
    /// Reads whose value is taken here.
    pub reads: Vec<usize>,
    /// Statements that can be computed now.
    pub compute: Vec<usize>,
    /// Writes of this site.
    pub writes: Vec<usize>,
    /// Skips of the module that this site is the input of.
    pub skips: Vec<usize>,
    /// Values not needed any more.
    pub drops: Vec<ValueId>,
}

/// When something happens: pass, then step and site. `None` is before the first pass.
type Time = Option<(usize, When)>;

/// Plans a checked trace.
pub fn plan(checked: &CheckedTrace) -> Plan {
    lay(checked, &live::live(checked))
}

/// Plans a checked trace of which everything is done and kept, whether a result depends on it or not.
pub fn plan_whole(checked: &CheckedTrace) -> Plan {
    let mut plan = lay(checked, &vec![true; checked.trace().statements.len()]);
    let entries = plan.passes.iter_mut().flat_map(|pass| pass.steps.iter_mut().flatten());
    entries.for_each(|entry| entry.drops.clear());
    plan
}

/// Lays the statements that are `live` along the passes.
fn lay(checked: &CheckedTrace, live: &[bool]) -> Plan {
    let mut times: Vec<Time> = Vec::new();
    let mut last_use: BTreeMap<ValueId, Time> = BTreeMap::new();
    let mut entries: BTreeMap<(usize, When), Entry> = BTreeMap::new();
    let mut plan = Plan::default();
    for (i, statement) in checked.trace().statements.iter().enumerate() {
        let kind = &statement.kind;
        let ready = inputs_ready(kind, &times);
        let here = checked.when(i).map(|(invoke, when)| (checked.pass_of(invoke), when));
        let time = here.or(ready);
        times.extend(std::iter::repeat_n(time, kind.n_values()));
        if !live[i] {
            if matches!(kind, Kind::Write { .. } | Kind::Skip { .. }) {
                plan.unused.push(i);
            }
            continue;
        }
        kind.for_each_input(|v| {
            let slot = last_use.entry(v).or_insert(time);
            *slot = (*slot).max(time);
        });
        let first = checked.first_value(i).0;
        last_use.extend((0..kind.n_values() as u32).map(|k| (ValueId(first + k), time)));
        let Some(t) = time else {
            if kind.n_values() > 0 || matches!(kind, Kind::Log { .. }) {
                plan.before.push(i);
            }
            continue;
        };
        let entry = entries.entry(t).or_insert_with(|| Entry { order: t.1.order, ..Entry::default() });
        match kind {
            Kind::Read { .. } => entry.reads.push(i),
            Kind::Write { .. } => entry.writes.push(i),
            Kind::Skip { .. } => entry.skips.push(i),
            Kind::Save { .. } | Kind::Stop => {}
            _ => entry.compute.push(i),
        }
    }
    place_drops(checked, &last_use, &mut entries);
    plan.passes = gather_passes(checked, entries);
    plan
}

fn inputs_ready(kind: &Kind, times: &[Time]) -> Time {
    let mut ready: Time = None;
    kind.for_each_input(|v| ready = ready.max(times[v.index()]));
    ready
}

fn place_drops(
    checked: &CheckedTrace,
    last_use: &BTreeMap<ValueId, Time>,
    entries: &mut BTreeMap<(usize, When), Entry>,
) {
    let mut kept = std::collections::HashSet::new();
    for s in &checked.trace().statements {
        if let Kind::Save { value, .. } = &s.kind {
            kept.insert(*value);
        }
    }
    for (v, time) in last_use {
        if let (Some(t), false) = (time, kept.contains(v))
            && let Some(entry) = entries.get_mut(t)
        {
            entry.drops.push(*v);
        }
    }
}

fn gather_passes(checked: &CheckedTrace, entries: BTreeMap<(usize, When), Entry>) -> Vec<PassPlan> {
    let mut passes: BTreeMap<usize, PassPlan> = BTreeMap::new();
    for ((pass, when), entry) in entries {
        let steps = &mut passes.entry(pass).or_default().steps;
        steps.resize_with(steps.len().max(when.step + 1), Vec::new);
        steps[when.step].push(entry);
    }
    for pass in passes.values_mut() {
        let statements = pass.entries().flat_map(|e| e.reads.iter().chain(&e.writes).chain(&e.skips));
        let touched = statements.filter_map(|i| checked.when(*i)).map(|(invoke, _)| invoke);
        pass.invokes = touched.collect::<BTreeSet<_>>().into_iter().collect();
    }
    passes.into_values().collect()
}
