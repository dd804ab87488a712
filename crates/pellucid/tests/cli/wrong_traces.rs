//! Traces that are wrong: exit code 3, the message, the user's line.

use expect_test::{Expect, expect};

use super::{Desk, LLAMA};

/// Runs lines that follow `pellucid 2` and a prompt of three tokens.
fn check(lines: &str, message: Expect) {
    let lines = format!("pellucid 2\ninvoke 0 ids [1, 2, 3]\n{lines}");
    Desk::new().trace(LLAMA, &lines).fails(3, message);
}

/// Runs a trace of one prompt.
fn prompt(prompt: &str, message: Expect) {
    let lines = format!("pellucid 2\n# the prompt\ninvoke 0 {prompt}\n%0 = read 0 output\nsave \"x\" %0");
    Desk::new().trace(LLAMA, &lines).fails(3, message);
}

#[test]
fn a_wrong_path_gets_the_nearest_names() {
    check(
        "%0 = read 0 model.layer.1.output",
        expect![[r#"
        error: `llama` has no module `model.layer.1` [unknown-module]
          --> run.trace:3
          help: did you mean `model.layers.1` or `model.layers.0` or `model.layers`?
    "#]],
    );
    check(
        "%0 = read 0 model.layers.1.mpl.output",
        expect![[r#"
        error: `llama` has no module `model.layers.1.mpl` [unknown-module]
          --> run.trace:3
          help: did you mean `model.layers.1.mlp` or `model.layers.0.mlp` or `model.layers.1`?
    "#]],
    );
    check(
        "%0 = read 0 model.layers.1.self_attn.patern",
        expect![[r#"
            error: `model.layers.1.self_attn` has no site `patern` [unknown-site]
              --> run.trace:3
              help: it has: input, q, k, v, rot_q, rot_k, cached_keys, cached_values, scores, pattern, z, output, heads
        "#]],
    );
    check(
        "%0 = read 0 model.layers.7.output",
        expect![[r#"
            error: `llama` has no module `model.layers.7` [unknown-module]
              --> run.trace:3
              help: did you mean `model.layers.0` or `model.layers.1` or `model.layers`?
        "#]],
    );
}

#[test]
fn a_wrong_shape_is_found_at_its_line() {
    check(
        "%0 = read 0 model.layers.0.output
         %1 = index %0 [:, -1]
         # the row alone does not fill the site
         write 0 model.layers.0.output %1
         %2 = read 0 output
         save \"x\" %2",
        expect![[r#"
            error: cannot write `model.layers.0.output`: the value has shape [1, 32], the site [1, 3, 32] [shape-mismatch]
              --> run.trace:6
        "#]],
    );
    check(
        "%0 = read 0 output\n%1 = constant f32[3] [1, 2, 3]\n%2 = add %0 %1\nsave \"x\" %2",
        expect![[r#"
        error: `add`: shapes [1, 3, 384] and [3] do not broadcast [shape-mismatch]
          --> run.trace:5
    "#]],
    );
}

#[test]
fn a_write_that_needs_a_later_value() {
    check(
        "%0 = read 0 model.layers.1.output
         write 0 model.layers.0.output %0
         %1 = read 0 output
         save \"x\" %1",
        expect![[r#"
            error: cannot write `model.layers.0.output`: the value needs `model.layers.1.output`, which the model computes later [needs-later-value]
              --> run.trace:4
              help: `model.layers.1.output` is read at run.trace:3; read it in another invoke of the same prompt, which then runs first
        "#]],
    );
}

#[test]
fn an_unknown_operation() {
    check(
        "%0 = read 0 output\n%1 = sofmax %0 -1\nsave \"x\" %1",
        expect![[r#"
            error: there is no operation `sofmax` [unknown-op]
              --> run.trace:4
              help: did you mean `softmax` or `fmax` or `softmin`?
        "#]],
    );
}

#[test]
fn a_syntax_error() {
    check(
        "%0 = read 0 output\nsave x %0",
        expect![[r#"
        error: expected text in double quotes, got `x %0` [syntax]
          --> run.trace:4
    "#]],
    );
    check(
        "%0 = read 0 output\nkeep \"x\" %0",
        expect![[r#"
            error: expected a statement, got `keep` [syntax]
              --> run.trace:4
              help: lines start with a value like `%0 =`, or model, generate, invoke, function, return, write, skip, set, set_gradient, save, log, stop
        "#]],
    );
    check(
        "%0 = raed 0 output",
        expect![[r#"
            error: there is no operation `raed` [unknown-op]
              --> run.trace:3
              help: did you mean `rand` or `randn` or `randperm`?
        "#]],
    );
    Desk::new().trace(LLAMA, "invoke 0 \"hi\"").fails(
        3,
        expect![[r#"
        error: expected `pellucid`, got `invoke 0 "hi"` [syntax]
          --> run.trace:1
    "#]],
    );
    Desk::new().trace(LLAMA, "").fails(
        3,
        expect![[r#"
        error: expected `pellucid 2` on the first line, got nothing [syntax]
          --> run.trace:1
    "#]],
    );
    Desk::new().trace(LLAMA, "pellucid 9").fails(
        3,
        expect![[r#"
            error: the trace is of version 9, this build reads versions 1 to 2 [unsupported-version]
              --> run.trace:1
        "#]],
    );
}

#[test]
fn prompts_that_no_model_takes() {
    prompt(
        "\"\"",
        expect![[r#"
        error: the prompt `` has no tokens [empty-prompt]
          --> run.trace:3
    "#]],
    );
    prompt(
        "ids []",
        expect![[r#"
        error: a prompt has no tokens [empty-prompt]
          --> run.trace:3
    "#]],
    );
    prompt(
        "[]",
        expect![[r#"
        error: an edit cannot run: it has no prompt [no-edit]
          help: `pl.load_edit(path)` reads it, `model.with_edit(edit)` has it
    "#]],
    );
    prompt(
        "ids [1, 384, 2]",
        expect![[r#"
        error: token id 384 at position 1 is outside the vocabulary of 384 [token-out-of-range]
          --> run.trace:3
    "#]],
    );
    prompt(
        "ids [-1]",
        expect![[r#"
        error: expected a token id, got `-1]` [syntax]
          --> run.trace:3
    "#]],
    );
    prompt(
        &format!("ids {:?}", vec![1; 129]),
        expect![[r#"
        error: a prompt has 129 tokens, `llama` takes at most 128 [prompt-too-long]
          --> run.trace:3
    "#]],
    );
    prompt(
        &format!("{:?}", "z".repeat(500)),
        expect![[r#"
        error: a prompt has 500 tokens, `llama` takes at most 128 [prompt-too-long]
          --> run.trace:3
    "#]],
    );
}

#[test]
fn a_trace_of_another_model() {
    Desk::new()
        .trace(LLAMA, "pellucid 2\nmodel \"gpt2\"\ninvoke 0 ids [1]\n%0 = read 0 output\nsave \"x\" %0")
        .fails(
            3,
            expect![[r#"
            error: the trace was recorded for `gpt2`, this is `llama` [model-mismatch]
              help: remove the `model` line to run it anyway
        "#]],
        );
}

#[test]
fn what_only_shows_while_running_has_its_line_too() {
    check(
        "%0 = read 0 input
         %1 = add %0 1000
         write 0 input %1
         %2 = read 0 output
         save \"x\" %2",
        expect![[r#"
            error: `model.embed_tokens` has 384 rows, got id 1001 [token-out-of-range]
              --> run.trace:5
        "#]],
    );
    check(
        "%0 = read 0 output
         %1 = constant i64[1] [384]
         %2 = index_select %0 -1 %1
         save \"x\" %2",
        expect![[r#"
            error: `index_select`: index 384 is out of range for axis 2 of length 384 [index-out-of-range]
              --> run.trace:5
        "#]],
    );
}

#[test]
fn explain_finds_the_same_faults() {
    let desk = Desk::new();
    desk.write("run.trace", "pellucid 2\ninvoke 0 ids [1]\n%0 = read 0 lm_haed.output");
    desk.run(&format!("explain run.trace --model {LLAMA}")).fails(
        3,
        expect![[r#"
        error: `llama` has no module `lm_haed` [unknown-module]
          --> run.trace:3
          help: did you mean `lm_head`?
    "#]],
    );
}
