//! BERT's tokenizer: words, then the longest known pieces of each from the left.
//!
//! Files mark the pieces that begin a word, with sentencepiece's space; BERT marks the others, with `##`. Whether
//! text is lowered first is not said: it is, unless a piece has a capital letter.

use serde_json::{Value, json};
use tokenizers::models::bpe::Vocab;
use tokenizers::models::wordpiece::WordPieceBuilder;
use tokenizers::{
    AddedToken, DecoderWrapper, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper, Tokenizer,
};

use super::header::Header;
use super::tokenizer::{CONTROL, part, unique};
use crate::load::LoadError;

/// The tokenizer of these tokens. Errors: [`LoadError::BadGguf`] where the special tokens are not among them.
pub(super) fn of(header: &Header<'_>, tokens: &[String], types: &[i64]) -> Result<Tokenizer, LoadError> {
    let typed = || tokens.iter().zip(types);
    let spelled = |(token, kind): (&String, &i64)| match token.strip_prefix('\u{2581}') {
        _ if *kind == CONTROL => token.clone(),
        Some(first) => first.to_owned(),
        None => format!("##{token}"),
    };
    let is_cased = typed().any(|(token, kind)| *kind != CONTROL && token.chars().any(char::is_uppercase));
    let special = |key: &str, usual: &str| {
        let id = header.opt_count(&format!("tokenizer.ggml.{key}_token_id"))?;
        let id = id.or_else(|| tokens.iter().position(|token| token == usual).map(|id| id as u64));
        let found = id.and_then(|id| Some((id, tokens.get(id as usize)?)));
        found.ok_or_else(|| header.bad(format!("the vocabulary has no token `{usual}`")))
    };
    let (cls, sep, unk) =
        (special("cls", "[CLS]")?, special("seperator", "[SEP]")?, special("unknown", "[UNK]")?);
    let vocab: Vocab = typed().map(spelled).zip(0..).collect();
    let model = WordPieceBuilder::new().vocab(vocab).unk_token(unk.1.clone()).build();
    let parts = [
        json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
            "lowercase": !is_cased}),
        json!({"type": "BertPreTokenizer"}),
        around(cls, sep),
        json!({"type": "WordPiece", "prefix": "##", "cleanup": true}),
    ];
    let control = typed().filter(|(_, kind)| **kind == CONTROL);
    let added = control.map(|(token, _)| AddedToken::from(token.as_str(), true).normalized(false));
    assembled(model.map_err(|error| error.to_string()), parts, added.collect()).map_err(|why| header.bad(why))
}

/// `[CLS] A [SEP]`, and `B [SEP]` behind.
fn around((cls_id, cls): (u64, &String), (sep_id, sep): (u64, &String)) -> Value {
    let token = |token: &str, part: u32| json!({"SpecialToken": {"id": token, "type_id": part}});
    let text = |name: &str, part: u32| json!({"Sequence": {"id": name, "type_id": part}});
    let known = |token: &str, id: u64| json!({"id": token, "ids": [id], "tokens": [token]});
    json!({
        "type": "TemplateProcessing",
        "single": [token(cls, 0), text("A", 0), token(sep, 0)],
        "pair": [token(cls, 0), text("A", 0), token(sep, 0), text("B", 1), token(sep, 1)],
        "special_tokens": {cls: known(cls, cls_id), sep: known(sep, sep_id)},
    })
}

fn assembled(
    model: Result<tokenizers::models::wordpiece::WordPiece, String>,
    [normalizer, pre_tokenizer, post_processor, decoder]: [Value; 4],
    added: Vec<AddedToken>,
) -> Result<Tokenizer, String> {
    let said = |error: tokenizers::Error| error.to_string();
    let mut tokenizer = Tokenizer::new(model?);
    tokenizer.with_normalizer(part::<NormalizerWrapper>(Some(normalizer))?).map_err(said)?;
    tokenizer.with_pre_tokenizer(part::<PreTokenizerWrapper>(Some(pre_tokenizer))?);
    tokenizer.with_post_processor(part::<PostProcessorWrapper>(Some(post_processor))?);
    tokenizer.with_decoder(part::<DecoderWrapper>(Some(decoder))?);
    tokenizer.add_tokens(unique(added)).map_err(said)?;
    Ok(tokenizer)
}
