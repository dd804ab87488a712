//! An opened model: its modules, what was observed of them, its tokenizer.

use std::sync::Arc;

use pellucid_graph::{Code, Diagnostic, ModelSpec, Order, Rename};

use crate::arch;
use crate::batch::Batch;
use crate::edit::Applied;
use crate::find::Source;
use crate::load::{self, Pooling, Progress, Tokenizer};
use crate::options::Options;
use crate::parameter::{Holder, Named, Parameters};
use crate::pass::{Child, Flow, Module, Pass, PointId, WatchSet};
use crate::precision::Precision;
use crate::probe::{Identity, probe};
use crate::scope::{Registered, Registry, Scope};
use crate::{Cancel, Error, Tensor, meter};

/// A model with its weights, ready to run. Shared between threads: a run changes nothing in it.
///
/// A clone is another handle to the same memory. An edited model shares with the one it was made from
/// every weight that the edit left alone.
#[derive(Clone)]
pub struct Model {
    spec: Arc<ModelSpec>,
    opened: Arc<Opened>,
    body: Arc<Body>,
    /// What it was before any edit.
    unedited: Arc<Body>,
    edits: Vec<Arc<Applied>>,
}

/// What was opened, whatever the weights.
struct Opened {
    checkpoint: load::Checkpoint,
    architecture: &'static arch::Architecture,
    options: Options,
    sites: Vec<(usize, PointId)>,
    orders: std::collections::HashMap<(usize, u8), Order>,
    n_layers: usize,
    causal: bool,
    restart: Option<usize>,
}

/// The modules with their weights.
struct Body {
    modules: Vec<Registered>,
    parameters: Parameters,
    named: Vec<Named>,
    root: Child<dyn Module>,
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
        let built = build(&checkpoint, architecture, &registry)?;
        registry.check_all_used(&checkpoint.weights)?;
        let (modules, parameters, named) = registry.into_parts();
        let identity = Identity {
            name: checkpoint.name.clone(),
            model_type: architecture.model_type.to_owned(),
            n_ctx: built.n_ctx,
            vocab_size: built.vocab_size,
            precision: options.dtype,
            causal: built.causal,
        };
        let probed = probe(identity, &modules, &named, &built.root)?;
        let orders =
            probed.sites.iter().enumerate().map(|(i, (node, point))| ((*node, point.0), i)).collect();
        let opened = Opened {
            checkpoint,
            architecture,
            options: *options,
            sites: probed.sites,
            orders,
            n_layers: built.n_layers,
            causal: built.causal,
            restart: built.restart,
        };
        let body = Arc::new(Body { modules, parameters, named, root: built.root });
        Ok(Model {
            spec: Arc::new(probed.spec),
            opened: Arc::new(opened),
            unedited: body.clone(),
            body,
            edits: Vec::new(),
        })
    }

    /// Weights by their name, as a trace sees them; a copy.
    ///
    /// # Errors
    /// No such weights; a file that cannot be read.
    pub fn parameter(&self, path: &str) -> Result<Tensor, Error> {
        let named = self.named(&self.spec.real_parameter(path))?;
        Ok(self.precision().shown(Tensor::new(named.numbers()?, named.shape.clone())))
    }

    fn named(&self, path: &str) -> Result<&Named, Error> {
        self.spec.parameter(path)?;
        let found = self.body.named.iter().find(|named| named.path == path);
        found.ok_or_else(|| Error::internal(format!("the weights `{path}` have no numbers")))
    }

    /// What would hold these numbers as the weights of a name, which has as many.
    pub(crate) fn holders(&self, path: &str, numbers: &Tensor) -> Result<Vec<Holder>, Error> {
        Ok(self.named(&self.spec.real_parameter(path))?.with_numbers(Precision::taken(numbers).f32s())?)
    }

    /// The same model with some tensors held otherwise; all others are the same memory.
    pub(crate) fn with_holders(&self, changed: Vec<Holder>) -> Result<Model, Error> {
        let all = self.body.named.iter().flat_map(|named| named.parts.iter().cloned());
        let Opened { checkpoint, architecture, options, .. } = &*self.opened;
        let registry = Registry::of_held(*options, all.chain(changed));
        let built = build(checkpoint, architecture, &registry)?;
        let (modules, parameters, named) = registry.into_parts();
        let body = Arc::new(Body { modules, parameters, named, root: built.root });
        Ok(Model { body, ..self.clone() })
    }

    /// The edits of this handle, in the order in which they were made.
    pub fn edits(&self) -> &[Arc<Applied>] {
        &self.edits
    }

    pub(crate) fn with_applied(mut self, edit: Applied) -> Model {
        self.edits.push(Arc::new(edit));
        self
    }

    /// The model as it was opened.
    pub fn without_edits(&self) -> Model {
        Model { body: self.unedited.clone(), edits: Vec::new(), ..self.clone() }
    }

    /// Reads all parameters now, so that the first pass need not.
    ///
    /// # Errors
    /// [`Error::Load`]: a file that cannot be read, a model without weights.
    pub fn load(&self, progress: &mut dyn FnMut(Progress<'_>)) -> Result<(), Error> {
        let total = self.body.parameters.len();
        for (done, (_, parameter)) in self.body.parameters.iter().enumerate() {
            progress(Progress::Parameters { done, total });
            parameter.load()?;
        }
        Ok(())
    }

    /// Bytes of memory that all parameters take once they are read; streamed ones take none.
    pub fn weight_bytes(&self) -> u64 {
        self.body.parameters.iter().map(|(_, parameter)| parameter.bytes()).sum()
    }

    /// What values in a pass are rounded to.
    pub fn precision(&self) -> Precision {
        self.opened.options.dtype
    }

    /// A pass of this model that nobody watches.
    pub fn pass<'a>(&'a self, batch: &'a Batch, watched: &'a WatchSet, cancel: &'a Cancel) -> Pass<'a> {
        Pass::new(batch, watched, cancel).in_precision(self.precision()).read_ahead(&self.body.parameters)
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
        &self.opened.checkpoint.tokenizer
    }

    /// Ids that end a generation.
    pub fn eos(&self) -> &[u32] {
        &self.opened.checkpoint.generation.eos_token_ids
    }

    /// What a row that has ended is continued with, as transformers does: the id for filling up, or the
    /// first that ends a generation.
    pub fn pad(&self) -> u32 {
        let filling = self.tokenizer().special_tokens().iter().find(|(role, _)| role == "pad_token");
        let id = filling.and_then(|(_, text)| self.tokenizer().id(text));
        id.or_else(|| self.eos().first().copied()).unwrap_or(0)
    }

    /// Whether the model continues texts; an encoder does not.
    pub fn is_causal(&self) -> bool {
        self.opened.causal
    }

    /// Length beyond which a continuation computes its keys anew.
    pub(crate) fn restart(&self) -> Option<usize> {
        self.opened.restart
    }

    /// How its folder says that hidden states become embeddings.
    ///
    /// # Errors
    /// [`Error::Trace`] when it says what is not known here.
    pub fn pooling(&self) -> Result<Pooling, Error> {
        self.opened.checkpoint.pooling.clone().map_err(|why| {
            let message = format!("no embeddings from `{}`: {why}", self.spec.name);
            Diagnostic::new(Code::BadArgument, message).into()
        })
    }

    /// Layers with attention.
    pub fn n_layers(&self) -> usize {
        self.opened.n_layers
    }

    /// The number of modules, for a [`WatchSet`].
    pub fn n_modules(&self) -> usize {
        self.body.modules.len()
    }

    /// Runs the whole model: ids `[t]` to logits `[t, v]`, or to an encoder's hidden states `[t, d]`.
    ///
    /// # Errors
    /// [`Halt`](crate::pass::Halt) from a watcher or a failure.
    pub fn forward(&self, pass: &mut Pass<'_>, ids: Tensor) -> Flow<Tensor> {
        meter::count_tokens(pass.batch().tokens());
        pass.call(&self.body.root, ids)
    }

    /// The same for one prompt, which nobody watches.
    ///
    /// # Errors
    /// An id outside the vocabulary.
    pub fn run(&self, ids: &[u32]) -> Result<Tensor, Error> {
        let (batch, cancel) = (Batch::new([ids.len()]), Cancel::new());
        let watched = WatchSet::none(self.n_modules());
        let ids = Tensor::new(ids.iter().map(|id| i64::from(*id)).collect::<Vec<_>>(), [ids.len()]);
        match self.forward(&mut self.pass(&batch, &watched, &cancel), ids) {
            Ok(output) => Ok(output),
            Err(crate::pass::Halt::Error(e)) => Err(e),
            Err(crate::pass::Halt::Done) => Err(Error::internal("an unwatched pass was ended")),
        }
    }

    /// Applies a module to a value outside the model's own pass: leading axes are kept; a module in
    /// which tokens look at each other takes `[b, s, ...]`, positions counted from 0.
    ///
    /// # Errors
    /// A cancelled run; ids outside a table.
    pub fn apply(&self, path: &str, x: Tensor, cancel: &Cancel) -> Result<Tensor, Error> {
        let tokenwise = self.spec.module(path)?.tokenwise;
        let module = self
            .body
            .modules
            .iter()
            .find(|m| m.node.path == path)
            .and_then(|m| Some((m, m.module.as_ref()?)));
        let Some((registered, module)) = module else {
            return Err(Error::internal(format!("`{path}` cannot be called")));
        };
        let (x, precision) = (Precision::taken(&x), self.precision());
        let lead = x.shape().to_vec();
        let (batch, x) = match tokenwise {
            true => (Batch::default(), x),
            false => (
                Batch::new(std::iter::repeat_n(lead[1], lead[0])),
                x.reshaped([&[lead[0] * lead[1]], &lead[2..]].concat()),
            ),
        };
        let watched = WatchSet::none(self.body.modules.len());
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
        self.opened.sites.get(order).copied()
    }

    /// The order of a site.
    pub(crate) fn order(&self, node: usize, point: PointId) -> Option<Order> {
        self.opened.orders.get(&(node, point.0)).copied()
    }
}

/// The modules of a model, whose weights are those of its files or those that the registry holds.
fn build(
    checkpoint: &load::Checkpoint,
    architecture: &arch::Architecture,
    registry: &Registry,
) -> Result<arch::Built, load::LoadError> {
    let scope = Scope::root(&checkpoint.weights, registry, architecture.base);
    (architecture.build)(&scope, &checkpoint.config)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn models_share_all_weights_but_those_that_differ() {
        for (name, path, parts) in [
            ("llama", "model.layers.0.mlp.down_proj.weight", 1),
            ("gpt2", "transformer.h.0.mlp.c_fc.bias", 1),
            ("gpt2", "lm_head.weight", 2),
            ("mixtral", "model.layers.1.mlp.experts.down_proj", 1),
        ] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tiny").join(name);
            let model = Model::open(folder, &Options::default(), &mut |_| {}).unwrap();
            model.load(&mut |_| {}).unwrap();
            let mut numbers = model.parameter(path).unwrap();
            numbers.make_mut::<f32>()[5] += 1.0;
            let changed = model.holders(path, &numbers).unwrap();
            let other = model.with_holders(changed).unwrap();
            let pairs = model.body.named.iter().zip(&other.body.named);
            let pairs = pairs.flat_map(|(a, b)| a.parts.iter().zip(&b.parts).map(|(x, y)| (&a.path, x, y)));
            let differing: Vec<&String> = pairs.filter(|(_, a, b)| !a.is(b)).map(|(path, ..)| path).collect();
            assert_eq!(differing.len(), parts, "{name} {path}: {differing:?}");
            let read = other.parameter(path).unwrap();
            assert_eq!(read.f32s(), numbers.f32s(), "{name} {path}");
        }
    }
}
