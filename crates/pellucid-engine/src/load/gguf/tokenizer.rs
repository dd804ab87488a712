//! The tokenizer that a GGUF file was made from, from its vocabulary.
//!
//! `tokenizer.ggml.model` says which of three families it is: `gpt2`, byte-level BPE with its merges stored,
//! `llama`, sentencepiece BPE with scores (see `merges`), or `bert`, WordPiece (see `wordpiece`). How bytes' text is
//! cut before merging is only named (`tokenizer.ggml.pre`), each name a row of `cuts`.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokenizers::models::bpe::{BPE, BpeBuilder, Merges, Vocab};
use tokenizers::{
    AddedToken, DecoderWrapper, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper, Tokenizer,
};

use super::cuts::{Cut, First};
use super::header::Header;
use super::merges::{LONGEST_TOKEN, Piece, ranked};
use super::wordpiece;
use crate::load::{Generation, LoadError};

/// The tokenizer, or why there is none. Errors: [`LoadError::BadGguf`] where the vocabulary contradicts itself.
pub(crate) fn of(
    header: &Header<'_>,
    generation: &Generation,
) -> Result<Result<Tokenizer, String>, LoadError> {
    let Some(vocabulary) = Vocabulary::read(header)? else {
        return Ok(Err("the GGUF file holds no vocabulary".to_owned()));
    };
    let bos = generation.bos_token_id.filter(|&id| (id as usize) < vocabulary.tokens.len());
    let pre = header.opt_text("tokenizer.ggml.pre")?.unwrap_or("default");
    let add_bos = header.opt_flag("tokenizer.ggml.add_bos_token")?;
    let prefix_space = header.opt_flag("tokenizer.ggml.add_space_prefix")?.unwrap_or(true);
    match header.text("tokenizer.ggml.model")? {
        "gpt2" => {
            let Some(cut) = Cut::named(pre) else {
                return Ok(Err(format!("the GGUF file cuts text in the way `{pre}`, which is not known")));
            };
            let bos = bos.filter(|_| add_bos.unwrap_or(cut.adds_bos));
            vocabulary.byte_level(header, cut, bos).map(Ok)
        }
        "llama" => {
            let bos = bos.filter(|_| add_bos.unwrap_or(true));
            vocabulary.with_spaces_marked().sentencepiece(header, prefix_space, bos).map(Ok)
        }
        "bert" => wordpiece::of(header, &vocabulary.tokens, &vocabulary.types).map(Ok),
        other => Ok(Err(format!("the GGUF file has a tokenizer of the kind `{other}`, which is not known"))),
    }
}

/// ggml's token types that matter here.
pub(super) const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const BYTE: i64 = 6;

/// The tokens of a file, in the order of their ids.
struct Vocabulary {
    tokens: Vec<String>,
    types: Vec<i64>,
}

impl Vocabulary {
    fn read(header: &Header<'_>) -> Result<Option<Self>, LoadError> {
        let Some(tokens) = header.opt_texts("tokenizer.ggml.tokens")? else {
            return Ok(None);
        };
        let tokens: Vec<String> = tokens.into_iter().map(str::to_owned).collect();
        let types = header.opt_ints("tokenizer.ggml.token_type")?.unwrap_or_else(|| vec![1; tokens.len()]);
        let (n, n_types) = (tokens.len(), types.len());
        if n != n_types {
            return Err(
                header.bad(format!("`tokenizer.ggml.token_type` has {n_types} values for {n} tokens"))
            );
        }
        Ok(Some(Self { tokens, types }))
    }

    /// Runs of sentencepiece's space are written as spaces.
    fn with_spaces_marked(mut self) -> Self {
        for (token, kind) in self.tokens.iter_mut().zip(&self.types) {
            if *kind == USER_DEFINED && token.bytes().all(|byte| byte == b' ') {
                *token = token.replace(' ', "\u{2581}");
            }
        }
        self
    }

    fn byte_level(self, header: &Header<'_>, cut: &Cut, bos: Option<u32>) -> Result<Tokenizer, LoadError> {
        let vocab = self.vocab();
        let merges = header.opt_texts("tokenizer.ggml.merges")?.unwrap_or_default();
        let merges = stored_merges(&merges, &vocab).map_err(|why| header.bad(why))?;
        let level = |use_regex: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex});
        let steps = |first: Value, use_regex: bool| json!({"type": "Sequence", "pretokenizers": [first, level(use_regex)]});
        let pre_tokenizer = match cut.first {
            First::Gpt2 => level(true),
            First::Digits => steps(json!({"type": "Digits", "individual_digits": true}), true),
            First::Words(regex) => {
                let words = json!({"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": false});
                steps(words, false)
            }
        };
        let bpe = BpeBuilder::new().vocab_and_merges(vocab, merges).ignore_merges(cut.ignore_merges);
        let parts = Parts {
            normalizer: cut.composes.then(|| json!({"type": "NFC"})),
            pre_tokenizer: Some(pre_tokenizer),
            post_processor: bos.map(|id| self.bos_first(id)),
            decoder: level(true),
        };
        let added = self.added(|kind, _| match kind {
            CONTROL => Some(true),
            USER_DEFINED => Some(false),
            _ => None,
        });
        parts.assemble(bpe.build(), added).map_err(|why| header.bad(why))
    }

    fn sentencepiece(
        self,
        header: &Header<'_>,
        prefix_space: bool,
        bos: Option<u32>,
    ) -> Result<Tokenizer, LoadError> {
        let arch = header.text("general.architecture")?;
        let (is_gemma, is_phi) = (arch.starts_with("gemma"), arch == "phi3");
        let (vocab, pieces) = (self.vocab(), self.pieces(header)?);
        let merges = ranked(&pieces, &vocab);
        let mut bpe = BpeBuilder::new().fuse_unk(true).byte_fallback(true);
        if let Some(unk) = self.unknown(header)? {
            bpe = bpe.unk_token(unk);
        }
        let spaces = json!({"type": "Replace", "pattern": {"String": " "}, "content": "\u{2581}"});
        let normalizer = match prefix_space {
            false => spaces,
            true => {
                json!({"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u{2581}"}, spaces]})
            }
        };
        let mut decoders = vec![
            json!({"type": "Replace", "pattern": {"String": "\u{2581}"}, "content": " "}),
            json!({"type": "ByteFallback"}),
            json!({"type": "Fuse"}),
        ];
        if prefix_space {
            decoders.push(json!({"type": "Strip", "content": " ", "start": 1, "stop": 0}));
        }
        let words = json!({"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false});
        let parts = Parts {
            normalizer: Some(normalizer),
            pre_tokenizer: is_gemma.then_some(words),
            post_processor: bos.map(|id| self.bos_first(id)),
            decoder: json!({"type": "Sequence", "decoders": decoders}),
        };
        let special = |text: &str| !is_gemma || GEMMA_SPECIAL.contains(&text);
        let added = self.added(|kind, text| match kind {
            CONTROL => Some(special(text)),
            USER_DEFINED => Some(is_gemma && special(text)),
            _ => None,
        });
        // Phi-3's marks of turns swallow the spaces behind them.
        let added = added.into_iter().map(|token| {
            let swallows = is_phi && !PHI_PLAIN.contains(&token.content.as_str());
            token.rstrip(swallows)
        });
        let added = added.collect();
        let bpe = bpe.vocab_and_merges(vocab, merges).build();
        parts.assemble(bpe, added).map_err(|why| header.bad(why))
    }

    fn vocab(&self) -> Vocab {
        self.tokens.iter().zip(0..).map(|(token, id)| (token.clone(), id)).collect()
    }

    fn pieces(&self, header: &Header<'_>) -> Result<Vec<Piece<'_>>, LoadError> {
        let scores = header.opt_floats("tokenizer.ggml.scores")?.unwrap_or_default();
        let (n, n_scores) = (self.tokens.len(), scores.len());
        if n != n_scores {
            return Err(header.bad(format!("`tokenizer.ggml.scores` has {n_scores} values for {n} tokens")));
        }
        if let Some(id) = self.tokens.iter().position(|token| token.len() > LONGEST_TOKEN) {
            return Err(header
                .bad(format!("`tokenizer.ggml.tokens`: token {id} is longer than {LONGEST_TOKEN} bytes")));
        }
        let score = |kind: i64, score: f32| match kind {
            CONTROL | BYTE => None,
            // Stored as -1000; as ordinary tokens they would merge last, yet they come first.
            USER_DEFINED => Some(0.0),
            _ => Some(score),
        };
        let typed = self.tokens.iter().zip(&self.types).zip(scores);
        Ok(typed.map(|((text, kind), s)| Piece { text, score: score(*kind, s) }).collect())
    }

    fn unknown(&self, header: &Header<'_>) -> Result<Option<String>, LoadError> {
        let id = header.opt_count("tokenizer.ggml.unknown_token_id")?;
        Ok(id.and_then(|id| self.tokens.get(id as usize).cloned()))
    }

    /// Tokens that are found in a text before anything else: `pick` says which, and whether they are special.
    fn added(&self, pick: impl Fn(i64, &str) -> Option<bool>) -> Vec<AddedToken> {
        let typed = self.tokens.iter().zip(&self.types);
        typed
            .filter_map(|(token, kind)| Some((token, pick(*kind, token)?)))
            .map(|(token, special)| AddedToken::from(token.as_str(), special).normalized(false))
            .collect()
    }

    /// A post-processor that puts the token `id` before every text.
    fn bos_first(&self, id: u32) -> Value {
        let token = &self.tokens[id as usize];
        let bos = |part: u32| json!({"SpecialToken": {"id": token, "type_id": part}});
        let text = |name: &str, part: u32| json!({"Sequence": {"id": name, "type_id": part}});
        json!({
            "type": "TemplateProcessing",
            "single": [bos(0), text("A", 0)],
            "pair": [bos(0), text("A", 0), bos(1), text("B", 1)],
            "special_tokens": {token: {"id": token, "ids": [id], "tokens": [token]}},
        })
    }
}

/// Gemma's control tokens that a decoder leaves out; its others (`<unused0>` ...) are text to Hugging Face.
const GEMMA_SPECIAL: [&str; 8] = [
    "<pad>",
    "<eos>",
    "<bos>",
    "<unk>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<start_of_image>",
    "<end_of_image>",
];

/// Phi-3's control tokens that have spaces of their own.
const PHI_PLAIN: [&str; 3] = ["<unk>", "<s>", "<|endoftext|>"];

/// Merges as stored, `left right`; all three tokens of each must exist.
fn stored_merges(merges: &[&str], vocab: &Vocab) -> Result<Merges, String> {
    // The tokenizers crate indexes out of bounds if a merge gives more bytes than any token has.
    let longest = vocab.keys().map(String::len).max().unwrap_or(0);
    let parse = |merge: &&str| match merge.split_once(' ') {
        Some((left, right)) if left.len() + right.len() <= longest => Ok((left.to_owned(), right.to_owned())),
        _ => Err(format!("`tokenizer.ggml.merges`: `{merge}` is not two parts of a token")),
    };
    merges.iter().map(parse).collect()
}

/// What surrounds the model in a tokenizer, as `tokenizer.json` writes it.
struct Parts {
    normalizer: Option<Value>,
    pre_tokenizer: Option<Value>,
    post_processor: Option<Value>,
    decoder: Value,
}

impl Parts {
    fn assemble(self, bpe: tokenizers::Result<BPE>, added: Vec<AddedToken>) -> Result<Tokenizer, String> {
        let said = |error: tokenizers::Error| error.to_string();
        let mut tokenizer = Tokenizer::new(bpe.map_err(said)?);
        tokenizer.with_normalizer(part::<NormalizerWrapper>(self.normalizer)?).map_err(said)?;
        tokenizer.with_pre_tokenizer(part::<PreTokenizerWrapper>(self.pre_tokenizer)?);
        tokenizer.with_post_processor(part::<PostProcessorWrapper>(self.post_processor)?);
        tokenizer.with_decoder(part::<DecoderWrapper>(Some(self.decoder))?);
        tokenizer.add_tokens(unique(added)).map_err(said)?;
        Ok(tokenizer)
    }
}

/// The first of tokens that are spelled alike.
pub(super) fn unique(added: Vec<AddedToken>) -> Vec<AddedToken> {
    let mut seen = HashSet::new();
    added.into_iter().filter(|token| seen.insert(token.content.clone())).collect()
}

pub(super) fn part<T: DeserializeOwned>(json: Option<Value>) -> Result<Option<T>, String> {
    json.map(|json| serde_json::from_value(json).map_err(|error| error.to_string())).transpose()
}
