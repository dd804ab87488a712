//! Graphs that decode but are wrong somewhere: checking, planning and printing them never panics.

mod fixture;
mod gauntlet;

use fixture::spec;
use gauntlet::{checks, sample};
use pellucid_graph::op::OPS;
use pellucid_graph::{Arg, Kind, Limits, Op, Prompt, Site, Trace, ValueId, wire};
use proptest::prelude::*;

/// One thing changed; numbers are taken modulo what there is.
#[derive(Clone, Debug)]
enum Change {
    Value(usize, u32),
    Arg(usize, usize, Arg),
    Operation(usize, usize),
    Place(usize, usize),
    Invoke(usize, usize),
    Swap(usize, usize),
    Repeat(usize),
    Remove(usize),
    Shape(usize, Vec<usize>),
    Function(usize, usize, u32),
    Body(usize, usize, usize),
    Ids(Vec<u32>),
}

fn changed_arg() -> impl Strategy<Value = Arg> {
    let int = prop::sample::select(vec![0i64, 1, 2, -1, 8, 1 << 40, i64::MIN, i64::MAX]);
    prop_oneof![
        (0..9u32).prop_map(|v| Arg::Value(ValueId(v))),
        int.clone().prop_map(Arg::Int),
        prop::collection::vec(int, 0..5).prop_map(Arg::Ints),
        prop::collection::vec((0..9u32).prop_map(ValueId), 0..4).prop_map(Arg::Values),
        prop::sample::select(vec!["...", "0", ":, new, -1", "::3", "99", "...,..."])
            .prop_map(|i| Arg::Index(fixture::index(i))),
        prop::sample::select(vec![
            Arg::None,
            Arg::Bool(true),
            Arg::Float(f64::NAN),
            Arg::Word("tanh".into())
        ]),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let n = 0..64usize;
    let length = prop::sample::select(vec![0, 1, 2, 8, 1 << 31, 1 << 58, usize::MAX]);
    let id = prop::sample::select(vec![0, 31, 32, u32::MAX]);
    prop_oneof![
        (n.clone(), prop_oneof![0..12u32, Just(u32::MAX)]).prop_map(|(i, v)| Change::Value(i, v)),
        (n.clone(), n.clone(), changed_arg()).prop_map(|(i, k, a)| Change::Arg(i, k, a)),
        (n.clone(), 0..OPS.len()).prop_map(|(i, k)| Change::Operation(i, k)),
        (n.clone(), n.clone()).prop_map(|(i, k)| Change::Place(i, k)),
        (n.clone(), 0..3usize).prop_map(|(i, k)| Change::Invoke(i, k)),
        (n.clone(), n.clone()).prop_map(|(i, k)| Change::Swap(i, k)),
        n.clone().prop_map(Change::Repeat),
        n.clone().prop_map(Change::Remove),
        (n.clone(), 0..9usize, 0..9u32).prop_map(|(i, f, v)| Change::Function(i, f, v)),
        (0..9usize, n.clone(), n.clone()).prop_map(|(f, i, k)| Change::Body(f, i, k)),
        (n, prop::collection::vec(length, 0..5)).prop_map(|(i, s)| Change::Shape(i, s)),
        prop::collection::vec(id, 0..8).prop_map(Change::Ids),
    ]
}

fn make(trace: &mut Trace, change: Change) {
    let n = trace.statements.len().max(1);
    let mut kind = |i: usize, f: &mut dyn FnMut(&mut Kind)| {
        if let Some(s) = trace.statements.get_mut(i % n) {
            f(&mut s.kind);
        }
    };
    match change {
        Change::Value(i, v) => kind(i, &mut |k| match k {
            Kind::Write { value, .. } | Kind::Skip { value, .. } | Kind::Save { value, .. } => {
                *value = ValueId(v)
            }
            Kind::Apply { input, .. } => *input = ValueId(v),
            Kind::Constant { index } => *index = v as usize,
            Kind::Op { args, .. } => args.iter_mut().take(1).for_each(|a| *a = Arg::Value(ValueId(v))),
            _ => {}
        }),
        Change::Arg(i, at, arg) => kind(i, &mut |k| {
            if let Kind::Op { args, .. } = k {
                let n = args.len().max(1);
                args.get_mut(at % n).into_iter().for_each(|a| *a = arg.clone());
            }
        }),
        Change::Operation(i, row) => kind(i, &mut |k| {
            if let (Kind::Op { op, .. }, Ok(other)) = (k, Op::find(OPS[row].name)) {
                *op = other;
            }
        }),
        Change::Place(i, at) => kind(i, &mut |k| {
            let sites = &spec().sites;
            let place = &sites[at % sites.len()];
            match k {
                Kind::Read { site, .. } | Kind::Write { site, .. } => {
                    *site = Site::new(place.path.clone(), pellucid_graph::Point::parse(&place.point));
                }
                Kind::Apply { module, .. } | Kind::Skip { module, .. } => *module = place.path.clone(),
                _ => {}
            }
        }),
        Change::Invoke(i, to) => kind(i, &mut |k| match k {
            Kind::Read { invoke, .. } | Kind::Write { invoke, .. } | Kind::Skip { invoke, .. } => {
                *invoke = to
            }
            _ => {}
        }),
        Change::Function(i, to, v) => kind(i, &mut |k| match k {
            Kind::Call { run, results } => (run.function, *results) = (to, v as usize),
            Kind::Cond { then, otherwise, pred, .. } => {
                (then.function, *pred) = (to, ValueId(v));
                otherwise.args.push(ValueId(v));
            }
            Kind::Loop { body, carried, most, .. } => {
                (body.function, *most) = (to, u64::from(v) << 60);
                carried.push(ValueId(v));
            }
            _ => {}
        }),
        Change::Swap(i, j) if !trace.statements.is_empty() => trace.statements.swap(i % n, j % n),
        Change::Repeat(i) => trace.statements.extend(trace.statements.get(i % n).cloned()),
        Change::Remove(i) if !trace.statements.is_empty() => drop(trace.statements.remove(i % n)),
        Change::Shape(i, shape) => {
            let n = trace.constants.len().max(1);
            trace.constants.get_mut(i % n).into_iter().for_each(|c| c.ty.shape = shape.clone());
        }
        Change::Body(f, i, k) => {
            let (n, kinds) = (trace.functions.len(), trace.statements.clone());
            let function = &mut trace.functions[f % n];
            match kinds.get(i) {
                Some(s) => function.body.push(s.clone()),
                None => function.results.push(ValueId(k as u32)),
            }
        }
        Change::Ids(ids) => trace.invokes[0].prompts.push(Prompt::ids(ids)),
        Change::Swap(..) | Change::Remove(..) => {}
    }
}

#[test]
fn changed_anywhere() {
    let (whole, spec) = (wire::decode(&sample(), &Limits::default()).expect("decodes"), spec());
    let config = ProptestConfig { cases: 6000, failure_persistence: None, ..ProptestConfig::default() };
    let ran = std::cell::Cell::new(0);
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let found = runner.run(&prop::collection::vec(change(), 1..4), |changes| {
        let mut trace = whole.clone();
        changes.into_iter().for_each(|c| make(&mut trace, c));
        ran.set(ran.get() + usize::from(checks(trace, &spec)));
        Ok(())
    });
    found.unwrap_or_else(|e| panic!("{e}"));
    assert!((300..5700).contains(&ran.get()), "of 6000 changed traces {} would run", ran.get());
}
