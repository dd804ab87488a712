//! Random programs of views and writes give what shared memory gives.

mod fixture;
mod interpreter;

use fixture::{arg, counting, op, recorder, try_op};
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
        4 => (which.clone(), 0..13u8, 0..6i64, 0..6i64).prop_map(|(t, k, i, j)| Step::View(t, k, i, j)),
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
        6 if rank > 0 => {
            let n = shape[(i % rank) as usize] as i64;
            let start = j % (n + 1);
            let start = if i % 2 == 0 && start < n { start - n } else { start };
            let from = if start < 0 { start + n } else { start };
            ("narrow", vec![Arg::Int(i % rank), Arg::Int(start), Arg::Int((n - from + 1) / 2)])
        }
        7 if rank > 0 && shape[(i % rank) as usize] > 0 => {
            let n = shape[(i % rank) as usize] as i64;
            ("select", vec![Arg::Int(i % rank - rank), Arg::Int(j % (2 * n) - n)])
        }
        8 if rank > 1 => {
            let (from, to) = (vec![i % rank, (i + 1) % rank - rank], vec![j % rank - rank, (j + 1) % rank]);
            ("movedim", vec![Arg::Ints(from), Arg::Ints(to)])
        }
        9 if rank > 1 => {
            let second = (i + 1 + j % (rank - 1)) % rank;
            ("diagonal", vec![Arg::Int(j - 3), Arg::Int(i % rank - rank), Arg::Int(second)])
        }
        10 if rank > 0 => {
            let n = shape[(i % rank) as usize] as i64;
            let part = [1, 2, 3][(j % 3) as usize];
            let sizes = if n > 0 && n % part == 0 { vec![part, -1] } else { vec![n, 1] };
            ("unflatten", vec![Arg::Int(i % rank), Arg::Ints(sizes)])
        }
        11 if rank > 1 => ("flatten", vec![Arg::Int(i % rank), Arg::Int(-1)]),
        12 if rank > 1 => {
            let rest = shape[2..].iter().product::<usize>() as i64;
            ("reshape", vec![Arg::Ints(vec![shape[1] as i64, shape[0] as i64, rest])])
        }
        _ if rank < 5 => ("unsqueeze", vec![Arg::Int(i % (rank + 1))]),
        _ => ("squeeze", vec![Arg::None]),
    }
}

/// New cells with the same contents.
fn copied(memory: &mut Vec<f64>, cells: &Array) -> Array {
    let start = memory.len() as f64;
    let contents: Vec<f64> = cells.data.iter().map(|c| memory[*c as usize]).collect();
    let data = (0..contents.len()).map(|i| start + i as f64).collect();
    memory.extend(contents);
    Array::new(cells.shape.clone(), data)
}

/// Whether cells lie at even distances along every axis, as the elements of a view do.
fn is_strided(cells: &Array) -> bool {
    let Some(first) = cells.data.first() else { return true };
    let step = |axis: usize| {
        let width: usize = cells.shape[axis + 1..].iter().product();
        (width, if cells.shape[axis] > 1 { cells.data[width] - first } else { 0.0 })
    };
    let steps: Vec<(usize, f64)> = (0..cells.shape.len()).map(step).collect();
    cells.data.iter().enumerate().all(|(i, cell)| {
        let along = steps.iter().zip(&cells.shape).map(|((width, d), n)| (i / width % n) as f64 * d);
        *cell == first + along.sum::<f64>()
    })
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
                let strided = is_strided(&cells);
                if name == "reshape" {
                    let shape = cells.shape.iter().map(|n| *n as i64).collect();
                    let found = try_op(r, "view", base.handle, vec![Arg::Ints(shape)], None);
                    assert_eq!(found.is_ok(), strided, "{:?} as {:?}", base.cells, cells.shape);
                }
                let cells = if strided { cells } else { copied(&mut self.memory, &cells) };
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
                let cells = copied(&mut self.memory, &t.cells);
                let handle = op(r, "clone", t.handle, vec![]);
                self.tensors.push(Cells { handle, cells });
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn as_in_shared_memory(steps in prop::collection::vec(step(), 1..20)) {
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
