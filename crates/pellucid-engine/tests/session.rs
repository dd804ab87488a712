//! Sessions: what an earlier trace saved is a value in later ones, checked before anything runs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use expect_test::{Expect, expect};
use pellucid_engine::{Cancel, Error, Model, Saved, execute_session};
use pellucid_graph::{CheckedTrace, Limits, check, text};
use support::tiny;

fn checked(model: &Model, lines: &str) -> CheckedTrace {
    let limits = Limits::default();
    let trace = text::parse(&format!("pellucid 2\n{lines}"), "session.trace", &limits).unwrap();
    check(trace, model.spec(), &limits).unwrap()
}

fn run(traces: &[(&Model, &str)]) -> Result<Vec<Saved>, Error> {
    let checked: Vec<_> = traces.iter().map(|(model, lines)| (*model, checked(model, lines))).collect();
    let pairs: Vec<_> = checked.iter().map(|(model, checked)| (*model, checked)).collect();
    execute_session(&pairs, &Cancel::new(), &mut |_, _| {})
}

#[test]
fn a_value_goes_from_one_model_to_another() {
    let (llama, gpt2) = (tiny("llama"), tiny("gpt2"));
    let saved = run(&[
        (
            &llama,
            "invoke 0 ids [1, 2]\n%0 = read 0 model.layers.0.output\n%1 = index %0 [0, -1]\nsave \"h\" %1",
        ),
        (&gpt2, "%0 = import 0 \"h\" f32[32]\n%1 = mul %0 2\nsave \"twice\" %1"),
        (&gpt2, "invoke 0 ids [3]\n%0 = import 1 \"twice\" f32[32]\n%1 = sum %0\nsave \"sum\" %1"),
    ])
    .unwrap();
    let (h, twice) = (saved[0].get("h").unwrap().f32s(), saved[1].get("twice").unwrap().f32s());
    assert!(h.iter().zip(twice).all(|(a, b)| a * 2.0 == *b));
    assert_eq!(saved[2].get("sum").unwrap().shape(), [0usize; 0]);
}

#[test]
fn what_is_not_there_is_found_before_anything_runs() {
    let model = tiny("llama");
    let first = "invoke 0 ids [1, 2]\n%0 = read 0 model.layers.0.output\nsave \"h\" %0";
    let fails = |second: &str, expected: Expect| {
        expected.assert_eq(&run(&[(&model, first), (&model, second)]).unwrap_err().to_string());
    };
    fails(
        "%0 = import 0 \"x\" f32[1, 2, 32]\nsave \"y\" %0",
        expect![[r#"
            trace 1 of the session needs `x` of trace 0, which no earlier trace saves [unknown-value]
              --> session.trace:2"#]],
    );
    fails(
        "%0 = import 1 \"y\" f32[1, 2, 32]\nsave \"y\" %0",
        expect![[r#"
            trace 1 of the session needs `y` of trace 1, which no earlier trace saves [unknown-value]
              --> session.trace:2"#]],
    );
    fails(
        "%0 = import 0 \"h\" f32[2, 32]\nsave \"y\" %0",
        expect![[r#"
            `h` is f32[1, 2, 32], expected f32[2, 32] [shape-mismatch]
              --> session.trace:2"#]],
    );
    let alone = checked(&model, "%0 = import 0 \"h\" f32[2]\nsave \"y\" %0");
    expect![[r#"
        `h` is of an earlier trace of a session, and this trace runs alone [unknown-value]
          --> session.trace:2"#]]
    .assert_eq(&pellucid_engine::execute(&model, &alone, &Cancel::new()).unwrap_err().to_string());
}
