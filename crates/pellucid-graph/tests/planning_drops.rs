//! What a plan forgets on the way: every value after its last use, unless it is saved.

mod fixture;

use expect_test::{Expect, expect};
use pellucid_graph::plan;

/// The values forgotten at each entry, with the name of its site.
fn check(lines: &str, expected: Expect) {
    let trace = fixture::checked(lines).unwrap_or_else(|d| panic!("{d}"));
    let mut out = String::new();
    for entry in plan(&trace).passes.iter().flat_map(|p| p.entries()) {
        let site = &trace.spec().sites[entry.order];
        let drops: Vec<String> = entry.drops.iter().map(|v| v.to_string()).collect();
        out += &format!("{}.{}: {}\n", site.path, site.point, drops.join(" "));
    }
    expected.assert_eq(&out);
}

#[test]
fn values_are_dropped_after_their_last_use() {
    check(
        "invoke 0 ids [1, 2]
         %0 = read 0 embed.output
         %1 = read 0 layers.0.output
         %2 = add %0 %1
         %3 = read 0 layers.1.output
         %4 = sub %3 %1
         %5 = sum %4
         save \"kept\" %2
         save \"sum\" %5",
        expect![[r#"
            embed.output: 
            layers.0.output: %0
            layers.1.output: %1 %3 %4
        "#]],
    );
}

#[test]
fn results_of_an_operation_that_nobody_uses_are_dropped_at_once() {
    check(
        "invoke 0 ids [1, 2]
         %0 = read 0 lm_head.output
         %1, %2 = topk %0 3
         save \"top\" %2",
        expect![[r#"
            lm_head.output: %0 %1
        "#]],
    );
}

#[test]
fn values_outlive_the_pass_they_were_read_in() {
    check(
        "invoke 0 ids [1, 2]
         invoke 1 ids [3, 4]
         %0 = read 0 layers.1.output
         %1 = read 0 norm.output
         write 1 layers.0.output %0
         %2 = read 1 output
         save \"logits\" %2
         save \"norm\" %1",
        expect![[r#"
            layers.1.output: 
            norm.output: 
            layers.0.output: %0
            .output: 
        "#]],
    );
}
