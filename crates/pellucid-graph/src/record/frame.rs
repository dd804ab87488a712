//! A function while it is recorded: its own values, and those of outside that it captures.
//!
//! A capture becomes a parameter. Until the function ends nobody knows how many there will be, so a
//! capture takes a number where it is met, and all are renumbered at the end: parameters first.

use std::collections::HashMap;

use crate::{Function, Loc, Statement, TensorType, ValueId};

/// Who is being recorded: 0 is the trace itself, functions count up and never come back.
pub(super) type FrameId = u32;

/// What a function may use of what is around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Its parameters only.
    Parameters,
    /// Values around it too: they become parameters.
    Around,
}

/// A function in the making.
pub(super) struct Frame {
    pub id: FrameId,
    pub name: String,
    pub reach: Reach,
    pub types: Vec<TensorType>,
    /// The same for other prompts, while an edit is recorded.
    pub other_types: Vec<TensorType>,
    /// Values of the constants it uses.
    pub constants: HashMap<usize, ValueId>,
    pub at: Option<Loc>,
    n_params: usize,
    lines: Vec<Line>,
    captured: HashMap<ValueId, ValueId>,
}

enum Line {
    /// A value of the frame around this one.
    Capture(ValueId),
    Statement(Statement),
}

impl Frame {
    /// A function of parameters of these types; of `others` for other prompts.
    pub fn new(
        id: FrameId,
        name: String,
        reach: Reach,
        params: &[TensorType],
        others: Vec<TensorType>,
        at: Option<Loc>,
    ) -> Frame {
        Frame {
            id,
            name,
            reach,
            types: params.to_vec(),
            other_types: others,
            constants: HashMap::new(),
            at,
            n_params: params.len(),
            lines: Vec::new(),
            captured: HashMap::new(),
        }
    }

    /// The number here of a value of the frame around.
    pub fn capture(&mut self, outer: ValueId, ty: &TensorType, other: Option<TensorType>) -> ValueId {
        *self.captured.entry(outer).or_insert_with(|| {
            self.lines.push(Line::Capture(outer));
            self.types.push(ty.clone());
            self.other_types.extend(other);
            ValueId(self.types.len() as u32 - 1)
        })
    }

    pub fn push(&mut self, statement: Statement) {
        self.lines.push(Line::Statement(statement));
    }

    /// The types of the parameters for other prompts, in the order that [`finish`](Self::finish) gives them.
    pub fn other_params(&self) -> Vec<TensorType> {
        let captures = self.lines.iter().filter_map(Line::captured);
        let captured = captures.filter_map(|v| self.other_types.get(self.captured[&v].index()));
        self.other_types.iter().take(self.n_params).chain(captured).cloned().collect()
    }

    /// The function, and the values around it that it takes after its own parameters.
    pub fn finish(self, results: &[ValueId]) -> (Function, Vec<ValueId>) {
        let captures: Vec<ValueId> = self.lines.iter().filter_map(Line::captured).collect();
        let mut renumbered: Vec<ValueId> = (0..self.n_params as u32).map(ValueId).collect();
        let (mut next_capture, mut next) = (self.n_params, self.n_params + captures.len());
        for line in &self.lines {
            let (counter, n) = match line {
                Line::Capture(_) => (&mut next_capture, 1),
                Line::Statement(s) => (&mut next, s.kind.n_values()),
            };
            renumbered.extend((*counter..*counter + n).map(|i| ValueId(i as u32)));
            *counter += n;
        }
        let number = &mut |v: ValueId| renumbered[v.index()];
        let mut params = self.types[..self.n_params].to_vec();
        params.extend(captures.iter().map(|v| self.types[self.captured[v].index()].clone()));
        let results = results.iter().map(|v| number(*v)).collect();
        let mut body = Vec::new();
        for line in self.lines {
            if let Line::Statement(s) = line {
                body.push(Statement { kind: s.kind.map_values(number), at: s.at });
            }
        }
        (Function { name: self.name, params, body, results, at: self.at }, captures)
    }
}

impl Line {
    fn captured(&self) -> Option<ValueId> {
        match self {
            Line::Capture(v) => Some(*v),
            Line::Statement(_) => None,
        }
    }
}
