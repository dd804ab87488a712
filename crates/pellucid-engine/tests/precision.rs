//! Runs in half precision against transformers, run in it too (`tests/fixtures/make_half_golden.py`).
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use pellucid_engine::{Options, Precision};
use pellucid_graph::DType;
use support::{Golden, every, fixture, floats, open_as, run, save, words};

/// Both sides round every value, after sums in different orders: they differ by as much as either
/// differs from a run in f32, which is 1.4 for two errors that know nothing of each other. A run that
/// rounds nothing is off by 1 everywhere; one that rounds what transformers rounds comes closer.
const WORST_RATIO: f64 = 1.4;
const MEAN_RATIO: f64 = 0.7;

#[test]
fn hidden_states_and_logits_are_those_of_transformers() {
    let golden = Golden::of(fixture("half.safetensors"));
    let mut ratios = Vec::new();
    for name in every() {
        for (dtype, word) in [(Precision::Bf16, "bfloat16"), (Precision::F16, "float16")] {
            let model = open_as(fixture("tiny").join(name), &Options { dtype, ..Options::default() });
            let layers = if model.is_causal() { words(name).layers } else { "encoder.layer" };
            let reference = Golden::tiny(name);
            let ids = reference.ids("p0.input_ids");
            let saved = run(&model, &[vec![ids]], |r| {
                save(r, 0, &format!("{layers}.0.input"));
                (0..model.n_layers()).for_each(|i| save(r, 0, &format!("{layers}.{i}.output")));
                save(r, 0, "output");
            });
            let mut close = |what: &str, got: &[f32], half: &[f32], full: &[f32]| {
                let rms = |a: &[f32], b: &[f32]| {
                    let squares: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum();
                    (squares / a.len() as f64).sqrt()
                };
                let (off, theirs) = (rms(got, half), rms(half, full));
                ratios.extend((theirs > 0.0).then(|| off / theirs));
                assert!(
                    off <= WORST_RATIO * theirs,
                    "{name} {word} {what}: {off} from transformers, which is {theirs} from f32"
                );
            };
            let (shape, want) = golden.f32s(&format!("{name}.{word}.hidden"));
            let sites = std::iter::once(format!("{layers}.0.input"))
                .chain((0..model.n_layers()).map(|i| format!("{layers}.{i}.output")));
            // The last of transformers' hidden states of a decoder are those after its last norm.
            let n = shape[0] - usize::from(model.is_causal());
            for (i, (site, want)) in sites.zip(want.chunks_exact(shape[1] * shape[2])).take(n).enumerate() {
                let got = saved.get(&format!("0:{site}")).unwrap();
                assert_eq!(got.dtype(), dtype.dtype(), "{name} {site}");
                let full = &reference.f32s(&format!("p0.hidden.{i}")).1;
                close(&site, &floats(got), want, full);
            }
            if model.is_causal() {
                let logits = saved.get("0:output").unwrap();
                let v = logits.shape()[2];
                let got = floats(logits);
                let full = reference.f32s("p0.logits").1;
                let half = golden.f32s(&format!("{name}.{word}.logits")).1;
                close("logits", &got[got.len() - v..], &half, &full[full.len() - v..]);
            }
        }
    }
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    assert!(mean <= MEAN_RATIO, "{mean} of transformers' own distance to f32");
}

#[test]
fn sites_and_specs_have_the_dtype_of_the_run() {
    let options = Options { dtype: Precision::Bf16, ..Options::default() };
    let model = open_as(fixture("tiny/llama"), &options);
    assert_eq!(model.spec().dtype, DType::Bf16);
    for site in &model.spec().sites {
        let takes_ids = ["", "model", "model.embed_tokens"].contains(&site.path.as_str());
        let is_ids = takes_ids && site.point == "input";
        assert_eq!(site.dtype, if is_ids { DType::I64 } else { DType::Bf16 }, "{}.{}", site.path, site.point);
    }
}
