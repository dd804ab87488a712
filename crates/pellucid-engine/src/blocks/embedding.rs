//! Rows of a table by id.

use std::sync::Arc;

use pellucid_graph::{Code, DType, Diagnostic};
use pellucid_kernels::Layout;

use crate::load::LoadError;
use crate::parameter::Matrix;
use crate::pass::{Flow, Module, Node, OwnCost, Pass};
use crate::scope::Scope;
use crate::{Error, Tensor};

/// An embedding table, optionally scaled.
pub struct Embedding {
    kind: &'static str,
    table: Arc<Matrix>,
    is_shared: bool,
    n: usize,
    d: usize,
    scale: Option<f32>,
    /// Rows before the one of id 0.
    offset: usize,
}

impl Embedding {
    /// Finds `weight` of `n` rows of width `d`.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load(scope: &Scope<'_>, n: usize, d: usize) -> Result<Embedding, LoadError> {
        Ok(Embedding::of(scope.table(n, d)?, false))
    }

    fn of(table: Arc<Matrix>, is_shared: bool) -> Embedding {
        let (n, d) = (table.n_out(), table.n_in());
        Embedding { kind: "Embedding", table, is_shared, n, d, scale: None, offset: 0 }
    }

    /// Finds a table of positions with `offset` rows that no position has, under the class name
    /// transformers gives that.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load_offset(
        scope: &Scope<'_>,
        kind: &'static str,
        n: usize,
        d: usize,
        offset: usize,
    ) -> Result<Embedding, LoadError> {
        Ok(Embedding { kind, n, offset, ..Embedding::load(scope, n + offset, d)? })
    }

    /// Finds a table that a tied head will share: one copy, held as the head wants it.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load_tied(scope: &Scope<'_>, n: usize, d: usize) -> Result<Embedding, LoadError> {
        Ok(Embedding::of(scope.matrix(Layout::OutIn, n, d)?, true))
    }

    /// Multiplies every row, under the class name transformers gives that.
    pub fn scaled(self, kind: &'static str, scale: f32) -> Embedding {
        Embedding { kind, scale: Some(scale), ..self }
    }

    /// The table, if a tied head shares it.
    pub fn shared(&self) -> Option<Arc<Matrix>> {
        self.is_shared.then(|| self.table.clone())
    }

    fn check(&self, at: &Node, ids: &[i64]) -> Result<Vec<u32>, Error> {
        let good = |&id: &i64| u32::try_from(id).ok().filter(|i| (*i as usize) < self.n);
        let id = |id: &i64| {
            good(id).map(|id| id + self.offset as u32).ok_or_else(|| {
                let message = format!("`{}` has {} rows, got id {id}", at.path, self.n);
                Error::from(Diagnostic::new(Code::TokenOutOfRange, message))
            })
        };
        ids.iter().map(id).collect()
    }
}

impl Module for Embedding {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let shape = [x.shape(), &[self.d]].concat();
        if x.is_meta() {
            return Ok(Tensor::meta(DType::F32, shape));
        }
        let ids = self.check(at, x.slice::<i64>())?;
        let mut out = vec![0.0; ids.len() * self.d]; // [.., d]
        self.table.rows(&ids, &mut out)?;
        if let Some(scale) = self.scale {
            let scale = pass.precision().rounded(scale);
            out.iter_mut().for_each(|x| *x *= scale);
        }
        Ok(Tensor::new(out, shape))
    }

    fn cost(&self) -> OwnCost {
        OwnCost { params: ((self.n + self.offset) * self.d) as u64, ..OwnCost::default() }
    }
}
