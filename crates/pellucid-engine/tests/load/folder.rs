//! Hugging Face folders: the fixtures open, both spellings of a configuration agree, broken ones say why.

use std::path::Path;

use pellucid_engine::load::{Config, LoadError, RawData, Rope, RopeKind};

use super::{bits, fixtures, open};

const TINY: [&str; 5] = ["gpt2", "llama", "llama_tied_rope3", "llama_bf16_sharded", "gemma3_text"];

#[test]
fn tiny_folders_open_and_every_tensor_is_readable() {
    for name in TINY {
        let model = open(&fixtures().join("tiny").join(name)).expect(name);
        assert_eq!(model.name, name);
        assert_eq!(model.generation.eos_token_ids, [383]);
        assert_eq!((model.tokenizer.bos(), model.tokenizer.eos()), (Some(383), Some(383)));
        assert_eq!(model.tokenizer.vocab_size(), 384);
        for tensor in model.weights.names() {
            let data = model.weights.get(tensor).expect(tensor);
            let raw = data.raw();
            assert_eq!(raw.data.len(), raw.shape.iter().product::<usize>(), "{tensor}");
            assert!(raw.data.is_borrowed(), "{tensor} was copied");
            assert_eq!(matches!(raw.data, RawData::Bf16(_)), name == "llama_bf16_sharded");
        }
    }
}

#[test]
fn a_folder_without_generation_settings_takes_them_from_its_configuration() {
    let model = open(&fixtures().join("toy-induction")).expect("toy-induction");
    assert_eq!(model.generation.eos_token_ids, [383]);
    assert_eq!(model.weights.shape("transformer.wte.weight"), Some(&[384, 64][..]));
}

#[test]
fn tokens_are_those_of_the_goldens_and_readable() {
    let folder = fixtures().join("tiny/llama");
    let model = open(&folder).expect("llama");
    let bytes = std::fs::read(folder.join("golden.safetensors")).expect("golden");
    let golden = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let ids = golden.tensor("p0.input_ids").expect("ids");
    let ids: Vec<u32> =
        ids.data().chunks(8).map(|id| u32::from_le_bytes([id[0], id[1], id[2], id[3]])).collect();
    let text = "The Eiffel Tower is in the city of";
    assert_eq!(model.tokenizer.encode(text, true).expect("ids"), ids);
    assert_eq!(model.tokenizer.decode(&ids, true).expect("text"), text);
    assert_eq!(model.tokenizer.pieces(&ids).concat(), text);
    assert_eq!(model.tokenizer.token(383).as_deref(), Some("<|endoftext|>"));
    assert_eq!((model.tokenizer.token(384), model.tokenizer.token_text(384)), (None, "[384]".to_owned()));
}

#[test]
fn both_spellings_of_a_configuration_agree() {
    for name in TINY {
        let read = |file: &str| Config::read(&fixtures().join("tiny").join(name).join(file)).expect(file);
        let (v4, v5) = (read("config.json"), read("config_v5.json"));
        assert_eq!(v4.model_type().expect("v4"), v5.model_type().expect("v5"));
        // The sharded fixture was saved as bf16 after its v5 configuration was written.
        if name != "llama_bf16_sharded" {
            assert_eq!(v4.dtype().expect("v4"), v5.dtype().expect("v5"));
        }
        if name == "gpt2" {
            continue;
        }
        assert_eq!(v4.rope().expect("v4"), v5.rope().expect("v5"));
        for layer_type in ["full_attention", "sliding_attention"] {
            let [a, b] = [&v4, &v5].map(|config| config.rope_for(layer_type).expect(name));
            assert_eq!(a, b, "{name} {layer_type}");
        }
        for key in ["hidden_size", "intermediate_size", "num_hidden_layers", "num_key_value_heads"] {
            assert_eq!(v4.usize(key).expect(key), v5.usize(key).expect(key));
        }
        assert_eq!(v4.opt_strs("layer_types").expect("v4"), v5.opt_strs("layer_types").expect("v5"));
    }
}

#[test]
fn ropes_are_those_of_the_models() {
    let rope = |name: &str, layer_type: &str| {
        open(&fixtures().join("tiny").join(name)).expect(name).config.rope_for(layer_type).expect(name)
    };
    let plain = |theta: f64| Rope { theta, kind: RopeKind::Default };
    assert_eq!(rope("llama", "full_attention"), plain(1e4));
    assert_eq!(rope("gemma3_text", "full_attention"), plain(1e6));
    assert_eq!(rope("gemma3_text", "sliding_attention"), plain(1e4));
    let kind = RopeKind::Llama3 {
        factor: 8.0,
        low_freq_factor: 1.0,
        high_freq_factor: 4.0,
        original_max_position_embeddings: 32,
    };
    assert_eq!(rope("llama_tied_rope3", "full_attention"), Rope { theta: 1e4, kind });
}

#[test]
fn a_missing_tensor_names_its_neighbours() {
    let model = open(&fixtures().join("tiny/llama")).expect("llama");
    let error = model.weights.get("model.layers.0.mlp.up_prj.weight").expect_err("a typo");
    assert_eq!(error.code(), "tensor-missing");
    let message = error.to_string();
    assert!(message.starts_with(
        "no tensor `model.layers.0.mlp.up_prj.weight`; the nearest are `model.layers.0.mlp.up_proj.weight`"
    ), "{message}");
    let error = model.weights.param("model.norm.weight", &[33]).expect_err("a wrong shape");
    assert_eq!(error.code(), "wrong-shape");
    assert_eq!(error.to_string(), "tensor `model.norm.weight` has the shape [32], expected [33]");
    assert!(model.weights.param("model.norm.weight", &[32]).is_ok());
}

/// Copies a fixture, breaks the copy, and expects the code and a part of the message.
fn check_broken(fixture: &str, spoil: impl FnOnce(&Path), code: &str, part: &str) {
    let copy = copy_of(fixture);
    spoil(copy.path());
    let error = open(copy.path()).map(|model| model.name).expect_err(part);
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(part), "{error}");
}

fn copy_of(fixture: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a temporary folder");
    for file in std::fs::read_dir(fixtures().join("tiny").join(fixture)).expect("the fixture") {
        let file = file.expect("a file").path();
        let name = file.file_name().expect("a name");
        if name != "golden.safetensors" {
            std::fs::copy(&file, copy.path().join(name)).expect("a copy");
        }
    }
    copy
}

fn remove(folder: &Path, file: &str) {
    std::fs::remove_file(folder.join(file)).expect(file);
}

fn cut(folder: &Path, file: &str, to: usize) {
    let path = folder.join(file);
    let bytes = std::fs::read(&path).expect(file);
    std::fs::write(&path, &bytes[..to]).expect(file);
}

#[test]
fn broken_folders_say_what_is_wrong() {
    let weights = "model.safetensors";
    check_broken("llama", |f| remove(f, weights), "not-a-model", "no safetensors or .gguf file");
    check_broken("llama", |f| remove(f, "config.json"), "not-a-model", "neither a `config.json`");
    check_broken("llama", |f| cut(f, weights, 4), "bad-safetensors", weights);
    check_broken("llama", |f| cut(f, weights, 100), "bad-safetensors", weights);
    check_broken("llama", |f| cut(f, weights, 170_000), "bad-safetensors", weights);
    check_broken("llama", |f| cut(f, weights, 0), "bad-safetensors", weights);
    check_broken("llama", |f| cut(f, "config.json", 50), "bad-json", "config.json");
    check_broken("llama", |f| cut(f, "tokenizer.json", 50), "bad-tokenizer", "tokenizer.json");
    let shard = "model-00002-of-00002.safetensors";
    check_broken("llama_bf16_sharded", |f| remove(f, shard), "shard-missing", shard);
    let swap = |f: &Path| {
        std::fs::copy(f.join("model-00001-of-00002.safetensors"), f.join(shard)).expect("a copy");
    };
    check_broken("llama_bf16_sharded", swap, "bad-safetensors", "is also in another shard");
    let index = "model.safetensors.index.json";
    let escape = |f: &Path| {
        let text = std::fs::read_to_string(f.join(index)).expect(index);
        std::fs::write(f.join(index), text.replace("model-00001", "../model-00001")).expect(index);
    };
    check_broken("llama_bf16_sharded", escape, "bad-json", "is not the name of a file beside the index");
    let promise = |f: &Path| {
        let text = std::fs::read_to_string(f.join(index)).expect(index);
        std::fs::write(f.join(index), text.replace("lm_head.weight", "other.weight")).expect(index);
    };
    check_broken("llama_bf16_sharded", promise, "bad-safetensors", "has no tensor `other.weight`");
    assert_eq!(open(Path::new("/nowhere/at/all")).map(drop).map_err(|e| e.code()), Err("file-missing"));
    let file = fixtures().join("tiny/llama/model.safetensors");
    assert_eq!(open(&file).map(drop).map_err(|e| e.code()), Err("not-a-model"));
}

#[test]
fn without_a_tokenizer_a_model_opens_and_asks_for_ids() {
    let copy = copy_of("llama");
    remove(copy.path(), "tokenizer.json");
    let model = open(copy.path()).expect("it opens");
    assert!(!model.tokenizer.is_present());
    let error = model.tokenizer.encode("x", true).expect_err("no tokenizer");
    assert_eq!(error.code(), "no-tokenizer");
    assert!(error.to_string().ends_with("no `tokenizer.json`; give token ids instead of text"), "{error}");
    assert_eq!(model.tokenizer.pieces(&[3]), ["[3]"]);
    assert_eq!(bits(&model, "model.norm.weight").len(), 32);
}

#[test]
fn other_dtypes_are_refused_by_name() {
    let copy = copy_of("llama");
    let file = copy.path().join("model.safetensors");
    let bytes = std::fs::read(&file).expect("weights");
    let spoiled: Vec<u8> =
        String::from_utf8_lossy(&bytes[8..2000]).replacen("\"F32\"", "\"I32\"", 1).into_bytes();
    std::fs::write(&file, [&bytes[..8], &spoiled, &bytes[2000..]].concat()).expect("weights");
    let model = open(copy.path()).expect("it opens");
    let refused: Vec<LoadError> =
        model.weights.names().filter_map(|name| model.weights.get(name).err()).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].code(), "unsupported-dtype");
}
