//! Embeddings of texts, as sentence-transformers takes them from an encoder.

use pellucid_graph::{Code, Diagnostic};

use crate::batch::Batch;
use crate::generate::check;
use crate::pass::{Halt, WatchSet};
use crate::{Cancel, Error, Model, Tensor};

/// The mean of each prompt's last hidden states, not normalized: `[b, d]`. Prompts may differ in
/// length; a prompt's embedding does not depend on the others.
///
/// # Errors
/// [`Error::Trace`] for a model that is no encoder, an empty or too long prompt, an id outside the
/// vocabulary; [`Error::Cancelled`].
pub fn embed(model: &Model, prompts: &[Vec<u32>], cancel: &Cancel) -> Result<Tensor, Error> {
    if model.is_causal() {
        let message = format!("`{}` gives logits; embeddings come from an encoder", model.spec().name);
        return Err(Diagnostic::new(Code::BadArgument, message).into());
    }
    check(model, prompts, 0)?;
    let batch = Batch::new(prompts.iter().map(Vec::len));
    let ids: Vec<i64> = prompts.iter().flatten().map(|id| i64::from(*id)).collect();
    let watched = WatchSet::none(model.n_modules());
    let mut pass = model.pass(&batch, &watched, cancel);
    match model.forward(&mut pass, Tensor::new(ids, [batch.tokens()])) {
        Ok(states) => Ok(means(&batch, &states)),
        Err(Halt::Error(e)) => Err(e),
        Err(Halt::Done) => Err(Error::internal("an unwatched pass was ended")),
    }
}

/// Means over the rows of each sequence. // [b, d]
fn means(batch: &Batch, states: &Tensor) -> Tensor {
    let d = states.shape()[1];
    let mut out = Vec::with_capacity(batch.sequences().len() * d);
    for q in batch.sequences() {
        let mut sum = vec![0.0f32; d];
        for row in states.rows(q.start, q.len).f32s().chunks_exact(d) {
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        out.extend(sum.iter().map(|sum| sum / q.len as f32));
    }
    Tensor::new(out, [batch.sequences().len(), d])
}
