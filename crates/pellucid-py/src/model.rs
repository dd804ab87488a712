//! An open model: what its tree and its sites are, and its tokenizer.

use std::sync::{Arc, PoisonError, RwLock};

use pellucid_graph::diagnostic::nearest;
use pellucid_graph::spec::display_path;
use pellucid_graph::{Begins, Code, DType, Diagnostic, Rename, Taken};
use pyo3::prelude::*;

use crate::array::Array;
use crate::engine::{self, Chat, Encoding, Error, Now, Side};
use crate::errors::{self, At, Raise, loc};
use crate::hub;
use crate::prompt::{PromptArg, token_ids};
use crate::signals::{Run, interruptible};

/// A handle to a model in memory, shared by all who trace it. An edit in place gives it another model;
/// runs that have begun go on with the one they began with.
#[pyclass(frozen, module = "pellucid._native")]
pub struct Model {
    inner: RwLock<Arc<engine::Model>>,
    revision: Option<String>,
}

/// The precision of a run in this dtype.
fn precision(dtype: &str) -> Result<engine::Precision, engine::Error> {
    let found = DType::parse(dtype).and_then(engine::Precision::of);
    found.ok_or_else(|| {
        let message = format!("`dtype` is {dtype}; models run in float32, bfloat16 or float16");
        Diagnostic::new(Code::BadArgument, message).into()
    })
}

/// Path, class name, whether rows are independent, weights of the module itself.
type ModuleRow = (String, String, bool, u64);
/// Ids, mask, offsets and pieces of a prompt.
type EncodingRow = (Vec<u32>, Vec<u8>, Vec<(usize, usize)>, Vec<String>);
/// Path of the module, point, dtype, symbolic shape.
type SiteRow = (String, String, &'static str, Vec<String>);

impl Model {
    /// The engine's model as it is now.
    pub fn shared(&self) -> Arc<engine::Model> {
        // What is guarded is replaced whole: a panic while it was held has left nothing half done.
        self.inner.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes this handle one to another model, which is this one edited.
    pub fn replace(&self, model: engine::Model) {
        *self.inner.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(model);
    }

    /// Another handle, to this model as it is now.
    pub fn copied(&self) -> Model {
        Model { inner: RwLock::new(self.shared()), revision: self.revision.clone() }
    }
}

/// The most memory that this process has held at once, in bytes; `None` where the system does not say.
#[pyfunction]
pub fn peak_memory() -> Option<u64> {
    engine::peak_memory()
}

/// Seconds that a forward pass takes which nobody watches: what traces are measured against.
#[pyfunction]
pub fn time_forward(py: Python<'_>, model: &Model, ids: Vec<u32>) -> PyResult<f64> {
    let model = model.shared();
    let seconds = py.detach(|| {
        let start = std::time::Instant::now();
        model.run(&ids).map(|_| start.elapsed().as_secs_f64())
    });
    seconds.raise(py)
}

#[pymethods]
impl Model {
    /// Opens a folder, a `.gguf` file, a model of this machine by name, or one of the hub by its id;
    /// what a first name of `renames` leads to is also called by the second. `hub` is a revision, a
    /// token and whether to be offline; `report` is called as a download goes on.
    #[staticmethod]
    #[pyo3(signature = (name, renames, dtype, quantized, stream, memory_budget, hub, report))]
    #[allow(clippy::too_many_arguments, reason = "Python's keyword arguments")]
    fn open(
        py: Python<'_>,
        name: String,
        renames: Vec<(String, String)>,
        dtype: &str,
        quantized: bool,
        stream: bool,
        memory_budget: Option<&str>,
        hub: (Option<String>, Option<String>, Option<bool>),
        report: &Bound<'_, PyAny>,
    ) -> PyResult<Model> {
        let dtype = precision(dtype).raise(py)?;
        let memory_budget = memory_budget.map(engine::bytes).transpose().raise(py)?;
        let options = engine::Options { dtype, quantized, stream, memory_budget };
        let (revision, token, offline) = hub;
        let settings = hub::settings(token.as_deref(), offline);
        let hub::Located { source, revision } = hub::locate(py, name, revision, settings, report)?;
        let work = move || {
            let mut model = engine::Model::open(source, &options, &mut |_| {})?;
            let rules: Vec<Rename<'_>> = renames.iter().map(|(from, to)| rule(from, to)).collect();
            model.rename(&rules).map(|()| model)
        };
        Ok(Model { inner: RwLock::new(Arc::new(interruptible(py, None, work)?.raise(py)?)), revision })
    }

    /// The commit, if it is a model of the hub.
    #[getter]
    fn revision(&self) -> Option<&str> {
        self.revision.as_deref()
    }

    /// Reads all weights now.
    fn load(&self, py: Python<'_>) -> PyResult<()> {
        let inner = self.shared();
        interruptible(py, None, move || inner.load(&mut |_| {}))?.raise(py)
    }

    /// Bytes that all weights take in memory once they are read.
    #[getter]
    fn weight_bytes(&self) -> u64 {
        self.shared().weight_bytes()
    }

    #[getter]
    fn name(&self) -> String {
        self.shared().spec().name.clone()
    }

    #[getter]
    fn model_type(&self) -> String {
        self.shared().spec().model_type.clone()
    }

    #[getter]
    fn n_ctx(&self) -> usize {
        self.shared().spec().n_ctx
    }

    #[getter]
    fn vocab_size(&self) -> usize {
        self.shared().spec().vocab_size
    }

    #[getter]
    fn dtype(&self) -> &'static str {
        self.shared().spec().dtype.name()
    }

    /// Every module, parents before children.
    fn modules(&self) -> Vec<ModuleRow> {
        let model = self.shared();
        let modules = &model.spec().modules;
        modules.iter().map(|m| (m.path.clone(), m.kind.clone(), m.tokenwise, m.params)).collect()
    }

    /// Every site, in the order a forward pass visits them.
    fn sites(&self) -> Vec<SiteRow> {
        self.shared().spec().sites.iter().map(site_row).collect()
    }

    /// The sites of a generation, in the order that a step comes to them.
    fn generator_sites(&self) -> Vec<SiteRow> {
        self.shared().spec().generator.iter().map(site_row).collect()
    }

    /// Every other name of a module or site, parents before children: from the root, at the real path
    /// of its parent, and what it stands for.
    fn aliases(&self) -> Vec<(String, String, String)> {
        let model = self.shared();
        let spec = model.spec();
        spec.aliases.iter().map(|a| (a.name.clone(), spec.real_name(a), a.target.clone())).collect()
    }

    /// Raises what is wrong with a name that a module has neither as a child nor as a site.
    fn unknown_name(&self, py: Python<'_>, path: &str, name: &str, at: At) -> PyResult<()> {
        let (model, at) = (self.shared(), loc(at));
        let spec = model.spec();
        if !path.is_empty() || !name.contains('.') {
            spec.module(path).map_err(|d| d.at(at.clone())).raise(py)?;
        }
        let (children, points) = (spec.children(path), spec.points(path));
        let weights = spec.parameters_at(path);
        let message = format!("`{}` has no module or site `{name}`", display_path(path));
        let diagnostic = Diagnostic::new(Code::UnknownModule, message);
        let aliases = spec.aliases_at(path);
        let known = children.iter().chain(&points).chain(&aliases).chain(&weights).copied();
        let help = nearest(name, known).unwrap_or_else(|| match (children.is_empty(), points.is_empty()) {
            (true, true) => "`print(model)` shows every module and site".to_owned(),
            (true, false) => format!("it has the sites {}", points.join(", ")),
            (false, true) => format!("it has the modules {}", children.join(", ")),
            (false, false) => {
                format!("it has the modules {} and the sites {}", children.join(", "), points.join(", "))
            }
        });
        Err(diagnostic.help(help).at(at)).raise(py)
    }

    /// Raises what is wrong with a path that the model does not have.
    fn unknown_path(&self, py: Python<'_>, path: &str, at: At) -> PyResult<()> {
        self.shared().spec().module(path).map_err(|d| d.at(loc(at))).raise(py).map(drop)
    }

    /// The prompts with ids, masks, offsets and pieces, filled up if a side and a length say how.
    fn encodings(
        &self,
        py: Python<'_>,
        texts: Vec<String>,
        add_special: bool,
        padding: Option<(Option<String>, Option<usize>)>,
        at: At,
    ) -> PyResult<Vec<EncodingRow>> {
        let model = self.shared();
        let tokenizer = model.tokenizer();
        let encodings = texts.iter().map(|text| tokenizer.encoding(text, add_special));
        let mut encodings = encodings.collect::<Result<Vec<_>, _>>().raise(py)?;
        if let Some((side, length)) = padding {
            let fault = |message: &str| Diagnostic::new(Code::BadArgument, message).at(loc(at));
            let side = side.map(|word| Side::parse(&word).ok_or(word)).transpose();
            let padding = match side {
                Err(word) => Err(fault(&format!("`padding_side` is `left` or `right`, not `{word}`"))),
                Ok(side) => tokenizer.padding(side, length).ok_or_else(|| {
                    fault("the tokenizer has no `pad_token` to fill prompts up with")
                        .help("prompts of a trace need not be equally long")
                }),
            };
            Encoding::pad(&mut encodings, &padding.raise(py)?);
        }
        Ok(encodings.into_iter().map(|e| (e.ids, e.mask, e.offsets, e.pieces)).collect())
    }

    /// The tokens of a prompt that have a part of `wanted`.
    fn positions(
        &self,
        py: Python<'_>,
        prompt: PromptArg,
        wanted: &str,
        which: Option<i64>,
        add_special: bool,
        at: At,
    ) -> PyResult<Vec<usize>> {
        let (model, at) = (self.shared(), loc(at));
        let tokenizer = model.tokenizer();
        let (text, encoding) = match prompt {
            PromptArg::Text(text) => {
                let encoding = tokenizer.encoding(&text, add_special).raise(py)?;
                (text, encoding)
            }
            PromptArg::Ids(ids) => {
                let ids = token_ids(&ids).map_err(|d| d.at(at.clone())).raise(py)?;
                tokenizer.spelled(&ids)
            }
        };
        encoding.positions(&text, wanted, which).map_err(|d| d.at(at)).raise(py)
    }

    /// The text of messages, given as JSON; `now` is the time in seconds since 1970 and how far local
    /// time is ahead of UTC.
    #[allow(clippy::too_many_arguments, reason = "what `apply_chat_template` takes, handed on")]
    fn chat(
        &self,
        py: Python<'_>,
        messages: &str,
        add_generation_prompt: bool,
        continue_final_message: bool,
        template: Option<&str>,
        variables: &str,
        now: (i64, i64),
        at: At,
    ) -> PyResult<String> {
        let now = Now { unix_s: now.0, utc_offset_s: now.1 };
        let chat = Chat { add_generation_prompt, continue_final_message, template, variables, now };
        let text = self.shared().tokenizer().chat(messages, &chat);
        text.map_err(|e| errors::new(py, e.code(), &e.to_string(), None, loc(at)))
    }

    /// The Jinja that messages are rendered with.
    #[getter]
    fn chat_template(&self) -> Option<String> {
        self.shared().tokenizer().chat_templates()?.get(false).map(str::to_owned)
    }

    /// Role, text and id of the tokens that have a role.
    fn special_tokens(&self) -> Vec<(String, String, Option<u32>)> {
        let model = self.shared();
        let tokenizer = model.tokenizer();
        let row = |(role, text): &(String, String)| (role.clone(), text.clone(), tokenizer.id(text));
        tokenizer.special_tokens().iter().map(row).collect()
    }

    #[getter]
    fn padding_side(&self) -> &'static str {
        self.shared().tokenizer().padding_side().name()
    }

    /// One vector for each prompt, `[b, d]`: as the model's folder says, or with another `normalize`.
    fn embed(
        &self,
        py: Python<'_>,
        prompts: Vec<PromptArg>,
        normalize: Option<bool>,
        at: At,
    ) -> PyResult<Array> {
        let (model, run, at) = (self.shared(), Run::new(), loc(at));
        let prompts =
            prompts.into_iter().map(|p| p.ids(py, &model, at.as_ref())).collect::<PyResult<Vec<_>>>()?;
        let cancel = run.cancel();
        let work = || {
            let mut how = model.pooling()?;
            how.normalize = normalize.unwrap_or(how.normalize);
            engine::embed(&model, &prompts, how, &cancel)
        };
        let embeddings = run.run(py, work)?.map_err(|error| match error {
            Error::Trace(diagnostic) => diagnostic.at(at).into(),
            other => other,
        });
        Ok(Array::new(embeddings.raise(py)?))
    }

    /// Whether it continues texts; an encoder does not.
    #[getter]
    fn is_causal(&self) -> bool {
        self.shared().is_causal()
    }

    fn encode(&self, py: Python<'_>, text: &str, add_special: bool) -> PyResult<Vec<u32>> {
        self.shared().tokenizer().encode(text, add_special).raise(py)
    }

    fn decode(&self, py: Python<'_>, ids: Vec<u32>, skip_special: bool) -> PyResult<String> {
        self.shared().tokenizer().decode(&ids, skip_special).raise(py)
    }

    fn pieces(&self, ids: Vec<u32>) -> Vec<String> {
        self.shared().tokenizer().pieces(&ids)
    }
}

fn site_row(site: &pellucid_graph::SiteSpec) -> SiteRow {
    let shape = site.shape.iter().map(ToString::to_string).collect();
    (site.path.clone(), site.point.clone(), site.dtype.name(), shape)
}

/// A user's rename, which may begin anywhere and must not take a name.
fn rule<'a>(from: &'a str, to: &'a str) -> Rename<'a> {
    Rename { from, to, begins: Begins::Anywhere, taken: Taken::Fail }
}
