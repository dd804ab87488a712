//! Random programs of views and writes give what shared memory gives.

mod fixture;
mod interpreter;

use fixture::{arg, counting, op, recorder};
use interpreter::{Array, apply, run};
use pellucid_graph::{Arg, Handle, IndexItem, Recorder, Slice, ValueId};
use proptest::prelude::*;

/// A tensor as memory has it: for every element, the cell it lies in.
struct Cells {
    handle: Handle,
    cells: Array,
}

#[derive(Clone, Debug)]
enum Step {
    /// A view of one of the tensors so far: which, and how.
    View(usize, u8, i64, i64),
    /// All of a tensor multiplied in place.
    Times(usize),
    /// A place of a tensor set to a number.
    Set(usize, i64, i64),
    /// A copy, which is memory of its own.
    Clone(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..64usize;
    prop_oneof![
        4 => (which.clone(), 0..6u8, 0..6i64, 0..6i64).prop_map(|(t, k, i, j)| Step::View(t, k, i, j)),
        2 => which.clone().prop_map(Step::Times),
        2 => (which.clone(), 0..6i64, 0..6i64).prop_map(|(t, i, j)| Step::Set(t, i, j)),
        1 => which.prop_map(Step::Clone),
    ]
}

/// A view that every tensor of this shape has.
fn view(kind: u8, i: i64, j: i64, shape: &[usize]) -> (&'static str, Vec<Arg>) {
    let rank = shape.len() as i64;
    let numel = shape.iter().product::<usize>() as i64;
    let first = shape.first().map_or(1, |n| *n as i64).max(1);
    let slice = IndexItem::Slice(Slice { start: Some(i % first), stop: None, step: Some(1 + j % 2) });
    match kind {
        0 if rank > 0 && shape[0] > 0 => ("index", vec![Arg::Index(vec![IndexItem::Int(i % first)])]),
        1 if rank > 0 => ("index", vec![Arg::Index(vec![slice, IndexItem::Ellipsis, IndexItem::New])]),
        2 if rank > 0 => ("transpose", vec![Arg::Int(i % rank), Arg::Int(-1 - j % rank)]),
        3 if rank > 0 => ("permute", vec![Arg::Ints((0..rank).map(|d| (d + i) % rank).collect())]),
        4 => ("reshape", vec![Arg::Ints(vec![numel, 1])]),
        _ if rank < 5 => ("unsqueeze", vec![Arg::Int(i % (rank + 1))]),
        _ => ("squeeze", vec![Arg::None]),
    }
}

struct World {
    recorder: Recorder,
    memory: Vec<f64>,
    tensors: Vec<Cells>,
}

impl World {
    fn take(&mut self, step: &Step) {
        let r = &mut self.recorder;
        let n = self.tensors.len();
        match *step {
            Step::View(t, kind, i, j) => {
                let base = &self.tensors[t % n];
                let (name, rest) = view(kind, i, j, &base.cells.shape);
                let args = [&[Arg::Value(ValueId(0))], &rest[..]].concat();
                let cells = apply(name, &args, std::slice::from_ref(&base.cells));
                let handle = op(r, name, base.handle, rest);
                self.tensors.push(Cells { handle, cells });
            }
            Step::Times(t) => {
                let t = &self.tensors[t % n];
                let more = op(r, "mul", t.handle, vec![Arg::Int(3)]);
                let more = arg(r, more);
                r.assign(t.handle, more, None).expect("the shapes agree");
                t.cells.data.iter().for_each(|c| self.memory[*c as usize] *= 3.0);
            }
            Step::Set(t, i, j) => {
                let t = &self.tensors[t % n];
                let (name, rest) = view(if i % 2 == 0 { 0 } else { 1 }, i, j, &t.cells.shape);
                let [Arg::Index(items)] = &rest[..] else { return };
                r.set_item(t.handle, items.clone(), Arg::Float(0.5), None, None).expect("the place exists");
                let args = [&[Arg::Value(ValueId(0))], &rest[..]].concat();
                let cells = apply(name, &args, std::slice::from_ref(&t.cells));
                cells.data.iter().for_each(|c| self.memory[*c as usize] = 0.5);
            }
            Step::Clone(t) => {
                let t = &self.tensors[t % n];
                let start = self.memory.len() as f64;
                let copied: Vec<f64> = t.cells.data.iter().map(|c| self.memory[*c as usize]).collect();
                let data = (0..copied.len()).map(|i| start + i as f64).collect();
                let cells = Array::new(t.cells.shape.clone(), data);
                self.memory.extend(copied);
                let handle = op(r, "clone", t.handle, vec![]);
                self.tensors.push(Cells { handle, cells });
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn as_in_shared_memory(steps in prop::collection::vec(step(), 1..16)) {
        let mut recorder = recorder();
        let handle = counting(&mut recorder, &[2, 3, 2]);
        let cells = Array::counting([2, 3, 2]);
        let mut world = World { recorder, memory: cells.data.clone(), tensors: vec![Cells { handle, cells }] };
        steps.iter().for_each(|s| world.take(s));
        let World { mut recorder, memory, tensors } = world;
        let now: Vec<_> = tensors.iter().map(|t| recorder.value(t.handle, None).expect("a value")).collect();
        let (values, _) = run(recorder.trace(), recorder.spec());
        for (t, v) in tensors.iter().zip(now) {
            let expected = t.cells.data.iter().map(|c| memory[*c as usize]).collect();
            prop_assert_eq!(&values[v.index()], &Array::new(t.cells.shape.clone(), expected));
        }
    }
}
