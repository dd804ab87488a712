//! Real models: what a GGUF file gives, against what was recorded from the Hugging Face folder that its
//! de-quantized weights, its configuration and its tokenizer were written to.
//!
//! Recorded by opening `gguf.parent()` here, with the folder beside the file and `UPDATE_EXPECT=1`.

use std::fmt::Write as _;

use expect_test::expect_file;
use pellucid_engine::load::{Checkpoint, RawData};

use super::open;
use super::strings::NASTY;
use super::support::real_model;

/// Everything of a checkpoint in a few lines: the bits of its weights, its configuration, the ids, text and
/// pieces of the strings that tokenizers get wrong.
fn digest(model: &Checkpoint) -> String {
    let mut out = String::new();
    let mut names: Vec<&str> = model.weights.names().collect();
    names.sort_unstable();
    let bits = names.iter().fold(OFFSET, |hash, name| {
        let data = model.weights.get(name).expect(name);
        let raw = data.raw();
        let RawData::F32(numbers) = &raw.data else { panic!("{name} is not widened") };
        let hash = fnv(hash, name.bytes().chain(raw.shape.iter().flat_map(|n| n.to_le_bytes())));
        fnv(hash, numbers.iter().flat_map(|x| x.to_le_bytes()))
    });
    let _ = writeln!(out, "weights {} {bits:016x}", names.len());
    for (key, value) in model.config.map() {
        // Of no use after training, and not in a GGUF file.
        if key != "initializer_range" {
            let _ = writeln!(out, "config {key} {value}");
        }
    }
    let (tokenizer, generation) = (&model.tokenizer, &model.generation);
    let _ = writeln!(out, "vocabulary {}", tokenizer.vocab_size());
    let _ = writeln!(out, "special {:?} {:?} {generation:?}", tokenizer.bos(), tokenizer.eos());
    for text in NASTY {
        let ids = tokenizer.encode(text, true).expect("ids");
        let bare = tokenizer.encode(text, false).expect("ids");
        let said = [true, false].map(|skip| tokenizer.decode(&ids, skip).expect("text")).concat();
        let read = fnv(OFFSET, (said + &tokenizer.pieces(&ids).concat()).bytes());
        let _ = writeln!(out, "{text:?} {ids:?} {} {read:016x}", bare.len());
    }
    out
}

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a.
fn fnv(hash: u64, bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[test]
fn smollm2_is_what_was_recorded() {
    let Some(gguf) = real_model("SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf") else { return };
    let model = open(&gguf).expect("the GGUF file");
    expect_file!["../../../../tests/fixtures/real/SmolLM2-135M-Instruct.txt"].assert_eq(&digest(&model));
}

#[test]
fn gemma3_is_what_was_recorded() {
    let Some(gguf) = real_model("gemma-3-270m/gemma-3-270m-q4_k_m.gguf") else { return };
    let model = open(&gguf).expect("the GGUF file");
    expect_file!["../../../../tests/fixtures/real/gemma-3-270m.txt"].assert_eq(&digest(&model));
}
