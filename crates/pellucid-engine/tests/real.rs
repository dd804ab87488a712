//! Real models against what transformers computes from the same weights, de-quantized to f32.
//!
//! The references were recorded with `tests/fixtures/make_real_golden.py`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use pellucid_engine::{Cancel, Model, Saved, embed, generate};
use support::{Golden, fixture, open, real_model, run, save};

/// Both sides sum in f32, in different orders, and states grow to hundreds and thousands: the error of
/// one is a part of its largest element. 2e-6 was seen, about 16 units in the last place.
const HIDDEN_RTOL: f32 = 1e-5;
/// On logits of up to 24, where 4e-5 was seen. Weights kept as f16 instead would move them by 0.02,
/// as bf16 by 0.16: this tells a wrong rounding of one matrix from the order of sums.
const LOGITS_ATOL: f32 = 2e-4;
/// On -log p of single tokens, a difference of logits; 5e-5 was seen.
const NLL_ATOL: f32 = 2e-4;

const SMOLLM2: (&str, &str) = ("SmolLM2-135M-Instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");
const GEMMA3: (&str, &str) = ("gemma-3-270m", "gemma-3-270m-q4_k_m.gguf");

#[test]
fn smollm2_agrees_with_transformers() {
    agrees(SMOLLM2);
}

#[test]
fn gemma3_agrees_with_transformers() {
    agrees(GEMMA3);
}

/// Of MiniLM, six layers whose states stay below 11; 8e-7 was seen.
const SENTENCE_RTOL: f32 = 5e-6;
/// Cosines of unit vectors: sums of 384 products, where 5e-7 was seen.
const COSINE_ATOL: f32 = 2e-6;

#[test]
fn minilm_agrees_with_transformers() {
    let name = "all-MiniLM-L6-v2";
    let Some(config) = real_model(&format!("{name}/config.json")) else { return };
    let model = open(config.parent().unwrap().to_owned());
    let golden = Golden::of(fixture("real").join(format!("{name}.safetensors")));
    let (shape, want) = golden.f32s("embeddings");
    let ids: Vec<Vec<u32>> = (0..shape[0]).map(|i| golden.ids(&format!("s{i}.input_ids"))).collect();

    let mut how = model.pooling().unwrap();
    assert!(how.normalize, "the folder says so");
    let unit = embed(&model, &ids, how, &Cancel::new()).unwrap();
    how.normalize = false;
    let mean = embed(&model, &ids, how, &Cancel::new()).unwrap();
    assert_eq!(mean.shape(), shape);
    assert_near("embeddings", mean.f32s(), &want, SENTENCE_RTOL);
    let (_, cosines) = golden.f32s("similarities");
    let rows: Vec<&[f32]> = unit.f32s().chunks_exact(shape[1]).collect();
    for (i, a) in rows.iter().enumerate() {
        for (j, b) in rows.iter().enumerate() {
            let got: f32 = a.iter().zip(*b).map(|(a, b)| a * b).sum();
            let want = cosines[i * rows.len() + j];
            assert!((got - want).abs() <= COSINE_ATOL, "sentences {i} and {j}: {got}, expected {want}");
        }
    }

    let sites: Vec<String> = std::iter::once("encoder.layer.0.input".to_owned())
        .chain((0..model.n_layers()).map(|i| format!("encoder.layer.{i}.output")))
        .collect();
    let saved = run(&model, &[vec![ids[0].clone()]], |r| {
        sites.iter().for_each(|site| save(r, 0, site));
        save(r, 0, "encoder.layer.0.attention.self.pattern");
    });
    let (shape, want) = golden.f32s("s0.hidden");
    assert_eq!(shape[0], sites.len());
    for (site, want) in sites.iter().zip(want.chunks_exact(shape[1])) {
        let got = saved.get(&format!("0:{site}")).unwrap().f32s();
        assert_near(site, &got[..shape[1]], want, SENTENCE_RTOL);
    }
    let ((shape, want), pattern) =
        (golden.f32s("s0.pattern"), saved.get("0:encoder.layer.0.attention.self.pattern").unwrap());
    let (h, s) = (shape[0], shape[1]);
    assert_eq!(pattern.shape(), [1, h, s, s]);
    for (head, want) in pattern.f32s().chunks_exact(s * s).zip(want.chunks_exact(s)) {
        assert_near("pattern", &head[..s], want, SENTENCE_RTOL);
    }
}

/// Off by at most a part of the largest element.
fn assert_near(what: &str, got: &[f32], want: &[f32], rtol: f32) {
    assert_eq!(got.len(), want.len(), "{what}");
    let largest = want.iter().map(|x| x.abs()).fold(0.0, f32::max);
    let worst = got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= rtol * largest, "{what}: off by {worst} where the largest is {largest}");
}

fn agrees((folder, file): (&str, &str)) {
    let Some(path) = real_model(&format!("{folder}/{file}")) else { return };
    let (model, golden) = (open(path), Golden::of(fixture("real").join(format!("{folder}.safetensors"))));
    top_tokens(&model, &golden);
    hidden_states(&model, &golden);
    losses(&model, &golden);
    let ids = golden.ids("p0.input_ids");
    let want = golden.ids("p0.generate");
    let got = generate(&model, &[ids], want.len(), &Cancel::new()).unwrap();
    assert_eq!(got, [want], "{folder}: greedy continuation");
}

/// Logits of one invoke. // [s, v]
fn logits(saved: &Saved, invoke: usize) -> Vec<&[f32]> {
    let tensor = saved.get(&format!("{invoke}:lm_head.output")).unwrap();
    tensor.f32s().chunks_exact(tensor.shape()[2]).collect()
}

/// Every prompt alone and all four in one pass: the five likeliest tokens in order, and the logits
/// of the fifty likeliest.
fn top_tokens(model: &Model, golden: &Golden) {
    let prompts: Vec<_> = (0..4).map(|i| vec![golden.ids(&format!("p{i}.input_ids"))]).collect();
    let saved = run(model, &prompts, |r| (0..4).for_each(|i| save(r, i, "lm_head.output")));
    for i in 0..4 {
        let rows = logits(&saved, i);
        let last = rows[rows.len() - 1];
        let (ids, want) = (golden.ids(&format!("p{i}.top_ids")), golden.f32s(&format!("p{i}.top_logits")).1);
        let mut order: Vec<u32> = (0..last.len() as u32).collect();
        order.sort_by(|a, b| last[*b as usize].total_cmp(&last[*a as usize]));
        assert_eq!(order[..5], ids[..5], "p{i}");
        let worst = ids.iter().zip(&want).map(|(id, x)| (last[*id as usize] - x).abs()).fold(0.0, f32::max);
        assert!(worst <= LOGITS_ATOL, "p{i}: logits off by {worst}");
        let alone = run(model, &prompts[i..=i], |r| save(r, 0, "lm_head.output"));
        assert!(logits(&alone, 0) == rows, "p{i}: other bits alone than among others");
    }
}

/// The residual stream at the last token: the input of layer 0, then the output of each layer.
fn hidden_states(model: &Model, golden: &Golden) {
    let sites: Vec<String> = std::iter::once("model.layers.0.input".to_owned())
        .chain((0..model.n_layers()).map(|i| format!("model.layers.{i}.output")))
        .collect();
    let ids = golden.ids("p0.input_ids");
    let saved = run(model, &[vec![ids]], |r| sites.iter().for_each(|site| save(r, 0, site)));
    let (shape, want) = golden.f32s("p0.hidden_last");
    assert_eq!(shape[0], sites.len());
    for (site, want) in sites.iter().zip(want.chunks_exact(shape[1])) {
        let got = saved.get(&format!("0:{site}")).unwrap().f32s();
        assert_near(site, &got[got.len() - shape[1]..], want, HIDDEN_RTOL);
    }
}

/// Every token of a paragraph.
fn losses(model: &Model, golden: &Golden) {
    let ids = golden.ids("text.input_ids");
    let saved = run(model, &[vec![ids.clone()]], |r| save(r, 0, "lm_head.output"));
    let want = golden.f32s("text.nll").1;
    assert_eq!(want.len(), ids.len() - 1);
    for (i, (row, want)) in logits(&saved, 0).into_iter().zip(want).enumerate() {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row.iter().map(|x| f64::from(x - largest).exp()).sum();
        let got = sum.ln() as f32 + largest - row[ids[i + 1] as usize];
        assert!((got - want).abs() <= NLL_ATOL, "token {i}: {got}, expected {want}");
    }
}
