//! Text to token ids and back, as Hugging Face does it.
//!
//! The work is the `tokenizers` crate's, the same code that transformers runs. What `tokenizer.json` says is
//! done to the letter, so a beginning-of-sequence token is added exactly when its post-processor adds one. A
//! checkpoint without a tokenizer, or with a broken one, still opens; only using it fails.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;
use tokenizers::Tokenizer as Inner;

use super::encoding::{self, Encoding, Padding, Side};
use super::pieces::Spelling;
use super::special::SpecialTokens;
use super::{Chat, ChatTemplates, Generation, LoadError, tokenizer_json};

/// A model's tokenizer, or the reason why it has none. It is built when it is first used: for big
/// vocabularies that takes longer than opening the rest of the model.
pub struct Tokenizer {
    built: OnceLock<Result<Loaded, LoadError>>,
    build: Box<dyn Fn() -> Built + Send + Sync>,
}

/// A tokenizer, or why there is none; an error if what there is cannot be read.
pub(crate) type Built = Result<Result<Loaded, String>, LoadError>;

/// A tokenizer that is built.
pub(crate) struct Loaded {
    inner: Inner,
    spelling: Spelling,
    kit: Kit,
}

/// What comes with a tokenizer besides its vocabulary.
#[derive(Debug, Default)]
pub(crate) struct Kit {
    pub special: SpecialTokens,
    pub chat: ChatTemplates,
    pub side: Side,
}

impl Tokenizer {
    /// The ids of `text`; with `add_special`, also those the model expects around it (such as BOS).
    /// Special tokens spelled out in `text` become their ids either way.
    pub fn encode(&self, text: &str, add_special: bool) -> Result<Vec<u32>, LoadError> {
        let encoding = self.loaded()?.inner.encode(text, add_special);
        Ok(encoding.map_err(failed)?.get_ids().to_vec())
    }

    /// The same with each token's place in the text and its piece.
    pub fn encoding(&self, text: &str, add_special: bool) -> Result<Encoding, LoadError> {
        let inner = self.loaded()?.inner.encode_char_offsets(text, add_special).map_err(failed)?;
        let pieces = self.pieces(inner.get_ids());
        Ok(Encoding::from((&inner, pieces)))
    }

    /// The text that `ids` spell, special tokens included, and each token's place in it.
    pub fn spelled(&self, ids: &[u32]) -> (String, Encoding) {
        let bytes: Vec<Vec<u8>> = ids.iter().map(|&id| self.bytes(id)).collect();
        let (text, offsets) = encoding::spelled(bytes.iter().map(Vec::as_slice));
        let encoding =
            Encoding { ids: ids.to_vec(), mask: vec![1; ids.len()], offsets, pieces: self.pieces(ids) };
        (text, encoding)
    }

    /// The text of a conversation, as the model was trained to read it. `messages` is a JSON list of
    /// `{"role": ..., "content": ...}`; encode the text without adding special tokens, it has them.
    pub fn chat(&self, messages: &str, chat: &Chat<'_>) -> Result<String, LoadError> {
        let kit = &self.loaded()?.kit;
        kit.chat.render(messages, chat, kit.special.all())
    }

    /// The templates of [`chat`](Self::chat), if there are any.
    pub fn chat_templates(&self) -> Option<&ChatTemplates> {
        self.loaded().ok().map(|loaded| &loaded.kit.chat)
    }

    /// The text of `ids`; with `skip_special`, without special tokens. Ids outside the vocabulary are left out.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String, LoadError> {
        self.loaded()?.inner.decode(ids, skip_special).map_err(failed)
    }

    /// The piece of the vocabulary with this id, as the vocabulary spells it (`ĠParis`).
    pub fn token(&self, id: u32) -> Option<String> {
        self.loaded().ok()?.inner.id_to_token(id)
    }

    /// The id of a piece, spelled as the vocabulary spells it.
    pub fn id(&self, piece: &str) -> Option<u32> {
        self.loaded().ok()?.inner.token_to_id(piece)
    }

    /// The token as people read it (` Paris`); `[17]` when there is no such token or no tokenizer.
    pub fn token_text(&self, id: u32) -> String {
        match (self.loaded(), self.token(id)) {
            (Ok(loaded), Some(piece)) => loaded.spelling.text(&piece),
            _ => format!("[{id}]"),
        }
    }

    fn bytes(&self, id: u32) -> Vec<u8> {
        match (self.loaded(), self.token(id)) {
            (Ok(loaded), Some(piece)) => loaded.spelling.bytes(&piece),
            _ => Vec::new(),
        }
    }

    /// [`token_text`](Self::token_text) of each id.
    pub fn pieces(&self, ids: &[u32]) -> Vec<String> {
        ids.iter().map(|&id| self.token_text(id)).collect()
    }

    /// How many tokens there are, added ones included; 0 without a tokenizer.
    pub fn vocab_size(&self) -> usize {
        self.loaded().map_or(0, |loaded| loaded.inner.get_vocab_size(true))
    }

    /// The id of the token that begins a text, whether or not `encode` adds it.
    pub fn bos(&self) -> Option<u32> {
        self.special("bos_token")
    }

    /// The id of the token that ends a text.
    pub fn eos(&self) -> Option<u32> {
        self.special("eos_token")
    }

    /// The id of the token with a role: `bos_token`, `eos_token`, `unk_token`, `pad_token` ...
    pub fn special(&self, role: &str) -> Option<u32> {
        self.id(self.special_tokens().iter().find(|(name, _)| name == role).map(|(_, text)| text)?)
    }

    /// The tokens that have a role, as role and text.
    pub fn special_tokens(&self) -> &[(String, String)] {
        self.loaded().map_or(&[], |loaded| loaded.kit.special.all())
    }

    /// On which side prompts are filled up to equal length, unless said otherwise.
    pub fn padding_side(&self) -> Side {
        self.loaded().map_or(Side::default(), |loaded| loaded.kit.side)
    }

    /// How to fill prompts up to `length`, or to the longest; `None` without a `pad_token`.
    pub fn padding(&self, side: Option<Side>, length: Option<usize>) -> Option<Padding> {
        let id = self.special("pad_token")?;
        let side = side.unwrap_or(self.padding_side());
        Some(Padding { token: (id, self.token_text(id)), side, length })
    }

    /// Whether there is a tokenizer at all.
    pub fn is_present(&self) -> bool {
        self.loaded().is_ok()
    }

    /// The tokenizer of a model folder.
    pub(crate) fn of_folder(folder: &Path, generation: &Generation) -> Self {
        let (folder, generation) = (folder.to_path_buf(), generation.clone());
        Self::lazy(move || read(&folder, &generation))
    }

    /// A tokenizer that is built when it is first used.
    pub(crate) fn lazy(build: impl Fn() -> Built + Send + Sync + 'static) -> Self {
        Self { built: OnceLock::new(), build: Box::new(build) }
    }

    fn loaded(&self) -> Result<&Loaded, LoadError> {
        let built = self.built.get_or_init(|| (self.build)()?.map_err(|why| LoadError::NoTokenizer { why }));
        built.as_ref().map_err(LoadError::clone)
    }
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = match self.built.get() {
            None => "not built yet",
            Some(Ok(_)) => "built",
            Some(Err(_)) => "absent",
        };
        f.debug_tuple("Tokenizer").field(&state).finish()
    }
}

impl Loaded {
    /// A tokenizer as built; limits and padding that it may carry are dropped, as transformers does by default.
    pub(crate) fn new(mut inner: Inner, kit: Kit) -> Result<Loaded, String> {
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|error| error.to_string())?;
        let spelling = Spelling::of(inner.get_decoder());
        Ok(Loaded { inner, spelling, kit })
    }
}

fn read(folder: &Path, generation: &Generation) -> Built {
    let file = folder.join("tokenizer.json");
    if !file.is_file() {
        return Ok(Err("the model folder has no `tokenizer.json`".to_owned()));
    }
    let inner = match tokenizer_json::read(&file)? {
        Ok(inner) => inner,
        Err(why) => return Ok(Err(why)),
    };
    let settings = read_settings(&folder.join("tokenizer_config.json"))?;
    let legacy = read_settings(&folder.join("special_tokens_map.json"))?;
    let side = settings.get("padding_side").and_then(Value::as_str).and_then(Side::parse);
    let kit = Kit {
        special: SpecialTokens::read(&[&settings, &legacy], generation, &inner),
        chat: ChatTemplates::read(folder, &settings)?,
        side: side.unwrap_or_default(),
    };
    Ok(Loaded::new(inner, kit))
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
