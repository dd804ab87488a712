//! Building a model: one path serves weights and sites.
//!
//! A [`Scope`] stands at a module path. Asking it for a child extends the path, registers the child
//! as a module of the model and loads the child's weights from under the same path, so paths match
//! Hugging Face's by construction.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::load::{LoadError, RawData, RawTensor, Weights};
use crate::pass::{Child, Module, Node, OwnCost};

/// A place in the module tree while the model is built.
pub struct Scope<'a> {
    weights: &'a Weights,
    registry: &'a Registry,
    heard: &'a dyn Fn(usize, usize),
    path: String,
}

/// All modules of a model, parents before children.
#[derive(Default)]
pub struct Registry {
    modules: RefCell<Vec<Registered>>,
    loaded: Cell<usize>,
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

    fn reserve(&self, path: &str, kind: &'static str) -> Node {
        let mut modules = self.modules.borrow_mut();
        let node = Node { id: modules.len(), path: path.to_owned() };
        let cost = OwnCost::default();
        modules.push(Registered { node: node.clone(), kind, cost, module: None });
        node
    }
}

impl<'a> Scope<'a> {
    /// The place of the whole model. Before each parameter is loaded, `heard` is told how many came
    /// before and how many the checkpoint has.
    pub fn root(weights: &'a Weights, registry: &'a Registry, heard: &'a dyn Fn(usize, usize)) -> Scope<'a> {
        Scope { weights, registry, heard, path: String::new() }
    }

    fn at(&self, name: &str) -> Scope<'a> {
        let dot = if self.path.is_empty() || name.is_empty() { "" } else { "." };
        Scope {
            weights: self.weights,
            registry: self.registry,
            heard: self.heard,
            path: format!("{}{dot}{name}", self.path),
        }
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
        let scope = self.at(name);
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
        let scope = self.at(name);
        self.registry.reserve(&scope.path, "ModuleList");
        (0..n).map(|i| scope.child(&i.to_string(), |s| build(s, i))).collect()
    }

    /// The parameter `name` under this path, of exactly this shape and a floating dtype.
    ///
    /// # Errors
    /// A tensor that is missing, has another shape or holds integers.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<RawTensor<'a>, LoadError> {
        let done = self.registry.loaded.replace(self.registry.loaded.get() + 1);
        (self.heard)(done, self.weights.names().count());
        let name = self.full(name);
        let raw = self.weights.expect_shape(&name, shape)?;
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

    fn full(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

impl<M: Module + 'static> Child<M> {
    /// The same child without its type.
    pub fn erased(self) -> Child<dyn Module> {
        Child { node: self.node, module: self.module }
    }
}
