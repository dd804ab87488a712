//! The order of a trace: which invokes share a pass, and what can never be ordered.
//!
//! A write at site A needs every value it is made from before A. Within one pass that holds when
//! each was read at or before A. Another invoke's later value is had by running that invoke in an
//! earlier pass; an invoke's own later value cannot be had.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use super::types::is_result;
use super::{Rows, When};
use crate::spec::{GENERATOR, display_path};
use crate::{Code, Diagnostic, InvokeId, Kind, Limits, ModelSpec, Point, Result, Site, Trace, ValueId};

/// Latest site, per invoke, that a value was made from; shared by all values made from the same.
type Needs = Rc<BTreeMap<InvokeId, (When, usize)>>;

/// When a statement acts.
pub(in crate::check) fn place(
    kind: &Kind,
    spec: &ModelSpec,
    rows: &[Rows],
) -> Result<Option<(InvokeId, When)>> {
    let when = |invoke: &InvokeId, site: &Site| {
        let step = match is_result(site) {
            true => rows.get(*invoke).map_or(0, |rows| rows.steps),
            false => site.step as usize,
        };
        Ok(Some((*invoke, When { step, order: spec.site(site)?.0 })))
    };
    match kind {
        Kind::Read { invoke, site } | Kind::Write { invoke, site, .. } => when(invoke, site),
        Kind::Skip { invoke, module, step, .. } => {
            when(invoke, &Site { step: *step, ..Site::new(module.clone(), Point::Input) })
        }
        _ => Ok(None),
    }
}

/// Gives every invoke its pass.
pub(super) fn passes(
    trace: &Trace,
    spec: &ModelSpec,
    rows: &[Rows],
    first: &[ValueId],
    limits: &Limits,
) -> Result<Vec<usize>> {
    skipped_sites(trace)?;
    stopped_sites(trace, spec, rows)?;
    let mut needs: Vec<Needs> = Vec::new();
    let mut edges: Vec<Edge> = Vec::new();
    let mut held = 0;
    for (i, statement) in trace.statements.iter().enumerate() {
        let fail = |d: Diagnostic| d.at(statement.at.clone());
        let mut mine = gather(&statement.kind, &needs, &mut held);
        match (&statement.kind, place(&statement.kind, spec, rows)?) {
            (Kind::Read { .. }, Some((invoke, when))) => {
                mine = Rc::new(BTreeMap::from([(invoke, (when, i))]));
            }
            (Kind::Write { .. } | Kind::Skip { .. }, Some((invoke, when))) => {
                let user = User { statement: i, invoke, when };
                edges.extend(user.edges(&mine, trace).map_err(fail)?);
            }
            _ => {}
        }
        if let Kind::SetGradient { pass, value, .. } = &statement.kind {
            let later = |(invoke, (when, _)): &(&InvokeId, &(When, usize))| {
                needs[pass.index()].get(invoke).is_none_or(|(has, _)| has < when)
            };
            if let Some((_, (_, read))) = needs[value.index()].iter().find(later) {
                return Err(fail(needs_later(trace, *read, "cannot write a gradient")));
            }
        }
        Limits::hold("dependencies", held + edges.len(), limits.dependencies).map_err(fail)?;
        debug_assert_eq!(first[i].index(), needs.len());
        needs.extend(std::iter::repeat_n(mine, statement.kind.n_values()));
    }
    solve(trace, &edges)
}

/// What a statement's inputs need together. Counts in `held` what is newly kept.
fn gather(kind: &Kind, needs: &[Needs], held: &mut usize) -> Needs {
    let mut mine = Needs::default();
    kind.for_each_input(|v| {
        let other = &needs[v.index()];
        if covers(&mine, other) {
            return;
        }
        if covers(other, &mine) {
            mine = other.clone();
            return;
        }
        let merged = Rc::make_mut(&mut mine);
        for (&invoke, &(when, by)) in other.iter() {
            let slot = merged.entry(invoke).or_insert((when, by));
            if when > slot.0 {
                *slot = (when, by);
            }
        }
    });
    if Rc::strong_count(&mine) == 1 {
        *held += mine.len();
    }
    mine
}

/// True when everything that `b` needs is had once what `a` needs is.
fn covers(a: &Needs, b: &Needs) -> bool {
    let has =
        |(invoke, (when, _)): (&InvokeId, &(When, usize))| a.get(invoke).is_some_and(|(w, _)| w >= when);
    Rc::ptr_eq(a, b) || (a.len() >= b.len() && b.iter().all(has))
}

/// `after` runs in the same pass as `before` or a later one; strictly later where `strict`.
struct Edge {
    before: InvokeId,
    after: InvokeId,
    strict: bool,
    statement: usize,
}

struct User {
    statement: usize,
    invoke: InvokeId,
    when: When,
}

impl User {
    fn edges(&self, needs: &Needs, trace: &Trace) -> Result<Vec<Edge>> {
        let edge = |(&before, &(when, read)): (&InvokeId, &(When, usize))| {
            if before == self.invoke && when > self.when {
                return Err(self.own_future(trace, read));
            }
            let strict = when > self.when;
            Ok(Edge { before, after: self.invoke, strict, statement: self.statement })
        };
        needs.iter().map(edge).collect()
    }

    fn own_future(&self, trace: &Trace, read: usize) -> Diagnostic {
        let (verb, place) = match &trace.statements[self.statement].kind {
            Kind::Write { site, .. } => ("write", site.to_string()),
            Kind::Skip { module, .. } => ("skip", module.clone()),
            _ => ("use", String::new()),
        };
        needs_later(trace, read, &format!("cannot {verb} `{place}`"))
    }
}

/// What cannot be done since the value for it comes later.
fn needs_later(trace: &Trace, read: usize, cannot: &str) -> Diagnostic {
    let later = match &trace.statements[read].kind {
        Kind::Read { site, .. } => site.to_string(),
        _ => String::new(),
    };
    let message = format!("{cannot}: the value needs `{later}`, which the model computes later");
    let line = match &trace.statements[read].at {
        Some(at) => format!("`{later}` is read at {at}; "),
        None => String::new(),
    };
    let help = format!("{line}read it in another invoke of the same prompt, which then runs first");
    Diagnostic::new(Code::NeedsLaterValue, message).help(help)
}

/// Longest-path layering: it settles within as many rounds as there are invokes, unless they form a circle.
fn solve(trace: &Trace, edges: &[Edge]) -> Result<Vec<usize>> {
    let n = trace.invokes.len();
    let mut pass = vec![0usize; n];
    let mut last = None;
    for _ in 0..=n {
        let mut changed = None;
        for e in edges {
            let want = pass[e.before] + usize::from(e.strict);
            if pass[e.after] < want {
                pass[e.after] = want;
                changed = Some(e.statement);
            }
        }
        let Some(statement) = changed else { return Ok(pass) };
        last = Some(statement);
    }
    let message = "the invokes need each other's later values in a circle";
    let at = last.and_then(|statement| trace.statements[statement].at.clone());
    Err(Diagnostic::new(Code::CyclicInvokes, message).at(at))
}

/// A site inside a skipped module is never visited for that invoke, at that step.
fn skipped_sites(trace: &Trace) -> Result<()> {
    let skips: HashSet<(InvokeId, u32, &str)> = trace
        .statements
        .iter()
        .filter_map(|s| match &s.kind {
            Kind::Skip { invoke, module, step, .. } => Some((*invoke, *step, module.as_str())),
            _ => None,
        })
        .collect();
    for s in &trace.statements {
        let (invoke, step, path, place, inner) = match &s.kind {
            Kind::Read { invoke, site } | Kind::Write { invoke, site, .. } => {
                (*invoke, site.step, &site.path, site.to_string(), matches!(site.point, Point::Tap(_)))
            }
            Kind::Skip { invoke, module, step, .. } => (*invoke, *step, module, module.clone(), false),
            _ => continue,
        };
        let own = inner.then_some(path.as_str());
        let mut around = own.into_iter().chain(parents(path));
        if path == GENERATOR {
            continue; // it takes the model's output, whatever stands for it
        }
        if let Some(module) = around.find(|m| skips.contains(&(invoke, step, *m))) {
            let message = format!("`{place}` does not run: this invoke skips `{}`", display_path(module));
            return Err(Diagnostic::new(Code::SkippedSite, message).at(s.at.clone()));
        }
    }
    Ok(())
}

/// The modules that hold this one, the nearest first, the whole model last.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    let above = |path: &str| path.rfind('.').unwrap_or(0);
    std::iter::successors(Some(path), move |p| (!p.is_empty()).then(|| &p[..above(p)])).skip(1)
}

/// After `stop`, nothing later than the sites mentioned before it may be read.
fn stopped_sites(trace: &Trace, spec: &ModelSpec, rows: &[Rows]) -> Result<()> {
    let mut last: Option<When> = None;
    let mut stopped = false;
    for s in &trace.statements {
        match (&s.kind, place(&s.kind, spec, rows)?) {
            (Kind::Stop, _) => stopped = true,
            (_, Some((_, when))) if !stopped => last = last.max(Some(when)),
            (Kind::Read { site, .. }, Some((_, when))) if Some(when) > last => {
                let message = format!("`{site}` is computed after the place where this trace stops");
                return Err(Diagnostic::new(Code::AfterStop, message).at(s.at.clone()));
            }
            _ => {}
        }
    }
    Ok(())
}
