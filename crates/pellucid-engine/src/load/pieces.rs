//! Tokens as people read them: the text of one token, for plots and tables.
//!
//! A raw piece is spelled the way its vocabulary stores it: byte-level vocabularies (GPT-2, Llama 3) write every
//! byte as a printable character (a space is `Ġ`), sentencepiece ones write a space as `▁`. Bytes that are not
//! text by themselves (a third of an emoji) are shown as `\xF0`.

use tokenizers::DecoderWrapper;

/// How a vocabulary spells its pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    ByteLevel,
    Sentencepiece,
    Plain,
}

impl Spelling {
    /// The spelling that this decoder undoes.
    pub(crate) fn of(decoder: Option<&DecoderWrapper>) -> Self {
        match decoder {
            Some(DecoderWrapper::ByteLevel(_)) => Self::ByteLevel,
            Some(DecoderWrapper::Metaspace(_) | DecoderWrapper::Replace(_)) => Self::Sentencepiece,
            Some(DecoderWrapper::Sequence(steps)) => steps
                .get_decoders()
                .iter()
                .map(|step| Self::of(Some(step)))
                .find(|spelling| *spelling != Self::Plain)
                .unwrap_or(Self::Plain),
            _ => Self::Plain,
        }
    }

    /// The readable text of a raw piece.
    pub(crate) fn text(self, piece: &str) -> String {
        match self {
            Self::Plain => piece.to_owned(),
            Self::Sentencepiece => piece.replace('\u{2581}', " "),
            Self::ByteLevel => match piece.chars().map(byte_of).collect::<Option<Vec<u8>>>() {
                Some(bytes) => readable(&bytes),
                // Special tokens are stored as they are.
                None => piece.to_owned(),
            },
        }
    }
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
        check(Spelling::Plain, "##ing", "##ing");
    }
}
