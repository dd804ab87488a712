//! A prompt as tokens, each with its id, its place in the text and its piece: for plots and for finding words.

use pellucid_graph::{Code, Diagnostic};

/// The tokens of a prompt; all lists are as long as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encoding {
    /// Token ids.
    pub ids: Vec<u32>,
    /// 1 for a token of the prompt, 0 for padding.
    pub mask: Vec<u8>,
    /// Where each token is in the text: first character, and the one after its last. Tokens that are not in the
    /// text are at `(0, 0)`; tokens that are parts of one character share its place.
    pub offsets: Vec<(usize, usize)>,
    /// Each token as people read it.
    pub pieces: Vec<String>,
}

/// On which side shorter prompts are filled up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Side {
    /// Before the prompt.
    Left,
    /// After it.
    #[default]
    Right,
}

/// How prompts are made equally long.
#[derive(Debug, Clone)]
pub struct Padding {
    /// The token to fill with, and its text.
    pub token: (u32, String),
    /// Where it is put.
    pub side: Side,
    /// The length to reach; the longest prompt's if `None`.
    pub length: Option<usize>,
}

impl Side {
    /// Reads `left` or `right`.
    pub fn parse(word: &str) -> Option<Side> {
        match word {
            "left" => Some(Side::Left),
            "right" => Some(Side::Right),
            _ => None,
        }
    }

    /// `left` or `right`.
    pub fn name(self) -> &'static str {
        match self {
            Side::Left => "left",
            Side::Right => "right",
        }
    }
}

impl Encoding {
    /// Fills up to the same length. Prompts that are longer stay as they are.
    pub fn pad(encodings: &mut [Encoding], padding: &Padding) {
        let longest = encodings.iter().map(|e| e.ids.len()).max().unwrap_or(0);
        let length = padding.length.unwrap_or(longest);
        for encoding in encodings {
            let missing = length.saturating_sub(encoding.ids.len());
            let (id, text) = &padding.token;
            fill(&mut encoding.ids, *id, missing, padding.side);
            fill(&mut encoding.mask, 0, missing, padding.side);
            fill(&mut encoding.offsets, (0, 0), missing, padding.side);
            fill(&mut encoding.pieces, text.clone(), missing, padding.side);
        }
    }

    /// The tokens that have a part of `wanted`, which must be in `text` once, or at least `which + 1` times;
    /// a negative `which` counts from the end.
    ///
    /// # Errors
    /// [`Code::BadArgument`]: it is not there, or several times and `which` does not say which is meant.
    pub fn positions(&self, text: &str, wanted: &str, which: Option<i64>) -> Result<Vec<usize>, Diagnostic> {
        let places = places(text, wanted);
        let n = places.len() as i64;
        let times = if n == 1 { "once".to_owned() } else { format!("{n} times") };
        let fault = |message: String, help: String| Diagnostic::new(Code::BadArgument, message).help(help);
        let index = match which {
            _ if wanted.is_empty() => {
                return Err(fault(
                    "the text to find is empty".to_owned(),
                    "give a word of the prompt".to_owned(),
                ));
            }
            _ if n == 0 => {
                let pieces: Vec<String> = self.pieces.iter().map(|p| format!("`{p}`")).collect();
                return Err(fault(
                    format!("`{wanted}` is not in the prompt"),
                    format!("its tokens are {}", pieces.join(", ")),
                ));
            }
            None if n > 1 => {
                let help = format!("say which is meant: `which=0` is the first, `which={}` the last", n - 1);
                return Err(fault(format!("`{wanted}` is in the prompt {times}"), help));
            }
            None => 0,
            Some(which) if (-n..n).contains(&which) => which.rem_euclid(n),
            Some(which) => {
                return Err(fault(
                    format!("`{wanted}` is in the prompt {times}, there is no number {which}"),
                    "0 is the first, -1 the last".to_owned(),
                ));
            }
        };
        let (start, end) = places[index as usize];
        let within = |(a, b): (usize, usize)| a < end && b > start;
        Ok((0..self.offsets.len()).filter(|&i| within(self.offsets[i])).collect())
    }
}

impl From<(&tokenizers::Encoding, Vec<String>)> for Encoding {
    fn from((inner, pieces): (&tokenizers::Encoding, Vec<String>)) -> Encoding {
        Encoding {
            ids: inner.get_ids().to_vec(),
            mask: vec![1; inner.get_ids().len()],
            offsets: inner.get_offsets().to_vec(),
            pieces,
        }
    }
}

/// The text that tokens spell, given the bytes of each, and where each is in it, in characters.
pub(super) fn spelled<'a>(tokens: impl Iterator<Item = &'a [u8]>) -> (String, Vec<(usize, usize)>) {
    let tokens: Vec<&[u8]> = tokens.collect();
    let bytes = tokens.concat();
    let mut text = String::new();
    let mut character_of = Vec::with_capacity(bytes.len());
    let mut n = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            text.push(c);
            character_of.extend(std::iter::repeat_n(n, c.len_utf8()));
            n += 1;
        }
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
            character_of.extend(std::iter::repeat_n(n, chunk.invalid().len()));
            n += 1;
        }
    }
    let mut at = 0;
    let place = |token: &&[u8]| {
        let (start, end) = (at, at + token.len());
        at = end;
        if start == end { (0, 0) } else { (character_of[start], character_of[end - 1] + 1) }
    };
    let offsets = tokens.iter().map(place).collect();
    (text, offsets)
}

/// Where `wanted` is in `text`, in characters, one after another.
fn places(text: &str, wanted: &str) -> Vec<(usize, usize)> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let length = wanted.chars().count();
    let start = |at: usize| text[..at].chars().count();
    text.match_indices(wanted).map(|(at, _)| (start(at), start(at) + length)).collect()
}

fn fill<T: Clone>(list: &mut Vec<T>, item: T, n: usize, side: Side) {
    let at = if side == Side::Left { 0 } else { list.len() };
    list.splice(at..at, std::iter::repeat_n(item, n));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoding(offsets: &[(usize, usize)]) -> Encoding {
        let pieces = offsets.iter().map(|(a, b)| format!("{a}-{b}")).collect();
        Encoding {
            ids: vec![7; offsets.len()],
            mask: vec![1; offsets.len()],
            offsets: offsets.to_vec(),
            pieces,
        }
    }

    #[test]
    fn words_are_found_by_any_of_their_tokens() {
        let text = "né né x";
        let tokens = encoding(&[(0, 0), (0, 1), (1, 2), (1, 2), (2, 4), (4, 5), (5, 7)]);
        let check = |wanted: &str, which: Option<i64>, expected: &str| {
            let got = tokens.positions(text, wanted, which);
            assert_eq!(got.map_or_else(|d| d.message, |p| format!("{p:?}")), expected, "{wanted}");
        };
        check("x", None, "[6]");
        check("né", Some(0), "[1, 2, 3]");
        check("né", Some(-1), "[4, 5]");
        check("é n", None, "[2, 3, 4]");
        check("né", None, "`né` is in the prompt 2 times");
        check("né", Some(2), "`né` is in the prompt 2 times, there is no number 2");
        check("x", Some(1), "`x` is in the prompt once, there is no number 1");
        check("y", None, "`y` is not in the prompt");
        check("", None, "the text to find is empty");
    }

    #[test]
    fn tokens_that_are_parts_of_characters_share_their_place() {
        let tokens: [&[u8]; 5] = [b"a", &[0xC3], &[0xA9, b'b'], b"", &[0xFF]];
        let (text, offsets) = spelled(tokens.into_iter());
        assert_eq!(text, "aéb\u{FFFD}");
        assert_eq!(offsets, [(0, 1), (1, 2), (1, 3), (0, 0), (3, 4)]);
    }

    #[test]
    fn padding_fills_one_side() {
        let check = |side: Side, length: Option<usize>, expected: &str| {
            let mut both = [encoding(&[(0, 1)]), encoding(&[(0, 1), (1, 2), (2, 3)])];
            Encoding::pad(&mut both, &Padding { token: (9, "<pad>".to_owned()), side, length });
            let [a, b] = &both;
            assert_eq!(format!("{:?} {:?} {} {:?}", a.ids, a.mask, a.pieces.concat(), b.ids), expected);
        };
        check(Side::Right, None, "[7, 9, 9] [1, 0, 0] 0-1<pad><pad> [7, 7, 7]");
        check(Side::Left, None, "[9, 9, 7] [0, 0, 1] <pad><pad>0-1 [7, 7, 7]");
        check(Side::Right, Some(2), "[7, 9] [1, 0] 0-1<pad> [7, 7, 7]");
    }
}
