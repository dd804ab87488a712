//! Ending a run from outside.

use pellucid_engine::{Cancel, Error, generate};

use super::support::{TINY, tiny};
use super::{spell, try_run};

#[test]
fn a_cancelled_run_ends_with_that() {
    for name in TINY {
        let model = tiny(name);
        let cancel = Cancel::new();
        let lines = spell(name, "invoke 0 P0\n%0 = read 0 lm_head.output\nsave \"logits\" %0");
        try_run(&model, &lines, &cancel).expect("nobody has cancelled yet");
        cancel.clone().cancel();
        for lines in [
            lines.as_str(),
            &spell(name, "invoke 0 P0\n%0 = read 0 EMBED.output\n%1 = apply LAYERS.0 %0\nsave \"x\" %1"),
        ] {
            let error = try_run(&model, lines, &cancel).expect_err("cancelled");
            assert!(matches!(error, Error::Cancelled), "{name}: {error}");
            assert_eq!((error.code(), error.to_string().as_str()), ("cancelled", "the run was cancelled"));
        }
        let error = generate(&model, &[vec![1, 2]], 3, &cancel).expect_err("cancelled");
        assert!(matches!(error, Error::Cancelled), "{name}: {error}");
    }
}
