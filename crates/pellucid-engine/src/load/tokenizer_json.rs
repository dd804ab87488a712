//! Reading a `tokenizer.json` that may be hostile.
//!
//! The `tokenizers` crate panics on some files: on a merge whose result is longer than every token of the
//! vocabulary, on a decoder that is not JSON a program can hold, on a precompiled normalizer (a binary trie, which it
//! follows without checks). So the file is measured first; this pass keeps nothing of the vocabulary. Precompiled
//! normalizers, which no architecture of the engine comes with, are refused.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use tokenizers::Tokenizer;

use super::LoadError;

/// The tokenizer, or why it cannot be used. Errors: [`LoadError::BadTokenizer`] if the file is broken.
pub(crate) fn read(file: &Path) -> Result<Result<Tokenizer, String>, LoadError> {
    let bad = |why: String| LoadError::BadTokenizer { file: file.to_path_buf(), why };
    let bytes = std::fs::read(file).map_err(|cause| LoadError::io(file, cause))?;
    let measured: Measured = serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?;
    if measured.normalizer.as_ref().is_some_and(is_precompiled) {
        return Ok(Err("its normalizer is precompiled, which is not read".to_owned()));
    }
    measured.check().map_err(bad)?;
    let tokenizer = Tokenizer::from_bytes(&bytes).map_err(|error| bad(error.to_string()))?;
    Ok(Ok(tokenizer))
}

#[derive(Deserialize)]
struct Measured<'a> {
    #[serde(borrow)]
    model: Model<'a>,
    #[serde(default)]
    normalizer: Option<Value>,
    /// Only read to know that it can be.
    #[serde(default, rename = "decoder")]
    _decoder: Option<Value>,
}

#[derive(Deserialize)]
struct Model<'a> {
    #[serde(default)]
    vocab: Option<LongestKey>,
    #[serde(default)]
    merges: Option<Merges>,
    #[serde(default, borrow)]
    continuing_subword_prefix: Option<Cow<'a, str>>,
}

/// Whether a normalizer is, or contains, a precompiled one.
fn is_precompiled(normalizer: &Value) -> bool {
    let nested = normalizer.get("normalizers").and_then(Value::as_array);
    normalizer.get("type").and_then(Value::as_str) == Some("Precompiled")
        || nested.is_some_and(|steps| steps.iter().any(is_precompiled))
}

impl Measured<'_> {
    fn check(&self) -> Result<(), String> {
        let (Some(LongestKey(token)), Some(merges)) = (&self.model.vocab, &self.model.merges) else {
            return Ok(());
        };
        let prefix = self.model.continuing_subword_prefix.as_deref().unwrap_or("").len();
        if merges.shortest_right < prefix {
            return Err("a merge's second part is shorter than `continuing_subword_prefix`".to_owned());
        }
        if merges.longest - prefix.min(merges.longest) > *token {
            let longest = merges.longest;
            return Err(format!("a merge gives {longest} bytes, more than any token has ({token})"));
        }
        Ok(())
    }
}

/// The length in bytes of a map's longest key; 0 for what is not a map (other models' vocabularies).
struct LongestKey(usize);

impl<'de> Deserialize<'de> for LongestKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = LongestKey;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a vocabulary")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<LongestKey, A::Error> {
                let mut longest = 0;
                while let Some((Length(bytes), IgnoredAny)) = map.next_entry()? {
                    longest = longest.max(bytes);
                }
                Ok(LongestKey(longest))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<LongestKey, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(LongestKey(0))
            }
        }
        from.deserialize_any(Keys)
    }
}

/// A string's length in bytes.
struct Length(usize);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Length;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E>(self, text: &str) -> Result<Length, E> {
                Ok(Length(text.len()))
            }
        }
        from.deserialize_str(Text)
    }
}

/// The extremes of all merges, in bytes.
struct Merges {
    longest: usize,
    shortest_right: usize,
}

/// One merge: the bytes of both parts together, and of the second.
struct Merge {
    whole: usize,
    right: usize,
}

impl<'de> Deserialize<'de> for Merge {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Parts;
        impl<'de> Visitor<'de> for Parts {
            type Value = Merge;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a pair of strings, or both with a space between")
            }
            fn visit_str<E>(self, text: &str) -> Result<Merge, E> {
                let (left, right) = text.split_once(' ').unwrap_or((text, ""));
                Ok(Merge { whole: left.len() + right.len(), right: right.len() })
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Merge, A::Error> {
                let (mut whole, mut right) = (0, 0);
                while let Some(Length(bytes)) = parts.next_element()? {
                    (whole, right) = (whole + bytes, bytes);
                }
                Ok(Merge { whole, right })
            }
        }
        from.deserialize_any(Parts)
    }
}

impl<'de> Deserialize<'de> for Merges {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Merges;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of merges")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Merges, A::Error> {
                let mut all = Merges { longest: 0, shortest_right: usize::MAX };
                while let Some(merge) = items.next_element::<Merge>()? {
                    all.longest = all.longest.max(merge.whole);
                    all.shortest_right = all.shortest_right.min(merge.right);
                }
                Ok(all)
            }
        }
        from.deserialize_seq(All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(model: &str, expected: &str) {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let json = format!(r#"{{"version": "1.0", "added_tokens": [], "model": {model}}}"#);
        check_file(file, &json, expected);
    }

    fn check_file(file: tempfile::NamedTempFile, json: &str, expected: &str) {
        std::fs::write(file.path(), json).expect("writable");
        let got = match read(file.path()) {
            Ok(Ok(_)) => "ok".to_owned(),
            Ok(Err(why)) => why,
            Err(error) => error.to_string(),
        };
        assert!(got.contains(expected), "{got}");
    }

    #[test]
    fn merges_are_measured_before_they_are_built() {
        check(r#"{"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}"#, "ok");
        check(r#"{"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}"#, "ok");
        check(
            r#"{"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": [["a", "b"]]}"#,
            "a merge gives 2 bytes",
        );
        check(
            r###"{"type": "BPE", "continuing_subword_prefix": "##", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}"###,
            "shorter than `continuing_subword_prefix`",
        );
        check(r#"{"type": "BPE", "vocab": 3}"#, "invalid type");
        check("[]", "is not a usable tokenizer");
    }

    #[test]
    fn parts_that_would_panic_are_refused() {
        let check = |part: &str, expected: &str| {
            let file = tempfile::NamedTempFile::new().expect("a temporary file");
            let model = r#"{"type": "BPE", "vocab": {"a": 0}, "merges": []}"#;
            let json = format!(r#"{{"version": "1.0", "added_tokens": [], {part}, "model": {model}}}"#);
            check_file(file, &json, expected);
        };
        check(r#""decoder": {"type": "\ud800"}"#, "is not a usable tokenizer");
        check(r#""decoder": 3"#, "is not a usable tokenizer");
        let precompiled = r#"{"type": "Precompiled", "precompiled_charsmap": "AAAA"}"#;
        check(&format!(r#""normalizer": {precompiled}"#), "precompiled");
        check(
            &format!(r#""normalizer": {{"type": "Sequence", "normalizers": [{precompiled}]}}"#),
            "precompiled",
        );
    }
}
