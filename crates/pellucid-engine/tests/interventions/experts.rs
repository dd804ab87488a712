//! Experts: what the router chose can be read and written, and decides who computes what.

use super::run;
use super::support::{TINY, has_experts, tiny};
use pellucid_engine::{Saved, Tensor};

/// Runs statements on P0; `%0` to `%4` are the router's logits, `chosen`, `weights`, the experts'
/// outputs, and the sum of the MLP of layer 1; `%9` is the MLP's input.
fn experts(name: &str, statements: &str) -> Saved {
    let lines = format!(
        "invoke 0 P0
         %9 = read 0 LAYERS.1.mlp.input
         %0 = read 0 LAYERS.1.mlp.gate.output
         {statements}
         %1 = read 0 LAYERS.1.mlp.chosen
         %2 = read 0 LAYERS.1.mlp.weights
         %3 = read 0 LAYERS.1.mlp.experts.expert_output
         %4 = read 0 LAYERS.1.mlp.output
         save \"logits\" %0
         save \"chosen\" %1
         save \"weights\" %2
         save \"outputs\" %3
         save \"sum\" %4"
    );
    run(&tiny(name), name, &lines)
}

fn models() -> impl Iterator<Item = &'static str> {
    TINY.iter().copied().filter(|name| has_experts(name))
}

fn get<'s>(saved: &'s Saved, name: &str) -> &'s Tensor {
    saved.get(name).unwrap()
}

/// A few sums of exponentials of numbers near 1, in f32 against f64.
const ATOL: f64 = 1e-5;

/// Chosen experts and their shares of the softmax, from the router's logits in f64.
fn by_hand(logits: &Tensor, e: usize) -> Vec<(i64, f64)> {
    let n = logits.shape()[2];
    let token = |row: &[f32]| {
        let mut order: Vec<(i64, f64)> =
            row.iter().enumerate().map(|(i, x)| (i as i64, f64::from(*x).exp())).collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        order.truncate(e);
        let sum: f64 = order.iter().map(|(_, p)| p).sum();
        order.into_iter().map(move |(id, p)| (id, p / sum)).collect::<Vec<_>>()
    };
    logits.f32s().chunks_exact(n).flat_map(token).collect()
}

/// The weighted sum of the experts' outputs, less what the MLP gives; the largest difference.
fn sum_error(saved: &Saved) -> f64 {
    let [outputs, weights, sum] = ["outputs", "weights", "sum"].map(|name| get(saved, name));
    let [_, s, e, d] = outputs.shape()[..] else { panic!("{:?}", outputs.shape()) };
    let mut worst = 0.0f64;
    for i in 0..s * d {
        let (token, x) = (i / d, i % d);
        let part = |slot: usize| {
            let slot = token * e + slot;
            f64::from(weights.f32s()[slot]) * f64::from(outputs.f32s()[slot * d + x])
        };
        let want: f64 = (0..e).map(part).sum();
        worst = worst.max((want - f64::from(sum.f32s()[i])).abs());
    }
    worst
}

#[test]
fn tokens_go_to_the_likeliest_experts() {
    for name in models() {
        let saved = experts(name, "");
        let e = get(&saved, "chosen").shape()[2];
        let want = by_hand(get(&saved, "logits"), e);
        let got = get(&saved, "chosen").slice::<i64>().iter().zip(get(&saved, "weights").f32s());
        for (i, ((id, weight), want)) in got.zip(&want).enumerate() {
            assert_eq!(*id, want.0, "{name} {i}");
            assert!((f64::from(*weight) - want.1).abs() < ATOL, "{name} {i}: {weight}, not {}", want.1);
        }
        assert!(sum_error(&saved) < ATOL, "{name}");
    }
}

#[test]
fn written_logits_send_tokens_elsewhere() {
    for name in models() {
        let saved = experts(name, "%5 = neg %0\nwrite 0 LAYERS.1.mlp.gate.output %5\nsave \"written\" %5");
        let e = get(&saved, "chosen").shape()[2];
        let want: Vec<i64> = by_hand(get(&saved, "written"), e).iter().map(|(id, _)| *id).collect();
        assert_eq!(get(&saved, "chosen").slice::<i64>(), want, "{name}");
        assert_ne!(get(&saved, "sum").f32s(), get(&experts(name, ""), "sum").f32s(), "{name}");
    }
}

/// A token sent twice to one expert has its output with all the weight, whatever the router said.
#[test]
fn a_written_choice_decides_who_computes() {
    for name in models() {
        let both = |id: usize| {
            let write = format!(
                "%5 = read 0 LAYERS.1.mlp.chosen
                 %6 = mul %5 0
                 %7 = add %6 {id}
                 write 0 LAYERS.1.mlp.chosen %7"
            );
            experts(name, &write)
        };
        let plain = experts(name, "");
        let (s, d) = (get(&plain, "sum").shape()[1], get(&plain, "sum").shape()[2]);
        let e = get(&plain, "chosen").shape()[2];
        for id in 0..get(&plain, "logits").shape()[2] {
            let saved = both(id);
            assert!(sum_error(&saved) < ATOL, "{name} {id}");
            assert!(get(&saved, "weights").f32s().iter().all(|w| (w - 0.5).abs() < 1e-6), "{name} {id}");
            // Where the router chose the same expert, it computes the same.
            for slot in 0..s * e {
                if get(&plain, "chosen").slice::<i64>()[slot] == id as i64 {
                    let [a, b] = [&plain, &saved].map(|r| &get(r, "outputs").f32s()[slot * d..][..d]);
                    assert_eq!(a, b, "{name} {id} {slot}");
                }
            }
        }
    }
}

#[test]
fn a_slot_may_go_nowhere() {
    for name in models() {
        let away = |id: i64| {
            let write = format!(
                "%5 = read 0 LAYERS.1.mlp.chosen
                 %6 = set_index %5 [:, :, 1] {id}
                 write 0 LAYERS.1.mlp.chosen %6"
            );
            experts(name, &write)
        };
        for id in [-1, 4, i64::MAX] {
            let saved = away(id);
            let (weights, outputs) = (get(&saved, "weights"), get(&saved, "outputs"));
            let d = outputs.shape()[3];
            for slot in (1..weights.numel()).step_by(2) {
                assert_eq!(weights.f32s()[slot], 0.0, "{name} {id}");
                assert!(outputs.f32s()[slot * d..][..d].iter().all(|x| *x == 0.0), "{name} {id}");
            }
            assert!(sum_error(&saved) < ATOL, "{name} {id}");
        }
    }
}
