//! What a trace must know of a model to be recorded and checked: its modules and sites, never its weights.
//!
//! The engine observes all of this by probe passes when it opens a model; a client of a server
//! receives it as JSON.

mod alias;
mod parameter;
mod rename;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::diagnostic::nearest;
use crate::{Code, DType, Diagnostic, Dim, Point, Result, Site};
use alias::Aliases;

pub use alias::Alias;
pub use parameter::ParameterSpec;
pub use rename::{Begins, Rename, Taken};

/// A model as the language sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "SpecData", into = "SpecData")]
pub struct ModelSpec {
    data: SpecData,
    modules: HashMap<String, usize>,
    sites: HashMap<(String, Point), usize>,
    /// Where each module's input is visited, if it is called.
    inputs: Vec<Option<Order>>,
    parameters: HashMap<String, usize>,
    aliases: Aliases,
}

/// The plain data of a [`ModelSpec`], as it is written in JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SpecData {
    /// Name the model was opened under.
    pub name: String,
    /// `model_type` of its `config.json`.
    pub model_type: String,
    /// Most tokens a prompt may have.
    pub n_ctx: usize,
    /// Token ids are below this.
    pub vocab_size: usize,
    /// Dtype of its activations.
    pub dtype: DType,
    /// Every module, parents before children, in the order of the module tree.
    pub modules: Vec<ModuleSpec>,
    /// Every site, in the order one forward pass visits them.
    pub sites: Vec<SiteSpec>,
    /// Sites of `generator`: what a generation makes of a pass's logits, and at the end of all tokens.
    #[serde(default)]
    pub generator: Vec<SiteSpec>,
    /// Every tensor of weights, in the order of the modules.
    #[serde(default)]
    pub parameters: Vec<ParameterSpec>,
    /// Other names of modules and sites, parents before children.
    #[serde(default)]
    pub aliases: Vec<Alias>,
}

/// One module of the tree.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModuleSpec {
    /// Hugging Face path; empty for the whole model.
    pub path: String,
    /// Class name as `print(model)` shows it: `LlamaAttention`, `Linear`.
    pub kind: String,
    /// True when rows do not look at each other, so that any leading axes are accepted.
    pub tokenwise: bool,
    /// Weights of the module itself, without its children.
    pub params: u64,
    /// Multiply-adds per token of the module itself, counted as two operations each.
    pub flops_per_token: u64,
    /// Operations per (query, key) pair of the module itself.
    pub flops_per_pair: u64,
}

/// One site.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SiteSpec {
    /// Path of the module.
    pub path: String,
    /// `input`, `output` or the tap's name.
    pub point: String,
    /// Symbolic shape over b and s.
    pub shape: Vec<Dim>,
    /// Element type.
    pub dtype: DType,
}

impl From<SpecData> for ModelSpec {
    fn from(data: SpecData) -> Self {
        let modules = data.modules.iter().enumerate().map(|(i, m)| (m.path.clone(), i)).collect();
        let key = |s: &SiteSpec| (s.path.clone(), Point::parse(&s.point));
        let sites: HashMap<(String, Point), usize> =
            data.sites.iter().chain(&data.generator).enumerate().map(|(i, s)| (key(s), i)).collect();
        let input = |m: &ModuleSpec| sites.get(&(m.path.clone(), Point::Input)).copied();
        let inputs = data.modules.iter().map(input).collect();
        let parameters = data.parameters.iter().enumerate().map(|(i, p)| (p.path.clone(), i)).collect();
        let aliases = Aliases::of(&data);
        ModelSpec { data, modules, sites, inputs, parameters, aliases }
    }
}

impl From<ModelSpec> for SpecData {
    fn from(spec: ModelSpec) -> Self {
        spec.data
    }
}

impl std::ops::Deref for ModelSpec {
    type Target = SpecData;
    fn deref(&self) -> &SpecData {
        &self.data
    }
}

/// Where in a forward pass a site is visited: its index in [`SpecData::sites`], and on in
/// [`SpecData::generator`].
pub type Order = usize;

/// What a generation does with logits, as a module of its own: the path of its sites.
pub const GENERATOR: &str = "generator";

impl ModelSpec {
    /// Finds a module.
    ///
    /// # Errors
    /// [`Code::UnknownModule`] with the nearest paths.
    pub fn module(&self, path: &str) -> Result<&ModuleSpec> {
        match self.modules.get(path) {
            Some(&i) => Ok(&self.data.modules[i]),
            None => Err(self.unknown_module(path)),
        }
    }

    /// Finds a site and its place in the forward pass.
    ///
    /// # Errors
    /// [`Code::UnknownModule`] or [`Code::UnknownSite`] with what there is instead.
    pub fn site(&self, site: &Site) -> Result<(Order, &SiteSpec)> {
        match self.sites.get(&(site.path.clone(), site.point.clone())) {
            Some(&i) => Ok((i, self.at(i))),
            None => Err(self.unknown_site(site)),
        }
    }

    /// The modules that a forward pass enters before it comes to `end`, or all that it enters.
    pub(crate) fn entered(&self, end: Option<Order>) -> impl Iterator<Item = &ModuleSpec> {
        let is_before = move |input: &Option<Order>| input.is_some_and(|i| end.is_none_or(|end| i < end));
        let modules = self.data.modules.iter().zip(&self.inputs);
        modules.filter(move |(_, input)| is_before(input)).map(|(module, _)| module)
    }

    /// The site that is visited there.
    pub fn at(&self, order: Order) -> &SiteSpec {
        let n = self.data.sites.len();
        if order < n { &self.data.sites[order] } else { &self.data.generator[order - n] }
    }

    /// The points of a module that can be read and written, in the order of the forward pass.
    pub fn points(&self, path: &str) -> Vec<&str> {
        let sites = self.data.sites.iter().chain(&self.data.generator);
        sites.filter(|s| s.path == path).map(|s| s.point.as_str()).collect()
    }

    /// Direct children of a module, as last path components, in tree order.
    pub fn children(&self, path: &str) -> Vec<&str> {
        let direct = |child: &'_ str| !child.is_empty() && !child.contains('.');
        self.data
            .modules
            .iter()
            .filter_map(|m| match path {
                "" => Some(m.path.as_str()),
                _ => m.path.strip_prefix(path)?.strip_prefix('.'),
            })
            .filter(|c| direct(c))
            .collect()
    }

    fn unknown_module(&self, path: &str) -> Diagnostic {
        let message = format!("`{}` has no module `{path}`", self.name);
        let aliases = self.data.aliases.iter().map(|a| a.name.as_str());
        let known =
            self.data.modules.iter().map(|m| m.path.as_str()).filter(|p| !p.is_empty()).chain(aliases);
        let diagnostic = Diagnostic::new(Code::UnknownModule, message);
        match nearest(path, known) {
            Some(hint) => diagnostic.help(hint),
            None => diagnostic.help("`print(model)` or `pellucid sites MODEL` lists every module"),
        }
    }

    fn unknown_site(&self, site: &Site) -> Diagnostic {
        if !self.modules.contains_key(&site.path) && self.points(&site.path).is_empty() {
            return self.unknown_module(&site.path);
        }
        let points = self.points(&site.path);
        let module = match site.path.as_str() {
            "" => "the model".to_owned(),
            path => format!("`{path}`"),
        };
        let message = format!("{module} has no site `{}`", site.point.name());
        let diagnostic = Diagnostic::new(Code::UnknownSite, message);
        if points.is_empty() {
            return diagnostic.help("this module is not called during a forward pass");
        }
        let aliases = self.aliases_at(&site.path);
        diagnostic.help(format!("it has: {}", [points, aliases].concat().join(", ")))
    }
}

/// The path, or words for the whole model.
pub fn display_path(path: &str) -> &str {
    if path.is_empty() { "the model" } else { path }
}
