//! What a plan runs and what it leaves out.

mod fixture;

use expect_test::{Expect, expect};
use pellucid_graph::{explain, plan};

fn check(lines: &str, expected: Expect) {
    let trace = fixture::checked(lines).unwrap_or_else(|d| panic!("{d}"));
    expected.assert_eq(&explain(&trace, &plan(&trace)));
}

#[test]
fn a_pass_ends_at_the_last_site_a_saved_value_needs() {
    check(
        "invoke 0 ids [1, 2, 3]
         %0 = read 0 layers.0.output
         %1 = read 0 lm_head.output
         %2 = index %0 [:, -1]
         save \"h\" %2",
        expect![[r#"
            model tiny (llama, 36 sites)
            invoke 0: b = 1, s = 3  "token ids"
            pass 0: invokes [0], 3 tokens, stops after site 17 of 36
              layers.0.output  f32[b, s, 8]
                %0 = read 0 layers.0.output  # f32[1, 3, 8]  run.trace:3
                %2 = index %0 [:, -1]  # f32[1, 8]  run.trace:5
            result h: f32[1, 8]
            cost: 3 tokens, 0.000 GFLOP, values 128 B, results 32 B
            memory beside the weights: at most 1.1 kB at once: activations 984 B, values 128 B
        "#]],
    );
}

#[test]
fn writes_that_reach_no_result_do_not_run() {
    check(
        "invoke 0 ids [1, 2, 3]
         %0 = read 0 layers.0.output
         write 0 layers.1.output %0
         save \"h\" %0",
        expect![[r#"
            model tiny (llama, 36 sites)
            invoke 0: b = 1, s = 3  "token ids"
            pass 0: invokes [0], 3 tokens, stops after site 17 of 36
              layers.0.output  f32[b, s, 8]
                %0 = read 0 layers.0.output  # f32[1, 3, 8]  run.trace:3
            not run, no saved value depends on it: write 0 layers.1.output %0 (run.trace:4)
            result h: f32[1, 3, 8]
            cost: 3 tokens, 0.000 GFLOP, values 96 B, results 96 B
            memory beside the weights: at most 1.1 kB at once: activations 984 B, values 96 B
        "#]],
    );
}

#[test]
fn a_write_reaches_the_reads_of_its_own_invoke_only() {
    check(
        "invoke 0 ids [1, 2, 3]
         invoke 1 ids [4, 5, 6]
         %0 = read 0 embed.output
         write 0 layers.0.output %0
         %1 = read 1 lm_head.output
         save \"logits\" %1",
        expect![[r#"
            model tiny (llama, 36 sites)
            invoke 0: b = 1, s = 3  "token ids"
            invoke 1: b = 1, s = 3  "token ids"
            pass 0: invokes [1], 3 tokens, stops after site 35 of 36
              lm_head.output  f32[b, s, 32]
                %1 = read 1 lm_head.output  # f32[1, 3, 32]  run.trace:6
            not run, no saved value depends on it: write 0 layers.0.output %0 (run.trace:5)
            result logits: f32[1, 3, 32]
            cost: 3 tokens, 0.000 GFLOP, values 384 B, results 384 B
            memory beside the weights: at most 1.4 kB at once: activations 984 B, values 384 B
        "#]],
    );
}

#[test]
fn a_log_is_a_reason_to_run_and_stands_where_its_last_value_is_made() {
    check(
        "invoke 0 ids [1, 2]
         %0 = read 0 layers.1.output
         %1 = read 0 layers.0.output
         %2 = add %0 %1
         log \"first\"
         log \"sum\" %2 \"of\" %1
         write 0 layers.1.mlp.output %1",
        expect![[r#"
            model tiny (llama, 36 sites)
            invoke 0: b = 1, s = 2  "token ids"
            before the model runs: 1 statements
            pass 0: invokes [0], 2 tokens, stops after site 31 of 36
              layers.0.output  f32[b, s, 8]
                %1 = read 0 layers.0.output  # f32[1, 2, 8]  run.trace:4
              layers.1.mlp.output  f32[b, s, 8]
                write 0 layers.1.mlp.output %1  run.trace:8
              layers.1.output  f32[b, s, 8]
                %0 = read 0 layers.1.output  # f32[1, 2, 8]  run.trace:3
                %2 = add %0 %1  # f32[1, 2, 8]  run.trace:5
                log "sum" %2 "of" %1  run.trace:7
            cost: 2 tokens, 0.000 GFLOP, values 192 B, results 0 B
            memory beside the weights: at most 848 B at once: activations 656 B, values 192 B
        "#]],
    );
}

#[test]
fn a_write_made_needed_needs_what_comes_before_it() {
    check(
        "invoke 0 ids [1]
         invoke 1 ids [2]
         %0 = read 0 layers.0.output
         write 1 layers.1.input %0
         %1 = read 1 embed.output
         write 0 layers.0.input %1
         %2 = read 1 norm.output
         save \"h\" %2",
        expect![[r#"
            model tiny (llama, 36 sites)
            invoke 0: b = 1, s = 1  "token ids"
            invoke 1: b = 1, s = 1  "token ids"
            pass 0: invokes [0, 1], 2 tokens, stops after site 33 of 36
              embed.output  f32[b, s, 8]
                %1 = read 1 embed.output  # f32[1, 1, 8]  run.trace:6
              layers.0.input  f32[b, s, 8]
                write 0 layers.0.input %1  run.trace:7
              layers.0.output  f32[b, s, 8]
                %0 = read 0 layers.0.output  # f32[1, 1, 8]  run.trace:4
              layers.1.input  f32[b, s, 8]
                write 1 layers.1.input %0  run.trace:5
              norm.output  f32[b, s, 8]
                %2 = read 1 norm.output  # f32[1, 1, 8]  run.trace:8
            result h: f32[1, 1, 8]
            cost: 2 tokens, 0.000 GFLOP, values 96 B, results 32 B
            memory beside the weights: at most 688 B at once: activations 656 B, values 32 B
        "#]],
    );
}

#[test]
fn only_the_last_write_of_a_site_runs() {
    check(
        "invoke 0 ids [1, 2, 3]
         %0 = read 0 layers.0.output
         %1 = mul %0 2
         write 0 layers.0.output %1
         %2 = mul %0 3
         write 0 layers.0.output %2
         %3 = read 0 norm.output
         save \"h\" %3",
        expect![[r#"
            model tiny (llama, 36 sites)
            invoke 0: b = 1, s = 3  "token ids"
            pass 0: invokes [0], 3 tokens, stops after site 33 of 36
              layers.0.output  f32[b, s, 8]
                %0 = read 0 layers.0.output  # f32[1, 3, 8]  run.trace:3
                %2 = mul %0 3  # f32[1, 3, 8]  run.trace:6
                write 0 layers.0.output %2  run.trace:7
              norm.output  f32[b, s, 8]
                %3 = read 0 norm.output  # f32[1, 3, 8]  run.trace:8
            not run, no saved value depends on it: write 0 layers.0.output %1 (run.trace:5)
            result h: f32[1, 3, 8]
            cost: 3 tokens, 0.000 GFLOP, values 288 B, results 96 B
            memory beside the weights: at most 1.2 kB at once: activations 984 B, values 192 B
        "#]],
    );
}

#[test]
fn constants_come_before_the_model() {
    check(
        "invoke 0 ids [1]
         %0 = constant f32[8] [1, 2, 3, 4, 5, 6, 7, 8]
         %1 = mul %0 0.5
         %2 = read 0 layers.1.input
         %3 = add %2 %1
         write 0 layers.1.input %3
         %4 = read 0 layers.1.output
         save \"h\" %4
         save \"half\" %1",
        expect![[r#"
            model tiny (llama, 36 sites)
            invoke 0: b = 1, s = 1  "token ids"
            before the model runs: 2 statements
            pass 0: invokes [0], 1 tokens, stops after site 31 of 36
              layers.1.input  f32[b, s, 8]
                %2 = read 0 layers.1.input  # f32[1, 1, 8]  run.trace:5
                %3 = add %2 %1  # f32[1, 1, 8]  run.trace:6
                write 0 layers.1.input %3  run.trace:7
              layers.1.output  f32[b, s, 8]
                %4 = read 0 layers.1.output  # f32[1, 1, 8]  run.trace:8
            result h: f32[1, 1, 8]
            result half: f32[8]
            cost: 1 tokens, 0.000 GFLOP, values 160 B, results 64 B
            memory beside the weights: at most 456 B at once: activations 328 B, values 128 B
        "#]],
    );
}

#[test]
fn a_trace_without_a_site_needs_no_pass() {
    check(
        "invoke 0 ids [1]
         %0 = read 0 norm.output
         %1 = constant f32[1] [1]
         save \"one\" %1",
        expect![[r#"
            model tiny (llama, 36 sites)
            invoke 0: b = 1, s = 1  "token ids"
            before the model runs: 1 statements
            result one: f32[1]
            cost: 0 tokens, 0.000 GFLOP, values 4 B, results 4 B
            memory beside the weights: at most 4 B at once: activations 0 B, values 4 B
        "#]],
    );
    check(
        "invoke 0 ids [1]\n %0 = read 0 norm.output",
        expect![[r#"
            model tiny (llama, 36 sites)
            invoke 0: b = 1, s = 1  "token ids"
            cost: 0 tokens, 0.000 GFLOP, values 0 B, results 0 B
            memory beside the weights: at most 0 B at once: activations 0 B, values 0 B
        "#]],
    );
}

#[test]
fn skips_stand_where_the_module_begins() {
    check(
        "invoke 0 ids [1]
         %0 = read 0 layers.0.mlp.input
         %1 = mul %0 0.0
         skip 0 layers.0.mlp %1
         %2 = read 0 layers.0.output
         save \"h\" %2",
        expect![[r#"
            model tiny (llama, 36 sites)
            invoke 0: b = 1, s = 1  "token ids"
            pass 0: invokes [0], 1 tokens, stops after site 17 of 36
              layers.0.mlp.input  f32[b, s, 8]
                %0 = read 0 layers.0.mlp.input  # f32[1, 1, 8]  run.trace:3
                %1 = mul %0 0.0  # f32[1, 1, 8]  run.trace:4
                skip 0 layers.0.mlp %1  run.trace:5
              layers.0.output  f32[b, s, 8]
                %2 = read 0 layers.0.output  # f32[1, 1, 8]  run.trace:6
            result h: f32[1, 1, 8]
            cost: 1 tokens, 0.000 GFLOP, values 96 B, results 32 B
            memory beside the weights: at most 392 B at once: activations 328 B, values 64 B
        "#]],
    );
}

#[test]
fn later_passes_use_values_of_earlier_ones() {
    check(
        "invoke 0 ids [1, 2]
         invoke 1 ids [3, 4]
         %0 = read 0 layers.1.output
         write 1 layers.0.output %0
         %1 = read 1 output
         save \"logits\" %1",
        expect![[r#"
            model tiny (llama, 36 sites)
            invoke 0: b = 1, s = 2  "token ids"
            invoke 1: b = 1, s = 2  "token ids"
            pass 0: invokes [0], 2 tokens, stops after site 31 of 36
              layers.1.output  f32[b, s, 8]
                %0 = read 0 layers.1.output  # f32[1, 2, 8]  run.trace:4
            pass 1: invokes [1], 2 tokens, to the end
              layers.0.output  f32[b, s, 8]
                write 1 layers.0.output %0  run.trace:5
              output  f32[b, s, 32]
                %1 = read 1 output  # f32[1, 2, 32]  run.trace:6
            result logits: f32[1, 2, 32]
            cost: 4 tokens, 0.000 GFLOP, values 320 B, results 256 B
            memory beside the weights: at most 912 B at once: activations 656 B, values 256 B
        "#]],
    );
}
