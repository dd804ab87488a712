//! Values on their way from one invoke to another, within a pass and across two.

use pellucid_graph::{Limits, check, plan, text};

use super::support::{TINY, tiny};
use super::{assert_same, run, spell};

fn n_passes(model: &pellucid_engine::Model, name: &str, lines: &str) -> usize {
    let limits = Limits::default();
    let trace = text::parse(&spell(name, lines), "run.trace", &limits).unwrap();
    plan(&check(trace, model.spec(), &limits).unwrap()).passes.len()
}

/// Moves the last row of a site of P0 to a site of P1, and does the same with a constant.
fn moved(name: &str, from: &str, to: &str, passes: usize) {
    let model = tiny(name);
    let lines = format!(
        "invoke 0 P0
         invoke 1 P1
         %0 = read 0 {from}
         %1 = index %0 [:, -1]
         %2 = read 1 {to}
         %3 = set_index %2 [:, 3] %1
         write 1 {to} %3
         %4 = read 1 lm_head.output
         save \"moved\" %1
         save \"logits\" %4"
    );
    assert_eq!(n_passes(&model, name, &lines), passes, "{name} {from} to {to}");
    let saved = run(&model, name, &lines);
    let row = saved.get("moved").unwrap();
    let constant = format!(
        "invoke 0 P1
         %0 = constant f32{:?} {:?}
         %1 = read 0 {to}
         %2 = set_index %1 [:, 3] %0
         write 0 {to} %2
         %3 = read 0 lm_head.output
         save \"logits\" %3",
        row.shape(),
        row.f32s()
    );
    let constant = run(&model, name, &constant);
    assert_same(&format!("{name} {from} to {to}"), saved.get("logits"), constant.get("logits"));
}

#[test]
fn an_earlier_value_reaches_another_invoke_in_the_same_pass() {
    for name in TINY {
        moved(name, "LAYERS.0.output", "LAYERS.1.output", 1);
        moved(name, "LAYERS.1.MLP_OUTPUT", "LAYERS.1.MLP_OUTPUT", 1);
    }
}

#[test]
fn a_later_value_reaches_an_earlier_layer_in_a_second_pass() {
    for name in TINY {
        moved(name, "LAYERS.1.output", "LAYERS.0.output", 2);
        moved(name, "NORM.output", "LAYERS.0.input", 2);
    }
}

#[test]
fn values_may_cross_three_passes() {
    for name in TINY {
        let model = tiny(name);
        let hop = |from: usize, value: usize| {
            format!(
                "%{value} = read {from} LAYERS.1.output
                 write {to} LAYERS.0.output %{value}\n",
                to = from + 1
            )
        };
        let end = "%9 = read 2 lm_head.output\nsave \"logits\" %9";
        let lines = format!("invoke 0 P0\ninvoke 1 P0\ninvoke 2 P0\n{}{}{end}", hop(0, 0), hop(1, 1));
        assert_eq!(n_passes(&model, name, &lines), 3, "{name}");
        // What layer 1 makes of its own output is found by applying it.
        let by_hand = run(
            &model,
            name,
            "invoke 0 P0
                 %0 = read 0 LAYERS.1.output
                 %1 = apply LAYERS.1 %0
                 invoke 1 P0
                 write 1 LAYERS.0.output %1
                 %2 = read 1 lm_head.output
                 save \"logits\" %2",
        );
        assert_same(name, run(&model, name, &lines).get("logits"), by_hand.get("logits"));
    }
}
