//! Functions, branches and loops: what is recorded, what is refused, and where.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fixture;

use expect_test::{Expect, expect};
use fixture::{at, checked, message, op, read, recorder, recorder_within, site};
use pellucid_graph::{Arg, Handle, Limits, Reach, Recorder, Result, TensorType, check, text, wire};

/// A branch: its name, and what it gives.
fn branch(
    r: &mut Recorder,
    name: &str,
    give: impl FnOnce(&mut Recorder) -> Handle,
) -> Result<pellucid_graph::Body> {
    r.begin_function(name, &[], Reach::Around, at(10))?;
    let result = give(r);
    r.end_function(&[result], at(11))
}

fn is_large(r: &mut Recorder, h: Handle) -> Handle {
    let norm = op(r, "norm", h, vec![]);
    op(r, "gt", norm, vec![Arg::Int(3)])
}

/// A trace whose second half is conditional, with a loop in one branch and a function in both.
fn sample() -> Recorder {
    let mut r = recorder();
    let h = read(&mut r, 0, "layers.0.output");
    let ty = r.type_of(h).clone();
    let x = r.begin_function("halve", std::slice::from_ref(&ty), Reach::Parameters, at(3)).unwrap()[0];
    let half = op(&mut r, "mul", x, vec![Arg::Float(0.5)]);
    let halve = r.end_function(&[half], at(4)).unwrap().function();

    let pred = is_large(&mut r, h);
    let later = read(&mut r, 0, "layers.1.mlp.input");
    let then = branch(&mut r, "then", |r| {
        let test_x = r.begin_function("test", std::slice::from_ref(&ty), Reach::Around, at(5)).unwrap()[0];
        let go = is_large(r, test_x);
        let test = r.end_function(&[go], at(5)).unwrap();
        let body_x = r.begin_function("body", std::slice::from_ref(&ty), Reach::Around, at(6)).unwrap()[0];
        let less = r.call(halve, &[body_x], at(6)).unwrap()[0];
        let less = {
            let h = Arg::Value(r.value(later, None).unwrap());
            op(r, "maximum", less, vec![h])
        };
        let body = r.end_function(&[less], at(6)).unwrap();
        r.while_loop(test, body, &[h], 100, at(7)).unwrap()[0]
    });
    let otherwise = branch(&mut r, "otherwise", |r| r.call(halve, &[h], at(8)).unwrap()[0]);
    let made = r.cond(pred, then.unwrap(), otherwise.unwrap(), at(9)).unwrap()[0];
    r.save("made", made, at(12)).unwrap();
    r
}

#[test]
fn text_shows_functions() {
    let trace = sample().finish();
    expect![[r#"
        pellucid 2
        model "tiny"
        invoke 0 ids [1, 2, 3]
        function halve %0 f32[1, 3, 8]
          %1 = mul %0 0.5
          return %1
        function test %0 f32[1, 3, 8]
          %1 = norm %0
          %2 = gt %1 3
          return %2
        function body %0 f32[1, 3, 8] %1 f32[1, 3, 8]
          %2 = call halve(%0)
          %3 = maximum %2 %1
          return %3
        function then %0 f32[1, 3, 8] %1 f32[1, 3, 8]
          %2 = loop 100 test() body(%0) [%1]
          return %2
        function otherwise %0 f32[1, 3, 8]
          %1 = call halve(%0)
          return %1
        %0 = read 0 layers.0.output
        %1 = norm %0
        %2 = gt %1 3
        %3 = read 0 layers.1.mlp.input
        %4 = cond %2 then(%3, %0) otherwise(%0)
        save "made" %4
    "#]]
    .assert_eq(&text::print(&trace));
    let limits = Limits::default();
    let back = text::parse(&text::print(&trace), "a.trace", &limits).unwrap();
    assert_eq!(text::print(&back), text::print(&trace));
    let back = wire::decode(&wire::encode(&trace).unwrap(), &limits).unwrap();
    assert_eq!(back, trace);
    check(back, &fixture::spec(), &limits).unwrap();
}

#[test]
fn a_body_starts_after_what_it_captures_is_known() {
    // The branch reads a later site, so the whole `cond` belongs there.
    let trace = sample().finish();
    let checked = check(trace, &fixture::spec(), &Limits::default()).unwrap();
    let plan = pellucid_graph::plan(&checked);
    let last = plan.passes[0].entries().last().unwrap();
    assert_eq!(checked.spec().sites[last.order].path, "layers.1.mlp");
    assert_eq!(last.compute.len(), 1);
}

fn refused(act: impl FnOnce(&mut Recorder, Handle) -> Result<()>, expected: Expect) {
    let mut r = recorder();
    let h = read(&mut r, 0, "layers.0.output");
    expected.assert_eq(&message(act(&mut r, h)));
}

#[test]
fn effects_stay_outside() {
    let inside = |act: fn(&mut Recorder, Handle) -> Result<()>| {
        move |r: &mut Recorder, h: Handle| {
            r.begin_function("then", &[], Reach::Around, at(5))?;
            act(r, h)
        }
    };
    refused(
        inside(|r, h| r.write(0, site("layers.1.output"), h, at(6))),
        expect![[r#"
            `then` may only compute: it cannot write, skip, save, log or stop [effect-in-function]
              --> run.py:6
              help: return the value and do it outside"#]],
    );
    refused(
        inside(|r, h| r.assign(h, Arg::Int(0), at(6))),
        expect![[r#"
            a branch, a loop or a function cannot write to what is around it [effect-in-function]
              --> run.py:6
              help: return the new value; `.clone()` makes one that can be written"#]],
    );
    refused(
        inside(|r, h| {
            let row = op(r, "index", h, vec![Arg::Index(fixture::index(":, -1"))]);
            r.assign(row, Arg::Int(0), at(6))
        }),
        expect![[r#"
            a branch, a loop or a function cannot write to what is around it [effect-in-function]
              --> run.py:6
              help: return the new value; `.clone()` makes one that can be written"#]],
    );
    refused(
        |r, h| {
            r.begin_function("f", &[], Reach::Parameters, at(5))?;
            r.value(h, at(6)).map(drop)
        },
        expect![[r#"
            `f` uses a value from around it (f32[1, 3, 8]) [effect-in-function]
              --> run.py:6
              help: pass it as an argument"#]],
    );
    refused(
        |r, _| {
            r.begin_function("f", &[], Reach::Parameters, at(5))?;
            r.read(0, site("norm.output"), at(6)).map(drop)
        },
        expect![[r#"
            `f` reads `norm.output`: a function uses its parameters only [effect-in-function]
              --> run.py:6
              help: read it outside and pass it as an argument"#]],
    );
    refused(
        |r, h| {
            let mut inner = h;
            branch(r, "then", |r| {
                inner = op(r, "neg", h, vec![]);
                inner
            })?;
            r.value(inner, at(12)).map(drop)
        },
        expect![[r#"
            the value belongs to a branch, a loop or a function that has ended [unknown-value]
              --> run.py:12
              help: return it from there"#]],
    );
}

#[test]
fn own_values_can_be_written() {
    let mut r = recorder();
    let h = read(&mut r, 0, "layers.0.output");
    let body = branch(&mut r, "then", |r| {
        let own = op(r, "clone", h, vec![]);
        let row = op(r, "index", own, vec![Arg::Index(fixture::index(":, -1"))]);
        r.assign(row, Arg::Int(0), at(6)).unwrap();
        own
    });
    assert_eq!(r.trace().functions[body.unwrap().function()].body.len(), 4);
}

#[test]
fn types_meet() {
    refused(
        |r, h| {
            let then = branch(r, "then", |_| h)?;
            let otherwise = branch(r, "otherwise", |r| op(r, "sum", h, vec![Arg::Int(0)]))?;
            let pred = is_large(r, h);
            r.cond(pred, then, otherwise, at(12)).map(drop)
        },
        expect![[r#"
            the branches must give the same: f32[1, 3, 8], got f32[3, 8] as value 0 [shape-mismatch]
              --> run.py:12"#]],
    );
    refused(
        |r, h| {
            let (then, otherwise) = (branch(r, "then", |_| h)?, branch(r, "otherwise", |_| h)?);
            r.cond(h, then, otherwise, at(12)).map(drop)
        },
        expect![[r#"
            the condition of a branch must be a bool of one element, got f32[1, 3, 8] [dtype-mismatch]
              --> run.py:12
              help: comparisons give bool; `.any()` and `.all()` make one of many"#]],
    );
    refused(
        |r, h| {
            let ty = TensorType::new(pellucid_graph::DType::F32, [3]);
            r.begin_function("f", &[ty], Reach::Parameters, at(5))?;
            let f = r.end_function(&[], at(6))?.function();
            r.call(f, &[h], at(7)).map(drop)
        },
        expect![[r#"
            a function takes what it was recorded for: f32[3], got f32[1, 3, 8] as value 0 [shape-mismatch]
              --> run.py:7"#]],
    );
    refused(
        |r, h| {
            let ty = r.type_of(h).clone();
            let x = r.begin_function("test", std::slice::from_ref(&ty), Reach::Around, at(5))?[0];
            let go = is_large(r, x);
            let test = r.end_function(&[go], at(5))?;
            let x = r.begin_function("body", &[ty], Reach::Around, at(6))?[0];
            let next = op(r, "gt", x, vec![Arg::Int(0)]);
            let body = r.end_function(&[next], at(6))?;
            r.while_loop(test, body, &[h], 10, at(7)).map(drop)
        },
        expect![[r#"
            a loop must carry the same into each step: f32[1, 3, 8], got bool[1, 3, 8] as value 0 [dtype-mismatch]
              --> run.py:7"#]],
    );
}

#[test]
fn text_that_is_wrong() {
    let faults = |lines: &str, expected: Expect| expected.assert_eq(&message(checked(lines)));
    let one = "invoke 0 ids [1]\n%0 = read 0 norm.output\n";
    faults(
        "function f %0 f32[2]\n  %1 = call f(%0)\n  return %1\n",
        expect![[r#"
            there is no function `f` above [unknown-value]
              --> run.trace:3"#]],
    );
    faults(
        "function f %0 f32[2]\n  return %1\n",
        expect![[r#"
            `%1` is not made by an earlier statement [unknown-value]
              --> run.trace:3"#]],
    );
    faults(
        "function f %0 f32[2]\n",
        expect![[r#"
            `f` has no `return` [syntax]
              --> run.trace:2"#]],
    );
    faults(
        "return\n",
        expect![[r#"
            `return` stands outside a function [syntax]
              --> run.trace:2"#]],
    );
    faults(
        "function f\n  return\nfunction f\n  return\n",
        expect![[r#"
            two functions are called `f` [duplicate-name]
              --> run.trace:4"#]],
    );
    faults(
        "function f %0 f32[2]\n  save \"x\" %0\n  return %0\n",
        expect![[r#"
            `f` may only compute: it returns what shall be done [effect-in-function]
              --> run.trace:3"#]],
    );
    faults(
        &format!("{one}function f %0 f32[2]\n  return %0, %0\n%1 = call f(%0)\n"),
        expect![[r#"
            a function takes what it was recorded for: f32[2], got f32[1, 1, 8] as value 0 [shape-mismatch]
              --> run.trace:6"#]],
    );
    faults(
        &format!("{one}function f %0 f32[1, 1, 8]\n  return %0, %0\n%1 = call f(%0)\n"),
        expect![[r#"
            a statement that runs a function gives 1 values, got 2 [bad-argument]
              --> run.trace:6"#]],
    );
}

#[test]
fn limits_of_nesting_and_steps() {
    let mut r = recorder_within(Limits { nesting: 2, loop_steps: 5, ..Limits::default() });
    r.begin_function("a", &[], Reach::Around, at(1)).unwrap();
    r.begin_function("b", &[], Reach::Around, at(2)).unwrap();
    expect![[r#"
        `nesting` is limited to 2, this trace has 3 [limit-exceeded]
          --> run.py:3"#]]
    .assert_eq(&message(r.begin_function("c", &[], Reach::Around, at(3))));

    let mut chain = String::from("function f0 %0 f32[1]\n  return %0\n");
    for i in 1..70 {
        chain += &format!("function f{i} %0 f32[1]\n  %1 = call f{}(%0)\n  return %1\n", i - 1);
    }
    expect![[r#"
        `nesting` is limited to 64, this trace has 65 [limit-exceeded]
          --> run.trace:196"#]]
    .assert_eq(&message(checked(&chain)));

    let endless = "function go %0 f32[1]\n  %1 = gt %0 -1\n  %2 = all %1\n  return %2\n\
                   function same %0 f32[1]\n  return %0\n\
                   %0 = constant f32[1] [0]\n%1 = loop 2000000 go() same() [%0]\n";
    expect![[r#"
        `loop_steps` is limited to 1000000, this trace has 2000000 [limit-exceeded]
          --> run.trace:9"#]]
    .assert_eq(&message(checked(endless)));
}

#[test]
fn calls_that_double_are_counted_not_expanded() {
    // f62 calls f61 twice, and so on: 2^62 additions that nobody may be made to do.
    let mut lines = String::from("function f0 %0 f32[1]\n  %1 = add %0 1\n  return %1\n");
    for i in 1..63 {
        let f = i - 1;
        lines +=
            &format!("function f{i} %0 f32[1]\n  %1 = call f{f}(%0)\n  %2 = call f{f}(%1)\n  return %2\n");
    }
    lines += "%0 = constant f32[1] [0]\n%1 = call f62(%0)\nsave \"x\" %1\n";
    let checked = checked(&lines).unwrap();
    let cost = pellucid_graph::Cost::of(&checked, &pellucid_graph::plan(&checked));
    assert!(cost.flops > 1 << 62, "{cost:?}");
}

#[test]
fn in_place_operations_in_functions() {
    let mut r = recorder();
    let h = read(&mut r, 0, "layers.0.output");
    let ty = r.type_of(h).clone();
    let x = r.begin_function("f", &[ty], Reach::Parameters, at(3)).unwrap()[0];
    let copy = op(&mut r, "clone", x, vec![]);
    let less = op(&mut r, "mul", copy, vec![Arg::Float(0.5)]);
    let less = r.value(less, None).unwrap();
    r.update(copy, less, at(4)).unwrap();
    let whole = op(&mut r, "argmax", copy, vec![]);
    let whole = r.value(whole, None).unwrap();
    let e = r.update(copy, whole, at(5)).unwrap_err();
    expect!["cannot write in place: the result has shape [], the tensor [1, 3, 8]"].assert_eq(&e.message);
    let f = r.end_function(&[copy], at(6)).unwrap().function();
    r.call(f, &[h], at(7)).unwrap();
    let spec = r.spec().clone();
    check(r.finish(), &spec, &Limits::default()).unwrap();
}
