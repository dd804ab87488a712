//! Runs the values of a trace over plain numbers, for the few operations that aliasing needs. What a
//! site gives is counted from 0.
#![allow(dead_code, reason = "every test file takes what it needs")]

use pellucid_graph::op::{OutAxis, resolve_index};
use pellucid_graph::shape::Lengths;
use pellucid_graph::{Arg, DType, IndexItem, Kind, ModelSpec, TensorType, Trace, ValueId};

/// Numbers in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
}

impl Array {
    pub fn new(shape: impl Into<Vec<usize>>, data: Vec<f64>) -> Array {
        let shape = shape.into();
        assert_eq!(shape.iter().product::<usize>(), data.len(), "{shape:?}");
        Array { shape, data }
    }

    pub fn counting(shape: impl Into<Vec<usize>>) -> Array {
        let shape = shape.into();
        let n: usize = shape.iter().product();
        Array::new(shape, (0..n).map(|i| i as f64).collect())
    }

    /// The element at `place` of a larger shape this one broadcasts to.
    fn broadcast_at(&self, place: &[usize]) -> f64 {
        let skip = place.len() - self.shape.len().min(place.len());
        let extra = self.shape.len() - (place.len() - skip);
        let own = self.shape[extra..].iter().zip(&place[skip..]);
        self.data[own.fold(0, |at, (&n, &i)| at * n + if n == 1 { 0 } else { i })]
    }

    fn gathered(&self, shape: Vec<usize>, from: impl Fn(&[usize]) -> usize) -> Array {
        let data = places(&shape).iter().map(|p| self.data[from(p)]).collect();
        Array { shape, data }
    }
}

/// Every position of a shape in row-major order.
fn places(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![vec![]], |found, &n| {
        found.iter().flat_map(|p: &Vec<usize>| (0..n).map(move |i| [&p[..], &[i]].concat())).collect()
    })
}

fn flat(shape: &[usize], place: &[usize]) -> usize {
    shape.iter().zip(place).fold(0, |at, (n, i)| at * n + i)
}

/// All values of a trace, and what each write wrote.
pub fn run(trace: &Trace, spec: &ModelSpec) -> (Vec<Array>, Vec<(String, Array)>) {
    let (mut values, mut written) = (Vec::new(), Vec::new());
    for s in &trace.statements {
        match &s.kind {
            Kind::Read { invoke, site } => {
                let prompts = &trace.invokes[*invoke].prompts;
                let longest = prompts.iter().filter_map(|p| p.ids.as_ref()).map(Vec::len).max();
                let dims = spec.site(site).map(|(_, s)| s.shape.clone()).unwrap_or_default();
                let (b, s) = (prompts.len(), longest.unwrap_or(0));
                let lengths = Lengths { b, s, keys: s, all: s };
                let length = |d: &pellucid_graph::Dim| d.resolve(lengths);
                values.push(Array::counting(dims.iter().map(length).collect::<Vec<_>>()));
            }
            Kind::Constant { index } => {
                let c = &trace.constants[*index];
                values.push(Array::new(c.ty.shape.clone(), numbers(c.ty.dtype, &c.data)));
            }
            Kind::Op { op, args } => values.push(apply(op.def().name, args, &values)),
            Kind::Write { site, value, .. } => {
                written.push((site.to_string(), values[value.index()].clone()))
            }
            _ => {}
        }
    }
    (values, written)
}

fn numbers(dtype: DType, data: &[u8]) -> Vec<f64> {
    let each = data.chunks_exact(dtype.size());
    match dtype {
        DType::I64 => each.map(|b| b.iter().rev().fold(0i64, |n, b| n << 8 | i64::from(*b)) as f64).collect(),
        _ => each.map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]]))).collect(),
    }
}

/// One operation with one result.
pub fn apply(name: &str, args: &[Arg], values: &[Array]) -> Array {
    let operand = |i: usize| match &args[i] {
        Arg::Value(v) => values[v.index()].clone(),
        Arg::Int(n) => Array::new([], vec![*n as f64]),
        Arg::Float(x) => Array::new([], vec![*x]),
        other => panic!("{name}: {other:?}"),
    };
    let a = operand(0);
    let rank = a.shape.len() as i64;
    let dim = |i: usize, rank: i64| match args[i] {
        Arg::Int(d) => d.rem_euclid(rank) as usize,
        _ => panic!("{name}"),
    };
    match name {
        "add" => zip(&a, &operand(1), |x, y| x + y),
        "mul" => zip(&a, &operand(1), |x, y| x * y),
        "copy_into" => zip(&a, &operand(1), |_, y| y),
        "clone" => a,
        "index" => {
            let (shape, from) = taken(&args[1], &a.shape, values);
            Array::new(shape, from.iter().map(|i| a.data[*i]).collect())
        }
        "set_index" => {
            let (shape, to) = taken(&args[1], &a.shape, values);
            let (mut out, value) = (a, operand(2));
            for (place, i) in places(&shape).iter().zip(to) {
                out.data[i] = value.broadcast_at(place);
            }
            out
        }
        "transpose" => {
            let mut axes: Vec<usize> = (0..a.shape.len()).collect();
            axes.swap(dim(1, rank), dim(2, rank));
            permuted(&a, &axes)
        }
        "permute" => match &args[1] {
            Arg::Ints(dims) => {
                permuted(&a, &dims.iter().map(|d| d.rem_euclid(rank) as usize).collect::<Vec<_>>())
            }
            _ => panic!("permute"),
        },
        "movedim" => {
            let axes = |i: usize| match &args[i] {
                Arg::Ints(dims) => dims.iter().map(|d| d.rem_euclid(rank) as usize).collect::<Vec<_>>(),
                _ => panic!("movedim"),
            };
            let (from, to) = (axes(1), axes(2));
            let mut rest = (0..a.shape.len()).filter(|x| !from.contains(x));
            let order: Vec<usize> = (0..a.shape.len())
                .map(|place| match to.iter().position(|t| *t == place) {
                    Some(i) => from[i],
                    None => rest.next().expect("an axis is left"),
                })
                .collect();
            permuted(&a, &order)
        }
        "narrow" | "select" | "diagonal" | "unfold" => {
            let (shape, from) = part(name, args, &a.shape);
            Array::new(shape, from.iter().map(|i| a.data[*i]).collect())
        }
        "diagonal_scatter" => {
            let source = operand(1);
            let args = [&[args[0].clone()], &args[2..]].concat();
            let (_, to) = part("diagonal", &args, &a.shape);
            let mut out = a;
            to.iter().zip(source.data).for_each(|(i, x)| out.data[*i] = x);
            out
        }
        "expand" => {
            let shape = inferred(name, args, &a);
            let data = places(&shape).iter().map(|p| a.broadcast_at(p)).collect();
            Array::new(shape, data)
        }
        "reshape" | "view" | "flatten" | "unflatten" | "squeeze" | "unsqueeze" => {
            let shape = inferred(name, args, &a);
            Array::new(shape, a.data)
        }
        _ => panic!("the interpreter has no `{name}`"),
    }
}

/// The shape of the result of an operation of one tensor.
fn inferred(name: &str, args: &[Arg], a: &Array) -> Vec<usize> {
    let types = [TensorType::new(DType::F32, a.shape.clone())];
    let op = pellucid_graph::Op::find(name).expect("a row of the table");
    let args = [&[Arg::Value(ValueId(0))], &args[1..]].concat();
    let made = pellucid_graph::op::Call::infer(op.def(), &args, &types).expect("checked before");
    made[0].shape.clone()
}

/// The shape that a part of a tensor has, and where each of its elements lies.
fn part(name: &str, args: &[Arg], whole: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let a = Array::new(whole, vec![0.0; whole.iter().product()]);
    let int = |i: usize| match args[i] {
        Arg::Int(n) => n,
        _ => panic!("{name}"),
    };
    let axis = |i: usize| int(i).rem_euclid(whole.len() as i64) as usize;
    let from_end = |i: i64, n: usize| if i < 0 { i + n as i64 } else { i } as usize;
    let shape = inferred(name, args, &a);
    let from = |place: &Vec<usize>| {
        let mut at = place.clone();
        match name {
            "narrow" => at[axis(1)] += from_end(int(2), whole[axis(1)]),
            "select" => at.insert(axis(1), from_end(int(2), whole[axis(1)])),
            "diagonal" => {
                let (i, shift) = (at.pop().expect("the diagonal"), int(1));
                let (row, column) = (i + (-shift).max(0) as usize, i + shift.max(0) as usize);
                let mut found = [(axis(2), row), (axis(3), column)];
                found.sort_unstable();
                found.into_iter().for_each(|(axis, i)| at.insert(axis, i));
            }
            _ => {
                let i = at.pop().expect("the window");
                at[axis(1)] = at[axis(1)] * int(3) as usize + i;
            }
        }
        flat(whole, &at)
    };
    let all = places(&shape).iter().map(from).collect();
    (shape, all)
}

fn zip(a: &Array, b: &Array, f: impl Fn(f64, f64) -> f64) -> Array {
    let shape = pellucid_graph::shape::broadcast(&a.shape, &b.shape).expect("checked before");
    let data = places(&shape).iter().map(|p| f(a.broadcast_at(p), b.broadcast_at(p))).collect();
    Array { shape, data }
}

fn permuted(a: &Array, axes: &[usize]) -> Array {
    let shape: Vec<usize> = axes.iter().map(|&x| a.shape[x]).collect();
    a.gathered(shape, |place| {
        let mut from = vec![0; place.len()];
        axes.iter().zip(place).for_each(|(&axis, &i)| from[axis] = i);
        flat(&a.shape, &from)
    })
}

/// The shape an index takes from a shape, and where each of its elements lies.
pub fn taken(index: &Arg, shape: &[usize], values: &[Array]) -> (Vec<usize>, Vec<usize>) {
    let Arg::Index(items) = index else { panic!("{index:?}") };
    let types: Vec<TensorType> =
        values.iter().map(|v| TensorType::new(DType::I64, v.shape.clone())).collect();
    let found = resolve_index(items, shape, |v| &types[v.index()]).expect("checked before");
    let from = |place: &Vec<usize>| {
        let (mut at, mut shared) = (vec![0; shape.len()], vec![0; found.tensor_shape.len()]);
        found.fixed.iter().for_each(|&(axis, i)| at[axis] = i);
        for (axis, &i) in found.axes.iter().zip(place) {
            match *axis {
                OutAxis::Slice { axis, start, step } => at[axis] = start + i * step,
                OutAxis::Tensor(t) => shared[t] = i,
                OutAxis::New => {}
            }
        }
        for &(axis, v) in &found.tensors {
            at[axis] =
                (values[v.index()].broadcast_at(&shared) as i64).rem_euclid(shape[axis] as i64) as usize;
        }
        flat(shape, &at)
    };
    let all = places(&found.shape).iter().map(from).collect();
    (found.shape, all)
}

/// True for an index that copies.
pub fn copies(items: &[IndexItem]) -> bool {
    items.iter().any(|i| matches!(i, IndexItem::Value(_)))
}
