//! The order of a trace: which invokes share a pass, and what can never be ordered.
//!
//! A write at site A needs every value it is made from before A. Within one pass that holds when
//! each was read at or before A. Another invoke's later value is had by running that invoke in an
//! earlier pass; an invoke's own later value cannot be had.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use crate::spec::display_path;
use crate::{
    Code, Diagnostic, InvokeId, Kind, Limits, ModelSpec, Order, Point, Result, Site, Trace, ValueId,
};

/// Latest site, per invoke, that a value was made from; shared by all values made from the same.
type Needs = Rc<BTreeMap<InvokeId, (Order, usize)>>;

/// Where a statement acts.
pub(super) fn place(kind: &Kind, spec: &ModelSpec) -> Result<Option<(InvokeId, Order)>> {
    Ok(match kind {
        Kind::Read { invoke, site } | Kind::Write { invoke, site, .. } => Some((*invoke, spec.site(site)?.0)),
        Kind::Skip { invoke, module, .. } => {
            Some((*invoke, spec.site(&Site::new(module.clone(), Point::Input))?.0))
        }
        _ => None,
    })
}

/// Gives every invoke its pass.
pub(super) fn passes(
    trace: &Trace,
    spec: &ModelSpec,
    first: &[ValueId],
    limits: &Limits,
) -> Result<Vec<usize>> {
    skipped_sites(trace)?;
    stopped_sites(trace, spec)?;
    let mut needs: Vec<Needs> = Vec::new();
    let mut edges: Vec<Edge> = Vec::new();
    let mut held = 0;
    for (i, statement) in trace.statements.iter().enumerate() {
        let fail = |d: Diagnostic| d.at(statement.at.clone());
        let mut mine = gather(&statement.kind, &needs, &mut held);
        match (&statement.kind, place(&statement.kind, spec)?) {
            (Kind::Read { .. }, Some((invoke, order))) => {
                mine = Rc::new(BTreeMap::from([(invoke, (order, i))]));
            }
            (Kind::Write { .. } | Kind::Skip { .. }, Some((invoke, order))) => {
                let user = User { statement: i, invoke, order };
                edges.extend(user.edges(&mine, trace).map_err(fail)?);
            }
            _ => {}
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
        for (&invoke, &(order, by)) in other.iter() {
            let slot = merged.entry(invoke).or_insert((order, by));
            if order > slot.0 {
                *slot = (order, by);
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
        |(invoke, (order, _)): (&InvokeId, &(Order, usize))| a.get(invoke).is_some_and(|(o, _)| o >= order);
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
    order: Order,
}

impl User {
    fn edges(&self, needs: &Needs, trace: &Trace) -> Result<Vec<Edge>> {
        let edge = |(&before, &(order, read)): (&InvokeId, &(Order, usize))| {
            if before == self.invoke && order > self.order {
                return Err(self.own_future(trace, read));
            }
            let strict = order > self.order;
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
        let later = match &trace.statements[read].kind {
            Kind::Read { site, .. } => site.to_string(),
            _ => String::new(),
        };
        let message =
            format!("cannot {verb} `{place}`: the value needs `{later}`, which the model computes later");
        let diagnostic = Diagnostic::new(Code::NeedsLaterValue, message);
        let line = match &trace.statements[read].at {
            Some(at) => format!("`{later}` is read at {at}; "),
            None => String::new(),
        };
        diagnostic.help(format!("{line}read it in another invoke of the same prompt, which then runs first"))
    }
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

/// A site inside a skipped module is never visited for that invoke.
fn skipped_sites(trace: &Trace) -> Result<()> {
    let skips: HashSet<(InvokeId, &str)> = trace
        .statements
        .iter()
        .filter_map(|s| match &s.kind {
            Kind::Skip { invoke, module, .. } => Some((*invoke, module.as_str())),
            _ => None,
        })
        .collect();
    for s in &trace.statements {
        let (invoke, path, place, inner) = match &s.kind {
            Kind::Read { invoke, site } | Kind::Write { invoke, site, .. } => {
                (*invoke, &site.path, site.to_string(), matches!(site.point, Point::Tap(_)))
            }
            Kind::Skip { invoke, module, .. } => (*invoke, module, module.clone(), false),
            _ => continue,
        };
        let own = inner.then_some(path.as_str());
        if let Some(module) = own.into_iter().chain(parents(path)).find(|m| skips.contains(&(invoke, *m))) {
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
fn stopped_sites(trace: &Trace, spec: &ModelSpec) -> Result<()> {
    let mut last: Option<Order> = None;
    let mut stopped = false;
    for s in &trace.statements {
        match (&s.kind, place(&s.kind, spec)?) {
            (Kind::Stop, _) => stopped = true,
            (_, Some((_, order))) if !stopped => last = last.max(Some(order)),
            (Kind::Read { site, .. }, Some((_, order))) if Some(order) > last => {
                let message = format!("`{site}` is computed after the place where this trace stops");
                return Err(Diagnostic::new(Code::AfterStop, message).at(s.at.clone()));
            }
            _ => {}
        }
    }
    Ok(())
}
