//! Generation: prompts continued token by token, with a cache of keys and values.
//!
//! Prompts may differ in length and end at different steps; each is continued as if it were alone, to the
//! bit, whatever else is in the batch.

mod row;
mod sampling;

use pellucid_graph::{Code, Diagnostic};

use crate::batch::Batch;
use crate::cache::KvCache;
use crate::pass::{Halt, WatchSet};
use crate::{Cancel, Error, Model, Tensor};

use row::Row;
pub use row::{Ended, Fresh};
pub use sampling::Sampling;

/// Continuations being made.
pub struct Generator {
    sampling: Sampling,
    /// `n` for each prompt, next to each other; a row's index is its place in the cache.
    rows: Vec<Row>,
    cache: KvCache,
    steps: usize,
}

impl Generator {
    /// Prepares `sampling.n` continuations of each prompt.
    ///
    /// # Errors
    /// [`Error::Trace`] for an encoder, an empty prompt, an id outside the vocabulary, a sequence longer than
    /// the context, or a setting of no meaning.
    pub fn new(model: &Model, prompts: &[Vec<u32>], sampling: Sampling) -> Result<Generator, Error> {
        if !model.is_causal() {
            let message = format!("`{}` is an encoder, which does not continue prompts", model.spec().name);
            return Err(Diagnostic::new(Code::BadArgument, message).into());
        }
        sampling.check()?;
        check(model, prompts, sampling.max_new_tokens)?;
        let longest = prompts.iter().map(Vec::len).max().unwrap_or(0);
        let samples = |prompt: &Vec<u32>| {
            (0..sampling.n).map(|sample| Row::new(prompt.clone(), sample as u64)).collect::<Vec<_>>()
        };
        Ok(Generator {
            rows: prompts.iter().flat_map(samples).collect(),
            cache: KvCache::new(model.n_layers(), longest + sampling.max_new_tokens),
            sampling,
            steps: 0,
        })
    }

    /// Makes the next token of every row that has not ended; nothing when all have.
    ///
    /// # Errors
    /// [`Error::Cancelled`]; weights that cannot be read; text settings without a tokenizer.
    pub fn step(&mut self, model: &Model, cancel: &Cancel) -> Result<Vec<Fresh>, Error> {
        if self.steps == self.sampling.max_new_tokens {
            return Ok(Vec::new());
        }
        // Rows of one prompt share its first pass.
        let n = if self.steps == 0 { self.sampling.n } else { 1 };
        let goes_on = |i: &usize| self.steps == 0 || self.rows[*i].ended().is_none();
        let active: Vec<usize> = (0..self.rows.len()).step_by(n).filter(goes_on).collect();
        if active.is_empty() {
            return Ok(Vec::new());
        }
        let logits = self.pass(model, &active, cancel)?; // [b, v]
        let mut fresh = Vec::new();
        for (b, &first) in active.iter().enumerate() {
            let logits = logits.rows(b, 1);
            for i in first..first + n {
                let row = &mut self.rows[i];
                if i > first {
                    self.cache.copy(first, i, row.ids().len());
                }
                let token = self.sampling.choose(logits.f32s(), row.ids(), row.sample(), self.steps as u64);
                fresh.push(row.push(i, token, &self.sampling, model.tokenizer())?);
            }
        }
        self.steps += 1;
        Ok(fresh)
    }

    fn pass(&mut self, model: &Model, active: &[usize], cancel: &Cancel) -> Result<Tensor, Error> {
        let past = |i: usize| match self.rows[i].ids().len() {
            n if self.steps == 0 || model.restart() == Some(n - 1) => 0,
            n => n - 1,
        };
        let batch = Batch::in_slots(active.iter().map(|&i| (i, self.rows[i].ids().len() - past(i), past(i))));
        let ids: Vec<i64> =
            active.iter().flat_map(|&i| &self.rows[i].ids()[past(i)..]).map(|id| i64::from(*id)).collect();
        let watched = WatchSet::none(model.n_modules());
        let mut pass = model.pass(&batch, &watched, cancel).keep(&mut self.cache).last_only();
        match model.forward(&mut pass, Tensor::new(ids, [batch.tokens()])) {
            Ok(logits) => Ok(logits),
            Err(Halt::Error(e)) => Err(e),
            Err(Halt::Done) => Err(Error::internal("an unwatched pass was ended")),
        }
    }

    /// The tokens that each row has made so far.
    pub fn made(&self) -> Vec<Vec<u32>> {
        self.rows.iter().map(|row| row.made().to_vec()).collect()
    }
}

/// Continues every prompt by `n` tokens, each the most likely one (the first of equals), past any that end
/// texts.
///
/// # Errors
/// As [`Generator::new`] and [`Generator::step`].
pub fn generate(
    model: &Model,
    prompts: &[Vec<u32>],
    n: usize,
    cancel: &Cancel,
) -> Result<Vec<Vec<u32>>, Error> {
    let mut generator = Generator::new(model, prompts, Sampling::greedy(n))?;
    while !generator.step(model, cancel)?.is_empty() {}
    Ok(generator.made())
}

/// Whether the model takes these prompts and `n` more tokens.
pub(crate) fn check(model: &Model, prompts: &[Vec<u32>], n: usize) -> Result<(), Error> {
    let spec = model.spec();
    for prompt in prompts {
        if prompt.is_empty() {
            return Err(Diagnostic::new(Code::EmptyPrompt, "a prompt has no tokens").into());
        }
        if prompt.len() + n > spec.n_ctx {
            let new = if n == 0 { String::new() } else { format!(" and {n} new ones") };
            let (len, name, most) = (prompt.len(), &spec.name, spec.n_ctx);
            let message = format!("a prompt of {len} tokens{new}, `{name}` takes at most {most}");
            return Err(Diagnostic::new(Code::PromptTooLong, message).into());
        }
        if let Some(at) = prompt.iter().position(|id| *id as usize >= spec.vocab_size) {
            let (id, v) = (prompt[at], spec.vocab_size);
            let message = format!("token id {id} at position {at} is outside the vocabulary of {v}");
            return Err(Diagnostic::new(Code::TokenOutOfRange, message).into());
        }
    }
    Ok(())
}
