//! Matrices: packed in memory, or taken from their file a panel at a time, with the same bits.

use pellucid_kernels::{Layout, Loose, PackedLinear, embed, linear_loose};

use super::{Lazy, Parameter, Vector};
use crate::load::{LoadError, Param, RawData, RawTensor, TensorData};
use crate::precision::Precision;

/// Where a matrix lies between uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In memory, in the order in which the kernel reads it.
    Packed,
    /// In its file, which stays mapped.
    Mapped,
    /// In its file, which is mapped while it is used.
    Streamed,
}

/// A matrix of `n_out` outputs and `n_in` inputs, with a bias where it has one.
#[derive(Debug)]
pub struct Matrix {
    weight: Param,
    bias: Option<Vector>,
    layout: Layout,
    n_out: usize,
    n_in: usize,
    precision: Precision,
    place: Place,
    held: Lazy<Held>,
}

#[derive(Debug)]
enum Held {
    Packed(PackedLinear),
    Mapped(TensorData),
}

impl Matrix {
    /// A parameter with two axes, which `layout` names.
    pub fn new(
        weight: Param,
        layout: Layout,
        bias: Option<Param>,
        precision: Precision,
        place: Place,
    ) -> Matrix {
        let (n_out, n_in) = match (layout, weight.shape()) {
            (Layout::OutIn, [n_out, n_in]) | (Layout::InOut, [n_in, n_out]) => (*n_out, *n_in),
            (_, shape) => unreachable!("a matrix of shape {shape:?}: blocks ask for two axes"),
        };
        let bias = bias.map(|bias| Vector::new(bias, precision));
        Matrix { weight, bias, layout, n_out, n_in, precision, place, held: Lazy::new() }
    }

    /// The number of outputs.
    pub fn n_out(&self) -> usize {
        self.n_out
    }

    /// The number of inputs.
    pub fn n_in(&self) -> usize {
        self.n_in
    }

    /// Where it lies between uses.
    pub fn place(&self) -> Place {
        self.place
    }

    /// `x W^T + b`: `[m, n_in]` to `[m, n_out]`. The bits do not depend on the place.
    ///
    /// # Errors
    /// [`LoadError::Io`], [`LoadError::NoWeights`].
    pub fn forward(&self, x: &[f32]) -> Result<Vec<f32>, LoadError> {
        self.with(|held| match held {
            Held::Packed(packed) => Ok(packed.forward_new(x)),
            Held::Mapped(tensor) => self.loose(tensor, x),
        })
    }

    /// Rows `ids` of a table, widened, into `out [ids.len(), n_in]`: weights of these outputs.
    ///
    /// # Errors
    /// [`LoadError::Io`], [`LoadError::NoWeights`].
    pub fn rows(&self, ids: &[u32], out: &mut [f32]) -> Result<(), LoadError> {
        self.with(|held| {
            let rows = || ids.iter().map(|id| *id as usize);
            match held {
                Held::Packed(packed) => {
                    rows().zip(out.chunks_exact_mut(self.n_in)).for_each(|(i, row)| packed.row(i, row));
                }
                Held::Mapped(tensor) if tensor.is_blocks() => {
                    for (i, row) in rows().zip(out.chunks_exact_mut(self.n_in)) {
                        tensor.block_row(self.n_out, i, row);
                    }
                    self.precision.round(out);
                }
                Held::Mapped(tensor) => {
                    embed(weights(&tensor.raw()), self.n_in, ids, None, out);
                    self.precision.round(out);
                }
            }
            Ok(())
        })
    }

    fn with<T>(&self, use_it: impl FnOnce(&Held) -> Result<T, LoadError>) -> Result<T, LoadError> {
        match self.place {
            Place::Streamed => use_it(&Held::Mapped(self.weight.open()?)),
            _ => use_it(self.held.get(|| self.read())?),
        }
    }

    fn read(&self) -> Result<Held, LoadError> {
        let tensor = self.weight.open()?;
        if self.place == Place::Mapped {
            return Ok(Held::Mapped(tensor));
        }
        let raw = self.precision.narrow(tensor.raw());
        let packed = PackedLinear::pack(weights(&raw), self.layout, self.n_out, self.n_in, self.bias()?);
        Ok(Held::Packed(packed))
    }

    fn loose(&self, tensor: &TensorData, x: &[f32]) -> Result<Vec<f32>, LoadError> {
        let (n_out, n_in, bias) = (self.n_out, self.n_in, self.bias()?);
        if tensor.is_blocks() {
            let read = |i: usize, row: &mut [f32]| {
                tensor.block_row(n_out, i, row);
                self.precision.round(row);
            };
            return Ok(linear_loose(Loose::Rows(&read), n_out, n_in, bias, x));
        }
        let raw = self.precision.narrow(tensor.raw());
        Ok(linear_loose(Loose::Plain(weights(&raw), self.layout), n_out, n_in, bias, x))
    }

    fn bias(&self) -> Result<Option<&[f32]>, LoadError> {
        self.bias.as_ref().map(Vector::get).transpose()
    }
}

impl Parameter for Matrix {
    fn load(&self) -> Result<(), LoadError> {
        match self.place {
            Place::Streamed => Ok(()),
            _ => self.held.get(|| self.read()).map(drop),
        }
    }

    fn read_ahead(&self) {
        if self.place == Place::Streamed {
            self.weight.will_need();
        }
    }

    fn bytes(&self) -> u64 {
        let bias = self.bias.as_ref().map_or(0, Vector::bytes);
        bias + match self.place {
            Place::Streamed => 0,
            Place::Mapped => self.weight.stored_bytes(),
            Place::Packed => self.weight.packed_bytes(self.precision),
        }
    }
}

/// A checkpoint's numbers as the kernels take them.
fn weights<'a>(raw: &'a RawTensor<'_>) -> pellucid_kernels::Weights<'a> {
    match &raw.data {
        RawData::F32(v) => pellucid_kernels::Weights::F32(v),
        RawData::F16(v) => pellucid_kernels::Weights::F16(v),
        RawData::Bf16(v) => pellucid_kernels::Weights::Bf16(v),
        RawData::I64(_) => unreachable!("`Weights::param` gives floating parameters only"),
    }
}
