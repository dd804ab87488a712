//! The numbers of a matrix: packed in memory, as codes where the file has those, or taken from their file
//! a panel at a time, with the same bits. Models that differ in other weights share them.

use pellucid_kernels::{CodedRow, Layout, Loose, PackedLinear, embed, linear_backward, linear_loose};

use super::Lazy;
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

/// A matrix of `n_out` outputs and `n_in` inputs.
#[derive(Debug)]
pub struct Weight {
    /// What its file calls it.
    name: String,
    /// `None` for one that an edit made: then it is held.
    param: Option<Param>,
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

impl Weight {
    /// A parameter with two axes, which `layout` names.
    pub fn new(name: String, param: Param, layout: Layout, precision: Precision, place: Place) -> Weight {
        let (n_out, n_in) = match (layout, param.shape()) {
            (Layout::OutIn, [n_out, n_in]) | (Layout::InOut, [n_in, n_out]) => (*n_out, *n_in),
            (_, shape) => unreachable!("a matrix of shape {shape:?}: blocks ask for two axes"),
        };
        Weight { name, param: Some(param), layout, n_out, n_in, precision, place, held: Lazy::new() }
    }

    /// The same matrix with other numbers, laid out as in the file; packed, wherever this one lies.
    pub fn with_numbers(&self, numbers: &[f32]) -> Weight {
        let shape = vec![self.n_out, self.n_in];
        let raw = self.precision.narrow(RawTensor { shape, data: RawData::F32(numbers.into()) });
        let packed = PackedLinear::pack(weights(&raw), self.layout, self.n_out, self.n_in, None);
        Weight {
            name: self.name.clone(),
            param: None,
            place: Place::Packed,
            held: Lazy::of(Held::Packed(packed)),
            ..*self
        }
    }

    /// What its file calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of outputs.
    pub fn n_out(&self) -> usize {
        self.n_out
    }

    /// The number of inputs.
    pub fn n_in(&self) -> usize {
        self.n_in
    }

    /// Lengths of its axes, as in the file.
    pub fn shape(&self) -> [usize; 2] {
        match self.layout {
            Layout::OutIn => [self.n_out, self.n_in],
            Layout::InOut => [self.n_in, self.n_out],
        }
    }

    /// Where it lies between uses.
    pub fn place(&self) -> Place {
        self.place
    }

    /// All numbers, widened, laid out as in the file; a copy.
    ///
    /// # Errors
    /// [`LoadError::Io`], [`LoadError::NoWeights`].
    pub fn numbers(&self) -> Result<Vec<f32>, LoadError> {
        if let Some(param) = &self.param {
            let mut numbers = param.open()?.raw().to_f32().into_owned();
            self.precision.round(&mut numbers);
            return Ok(numbers);
        }
        let ids: Vec<u32> = (0..self.n_out as u32).collect();
        let mut rows = vec![0.0; self.n_out * self.n_in]; // [n_out, n_in]
        self.rows(&ids, &mut rows)?;
        Ok(match self.layout {
            Layout::OutIn => rows,
            Layout::InOut => {
                (0..rows.len()).map(|i| rows[i % self.n_out * self.n_in + i / self.n_out]).collect()
            } // [n_in, n_out]
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

    /// The packed weights with a bias, in the same memory; `None` for weights that stay in their file.
    pub(super) fn packed(&self, bias: Option<&[f32]>) -> Result<Option<PackedLinear>, LoadError> {
        self.with(|held| match held {
            Held::Packed(packed) => Ok(Some(packed.with_bias(bias))),
            Held::Mapped(_) => Ok(None),
        })
    }

    /// `x W^T + b` of weights that stay in their file.
    pub(super) fn loose(&self, bias: Option<&[f32]>, x: &[f32]) -> Result<Vec<f32>, LoadError> {
        let (n_out, n_in) = (self.n_out, self.n_in);
        self.with(|held| match held {
            Held::Packed(packed) => Ok(packed.with_bias(bias).forward_new(x)),
            Held::Mapped(tensor) if tensor.is_blocks() => {
                let read = |i: usize, row: &mut [f32]| {
                    tensor.block_row(n_out, i, row);
                    self.precision.round(row);
                };
                let rows = match self.precision {
                    Precision::Bf16 => Loose::Bf16Rows(&read),
                    _ => Loose::Rows(&read),
                };
                Ok(linear_loose(rows, n_out, n_in, bias, x))
            }
            Held::Mapped(tensor) => {
                let raw = self.precision.narrow(tensor.raw());
                Ok(linear_loose(Loose::Plain(weights(&raw), self.layout), n_out, n_in, bias, x))
            }
        })
    }

    /// `dy W`.
    pub(super) fn backward(&self, dy: &[f32]) -> Result<Vec<f32>, LoadError> {
        let (n_out, n_in) = (self.n_out, self.n_in);
        self.with(|held| match held {
            Held::Packed(packed) => Ok(packed.backward(dy)),
            Held::Mapped(tensor) if tensor.is_blocks() => {
                let read = |i: usize, row: &mut [f32]| {
                    tensor.block_row(n_out, i, row);
                    self.precision.round(row);
                };
                Ok(linear_backward(Loose::Rows(&read), n_out, n_in, dy))
            }
            Held::Mapped(tensor) => {
                let raw = self.precision.narrow(tensor.raw());
                Ok(linear_backward(Loose::Plain(weights(&raw), self.layout), n_out, n_in, dy))
            }
        })
    }

    fn with<T>(&self, use_it: impl FnOnce(&Held) -> Result<T, LoadError>) -> Result<T, LoadError> {
        match (&self.param, self.place) {
            (Some(param), Place::Streamed) => use_it(&Held::Mapped(param.open()?)),
            _ => use_it(self.held.get(|| self.read())?),
        }
    }

    fn read(&self) -> Result<Held, LoadError> {
        let Some(param) = &self.param else {
            unreachable!("weights that an edit made are held from the beginning")
        };
        let tensor = param.open()?;
        if self.place == Place::Mapped {
            return Ok(Held::Mapped(tensor));
        }
        if let Some(coding) = tensor.coding().filter(|_| !self.precision.is_half()) {
            let read = |i: usize, row: CodedRow<'_>| tensor.coded_row(self.n_out, i, row);
            let packed = PackedLinear::pack_coded(coding, &read, self.n_out, self.n_in, None);
            return Ok(Held::Packed(packed));
        }
        let raw = self.precision.narrow(tensor.raw());
        Ok(Held::Packed(PackedLinear::pack(weights(&raw), self.layout, self.n_out, self.n_in, None)))
    }

    /// Reads it now, unless it is streamed.
    pub(super) fn load(&self) -> Result<(), LoadError> {
        match self.place {
            Place::Streamed => Ok(()),
            _ => self.held.get(|| self.read()).map(drop),
        }
    }

    pub(super) fn read_ahead(&self) {
        if let (Some(param), Place::Streamed) = (&self.param, self.place) {
            param.will_need();
        }
    }

    /// Bytes of memory that it takes once it has been read.
    pub(super) fn bytes(&self) -> u64 {
        match (&self.param, self.place) {
            (_, Place::Streamed) => 0,
            (Some(param), Place::Mapped) => param.stored_bytes(),
            (Some(param), Place::Packed) => param.packed_bytes(self.precision, self.n_out, self.n_in),
            (None, _) => {
                let width = if self.precision.is_half() { 2 } else { 4 };
                width * (self.n_out * self.n_in) as u64
            }
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
