//! Building a model: one path serves weights and sites.
//!
//! A [`Scope`] stands at a module path. Asking it for a child extends the path, registers the child
//! as a module of the model and finds the child's weights from under the same path, so paths match
//! Hugging Face's by construction. Where a checkpoint stores a module under another name than
//! transformers gives it, the architecture says so ([`Scope::child_stored`]).
//!
//! What is never asked for must be listed ([`Scope::leave`]): a tensor that nobody knows is an error.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use pellucid_kernels::Layout;

use crate::load::{LoadError, Param, Weights};
use crate::options::Options;
use crate::parameter::{Holder, Matrix, Named, Parameter, Parameters, Place, Vector, Weight};
use crate::pass::{Child, Module, Node, OwnCost};

/// A place in the module tree while the model is built.
pub struct Scope<'a> {
    weights: &'a Weights,
    registry: &'a Registry,
    path: String,
    /// The path of the weights, which is `path` in nearly every checkpoint.
    stored: String,
    /// What the names in this file lack in front.
    lacking: &'static str,
    /// Whether transformers has parameters here; those of each expert are parts of one elsewhere.
    named: bool,
}

/// All modules of a model, parents before children, and its parameters.
pub struct Registry {
    options: Options,
    modules: RefCell<Vec<Registered>>,
    parameters: RefCell<Parameters>,
    named: RefCell<Vec<Named>>,
    /// What holds the tensors of a model that is built again, by their names in the file.
    held: HashMap<String, Holder>,
    /// Bytes of memory left for weights.
    budget: Cell<u64>,
    /// Names of tensors that are used, of those that must be there, and of those left alone on purpose.
    used: RefCell<BTreeSet<String>>,
    required: RefCell<BTreeSet<String>>,
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
    /// Nothing yet, of a model that is held as `options` say.
    pub fn new(options: Options) -> Registry {
        Registry {
            options,
            modules: RefCell::default(),
            parameters: RefCell::default(),
            named: RefCell::default(),
            held: HashMap::new(),
            budget: Cell::new(options.budget()),
            used: RefCell::default(),
            required: RefCell::default(),
            left: RefCell::default(),
        }
    }

    /// Nothing yet, of a model whose tensors are held already.
    pub fn of_held(options: Options, held: impl IntoIterator<Item = Holder>) -> Registry {
        let held = held.into_iter().map(|holder| (holder.name().to_owned(), holder)).collect();
        Registry { held, ..Registry::new(options) }
    }

    /// The modules, the parameters with the module that each belongs to, and the names of parameters, once
    /// the model is built.
    pub fn into_parts(self) -> (Vec<Registered>, Parameters, Vec<Named>) {
        (self.modules.into_inner(), self.parameters.into_inner(), self.named.into_inner())
    }

    /// Checks that nothing in the checkpoint was overlooked.
    ///
    /// # Errors
    /// [`LoadError::TensorsUnused`] with tensors that are neither used nor left on purpose.
    pub fn check_all_used(&self, weights: &Weights) -> Result<(), LoadError> {
        let (used, left) = (self.used.borrow(), self.left.borrow());
        let unknown = |name: &&str| !used.contains(*name) && !left.contains(*name);
        let names: Vec<String> = weights.names().filter(unknown).map(str::to_owned).collect();
        if names.is_empty() { Ok(()) } else { Err(LoadError::TensorsUnused { names }) }
    }

    /// Adds a parameter of the module that is being built.
    fn keep<P: Parameter + 'static>(&self, parameter: Arc<P>) -> Arc<P> {
        let module = self.modules.borrow().len().saturating_sub(1);
        self.parameters.borrow_mut().push((module, parameter.clone()));
        parameter
    }

    /// Where a matrix shall lie: in the `wanted` place, unless there is no memory left for it.
    fn place(&self, param: &Param, [n_out, n_in]: [usize; 2], wanted: Place) -> Place {
        let dtype = self.options.dtype;
        let is_widened = param.is_quantized() && param.coding(dtype).is_none();
        let wanted = match wanted {
            Place::Packed if self.options.quantized && is_widened => Place::Mapped,
            wanted => wanted,
        };
        let bytes = match wanted {
            Place::Packed => param.packed_bytes(dtype, n_out, n_in),
            Place::Mapped => param.stored_bytes(),
            Place::Streamed => 0,
        };
        match self.budget.get().checked_sub(bytes) {
            Some(left) if !self.options.stream => {
                self.budget.set(left);
                wanted
            }
            _ => Place::Streamed,
        }
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
    /// the body alone lack that word.
    pub fn root(weights: &'a Weights, registry: &'a Registry, base: &'static str) -> Scope<'a> {
        let mut names = weights.names();
        let has_base = names.any(|n| n.strip_prefix(base).is_some_and(|n| n.starts_with('.')));
        let lacking = if has_base || weights.is_made_up() { "" } else { base };
        Scope { weights, registry, path: String::new(), stored: String::new(), lacking, named: true }
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

    /// The place `name` under this one, whose parameters are parts of one that has a name.
    pub fn part(&self, name: &str) -> Scope<'a> {
        Scope { named: false, ..self.under(name) }
    }

    /// The parameter `name` under this path, of exactly this shape and a floating dtype.
    fn param(&self, name: &str, shape: &[usize]) -> Result<(String, Param), LoadError> {
        let name = self.full(name);
        let param = self.weights.param(&name, shape)?;
        self.registry.used.borrow_mut().insert(name.clone());
        Ok((name, param))
    }

    /// Gives the parameter `name` at this place, as transformers spells it, to what it is made of.
    fn call(&self, name: &str, shape: Vec<usize>, parts: Vec<Holder>) {
        if self.named {
            let path = joined(&self.path, name);
            self.registry.named.borrow_mut().push(Named { path, shape, parts });
        }
    }

    /// The parameter `name` of `n` numbers.
    ///
    /// # Errors
    /// A tensor that is missing, has another shape or holds integers.
    pub fn vector(&self, name: &str, n: usize) -> Result<Arc<Vector>, LoadError> {
        Ok(self.registry.keep(self.numbers(name, n)?))
    }

    fn numbers(&self, name: &str, n: usize) -> Result<Arc<Vector>, LoadError> {
        let vector = match self.registry.held.get(&self.full(name)) {
            Some(Holder::Vector(vector)) => vector.clone(),
            _ => {
                let (stored, param) = self.param(name, &[n])?;
                Arc::new(Vector::new(stored, param, self.registry.options.dtype))
            }
        };
        // What old files of LayerNorm say.
        let name = match name {
            "gamma" => "weight",
            "beta" => "bias",
            name => name,
        };
        self.call(name, vec![n], vec![Holder::Vector(vector.clone())]);
        Ok(vector)
    }

    /// The matrix `weight` and, where the checkpoint has it, its `bias`.
    ///
    /// # Errors
    /// A tensor that is missing, has another shape or holds integers.
    pub fn matrix(&self, layout: Layout, n_out: usize, n_in: usize) -> Result<Arc<Matrix>, LoadError> {
        let weight = self.weight(layout, n_out, n_in, Place::Packed)?;
        let bias = if self.has("bias") { Some(self.numbers("bias", n_out)?) } else { None };
        Ok(self.registry.keep(Arc::new(Matrix::new(weight, bias))))
    }

    /// The table `weight` of `n` rows of width `d`, whose rows are read and which nothing is multiplied with.
    ///
    /// # Errors
    /// A tensor that is missing, has another shape or holds integers.
    pub fn table(&self, n: usize, d: usize) -> Result<Arc<Matrix>, LoadError> {
        let weight = self.weight(Layout::OutIn, n, d, Place::Mapped)?;
        Ok(self.registry.keep(Arc::new(Matrix::new(weight, None))))
    }

    fn weight(
        &self,
        layout: Layout,
        n_out: usize,
        n_in: usize,
        wanted: Place,
    ) -> Result<Arc<Weight>, LoadError> {
        let shape = match layout {
            Layout::OutIn => [n_out, n_in],
            Layout::InOut => [n_in, n_out],
        };
        let weight = match self.registry.held.get(&self.full("weight")) {
            Some(Holder::Weight(weight)) => weight.clone(),
            _ => {
                let (stored, param) = self.param("weight", &shape)?;
                let place = self.registry.place(&param, [n_out, n_in], wanted);
                Arc::new(Weight::new(stored, param, layout, self.registry.options.dtype, place))
            }
        };
        self.call("weight", shape.into(), vec![Holder::Weight(weight.clone())]);
        Ok(weight)
    }

    /// Says that the weights of this module are another's.
    pub fn tied(&self, matrix: &Matrix) {
        let weight = matrix.weight();
        self.call("weight", weight.shape().into(), vec![Holder::Weight(weight.clone())]);
    }

    /// Says that the matrices of [parts](Self::part) are one parameter, one above the other.
    pub fn stacked(&self, name: &str, shape: [usize; 3], matrices: Vec<&Matrix>) {
        let parts = matrices.into_iter().map(|matrix| Holder::Weight(matrix.weight().clone()));
        self.call(name, shape.into(), parts.collect());
    }

    /// Whether the checkpoint has the tensor `name` under this path; one without files has what is required.
    pub fn has(&self, name: &str) -> bool {
        let name = self.full(name);
        match self.weights.is_made_up() {
            true => self.registry.required.borrow().contains(&name),
            false => self.weights.contains(&name),
        }
    }

    /// Asks for tensors that blocks load only where they are there.
    ///
    /// # Errors
    /// A tensor that is missing.
    pub fn require(&self, names: &[&str]) -> Result<(), LoadError> {
        self.registry.required.borrow_mut().extend(names.iter().map(|name| self.full(name)));
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
