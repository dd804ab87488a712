//! Branches, loops and functions run as they are written, and end where they must.

use pellucid_engine::Cancel;
use pellucid_graph::shape::Lengths;
use pellucid_graph::{Limits, check, text};

use super::support::{TINY, tiny};
use super::{assert_same, run, spell, try_run};

/// What these lines save as `x`, from the last layer of the tiny llama.
fn saved(lines: &str) -> Vec<f32> {
    let model = tiny("llama");
    let lines =
        format!("invoke 0 P0\n%0 = read 0 LAYERS.1.output\n%1 = index %0 [0, -1]\n{lines}\nsave \"x\" %9");
    run(&model, "llama", &lines).get("x").unwrap().f32s().to_vec()
}

const FUNCTIONS: &str = "function up %0 f32[W]\n  %1 = mul %0 2\n  return %1
    function down %0 f32[W]\n  %1 = mul %0 0.5\n  return %1
    function small %0 f32[W] %1 f32[]\n  %2 = norm %0\n  %3 = lt %2 %1\n  return %3\n";

const NO_LENGTHS: Lengths = Lengths { b: 0, s: 0, keys: 0, all: 0 };

fn functions(lines: &str) -> Vec<f32> {
    let width = tiny("llama").spec().sites.iter().find(|s| s.path == "model.norm").unwrap().shape[2]
        .resolve(NO_LENGTHS);
    saved(&format!("{FUNCTIONS}{lines}").replace('W', &width.to_string()))
}

#[test]
fn the_branch_that_a_value_says() {
    let plain = functions("%9 = mul %1 1");
    let doubled: Vec<f32> = plain.iter().map(|x| x * 2.0).collect();
    let halved: Vec<f32> = plain.iter().map(|x| x * 0.5).collect();
    for (condition, want) in [("gt %2 0", &doubled), ("lt %2 0", &halved)] {
        let lines = format!("%2 = norm %1\n%3 = {condition}\n%9 = cond %3 up(%1) down(%1)");
        assert_eq!(&functions(&lines), want, "{condition}");
    }
}

#[test]
fn a_loop_goes_on_while_it_is_told() {
    let norm = |x: &[f32]| x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    let start = functions("%9 = mul %1 1");
    let bound = norm(&start) * 10.0;
    let want = std::iter::successors(Some(start), |x| Some(x.iter().map(|x| x * 2.0).collect()));
    let want = want.into_iter().find(|x| norm(x) >= bound).unwrap();
    let lines = format!("%2 = constant f32[] [{bound:?}]\n%9 = loop 100 small(%2) up() [%1]");
    assert_eq!(functions(&lines), want);
    let never = "%2 = constant f32[] [0.0]\n%9 = loop 0 small(%2) up() [%1]";
    assert_eq!(functions(never), functions("%9 = mul %1 1"));
}

fn fault(lines: &str, limits: Limits) -> String {
    let model = tiny("llama");
    let lines = spell("llama", &format!("invoke 0 P0\n{lines}"));
    let checked = check(text::parse(&lines, "run.trace", &limits).unwrap(), model.spec(), &limits).unwrap();
    pellucid_engine::execute(&model, &checked, &Cancel::new()).unwrap_err().to_string()
}

const FOREVER: &str = "function go %0 f32[100]\n  %1 = eq %0 %0\n  %2 = all %1\n  return %2
    function on %0 f32[100]\n  %1 = add %0 1\n  return %1
    %0 = constant f32[] [0]\n%1 = expand %0 [100]\n";

#[test]
fn loops_end() {
    expect_test::expect![[r#"
        a loop would go on after 50 steps, the most it was given [limit-exceeded]
          --> run.trace:12
          help: give `max_steps` if it needs more"#]]
    .assert_eq(&fault(&format!("{FOREVER}%2 = loop 50 go() on() [%1]\nsave \"x\" %2"), Limits::default()));
    let few = Limits { flops: 10_000, ..Limits::default() };
    expect_test::expect![[r#"
        `flops` is limited to 10000, this trace has 10100 [limit-exceeded]
          --> run.trace:5"#]]
    .assert_eq(&fault(&format!("{FOREVER}%2 = loop 1000000 go() on() [%1]\nsave \"x\" %2"), few));
}

#[test]
fn a_run_that_is_known_to_be_too_long_does_not_start() {
    let few = Limits { flops: 1000, ..Limits::default() };
    let found = fault("%0 = read 0 lm_head.output\nsave \"x\" %0", few);
    assert!(found.starts_with("`flops` is limited to 1000, this trace has "), "{found}");
}

#[test]
fn a_loop_can_be_cancelled() {
    let model = tiny("llama");
    let lines = format!("invoke 0 P0\n{FOREVER}%2 = loop 1000000 go() on() [%1]\nsave \"x\" %2");
    let lines = spell("llama", &lines);
    let cancel = Cancel::new();
    let found = std::thread::scope(|scope| {
        let running = scope.spawn(|| try_run(&model, &lines, &cancel));
        cancel.cancel();
        running.join().unwrap()
    });
    assert_eq!(found.unwrap_err().code(), "cancelled");
}

#[test]
fn a_module_can_be_applied_in_a_branch() {
    for name in TINY {
        let model = tiny(name);
        let shape = model.spec().sites.iter().find(|s| s.path.ends_with("norm") || s.path.ends_with("ln_f"));
        let width = shape.unwrap().shape[2].resolve(NO_LENGTHS);
        let lines = |made: &str| {
            format!(
                "invoke 0 P0
                 function logits %0 f32[1, WIDTH]\n  %1 = apply NORM %0\n  %2 = apply lm_head %1\n  return %2
                 %0 = read 0 LAYERS.0.output
                 %1 = index %0 [:, -1]
                 %2 = norm %1
                 %3 = gt %2 0
                 {made}
                 save \"x\" %9"
            )
            .replace("WIDTH", &width.to_string())
        };
        let plain = run(&model, name, &lines("%4 = apply NORM %1\n%9 = apply lm_head %4"));
        let branch = run(&model, name, &lines("%9 = cond %3 logits(%1) logits(%1)"));
        assert_same(name, plain.get("x"), branch.get("x"));
    }
}
