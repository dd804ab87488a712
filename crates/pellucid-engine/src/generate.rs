//! Generation: prompts continued token by token, with a cache of keys and values.
//!
//! Prompts may differ in length and end at different steps; each is continued as if it were alone, to the
//! bit, whatever else is in the batch.

mod row;
mod sampling;

use pellucid_graph::{Code, Diagnostic, Sampling};

use crate::batch::Batch;
use crate::cache::KvCache;
use crate::pass::{Flow, Halt, Pass, WatchSet};
use crate::steps::Effects;
use crate::{Cancel, Error, Model, Tensor};

use row::Row;
pub use row::{Ended, Fresh};
pub use sampling::probabilities;

/// Continuations being made.
pub struct Generator {
    sampling: Sampling,
    /// Tokens that end a continuation.
    eos: Vec<u32>,
    /// What a row that has ended goes on with, if it must.
    pad: u32,
    /// `n` for each prompt, next to each other; a row's index is its place in the cache.
    rows: Vec<Row>,
    cache: KvCache,
    steps: usize,
    /// What edits of the model do in each step.
    effects: Option<Box<Effects>>,
}

impl Generator {
    /// Prepares `sampling.n` continuations of each prompt.
    ///
    /// # Errors
    /// [`Error::Trace`] for an encoder, an empty prompt, an id outside the vocabulary, a sequence longer than
    /// the context, or a setting of no meaning.
    pub fn new(model: &Model, prompts: &[Vec<u32>], sampling: Sampling) -> Result<Generator, Error> {
        let generator = Generator::without_effects(model, prompts, sampling)?;
        let effects = Effects::of(model, prompts, &generator.sampling)?.map(Box::new);
        Ok(Generator { effects, ..generator })
    }

    /// The same, whatever edits the model has: for a trace, which has their effects in it.
    pub(crate) fn without_effects(
        model: &Model,
        prompts: &[Vec<u32>],
        sampling: Sampling,
    ) -> Result<Generator, Error> {
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
            eos: sampling.eos.clone().unwrap_or_else(|| model.eos().to_vec()),
            pad: model.pad(),
            sampling,
            steps: 0,
            effects: None,
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
        if let Some(mut effects) = self.effects.take() {
            let goes_on = (0..self.rows.len()).any(|i| self.goes_on(i));
            let rows = self.rows.len();
            let fresh = if goes_on { effects.step(model, self, rows, cancel) } else { Ok(Vec::new()) };
            self.effects = Some(effects);
            return fresh;
        }
        // Rows of one prompt share its first pass.
        let n = if self.steps == 0 { self.sampling.n } else { 1 };
        let goes_on = |i: &usize| self.steps == 0 || self.goes_on(*i);
        let active: Vec<usize> = (0..self.rows.len()).step_by(n).filter(goes_on).collect();
        if active.is_empty() {
            return Ok(Vec::new());
        }
        let batch = self.batch(model, &active);
        let watched = WatchSet::none(model.n_modules());
        let pass = model.pass(&batch, &watched, cancel);
        let logits = match self.forward(model, pass.last_only(), &active) {
            Ok(logits) => logits, // [b, v]
            Err(Halt::Error(e)) => return Err(e),
            Err(Halt::Done) => return Err(Error::internal("an unwatched pass was ended")),
        };
        let mut rows = Vec::new();
        let mut tokens = Vec::new();
        for (b, &first) in active.iter().enumerate() {
            for i in first..first + n {
                if i > first {
                    self.cache.copy(first, i, self.rows[i].ids().len());
                }
                rows.push(i);
                tokens.push(self.choose(i, logits.rows(b, 1).f32s()));
            }
        }
        self.push(model, &rows, &tokens)
    }

    /// Whether a row has not ended.
    pub(crate) fn goes_on(&self, row: usize) -> bool {
        self.rows[row].ended().is_none()
    }

    /// The batch of the next pass over some rows.
    pub(crate) fn batch(&self, model: &Model, rows: &[usize]) -> Batch {
        let past = |i: usize| self.past(model, i);
        Batch::in_slots(rows.iter().map(|&i| (i, self.rows[i].ids().len() - past(i), past(i))))
    }

    /// Tokens of a row that are in the cache and stay.
    fn past(&self, model: &Model, row: usize) -> usize {
        match self.rows[row].ids().len() {
            n if self.steps == 0 || model.restart() == Some(n - 1) => 0,
            n => n - 1,
        }
    }

    /// Runs a pass over the [`batch`](Self::batch) of some rows. Gives the logits of each row's last token,
    /// or of all tokens if the pass is not for the last only.
    pub(crate) fn forward<'a>(
        &'a mut self,
        model: &'a Model,
        pass: Pass<'a>,
        rows: &[usize],
    ) -> Flow<Tensor> {
        let past: Vec<usize> = pass.batch().sequences().iter().map(|q| q.past).collect();
        let fresh = rows.iter().zip(past).flat_map(|(&i, past)| &self.rows[i].ids()[past..]);
        let ids: Vec<i64> = fresh.map(|id| i64::from(*id)).collect();
        let t = ids.len();
        model.forward(&mut pass.keep(&mut self.cache), Tensor::new(ids, [t]))
    }

    /// The next token of a row, whose logits are `[v]`; what fills up one that has ended.
    pub(crate) fn choose(&self, row: usize, logits: &[f32]) -> u32 {
        let row = &self.rows[row];
        match row.ended() {
            Some(_) => self.pad,
            None => sampling::choose(&self.sampling, logits, row.ids(), row.sample(), self.steps as u64),
        }
    }

    /// Gives rows their next tokens, which ends the step; tells of those that had not ended.
    ///
    /// # Errors
    /// Text settings without a tokenizer.
    pub(crate) fn push(
        &mut self,
        model: &Model,
        rows: &[usize],
        tokens: &[u32],
    ) -> Result<Vec<Fresh>, Error> {
        let mut fresh = Vec::new();
        for (&i, &token) in rows.iter().zip(tokens) {
            let row = &mut self.rows[i];
            match row.ended() {
                Some(_) => row.pad(token),
                None => fresh.push(row.push(i, token, &self.sampling, &self.eos, model.tokenizer())?),
            }
        }
        self.steps += 1;
        Ok(fresh)
    }

    /// Prompts and tokens made of some rows, i64: prompts aligned to the right, shorter continuations filled
    /// up. // [b, all]
    pub(crate) fn sequences(&self, rows: std::ops::Range<usize>) -> Tensor {
        let rows = &self.rows[rows];
        let prompt = rows.iter().map(Row::n_prompt).max().unwrap_or(0);
        let made = rows.iter().map(|row| row.made().len()).max().unwrap_or(0);
        let pad = i64::from(self.pad);
        let mut ids = Vec::with_capacity(rows.len() * (prompt + made));
        for row in rows {
            ids.extend(std::iter::repeat_n(pad, prompt - row.n_prompt()));
            ids.extend(row.whole().iter().map(|id| i64::from(*id)));
            ids.extend(std::iter::repeat_n(pad, made - row.made().len()));
        }
        Tensor::new(ids, [rows.len(), prompt + made])
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
