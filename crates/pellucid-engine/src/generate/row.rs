//! One continuation: its tokens, its text as far as it is settled, and how it ended.

use pellucid_graph::Sampling;

use crate::Error;
use crate::load::Tokenizer;

/// Why a continuation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With a token that ends texts.
    Eos,
    /// With a text that it was to stop at.
    Stop,
    /// It has as many tokens as it may.
    Length,
}

impl Ended {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Ended::Eos => "eos",
            Ended::Stop => "stop",
            Ended::Length => "length",
        }
    }
}

/// A token that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fresh {
    /// The continuation: `n` for each prompt, next to each other.
    pub row: usize,
    /// The token.
    pub token: u32,
    /// What it adds to the text: nothing while a character, or perhaps a text to stop at, is incomplete.
    pub text: String,
    /// Set with the last token.
    pub ended: Option<Ended>,
}

/// A continuation being made.
pub(super) struct Row {
    /// The prompt's and those made.
    ids: Vec<u32>,
    n_prompt: usize,
    n_made: usize,
    sample: u64,
    /// Bytes of the text that have been told.
    told: usize,
    ended: Option<Ended>,
}

impl Row {
    pub(super) fn new(prompt: Vec<u32>, sample: u64) -> Row {
        Row { n_prompt: prompt.len(), n_made: 0, ids: prompt, sample, told: 0, ended: None }
    }

    pub(super) fn ids(&self) -> &[u32] {
        &self.ids
    }

    pub(super) fn made(&self) -> &[u32] {
        &self.ids[self.n_prompt..self.n_prompt + self.n_made]
    }

    /// Goes on after its end, for others in its trace do.
    pub(super) fn pad(&mut self, token: u32) {
        self.ids.push(token);
    }

    /// The prompt and what was made.
    pub(super) fn whole(&self) -> &[u32] {
        &self.ids[..self.n_prompt + self.n_made]
    }

    pub(super) fn n_prompt(&self) -> usize {
        self.n_prompt
    }

    pub(super) fn sample(&self) -> u64 {
        self.sample
    }

    pub(super) fn ended(&self) -> Option<Ended> {
        self.ended
    }

    /// Adds a token; `row` is the index to tell.
    ///
    /// # Errors
    /// Texts to stop at without a tokenizer.
    pub(super) fn push(
        &mut self,
        row: usize,
        token: u32,
        sampling: &Sampling,
        eos: &[u32],
        tokenizer: &Tokenizer,
    ) -> Result<Fresh, Error> {
        self.ids.push(token);
        self.n_made += 1;
        if eos.contains(&token) {
            self.ended = Some(Ended::Eos);
        } else if self.made().len() == sampling.max_new_tokens {
            self.ended = Some(Ended::Length);
        }
        let text = match tokenizer.decode(self.made(), true) {
            Ok(text) => text,
            Err(error) if !sampling.stop.is_empty() => return Err(error.into()),
            Err(_) => String::new(),
        };
        let stop = sampling.stop.iter().filter_map(|stop| text.find(stop.as_str())).min();
        if stop.is_some() {
            self.ended = Some(Ended::Stop);
        }
        let settled = match (stop, self.ended) {
            (Some(stop), _) => stop,
            (None, Some(_)) => text.len(),
            (None, None) => settled(&text, &sampling.stop),
        };
        let told = self.told.min(settled);
        self.told = settled.max(told);
        Ok(Fresh { row, token, text: text.get(told..settled).unwrap_or("").to_owned(), ended: self.ended })
    }
}

/// How much of a text cannot change any more: all but an incomplete character and what may begin a stop.
fn settled(text: &str, stops: &[String]) -> usize {
    let whole = text.trim_end_matches(char::REPLACEMENT_CHARACTER);
    let begins = |start: usize| stops.iter().any(|stop| stop.starts_with(&whole[start..]));
    let held = whole.char_indices().map(|(start, _)| start).find(|start| begins(*start));
    held.unwrap_or(whole.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_begin_a_stop_is_held_back() {
        let stops = ["\n\n".to_owned(), "END".to_owned()];
        assert_eq!(settled("one line", &stops), 8);
        assert_eq!(settled("one line\n", &stops), 8);
        assert_eq!(settled("the EN", &stops), 4);
        assert_eq!(settled("caf\u{fffd}", &stops), 3);
        assert_eq!(settled("E", &[]), 1);
    }
}
