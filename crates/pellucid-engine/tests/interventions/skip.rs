//! Skipping: a module that does not run, for all rows of a pass or for some.

use super::support::{TINY, has_experts, tiny, words};
use super::{assert_same, called_modules, named, run, site};

#[test]
fn skipping_a_module_is_writing_its_output_without_running_it() {
    for name in TINY {
        let model = tiny(name);
        for module in called_modules(&model) {
            // The value is the module's own output on another prompt's run, which comes first.
            let trace = |act: &str| {
                let mut lines = format!(
                    "invoke 0 P0
                     invoke 1 P0
                     %0 = read 0 {}
                     %1 = mul %0 0.5
                     {act}
                     %2 = read 1 output
                     save \"logits\" %2",
                    site(&module, "output")
                );
                if module.is_empty() {
                    lines = lines.replace("read 1 output", "add %1 0.0");
                }
                run(&model, name, &lines)
            };
            let skipped = trace(&format!("skip 1 {} %1", named(&module)));
            let written = trace(&format!("write 1 {} %1", site(&module, "output")));
            assert_same(&format!("{name} {module}"), skipped.get("logits"), written.get("logits"));
        }
    }
}

#[test]
fn the_output_of_a_skipped_module_is_the_value() {
    for name in TINY {
        let model = tiny(name);
        for module in called_modules(&model).iter().filter(|m| !m.is_empty()) {
            let saved = run(
                &model,
                name,
                &format!(
                    "invoke 0 P1
                     invoke 1 P1
                     %0 = read 0 {module}.output
                     skip 1 {module} %0
                     %1 = read 1 {module}.output
                     save \"given\" %0
                     save \"output\" %1"
                ),
            );
            assert_same(&format!("{name} {module}"), saved.get("given"), saved.get("output"));
        }
    }
}

#[test]
fn some_rows_skip_and_their_neighbours_do_not_notice() {
    for name in TINY.iter().filter(|name| !words(name).mlp.is_empty()) {
        let model = tiny(name);
        let skipping = "%0 = read 0 LAYERS.1.mlp.input
                        skip 0 LAYERS.1.mlp %0
                        %1 = read 0 lm_head.output
                        save \"skipping\" %1";
        let alone = run(&model, name, &format!("invoke 0 P0\n{skipping}"));
        let plain = run(&model, name, "invoke 0 P1\n%0 = read 0 lm_head.output\nsave \"plain\" %0");
        let both = format!(
            "invoke 0 P0
             invoke 1 P1
             {skipping}
             %2 = read 1 lm_head.output
             save \"plain\" %2"
        );
        let both = run(&model, name, &both);
        assert_same(name, both.get("skipping"), alone.get("skipping"));
        assert_same(name, both.get("plain"), plain.get("plain"));
    }
}

#[test]
fn all_rows_of_unequal_prompts_skip() {
    for name in TINY {
        let model = tiny(name);
        let skip = |invoke: usize, value: usize| {
            format!(
                "%{value} = read {invoke} LAYERS.1.input
                 skip {invoke} LAYERS.1 %{value}
                 %{next} = read {invoke} LAYERS.1.output
                 save \"in {invoke}\" %{value}
                 save \"out {invoke}\" %{next}\n",
                next = value + 1
            )
        };
        let lines = format!("invoke 0 P0\ninvoke 1 [P1, P0]\n{}{}", skip(0, 0), skip(1, 2));
        let saved = run(&model, name, &lines);
        for invoke in 0..2 {
            let [a, b] = ["in", "out"].map(|end| saved.get(&format!("{end} {invoke}")));
            assert_same(&format!("{name} {invoke}"), a, b);
        }
    }
}

/// The value is used once more inside the module, by rows that do not skip it.
#[test]
fn the_value_of_a_skip_lives_until_the_module_ends() {
    for name in TINY.iter().filter(|name| !words(name).mlp.is_empty() && !has_experts(name)) {
        let model = tiny(name);
        let saved = run(
            &model,
            name,
            "invoke 0 P0
                 invoke 1 P0
                 %0 = read 0 LAYERS.0.mlp.input
                 skip 0 LAYERS.1.mlp %0
                 write 1 LAYERS.1.MLP_DOWN.output %0
                 %1 = read 0 LAYERS.1.mlp.output
                 %2 = read 1 LAYERS.1.mlp.output
                 save \"skipped\" %1
                 save \"written\" %2",
        );
        assert_same(name, saved.get("skipped"), saved.get("written"));
    }
}

/// Were the table asked for the rows that skip it, it would object to their ids.
#[test]
fn a_skipped_module_does_not_run() {
    for name in TINY {
        let model = tiny(name);
        let skipping = "invoke 0 P0
             %0 = read 0 EMBED.input
             %1 = add %0 100000
             write 0 EMBED.input %1
             %2 = apply EMBED %0
             skip 0 EMBED %2
             %3 = read 0 lm_head.output
             save \"skipped\" %3";
        let plain = "invoke 1 P0
             %4 = read 1 lm_head.output
             save \"plain\" %4";
        let alone = run(&model, name, skipping);
        let both = run(&model, name, &format!("{skipping}\n{plain}"));
        assert_same(name, alone.get("skipped"), both.get("plain"));
        assert_same(name, both.get("skipped"), both.get("plain"));
    }
}
