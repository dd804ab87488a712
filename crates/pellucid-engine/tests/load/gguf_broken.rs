//! GGUF files that are damaged, senseless or not supported say so.

use super::gguf::{gemma_header, llama_header, opened};
use super::writer::Gguf;

fn check_refused(bytes: &[u8], code: &str, part: &str) {
    let error = opened(bytes).map(drop).expect_err(part);
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(part), "{error}");
}

#[test]
fn broken_files_say_what_is_wrong() {
    let whole = llama_header().f32_tensor("token_embd.weight", &[2, 2], &[0.0; 4]).finish();
    let patched = |at: usize, with: &[u8]| {
        let mut bytes = whole.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        bytes
    };
    check_refused(b"", "bad-gguf", "the file has 0");
    check_refused(&patched(0, b"GGML"), "bad-gguf", "it begins with");
    check_refused(&patched(4, &1u32.to_le_bytes()), "bad-gguf", "it has version 1, expected 2 or 3");
    check_refused(&patched(4, &3u32.to_be_bytes()), "bad-gguf", "it is big-endian");
    check_refused(&patched(8, &u64::MAX.to_le_bytes()), "bad-gguf", "the file has");
    check_refused(&patched(16, &u64::MAX.to_le_bytes()), "bad-gguf", "the file has");
    check_refused(
        &whole[..whole.len() - 32],
        "bad-gguf",
        "tensor `token_embd.weight` [2, 2] reaches past the end",
    );
    let huge = [usize::MAX / 2, 2];
    check_refused(
        &llama_header().tensor("token_embd.weight", &huge, 0, &[]).finish(),
        "bad-gguf",
        "past the end",
    );
    check_refused(
        &llama_header().tensor("token_embd.weight", &[2, 31], 8, &[0; 68]).finish(),
        "bad-gguf",
        "whole number of Q8_0",
    );
    check_refused(
        &llama_header().tensor("token_embd.weight", &[2; 5], 0, &[0; 128]).finish(),
        "bad-gguf",
        "has 5 axes",
    );
    check_refused(
        &llama_header().tensor("x.weight", &[1], 0, &[0; 4]).finish(),
        "bad-gguf",
        "`x.weight` is not one of `llama`",
    );
    check_refused(
        &llama_header().tensor("blk.0.attn_q.weight", &[3, 1], 0, &[0; 12]).finish(),
        "bad-gguf",
        "3 rows, which 4 heads",
    );
    let iq4 = llama_header().tensor("token_embd.weight", &[1, 32], 20, &[0; 18]).finish();
    check_refused(
        &iq4,
        "unsupported-block-type",
        "has the block type IQ4_NL; supported: F32, F16, BF16, Q4_0,",
    );
    check_refused(
        &Gguf::default().text("general.architecture", "rwkv").finish(),
        "unknown-model-type",
        "`rwkv`; known: llama, gemma3, gpt2",
    );
    check_refused(
        &Gguf::default().text("general.architecture", "llama").finish(),
        "bad-gguf",
        "expected a count, got nothing",
    );
    check_refused(
        &Gguf::default().finish(),
        "bad-gguf",
        "`general.architecture`: expected a string, got nothing",
    );
    check_refused(
        &llama_header().u32("general.alignment", 0).finish(),
        "bad-gguf",
        "`general.alignment`: expected a positive count",
    );
    let rope = llama_header().f32_tensor("rope_freqs.weight", &[4], &[1.0; 4]).finish();
    check_refused(&rope, "bad-gguf", "use the safetensors folder");
    let tokens = llama_header()
        .text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", "gpt-2")
        .texts("tokenizer.ggml.tokens", &["a", "b"])
        .texts("tokenizer.ggml.merges", &["a b"])
        .f32_tensor("token_embd.weight", &[2, 2], &[0.0; 4]);
    check_refused(&tokens.finish(), "bad-gguf", "`a b` is not two parts of a token");
}

#[test]
fn an_unknown_way_to_cut_text_leaves_the_model_without_a_tokenizer() {
    let gguf = llama_header()
        .text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", "novel")
        .texts("tokenizer.ggml.tokens", &["a", "b"])
        .f32_tensor("token_embd.weight", &[2, 2], &[0.0; 4]);
    let error =
        opened(&gguf.finish()).expect("it opens").tokenizer.encode("a", true).expect_err("no tokenizer");
    assert_eq!(error.code(), "no-tokenizer");
    assert!(error.to_string().contains("in the way `novel`"), "{error}");
}

/// Where the fuzzer gets a small whole file from: a vocabulary with merges, and blocks of several types.
pub(crate) fn small_files() -> [Vec<u8>; 2] {
    let q8: Vec<u8> = (0..68).collect();
    let llama = llama_header()
        .text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", "smollm")
        .texts("tokenizer.ggml.tokens", &["<s>", "a", "b", "ab", "Ġ"])
        .i32s("tokenizer.ggml.token_type", &[3, 1, 1, 1, 1])
        .texts("tokenizer.ggml.merges", &["a b"])
        .u32("tokenizer.ggml.bos_token_id", 0)
        .flag("tokenizer.ggml.add_bos_token", true)
        .tensor("token_embd.weight", &[2, 32], 8, &q8)
        .f32_tensor("blk.0.attn_q.weight", &[8, 1], &[0.5; 8]);
    let gemma = gemma_header().f32_tensor("output_norm.weight", &[4], &[1.0; 4]);
    [llama.finish(), gemma.finish()]
}
