//! Rows of a table by id.

use std::sync::Arc;

use half::{bf16, f16};
use pellucid_graph::{Code, DType, Diagnostic};
use pellucid_kernels::{Layout, PackedLinear, Weights, embed};

use super::linear::{Packed, weights};
use crate::load::{LoadError, RawData};
use crate::pass::{Flow, Module, Node, OwnCost, Pass};
use crate::scope::Scope;
use crate::{Error, Tensor};

/// An embedding table, optionally scaled.
pub struct Embedding {
    kind: &'static str,
    table: Table,
    n: usize,
    d: usize,
    scale: Option<f32>,
    /// Rows before the one of id 0.
    offset: usize,
}

enum Table {
    /// Shared with a tied head.
    Packed(Packed),
    F32(Vec<f32>),
    F16(Vec<f16>),
    Bf16(Vec<bf16>),
}

impl Embedding {
    /// Loads `weight` of `n` rows of width `d`.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load(scope: &Scope<'_>, n: usize, d: usize) -> Result<Embedding, LoadError> {
        let raw = scope.tensor("weight", &[n, d])?;
        let table = match raw.data {
            RawData::F16(v) => Table::F16(v.into_owned()),
            RawData::Bf16(v) => Table::Bf16(v.into_owned()),
            _ => Table::F32(raw.to_f32().into_owned()),
        };
        Ok(Embedding { kind: "Embedding", table, n, d, scale: None, offset: 0 })
    }

    /// Loads a table of positions with `offset` rows that no position has, under the class name
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

    /// Loads a table that a tied head will share: one copy, packed for the head.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load_tied(scope: &Scope<'_>, n: usize, d: usize) -> Result<Embedding, LoadError> {
        let raw = scope.tensor("weight", &[n, d])?;
        let packed = Arc::new(PackedLinear::pack(weights(&raw), Layout::OutIn, n, d, None));
        Ok(Embedding { kind: "Embedding", table: Table::Packed(packed), n, d, scale: None, offset: 0 })
    }

    /// Multiplies every row, under the class name transformers gives that.
    pub fn scaled(self, kind: &'static str, scale: f32) -> Embedding {
        Embedding { kind, scale: Some(scale), ..self }
    }

    /// The packed table, if it was loaded to be shared.
    pub fn packed(&self) -> Option<Packed> {
        match &self.table {
            Table::Packed(packed) => Some(packed.clone()),
            _ => None,
        }
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

    fn forward(&self, at: &Node, _pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let shape = [x.shape(), &[self.d]].concat();
        if x.is_meta() {
            return Ok(Tensor::meta(DType::F32, shape));
        }
        let ids = self.check(at, x.slice::<i64>())?;
        let mut out = vec![0.0; ids.len() * self.d]; // [.., d]
        match &self.table {
            Table::F32(v) => embed(Weights::F32(v), self.d, &ids, self.scale, &mut out),
            Table::F16(v) => embed(Weights::F16(v), self.d, &ids, self.scale, &mut out),
            Table::Bf16(v) => embed(Weights::Bf16(v), self.d, &ids, self.scale, &mut out),
            Table::Packed(packed) => {
                for (id, row) in ids.iter().zip(out.chunks_exact_mut(self.d)) {
                    packed.row(*id as usize, row);
                    if let Some(scale) = self.scale {
                        row.iter_mut().for_each(|x| *x *= scale);
                    }
                }
            }
        }
        Ok(Tensor::new(out, shape))
    }

    fn cost(&self) -> OwnCost {
        OwnCost { params: ((self.n + self.offset) * self.d) as u64, ..OwnCost::default() }
    }
}
