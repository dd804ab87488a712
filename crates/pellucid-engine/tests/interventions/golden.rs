//! The four interventions that were recorded with transformers, alone and all in one pass.

use super::support::{Golden, LOGITS_ATOL, TINY, assert_close, tiny};
use super::{assert_same, run};

/// Name and statements; `I0` is the invoke, `I1` the one it takes from, `%N0` and so on its values.
const CASES: &[(&str, &str)] = &[
    (
        "zero_mlp",
        "invoke I0 P0
         %N0 = read I0 LAYERS.1.MLP_OUTPUT
         %N1 = mul %N0 0.0
         write I0 LAYERS.1.MLP_OUTPUT %N1",
    ),
    (
        "zero_attn",
        "invoke I0 P0
         %N0 = read I0 LAYERS.0.ATTN_BRANCH.output
         %N1 = mul %N0 0.0
         write I0 LAYERS.0.ATTN_BRANCH.output %N1",
    ),
    (
        "steer",
        "invoke I0 P0
         %N0 = read I0 LAYERS.0.output
         %N1 = constant VECTOR
         %N2 = index %N0 [:, -1]
         %N3 = add %N2 %N1
         %N4 = set_index %N0 [:, -1] %N3
         write I0 LAYERS.0.output %N4",
    ),
    (
        "patch",
        "invoke I1 P0
         invoke I0 P1
         %N0 = read I1 LAYERS.0.output
         %N1 = index %N0 [:, -1]
         %N2 = read I0 LAYERS.0.output
         %N3 = set_index %N2 [:, -1] %N1
         write I0 LAYERS.0.output %N3",
    ),
];

/// A case whose invokes and values start at these numbers, its last logits saved.
fn lines(golden: &Golden, (name, body): (&str, &str), first: usize) -> (String, usize) {
    // A patch takes from the invoke before it.
    let (own, other) = if name == "patch" { (first + 1, first) } else { (first, first) };
    let (shape, vector) = golden.f32s("interv.steer.vector");
    let body = body.replace("VECTOR", &format!("f32{shape:?} {vector:?}"));
    let read = format!("\n%N8 = read I0 output\n%N9 = index %N8 [:, -1]\nsave \"{name}\" %N9\n");
    let body = (body + &read).replace("I0", &own.to_string()).replace("I1", &other.to_string());
    // Values are numbers, so `%N3` of the case at invoke 2 becomes `%23`.
    (body.replace("%N", &format!("%{}", first + 1)), own + 1)
}

#[test]
fn interventions_agree_with_transformers() {
    for name in TINY {
        let (model, golden) = (tiny(name), Golden::tiny(name));
        let (mut together, mut first) = (String::new(), 0);
        for case in CASES {
            let (part, next) = lines(&golden, *case, first);
            together += &part;
            first = next;
        }
        let together = run(&model, name, &together);
        for case in CASES {
            let alone = run(&model, name, &lines(&golden, *case, 0).0);
            let key = format!("interv.{}.logits_last", case.0);
            assert_close(
                &format!("{name} {key}"),
                alone.get(case.0).unwrap(),
                &golden.f32s(&key),
                LOGITS_ATOL,
            );
            assert_same(&format!("{name} {key}, among others"), alone.get(case.0), together.get(case.0));
        }
    }
}
