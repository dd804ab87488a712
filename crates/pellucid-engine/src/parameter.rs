//! Parameters of a model: read from their file when a pass first needs them, or each time.
//!
//! Building a model only finds out that every parameter is there and has the right shape. So a model
//! opens in milliseconds, and one that is only recorded on never takes memory for its weights.

mod matrix;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

pub use matrix::{Matrix, Place};

use crate::load::{LoadError, Param};
use crate::precision::Precision;

/// A parameter in whichever form blocks want it.
pub trait Parameter: Send + Sync {
    /// Reads it now, unless it is streamed.
    ///
    /// # Errors
    /// [`LoadError::Io`], [`LoadError::NoWeights`].
    fn load(&self) -> Result<(), LoadError>;

    /// Asks for its part of the file, if that is read again at each use.
    fn read_ahead(&self);

    /// Bytes of memory it takes once it has been read.
    fn bytes(&self) -> u64;
}

/// Parameters, each with the module that it belongs to, in the order of the modules.
pub type Parameters = Vec<(usize, Arc<dyn Parameter>)>;

/// A value made once, by whoever comes first.
#[derive(Debug)]
struct Lazy<T> {
    value: OnceLock<T>,
    making: Mutex<()>,
}

impl<T> Lazy<T> {
    fn new() -> Lazy<T> {
        Lazy { value: OnceLock::new(), making: Mutex::new(()) }
    }

    fn get(&self, make: impl FnOnce() -> Result<T, LoadError>) -> Result<&T, LoadError> {
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        // The guarded value is `()`: a panic while it was held has left nothing half made.
        let _alone = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let made = make()?;
        Ok(self.value.get_or_init(|| made))
    }
}

/// A few numbers: the scale of a norm, a bias.
#[derive(Debug)]
pub struct Vector {
    param: Param,
    precision: Precision,
    held: Lazy<Vec<f32>>,
}

impl Vector {
    /// A parameter with one axis.
    pub fn new(param: Param, precision: Precision) -> Vector {
        Vector { param, precision, held: Lazy::new() }
    }

    /// The numbers, widened.
    ///
    /// # Errors
    /// [`LoadError::Io`], [`LoadError::NoWeights`].
    pub fn get(&self) -> Result<&[f32], LoadError> {
        let read = || {
            let mut numbers = self.param.open()?.raw().to_f32().into_owned();
            self.precision.round(&mut numbers);
            Ok(numbers)
        };
        self.held.get(read).map(Vec::as_slice)
    }
}

impl Parameter for Vector {
    fn load(&self) -> Result<(), LoadError> {
        self.get().map(drop)
    }

    fn read_ahead(&self) {}

    fn bytes(&self) -> u64 {
        4 * self.param.shape().iter().product::<usize>() as u64
    }
}
