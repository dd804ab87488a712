//! What each command prints.

use std::io::Read as _;
use std::process::{Command, Stdio};

use expect_test::expect;
use pellucid_api::results;
use pellucid_graph::{DType, ModelSpec, TensorType};

use super::{Desk, LLAMA};

/// Results that follow from the prompt's ids alone: behind layer 0 every state, and so every logit, is 0.
const TRACE: &str = "pellucid 2
    invoke 0 \"The Eiffel Tower\"
    %0 = read 0 input
    save \"ids\" %0
    %1 = read 0 model.layers.0.output
    %2 = mul %1 0.0
    write 0 model.layers.0.output %2
    %3 = read 0 model.layers.1.input
    %4 = index %3 [0, 0]
    %5 = sum %4
    %6 = log %5
    save \"log of nothing\" %6
    %7 = read 0 lm_head.output
    %8 = argmax %7 -1
    save \"next\" %8";

#[test]
fn run_prints_a_line_for_each_result() {
    expect![[r#"
        ids  i64[1, 5]  [265, 220, 354, 220, 363]
        log of nothing  f32[]  ["-inf"]
        next  i64[1, 5]  [0, 0, 0, 0, 0]
    "#]]
    .assert_eq(&Desk::new().trace(LLAMA, TRACE).data());
}

#[test]
fn run_says_what_is_logged_to_stderr() {
    let trace = "pellucid 2
        invoke 0 \"The Eiffel Tower\"
        %0 = read 0 input
        %1 = index %0 [0, 0]
        log \"ids\" %0 \"the first\" %1";
    let ran = Desk::new().trace(LLAMA, trace);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    expect![[r#"
        ids i64[1, 5] [265, 220, 354, 220, 363] the first 265  (run.trace:5)
    "#]]
    .assert_eq(&ran.stderr);
}

#[test]
fn run_prints_json() {
    let desk = Desk::new();
    desk.trace(LLAMA, TRACE).data();
    let printed = desk.run(&format!("run run.trace --model {LLAMA} --json")).data();
    let json: serde_json::Value = serde_json::from_str(&printed).unwrap();
    expect![[r#"{"ids":{"data":[265,220,354,220,363],"dtype":"i64","shape":[1,5]},"log of nothing":{"data":["-inf"],"dtype":"f32","shape":[]},"next":{"data":[0,0,0,0,0],"dtype":"i64","shape":[1,5]}}"#]].assert_eq(&serde_json::to_string(&json).unwrap());
}

#[test]
fn run_saves_a_file_that_holds_the_results_in_order() {
    let desk = Desk::new();
    desk.trace(LLAMA, TRACE).data();
    let ran = desk.run(&format!("run run.trace --model {LLAMA} --save out.safetensors"));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    assert_eq!(ran.stderr, "wrote 3 results to out.safetensors\n");
    let saved = results::decode(&std::fs::read(desk.path("out.safetensors")).unwrap()).unwrap();
    let names: Vec<&str> = saved.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["ids", "log of nothing", "next"]);
    let n = saved[0].ty.shape[1];
    assert_eq!(saved[0].ty, TensorType::new(DType::I64, [1, n]));
    assert_eq!(saved[0].data.len(), 8 * n);
    assert_eq!(saved[1].data, f32::NEG_INFINITY.to_le_bytes());
}

#[test]
fn explain_says_what_would_run() {
    let desk = Desk::new();
    desk.write("run.trace", TRACE.replace("\n    ", "\n"));
    expect![[r#"
        model llama (llama, 86 sites)
        invoke 0: b = 1, s = 5  "The Eiffel Tower"
        pass 0: invokes [0], 5 tokens, stops after site 85 of 86
          input  i64[b, s]
            %0 = read 0 input  # i64[1, 5]  run.trace:3
          model.layers.0.output  f32[b, s, 32]
            %1 = read 0 model.layers.0.output  # f32[1, 5, 32]  run.trace:5
            %2 = mul %1 0.0  # f32[1, 5, 32]  run.trace:6
            write 0 model.layers.0.output %2  run.trace:7
          model.layers.1.input  f32[b, s, 32]
            %3 = read 0 model.layers.1.input  # f32[1, 5, 32]  run.trace:8
            %4 = index %3 [0, 0]  # f32[32]  run.trace:9
            %5 = sum %4  # f32[]  run.trace:10
            %6 = log %5  # f32[]  run.trace:11
          lm_head.output  f32[b, s, 384]
            %7 = read 0 lm_head.output  # f32[1, 5, 384]  run.trace:13
            %8 = argmax %7 dim=-1  # i64[1, 5]  run.trace:14
        result ids: i64[1, 5]
        result log of nothing: f32[]
        result next: i64[1, 5]
        cost: 5 tokens, 0.000 GFLOP, values 9.8 kB, results 84 B
        memory beside the weights: at most 23.8 kB at once: activations 16.0 kB, values 7.8 kB
    "#]]
    .assert_eq(&desk.run(&format!("explain run.trace --model {LLAMA}")).data());
}

#[test]
fn sites_are_listed_in_the_order_of_the_pass() {
    let desk = Desk::new();
    let listed = desk.run(&format!("sites {LLAMA}")).data();
    let about = |words: &[&str]| {
        let line = |line: &&str| words.iter().any(|word| line.starts_with(word));
        listed.lines().filter(line).collect::<Vec<_>>().join("\n")
    };
    expect![[r#"
        input                                           i64  [b, s]
        model.layers.1.input                            f32  [b, s, 32]       layers.1.input
        model.layers.1.input_layernorm.input            f32  [b, s, 32]
        model.layers.1.input_layernorm.output           f32  [b, s, 32]
        model.layers.1.self_attn.input                  f32  [b, s, 32]       layers.1.attn.input
        model.layers.1.self_attn.q_proj.input           f32  [b, s, 32]
        model.layers.1.self_attn.q_proj.output          f32  [b, s, 32]
        model.layers.1.self_attn.k_proj.input           f32  [b, s, 32]
        model.layers.1.self_attn.k_proj.output          f32  [b, s, 16]
        model.layers.1.self_attn.v_proj.input           f32  [b, s, 32]
        model.layers.1.self_attn.v_proj.output          f32  [b, s, 16]
        model.layers.1.self_attn.q                      f32  [b, s, 4, 8]     layers.1.attn.q
        model.layers.1.self_attn.k                      f32  [b, s, 2, 8]     layers.1.attn.k
        model.layers.1.self_attn.v                      f32  [b, s, 2, 8]     layers.1.attn.v
        model.layers.1.self_attn.rot_q                  f32  [b, s, 4, 8]     layers.1.attn.rot_q
        model.layers.1.self_attn.rot_k                  f32  [b, s, 2, 8]     layers.1.attn.rot_k
        model.layers.1.self_attn.cached_keys            f32  [b, keys, 2, 8]  layers.1.attn.cache.keys
        model.layers.1.self_attn.cached_values          f32  [b, keys, 2, 8]  layers.1.attn.cache.values
        model.layers.1.self_attn.scores                 f32  [b, 4, s, keys]  layers.1.attn.scores
        model.layers.1.self_attn.pattern                f32  [b, 4, s, keys]  layers.1.attn.pattern
        model.layers.1.self_attn.z                      f32  [b, s, 4, 8]     layers.1.attn.heads
        model.layers.1.self_attn.o_proj.input           f32  [b, s, 32]
        model.layers.1.self_attn.o_proj.output          f32  [b, s, 32]
        model.layers.1.self_attn.output                 f32  [b, s, 32]       layers.1.attn.output
        model.layers.1.post_attention_layernorm.input   f32  [b, s, 32]
        model.layers.1.post_attention_layernorm.output  f32  [b, s, 32]
        model.layers.1.mlp.input                        f32  [b, s, 32]       layers.1.mlp.input
        model.layers.1.mlp.gate_proj.input              f32  [b, s, 32]
        model.layers.1.mlp.gate_proj.output             f32  [b, s, 64]
        model.layers.1.mlp.pre                          f32  [b, s, 64]       layers.1.mlp.pre
        model.layers.1.mlp.up_proj.input                f32  [b, s, 32]
        model.layers.1.mlp.up_proj.output               f32  [b, s, 64]
        model.layers.1.mlp.act_fn.input                 f32  [b, s, 64]
        model.layers.1.mlp.act_fn.output                f32  [b, s, 64]
        model.layers.1.mlp.post                         f32  [b, s, 64]       layers.1.mlp.post
        model.layers.1.mlp.down_proj.input              f32  [b, s, 64]
        model.layers.1.mlp.down_proj.output             f32  [b, s, 32]
        model.layers.1.mlp.output                       f32  [b, s, 32]       layers.1.mlp.output
        model.layers.1.output                           f32  [b, s, 32]       layers.1.output
        output                                          f32  [b, s, 384]"#]]
    .assert_eq(&about(&["input", "model.layers.1", "output"]));
}

#[test]
fn sites_as_json_are_the_spec() {
    let desk = Desk::new();
    let printed = desk.run(&format!("sites {LLAMA} --json")).data();
    let spec: ModelSpec = serde_json::from_str(&printed).unwrap();
    assert_eq!((spec.name.as_str(), spec.model_type.as_str()), ("llama", "llama"));
    let listed = desk.run(&format!("sites {LLAMA}")).data();
    assert_eq!(listed.lines().count(), spec.sites.len());
    for (line, site) in listed.lines().zip(&spec.sites) {
        assert!(line.starts_with(&site.path) && line.contains(&site.point), "{line}");
    }
}

#[test]
fn models_are_found_by_name() {
    let desk = Desk::new();
    let none = desk.run("models");
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""));
    std::fs::rename(desk.path("tests/fixtures/tiny"), desk.path(".models")).unwrap();
    let some = desk.run("models");
    assert_eq!((some.code, some.stdout.as_str()), (Some(0), "gpt2\t.models/gpt2\nllama\t.models/llama\n"));
    assert!(some.stderr.starts_with("2 models in .models, "), "{}", some.stderr);
    desk.trace("llama", TRACE).data();
}

/// `pellucid sites M | head -1` closes the pipe while there is more to say.
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let desk = Desk::new();
    desk.write("big.trace", "pellucid 2\ninvoke 0 ids [1]\n%0 = read 0 lm_head.output\n%1 = expand %0 [500, 1, 384]\nsave \"x\" %1");
    for line in [format!("sites {LLAMA}"), format!("run big.trace --model {LLAMA} --json")] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pellucid"))
            .args(line.split_whitespace())
            .current_dir(desk.path(""))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""), "{line}");
    }
}

#[test]
fn help_names_the_exit_codes() {
    let desk = Desk::new();
    let help = desk.run("--help").data();
    assert!(help.contains("Exit codes: 0 done, 1 failed, 2 wrong flags"), "{help}");
    assert_eq!(desk.run("fly").code, Some(2));
    assert_eq!(desk.run("run").code, Some(2));
    assert_eq!(desk.run("run a --model b --json --save c").code, Some(2));
}
