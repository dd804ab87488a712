//! GGUF files that are damaged, senseless or not supported say so.

use super::gguf::{gemma_header, llama_header, opened};
use super::gguf_text::bert_file;
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
        "`rwkv`; known: llama, qwen2, qwen3, qwen3moe,",
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
    let rope = llama_header().f32_tensor("rope_freqs.weight", &[4], &[1.0, 0.0, 1.0, 1.0]).finish();
    check_refused(&rope, "bad-gguf", "`rope_freqs.weight` has factors that are not positive numbers");
    let experts = Gguf::default().text("general.architecture", "qwen3moe").f32_tensor(
        "blk.0.ffn_gate_up_exps.weight",
        &[2, 3, 1],
        &[0.0; 6],
    );
    check_refused(&moe_header(experts).finish(), "bad-gguf", "[2, 3, 1] is no matrix for each expert");
    let foreign = llama_header().f32_tensor("blk.0.attn_q_norm.weight", &[8], &[0.0; 8]).finish();
    check_refused(&foreign, "bad-gguf", "`blk.0.attn_q_norm.weight` is not one of `llama`");
    let tokens = llama_header()
        .text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", "gpt-2")
        .texts("tokenizer.ggml.tokens", &["a", "b"])
        .texts("tokenizer.ggml.merges", &["a b"])
        .f32_tensor("token_embd.weight", &[2, 2], &[0.0; 4]);
    check_refused(&tokens.finish(), "bad-gguf", "`a b` is not two parts of a token");
}

fn moe_header(gguf: Gguf) -> Gguf {
    gguf.u32("qwen3moe.block_count", 1)
        .u32("qwen3moe.context_length", 8)
        .u32("qwen3moe.embedding_length", 4)
        .u32("qwen3moe.feed_forward_length", 4)
        .u32("qwen3moe.expert_feed_forward_length", 4)
        .u32("qwen3moe.expert_count", 2)
        .u32("qwen3moe.expert_used_count", 1)
        .u32("qwen3moe.attention.head_count", 2)
        .u32("qwen3moe.attention.key_length", 2)
        .u32("qwen3moe.vocab_size", 2)
        .f32("qwen3moe.attention.layer_norm_rms_epsilon", 1e-6)
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
pub(crate) fn small_files() -> [Vec<u8>; 4] {
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
    let llama = llama.f32_tensor("rope_freqs.weight", &[4], &[1.0, 1.0, 2.5, 8.0]);
    let gemma = gemma_header().f32_tensor("output_norm.weight", &[4], &[1.0; 4]);
    let experts = moe_header(Gguf::default().text("general.architecture", "qwen3moe"))
        .f32_tensor("rope_factors_long.weight", &[1], &[4.0])
        .f32_tensor("rope_factors_short.weight", &[1], &[2.0])
        .f32_tensor("blk.0.ffn_gate_up_exps.weight", &[2, 4, 1], &[0.5; 8])
        .tensor("blk.0.ffn_down_exps.weight", &[2, 1, 32], 8, &q8);
    [
        llama.finish(),
        gemma.finish(),
        experts.finish(),
        bert_file(&["[UNK]", "[CLS]", "[SEP]", "\u{2581}a", "b"]),
    ]
}
