//! Steps of a generation in the language: shapes, order, plans, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fixture;

use expect_test::{Expect, expect};
use fixture::{checked, message, spec};
use pellucid_graph::{Kind, Limits, Sampling, check, explain, plan, text};

fn types(lines: &str) -> Vec<String> {
    let checked = checked(lines).unwrap();
    checked.saved().map(|(name, ty)| format!("{name} {ty}")).collect()
}

#[test]
fn later_steps_have_one_token_and_more_keys() {
    let lines = "generate max_new_tokens=3 n=2
        invoke 0 [ids [1, 2, 3], ids [4]]
        %0 = read 0 layers.0.output
        %1 = read 0 layers.0.output@2
        %2 = read 0 layers.0.self_attn.pattern
        %3 = read 0 layers.0.self_attn.pattern@2
        %4 = read 0 generator.logits@1
        %5 = read 0 generator.token@1
        %6 = read 0 generator.output
        save \"0\" %0\nsave \"1\" %1\nsave \"2\" %2\nsave \"3\" %3\nsave \"4\" %4\nsave \"5\" %5\nsave \"6\" %6";
    let want = [
        "0 f32[4, 3, 8]",
        "1 f32[4, 1, 8]",
        "2 f32[4, 2, 3, 3]",
        "3 f32[4, 2, 1, 5]",
        "4 f32[4, 32]",
        "5 i64[4]",
        "6 i64[4, <=6]",
    ];
    assert_eq!(types(lines), want);
}

#[test]
fn settings_are_read_back() {
    let all = Sampling {
        temperature: 0.7,
        n: 3,
        top_k: Some(5),
        top_p: Some(0.9),
        min_p: Some(0.01),
        repetition_penalty: 1.2,
        seed: u64::MAX,
        eos: Some(vec![1, 2]),
        stop: vec!["\n".into(), "END \"x\"".into()],
        ..Sampling::greedy(9)
    };
    for sampling in [all, Sampling::greedy(0), Sampling { eos: None, ..Sampling::greedy(2) }] {
        let trace = pellucid_graph::Trace { generation: Some(sampling.clone()), ..Default::default() };
        let limits = Limits::default();
        let parsed = text::parse(&text::print(&trace), "x", &limits).map(|t| t.generation);
        assert_eq!(parsed, Ok(Some(sampling.clone())));
        let bytes = pellucid_graph::wire::encode(&trace).unwrap_or_default();
        assert_eq!(pellucid_graph::wire::decode(&bytes, &limits).map(|t| t.generation), Ok(Some(sampling)));
    }
}

#[test]
fn a_step_can_use_what_earlier_steps_made() {
    let lines = "generate max_new_tokens=3
        invoke 0 ids [1, 2]
        %0 = read 0 layers.1.output
        %1 = index %0 [:, -1:]
        write 0 layers.0.output@1 %1
        %2 = read 0 generator.token@2
        save \"x\" %2
        %3 = read 0 layers.0.mlp.output@2
        %4 = mul %3 2
        write 0 layers.0.mlp.output@2 %4
        write 0 generator.token@2 %2";
    let checked = checked(lines).unwrap();
    let plan = plan(&checked);
    assert_eq!(plan.passes.len(), 1);
    assert_eq!(plan.passes[0].steps.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 2]);
    let unused: Vec<bool> =
        plan.unused.iter().map(|i| matches!(checked.statement(*i).kind, Kind::Write { .. })).collect();
    assert_eq!(unused, [true], "the write of a token after the last that is read");
    expect![[r#"
        model tiny (llama, 36 sites)
        generates max_new_tokens=3
        invoke 0: b = 1, s = 2  "token ids"
        pass 0: invokes [0], up to 3 steps, 4 tokens, to the end
          step 0
            layers.1.output  f32[b, s, 8]
              %0 = read 0 layers.1.output  # f32[1, 2, 8]  run.trace:4
              %1 = index %0 [:, -1:]  # f32[1, 1, 8]  run.trace:5
          step 1
            layers.0.output  f32[b, s, 8]
              write 0 layers.0.output@1 %1  run.trace:6
          step 2
            layers.0.mlp.output  f32[b, s, 8]
              %3 = read 0 layers.0.mlp.output@2  # f32[1, 1, 8]  run.trace:9
              %4 = mul %3 2  # f32[1, 1, 8]  run.trace:10
              write 0 layers.0.mlp.output@2 %4  run.trace:11
            generator.token  i64[b]
              %2 = read 0 generator.token@2  # i64[1]  run.trace:7
        not run, no saved value depends on it: write 0 generator.token@2 %2 (run.trace:12)
        result x: i64[1]
        cost: 4 tokens, 0.000 GFLOP, values 168 B, results 8 B
        memory beside the weights: at most 752 B at once: activations 656 B, values 96 B
    "#]]
    .assert_eq(&explain(&checked, &plan));
}

#[test]
fn a_later_step_of_another_invoke_makes_another_pass() {
    let lines = "generate max_new_tokens=3
        invoke 0 ids [1, 2]
        invoke 1 ids [1, 2]
        %0 = read 0 layers.1.output@2
        write 1 layers.0.output@1 %0
        %1 = read 1 generator.output
        save \"x\" %1";
    let checked = checked(lines).unwrap();
    assert_eq!([checked.pass_of(0), checked.pass_of(1)], [0, 1]);
    assert_eq!(plan(&checked).passes[1].steps.len(), 4);
}

#[test]
fn says_what_steps_there_are() {
    let fails = |lines: &str, expected: Expect| expected.assert_eq(&message(checked(lines)));
    let one = "invoke 0 ids [1]\n%0 = read 0 layers.0.output@1";
    fails(
        one,
        expect![[r#"
            `layers.0.output@1`: this trace is one forward pass, it has only step 0 [unknown-site]
              --> run.trace:3"#]],
    );
    fails(
        &format!("generate max_new_tokens=1\n{one}"),
        expect![[r#"
            `layers.0.output@1`: there is only step 0 [unknown-site]
              --> run.trace:4"#]],
    );
    fails(
        "generate max_new_tokens=0\ninvoke 0 ids [1]\n%0 = read 0 layers.0.output",
        expect![[r#"
            `layers.0.output`: this generation makes no tokens, it has no steps [unknown-site]
              --> run.trace:4"#]],
    );
    fails(
        "invoke 0 ids [1]\n%0 = read 0 generator.token",
        expect![[r#"
            `generator.token` is of a generation, and this trace is one forward pass [unknown-site]
              --> run.trace:3
              help: `model.generate(...)` instead of `model.trace(...)` continues the prompt"#]],
    );
    fails(
        "generate max_new_tokens=2\ninvoke 0 ids [1]\n%0 = read 0 generator.output\nwrite 0 generator.output %0",
        expect![[r#"
            `generator.output` is what the generation has made; it cannot be written [unknown-site]
              --> run.trace:5
              help: `generator.token` is each step's token, which can"#]],
    );
    fails(
        "generate max_new_tokens=2\ninvoke 0 ids [1]\n%0 = read 0 layers.0.output@1\n%1 = read 0 layers.0.input
        write 0 layers.0.input %0",
        expect![[r#"
            cannot write `layers.0.input`: the value needs `layers.0.output@1`, which the model computes later [needs-later-value]
              --> run.trace:6
              help: `layers.0.output@1` is read at run.trace:4; read it in another invoke of the same prompt, which then runs first"#]],
    );
    fails(
        "generate max_new_tokens=5\ninvoke 0 ids [1, 2]",
        expect![[r#"
            a prompt has 2 tokens and is to get 5 new ones, `tiny` takes at most 6 [prompt-too-long]
              --> run.trace:3"#]],
    );
    fails(
        "generate max_new_tokens=2 temperature=-1\ninvoke 0 ids [1]",
        expect![[r#"
            `temperature`: expected 0 or more, got -1 [bad-argument]
              --> run.trace:3"#]],
    );
}

#[test]
fn old_traces_are_read() {
    let old = "pellucid 1\ninvoke 0 ids [1]\n%0 = read 0 output\nsave \"x\" %0\n";
    let trace = text::parse(old, "old.trace", &Limits::default());
    assert!(trace.is_ok_and(|t| check(t, &spec(), &Limits::default()).is_ok()));
}
