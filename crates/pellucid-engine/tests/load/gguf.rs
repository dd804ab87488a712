//! GGUF files, written here from the fixtures the way llama.cpp's converter does it, give the folder back.

use pellucid_engine::load::{Checkpoint, LoadError};
use serde_json::Value;

use super::strings::NASTY;
use super::writer::Gguf;
use super::{assert_same_weights, bits, fixtures, open};

/// A file in a temporary folder, opened.
pub(crate) fn opened(bytes: &[u8]) -> Result<Checkpoint, LoadError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("small.gguf");
    std::fs::write(&file, bytes).expect("writable");
    open(&file)
}

fn tiny(name: &str) -> Checkpoint {
    open(&fixtures().join("tiny").join(name)).expect(name)
}

fn values(model: &Checkpoint, name: &str) -> Vec<f32> {
    model.weights.get(name).expect(name).raw().to_f32().into_owned()
}

/// Hugging Face's halves of each head's rows, interleaved.
pub(crate) fn interleaved(rows: &[f32], n_heads: usize, width: usize) -> Vec<f32> {
    let half = rows.len() / n_heads / width / 2;
    let mut out = Vec::new();
    for head in rows.chunks(2 * half * width) {
        for row in 0..half {
            for at in [row, row + half] {
                out.extend(&head[at * width..(at + 1) * width]);
            }
        }
    }
    out
}

/// The vocabulary of the tiny models, as a GGUF file holds it.
pub(crate) fn with_tiny_vocabulary(gguf: Gguf) -> Gguf {
    let json = std::fs::read(fixtures().join("tiny/llama/tokenizer.json")).expect("a tokenizer");
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    let vocab = json["model"]["vocab"].as_object().expect("a vocabulary");
    let mut tokens = vec![""; vocab.len()];
    for (token, id) in vocab {
        tokens[id.as_u64().expect("an id") as usize] = token;
    }
    let types: Vec<i32> = tokens.iter().map(|token| if *token == "<|endoftext|>" { 3 } else { 1 }).collect();
    let merge = |merge: &Value| match merge {
        Value::String(text) => text.clone(),
        pair => format!("{} {}", pair[0].as_str().expect("left"), pair[1].as_str().expect("right")),
    };
    let merges: Vec<String> = json["model"]["merges"].as_array().expect("merges").iter().map(merge).collect();
    gguf.text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", "gpt-2")
        .texts("tokenizer.ggml.tokens", &tokens)
        .i32s("tokenizer.ggml.token_type", &types)
        .texts("tokenizer.ggml.merges", &merges)
        .u32("tokenizer.ggml.bos_token_id", 383)
        .u32("tokenizer.ggml.eos_token_id", 383)
        .u32("tokenizer.ggml.padding_token_id", 383)
}

const LLAMA_NAMES: [(&str, &str); 9] = [
    ("attn_norm", "input_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("ffn_norm", "post_attention_layernorm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

pub(crate) fn llama_header() -> Gguf {
    Gguf::default()
        .text("general.architecture", "llama")
        .u32("llama.block_count", 2)
        .u32("llama.context_length", 128)
        .u32("llama.embedding_length", 32)
        .u32("llama.feed_forward_length", 64)
        .u32("llama.attention.head_count", 4)
        .u32("llama.attention.head_count_kv", 2)
        .u32("llama.rope.dimension_count", 8)
        .u32("llama.vocab_size", 384)
        .f32("llama.rope.freq_base", 1e4)
        .f32("llama.attention.layer_norm_rms_epsilon", 1e-5)
}

fn llama_tensors(mut gguf: Gguf, model: &Checkpoint) -> Gguf {
    let mut add = |theirs: String, ours: String, n_heads: Option<usize>| {
        let data = model.weights.get(&ours).expect(&ours);
        let raw = data.raw();
        let values = match n_heads {
            Some(n_heads) => interleaved(&raw.to_f32(), n_heads, raw.shape[1]),
            None => raw.to_f32().into_owned(),
        };
        gguf = std::mem::take(&mut gguf).f32_tensor(&theirs, &raw.shape, &values);
    };
    for (theirs, ours) in
        [("token_embd", "model.embed_tokens"), ("output_norm", "model.norm"), ("output", "lm_head")]
    {
        add(format!("{theirs}.weight"), format!("{ours}.weight"), None);
    }
    for layer in 0..2 {
        for (theirs, ours) in LLAMA_NAMES {
            let n_heads = match theirs {
                "attn_q" => Some(4),
                "attn_k" => Some(2),
                _ => None,
            };
            add(
                format!("blk.{layer}.{theirs}.weight"),
                format!("model.layers.{layer}.{ours}.weight"),
                n_heads,
            );
        }
    }
    gguf
}

#[test]
fn a_llama_comes_back_as_its_folder() {
    let folder = tiny("llama");
    let model =
        opened(&llama_tensors(with_tiny_vocabulary(llama_header()), &folder).finish()).expect("a model");
    assert_eq!(model.name, "small");
    assert_same_weights(&model, &folder);
    assert_eq!(model.generation, folder.generation);
    for (key, value) in folder.config.map() {
        let got = model.config.map().get(key);
        if key != "initializer_range" {
            assert_eq!(got, Some(value), "{key}");
        }
    }
    for text in NASTY {
        let ids = folder.tokenizer.encode(text, true).expect("ids");
        assert_eq!(model.tokenizer.encode(text, true).expect("ids"), ids, "{text:?}");
        assert_eq!(
            model.tokenizer.decode(&ids, true).expect("text"),
            folder.tokenizer.decode(&ids, true).expect("text")
        );
    }
}

#[test]
fn a_folder_that_holds_one_gguf_file_opens_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bytes = llama_tensors(with_tiny_vocabulary(llama_header()), &tiny("llama")).finish();
    std::fs::write(folder.path().join("m.Q4.gguf"), &bytes).expect("writable");
    assert_eq!(open(folder.path()).expect("a model").name, "m.Q4");
    std::fs::write(folder.path().join("n.gguf"), &bytes).expect("writable");
    let error = open(folder.path()).expect_err("two files");
    assert!(error.to_string().contains("several .gguf files"), "{error}");
}

#[test]
fn gemmas_norms_lose_their_one_and_tied_heads_are_seen() {
    let folder = tiny("gemma3_text");
    let gguf = gemma_header();
    let norm = values(&folder, "model.norm.weight");
    let shifted: Vec<f32> = norm.iter().map(|w| w + 1.0).collect();
    let embedding = values(&folder, "model.embed_tokens.weight");
    let gguf = gguf
        .f32_tensor("output_norm.weight", &[32], &shifted)
        .f32_tensor("blk.0.attn_q_norm.weight", &[32], &shifted)
        .f32_tensor("token_embd.weight", &[384, 32], &embedding);
    let model = opened(&gguf.finish()).expect("a model");
    let expected: Vec<u32> = shifted.iter().map(|w| (w - 1.0).to_bits()).collect();
    assert_eq!(bits(&model, "model.norm.weight"), expected);
    assert_eq!(bits(&model, "model.layers.0.self_attn.q_norm.weight"), expected);
    assert_eq!(bits(&model, "model.embed_tokens.weight"), bits(&folder, "model.embed_tokens.weight"));
    assert!(!model.weights.contains("lm_head.weight"));
    let tied = model.config.bool_or("tie_word_embeddings", false);
    assert!(tied.expect("a flag"));
    let kinds = model.config.opt_strs("layer_types").expect("a list").expect("it is there");
    assert_eq!(kinds, ["sliding_attention", "full_attention", "sliding_attention", "full_attention"]);
    for kind in ["full_attention", "sliding_attention"] {
        assert_eq!(model.config.rope_for(kind).expect(kind), folder.config.rope_for(kind).expect(kind));
    }
}

pub(crate) fn gemma_header() -> Gguf {
    let piece = |token: &'static str, kind: i32, score: f32| (token, kind, score);
    let pieces = [
        piece("<pad>", 3, -1000.0),
        piece("<eos>", 3, -1000.0),
        piece("<bos>", 3, -1000.0),
        piece("<unk>", 3, -1000.0),
        piece("  ", 4, -1000.0),
        piece("<0xC3>", 6, -1000.0),
        piece("<0xA9>", 6, -1000.0),
        piece("ab", 1, -0.0),
        piece("\u{2581}ab", 1, -1.0),
        piece("ba", 1, -2.0),
        piece("\u{2581}", 1, -3.0),
        piece("a", 1, -4.0),
        piece("b", 1, -5.0),
    ];
    Gguf::default()
        .text("general.architecture", "gemma3")
        .u32("gemma3.block_count", 4)
        .u32("gemma3.context_length", 128)
        .u32("gemma3.embedding_length", 32)
        .u32("gemma3.feed_forward_length", 64)
        .u32("gemma3.attention.head_count", 4)
        .u32("gemma3.attention.head_count_kv", 1)
        .u32("gemma3.attention.key_length", 16)
        .u32("gemma3.attention.sliding_window", 5)
        .u32("gemma3.attention.sliding_window_pattern", 2)
        .f32("gemma3.rope.freq_base", 1e6)
        .f32("gemma3.attention.layer_norm_rms_epsilon", 1e-6)
        .text("tokenizer.ggml.model", "llama")
        .texts("tokenizer.ggml.tokens", &pieces.map(|(token, _, _)| token))
        .i32s("tokenizer.ggml.token_type", &pieces.map(|(_, kind, _)| kind))
        .f32s("tokenizer.ggml.scores", &pieces.map(|(_, _, score)| score))
        .u32("tokenizer.ggml.bos_token_id", 2)
        .u32("tokenizer.ggml.eos_token_id", 1)
        .u32("tokenizer.ggml.unknown_token_id", 3)
        .flag("tokenizer.ggml.add_bos_token", true)
        .flag("tokenizer.ggml.add_space_prefix", false)
}

#[test]
fn scores_become_merges() {
    let embedding = vec![0.0; 13 * 32];
    let model = opened(&gemma_header().f32_tensor("token_embd.weight", &[13, 32], &embedding).finish());
    let tokenizer = model.expect("a model").tokenizer;
    let check = |text: &str, ids: &[u32]| {
        assert_eq!(tokenizer.encode(text, true).expect("ids"), ids, "{text:?}");
        assert_eq!(tokenizer.decode(ids, true).expect("text"), text);
    };
    check("ab", &[2, 7]);
    check("aba", &[2, 7, 11]);
    check("ba ab", &[2, 9, 8]);
    check("  ab", &[2, 4, 7]);
    check("é", &[2, 5, 6]);
    assert_eq!(tokenizer.encode("<eos>ab", false).expect("ids"), [1, 7]);
    assert_eq!(tokenizer.encode("zz", false).expect("ids"), [3]);
    assert_eq!(tokenizer.pieces(&[2, 8, 5]), ["<bos>", " ab", "\\xC3"]);
}

#[test]
fn gpt2s_transposed_layers_are_turned_back() {
    let folder = tiny("gpt2");
    let turned = |name: &str| {
        let data = folder.weights.get(name).expect(name);
        let raw = data.raw();
        let (rows, columns, values) = (raw.shape[0], raw.shape[1], raw.to_f32());
        let out =
            (0..columns).flat_map(|c| (0..rows).map(move |r| (r, c))).map(|(r, c)| values[r * columns + c]);
        (vec![columns, rows], out.collect::<Vec<f32>>())
    };
    let (shape, values) = turned("transformer.h.0.attn.c_attn.weight");
    let gguf = Gguf::default()
        .text("general.architecture", "gpt2")
        .u32("gpt2.block_count", 2)
        .u32("gpt2.context_length", 128)
        .u32("gpt2.embedding_length", 32)
        .u32("gpt2.feed_forward_length", 128)
        .u32("gpt2.attention.head_count", 4)
        .f32("gpt2.attention.layer_norm_epsilon", 1e-5)
        .f32_tensor("blk.0.attn_qkv.weight", &shape, &values)
        .f32_tensor("token_embd.weight", &[384, 32], &[0.5; 384 * 32]);
    let model = opened(&gguf.finish()).expect("a model");
    let name = "transformer.h.0.attn.c_attn.weight";
    assert_eq!(model.weights.shape(name), folder.weights.shape(name));
    assert_eq!(bits(&model, name), bits(&folder, name));
    assert_eq!(model.config.usize("n_inner").expect("a count"), 128);
    assert_eq!(model.config.usize("vocab_size").expect("a count"), 384);
    let error = model.tokenizer.encode("x", true).expect_err("no vocabulary");
    assert!(error.to_string().contains("holds no vocabulary"), "{error}");
}

#[test]
fn halves_are_widened() {
    let numbers = [1.5f32, -0.25, 1024.0, 0.0];
    let f16: Vec<u8> = numbers.iter().flat_map(|n| half::f16::from_f32(*n).to_le_bytes()).collect();
    let bf16: Vec<u8> = numbers.iter().flat_map(|n| half::bf16::from_f32(*n).to_le_bytes()).collect();
    let gguf = llama_header().tensor("token_embd.weight", &[2, 2], 1, &f16).tensor(
        "output.weight",
        &[2, 2],
        30,
        &bf16,
    );
    let model = opened(&gguf.finish()).expect("a model");
    assert_eq!(values(&model, "model.embed_tokens.weight"), numbers);
    assert_eq!(values(&model, "lm_head.weight"), numbers);
}
