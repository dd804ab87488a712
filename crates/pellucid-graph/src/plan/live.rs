//! Which statements a saved or logged value depends on.
//!
//! A read is needed when its value is. A write is needed when something of its own invoke is read
//! beyond its site (rows of different invokes never meet inside a pass) and no later statement
//! writes the same site again. A gradient needs what changes gradients in its backward pass. Needing a write can need a later read, which makes more writes
//! needed, and so on until nothing is left to follow.

use std::collections::HashMap;

use crate::{CheckedTrace, InvokeId, Kind, Site, ValueId, When};

/// For each statement, whether it takes part.
pub(super) fn live(checked: &CheckedTrace) -> Vec<bool> {
    let statements = &checked.trace().statements;
    let makers = makers(checked);
    let mut writes = last_writes(checked);
    let mut live = vec![false; statements.len()];
    let mut edits: HashMap<ValueId, Vec<usize>> = HashMap::new();
    for (i, s) in statements.iter().enumerate() {
        if let Kind::SetGradient { pass, .. } = s.kind {
            edits.entry(pass).or_default().push(i);
        }
    }
    let seen = |kind: &Kind| matches!(kind, Kind::Save { .. } | Kind::Log { .. });
    let mut needed: Vec<usize> = (0..statements.len()).filter(|i| seen(&statements[*i].kind)).collect();
    while let Some(i) = needed.pop() {
        if std::mem::replace(&mut live[i], true) {
            continue;
        }
        let kind = &statements[i].kind;
        if let (Kind::Read { .. }, Some((invoke, when))) = (kind, checked.when(i)) {
            let waiting = &mut writes[invoke];
            while waiting.last().is_some_and(|(at, _)| *at < when) {
                needed.extend(waiting.pop().map(|(_, write)| write));
            }
        }
        kind.for_each_input(|v| needed.push(makers[v.index()]));
        if let Kind::Gradient { pass, .. } = kind {
            needed.extend(edits.get(pass).into_iter().flatten());
        }
    }
    live
}

/// The statement that makes each value.
fn makers(checked: &CheckedTrace) -> Vec<usize> {
    let statements = checked.trace().statements.iter().enumerate();
    statements.flat_map(|(i, s)| std::iter::repeat_n(i, s.kind.n_values())).collect()
}

/// For each invoke the last write of each site and the last skip of each module in written order,
/// those the model comes to last first.
fn last_writes(checked: &CheckedTrace) -> Vec<Vec<(When, usize)>> {
    let mut last: HashMap<(InvokeId, &Site), usize> = HashMap::new();
    let mut skips: HashMap<(InvokeId, u32, &str), usize> = HashMap::new();
    for (i, s) in checked.trace().statements.iter().enumerate() {
        match &s.kind {
            Kind::Write { invoke, site, .. } => {
                last.insert((*invoke, site), i);
            }
            Kind::Skip { invoke, module, step, .. } => {
                skips.insert((*invoke, *step, module), i);
            }
            _ => {}
        }
    }
    let mut found = vec![Vec::new(); checked.trace().invokes.len()];
    for i in last.into_values().chain(skips.into_values()) {
        if let Some((invoke, when)) = checked.when(i) {
            found[invoke].push((when, i));
        }
    }
    found.iter_mut().for_each(|writes| writes.sort_unstable_by(|a, b| b.cmp(a)));
    found
}
