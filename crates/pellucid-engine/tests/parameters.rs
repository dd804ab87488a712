//! Weights as values: names, shapes and numbers are those of transformers, however a model holds them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use pellucid_engine::{Model, Options, Precision};
use pellucid_graph::{Handle, Recorder};
use serde_json::Value;
use support::{every, fixture, floats, open_as, real_model, run, tiny};

fn golden(name: &str) -> serde_json::Map<String, Value> {
    let file = std::fs::read(fixture("parameters.json")).unwrap();
    let all: Value = serde_json::from_slice(&file).unwrap();
    all[name].as_object().unwrap_or_else(|| panic!("no golden parameters of {name}")).clone()
}

fn numbers(model: &Model, path: &str) -> Vec<f32> {
    floats(&model.parameter(path).unwrap())
}

#[test]
fn names_shapes_and_numbers_are_those_of_transformers() {
    for name in every() {
        let (model, golden) = (tiny(name), golden(name));
        let own: Vec<_> = model.spec().parameters.iter().filter(|p| p.same_as.is_none()).collect();
        let mut paths: Vec<&str> = own.iter().map(|p| p.path.as_str()).collect();
        paths.sort_unstable();
        assert_eq!(paths, golden.keys().map(String::as_str).collect::<Vec<_>>(), "{name}");
        for parameter in own {
            let row = &golden[&parameter.path];
            let shape: Vec<usize> = serde_json::from_value(row[0].clone()).unwrap();
            assert_eq!(parameter.shape, shape, "{name} {}", parameter.path);
            let numbers = numbers(&model, &parameter.path);
            let sum: f64 = numbers.iter().map(|x| f64::from(*x)).sum();
            assert!((sum - row[1].as_f64().unwrap()).abs() < 2e-6, "{name} {}", parameter.path);
            let second = f64::from(numbers[1]);
            assert!((second - row[2].as_f64().unwrap()).abs() < 1e-8, "{name} {}", parameter.path);
        }
    }
}

#[test]
fn a_tied_head_is_the_same_as_the_table_and_names_of_the_vocabulary_lead_to_weights() {
    let model = tiny("gpt2");
    let head = model.spec().parameter("lm_head.weight").unwrap();
    assert_eq!(head.same_as.as_deref(), Some("transformer.wte.weight"));
    for name in ["lm_head.weight", "unembed.weight", "embed.weight"] {
        assert_eq!(model.spec().real_parameter(name), "transformer.wte.weight");
        assert_eq!(numbers(&model, name), numbers(&model, "transformer.wte.weight"));
    }
}

#[test]
fn how_weights_are_held_does_not_show() {
    for name in ["gpt2", "llama_bf16_sharded", "qwen3_moe"] {
        let path = || fixture("tiny").join(name);
        let model = tiny(name);
        for options in [
            Options { stream: true, ..Options::default() },
            Options { memory_budget: Some(model.weight_bytes() / 2), ..Options::default() },
        ] {
            let other = open_as(path(), &options);
            for p in &model.spec().parameters {
                assert_eq!(numbers(&model, &p.path), numbers(&other, &p.path), "{name} {}", p.path);
            }
        }
    }
    if let Some(file) = real_model("SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf") {
        let quantized = open_as(file.clone(), &Options { quantized: true, ..Options::default() });
        let widened = open_as(file, &Options::default());
        let path = "model.layers.3.mlp.down_proj.weight";
        assert_eq!(numbers(&quantized, path), numbers(&widened, path));
    }
}

/// Reads weights in a trace and saves them.
fn weights(recorder: &mut Recorder, path: &str) -> Handle {
    let handle = recorder.parameter(path, None).unwrap();
    recorder.save(path, handle, None).unwrap();
    handle
}

#[test]
fn a_trace_reads_weights_in_the_dtype_of_the_model() {
    let path = "model.layers.1.mlp.down_proj.weight";
    let prompt = [vec![vec![5, 9, 2]]];
    for dtype in [Precision::F32, Precision::Bf16, Precision::F16] {
        let options = Options { dtype, ..Options::default() };
        let model = open_as(fixture("tiny/llama"), &options);
        let saved = run(&model, &prompt, |r| {
            weights(r, path);
        });
        let value = saved.get(path).unwrap();
        assert_eq!(value.dtype(), dtype.dtype());
        let wide = numbers(&tiny("llama"), path);
        let rounded: Vec<f32> = wide.iter().map(|x| dtype.rounded(*x)).collect();
        assert_eq!(floats(value), rounded);
    }
}

#[test]
fn weights_that_are_read_are_those_that_run() {
    // What a module gives is its input times what a trace sees of its weights.
    for (name, module, is_conv) in
        [("llama", "model.layers.0.mlp.down_proj", false), ("gpt2", "transformer.h.1.mlp.c_fc", true)]
    {
        let (model, prompt) = (tiny(name), [vec![vec![5, 9, 2]]]);
        let saved = run(&model, &prompt, |r| {
            weights(r, &format!("{module}.weight"));
            if is_conv {
                weights(r, &format!("{module}.bias"));
            }
            support::save(r, 0, &format!("{module}.input"));
            support::save(r, 0, &format!("{module}.output"));
        });
        let get = |what: &str| saved.get(what).unwrap();
        let (w, x) = (get(&format!("{module}.weight")), get(&format!("0:{module}.input")));
        let y = get(&format!("0:{module}.output"));
        let (rows, columns) = (w.shape()[0], w.shape()[1]);
        let (n_in, n_out) = if is_conv { (rows, columns) } else { (columns, rows) };
        for (x, y) in x.f32s().chunks_exact(n_in).zip(y.f32s().chunks_exact(n_out)) {
            for (o, y) in y.iter().enumerate() {
                let at = |i: usize| if is_conv { w.f32s()[i * n_out + o] } else { w.f32s()[o * n_in + i] };
                let bias = if is_conv { get(&format!("{module}.bias")).f32s()[o] } else { 0.0 };
                let sum: f32 = (0..n_in).map(|i| x[i] * at(i)).sum::<f32>() + bias;
                assert!((sum - y).abs() < 1e-5, "{name} {o}: {sum} {y}");
            }
        }
    }
}
