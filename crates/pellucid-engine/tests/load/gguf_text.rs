//! Tokenizers of GGUF files that no folder here has.

use pellucid_engine::load::{Checkpoint, Pooled};

use super::gguf::{llama_header, opened};
use super::writer::Gguf;

fn check(model: &Checkpoint, text: &str, ids: &[u32]) {
    assert_eq!(model.tokenizer.encode(text, true).expect("ids"), ids, "{text:?}");
}

fn bert(tokens: &[&str]) -> Checkpoint {
    opened(&bert_file(tokens)).expect("a model")
}

/// A BERT with this vocabulary and not much more.
pub(crate) fn bert_file(tokens: &[&str]) -> Vec<u8> {
    let is_control = |token: &&str| token.starts_with('[');
    let at = |token: &str| tokens.iter().position(|t| *t == token).expect(token) as u32;
    let types: Vec<i32> = tokens.iter().map(|token| if is_control(token) { 3 } else { 1 }).collect();
    Gguf::default()
        .text("general.architecture", "bert")
        .u32("bert.block_count", 1)
        .u32("bert.context_length", 8)
        .u32("bert.embedding_length", 4)
        .u32("bert.feed_forward_length", 4)
        .u32("bert.attention.head_count", 2)
        .f32("bert.attention.layer_norm_epsilon", 1e-12)
        .u32("bert.pooling_type", 2)
        .text("tokenizer.ggml.model", "bert")
        .texts("tokenizer.ggml.tokens", tokens)
        .i32s("tokenizer.ggml.token_type", &types)
        .u32("tokenizer.ggml.seperator_token_id", at("[SEP]"))
        .f32_tensor("token_embd.weight", &[tokens.len(), 4], &vec![0.0; tokens.len() * 4])
        .finish()
}

const PIECES: [&str; 10] = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "\u{2581}un",
    "aff",
    "able",
    "\u{2581},",
    "\u{2581}cafe",
    "\u{2581}a",
];

#[test]
fn words_are_cut_into_the_longest_pieces() {
    let model = bert(&PIECES);
    check(&model, "unaffable", &[2, 4, 5, 6, 3]);
    check(&model, "UN, CAF\u{c9}", &[2, 4, 7, 8, 3]);
    check(&model, "a [SEP] b", &[2, 9, 3, 1, 3]);
    assert_eq!(model.tokenizer.decode(&[2, 4, 5, 6, 7, 3], true).expect("text"), "unaffable,");
    assert_eq!(model.pooling.map(|pooling| pooling.of), Ok(Pooled::First));
    assert_eq!(model.config.usize("vocab_size").expect("a count"), 10);
}

#[test]
fn a_vocabulary_with_capitals_keeps_them() {
    let model = bert(&[&PIECES[..], &["\u{2581}A"]].concat());
    check(&model, "A a", &[2, 10, 9, 3]);
    check(&model, "UN", &[2, 1, 3]);
}

/// GPT-NeoX's tokens of several spaces, and accents that are characters of their own.
#[test]
fn whole_texts_become_tokens_before_words_do() {
    let spaces = "  ";
    let tokens = ["a", "b", "\u{c3}", "\u{a9}", "\u{c3}\u{a9}", "\u{120}", spaces];
    let gguf = llama_header()
        .text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", "olmo")
        .texts("tokenizer.ggml.tokens", &tokens)
        .i32s("tokenizer.ggml.token_type", &[1, 1, 1, 1, 1, 1, 4])
        .texts("tokenizer.ggml.merges", &["\u{c3} \u{a9}"])
        .f32_tensor("token_embd.weight", &[7, 32], &[0.0; 7 * 32]);
    let model = opened(&gguf.finish()).expect("a model");
    check(&model, "a  b", &[0, 6, 1]);
    check(&model, "a b", &[0, 5, 1]);
    check(&model, "e\u{301}", &[4]);
    assert_eq!(model.tokenizer.decode(&[0, 6, 4], true).expect("text"), "a  \u{e9}");
}
