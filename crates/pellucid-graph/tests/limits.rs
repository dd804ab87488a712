//! Every limit of the language, held by the recorder at the user's line and by `check` again.

mod fixture;

use expect_test::{Expect, expect};
use fixture::{at, counting, message, read, recorder_within, spec};
use pellucid_graph::{Arg, Code, Limits, Prompt, Recorder, Result, check, text, wire};

/// Records under a tight limit, then checks the same trace, recorded freely, under it.
fn held(tight: Limits, act: impl Fn(&mut Recorder) -> Result<()>, expected: Expect) {
    let mut free = recorder_within(Limits::default());
    act(&mut free).expect("a trace is fine without the limit");
    expected.assert_eq(&message(act(&mut recorder_within(tight.clone()))));
    let found = check(free.finish(), &spec(), &tight).expect_err("the limit holds");
    assert_eq!(found.code, Code::LimitExceeded, "{found}");
}

#[test]
fn statements() {
    held(
        Limits { statements: 2, ..Limits::default() },
        |r| (3..6).try_for_each(|line| r.stop(at(line))),
        expect![[r#"
            `statements` is limited to 2, this trace has 3 [limit-exceeded]
              --> run.py:5"#]],
    );
}

#[test]
fn invokes() {
    held(
        Limits { invokes: 1, ..Limits::default() },
        |r| r.invoke(vec![Prompt::ids([1])], at(3)).map(drop),
        expect![[r#"
            `invokes` is limited to 1, this trace has 2 [limit-exceeded]
              --> run.py:3"#]],
    );
}

#[test]
fn prompts_of_all_invokes() {
    held(
        Limits { prompts: 3, ..Limits::default() },
        |r| r.invoke(vec![Prompt::ids([1]); 3], at(3)).map(drop),
        expect![[r#"
            `prompts` is limited to 3, this trace has 4 [limit-exceeded]
              --> run.py:3"#]],
    );
}

#[test]
fn bytes_of_constants() {
    held(
        Limits { constant_bytes: 48, ..Limits::default() },
        |r| {
            counting(r, &[10]);
            r.add_constant(pellucid_graph::Constant::f32([3], &[0.0; 3]), at(4)).map(drop)
        },
        expect![[r#"
            `constant_bytes` is limited to 48, this trace has 52 [limit-exceeded]
              --> run.py:4"#]],
    );
}

#[test]
fn bytes_of_a_value() {
    held(
        Limits { value_bytes: 100, ..Limits::default() },
        |r| {
            r.read(0, fixture::site("norm.output"), at(5)).and_then(|_| {
                let h = r.read(0, fixture::site("lm_head.output"), at(6))?;
                r.save("h", h, at(7))
            })
        },
        expect![[r#"
            `value_bytes` is limited to 100, this trace has 384 [limit-exceeded]
              --> run.py:6"#]],
    );
}

#[test]
fn bytes_of_results() {
    held(
        Limits { result_bytes: 100, ..Limits::default() },
        |r| {
            let h = read(r, 0, "norm.output");
            r.save("a", h, at(8))?;
            r.save("b", h, at(9))
        },
        expect![[r#"
            `result_bytes` is limited to 100, this trace has 192 [limit-exceeded]
              --> run.py:9"#]],
    );
}

#[test]
fn bytes_and_statements_of_a_trace() {
    let mut r = recorder_within(Limits::default());
    let h = read(&mut r, 0, "norm.output");
    r.save("a", h, None).unwrap();
    let (text, bytes) = (text::print(r.trace()), wire::encode(r.trace()).unwrap());
    let small = Limits { trace_bytes: 20, ..Limits::default() };
    expect!["`trace_bytes` is limited to 20, this trace has 83 [limit-exceeded]"]
        .assert_eq(&message(text::parse(&text, "a.trace", &small)));
    assert_eq!(wire::decode(&bytes, &small).unwrap_err().code, Code::LimitExceeded);
    let few = Limits { statements: 1, ..Limits::default() };
    expect![[r#"
        `statements` is limited to 1, this trace has 2 [limit-exceeded]
          --> a.trace:5"#]]
    .assert_eq(&message(text::parse(&text, "a.trace", &few)));
    assert_eq!(wire::decode(&bytes, &few).unwrap_err().code, Code::LimitExceeded);
}

#[test]
fn bytes_of_constants_in_text() {
    let few = Limits { constant_bytes: 16, ..Limits::default() };
    let text = "pellucid 2\n%0 = constant f32[3] [1, 2, 3]\n%1 = constant f32[3] [1, 2, 3]\n";
    expect![[r#"
        `constant_bytes` is limited to 16, this trace has 24 [limit-exceeded]
          --> a.trace:3"#]]
    .assert_eq(&message(text::parse(text, "a.trace", &few)));
}

#[test]
fn axes_of_a_value() {
    let mut r = recorder_within(Limits::default());
    let h = read(&mut r, 0, "norm.output");
    let news = vec![pellucid_graph::IndexItem::New; 62];
    expect![[r#"
        `index`: the result has 65 axes, at most 64 are allowed [shape-mismatch]
          --> run.py:3"#]]
    .assert_eq(&message(fixture::try_op(&mut r, "index", h, vec![Arg::Index(news)], at(3))));
    let many = pellucid_graph::Constant::f32(vec![1; 65], &[0.0]);
    expect![[r#"
        constant 0 has 65 axes, at most 64 are allowed [shape-mismatch]
          --> run.py:4"#]]
    .assert_eq(&message(r.add_constant(many, at(4))));
}

#[test]
fn dependencies_between_invokes() {
    let text = "pellucid 2\ninvoke 0 ids [1]\ninvoke 1 ids [1]\ninvoke 2 ids [1]\n\
        %0 = read 0 lm_head.output\n%1 = read 1 lm_head.output\n%2 = read 2 lm_head.output\n\
        %3 = stack [%0, %1, %2]\n%4 = mul %3 2\nsave \"x\" %4\n";
    let check_within = |dependencies| {
        let limits = Limits { dependencies, ..Limits::default() };
        check(text::parse(text, "x.trace", &limits).unwrap(), &spec(), &limits).map(drop)
    };
    assert_eq!(check_within(3), Ok(()), "what is made from the same values shares what they need");
    expect![[r#"
        `dependencies` is limited to 2, this trace has 3 [limit-exceeded]
          --> x.trace:8"#]]
    .assert_eq(&message(check_within(2)));
}
