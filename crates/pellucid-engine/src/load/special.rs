//! Tokens with a role: those that begin, end and fill texts, as the checkpoint's files say.

use serde_json::Value;
use tokenizers::Tokenizer;

use super::Generation;

/// Role (`bos_token`) and text (`<s>`) of each, in the order of transformers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SpecialTokens(Vec<(String, String)>);

const ROLES: [&str; 7] =
    ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

impl SpecialTokens {
    /// What the first of some settings that speaks says; where a text begins and ends, or else the ids of the
    /// generation settings.
    pub(crate) fn read(settings: &[&Value], generation: &Generation, inner: &Tokenizer) -> Self {
        let named = |role: &str| settings.iter().find_map(|s| text_of(s.get(role)?)).map(str::to_owned);
        Self::of(|role| match role {
            "bos_token" | "eos_token" => named(role).or_else(|| by_generation(role, generation, inner)),
            role => named(role),
        })
    }

    /// What the ids of a checkpoint say, and which token is unknown.
    pub(crate) fn of_ids(generation: &Generation, unknown: Option<u32>, inner: &Tokenizer) -> Self {
        Self::of(|role| match role {
            "unk_token" => inner.id_to_token(unknown?),
            role => by_generation(role, generation, inner),
        })
    }

    /// Every role that is filled.
    pub(crate) fn all(&self) -> &[(String, String)] {
        &self.0
    }

    fn of(text: impl Fn(&str) -> Option<String>) -> Self {
        Self(ROLES.iter().filter_map(|role| Some(((*role).to_owned(), text(role)?))).collect())
    }
}

/// A string, or an object with its `content`.
fn text_of(token: &Value) -> Option<&str> {
    token.as_str().or_else(|| token.get("content")?.as_str())
}

fn by_generation(role: &str, generation: &Generation, inner: &Tokenizer) -> Option<String> {
    let id = match role {
        "bos_token" => generation.bos_token_id,
        "eos_token" => generation.eos_token_ids.first().copied(),
        "pad_token" => generation.pad_token_id,
        _ => None,
    };
    inner.id_to_token(id?)
}
