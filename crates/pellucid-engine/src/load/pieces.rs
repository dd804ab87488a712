//! Tokens as people read them: the text of one token, for plots and tables.
//!
//! A raw piece is spelled the way its vocabulary stores it: byte-level vocabularies (GPT-2, Llama 3) write every
//! byte as a printable character (a space is `Ġ`), sentencepiece ones write a space as `▁` and bytes without a
//! token as `<0xF0>`. Bytes that are not text by themselves (a third of an emoji) are shown as `\xF0`.

use tokenizers::DecoderWrapper;

/// How a vocabulary spells its pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    ByteLevel,
    Sentencepiece,
    /// Sentencepiece, where `<0xF0>` is a byte.
    ByteFallback,
    Plain,
}

impl Spelling {
    /// The spelling that this decoder undoes.
    pub(crate) fn of(decoder: Option<&DecoderWrapper>) -> Self {
        match decoder {
            Some(DecoderWrapper::ByteLevel(_)) => Self::ByteLevel,
            Some(DecoderWrapper::Metaspace(_) | DecoderWrapper::Replace(_)) => Self::Sentencepiece,
            Some(DecoderWrapper::ByteFallback(_)) => Self::ByteFallback,
            Some(DecoderWrapper::Sequence(steps)) => {
                let found = steps.get_decoders().iter().map(|step| Self::of(Some(step)));
                let known: Vec<Self> = found.filter(|spelling| *spelling != Self::Plain).collect();
                let falls_back = known.contains(&Self::ByteFallback).then_some(Self::ByteFallback);
                falls_back.or(known.first().copied()).unwrap_or(Self::Plain)
            }
            _ => Self::Plain,
        }
    }

    /// The readable text of a raw piece.
    pub(crate) fn text(self, piece: &str) -> String {
        readable(&self.bytes(piece))
    }

    /// The bytes that a raw piece stands for.
    pub(crate) fn bytes(self, piece: &str) -> Vec<u8> {
        match self {
            Self::Plain => piece.into(),
            Self::Sentencepiece => spaced(piece),
            Self::ByteFallback => fallback_byte(piece).map_or_else(|| spaced(piece), |byte| vec![byte]),
            // Special tokens are stored as they are.
            Self::ByteLevel => {
                piece.chars().map(byte_of).collect::<Option<_>>().unwrap_or_else(|| piece.into())
            }
        }
    }
}

fn spaced(piece: &str) -> Vec<u8> {
    piece.replace('\u{2581}', " ").into()
}

/// The byte of `<0xF0>`.
fn fallback_byte(piece: &str) -> Option<u8> {
    let digits = piece.strip_prefix("<0x")?.strip_suffix('>')?;
    (digits.len() == 2).then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

fn readable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02X}")));
    }
    text
}

/// The byte that a byte-level vocabulary writes as `letter` (GPT-2's `bytes_to_unicode`, inverted):
/// printable Latin-1 stands for itself, the 68 other bytes for U+0100 upward, in order.
fn byte_of(letter: char) -> Option<u8> {
    let code = u32::from(letter);
    match code {
        0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF => u8::try_from(code).ok(),
        0x100..=0x120 => u8::try_from(code - 0x100).ok(),
        0x121..=0x142 => u8::try_from(code - 0x121 + 0x7F).ok(),
        0x143 => Some(0xAD),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_one_letter() {
        let mut letters = [0; 256];
        for letter in ('\0'..='\u{200}').filter_map(byte_of) {
            letters[usize::from(letter)] += 1;
        }
        assert_eq!(letters, [1; 256]);
    }

    #[test]
    fn pieces_read_as_text() {
        let check = |spelling: Spelling, piece: &str, expected: &str| {
            assert_eq!(spelling.text(piece), expected);
        };
        check(Spelling::ByteLevel, "ĠParis", " Paris");
        check(Spelling::ByteLevel, "Ċ", "\n");
        check(Spelling::ByteLevel, "Ã©", "é");
        check(Spelling::ByteLevel, "ðŁ", "\\xF0\\x9F");
        check(Spelling::ByteLevel, "<|endoftext|>", "<|endoftext|>");
        check(Spelling::ByteLevel, "▁x", "▁x");
        check(Spelling::Sentencepiece, "▁Paris", " Paris");
        check(Spelling::Sentencepiece, "<0x0A>", "<0x0A>");
        check(Spelling::ByteFallback, "<0x0A>", "\n");
        check(Spelling::ByteFallback, "<0xF0>", "\\xF0");
        check(Spelling::ByteFallback, "<0xF>", "<0xF>");
        check(Spelling::ByteFallback, "▁Paris", " Paris");
        check(Spelling::Plain, "##ing", "##ing");
    }
}
