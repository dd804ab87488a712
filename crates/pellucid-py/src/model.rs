//! An open model: what its tree and its sites are, and its tokenizer.

use std::sync::Arc;

use pellucid_graph::diagnostic::nearest;
use pellucid_graph::spec::display_path;
use pellucid_graph::{Code, Diagnostic};
use pyo3::prelude::*;

use crate::engine;
use crate::errors::{At, Raise, loc};
use crate::signals::interruptible;

/// A model in memory, shared by all who trace it.
#[pyclass(frozen, module = "pellucid._native")]
pub struct Model {
    inner: Arc<engine::Model>,
}

/// Path, class name, whether rows are independent, weights of the module itself.
type ModuleRow = (String, String, bool, u64);
/// Path of the module, point, dtype, symbolic shape.
type SiteRow = (String, String, &'static str, Vec<String>);

impl Model {
    /// The engine's model.
    pub fn shared(&self) -> &Arc<engine::Model> {
        &self.inner
    }
}

#[pymethods]
impl Model {
    /// Opens a folder, a `.gguf` file, or a model of this machine by name.
    #[staticmethod]
    fn open(py: Python<'_>, name: String) -> PyResult<Model> {
        let work =
            move || engine::Model::open(engine::find_model(&name)?, &engine::Options::default(), &mut |_| {});
        Ok(Model { inner: Arc::new(interruptible(py, None, work)?.raise(py)?) })
    }

    #[getter]
    fn name(&self) -> &str {
        &self.inner.spec().name
    }

    #[getter]
    fn model_type(&self) -> &str {
        &self.inner.spec().model_type
    }

    #[getter]
    fn n_ctx(&self) -> usize {
        self.inner.spec().n_ctx
    }

    #[getter]
    fn vocab_size(&self) -> usize {
        self.inner.spec().vocab_size
    }

    #[getter]
    fn dtype(&self) -> &'static str {
        self.inner.spec().dtype.name()
    }

    /// Every module, parents before children.
    fn modules(&self) -> Vec<ModuleRow> {
        let modules = &self.inner.spec().modules;
        modules.iter().map(|m| (m.path.clone(), m.kind.clone(), m.tokenwise, m.params)).collect()
    }

    /// Every site, in the order a forward pass visits them.
    fn sites(&self) -> Vec<SiteRow> {
        let row = |s: &pellucid_graph::SiteSpec| {
            let shape = s.shape.iter().map(ToString::to_string).collect();
            (s.path.clone(), s.point.clone(), s.dtype.name(), shape)
        };
        self.inner.spec().sites.iter().map(row).collect()
    }

    /// Raises what is wrong with a name that a module has neither as a child nor as a site.
    fn unknown_name(&self, py: Python<'_>, path: &str, name: &str, at: At) -> PyResult<()> {
        let (spec, at) = (self.inner.spec(), loc(at));
        if !path.is_empty() || !name.contains('.') {
            spec.module(path).map_err(|d| d.at(at.clone())).raise(py)?;
        }
        let (children, points) = (spec.children(path), spec.points(path));
        let message = format!("`{}` has no module or site `{name}`", display_path(path));
        let diagnostic = Diagnostic::new(Code::UnknownModule, message);
        let known = children.iter().chain(&points).copied();
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
        self.inner.spec().module(path).map_err(|d| d.at(loc(at))).raise(py).map(drop)
    }

    fn encode(&self, py: Python<'_>, text: &str, add_special: bool) -> PyResult<Vec<u32>> {
        self.inner.tokenizer().encode(text, add_special).raise(py)
    }

    fn decode(&self, py: Python<'_>, ids: Vec<u32>, skip_special: bool) -> PyResult<String> {
        self.inner.tokenizer().decode(&ids, skip_special).raise(py)
    }

    fn pieces(&self, ids: Vec<u32>) -> Vec<String> {
        self.inner.tokenizer().pieces(&ids)
    }
}
