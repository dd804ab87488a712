//! The merges of a sentencepiece BPE vocabulary, which GGUF stores only as scores.
//!
//! Sentencepiece joins the two neighbours whose union has the best score; Hugging Face's BPE joins by a ranked list of
//! pairs. The list is every split of every token into two tokens, best score first; between equals, the longer
//! parts first, then the lower ids (the order in which Hugging Face's own converter writes them).

use std::cmp::Reverse;
use std::num::NonZero;

use tokenizers::models::bpe::{Merges, Vocab};

/// One token of a sentencepiece vocabulary.
pub(crate) struct Piece<'a> {
    pub(crate) text: &'a str,
    /// The rank of merges that give this token, if any do.
    pub(crate) score: Option<f32>,
}

/// Longest token whose splits are looked up, in bytes; real vocabularies stay below 100. All of a token's
/// splits are hashed, so without a limit one token as long as the file would take forever.
pub(crate) const LONGEST_TOKEN: usize = 1024;

/// A split of a token, with what it is ranked by.
struct Split {
    score: f32,
    /// Lengths in characters.
    lengths: (u32, u32),
    ids: (u32, u32),
}

/// The ranked merges. `pieces[i]` has the id i; `vocab` holds their texts.
pub(crate) fn ranked(pieces: &[Piece<'_>], vocab: &Vocab) -> Merges {
    let n_threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = pieces.len().div_ceil(n_threads).max(1);
    let mut splits: Vec<Split> = std::thread::scope(|scope| {
        let parts: Vec<_> = pieces
            .chunks(share)
            .map(|part| scope.spawn(move || part.iter().flat_map(|piece| splits_of(piece, vocab)).collect()))
            .collect();
        let joined = parts
            .into_iter()
            .map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.collect::<Vec<Vec<Split>>>().into_iter().flatten().collect()
    });
    // Stable: splits of equal rank stay in the order of their tokens.
    splits.sort_by(|a, b| {
        b.score.total_cmp(&a.score).then_with(|| Reverse(a.lengths).cmp(&Reverse(b.lengths)))
    });
    let text = |id: u32| pieces[id as usize].text.to_owned();
    splits.iter().map(|split| (text(split.ids.0), text(split.ids.1))).collect()
}

/// The splits of one token, by id.
fn splits_of(piece: &Piece<'_>, vocab: &Vocab) -> Vec<Split> {
    let Some(score) = piece.score.filter(|_| piece.text.len() <= LONGEST_TOKEN) else {
        return Vec::new();
    };
    let n_chars = piece.text.chars().count() as u32;
    let inner = piece.text.char_indices().enumerate().skip(1);
    let mut splits: Vec<Split> = inner
        .filter_map(|(n_left, (at, _))| {
            let (left, right) = piece.text.split_at(at);
            let ids = (*vocab.get(left)?, *vocab.get(right)?);
            let n_left = n_left as u32;
            // Adding 0 makes the two zeros one, which a total order would tell apart.
            Some(Split { score: score + 0.0, lengths: (n_left, n_chars - n_left), ids })
        })
        .collect();
    splits.sort_by_key(|split| split.ids);
    splits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_are_ranked_by_score_then_length() {
        let piece = |text, score| Piece { text, score };
        let pieces = [
            piece("a", Some(-10.0)),
            piece("b", Some(-11.0)),
            piece("ab", Some(-0.0)),
            piece("ba", Some(0.0)),
            piece("aba", Some(-2.0)),
            piece("<x>", None),
        ];
        let vocab: Vocab = pieces.iter().zip(0..).map(|(piece, id)| (piece.text.to_owned(), id)).collect();
        let ranked = ranked(&pieces, &vocab);
        let got: Vec<(&str, &str)> = ranked.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(got, [("a", "b"), ("b", "a"), ("ab", "a"), ("a", "ba")]);
    }
}
