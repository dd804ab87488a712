//! What a user reads when an operation or a place between brackets is wrong, at that line.

mod fixture;

use expect_test::{Expect, expect};
use fixture::{arg, at, counting, index, message, op, read, recorder, try_op};
use pellucid_graph::{Arg, Op, Recorder, Result};

fn check<T>(act: impl FnOnce(&mut Recorder) -> Result<T>, expected: Expect) {
    let mut r = recorder();
    expected.assert_eq(&message(act(&mut r)));
}

#[test]
fn operations() {
    check(
        |_| Op::find("sofmax"),
        expect![[r#"
            there is no operation `sofmax` [unknown-op]
              help: did you mean `softmax` or `fmax` or `softmin`?"#]],
    );
    check(|_| Op::find("qqqq"), expect!["there is no operation `qqqq` [unknown-op]"]);
    let refuse = |name: &'static str, rest: Vec<Arg>, expected| {
        check(
            |r| {
                let h = read(r, 0, "embed.output");
                try_op(r, name, h, rest, at(5))
            },
            expected,
        );
    };
    refuse(
        "index",
        vec![Arg::Index(index(":, 3"))],
        expect![[r#"
        index 3 is out of range for axis 1 of length 3 (shape [1, 3, 8]) [index-out-of-range]
          --> run.py:5"#]],
    );
    refuse(
        "index",
        vec![Arg::Index(index(":, ::-1"))],
        expect![[r#"
            a slice's step must be at least 1, got -1 [bad-argument]
              --> run.py:5
              help: index with a tensor of falling positions instead"#]],
    );
    refuse(
        "softmax",
        vec![Arg::Int(3)],
        expect![[r#"
        `softmax`: dim 3 is out of range for a tensor with 3 axes (-3 to 2) [bad-argument]
          --> run.py:5"#]],
    );
    refuse(
        "topk",
        vec![Arg::Int(9)],
        expect![[r#"
        `topk`: `k` must be 0 to 8 (dim 2 of f32[1, 3, 8]), got 9 [bad-argument]
          --> run.py:5"#]],
    );
    refuse(
        "gelu",
        vec![Arg::Word("exact".into())],
        expect![[r#"
        `gelu`: `approximate` must be one of none, tanh, got `exact` [bad-argument]
          --> run.py:5"#]],
    );
    refuse(
        "sum",
        vec![Arg::Float(1.0)],
        expect![[r#"
            `sum`: `dim` must be an axis or a list of axes, got `1.0` [bad-argument]
              --> run.py:5"#]],
    );
    refuse(
        "reshape",
        vec![Arg::Ints(vec![5, -1])],
        expect![[r#"
        `reshape`: shape [1, 3, 8] cannot become [5, -1] [shape-mismatch]
          --> run.py:5"#]],
    );
    check(
        |r| {
            let (a, b) = (read(r, 0, "embed.output"), counting(r, &[7]));
            let b = arg(r, b);
            try_op(r, "add", a, vec![b], at(6))
        },
        expect![[r#"
            `add`: shapes [1, 3, 8] and [7] do not broadcast [shape-mismatch]
              --> run.py:6"#]],
    );
    check(
        |_| Op::find("sum")?.def().bind(vec![], vec![("axis", Arg::Int(1))]),
        expect!["`sum`: has no argument `axis`, it takes input, dim, keepdim, dtype [bad-argument]"],
    );
    check(
        |_| Op::find("sum")?.def().bind(vec![], vec![]),
        expect!["`sum`: `input` is missing [bad-argument]"],
    );
}

#[test]
fn places() {
    check(
        |r| {
            let h = read(r, 0, "embed.output");
            let v = counting(r, &[1, 2, 8]);
            let v = arg(r, v);
            r.set_item(h, index(":, -1"), v, None, at(6))
        },
        expect![[r#"
            `set_index`: a value of shape [1, 2, 8] does not fit the place of shape [1, 8] [shape-mismatch]
              --> run.py:6"#]],
    );
    check(
        |r| {
            let h = read(r, 0, "embed.output");
            r.set_item(h, index(":, 9"), Arg::Int(0), None, at(6))
        },
        expect![[r#"
            index 9 is out of range for axis 1 of length 3 (shape [1, 3, 8]) [index-out-of-range]
              --> run.py:6"#]],
    );
    check(
        |r| {
            let (h, v) = (read(r, 0, "embed.output"), counting(r, &[7]));
            let v = arg(r, v);
            r.assign(h, v, at(6))
        },
        expect![[r#"
            `copy_into`: a value of shape [7] does not fit shape [1, 3, 8] [shape-mismatch]
              --> run.py:6"#]],
    );
    check(
        |r| {
            let (h, v) = (read(r, 0, "embed.output"), counting(r, &[2, 1, 1]));
            let v = Arg::Value(r.value(v, None)?);
            let wide = op(r, "add", h, vec![v]);
            let wide = r.value(wide, None)?;
            r.update(h, wide, at(6))
        },
        expect![[r#"
            cannot write in place: the result has shape [2, 3, 8], the tensor [1, 3, 8] [shape-mismatch]
              --> run.py:6"#]],
    );
    check(
        |r| {
            let h = counting(r, &[2]);
            let flags = op(r, "isnan", h, vec![]);
            let value = r.value(h, None)?;
            r.update(flags, value, at(6))
        },
        expect![[r#"
            cannot write in place: the result is f32[2], the tensor bool[2] [dtype-mismatch]
              --> run.py:6"#]],
    );
}
