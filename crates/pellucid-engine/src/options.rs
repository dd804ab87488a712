//! How a model is held in memory and run.

use pellucid_graph::{Code, Diagnostic};

use crate::precision::Precision;
use crate::{Error, memory};

/// The part of the free memory that weights may take unless told otherwise.
pub const MEMORY_SHARE: f64 = 0.8;

/// Bytes of it that are left for what a run itself takes: activations, the part of a file that is mapped.
pub const WORKSPACE: u64 = 256 << 20;

/// What may be chosen when a model is opened. Only [`dtype`](Options::dtype) changes results.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Options {
    /// The dtype of activations; weights wider than it are rounded to it.
    pub dtype: Precision,
    /// Quantized weights stay as they are in their file and are de-quantized as a product needs them, at the cost
    /// of that work, where they would be widened once: in half runs, which round them. Float32 runs hold them
    /// as codes anyway, a quarter to an eighth of what they stand for.
    pub quantized: bool,
    /// Weights stay in their file and are read again by each pass.
    pub stream: bool,
    /// Bytes of memory for weights; those that come after are streamed. Unset, it is [`MEMORY_SHARE`] of the
    /// memory that is free when the model is opened, less [`WORKSPACE`], where the system says how much that is.
    pub memory_budget: Option<u64>,
}

impl Options {
    /// Bytes of memory for weights.
    pub(crate) fn budget(&self) -> u64 {
        let share = |free: u64| ((free as f64 * MEMORY_SHARE) as u64).saturating_sub(WORKSPACE);
        self.memory_budget.or_else(|| memory::free().map(share)).unwrap_or(u64::MAX)
    }
}

/// How many bytes a text like `4GB`, `512 MiB` or `1048576` says.
///
/// # Errors
/// [`Code::BadArgument`] for another text.
pub fn bytes(text: &str) -> Result<u64, Error> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (text[..split].parse::<f64>().ok(), text[split..].trim());
    let unit = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, bytes)| *bytes);
    number.zip(unit).map(|(number, unit)| (number * unit) as u64).ok_or_else(|| {
        let message = format!("`{text}` is no size of memory; expected one like `4GB` or `512MiB`");
        Diagnostic::new(Code::BadArgument, message).into()
    })
}

const UNITS: [(&str, f64); 10] = [
    ("", 1.0),
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", 1024.0),
    ("MiB", 1024.0 * 1024.0),
    ("GiB", 1024.0 * 1024.0 * 1024.0),
    ("TiB", 1024.0 * 1024.0 * 1024.0 * 1024.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let read = |text| bytes(text).ok();
        assert_eq!(read("1048576"), Some(1 << 20));
        assert_eq!(read("1.5 GB"), Some(1_500_000_000));
        assert_eq!(read("2gib"), Some(2 << 30));
        for wrong in ["", "GB", "4 apples", "-1", "1.2.3"] {
            let error = bytes(wrong).expect_err(wrong);
            assert_eq!(error.code(), "bad-argument", "{error}");
        }
    }
}
