//! What `check` finds once the whole trace is known: order, skips, stops, circles, limits of a model.

mod fixture;

use expect_test::{Expect, expect};
use fixture::{checked, message};

fn check(lines: &str, expected: Expect) {
    expected.assert_eq(&message(checked(lines)));
}

#[test]
fn a_write_cannot_use_its_own_future() {
    check(
        "invoke 0 ids [1, 2]
         %0 = read 0 layers.1.output
         %1 = mul %0 0.5
         write 0 layers.0.output %1",
        expect![[r#"
            cannot write `layers.0.output`: the value needs `layers.1.output`, which the model computes later [needs-later-value]
              --> run.trace:5
              help: `layers.1.output` is read at run.trace:3; read it in another invoke of the same prompt, which then runs first"#]],
    );
    check(
        "invoke 0 ids [1, 2]
         %0 = read 0 layers.0.mlp.output
         skip 0 layers.0.mlp %0",
        expect![[r#"
            cannot skip `layers.0.mlp`: the value needs `layers.0.mlp.output`, which the model computes later [needs-later-value]
              --> run.trace:4
              help: `layers.0.mlp.output` is read at run.trace:3; read it in another invoke of the same prompt, which then runs first"#]],
    );
    check(
        "invoke 0 ids [1, 2]
         invoke 1 ids [1, 2]
         %0 = read 0 embed.output
         %1 = read 0 norm.output
         %2 = read 1 embed.output
         %3 = add %0 %2
         %4 = add %3 %1
         write 0 layers.1.mlp.output %4",
        expect![[r#"
            cannot write `layers.1.mlp.output`: the value needs `norm.output`, which the model computes later [needs-later-value]
              --> run.trace:9
              help: `norm.output` is read at run.trace:5; read it in another invoke of the same prompt, which then runs first"#]],
    );
}

#[test]
fn a_value_at_its_own_site_is_in_time() {
    check(
        "invoke 0 ids [1, 2]
         %0 = read 0 layers.0.mlp.input
         skip 0 layers.0.mlp %0
         %1 = read 0 layers.1.output
         write 0 layers.1.output %1",
        expect!["no error"],
    );
}

#[test]
fn invokes_cannot_wait_for_each_other() {
    check(
        "invoke 0 ids [1, 2]
         invoke 1 ids [1, 2]
         %0 = read 0 norm.output
         %1 = read 1 norm.output
         write 1 embed.output %0
         write 0 embed.output %1",
        expect![[r#"
            the invokes need each other's later values in a circle [cyclic-invokes]
              --> run.trace:7"#]],
    );
}

#[test]
fn a_long_circle_is_found_in_any_order_of_its_edges() {
    check(
        "invoke 0 ids [1]
         invoke 1 ids [1]
         invoke 2 ids [1]
         %0 = read 0 embed.output
         %1 = read 1 embed.output
         %2 = read 2 norm.output
         write 2 layers.0.input %1
         write 1 layers.0.input %0
         write 0 layers.0.input %2",
        expect![[r#"
            the invokes need each other's later values in a circle [cyclic-invokes]
              --> run.trace:9"#]],
    );
}

#[test]
fn skipped_modules_are_not_visited() {
    let skip = "invoke 0 ids [1, 2]
         %0 = read 0 layers.0.self_attn.input
         skip 0 layers.0.self_attn %0\n";
    check(
        &format!("{skip} %1 = read 0 layers.0.self_attn.pattern"),
        expect![[r#"
            `layers.0.self_attn.pattern` does not run: this invoke skips `layers.0.self_attn` [skipped-site]
              --> run.trace:5"#]],
    );
    check(&format!("{skip} %1 = read 0 layers.0.self_attn.output"), expect!["no error"]);
    check(&format!("{skip} %1 = read 0 layers.1.self_attn.pattern"), expect!["no error"]);
    check(
        "invoke 0 ids [1, 2]
         %0 = read 0 layers.1.input
         write 0 layers.1.mlp.output %0
         skip 0 layers.1 %0",
        expect![[r#"
            `layers.1.mlp.output` does not run: this invoke skips `layers.1` [skipped-site]
              --> run.trace:4"#]],
    );
    check(
        "invoke 0 ids [1, 2]
         invoke 1 ids [1, 2]
         %0 = read 0 layers.1.input
         skip 0 layers.1 %0
         %1 = read 1 layers.1.mlp.post",
        expect!["no error"],
    );
}

#[test]
fn nothing_is_read_after_a_stop() {
    check(
        "invoke 0 ids [1, 2]
         %0 = read 0 layers.0.output
         stop
         %1 = read 0 layers.0.mlp.post
         %2 = read 0 layers.1.output",
        expect![[r#"
            `layers.1.output` is computed after the place where this trace stops [after-stop]
              --> run.trace:6"#]],
    );
    check(
        "invoke 0 ids [1, 2]
         stop
         %0 = read 0 input",
        expect![[r#"
            `input` is computed after the place where this trace stops [after-stop]
              --> run.trace:4"#]],
    );
}

#[test]
fn what_a_trace_must_hold() {
    check(
        "invoke 0 \"hello\"",
        expect![[r#"
        a prompt is text, expected token ids [not-tokenized]
          --> run.trace:2"#]],
    );
    check(
        "model \"gpt2\"",
        expect![[r#"
        the trace was recorded for `gpt2`, this is `tiny` [model-mismatch]
          help: remove the `model` line to run it anyway"#]],
    );
    check(
        "invoke 0 ids []",
        expect![[r#"
        a prompt has no tokens [empty-prompt]
          --> run.trace:2"#]],
    );
    check(
        "invoke 0 ids [1]
         %0 = read 0 norm.output
         save \"h\" %0
         save \"h\" %0",
        expect![[r#"
            two values are saved as `h` [duplicate-name]
              --> run.trace:5"#]],
    );
}
