//! The thing that owns one loaded model.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pellucid_api::{ErrorBody, Job, ResultTensor, results};
use pellucid_engine::{Cancel, Error, Model, Observer, Saved, execute_observed};
use pellucid_graph::{Limits, Trace};

/// A model and the limits of what may be asked of it.
pub struct Worker {
    model: Model,
    limits: Limits,
}

impl Worker {
    /// A worker for this model.
    pub fn new(model: Model, limits: Limits) -> Worker {
        Worker { model, limits }
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Runs a job and packs its results as safetensors.
    ///
    /// # Errors
    /// What is wrong with the job, in a form that may travel. A panic of the engine is an `internal`
    /// error of this job; the worker lives on.
    pub fn run(&self, job: &Job, cancel: &Cancel) -> Result<Vec<u8>, ErrorBody> {
        let saved = catch_unwind(AssertUnwindSafe(|| self.run_trace(job.trace(&self.limits)?, cancel)));
        let saved = saved.unwrap_or_else(|_| Err(Error::Internal("the engine panicked".to_owned())));
        let saved = saved.map_err(error_body)?;
        let results: Vec<ResultTensor<&[u8]>> = saved
            .iter()
            .map(|(name, t)| ResultTensor { name: name.to_owned(), ty: t.ty(), data: t.as_bytes() })
            .collect();
        results::encode(&results).map_err(|e| error_body(Error::Internal(e.to_string())))
    }

    /// Tokenizes what is text, checks and runs a trace.
    ///
    /// # Errors
    /// What is wrong with the trace; a cancelled run.
    pub fn run_trace(&self, trace: Trace, cancel: &Cancel) -> Result<Saved, Error> {
        self.run_observed(trace, cancel, &mut |_| {})
    }

    /// The same, telling `observer` of what happens while it runs.
    ///
    /// # Errors
    /// As [`run_trace`](Self::run_trace).
    pub fn run_observed(
        &self,
        mut trace: Trace,
        cancel: &Cancel,
        observer: &mut Observer<'_>,
    ) -> Result<Saved, Error> {
        trace.tokenize(|text| self.model.tokenizer().encode(text, true))?;
        let checked = self.model.check(trace, &self.limits)?;
        execute_observed(&self.model, &checked, cancel, observer)
    }
}

/// Tells a client what it may know: causes inside the server stay inside.
fn error_body(e: Error) -> ErrorBody {
    let code = e.code().to_owned();
    let plain = |message: &str| ErrorBody { code, message: message.to_owned(), help: None, at: None };
    match e {
        Error::Trace(d) => d.into(),
        Error::Cancelled => plain("the job was cancelled"),
        Error::Load(_) => plain("the model cannot tokenize text; give token ids"),
        Error::Internal(_) => plain("the worker failed; the job can be tried again"),
    }
}
