//! What llama.cpp's converter makes of the tiny models, written here by recipes: the same bytes of every tensor, by
//! their recorded hashes. Opened, they are the folders again.

use std::path::Path;

use pellucid_engine::{Model, Options};
use serde_json::{Value, json};

use super::recipe::{Recipe, Tensor, f32s, plain, transposed};
use super::support::{Golden, open_as, run, save};
use super::writer::Gguf;
use super::{bits, fixtures, open};

/// Every recipe, and what its file cannot say: the configuration that a reader must take instead.
fn recipes() -> Vec<(&'static str, Value)> {
    vec![
        ("gpt2", json!({})),
        ("gpt_neox", json!({})),
        ("gpt_neox_seq", json!({"hidden_act": "gelu"})),
        ("llama", json!({})),
        ("llama31", json!({})),
        ("llama_tied_rope3", json!({})),
        ("linear", json!({})),
        ("yarn", json!({})),
        ("mistral", json!({"sliding_window": null})),
        ("mixtral", json!({})),
        ("qwen2", json!({})),
        ("qwen3", json!({})),
        ("qwen3_moe", json!({})),
        ("gemma2", json!({"query_pre_attn_scalar": 16})),
        ("gemma3_text", json!({"layer_types": vec!["sliding_attention"; 4]})),
        ("olmo2", json!({})),
        ("phi3", json!({})),
        ("phi3_longrope", json!({})),
        ("bert", json!({})),
    ]
}

/// Files hold what llama3 scaling divides frequencies by in f32. Of a rule that is no published model's that is all
/// there is, and angles may be off by a last bit.
const ROUNDED: &[&str] = &["llama_tied_rope3"];

/// Numbers as Q8_0, where rows are whole blocks, and what they then are.
fn q8_0(numbers: &[f32]) -> (Vec<u8>, Vec<f32>) {
    let (mut bytes, mut are) = (Vec::new(), Vec::new());
    for block in numbers.chunks_exact(32) {
        let most = block.iter().fold(0.0f32, |most, n| most.max(n.abs()));
        let scale = half::f16::from_f32(most / 127.0);
        bytes.extend(scale.to_le_bytes());
        for n in block {
            let q = (n / scale.to_f32()).round().clamp(-127.0, 127.0) as i8;
            bytes.push(q as u8);
            are.push(f32::from(q) * scale.to_f32());
        }
    }
    (bytes, are)
}

fn is_quantized(shape: &[usize]) -> bool {
    shape.len() > 1 && shape[shape.len() - 1].is_multiple_of(32)
}

fn quantized(tensor: &Tensor) -> (u32, Vec<u8>) {
    if is_quantized(&tensor.shape) { (8, q8_0(&tensor.numbers).0) } else { plain(tensor) }
}

fn logits(model: &Model) -> Vec<u32> {
    let ids = Golden::tiny("llama").ids("p1.input_ids");
    let saved = run(model, &[vec![ids]], |r| save(r, 0, "output"));
    saved.get("0:output").expect("logits").f32s().iter().map(|x| x.to_bits()).collect()
}

/// What the folder of a recipe gives under the configuration that a reader must take.
fn folder_logits(recipe: &Recipe, lost: &Value) -> Vec<u32> {
    let folder = tempfile::tempdir().expect("a folder");
    let weights = fixtures().join(recipe.value["weights"].as_str().expect("a folder"));
    std::fs::copy(weights.join("model.safetensors"), folder.path().join("model.safetensors"))
        .expect("a copy");
    std::fs::write(folder.path().join("config.json"), recipe.config(lost).to_string()).expect("writable");
    logits(&open_as(folder.path().to_owned(), &Options::default()))
}

fn with_file<T>(gguf: Gguf, use_it: impl FnOnce(&Path) -> T) -> T {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tiny.gguf");
    std::fs::write(&file, gguf.finish()).expect("writable");
    use_it(&file)
}

#[test]
fn every_recipe_is_tested() {
    let files = std::fs::read_dir(fixtures().join("gguf")).expect("a folder");
    let mut found: Vec<String> =
        files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect();
    let mut tested: Vec<String> = recipes().iter().map(|(name, _)| format!("{name}.json")).collect();
    found.sort_unstable();
    tested.sort_unstable();
    assert_eq!(found, tested);
}

#[test]
fn what_was_converted_comes_back() {
    for (name, lost) in recipes() {
        let recipe = Recipe::of(name);
        let ones: Vec<&str> = (recipe.value["tensors"].as_array().expect("tensors").iter())
            .filter(|row| row["how"] == "plus-one")
            .map(|row| row["from"].as_str().expect("a name"))
            .collect();
        with_file(recipe.written(plain), |file| {
            let got = open(file).expect(name);
            let names: Vec<&str> = got.weights.names().collect();
            assert_eq!(names, recipe.sources.keys().collect::<Vec<_>>(), "{name}");
            for (tensor, (shape, numbers)) in &recipe.sources {
                let one = if ones.contains(&tensor.as_str()) { 1.0 } else { 0.0 };
                let expected: Vec<u32> = numbers.iter().map(|w| ((w + one) - one).to_bits()).collect();
                assert_eq!(got.weights.shape(tensor), Some(&shape[..]), "{name} {tensor}");
                assert!(bits(&got, tensor) == expected, "{name} {tensor}");
            }
            let (got, expected) =
                (logits(&open_as(file.to_owned(), &Options::default())), folder_logits(&recipe, &lost));
            if !ROUNDED.contains(&name) {
                assert!(got == expected, "{name}: logits differ in bits");
            }
            let far = |(a, b): (&u32, &u32)| (f32::from_bits(*a) - f32::from_bits(*b)).abs();
            assert!(got.iter().zip(&expected).all(|pair| far(pair) <= 1e-6), "{name}: logits differ");
        });
    }
}

#[test]
fn quantized_weights_are_restored_and_held_in_every_way_with_the_same_bits() {
    for (name, _) in recipes() {
        let recipe = Recipe::of(name);
        with_file(recipe.written(quantized), |file| {
            let got = open(file).expect(name);
            for tensor in recipe.value["tensors"].as_array().expect("tensors") {
                let Some(from) = tensor["from"].as_str() else { continue };
                let (shape, numbers) = &recipe.sources[from];
                let expected = match tensor["how"].as_str() {
                    _ if !is_quantized(shape) => continue,
                    Some("transposed") => {
                        let back = [shape[1], shape[0]];
                        transposed(&back, &q8_0(&transposed(shape, numbers)).1)
                    }
                    _ => q8_0(numbers).1,
                };
                let expected: Vec<u32> = expected.iter().map(|w| w.to_bits()).collect();
                assert!(bits(&got, from) == expected, "{name} {from}");
            }
            let held = |quantized, stream| {
                logits(&open_as(file.to_owned(), &Options { quantized, stream, ..Options::default() }))
            };
            let resident = held(false, false);
            for (quantized, stream) in [(true, false), (false, true), (true, true)] {
                assert!(
                    held(quantized, stream) == resident,
                    "{name}: quantized {quantized}, stream {stream}"
                );
            }
        });
    }
}

#[test]
fn a_llama_with_a_window_is_a_mistral() {
    let recipe = Recipe::of("mistral");
    let gguf = recipe.written(plain).u32("llama.attention.sliding_window", 5);
    let got = with_file(gguf, |file| logits(&open_as(file.to_owned(), &Options::default())));
    assert!(got == folder_logits(&recipe, &json!({})));
}

#[test]
fn scalings_are_said_as_they_were() {
    for (name, lost) in recipes() {
        let recipe = Recipe::of(name);
        let expected = recipe.config(&lost);
        if expected["rope_scaling"].is_null() || ROUNDED.contains(&name) {
            continue;
        }
        with_file(recipe.written(plain), |file| {
            let config = open(file).expect(name).config;
            let folder = pellucid_engine::load::Config::new(
                "config.json",
                expected.as_object().expect("keys").clone(),
            );
            assert_eq!(config.rope().expect(name), folder.rope().expect(name), "{name}");
        });
    }
}

/// Files of before llama.cpp kept experts together, and files of now that keep gate and up together.
#[test]
fn experts_may_be_apart_or_gate_and_up_together() {
    let recipe = Recipe::of("mixtral");
    let expected = folder_logits(&recipe, &json!({}));
    let mut apart = Recipe::of("mixtral");
    let mut together = Recipe::of("mixtral");
    let rows = recipe.value["tensors"].as_array().expect("tensors").clone();
    let is_expert = |row: &Value| row["how"] == "stack";
    let (experts, others): (Vec<Value>, Vec<Value>) = rows.into_iter().partition(is_expert);
    let (mut one_by_one, mut fused) = (others.clone(), others);
    for row in &experts {
        let name = row["name"].as_str().expect("a name");
        for (i, from) in row["from"].as_array().expect("names").iter().enumerate() {
            one_by_one.push(json!({"name": name.replace("_exps", &format!(".{i}")), "shape": row["shape"].as_array().expect("axes")[1..],
                "from": from, "how": "as-is", "fnv": ""}));
        }
        if let Some(start) = name.strip_suffix("gate_exps.weight") {
            let up =
                experts.iter().find(|other| other["name"] == format!("{start}up_exps.weight")).expect("up");
            let list = |row: &Value| row["from"].as_array().expect("names").clone();
            let from: Vec<Value> =
                list(row).into_iter().zip(list(up)).flat_map(|(gate, up)| [gate, up]).collect();
            fused.push(json!({"name": format!("{start}gate_up_exps.weight"), "shape": [4, 128, 32],
                "from": from, "how": "stack", "fnv": ""}));
        } else if name.contains("ffn_down") {
            fused.push(row.clone());
        }
    }
    apart.value["tensors"] = one_by_one.into();
    together.value["tensors"] = fused.into();
    for recipe in [apart, together] {
        let gguf = recipe.written(|tensor| (0, f32s(&tensor.numbers)));
        assert!(with_file(gguf, |file| logits(&open_as(file.to_owned(), &Options::default()))) == expected);
    }
}
