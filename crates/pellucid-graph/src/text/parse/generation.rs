//! The line that says how prompts are continued: `generate max_new_tokens=5 temperature=0.7 seed=3`.

use super::super::cursor::Cursor;
use crate::{Code, Diagnostic, Result, Sampling};

/// What stands after `generate`; what is left out is as in [`Sampling::greedy`], but for the tokens that
/// end texts, which are the model's.
pub(super) fn read(c: &mut Cursor<'_>) -> Result<Sampling> {
    let mut sampling = Sampling { eos: None, ..Sampling::greedy(0) };
    let mut has_length = false;
    while !c.at_end() {
        let name = c.word();
        c.expect("=")?;
        match name {
            "max_new_tokens" => {
                sampling.max_new_tokens = c.parsed("a number of tokens")?;
                has_length = true;
            }
            "n" => sampling.n = c.parsed("a number of continuations")?,
            "temperature" => sampling.temperature = c.parsed("a number")?,
            "top_k" => sampling.top_k = Some(c.parsed("a number of tokens")?),
            "top_p" => sampling.top_p = Some(c.parsed("a probability")?),
            "min_p" => sampling.min_p = Some(c.parsed("a probability")?),
            "repetition_penalty" => sampling.repetition_penalty = c.parsed("a number")?,
            "seed" => sampling.seed = c.parsed("a seed")?,
            "eos" => sampling.eos = Some(c.list(|c| c.parsed("a token id"))?),
            "stop" => sampling.stop = c.list(Cursor::quoted)?,
            _ => {
                let message = format!("expected a setting of the generation, got `{name}`");
                let help = "they are max_new_tokens, n, temperature, top_k, top_p, min_p, \
                            repetition_penalty, seed, eos, stop";
                return Err(Diagnostic::new(Code::Syntax, message).help(help));
            }
        }
    }
    if has_length { Ok(sampling) } else { Err(c.expected("`max_new_tokens=`")) }
}
