//! Building a model: one path serves weights and sites.
//!
//! A [`Scope`] stands at a module path. Asking it for a child extends the path, registers the child
//! as a module of the model and loads the child's weights from under the same path, so paths match
//! Hugging Face's by construction. Where a checkpoint stores a module under another name than
//! transformers gives it, the architecture says so ([`Scope::child_stored`]).
//!
//! What is never asked for must be listed ([`Scope::leave`]): a tensor that nobody knows is an error.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::load::{LoadError, RawData, RawTensor, Weights};
use crate::pass::{Child, Module, Node, OwnCost};

/// A place in the module tree while the model is built.
pub struct Scope<'a> {
    weights: &'a Weights,
    registry: &'a Registry,
    heard: &'a dyn Fn(usize, usize),
    path: String,
    /// The path of the weights, which is `path` in nearly every checkpoint.
    stored: String,
    /// What the names in this file lack in front.
    lacking: &'static str,
}

/// All modules of a model, parents before children.
#[derive(Default)]
pub struct Registry {
    modules: RefCell<Vec<Registered>>,
    /// Names of tensors that were loaded, and of those left alone on purpose.
    loaded: RefCell<BTreeSet<String>>,
    left: RefCell<BTreeSet<String>>,
}

/// A module of the model.
pub struct Registered {
    pub(crate) node: Node,
    pub(crate) kind: &'static str,
    pub(crate) cost: OwnCost,
    /// `None` for a list of modules, which is never called.
    pub(crate) module: Option<Arc<dyn Module>>,
}

impl Registry {
    /// The modules, once the model is built.
    pub fn into_modules(self) -> Vec<Registered> {
        self.modules.into_inner()
    }

    /// Checks that nothing in the checkpoint was overlooked.
    ///
    /// # Errors
    /// [`LoadError::TensorsUnused`] with tensors that were neither loaded nor left on purpose.
    pub fn check_all_used(&self, weights: &Weights) -> Result<(), LoadError> {
        let (loaded, left) = (self.loaded.borrow(), self.left.borrow());
        let unknown = |name: &&str| !loaded.contains(*name) && !left.contains(*name);
        let names: Vec<String> = weights.names().filter(unknown).map(str::to_owned).collect();
        if names.is_empty() { Ok(()) } else { Err(LoadError::TensorsUnused { names }) }
    }

    fn reserve(&self, path: &str, kind: &'static str) -> Node {
        let mut modules = self.modules.borrow_mut();
        let node = Node { id: modules.len(), path: path.to_owned() };
        let cost = OwnCost::default();
        modules.push(Registered { node: node.clone(), kind, cost, module: None });
        node
    }
}

impl<'a> Scope<'a> {
    /// The place of the whole model, whose tensors are named `base.` and so on; checkpoints saved from
    /// the body alone lack that word. Before each parameter is loaded, `heard` is told how many came
    /// before and how many the checkpoint has.
    pub fn root(
        weights: &'a Weights,
        registry: &'a Registry,
        heard: &'a dyn Fn(usize, usize),
        base: &'static str,
    ) -> Scope<'a> {
        let has_base = weights.names().any(|n| n.strip_prefix(base).is_some_and(|n| n.starts_with('.')));
        let lacking = if has_base { "" } else { base };
        Scope { weights, registry, heard, path: String::new(), stored: String::new(), lacking }
    }

    fn at(&self, name: &str, stored: &str) -> Scope<'a> {
        let (path, stored) = (joined(&self.path, name), joined(&self.stored, stored));
        Scope { path, stored, ..*self }
    }

    /// The place `name` under this one, which is no module.
    pub fn under(&self, name: &str) -> Scope<'a> {
        self.at(name, name)
    }

    /// Builds a child; an empty name is the whole model itself.
    ///
    /// # Errors
    /// What `build` returns.
    pub fn child<M: Module + 'static>(
        &self,
        name: &str,
        build: impl FnOnce(&Scope<'a>) -> Result<M, LoadError>,
    ) -> Result<Child<M>, LoadError> {
        self.child_stored(name, name, build)
    }

    /// Builds a child whose weights the checkpoint keeps under the name `stored`.
    ///
    /// # Errors
    /// What `build` returns.
    pub fn child_stored<M: Module + 'static>(
        &self,
        name: &str,
        stored: &str,
        build: impl FnOnce(&Scope<'a>) -> Result<M, LoadError>,
    ) -> Result<Child<M>, LoadError> {
        let scope = self.at(name, stored);
        let node = self.registry.reserve(&scope.path, "");
        let module = Arc::new(build(&scope)?);
        let mut modules = self.registry.modules.borrow_mut();
        let slot = &mut modules[node.id];
        slot.kind = module.kind();
        slot.cost = module.cost();
        slot.module = Some(module.clone());
        Ok(Child { node, module })
    }

    /// Builds a list of children `name.0`, `name.1`, ...
    ///
    /// # Errors
    /// What `build` returns.
    pub fn list<M: Module + 'static>(
        &self,
        name: &str,
        n: usize,
        build: impl Fn(&Scope<'a>, usize) -> Result<M, LoadError>,
    ) -> Result<Vec<Child<M>>, LoadError> {
        let scope = self.at(name, name);
        self.registry.reserve(&scope.path, "ModuleList");
        (0..n).map(|i| scope.child(&i.to_string(), |s| build(s, i))).collect()
    }

    /// The parameter `name` under this path, of exactly this shape and a floating dtype.
    ///
    /// # Errors
    /// A tensor that is missing, has another shape or holds integers.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<RawTensor<'a>, LoadError> {
        let name = self.full(name);
        (self.heard)(self.registry.loaded.borrow().len(), self.weights.len());
        let raw = self.weights.expect_shape(&name, shape)?;
        self.registry.loaded.borrow_mut().insert(name.clone());
        match raw.data {
            RawData::I64(_) => Err(LoadError::UnsupportedDtype { name, got: "I64".to_owned() }),
            _ => Ok(raw),
        }
    }

    /// The tensor widened to f32.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn f32s(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LoadError> {
        Ok(self.tensor(name, shape)?.to_f32().into_owned())
    }

    /// Whether the checkpoint has the tensor `name` under this path.
    pub fn has(&self, name: &str) -> bool {
        self.weights.contains(&self.full(name))
    }

    /// Asks for tensors that blocks load only where they are there.
    ///
    /// # Errors
    /// A tensor that is missing.
    pub fn require(&self, names: &[&str]) -> Result<(), LoadError> {
        names.iter().try_for_each(|name| self.weights.require(&self.full(name)))
    }

    /// Lists tensors under this path that checkpoints may hold and the model does not use.
    pub fn leave(&self, names: &[&str]) {
        self.registry.left.borrow_mut().extend(names.iter().map(|name| self.full(name)));
    }

    fn full(&self, name: &str) -> String {
        let full = joined(&self.stored, name);
        let rest = full.strip_prefix(self.lacking).and_then(|rest| rest.strip_prefix('.'));
        rest.map(str::to_owned).unwrap_or(full)
    }
}

fn joined(path: &str, name: &str) -> String {
    let dot = if path.is_empty() || name.is_empty() { "" } else { "." };
    format!("{path}{dot}{name}")
}

impl<M: Module + 'static> Child<M> {
    /// The same child without its type.
    pub fn erased(self) -> Child<dyn Module> {
        Child { node: self.node, module: self.module }
    }
}
