//! Parameters of a model: read from their file when a pass first needs them, or each time.
//!
//! Building a model only finds out that every parameter is there and has the right shape. So a model
//! opens in milliseconds, and one that is only recorded on never takes memory for its weights.

mod matrix;
mod named;
mod weight;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

pub use matrix::Matrix;
pub use named::{Holder, Named};
pub use weight::{Place, Weight};

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

    /// One that has been made.
    fn of(value: T) -> Lazy<T> {
        Lazy { value: OnceLock::from(value), ..Lazy::new() }
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
    /// What its file calls it.
    name: String,
    /// `None` for one that an edit made: then it is held.
    param: Option<Param>,
    n: usize,
    precision: Precision,
    held: Lazy<Vec<f32>>,
}

impl Vector {
    /// A parameter with one axis.
    pub fn new(name: String, param: Param, precision: Precision) -> Vector {
        let n = param.shape().iter().product();
        Vector { name, param: Some(param), n, precision, held: Lazy::new() }
    }

    /// A vector like it with other numbers.
    pub fn with_numbers(&self, numbers: &[f32]) -> Vector {
        let mut numbers = numbers.to_vec();
        self.precision.round(&mut numbers);
        Vector { name: self.name.clone(), param: None, held: Lazy::of(numbers), ..*self }
    }

    /// What its file calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many numbers it has.
    pub fn len(&self) -> usize {
        self.n
    }

    /// The numbers, widened.
    ///
    /// # Errors
    /// [`LoadError::Io`], [`LoadError::NoWeights`].
    pub fn get(&self) -> Result<&[f32], LoadError> {
        let read = || {
            let Some(param) = &self.param else {
                unreachable!("a vector that an edit made is held from the beginning")
            };
            let mut numbers = param.open()?.raw().to_f32().into_owned();
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
        4 * self.n as u64
    }
}
