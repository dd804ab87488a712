//! The watcher of a walk, in its thread: stops where it was asked to, and does there what it was told.

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::{Receiver, SyncSender};

use pellucid_graph::{DType, Loc, Order, When};

use super::walk::{Answer, Ask, Change, Goal, Kept};
use crate::batch::{Batch, Layout};
use crate::pass::{Flow, Halt, Node, PointId, Seen, Watcher};
use crate::precision::Precision;
use crate::steps::Follower;
use crate::{Cancel, Error, Model, Tensor};

pub(super) struct Guide<'a> {
    model: &'a Model,
    cancel: &'a Cancel,
    asked: Receiver<Ask>,
    answer: SyncSender<Answer>,
    goal: Goal,
    step: usize,
    /// What an edit wrote where the run stands: its cells before a prompt's start are not in the pass.
    written: Option<Tensor>,
    writes: HashMap<When, (Tensor, Option<Loc>)>,
    /// What modules give that do not run, by step and module.
    skips: HashMap<(usize, usize), Tensor>,
    keep: HashSet<When>,
    kept: Kept,
    /// Token ids that were written: the one kind of value that a module can object to.
    ids: Vec<(String, Tensor, Option<Loc>)>,
}

impl<'a> Guide<'a> {
    /// One that has nothing to do until it has [waited](Self::wait) for it.
    pub fn new(
        model: &'a Model,
        asked: Receiver<Ask>,
        answer: SyncSender<Answer>,
        cancel: &'a Cancel,
    ) -> Guide<'a> {
        Guide {
            model,
            cancel,
            asked,
            answer,
            goal: Goal::Step(0),
            step: 0,
            written: None,
            writes: HashMap::new(),
            skips: HashMap::new(),
            keep: HashSet::new(),
            kept: Vec::new(),
            ids: Vec::new(),
        }
    }

    /// Waits for what to do next; [`Halt::Done`] when that is nothing.
    pub fn wait(&mut self) -> Flow<()> {
        let Ok(Ask { goal, changes, keep }) = self.asked.recv() else { return Err(Halt::Done) };
        self.goal = goal;
        self.keep.extend(keep);
        for change in changes {
            match change {
                Change::Write { when, value, at } => drop(self.writes.insert(when, (value, at))),
                Change::Skip { when, value } => {
                    let site = self.model.site(when.order);
                    self.skips.extend(site.map(|(node, _)| ((when.step, node), value)));
                }
            }
        }
        Ok(())
    }

    /// Where in a pass a point is visited.
    pub fn order(&self, node: &Node, point: PointId) -> Option<Order> {
        self.model.order(node.id, point)
    }

    /// Says what an edit has written at the site that the run comes to next.
    pub fn stands_there(&mut self, written: Option<Tensor>) {
        self.written = written;
    }

    /// A step begins.
    pub fn begin(&mut self, step: usize) -> Flow<()> {
        self.step = step;
        match self.goal {
            Goal::Step(wanted) if wanted <= step => {
                let kept = std::mem::take(&mut self.kept);
                self.stop(Answer::Step(kept))
            }
            _ => Ok(()),
        }
    }

    /// The run has ended; what a generation has made is there at a place of its own.
    pub fn rest(&mut self, result: Option<(When, Tensor)>) -> Flow<()> {
        loop {
            let kept = std::mem::take(&mut self.kept);
            let answer = match (self.goal, &result) {
                (Goal::Site(when), Some((at, ids))) if when == *at => Answer::At(ids.clone(), kept),
                _ => Answer::NotMade(kept),
            };
            self.stop(answer)?;
        }
    }

    /// Answers and waits.
    fn stop(&mut self, answer: Answer) -> Flow<()> {
        self.answer.send(answer).map_err(|_| Halt::Done)?;
        self.wait()
    }
}

impl Follower for Guide<'_> {
    fn reach(&mut self, order: Order, value: &mut Seen<'_>, batch: &Batch) -> Flow<()> {
        self.cancel.check()?;
        let (when, rows) = (When { step: self.step, order }, 0..batch.sequences().len());
        let written = self.written.take();
        let shown = |value: &Seen<'_>| match &written {
            Some(written) => written.clone(),
            None => self.model.precision().shown(batch.take(&rows, value.layout, value.x, value.fill)),
        };
        if self.keep.contains(&when) {
            self.kept.push((when, shown(value)));
        }
        if matches!(self.goal, Goal::Site(wanted) if wanted == when) {
            let answer = Answer::At(shown(value), std::mem::take(&mut self.kept));
            self.stop(answer)?;
        }
        if let Some((written, at)) = self.writes.remove(&when) {
            batch.put(&rows, value.layout, value.x, &Precision::taken(&written));
            value.written = true;
            if written.dtype() == DType::I64 {
                self.ids.push((self.model.spec().at(order).path.clone(), written, at));
            }
        }
        Ok(())
    }

    fn blame(&mut self, e: Error) -> Error {
        let objects = |(path, ids, _): &&(String, Tensor, Option<Loc>)| {
            matches!(self.model.apply(path, ids.clone(), self.cancel), Err(Error::Trace(_)))
        };
        let at = self.ids.iter().find(objects).and_then(|(_, _, at)| at.clone());
        e.at(at.as_ref())
    }

    fn wrote_ids(&self) -> Option<Loc> {
        self.ids.last().and_then(|(_, _, at)| at.clone())
    }
}

impl Watcher for Guide<'_> {
    fn visit(&mut self, node: &Node, point: PointId, value: &mut Seen<'_>, batch: &Batch) -> Flow<()> {
        match self.model.order(node.id, point) {
            Some(order) => self.reach(order, value, batch),
            None => Ok(()),
        }
    }

    /// Every row is the one invoke's, so a module that is skipped does not run.
    fn skip_all(&mut self, node: &Node, layout: Layout, batch: &Batch) -> Option<Tensor> {
        let value = self.skips.remove(&(self.step, node.id))?;
        let shape = batch.packed_shape(layout, value.shape());
        let mut packed = Tensor::new(vec![0.0f32; shape.iter().product()], shape);
        batch.put(&(0..batch.sequences().len()), layout, &mut packed, &value);
        Some(packed)
    }
}
