//! Running a checked trace.

use pellucid_graph::{CheckedTrace, Cost, Kind, Limits, PassPlan, check_session, plan};

use crate::batch::Batch;
use crate::interleave::{Interleaver, Values};
use crate::meter::{Meter, metered};
use crate::pass::Halt;
use crate::steps::Follower as _;
use crate::{Cancel, Error, Event, Model, Observer, Tensor, steps};

/// The saved values of a run, by name, in the order saved.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    values: Vec<(String, Tensor)>,
    absent: Vec<Absent>,
    meter: Meter,
}

/// A value that does not exist, since the generation ended before a step that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// What it was to be saved as.
    pub name: String,
    /// The step that was not made.
    pub step: usize,
}

impl Saved {
    /// The value saved under a name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.values.iter().find(|(n, _)| n == name).map(|(_, t)| t)
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.values.iter().map(|(n, t)| (n.as_str(), t))
    }

    /// Names and values, owned.
    pub fn into_vec(self) -> Vec<(String, Tensor)> {
        self.values
    }

    /// What was to be saved and does not exist.
    pub fn absent(&self) -> &[Absent] {
        &self.absent
    }

    /// What the run took.
    pub fn meter(&self) -> Meter {
        self.meter
    }
}

/// Runs a checked trace inside the model's forward pass.
///
/// # Errors
/// [`Error::Trace`] for what only shows while running (an index tensor out of range, a loop that goes
/// on) and for a trace beyond the limit on `flops`, [`Error::Cancelled`].
pub fn execute(model: &Model, checked: &CheckedTrace, cancel: &Cancel) -> Result<Saved, Error> {
    execute_observed(model, checked, cancel, &mut |_| {})
}

/// The same, telling `observer` of each event when it happens.
///
/// # Errors
/// As [`execute`].
pub fn execute_observed<'a>(
    model: &'a Model,
    checked: &'a CheckedTrace,
    cancel: &'a Cancel,
    observer: &'a mut Observer<'a>,
) -> Result<Saved, Error> {
    run(model, checked, &[], cancel, observer)
}

/// Runs the traces of a session one after the other; each may use what earlier ones have saved.
/// `observer` is told of each event with the number of its trace.
///
/// # Errors
/// As [`execute`], and what [`check_session`] objects to.
pub fn execute_session(
    traces: &[(&Model, &CheckedTrace)],
    cancel: &Cancel,
    observer: &mut dyn FnMut(usize, Event),
) -> Result<Vec<Saved>, Error> {
    check_session(&traces.iter().map(|(_, checked)| *checked).collect::<Vec<_>>())?;
    let mut earlier = Vec::with_capacity(traces.len());
    for (i, (model, checked)) in traces.iter().enumerate() {
        let saved = run(model, checked, &earlier, cancel, &mut |event| observer(i, event))?;
        earlier.push(saved);
    }
    Ok(earlier)
}

fn run<'a>(
    model: &'a Model,
    checked: &'a CheckedTrace,
    earlier: &'a [Saved],
    cancel: &'a Cancel,
    observer: &'a mut Observer<'a>,
) -> Result<Saved, Error> {
    let (saved, meter) = metered(|| run_plan(model, checked, earlier, cancel, observer));
    Ok(Saved { meter, ..saved? })
}

fn run_plan<'a>(
    model: &'a Model,
    checked: &'a CheckedTrace,
    earlier: &'a [Saved],
    cancel: &'a Cancel,
    observer: &'a mut Observer<'a>,
) -> Result<Saved, Error> {
    let plan = plan(checked);
    Limits::hold("flops", Cost::of(checked, &plan).flops, checked.limits().flops)?;
    let mut values = Values::new(model, checked, cancel, observer).after(earlier);
    values.compute(&plan.before)?;
    for pass in &plan.passes {
        match &checked.trace().generation {
            None => run_pass(&mut values, pass)?,
            Some(sampling) => steps::run(&mut values, pass, sampling)?,
        }
    }
    let mut saved = Saved::default();
    for statement in &checked.trace().statements {
        let Kind::Save { name, value } = &statement.kind else { continue };
        match values.missing(*value) {
            Some(step) => saved.absent.push(Absent { name: name.clone(), step }),
            None => saved.values.push((name.clone(), values.get(*value)?.compact())),
        }
    }
    Ok(saved)
}

fn run_pass(values: &mut Values<'_>, plan: &PassPlan) -> Result<(), Error> {
    let (model, cancel, checked) = (values.machine.model, values.machine.cancel, values.checked);
    let ids = pass_ids(checked, plan);
    let batch = Batch::new(plan.invokes.iter().flat_map(|i| checked.rows(*i).lengths.iter().copied()));
    let entries = plan.steps.first().map_or(&[][..], |step| step);
    let (mut interleaver, watched) = Interleaver::new(values, entries, &plan.invokes);
    let mut pass = model.pass(&batch, &watched, cancel).watch(&mut interleaver);
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use pellucid_graph::{Limits, check, text};

    use super::*;
    use crate::Options;
    use crate::pass::{Flow, Node, PointId, Seen, WatchSet, Watcher};

    /// Sees every site that a pass comes to, and passes on what the interleaver watches.
    struct Counting<'v, 'a> {
        inner: Interleaver<'v, 'a>,
        visits: usize,
    }

    impl Watcher for Counting<'_, '_> {
        fn visit(&mut self, node: &Node, point: PointId, value: &mut Seen<'_>, batch: &Batch) -> Flow<()> {
            self.visits += 1;
            self.inner.visit(node, point, value, batch)
        }
    }

    /// Sites that the pass of a trace on the tiny llama comes to.
    fn visits(model: &Model, lines: &str) -> usize {
        let limits = Limits::default();
        let trace = text::parse(&format!("pellucid 2\ninvoke 0 ids [1, 2]\n{lines}"), "run.trace", &limits);
        let checked = check(trace.unwrap(), model.spec(), &limits).unwrap();
        let (plan, cancel) = (plan(&checked), Cancel::new());
        let mut nobody = |_| {};
        let mut values = Values::new(model, &checked, &cancel, &mut nobody);
        let pass = &plan.passes[0];
        let batch = Batch::new(pass.invokes.iter().flat_map(|i| checked.rows(*i).lengths.iter().copied()));
        let (inner, _) = Interleaver::new(&mut values, &pass.steps[0], &pass.invokes);
        let mut counting = Counting { inner, visits: 0 };
        let everything = WatchSet::all(model.n_modules());
        let ids = pass_ids(&checked, &plan.passes[0]);
        let ended = model.forward(&mut model.pass(&batch, &everything, &cancel).watch(&mut counting), ids);
        assert!(matches!(ended, Err(Halt::Done)), "{lines}");
        counting.visits
    }

    #[test]
    fn nothing_after_the_last_site_that_is_needed_runs() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tiny/llama");
        let model = Model::open(folder, &Options::default(), &mut |_| {}).unwrap();
        for (i, site) in model.spec().sites.iter().enumerate() {
            let dot = if site.path.is_empty() { "" } else { "." };
            let save = format!("%0 = read 0 {}{dot}{}\nsave \"x\" %0\n", site.path, site.point);
            assert_eq!(visits(&model, &save), i + 1, "{}{dot}{}", site.path, site.point);
            // Neither a write nor a read that no result depends on makes the pass longer.
            let later = "%1 = read 0 output\n%2 = mul %1 0.0\nwrite 0 output %2\n";
            assert_eq!(visits(&model, &(save + later)), i + 1, "{}{dot}{}", site.path, site.point);
        }
    }
}
