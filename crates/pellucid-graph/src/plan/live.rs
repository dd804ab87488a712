//! Which statements a saved value depends on.
//!
//! A read is needed when its value is. A write is needed when the pass goes on beyond its site and
//! no later statement writes the same site again. Needing a write can prolong a pass, which can make
//! more writes needed: repeat until nothing changes.

use std::collections::HashMap;

use crate::{CheckedTrace, InvokeId, Kind, Order, Site};

/// For each statement, whether it takes part.
pub(super) fn live(checked: &CheckedTrace) -> Vec<bool> {
    let statements = &checked.trace().statements;
    let makers = makers(checked);
    let n_passes = 1 + (0..checked.trace().invokes.len()).map(|i| checked.pass_of(i)).max().unwrap_or(0);
    let mut state =
        State { checked, makers, live: vec![false; statements.len()], last: vec![None; n_passes] };
    for (i, s) in statements.iter().enumerate() {
        if matches!(s.kind, Kind::Save { .. }) {
            state.need(i);
        }
    }
    let last_writes = last_writes(checked);
    loop {
        let waiting = |i: &&usize| !state.live[**i] && state.reaches(**i);
        let Some(&i) = last_writes.iter().find(waiting) else { return state.live };
        state.need(i);
    }
}

struct State<'a> {
    checked: &'a CheckedTrace,
    makers: Vec<usize>,
    live: Vec<bool>,
    last: Vec<Option<Order>>,
}

impl State<'_> {
    fn need(&mut self, statement: usize) {
        let mut stack = vec![statement];
        while let Some(i) = stack.pop() {
            if std::mem::replace(&mut self.live[i], true) {
                continue;
            }
            let kind = &self.checked.statement(i).kind;
            if let (Kind::Read { .. }, Some((invoke, order))) = (kind, self.checked.order_of(i)) {
                let last = &mut self.last[self.checked.pass_of(invoke)];
                *last = (*last).max(Some(order));
            }
            kind.for_each_input(|v| stack.push(self.makers[v.index()]));
        }
    }

    /// True when the pass of this write or skip goes on beyond it.
    fn reaches(&self, i: usize) -> bool {
        let Some((invoke, order)) = self.checked.order_of(i) else { return false };
        self.last[self.checked.pass_of(invoke)] > Some(order)
    }
}

/// The statement that makes each value.
fn makers(checked: &CheckedTrace) -> Vec<usize> {
    let statements = checked.trace().statements.iter().enumerate();
    statements.flat_map(|(i, s)| std::iter::repeat_n(i, s.kind.n_values())).collect()
}

/// The last write of each site and the last skip of each module, per invoke, in written order.
fn last_writes(checked: &CheckedTrace) -> Vec<usize> {
    let mut last: HashMap<(InvokeId, &Site), usize> = HashMap::new();
    let mut skips: HashMap<(InvokeId, &str), usize> = HashMap::new();
    for (i, s) in checked.trace().statements.iter().enumerate() {
        match &s.kind {
            Kind::Write { invoke, site, .. } => {
                last.insert((*invoke, site), i);
            }
            Kind::Skip { invoke, module, .. } => {
                skips.insert((*invoke, module), i);
            }
            _ => {}
        }
    }
    let mut found: Vec<usize> = last.into_values().chain(skips.into_values()).collect();
    found.sort_unstable();
    found
}
