//! Modules applied to values: the same bits that the pass itself computes.

use super::support::{TINY, tiny};
use super::{assert_same, called_modules, named, run, site};

#[test]
fn every_module_applied_to_its_input_gives_its_output() {
    for name in TINY {
        let model = tiny(name);
        for module in called_modules(&model) {
            // Rows of equal length: what pads unequal ones is no token of any prompt.
            let saved = run(
                &model,
                name,
                &format!(
                    "invoke 0 P1
                     invoke 1 [P0, P0]
                     %0 = read 1 {}
                     %1 = read 1 {}
                     %2 = apply {} %0
                     save \"output\" %1
                     save \"applied\" %2",
                    site(&module, "input"),
                    site(&module, "output"),
                    named(&module)
                ),
            );
            assert_same(&format!("{name} {module}"), saved.get("output"), saved.get("applied"));
        }
    }
}

#[test]
fn the_head_applied_to_the_norm_of_the_last_hidden_state_gives_the_logits() {
    for name in TINY {
        let model = tiny(name);
        let last = model.n_layers() - 1;
        let saved = run(
            &model,
            name,
            &format!(
                "invoke 0 P0
                 %0 = read 0 LAYERS.{last}.output
                 %1 = apply NORM %0
                 %2 = apply lm_head %1
                 %3 = read 0 lm_head.output
                 %4 = index %2 [0, -1]
                 %5 = index %0 [0, -1]
                 %6 = apply NORM %5
                 %7 = apply lm_head %6
                 save \"lens\" %2
                 save \"logits\" %3
                 save \"last of all\" %4
                 save \"last alone\" %7"
            ),
        );
        assert_same(name, saved.get("lens"), saved.get("logits"));
        assert_same(name, saved.get("last of all"), saved.get("last alone"));
    }
}

#[test]
fn a_module_applied_to_nothing_gives_nothing() {
    for name in TINY {
        let model = tiny(name);
        let saved = run(
            &model,
            name,
            "invoke 0 P0
             %0 = read 0 LAYERS.0.input
             %1 = index %0 [:, 0:0]
             %2 = apply LAYERS.0 %1
             %3 = apply lm_head %1
             %4 = index %0 [0:0]
             %5 = apply LAYERS.0 %4
             save \"no token\" %2
             save \"no logits\" %3
             save \"no row\" %5",
        );
        for (what, tensor) in saved.iter() {
            assert_eq!(tensor.numel(), 0, "{name} {what}");
        }
    }
}
