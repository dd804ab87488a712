//! Greedy generation with a cache of keys and values.

use pellucid_graph::{Code, Diagnostic};

use crate::batch::Batch;
use crate::cache::KvCache;
use crate::pass::{Halt, WatchSet};
use crate::{Cancel, Error, Model, Tensor};

/// Continues every prompt by `n` tokens, each the most likely one (the first of equals). Prompts may
/// differ in length; each is continued as if it were alone.
///
/// # Errors
/// [`Error::Trace`] for an encoder, an empty prompt, an id outside the vocabulary or a sequence longer than the
/// context; [`Error::Cancelled`].
pub fn generate(
    model: &Model,
    prompts: &[Vec<u32>],
    n: usize,
    cancel: &Cancel,
) -> Result<Vec<Vec<u32>>, Error> {
    if !model.is_causal() {
        let message = format!("`{}` is an encoder, which does not continue prompts", model.spec().name);
        return Err(Diagnostic::new(Code::BadArgument, message).into());
    }
    check(model, prompts, n)?;
    let longest = prompts.iter().map(Vec::len).max().unwrap_or(0);
    let mut cache = KvCache::new(model.n_layers(), longest + n);
    let mut fresh: Vec<Vec<u32>> = prompts.to_vec();
    let mut past = vec![0; prompts.len()];
    let mut out = vec![Vec::with_capacity(n); prompts.len()];
    for _ in 0..n {
        let batch = Batch::with_past(fresh.iter().map(Vec::len).zip(past.iter().copied()));
        let logits = step(model, &batch, &fresh, &mut cache, cancel)?;
        for (i, q) in batch.sequences().iter().enumerate() {
            let last = logits.rows(q.start + q.len - 1, 1);
            let next = argmax(last.f32s());
            out[i].push(next);
            past[i] += q.len;
            fresh[i] = vec![next];
        }
    }
    Ok(out)
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
    }
    Ok(())
}

fn step(
    model: &Model,
    batch: &Batch,
    ids: &[Vec<u32>],
    cache: &mut KvCache,
    cancel: &Cancel,
) -> Result<Tensor, Error> {
    let ids: Vec<i64> = ids.iter().flatten().map(|id| i64::from(*id)).collect();
    let watched = WatchSet::none(model.n_modules());
    let mut pass = model.pass(batch, &watched, cancel).keep(cache);
    match model.forward(&mut pass, Tensor::new(ids, [batch.tokens()])) {
        Ok(logits) => Ok(logits), // [t, v]
        Err(Halt::Error(e)) => Err(e),
        Err(Halt::Done) => Err(Error::internal("an unwatched pass was ended")),
    }
}

fn argmax(row: &[f32]) -> u32 {
    let best = row.iter().enumerate().fold(
        (0, f32::NEG_INFINITY),
        |best, (i, &x)| {
            if x > best.1 { (i, x) } else { best }
        },
    );
    best.0 as u32
}
