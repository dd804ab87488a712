//! What a user reads when a line of the script is wrong: raised at that line, before any model runs.

mod fixture;

use expect_test::{Expect, expect};
use fixture::{at, counting, message, read, recorder, site, spec};
use pellucid_graph::{Arg, Constant, DType, Limits, Prompt, Recorder, Result, TensorType};

fn check<T>(act: impl FnOnce(&mut Recorder) -> Result<T>, expected: Expect) {
    let mut r = recorder();
    expected.assert_eq(&message(act(&mut r)));
}

#[test]
fn modules_and_sites() {
    check(
        |r| r.read(0, site("layers.0.mpl.output"), at(7)),
        expect![[r#"
        `tiny` has no module `layers.0.mpl` [unknown-module]
          --> run.py:7
          help: did you mean `layers.0.mlp` or `layers.1.mlp` or `layers.0`?"#]],
    );
    check(
        |r| r.read(0, site("quux.output"), at(7)),
        expect![[r#"
        `tiny` has no module `quux` [unknown-module]
          --> run.py:7
          help: `print(model)` or `pellucid sites MODEL` lists every module"#]],
    );
    check(
        |r| r.read(0, site("layers.1.self_attn.post"), at(8)),
        expect![[r#"
        `layers.1.self_attn` has no site `post` [unknown-site]
          --> run.py:8
          help: it has: input, q, k, v, scores, pattern, z, output"#]],
    );
    check(
        |r| r.read(0, site("layers.output"), at(8)),
        expect![[r#"
        `layers` has no site `output` [unknown-site]
          --> run.py:8
          help: this module is not called during a forward pass"#]],
    );
    check(
        |r| r.read(0, site("logits"), at(8)),
        expect![[r#"
            the model has no site `logits` [unknown-site]
              --> run.py:8
              help: it has: input, output"#]],
    );
    check(
        |r| r.read(0, site("norm.output@2"), at(9)),
        expect![[r#"
        `norm.output@2`: this trace is one forward pass, it has only step 0 [unknown-site]
          --> run.py:9"#]],
    );
    check(
        |r| r.read(3, site("norm.output"), at(9)),
        expect![[r#"
        there is no invoke 3, only 1 [unknown-invoke]
          --> run.py:9"#]],
    );
    check(
        |r| {
            let h = read(r, 0, "embed.output");
            r.apply("lm_haed", h, at(4))
        },
        expect![[r#"
            `tiny` has no module `lm_haed` [unknown-module]
              --> run.py:4
              help: did you mean `lm_head`?"#]],
    );
}

#[test]
fn writes_of_another_type() {
    check(
        |r| {
            let v = counting(r, &[1, 3, 7]);
            r.write(0, site("layers.0.output"), v, at(12))
        },
        expect![[r#"
            cannot write `layers.0.output`: the value has shape [1, 3, 7], the site [1, 3, 8] [shape-mismatch]
              --> run.py:12"#]],
    );
    check(
        |r| {
            let v =
                r.add_constant(Constant::i64([1, 3, 8], &[0; 24]), None).and_then(|i| r.constant(i, None))?;
            r.write(0, site("layers.0.output"), v, at(12))
        },
        expect![[r#"
            cannot write `layers.0.output`: the value has dtype i64, the site f32 [dtype-mismatch]
              --> run.py:12"#]],
    );
    check(
        |r| {
            let v = counting(r, &[1, 3]);
            r.skip(0, "layers.0.mlp", 0, v, at(13))
        },
        expect![[r#"
            cannot skip `layers.0.mlp`: the value has shape [1, 3], its output [1, 3, 8] [shape-mismatch]
              --> run.py:13"#]],
    );
    check(
        |r| {
            let v = counting(r, &[1, 3, 7]);
            r.apply("lm_head", v, at(14))
        },
        expect![[r#"
            `lm_head` takes f32[..., 8], got f32[1, 3, 7] [shape-mismatch]
              --> run.py:14"#]],
    );
    check(
        |r| {
            let v =
                r.add_constant(Constant::i64([1, 3, 8], &[0; 24]), None).and_then(|i| r.constant(i, None))?;
            r.apply("lm_head", v, at(14))
        },
        expect![[r#"
            `lm_head` takes f32[..., 8], got i64[1, 3, 8] [dtype-mismatch]
              --> run.py:14"#]],
    );
    check(
        |r| {
            let v = counting(r, &[3, 8]);
            r.apply("layers.0", v, at(15))
        },
        expect![[r#"
            `layers.0` takes f32[b, s, 8], got f32[3, 8] [shape-mismatch]
              --> run.py:15"#]],
    );
}

#[test]
fn floating_values_convert_to_the_sites_dtype() {
    let mut r = recorder();
    let h = read(&mut r, 0, "norm.output");
    let half = fixture::op(&mut r, "to", h, vec![Arg::DType(DType::F16)]);
    r.write(0, site("norm.output"), half, at(3)).unwrap();
    expect![[r#"
        pellucid 2
        model "tiny"
        invoke 0 ids [1, 2, 3]
        %0 = read 0 norm.output
        %1 = to %0 f16
        %2 = to %1 f32
        write 0 norm.output %2
    "#]]
    .assert_eq(&pellucid_graph::text::print(r.trace()));
}

#[test]
fn prompts() {
    let invoke = |prompts: Vec<Prompt>, expected| check(|r| r.invoke(prompts, at(2)), expected);
    invoke(
        vec![],
        expect![[r#"
        an invoke needs at least one prompt [empty-prompt]
          --> run.py:2"#]],
    );
    invoke(
        vec![Prompt::ids([])],
        expect![[r#"
        a prompt has no tokens [empty-prompt]
          --> run.py:2"#]],
    );
    invoke(
        vec![Prompt { text: Some(" ".into()), ids: Some(vec![]) }],
        expect![[r#"
        the prompt ` ` has no tokens [empty-prompt]
          --> run.py:2"#]],
    );
    invoke(
        vec![Prompt::ids([1; 7])],
        expect![[r#"
        a prompt has 7 tokens, `tiny` takes at most 6 [prompt-too-long]
          --> run.py:2"#]],
    );
    invoke(
        vec![Prompt::ids([1, 32])],
        expect![[r#"
        token id 32 at position 1 is outside the vocabulary of 32 [token-out-of-range]
          --> run.py:2"#]],
    );
    invoke(
        vec![Prompt::text("hello")],
        expect![[r#"
        a prompt is text, expected token ids [not-tokenized]
          --> run.py:2"#]],
    );
}

#[test]
fn results() {
    check(
        |r| {
            let h = read(r, 0, "norm.output");
            r.save("h", h, at(3))?;
            r.save("h", h, at(4))
        },
        expect![[r#"
            two values are saved as `h` [duplicate-name]
              --> run.py:4"#]],
    );
}

#[test]
fn a_refused_constant_leaves_no_trace() {
    let mut r = Recorder::new(spec(), Limits::default());
    let short = Constant { ty: TensorType::new(DType::F32, [2]), data: vec![0; 4].into() };
    expect![[r#"
        constant 0 of type f32[2] has 4 bytes [bad-wire]
          --> run.py:3"#]]
    .assert_eq(&message(r.add_constant(short, at(3))));
    assert!(r.trace().constants.is_empty());
}
