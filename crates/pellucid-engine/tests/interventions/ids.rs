//! Token ids that a trace computes can only be found wrong while it runs.

use expect_test::{Expect, expect};
use pellucid_engine::Cancel;

use super::support::{TINY, tiny};
use super::{spell, try_run};

fn check(name: &str, lines: &str, expected: Expect) {
    let model = tiny(name);
    let error = try_run(&model, &spell(name, lines), &Cancel::new()).expect_err("ids are out of range");
    expected.assert_eq(&error.to_string());
}

#[test]
fn ids_written_to_the_embedding() {
    check(
        "llama",
        "invoke 0 P0
         %0 = read 0 EMBED.input
         %1 = add %0 384
         write 0 EMBED.input %1
         %2 = read 0 lm_head.output
         save \"logits\" %2",
        expect![[r#"
            `model.embed_tokens` has 384 rows, got id 649 [token-out-of-range]
              --> run.trace:5"#]],
    );
    check(
        "gpt2",
        "invoke 0 P0
         %0 = read 0 transformer.wpe.input
         %1 = sub %0 1
         write 0 transformer.wpe.input %1
         %2 = read 0 lm_head.output
         save \"logits\" %2",
        expect![[r#"
            `transformer.wpe` has 128 rows, got id -1 [token-out-of-range]
              --> run.trace:5"#]],
    );
}

#[test]
fn the_line_is_that_of_the_invoke_at_fault() {
    check(
        "llama",
        "invoke 0 P0
         invoke 1 P1
         invoke 2 P0
         %0 = read 0 input
         %1 = read 1 input
         %2 = read 2 input
         %3 = neg %1
         write 0 input %0
         write 1 input %3
         write 2 input %2
         %4 = read 0 lm_head.output
         %5 = read 1 lm_head.output
         %6 = read 2 lm_head.output
         save \"0\" %4
         save \"1\" %5
         save \"2\" %6",
        expect![[r#"
            `model.embed_tokens` has 384 rows, got id -304 [token-out-of-range]
              --> run.trace:10"#]],
    );
}

#[test]
fn ids_applied() {
    check(
        "gemma3_text",
        "invoke 0 P0
         %0 = read 0 input
         %1 = mul %0 -1
         %2 = apply EMBED %1
         save \"rows\" %2",
        expect![[r#"
            `model.embed_tokens` has 384 rows, got id -265 [token-out-of-range]
              --> run.trace:5"#]],
    );
}

#[test]
fn ids_within_range_are_a_new_prompt() {
    for name in TINY {
        let model = tiny(name);
        let lines = "invoke 0 ids [5, 6, 7]
                     invoke 1 ids [9, 9, 9]
                     %0 = read 0 input
                     write 1 input %0
                     %1 = read 0 lm_head.output
                     %2 = read 1 lm_head.output
                     save \"a\" %1
                     save \"b\" %2";
        let saved = super::run(&model, name, lines);
        super::assert_same(name, saved.get("a"), saved.get("b"));
    }
}
