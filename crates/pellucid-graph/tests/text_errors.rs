//! A line of the text form that cannot be read says what was expected and what stands there.

mod fixture;

use expect_test::{Expect, expect};
use fixture::{checked, message, parsed};
use pellucid_graph::{Limits, text};

#[test]
fn syntax_errors_have_a_line() {
    let check = |lines: &str, expected: Expect| expected.assert_eq(&message(checked(lines)));
    check(
        "reed 0 output",
        expect![[r#"
            expected a statement, got `reed` [syntax]
              --> run.trace:2
              help: lines start with a value like `%0 =`, or model, generate, invoke, function, return, write, skip, set, set_gradient, save, log, stop"#]],
    );
    check(
        "invoke 1 ids [1]",
        expect![[r#"
        expected invoke 0, got 1 [syntax]
          --> run.trace:2"#]],
    );
    check(
        "invoke 0",
        expect![[r#"
        expected a prompt in double quotes, or `ids [...]`, got the end of the line [syntax]
          --> run.trace:2"#]],
    );
    check(
        "\n\ninvoke 0 \"open",
        expect![[r#"
        expected text in double quotes, got `"open` [syntax]
          --> run.trace:4"#]],
    );
    check(
        "invoke 0 ids [1, x]",
        expect![[r#"
        expected a token id, got `x]` [syntax]
          --> run.trace:2"#]],
    );
    check(
        "invoke 0 ids [1] 2",
        expect![[r#"
        expected the end of the line, got `2` [syntax]
          --> run.trace:2"#]],
    );
    check(
        "%0 = read 0 lay ers",
        expect![[r#"
        expected the end of the line, got `ers` [syntax]
          --> run.trace:2"#]],
    );
    check(
        "%0 = read 0 .output",
        expect![[r#"
        expected a site, got `.output` [syntax]
          --> run.trace:2"#]],
    );
    check(
        "%0 read 0 output",
        expect![[r#"
        expected `=`, got `read 0 output` [syntax]
          --> run.trace:2"#]],
    );
    check(
        "%0, %1 = read 0 output",
        expect![[r#"
            the line names 2 values, `read` makes 1 [syntax]
              --> run.trace:2"#]],
    );
    check(
        "%0 = mull 2 3",
        expect![[r#"
            there is no operation `mull` [unknown-op]
              --> run.trace:2
              help: did you mean `full` or `mul`?"#]],
    );
    check(
        "%0 = mul 2 3 4",
        expect![[r#"
        `mul`: takes at most 2 arguments, got 3 [bad-argument]
          --> run.trace:2"#]],
    );
    check(
        "%0 = mul 2 by=3",
        expect![[r#"
        `mul`: has no argument `by`, it takes input, other [bad-argument]
          --> run.trace:2"#]],
    );
    check(
        "%0 = mul 2 other=3 other=4",
        expect![[r#"
        `mul`: `other` is given twice [bad-argument]
          --> run.trace:2"#]],
    );
    check(
        "%0 = neg %1",
        expect![[r#"
        `%1` is not made by an earlier statement [unknown-value]
          --> run.trace:2"#]],
    );
    check(
        "%0 = add 1 2\n%0 = add 1 2",
        expect![[r#"
        `%0` is made twice [duplicate-name]
          --> run.trace:3"#]],
    );
    check(
        "%0 = gelu 2 approximate=)",
        expect![[r#"
            expected an argument, got `)` [syntax]
              --> run.trace:2"#]],
    );
    check(
        "%0 = constant f31[1] [1]",
        expect![[r#"
            expected an element type before the shape, got `f31` [syntax]
              --> run.trace:2"#]],
    );
    check(
        "%0 = constant u8[2] [1, 256]",
        expect![[r#"
        expected an element of type u8, got `256` [syntax]
          --> run.trace:2"#]],
    );
    check(
        "%0 = constant f32[2] [1]",
        expect![[r#"
        a constant of type f32[2] cannot have 1 elements [shape-mismatch]
          --> run.trace:2"#]],
    );
    check(
        "save h %0",
        expect![[r#"
        expected text in double quotes, got `h %0` [syntax]
          --> run.trace:2"#]],
    );
    check(
        "stop now",
        expect![[r#"
        expected the end of the line, got `now` [syntax]
          --> run.trace:2"#]],
    );
}

#[test]
fn the_first_line_names_the_version() {
    let check = |text: &str, expected: Expect| {
        expected.assert_eq(&message(text::parse(text, "run.trace", &Limits::default())));
    };
    check(
        "",
        expect![[r#"
        expected `pellucid 2` on the first line, got nothing [syntax]
          --> run.trace:1"#]],
    );
    check(
        "# only\n",
        expect![[r#"
        expected `pellucid 2` on the first line, got nothing [syntax]
          --> run.trace:1"#]],
    );
    check(
        "pellucid 9",
        expect![[r#"
        the trace is of version 9, this build reads versions 1 to 2 [unsupported-version]
          --> run.trace:1"#]],
    );
    check(
        "pellucid 2 and more",
        expect![[r#"
        expected the end of the line, got `and more` [syntax]
          --> run.trace:1"#]],
    );
    check(
        "model \"x\"",
        expect![[r#"
        expected `pellucid`, got `model "x"` [syntax]
          --> run.trace:1"#]],
    );
}

#[test]
fn what_was_parsed_knows_its_lines() {
    let trace = parsed("invoke 0 ids [1]\n\n%0 = read 0 output").unwrap_or_else(|d| panic!("{d}"));
    let places = [&trace.invokes[0].at, &trace.statements[0].at].map(|at| at.as_ref().map(|l| l.line));
    assert_eq!(places, [Some(2), Some(4)]);
}
