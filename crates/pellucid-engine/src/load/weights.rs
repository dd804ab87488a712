//! All tensors of a checkpoint, by Hugging Face name, whatever files they lie in, if they lie in any.
//!
//! Opening only reads the files' tables of contents. [`Weights::get`] maps one tensor, for as long as it is
//! held; its numbers are read when they are asked for.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pellucid_kernels::Coding;

use super::LoadError;
use super::gguf::blocks::{BlockType, Restore};
use super::mapped::Mapped;
use super::random;
use super::tensor::TensorData;
use crate::precision::Precision;

/// Names, shapes and numbers of a model's parameters. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Weights(Arc<Source>);

#[derive(Debug)]
enum Source {
    Files(Files),
    /// Every tensor of any shape, without numbers: there is only this configuration.
    Absent(PathBuf),
    /// Every tensor of any shape, of random numbers that depend on this seed.
    Random(u64),
}

/// Tensors in files.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(crate) files: Vec<Mapped>,
    pub(crate) entries: BTreeMap<String, Entry>,
}

/// Where one tensor lies and how to read it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Index into [`Files::files`].
    pub(crate) file: usize,
    /// The tensor's bytes; within the file (whoever makes an entry has checked it).
    pub(crate) bytes: Range<usize>,
    pub(crate) shape: Vec<usize>,
    pub(crate) stored: Stored,
}

/// The form of a tensor in its file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stored {
    Safetensors(safetensors::Dtype),
    Gguf(&'static BlockType, Restore),
}

impl Stored {
    /// How a matrix of this form is held in codes, if it is.
    pub(crate) fn coding(self) -> Option<Coding> {
        match self {
            Stored::Gguf(block, restore) => restore.coded(block).map(|coded| coded.coding),
            Stored::Safetensors(_) => None,
        }
    }
}

/// A tensor that is known and not yet read.
#[derive(Debug, Clone)]
pub struct Param {
    weights: Weights,
    name: String,
    shape: Vec<usize>,
}

impl Weights {
    pub(crate) fn of(files: Files) -> Weights {
        Weights(Arc::new(Source::Files(files)))
    }

    /// Whatever parameters a model needs, to record and check on: reading them fails.
    pub(crate) fn without_numbers(config: &Path) -> Weights {
        Weights(Arc::new(Source::Absent(config.to_path_buf())))
    }

    /// Whatever parameters a model needs, made up.
    pub(crate) fn random(seed: u64) -> Weights {
        Weights(Arc::new(Source::Random(seed)))
    }

    fn entries(&self) -> Option<&BTreeMap<String, Entry>> {
        match &*self.0 {
            Source::Files(files) => Some(&files.entries),
            _ => None,
        }
    }

    /// The names of all tensors, sorted; none where there are no files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries().into_iter().flat_map(|entries| entries.keys().map(String::as_str))
    }

    /// Whether every tensor of any shape is there, since none comes from a file.
    pub fn is_made_up(&self) -> bool {
        self.entries().is_none()
    }

    /// Whether a file has a tensor `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.entries().is_some_and(|entries| entries.contains_key(name))
    }

    /// The shape of tensor `name`, without reading it.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.entries()?.get(name).map(|entry| entry.shape.as_slice())
    }

    /// Maps tensor `name`.
    ///
    /// # Errors
    /// [`LoadError::TensorMissing`], [`LoadError::UnsupportedDtype`], [`LoadError::Io`], [`LoadError::NoWeights`].
    pub fn get(&self, name: &str) -> Result<TensorData, LoadError> {
        self.open(name, self.shape(name).unwrap_or(&[]))
    }

    fn open(&self, name: &str, shape: &[usize]) -> Result<TensorData, LoadError> {
        match &*self.0 {
            Source::Files(files) => {
                let entry = files.entries.get(name).ok_or_else(|| self.missing(name))?;
                entry.is_read(name, true)?;
                let window = files.files[entry.file].window(entry.bytes.clone())?;
                Ok(TensorData::stored(window, entry.stored, entry.shape.clone()))
            }
            Source::Absent(config) => {
                Err(LoadError::NoWeights { config: config.clone(), name: name.to_owned() })
            }
            Source::Random(seed) => Ok(TensorData::made(random::numbers(*seed, name, shape), shape.to_vec())),
        }
    }

    /// A tensor to be read later, which must be there, have the shape `expected` and hold floats.
    ///
    /// # Errors
    /// [`LoadError::TensorMissing`], [`LoadError::WrongShape`], [`LoadError::UnsupportedDtype`].
    pub fn param(&self, name: &str, expected: &[usize]) -> Result<Param, LoadError> {
        if let Some(entries) = self.entries() {
            let entry = entries.get(name).ok_or_else(|| self.missing(name))?;
            if entry.shape != expected {
                return Err(LoadError::WrongShape {
                    name: name.to_owned(),
                    expected: expected.to_vec(),
                    got: entry.shape.clone(),
                });
            }
            entry.is_read(name, false)?;
        }
        Ok(Param { weights: self.clone(), name: name.to_owned(), shape: expected.to_vec() })
    }

    /// Asks for tensor `name` to be there. Errors: [`LoadError::TensorMissing`].
    pub fn require(&self, name: &str) -> Result<(), LoadError> {
        if self.is_made_up() || self.contains(name) { Ok(()) } else { Err(self.missing(name)) }
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

impl Entry {
    /// Whether numbers of this kind are read: floats, and where they may be, integers.
    fn is_read(&self, name: &str, or_integers: bool) -> Result<(), LoadError> {
        use safetensors::Dtype;
        match self.stored {
            Stored::Gguf(..) | Stored::Safetensors(Dtype::F32 | Dtype::F16 | Dtype::BF16) => Ok(()),
            Stored::Safetensors(Dtype::I64) if or_integers => Ok(()),
            Stored::Safetensors(other) => {
                Err(LoadError::UnsupportedDtype { name: name.to_owned(), got: format!("{other:?}") })
            }
        }
    }
}

impl Param {
    /// Sizes, slowest axis first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Maps it.
    ///
    /// # Errors
    /// [`LoadError::Io`], [`LoadError::NoWeights`].
    pub fn open(&self) -> Result<TensorData, LoadError> {
        self.weights.open(&self.name, &self.shape)
    }

    fn entry(&self) -> Option<&Entry> {
        self.weights.entries()?.get(&self.name)
    }

    /// Whether it lies in its file in blocks of quantized numbers.
    pub(crate) fn is_quantized(&self) -> bool {
        self.entry().is_some_and(|e| matches!(e.stored, Stored::Gguf(block, _) if block.len > 1))
    }

    /// Bytes that it takes in its file; as f32 where it has none.
    pub(crate) fn stored_bytes(&self) -> u64 {
        let made_up = || 4 * self.shape.iter().product::<usize>();
        self.entry().map_or_else(made_up, |entry| entry.bytes.len()) as u64
    }

    /// How it is held in memory as codes in a run of this precision, if it is: half runs round what codes make.
    pub(crate) fn coding(&self, precision: Precision) -> Option<Coding> {
        self.entry().filter(|_| !precision.is_half())?.stored.coding()
    }

    /// Bytes that a matrix of these sizes takes in memory, packed for the kernels.
    pub(crate) fn packed_bytes(&self, precision: Precision, n_out: usize, n_in: usize) -> u64 {
        use safetensors::Dtype;
        if let Some(coding) = self.coding(precision) {
            return coding.bytes(n_out, n_in) as u64;
        }
        let is_half = match self.entry().map(|entry| entry.stored) {
            Some(Stored::Safetensors(dtype)) => dtype != Dtype::F32,
            _ => false,
        };
        let width = if is_half || precision.is_half() { 2 } else { 4 };
        width * self.shape.iter().product::<usize>() as u64
    }

    /// Asks the system to read it ahead of its use.
    pub(crate) fn will_need(&self) {
        if let Source::Files(files) = &*self.weights.0
            && let Some(entry) = files.entries.get(&self.name)
        {
            files.files[entry.file].will_need(entry.bytes.clone());
        }
    }
}
