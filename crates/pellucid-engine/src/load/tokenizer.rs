//! Text to token ids and back, as Hugging Face does it.
//!
//! The work is the `tokenizers` crate's, the same code that transformers runs. What `tokenizer.json` says is
//! done to the letter, so a beginning-of-sequence token is added exactly when its post-processor adds one. A
//! checkpoint without a tokenizer still opens; only using it on text fails.

use std::path::Path;

use serde_json::Value;
use tokenizers::Tokenizer as Inner;

use super::pieces::Spelling;
use super::{Generation, LoadError, tokenizer_json};

/// A model's tokenizer, or the reason why it has none.
#[derive(Debug)]
pub struct Tokenizer(Result<Loaded, String>);

#[derive(Debug)]
struct Loaded {
    inner: Inner,
    spelling: Spelling,
    bos: Option<u32>,
    eos: Option<u32>,
}

impl Tokenizer {
    /// The ids of `text`; with `add_special`, also those the model expects around it (such as BOS).
    /// Special tokens spelled out in `text` become their ids either way.
    pub fn encode(&self, text: &str, add_special: bool) -> Result<Vec<u32>, LoadError> {
        let encoding = self.loaded()?.inner.encode(text, add_special);
        Ok(encoding.map_err(failed)?.get_ids().to_vec())
    }

    /// The text of `ids`; with `skip_special`, without special tokens. Ids outside the vocabulary are left out.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String, LoadError> {
        self.loaded()?.inner.decode(ids, skip_special).map_err(failed)
    }

    /// The piece of the vocabulary with this id, as the vocabulary spells it (`ĠParis`).
    pub fn token(&self, id: u32) -> Option<String> {
        self.0.as_ref().ok()?.inner.id_to_token(id)
    }

    /// The id of a piece, spelled as the vocabulary spells it.
    pub fn id(&self, piece: &str) -> Option<u32> {
        self.0.as_ref().ok()?.inner.token_to_id(piece)
    }

    /// The token as people read it (` Paris`); `[17]` when there is no such token or no tokenizer.
    pub fn token_text(&self, id: u32) -> String {
        match (&self.0, self.token(id)) {
            (Ok(loaded), Some(piece)) => loaded.spelling.text(&piece),
            _ => format!("[{id}]"),
        }
    }

    /// [`token_text`](Self::token_text) of each id.
    pub fn pieces(&self, ids: &[u32]) -> Vec<String> {
        ids.iter().map(|&id| self.token_text(id)).collect()
    }

    /// How many tokens there are, added ones included; 0 without a tokenizer.
    pub fn vocab_size(&self) -> usize {
        self.0.as_ref().map_or(0, |loaded| loaded.inner.get_vocab_size(true))
    }

    /// The id of the token that begins a text, whether or not `encode` adds it.
    pub fn bos(&self) -> Option<u32> {
        self.0.as_ref().ok()?.bos
    }

    /// The id of the token that ends a text.
    pub fn eos(&self) -> Option<u32> {
        self.0.as_ref().ok()?.eos
    }

    /// Whether there is a tokenizer at all.
    pub fn is_present(&self) -> bool {
        self.0.is_ok()
    }

    /// Reads the tokenizer of a model folder.
    pub(crate) fn read(folder: &Path, generation: &Generation) -> Result<Self, LoadError> {
        let file = folder.join("tokenizer.json");
        if !file.is_file() {
            return Ok(Self::absent("the model folder has no `tokenizer.json`"));
        }
        let inner = match tokenizer_json::read(&file)? {
            Ok(inner) => inner,
            Err(why) => return Ok(Self::absent(&why)),
        };
        let settings = read_settings(&folder.join("tokenizer_config.json"))?;
        let id = |key: &str| inner.token_to_id(special(&settings, key)?);
        let bos = id("bos_token").or(generation.bos_token_id);
        let eos = id("eos_token").or(generation.eos_token_ids.first().copied());
        Ok(Self::new(inner, bos, eos))
    }

    /// A tokenizer as built; limits and padding that it may carry are dropped, as transformers does by default.
    pub(crate) fn new(mut inner: Inner, bos: Option<u32>, eos: Option<u32>) -> Self {
        inner.with_padding(None);
        if let Err(error) = inner.with_truncation(None) {
            return Self::absent(&error.to_string());
        }
        let spelling = Spelling::of(inner.get_decoder());
        Self(Ok(Loaded { inner, spelling, bos, eos }))
    }

    /// No tokenizer, and why.
    pub(crate) fn absent(why: &str) -> Self {
        Self(Err(why.to_owned()))
    }

    fn loaded(&self) -> Result<&Loaded, LoadError> {
        self.0.as_ref().map_err(|why| LoadError::NoTokenizer { why: why.clone() })
    }
}

fn failed(error: tokenizers::Error) -> LoadError {
    LoadError::NoTokenizer { why: error.to_string() }
}

fn read_settings(file: &Path) -> Result<Value, LoadError> {
    match file.is_file() {
        true => super::folder::read_json(file),
        false => Ok(Value::Null),
    }
}

/// A special token of `tokenizer_config.json`: a string, or an object with its `content`.
fn special<'a>(settings: &'a Value, key: &str) -> Option<&'a str> {
    let token = settings.get(key)?;
    token.as_str().or_else(|| token.get("content")?.as_str())
}
