//! Shapes with empty and enormous axes never overflow, and a large trace costs what its size explains.

mod fixture;

use expect_test::expect;
use fixture::{message, spec};
use pellucid_graph::{
    Code, Constant, DType, Invoke, Kind, Limits, Op, Plan, Prompt, Site, Statement, TensorType, Trace,
    ValueId, check, plan,
};

/// An empty constant of this shape, then these lines.
fn check_empty(shape: &[usize], lines: &str, expected: expect_test::Expect) {
    let text = format!("%0 = constant f32{shape:?} []\n{lines}");
    expected.assert_eq(&message(fixture::checked(&text).map(drop)));
}

#[test]
fn empty_and_enormous_axes() {
    check_empty(&[0, 1 << 52, 8], "%1 = apply lm_head %0\n%2 = flatten %1 1 2", expect!["no error"]);
    check_empty(&[0, 1 << 57, 8], "%1 = neg %0", expect!["no error"]);
    check_empty(
        &[0, 1 << 56, 8],
        "%1 = apply lm_head %0\n%2 = flatten %1 1 2",
        expect![[r#"
        `lm_head` applied to f32[0, 72057594037927936, 8] makes f32[0, 72057594037927936, 32], too large to address [shape-mismatch]
          --> run.trace:3"#]],
    );
    check_empty(
        &[0, 1 << 60],
        "%1 = cat [%0, %0, %0] 1",
        expect![[r#"
        `cat`: the result is too large to address [shape-mismatch]
          --> run.trace:3"#]],
    );
    check_empty(
        &[0],
        "%1 = reshape %0 [4611686018427387904, 0, 4611686018427387904]",
        expect![[r#"
        `reshape`: the result is too large to address [shape-mismatch]
          --> run.trace:3"#]],
    );
    check_empty(
        &[0, 1],
        "%1 = expand %0 [9223372036854775807, 0, 9223372036854775807]",
        expect![[r#"
        `expand`: the result is too large to address [shape-mismatch]
          --> run.trace:3"#]],
    );
    check_empty(
        &[0, 1 << 60],
        "%1 = matmul %0 %0",
        expect![[r#"
        `matmul`: shapes [0, 1152921504606846976] and [0, 1152921504606846976] cannot be multiplied [shape-mismatch]
          --> run.trace:3"#]],
    );
    check_empty(
        &[0, 5],
        "%1 = index %0 [:, 9223372036854775807]",
        expect![[r#"
        index 9223372036854775807 is out of range for axis 1 of length 5 (shape [0, 5]) [index-out-of-range]
          --> run.trace:3"#]],
    );
    check_empty(
        &[0, 5],
        "%1 = index %0 [:, -9223372036854775808]",
        expect![[r#"
        index -9223372036854775808 is out of range for axis 1 of length 5 (shape [0, 5]) [index-out-of-range]
          --> run.trace:3"#]],
    );
    check_empty(
        &[0, 5],
        "%1 = index %0 [:, -9223372036854775808:9223372036854775807:9223372036854775807]",
        expect!["no error"],
    );
    check_empty(
        &[0, 5],
        "%1 = sum %0 dim=-9223372036854775808",
        expect![[r#"
        `sum`: dim -9223372036854775808 is out of range for a tensor with 2 axes (-2 to 1) [bad-argument]
          --> run.trace:3"#]],
    );
    check_empty(
        &[0, 5],
        "%1 = index %0 [0]",
        expect![[r#"
        index 0 is out of range for axis 0 of length 0 (shape [0, 5]) [index-out-of-range]
          --> run.trace:3"#]],
    );
    check_empty(
        &[0, 5],
        "%1 = amax %0 dim=0",
        expect![[r#"
        `amax`: an axis of length 0 in f32[0, 5] [shape-mismatch]
          --> run.trace:3"#]],
    );
    check_empty(
        &[0, 5],
        "%1, %2 = topk %0 9223372036854775807",
        expect![[r#"
        `topk`: `k` must be 0 to 5 (dim 1 of f32[0, 5]), got 9223372036854775807 [bad-argument]
          --> run.trace:3"#]],
    );
}

fn prompt() -> Invoke {
    Invoke { prompts: vec![Prompt::ids([1])], at: None }
}

/// Checked and planned; a check that is quadratic in these would not come to an end.
fn planned(kinds: Vec<Kind>, invokes: usize) -> Plan {
    let statements = kinds.into_iter().map(|kind| Statement { kind, at: None }).collect();
    let trace = Trace { invokes: vec![prompt(); invokes], statements, ..Trace::default() };
    let checked = check(trace, &spec(), &Limits::default()).unwrap_or_else(|d| panic!("{d}"));
    plan(&checked)
}

fn read(invoke: usize, place: &str) -> Kind {
    Kind::Read { invoke, site: fixture::site(place) }
}

#[test]
fn many_skips_and_reads() {
    let skips =
        (0..4000).map(|invoke| Kind::Skip { invoke, module: "layers.0".into(), step: 0, value: ValueId(0) });
    let reads = (0..100_000).map(|i| read(i % 4000, "layers.1.mlp.pre"));
    let plan = planned(std::iter::once(read(0, "embed.output")).chain(skips).chain(reads).collect(), 4000);
    assert_eq!((plan.unused.len(), plan.passes.len()), (4000, 0));
}

#[test]
fn many_writes_that_need_each_other() {
    let n = 1000;
    let mut kinds = vec![read(0, "layers.1.output")];
    kinds.push(Kind::Save { name: "h".into(), value: ValueId(0) });
    for i in 1..n {
        kinds.push(read(i, "layers.1.output"));
        kinds.push(Kind::Write {
            invoke: i - 1,
            site: fixture::site("layers.0.output"),
            value: ValueId(i as u32),
        });
    }
    let plan = planned(kinds, n);
    assert_eq!((plan.unused.len(), plan.passes.len()), (0, n));
}

#[test]
fn axes_do_not_multiply_memory() {
    let ty = TensorType::new(DType::F32, vec![1; 100_000]);
    let statement = |kind| Statement { kind, at: None };
    let constants = vec![Constant { ty, data: vec![0; 4].into() }];
    let neg =
        Kind::Op { op: Op::find("neg").expect("a row"), args: vec![pellucid_graph::Arg::Value(ValueId(0))] };
    let statements = vec![statement(Kind::Constant { index: 0 }), statement(neg)];
    let trace = Trace { constants, statements, ..Trace::default() };
    assert_eq!(
        check(trace, &spec(), &Limits::default()).expect_err("too many axes").code,
        Code::ShapeMismatch
    );
}

#[test]
fn enormous_names_are_not_compared() {
    let path = "a".repeat(4 << 20);
    let kind = Kind::Read { invoke: 0, site: Site::new(path, pellucid_graph::Point::Output) };
    let trace =
        Trace { invokes: vec![prompt()], statements: vec![Statement { kind, at: None }], ..Trace::default() };
    let found = check(trace, &spec(), &Limits::default()).expect_err("unknown");
    assert_eq!(found.code, Code::UnknownModule);
    assert!(!found.help.is_some_and(|h| h.contains("did you mean")));
}
