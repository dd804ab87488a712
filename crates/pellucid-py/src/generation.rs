//! Continuations, made a token at a time for whoever asks for the next.

use std::sync::{Arc, Mutex, PoisonError};

use pellucid_graph::Sampling;
use pyo3::prelude::*;

use crate::engine::{self, Error, Fresh, Generator};
use crate::errors::{At, Raise, loc};
use crate::model::Model;
use crate::prompt::PromptArg;
use crate::signals::Run;

/// What is chosen for a generation: most tokens, continuations of each prompt, temperature, `top_k`, `top_p`,
/// `min_p`, penalty of repetition, seed, texts to stop at, and whether tokens that end texts end it.
pub type Settings = (usize, usize, f64, Option<usize>, Option<f64>, Option<f64>, f64, u64, Vec<String>, bool);

/// The settings as the graph has them.
pub fn sampling(settings: Settings) -> Sampling {
    let (max_new_tokens, n, temperature, top_k, top_p, min_p, repetition_penalty, seed, stop, ends) =
        settings;
    let eos = if ends { None } else { Some(Vec::new()) };
    Sampling { max_new_tokens, n, temperature, top_k, top_p, min_p, repetition_penalty, seed, eos, stop }
}

/// Row, token, text, why it ended.
type FreshRow = (usize, u32, String, Option<&'static str>);

/// Continuations being made.
#[pyclass(frozen, module = "pellucid._native")]
pub struct Generation {
    model: Arc<engine::Model>,
    generator: Mutex<Generator>,
    prompts: Vec<Vec<u32>>,
}

#[pymethods]
impl Generation {
    #[new]
    fn new(
        py: Python<'_>,
        model: &Model,
        prompts: Vec<PromptArg>,
        settings: Settings,
        at: At,
    ) -> PyResult<Generation> {
        let (model, at) = (model.shared(), loc(at));
        let prompts =
            prompts.into_iter().map(|p| p.ids(py, &model, at.as_ref())).collect::<PyResult<Vec<_>>>()?;
        let generator = Generator::new(&model, &prompts, sampling(settings)).map_err(|error| match error {
            Error::Trace(diagnostic) => diagnostic.at(at).into(),
            other => other,
        });
        Ok(Generation { model, generator: Mutex::new(generator.raise(py)?), prompts })
    }

    /// The ids of the prompts.
    #[getter]
    fn prompts(&self) -> Vec<Vec<u32>> {
        self.prompts.clone()
    }

    /// The next token of every row that goes on; nothing when all have ended.
    fn step(&self, py: Python<'_>) -> PyResult<Vec<FreshRow>> {
        let run = Run::new();
        let cancel = run.cancel();
        let work = || {
            // A panic while it was held has left at worst a step half made, whose rows end as they are.
            let mut generator = self.generator.lock().unwrap_or_else(PoisonError::into_inner);
            generator.step(&self.model, &cancel)
        };
        let fresh = run.run(py, work)?.raise(py)?;
        Ok(fresh.into_iter().map(row).collect())
    }
}

fn row(fresh: Fresh) -> FreshRow {
    (fresh.row, fresh.token, fresh.text, fresh.ended.map(engine::Ended::name))
}
