//! A block that is recorded once and stands for several steps of a generation: what it recorded for the
//! first is recorded again for each of the others.
//!
//! A tensor of before the block that the block writes is carried from step to step, as in a loop. A
//! site of the first step that was read before the block is, at another step, that step's.

use std::collections::HashSet;

use super::replay::Replay;
use super::storage::ViewStep;
use super::{Handle, Recorder};
use crate::{InvokeId, Kind, Result, Site, Trace, ValueId};

/// Where a block begins.
#[derive(Clone, Debug)]
pub struct Mark {
    statements: usize,
    handles: usize,
    /// The value of each storage.
    storages: Vec<ValueId>,
    /// What stood at sites of the block's step.
    sites: Vec<(InvokeId, Site, ValueId)>,
    /// Views of storages: which, the way to them, their values.
    views: Vec<(usize, Vec<ViewStep>, ValueId)>,
}

/// A block that has ended.
pub struct Block {
    mark: Mark,
    step: u32,
    source: Trace,
    /// Storages of before that were written, with their values before and after.
    carried: Vec<(usize, ValueId, ValueId)>,
    /// First values of tensors of before that became values in the block.
    adopted: HashSet<ValueId>,
    wanted: Vec<ValueId>,
}

impl Recorder {
    /// Remembers that a block begins whose statements are of `step`.
    pub fn mark(&self, step: u32) -> Mark {
        let at_step = self.sites.iter().filter(|((_, site), _)| site.step == step);
        let value = |handle: &Handle| self.storages.root(*handle);
        Mark {
            statements: self.trace.statements.len(),
            handles: self.storages.n_handles(),
            storages: self.storages.values(),
            views: self.storages.views(),
            sites: at_step.map(|((invoke, site), h)| (*invoke, site.clone(), value(h))).collect(),
        }
    }

    /// Ends a block, whose handles can be used no more. `adopted` are constants that it has made to write
    /// to them: they are of before. `wanted` are handles of it whose values are asked for at each step.
    ///
    /// # Errors
    /// Too many statements.
    pub fn block(&mut self, mark: Mark, step: u32, adopted: &[Handle], wanted: &[Handle]) -> Result<Block> {
        let wanted = wanted.iter().map(|h| self.value(*h, None)).collect::<Result<Vec<_>>>()?;
        self.storages.end_within(mark.handles);
        let of_site: HashSet<ValueId> = mark.sites.iter().map(|(_, _, value)| *value).collect();
        let now = self.storages.values();
        let changed = mark.storages.iter().zip(&now).enumerate();
        let firsts: Vec<(usize, ValueId)> = adopted.iter().map(|h| self.storages.first(*h)).collect();
        let new = firsts.iter().map(|(i, first)| (*i, *first, now[*i]));
        let mut carried: Vec<_> = changed
            .filter(|(_, (before, now))| before != now && !of_site.contains(before))
            .map(|(i, (before, now))| (i, *before, *now))
            .collect();
        carried.extend(new);
        let adopted = firsts.into_iter().map(|(_, first)| first).collect();
        Ok(Block { mark, step, source: self.trace.clone(), carried, adopted, wanted })
    }

    /// A handle of a block, to be used after it: it stands for what it was at the block's own step.
    pub fn renewed(&mut self, handle: Handle) -> Handle {
        self.storages.alias(handle)
    }

    /// Records a block's statements once more, for another step; gives what stands there for what was
    /// wanted of it. What the block saved is not saved again.
    ///
    /// # Errors
    /// What is wrong with a statement at that step, at its own line.
    pub fn repeat(&mut self, block: &Block, step: u32) -> Result<Vec<Handle>> {
        let Block { mark, source, .. } = block;
        let mut replay = Replay::of_own(source);
        for (i, before, _) in &block.carried {
            replay.know(*before, self.storages.values()[*i]);
        }
        let mut used = used_from_before(source, mark.statements);
        used.extend(&block.wanted);
        for (invoke, site, value) in mark.sites.iter().filter(|(_, _, value)| used.contains(value)) {
            let there = self.read(*invoke, Site { step, ..site.clone() }, None)?;
            let there = self.value(there, None)?;
            replay.know(*value, there);
        }
        for (storage, steps, value) in mark.views.iter().filter(|(_, _, value)| used.contains(value)) {
            let mut there = replay.value(mark.storages[*storage]);
            if there == mark.storages[*storage] {
                continue; // neither written nor of the step's sites
            }
            for view in steps {
                there = self.push(view.apply(there), None)?[0];
            }
            replay.know(*value, there);
        }
        let first = source.first_values();
        let place = |invoke: InvokeId, site: Site| match site.step == block.step {
            true => (invoke, Site { step, ..site }),
            false => (invoke, site),
        };
        for (i, statement) in source.statements.iter().enumerate().skip(mark.statements) {
            let is_adopted = block.adopted.contains(&first[i]);
            let again = match &statement.kind {
                Kind::Save { .. } => false,
                Kind::Constant { .. } => !is_adopted,
                _ => true,
            };
            if again {
                self.replay(&mut replay, i..i + 1, &place)?;
            }
        }
        for (i, _, after) in &block.carried {
            self.storages.set(*i, replay.value(*after));
        }
        let values: Vec<ValueId> = block.wanted.iter().map(|v| replay.value(*v)).collect();
        Ok(values.into_iter().map(|v| self.storages.fresh(v)).collect())
    }
}

/// Values made before a statement that it or a later one uses.
fn used_from_before(source: &Trace, first: usize) -> HashSet<ValueId> {
    let made = source.statements[..first].iter().map(|s| s.kind.n_values() as u32).sum();
    let mut used = HashSet::new();
    for statement in &source.statements[first..] {
        statement.kind.for_each_input(|v| {
            if v.0 < made {
                used.insert(v);
            }
        });
    }
    used
}
