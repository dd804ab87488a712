//! What `explain` says a run will hold at once is never less than what it holds, and not much more.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use pellucid_engine::{Cancel, Meter, Model, execute};
use pellucid_graph::{Limits, Memory, check, plan, text};
use support::{all_sites, every, fixture, open};

/// How many times what is held an estimate may be: it takes no tensor for another's view.
const FACTOR: u64 = 5;

fn measured(model: &Model, lines: &str) -> (Memory, Meter) {
    let limits = Limits::default();
    let trace = text::parse(&format!("pellucid 2\n{lines}"), "run.trace", &limits).unwrap();
    let checked = check(trace, model.spec(), &limits).unwrap();
    let estimate = Memory::of(&checked, &plan(&checked));
    (estimate, execute(model, &checked, &Cancel::new()).unwrap().meter())
}

#[test]
fn estimates_are_no_less_than_what_runs_hold_and_not_much_more() {
    let ids = |n: usize| format!("{:?}", (0..n).map(|i| (i * 37 + 5) % 380).collect::<Vec<_>>());
    for name in every() {
        let model = open(fixture("tiny").join(name));
        model.load(&mut |_| {}).unwrap();
        let invoke = format!("invoke 0 ids {}\n", ids(40));
        let read = |i: usize, site: &str| format!("%{i} = read 0 {site}\nsave \"{i}\" %{i}\n");
        let everything: String =
            all_sites(&model).iter().enumerate().map(|(i, site)| read(i, &site.to_string())).collect();
        let ragged = format!("invoke 0 ids {}\ninvoke 1 ids {}\n", ids(31), ids(3));
        let mut cases = vec![
            ("output", invoke.clone() + &read(0, "output"), 40),
            ("every site", invoke + &everything, 40),
            ("ragged", ragged + &read(0, "output") + "%1 = read 1 output\nsave \"1\" %1\n", 34),
        ];
        if model.is_causal() {
            let generation = format!("generate max_new_tokens=8 eos=[]\ninvoke 0 ids {}\n", ids(24));
            cases.push(("generation", generation + &read(0, "generator.output"), 31));
        }
        for (what, lines, tokens) in cases {
            let (estimate, meter) = measured(&model, &lines);
            let (least, most) = (meter.peak_bytes, FACTOR * meter.peak_bytes);
            let total = estimate.total();
            assert!((least..=most).contains(&total), "{name} {what}: {estimate:?} = {total}, held {least}");
            assert_eq!(meter.tokens, tokens, "{name} {what}");
            assert!(!meter.elapsed.is_zero());
        }
    }
}
