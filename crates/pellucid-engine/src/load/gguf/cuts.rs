//! How byte-level tokenizers cut text into words before merging, by the names of `tokenizer.ggml.pre`.
//!
//! A name without a row leaves a model without a tokenizer rather than with one that is a little wrong.

/// A way to cut text into words before merging.
pub(super) struct Cut {
    name: &'static str,
    /// What happens before bytes become letters.
    pub(super) first: First,
    /// Whether a token that fills a whole word wins over merging.
    pub(super) ignore_merges: bool,
    /// Whether letters and their accents become one character.
    pub(super) composes: bool,
    /// Whether BOS is added where the file does not say.
    pub(super) adds_bos: bool,
}

/// What happens before bytes become letters.
pub(super) enum First {
    /// GPT-2's own expression, which the byte-level step has built in.
    Gpt2,
    /// Every digit alone, then as GPT-2.
    Digits,
    /// This expression.
    Words(&'static str),
}

const GPT2: Cut =
    Cut { name: "gpt-2", first: First::Gpt2, ignore_merges: false, composes: false, adds_bos: false };

impl Cut {
    /// The row of a name.
    pub(super) fn named(name: &str) -> Option<&'static Cut> {
        CUTS.iter().find(|cut| cut.name == name)
    }
}

static CUTS: [Cut; 7] = [
    GPT2,
    // Of GPT-NeoX and all that took its tokenizer.
    Cut { name: "olmo", composes: true, ..GPT2 },
    Cut { name: "mpt", composes: true, ..GPT2 },
    Cut { name: "smollm", first: First::Digits, ..GPT2 },
    Cut { name: "llama-bpe", first: First::Words(LLAMA3), ignore_merges: true, adds_bos: true, ..GPT2 },
    Cut { name: "dbrx", first: First::Words(LLAMA3), ..GPT2 },
    Cut { name: "qwen2", first: First::Words(QWEN2), composes: true, ..GPT2 },
];

const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
