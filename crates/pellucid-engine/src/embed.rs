//! Embeddings of texts, as sentence-transformers takes them from an encoder.

use pellucid_graph::{
    Code, Diagnostic, Dim, Invoke, Kind, Limits, Point, Prompt, Site, Statement, Trace, ValueId,
};

use crate::batch::Batch;
use crate::generate::check;
use crate::load::{Pooled, Pooling};
use crate::pass::{Halt, WatchSet};
use crate::precision::Precision;
use crate::{Cancel, Error, Model, Tensor, execute};

/// Most tokens of one pass; a longer prompt has one to itself. Hidden states of all tokens live at once.
const PASS_TOKENS: usize = 16_384;
/// Shorter embeddings are divided by this instead of their length, as in PyTorch's `normalize`.
const SHORTEST: f32 = 1e-12;

/// One vector for each prompt, made of its last hidden states: `[b, d]`, f32. Prompts may differ in
/// length; a prompt's embedding does not depend on the others.
///
/// # Errors
/// [`Error::Trace`] for a model that is no encoder, an empty or too long prompt, an id outside the
/// vocabulary; [`Error::Cancelled`].
pub fn embed(model: &Model, prompts: &[Vec<u32>], how: Pooling, cancel: &Cancel) -> Result<Tensor, Error> {
    check_is_encoder(model)?;
    check(model, prompts, 0)?;
    let mut out = Vec::new();
    for some in passes(prompts) {
        out.extend_from_slice(pass(model, some, how, cancel)?.f32s());
    }
    Ok(Tensor::new(out, [prompts.len(), width(model)])) // [b, d]
}

/// Whether embeddings can be had from a model.
///
/// # Errors
/// [`Error::Trace`] for a model that is no encoder.
fn check_is_encoder(model: &Model) -> Result<(), Error> {
    if !model.is_causal() {
        return Ok(());
    }
    let message = format!("`{}` gives logits; embeddings come from an encoder", model.spec().name);
    Err(Diagnostic::new(Code::BadArgument, message).into())
}

/// Width of the hidden states that the model gives.
fn width(model: &Model) -> usize {
    let output = model.spec().sites.iter().find(|s| s.path.is_empty() && s.point == "output");
    match output.and_then(|site| site.shape.last()) {
        Some(Dim::Fixed(d)) => *d,
        _ => 0,
    }
}

/// Prompts in their order, as many at a time as one pass shall hold.
fn passes(prompts: &[Vec<u32>]) -> impl Iterator<Item = &[Vec<u32>]> {
    let mut rest = prompts;
    std::iter::from_fn(move || {
        let mut tokens = 0;
        let fits = rest.iter().take_while(|prompt| {
            tokens += prompt.len();
            tokens <= PASS_TOKENS
        });
        let n = fits.count().max(1).min(rest.len());
        let (some, others) = rest.split_at(n);
        rest = others;
        (!some.is_empty()).then_some(some)
    })
}

fn pass(model: &Model, prompts: &[Vec<u32>], how: Pooling, cancel: &Cancel) -> Result<Tensor, Error> {
    let batch = Batch::new(prompts.iter().map(Vec::len));
    if model.has_effects() {
        return Ok(pooled(&batch, &edited(model, prompts, cancel)?, how));
    }
    let ids: Vec<i64> = prompts.iter().flatten().map(|id| i64::from(*id)).collect();
    let watched = WatchSet::none(model.n_modules());
    let mut pass = model.pass(&batch, &watched, cancel);
    match model.forward(&mut pass, Tensor::new(ids, [batch.tokens()])) {
        Ok(states) => Ok(pooled(&batch, &states, how)),
        Err(Halt::Error(e)) => Err(e),
        Err(Halt::Done) => Err(Error::internal("an unwatched pass was ended")),
    }
}

/// The states of all tokens in a model whose edits have effects: each prompt is an invoke. // [t, d]
fn edited(model: &Model, prompts: &[Vec<u32>], cancel: &Cancel) -> Result<Tensor, Error> {
    let output = |invoke: usize| {
        let read = Kind::Read { invoke, site: Site::new("", Point::Output) };
        let save = Kind::Save { name: invoke.to_string(), value: ValueId(invoke as u32) };
        [read, save].map(|kind| Statement { kind, at: None })
    };
    let invoke = |ids: &Vec<u32>| Invoke { prompts: vec![Prompt::ids(ids.clone())], at: None };
    let trace = Trace {
        invokes: prompts.iter().map(invoke).collect(),
        statements: (0..prompts.len()).flat_map(output).collect(),
        ..Trace::default()
    };
    let saved = execute(model, &model.check(trace, &Limits::default())?, cancel)?;
    let states = saved.iter().flat_map(|(_, states)| Precision::taken(states).f32s().to_vec());
    let states: Vec<f32> = states.collect();
    let t = prompts.iter().map(Vec::len).sum();
    Ok(Tensor::new(states, [t, width(model)]))
}

/// From the states of all tokens `[t, d]` to one for each sequence. // [b, d]
fn pooled(batch: &Batch, states: &Tensor, how: Pooling) -> Tensor {
    let d = states.shape()[1];
    let mut out = Vec::with_capacity(batch.sequences().len() * d);
    for q in batch.sequences() {
        let mut one = match how.of {
            Pooled::Mean => mean(states.rows(q.start, q.len).f32s(), d),
            Pooled::First => states.rows(q.start, 1).f32s().to_vec(),
        };
        if how.normalize {
            normalize(&mut one);
        }
        out.extend(one);
    }
    Tensor::new(out, [batch.sequences().len(), d])
}

fn mean(rows: &[f32], d: usize) -> Vec<f32> {
    let mut sum = vec![0.0f32; d];
    for row in rows.chunks_exact(d) {
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    let n = (rows.len() / d) as f32;
    sum.iter_mut().for_each(|sum| *sum /= n);
    sum
}

fn normalize(x: &mut [f32]) {
    let length = x.iter().map(|x| x * x).sum::<f32>().sqrt().max(SHORTEST);
    x.iter_mut().for_each(|x| *x /= length);
}
