//! An opened model: its modules, what was observed of them, its tokenizer.

use std::sync::Arc;

use pellucid_graph::{Code, Diagnostic, ModelSpec, Order, Rename};

use crate::arch;
use crate::batch::Batch;
use crate::find::Source;
use crate::load::{self, Pooling, Progress, Tokenizer};
use crate::options::Options;
use crate::parameter::Parameters;
use crate::pass::{Child, Flow, Module, Pass, PointId, WatchSet};
use crate::precision::Precision;
use crate::probe::{Identity, probe};
use crate::scope::{Registered, Registry, Scope};
use crate::{Cancel, Error, Tensor};

/// A model with its weights, ready to run. Shared between threads: a run changes nothing in it.
pub struct Model {
    spec: Arc<ModelSpec>,
    tokenizer: Tokenizer,
    modules: Vec<Registered>,
    parameters: Parameters,
    precision: Precision,
    root: Child<dyn Module>,
    sites: Vec<(usize, PointId)>,
    orders: std::collections::HashMap<(usize, u8), Order>,
    eos: Vec<u32>,
    n_layers: usize,
    causal: bool,
    restart: Option<usize>,
    pooling: Result<Pooling, String>,
}

impl Model {
    /// Opens a model: finds out what it is and that its parameters are there. They are read when a pass
    /// first needs them.
    ///
    /// # Errors
    /// [`Error::Load`]: no such file, bytes that are no model, an unknown architecture, tensors that do
    /// not fit the configuration.
    pub fn open(
        source: impl Into<Source>,
        options: &Options,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Model, Error> {
        let checkpoint = match source.into() {
            Source::Path(path) => load::open(&path, progress)?,
            Source::Tiny { model_type, seed } => load::tiny(&model_type, seed)?,
        };
        let architecture = arch::find(&checkpoint.config)?;
        let registry = Registry::new(*options);
        let scope = Scope::root(&checkpoint.weights, &registry, architecture.base);
        let built = (architecture.build)(&scope, &checkpoint.config)?;
        registry.check_all_used(&checkpoint.weights)?;
        let (modules, parameters) = registry.into_parts();
        let identity = Identity {
            name: checkpoint.name,
            model_type: architecture.model_type.to_owned(),
            n_ctx: built.n_ctx,
            vocab_size: built.vocab_size,
            precision: options.dtype,
            causal: built.causal,
        };
        let probed = probe(identity, &modules, &built.root)?;
        let orders =
            probed.sites.iter().enumerate().map(|(i, (node, point))| ((*node, point.0), i)).collect();
        Ok(Model {
            spec: Arc::new(probed.spec),
            tokenizer: checkpoint.tokenizer,
            modules,
            parameters,
            precision: options.dtype,
            root: built.root,
            sites: probed.sites,
            orders,
            eos: checkpoint.generation.eos_token_ids,
            n_layers: built.n_layers,
            causal: built.causal,
            restart: built.restart,
            pooling: checkpoint.pooling,
        })
    }

    /// Reads all parameters now, so that the first pass need not.
    ///
    /// # Errors
    /// [`Error::Load`]: a file that cannot be read, a model without weights.
    pub fn load(&self, progress: &mut dyn FnMut(Progress<'_>)) -> Result<(), Error> {
        let total = self.parameters.len();
        for (done, (_, parameter)) in self.parameters.iter().enumerate() {
            progress(Progress::Parameters { done, total });
            parameter.load()?;
        }
        Ok(())
    }

    /// Bytes of memory that all parameters take once they are read; streamed ones take none.
    pub fn weight_bytes(&self) -> u64 {
        self.parameters.iter().map(|(_, parameter)| parameter.bytes()).sum()
    }

    /// What values in a pass are rounded to.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// A pass of this model that nobody watches.
    pub fn pass<'a>(&'a self, batch: &'a Batch, watched: &'a WatchSet, cancel: &'a Cancel) -> Pass<'a> {
        Pass::new(batch, watched, cancel).in_precision(self.precision).read_ahead(&self.parameters)
    }

    /// Gives modules and sites more names, as rules say.
    ///
    /// # Errors
    /// A name that is none, or is taken.
    pub fn rename(&mut self, renames: &[Rename<'_>]) -> Result<(), Error> {
        self.spec = Arc::new(self.spec.renamed(renames)?);
        Ok(())
    }

    /// What the language knows of the model.
    pub fn spec(&self) -> &Arc<ModelSpec> {
        &self.spec
    }

    /// Text to ids and back.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Ids that end a generation.
    pub fn eos(&self) -> &[u32] {
        &self.eos
    }

    /// What a row that has ended is continued with, as transformers does: the id for filling up, or the
    /// first that ends a generation.
    pub fn pad(&self) -> u32 {
        let filling = self.tokenizer.special_tokens().iter().find(|(role, _)| role == "pad_token");
        let id = filling.and_then(|(_, text)| self.tokenizer.id(text));
        id.or_else(|| self.eos.first().copied()).unwrap_or(0)
    }

    /// Whether the model continues texts; an encoder does not.
    pub fn is_causal(&self) -> bool {
        self.causal
    }

    /// Length beyond which a continuation computes its keys anew.
    pub(crate) fn restart(&self) -> Option<usize> {
        self.restart
    }

    /// How its folder says that hidden states become embeddings.
    ///
    /// # Errors
    /// [`Error::Trace`] when it says what is not known here.
    pub fn pooling(&self) -> Result<Pooling, Error> {
        self.pooling.clone().map_err(|why| {
            let message = format!("no embeddings from `{}`: {why}", self.spec.name);
            Diagnostic::new(Code::BadArgument, message).into()
        })
    }

    /// Layers with attention.
    pub fn n_layers(&self) -> usize {
        self.n_layers
    }

    /// The number of modules, for a [`WatchSet`].
    pub fn n_modules(&self) -> usize {
        self.modules.len()
    }

    /// Runs the whole model: ids `[t]` to logits `[t, v]`, or to an encoder's hidden states `[t, d]`.
    ///
    /// # Errors
    /// [`Halt`](crate::pass::Halt) from a watcher or a failure.
    pub fn forward(&self, pass: &mut Pass<'_>, ids: Tensor) -> Flow<Tensor> {
        pass.call(&self.root, ids)
    }

    /// Applies a module to a value outside the model's own pass: leading axes are kept; a module in
    /// which tokens look at each other takes `[b, s, ...]`, positions counted from 0.
    ///
    /// # Errors
    /// A cancelled run; ids outside a table.
    pub fn apply(&self, path: &str, x: Tensor, cancel: &Cancel) -> Result<Tensor, Error> {
        let tokenwise = self.spec.module(path)?.tokenwise;
        let module =
            self.modules.iter().find(|m| m.node.path == path).and_then(|m| Some((m, m.module.as_ref()?)));
        let Some((registered, module)) = module else {
            return Err(Error::internal(format!("`{path}` cannot be called")));
        };
        let (x, precision) = (Precision::taken(&x), self.precision);
        let lead = x.shape().to_vec();
        let (batch, x) = match tokenwise {
            true => (Batch::default(), x),
            false => (
                Batch::new(std::iter::repeat_n(lead[1], lead[0])),
                x.reshaped([&[lead[0] * lead[1]], &lead[2..]].concat()),
            ),
        };
        let watched = WatchSet::none(self.modules.len());
        let mut pass = self.pass(&batch, &watched, cancel);
        let mut y = match module.forward(&registered.node, &mut pass, x) {
            Ok(y) => y,
            Err(crate::pass::Halt::Error(e)) => return Err(e),
            Err(crate::pass::Halt::Done) => return Err(Error::internal("an unwatched module was ended")),
        };
        precision.settle(&mut y);
        let y = precision.shown(y);
        if tokenwise {
            return Ok(y);
        }
        let shape = [&lead[..2], &y.shape()[1..]].concat();
        Ok(y.reshaped(shape))
    }

    /// The module and point of a site of the pass; none for those of a generation.
    pub(crate) fn site(&self, order: Order) -> Option<(usize, PointId)> {
        self.sites.get(order).copied()
    }

    /// The order of a site.
    pub(crate) fn order(&self, node: usize, point: PointId) -> Option<Order> {
        self.orders.get(&(node, point.0)).copied()
    }
}
