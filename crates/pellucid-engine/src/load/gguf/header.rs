//! The container: metadata by key and type, and the table of tensors.
//!
//! Nothing is trusted. The file is read through a [`Cursor`] that cannot leave it, lists stay where they are until
//! someone asks for them, and every tensor's bytes are checked to lie in the file. So what a header can make us
//! allocate is bounded by the file's own size.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::blocks::{self, BlockType};
use super::cursor::{Cursor, RawInfo, Value};
use crate::load::LoadError;

/// A parsed header; borrows the file.
pub(crate) struct Header<'a> {
    file: PathBuf,
    metadata: HashMap<&'a str, Value<'a>>,
    pub(crate) tensors: Vec<TensorInfo<'a>>,
}

/// One tensor of the file.
pub(crate) struct TensorInfo<'a> {
    /// Its name in the file.
    pub(crate) name: &'a str,
    pub(crate) block: &'static BlockType,
    /// As stored, slowest axis first.
    pub(crate) shape: Vec<usize>,
    /// Where its blocks are in the file.
    pub(crate) bytes: Range<usize>,
}

impl<'a> Header<'a> {
    /// Reads the header of the file `path` of `file_len` bytes, of which the first are `bytes`.
    pub(crate) fn read(path: &Path, bytes: &'a [u8], file_len: usize) -> Result<Self, LoadError> {
        let bad = |why| bad(path, why);
        let mut cursor = Cursor::new(bytes);
        let (n_tensors, n_metadata) = cursor.preamble().map_err(bad)?;
        let mut metadata = HashMap::new();
        for _ in 0..n_metadata {
            let (key, value) = cursor.key_value().map_err(bad)?;
            metadata.insert(key, value);
        }
        let mut header = Self { file: path.to_path_buf(), metadata, tensors: Vec::new() };
        let mut placed = Vec::new();
        for _ in 0..n_tensors {
            placed.push(cursor.tensor().map_err(bad)?);
        }
        let start = header.data_start(cursor.at())?;
        for info in placed {
            let info = header.locate(info, start, file_len)?;
            header.tensors.push(info);
        }
        Ok(header)
    }

    /// The file's path.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// The error for something wrong in this file.
    pub(crate) fn bad(&self, why: String) -> LoadError {
        bad(&self.file, why)
    }

    /// Whether there is a tensor with this name in the file.
    pub(crate) fn has_tensor(&self, name: &str) -> bool {
        self.tensors.iter().any(|info| info.name == name)
    }

    /// A text; an error if absent.
    pub(crate) fn text(&self, key: &str) -> Result<&'a str, LoadError> {
        self.opt_text(key)?.ok_or_else(|| self.wrong(key, "a string"))
    }

    /// A text, if it is there.
    pub(crate) fn opt_text(&self, key: &str) -> Result<Option<&'a str>, LoadError> {
        match self.metadata.get(key) {
            None => Ok(None),
            Some(Value::Text(text)) => match std::str::from_utf8(text) {
                Ok(text) => Ok(Some(text)),
                Err(_) => Err(self.wrong(key, "UTF-8")),
            },
            Some(_) => Err(self.wrong(key, "a string")),
        }
    }

    /// A count; an error if absent. An array whose values are all the same counts as one.
    pub(crate) fn count(&self, key: &str) -> Result<u64, LoadError> {
        self.opt_count(key)?.ok_or_else(|| self.wrong(key, "a count"))
    }

    /// A count, if it is there.
    pub(crate) fn opt_count(&self, key: &str) -> Result<Option<u64>, LoadError> {
        // Later code computes with products of counts; no honest one is larger.
        let count = |n: i128| u32::try_from(n).ok().map(u64::from);
        let read = match self.metadata.get(key) {
            None => return Ok(None),
            Some(Value::Int(n)) => count(*n),
            Some(Value::Array(array)) => array.uniform_int().and_then(count),
            Some(_) => None,
        };
        read.map(Some).ok_or_else(|| self.wrong(key, "a count below 2^32, the same for all layers"))
    }

    /// A number; an error if absent.
    pub(crate) fn number(&self, key: &str) -> Result<f64, LoadError> {
        self.opt_number(key)?.ok_or_else(|| self.wrong(key, "a number"))
    }

    /// A finite number, if it is there.
    pub(crate) fn opt_number(&self, key: &str) -> Result<Option<f64>, LoadError> {
        match self.metadata.get(key) {
            None => Ok(None),
            Some(Value::Float(number)) if number.is_finite() => Ok(Some(*number)),
            Some(Value::Int(number)) => Ok(Some(*number as f64)),
            Some(_) => Err(self.wrong(key, "a finite number")),
        }
    }

    /// A flag, if it is there.
    pub(crate) fn opt_flag(&self, key: &str) -> Result<Option<bool>, LoadError> {
        match self.metadata.get(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.wrong(key, "a flag")),
        }
    }

    /// How many values the array `key` has, if it is there.
    pub(crate) fn opt_len(&self, key: &str) -> Option<u64> {
        match self.metadata.get(key) {
            Some(Value::Array(array)) => Some(array.len),
            _ => None,
        }
    }

    /// A list of texts, if it is there.
    pub(crate) fn opt_texts(&self, key: &str) -> Result<Option<Vec<&'a str>>, LoadError> {
        let text = |value| match value {
            Value::Text(text) => std::str::from_utf8(text).ok(),
            _ => None,
        };
        self.list(key, "a list of UTF-8 strings", text)
    }

    /// A list of integers, if it is there.
    pub(crate) fn opt_ints(&self, key: &str) -> Result<Option<Vec<i64>>, LoadError> {
        let int = |value| match value {
            Value::Int(int) => i64::try_from(int).ok(),
            _ => None,
        };
        self.list(key, "a list of integers", int)
    }

    /// A list of floats, if it is there.
    pub(crate) fn opt_floats(&self, key: &str) -> Result<Option<Vec<f32>>, LoadError> {
        let float = |value| match value {
            Value::Float(float) => Some(float as f32),
            _ => None,
        };
        self.list(key, "a list of floats", float)
    }

    fn list<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl Fn(Value<'a>) -> Option<T>,
    ) -> Result<Option<Vec<T>>, LoadError> {
        let all = match self.metadata.get(key) {
            None => return Ok(None),
            Some(Value::Array(array)) => array.values().map(|value| read(value?)).collect(),
            Some(_) => None,
        };
        all.map(Some).ok_or_else(|| self.wrong(key, expected))
    }

    fn wrong(&self, key: &str, expected: &str) -> LoadError {
        let got = match self.metadata.get(key) {
            None => "nothing".to_owned(),
            Some(Value::Array(array)) => format!("a list of {} values", array.len),
            Some(Value::Text(text)) => {
                format!("{:?}", String::from_utf8_lossy(&text[..text.len().min(40)]))
            }
            Some(Value::Int(n)) => n.to_string(),
            Some(Value::Float(n)) => n.to_string(),
            Some(Value::Bool(flag)) => flag.to_string(),
        };
        self.bad(format!("`{key}`: expected {expected}, got {got}"))
    }

    fn data_start(&self, table_end: usize) -> Result<usize, LoadError> {
        const DEFAULT_ALIGNMENT: u64 = 32;
        let key = "general.alignment";
        let alignment = match self.opt_count(key)?.unwrap_or(DEFAULT_ALIGNMENT) {
            0 => return Err(self.wrong(key, "a positive count")),
            alignment => alignment as usize,
        };
        let start = table_end.checked_next_multiple_of(alignment);
        start.ok_or_else(|| self.wrong(key, "a smaller count"))
    }

    fn locate(&self, raw: RawInfo<'a>, start: usize, file_len: usize) -> Result<TensorInfo<'a>, LoadError> {
        let RawInfo { name, shape, kind, offset } = raw;
        let block = blocks::by_id(kind).ok_or_else(|| LoadError::UnsupportedBlockType {
            file: self.file.clone(),
            tensor: name.to_owned(),
            got: blocks::name_of(kind),
            known: blocks::known(),
        })?;
        let outside = || self.bad(format!("tensor `{name}` {shape:?} reaches past the end of the file"));
        let whole_rows = shape.last().is_some_and(|row| row % block.len == 0);
        if !whole_rows || shape.contains(&0) {
            let why = format!("tensor `{name}` {shape:?} has no whole number of {} blocks", block.name);
            return Err(self.bad(why));
        }
        let n = shape.iter().try_fold(1usize, |n, &axis| n.checked_mul(axis)).ok_or_else(outside)?;
        let from = usize::try_from(offset).ok().and_then(|offset| start.checked_add(offset));
        let size = (n / block.len).checked_mul(block.bytes);
        let bytes = from.zip(size).and_then(|(from, size)| Some(from..from.checked_add(size)?));
        match bytes {
            Some(bytes) if bytes.end <= file_len => Ok(TensorInfo { name, block, shape, bytes }),
            _ => Err(outside()),
        }
    }
}

fn bad(file: &Path, why: String) -> LoadError {
    LoadError::BadGguf { file: file.to_path_buf(), why }
}
