//! All tensors of a checkpoint, by Hugging Face name, whatever files they lie in.
//!
//! Opening only reads the files' tables of contents. A tensor is touched when [`Weights::get`] asks for it:
//! plain floats are borrowed from the memory map, GGUF blocks are de-quantized, in parallel when big.

use std::collections::BTreeMap;
use std::ops::Range;

use super::LoadError;
use super::gguf::blocks::{BlockType, Restore};
use super::memory::{Mapped, view};
use super::tensor::{RawData, RawTensor};

/// Names, shapes and numbers of a model's parameters.
#[derive(Debug, Default)]
pub struct Weights {
    pub(crate) files: Vec<Mapped>,
    pub(crate) entries: BTreeMap<String, Entry>,
}

/// Where one tensor lies and how to read it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Index into [`Weights::files`].
    pub(crate) file: usize,
    /// The tensor's bytes; within the file (whoever makes an entry has checked it).
    pub(crate) bytes: Range<usize>,
    pub(crate) shape: Vec<usize>,
    pub(crate) stored: Stored,
}

/// The form of a tensor in its file.
#[derive(Debug)]
pub(crate) enum Stored {
    Safetensors(safetensors::Dtype),
    Gguf(&'static BlockType, Restore),
}

impl Weights {
    /// The names of all tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether there is a tensor `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// The shape of tensor `name`, without reading it.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.entries.get(name).map(|entry| entry.shape.as_slice())
    }

    /// Reads tensor `name`. Errors: [`LoadError::TensorMissing`], [`LoadError::UnsupportedDtype`].
    pub fn get(&self, name: &str) -> Result<RawTensor<'_>, LoadError> {
        let entry = self.entries.get(name).ok_or_else(|| self.missing(name))?;
        let bytes = &self.files[entry.file].bytes()[entry.bytes.clone()];
        let data = match &entry.stored {
            Stored::Safetensors(dtype) => plain(name, *dtype, bytes)?,
            Stored::Gguf(block, restore) => restore.read(block, bytes, &entry.shape),
        };
        Ok(RawTensor { shape: entry.shape.clone(), data })
    }

    /// Reads tensor `name`, which must have the shape `expected`; the shape is checked before anything is read.
    pub fn expect_shape(&self, name: &str, expected: &[usize]) -> Result<RawTensor<'_>, LoadError> {
        match self.shape(name) {
            Some(shape) if shape != expected => Err(LoadError::WrongShape {
                name: name.to_owned(),
                expected: expected.to_vec(),
                got: shape.to_vec(),
            }),
            _ => self.get(name),
        }
    }

    /// Asks for tensor `name` to be there. Errors: [`LoadError::TensorMissing`].
    pub fn require(&self, name: &str) -> Result<(), LoadError> {
        if self.contains(name) { Ok(()) } else { Err(self.missing(name)) }
    }

    fn missing(&self, name: &str) -> LoadError {
        let mut scored: Vec<(usize, &str)> =
            self.names().map(|other| (strsim::levenshtein(name, other), other)).collect();
        scored.sort_unstable();
        LoadError::TensorMissing {
            name: name.to_owned(),
            nearest: scored.iter().take(3).map(|&(_, other)| other.to_owned()).collect(),
        }
    }
}

fn plain<'a>(name: &str, dtype: safetensors::Dtype, bytes: &'a [u8]) -> Result<RawData<'a>, LoadError> {
    use safetensors::Dtype;
    match dtype {
        Dtype::F32 => Ok(RawData::F32(view(bytes))),
        Dtype::F16 => Ok(RawData::F16(view(bytes))),
        Dtype::BF16 => Ok(RawData::Bf16(view(bytes))),
        Dtype::I64 => Ok(RawData::I64(view(bytes))),
        other => Err(LoadError::UnsupportedDtype { name: name.to_owned(), got: format!("{other:?}") }),
    }
}
