//! Writes to the values inside attention and MLP have the effect that one computes by hand.

use pellucid_engine::{Saved, Tensor};

use super::support::{TINY, has_experts, tiny, words};
use super::{assert_same, called_modules, run, site};

/// What other values decide too: ids that do not change, and experts, which a router chose before.
fn by_itself(module: &str) -> bool {
    let ends = ["wpe", "embed_positions", "mlp.experts"];
    module.is_empty() || ends.iter().any(|end| module.ends_with(end))
}

/// A module applied to what was written to its input gives what is then read at its output.
#[test]
fn a_written_input_is_what_the_module_gets() {
    for name in TINY {
        let model = tiny(name);
        for module in called_modules(&model).iter().filter(|m| !by_itself(m)) {
            let (input, output) = (site(module, "input"), site(module, "output"));
            let change =
                match model.spec().site(&pellucid_graph::Site::parse(&input).unwrap()).unwrap().1.dtype {
                    pellucid_graph::DType::I64 => "sub 300 %0",
                    _ => "mul %0 -1.5",
                };
            let lines = format!(
                "invoke 0 P0
                 %0 = read 0 {input}
                 %1 = {change}
                 %2 = abs %1
                 write 0 {input} %2
                 %3 = apply {module} %2
                 %4 = read 0 {output}
                 save \"applied\" %3
                 save \"output\" %4"
            );
            let saved = run(&model, name, &lines);
            assert_same(&format!("{name} {module}"), saved.get("applied"), saved.get("output"));
        }
    }
}

/// Runs statements on P0; `%0` to `%6` are `q k v scores pattern z` of layer 1 and the output of its
/// last matrix. // q, z: [b, s, h, k]; k, v: [b, s, kvh, k]; scores, pattern: [b, h, s, s]
fn attention(name: &str, statements: &str) -> Saved {
    let lines = format!(
        "invoke 0 P0
         %0 = read 0 LAYERS.1.ATTN.q
         %1 = read 0 LAYERS.1.ATTN.k
         %2 = read 0 LAYERS.1.ATTN.v
         %3 = read 0 LAYERS.1.ATTN.scores
         %4 = read 0 LAYERS.1.ATTN.pattern
         %5 = read 0 LAYERS.1.ATTN.z
         %6 = read 0 LAYERS.1.ATTN.ATTN_OUT.output
         {statements}
         save \"v\" %2
         save \"scores\" %3
         save \"pattern\" %4
         save \"z\" %5
         save \"out\" %6"
    );
    run(&tiny(name), name, &lines)
}

/// Calls `f` with every element of `[1, h, s, s]` and its place: head, query, key.
fn each_pair(t: &Tensor, mut f: impl FnMut(f32, usize, usize, usize)) {
    let (h, s) = (t.shape()[1], t.shape()[2]);
    for i in 0..h * s * s {
        f(t.f32s()[i], i / (s * s), i / s % s, i % s);
    }
}

/// `z` mixed in f64 from a pattern and values of as many or fewer heads; the largest difference.
fn mix_error(saved: &Saved) -> f64 {
    let [p, v, z] = ["pattern", "v", "z"].map(|n| saved.get(n).unwrap());
    let [_, s, h, k] = z.shape()[..] else { panic!("{:?}", z.shape()) };
    let kvh = v.shape()[2];
    let mut worst = 0.0f64;
    for i in 0..s * h * k {
        let (query, head, x) = (i / (h * k), i / k % h, i % k);
        let p = &p.f32s()[(head * s + query) * s..][..s];
        let value = |key: usize| v.f32s()[(key * kvh + head * kvh / h) * k + x];
        let want: f64 = (0..s).map(|key| f64::from(p[key]) * f64::from(value(key))).sum();
        worst = worst.max((want - f64::from(z.f32s()[i])).abs());
    }
    worst
}

/// Sums of about twenty products of numbers near 1, in f32 against f64.
const MIX_ATOL: f64 = 1e-5;

#[test]
fn without_writes_the_pattern_mixes_the_values() {
    for name in TINY {
        let error = mix_error(&attention(name, ""));
        assert!(error < MIX_ATOL, "{name}: {error}");
    }
}

#[test]
fn equal_scores_share_attention_among_all_keys() {
    for name in TINY {
        let saved = attention(name, "%7 = full_like %3 2.5\nwrite 0 LAYERS.1.ATTN.scores %7");
        let s = saved.get("pattern").unwrap().shape()[3];
        each_pair(saved.get("pattern").unwrap(), |p, h, q, k| {
            assert!((p - 1.0 / s as f32).abs() < 1e-6, "{name} {h} {q} {k}: {p}");
        });
        assert!(mix_error(&saved) < MIX_ATOL, "{name}");
    }
}

#[test]
fn zero_queries_share_attention_among_the_keys_they_see() {
    for name in TINY {
        let saved = attention(name, "%7 = mul %0 0.0\nwrite 0 LAYERS.1.ATTN.q %7");
        let (pattern, scores) = (saved.get("pattern").unwrap(), saved.get("scores").unwrap());
        let s = pattern.shape()[3];
        let row = |t: &Tensor, h: usize, q: usize| t.f32s()[(h * s + q) * s..][..s].to_vec();
        each_pair(pattern, |p, h, q, k| {
            let seen = row(scores, h, q).iter().filter(|x| x.is_finite()).count();
            let want = if row(scores, h, q)[k].is_finite() { 1.0 / seen as f32 } else { 0.0 };
            assert!(k <= q || want == 0.0, "{name}: key {k} is after query {q}");
            assert!((p - want).abs() < 1e-6, "{name} {h} {q} {k}: {p}");
        });
    }
}

#[test]
fn the_pattern_is_the_softmax_of_the_scores() {
    for name in TINY {
        let saved = attention(name, "%7 = softmax %3 -1\nsave \"softmax\" %7");
        let (want, got) = (saved.get("softmax").unwrap(), saved.get("pattern").unwrap());
        let worst = want.f32s().iter().zip(got.f32s()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-6, "{name}: {worst}");
    }
}

/// Queries may be made to look ahead: every one at its own place, then every one at the last.
#[test]
fn a_written_pattern_says_where_values_come_from() {
    for name in TINY {
        let s = attention(name, "").get("pattern").unwrap().shape()[3];
        for at in [None, Some(s - 1)] {
            let cell = |i: usize| f32::from(i % s == at.unwrap_or(i / s));
            let matrix: Vec<f32> = (0..s * s).map(cell).collect();
            let lines = format!(
                "%7 = constant f32[{s}, {s}] {matrix:?}
                 %8 = copy_into %4 %7
                 write 0 LAYERS.1.ATTN.pattern %8"
            );
            let saved = attention(name, &lines);
            let (v, z) = (saved.get("v").unwrap(), saved.get("z").unwrap());
            let (h, k, kvh) = (z.shape()[2], z.shape()[3], v.shape()[2]);
            for (i, got) in z.f32s().iter().enumerate() {
                let (query, head, x) = (i / (h * k), i / k % h, i % k);
                let want = v.f32s()[(at.unwrap_or(query) * kvh + head * kvh / h) * k + x];
                assert_eq!(*got, want, "{name} {at:?} {query} {head} {x}");
            }
        }
    }
}

#[test]
fn a_written_z_goes_into_the_last_matrix() {
    for name in TINY {
        let lines = "%7 = mul %5 -2.0
             write 0 LAYERS.1.ATTN.z %7
             %8 = flatten %7 2
             %9 = apply LAYERS.1.ATTN.ATTN_OUT %8
             save \"by hand\" %9";
        let saved = attention(name, lines);
        assert_same(name, saved.get("by hand"), saved.get("out"));
    }
}

#[test]
fn written_pre_and_post_go_through_the_rest_of_the_mlp() {
    for name in TINY.iter().filter(|name| !has_experts(name)) {
        let words = words(name);
        let times_up = match words.up {
            Some(up) => format!("%9 = read 0 LAYERS.1.mlp.{up}.output\n%4 = mul %3 %9"),
            None => "%4 = mul %3 1.0".to_owned(),
        };
        let lines = format!(
            "invoke 0 P0
             %0 = read 0 LAYERS.1.MLP_PRE
             %1 = mul %0 -0.5
             write 0 LAYERS.1.MLP_PRE %1
             %3 = apply LAYERS.1.MLP_ACT %1
             {times_up}
             %5 = read 0 LAYERS.1.MLP_POST
             %6 = neg %5
             write 0 LAYERS.1.MLP_POST %6
             %7 = apply LAYERS.1.MLP_DOWN %6
             %8 = read 0 LAYERS.1.MLP_DOWN.output
             save \"post by hand\" %4
             save \"post\" %5
             save \"output by hand\" %7
             save \"output\" %8"
        );
        let saved = run(&tiny(name), name, &lines);
        if !words.fused_gate {
            assert_same(name, saved.get("post by hand"), saved.get("post"));
        }
        assert_same(name, saved.get("output by hand"), saved.get("output"));
    }
}
