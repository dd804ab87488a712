//! Activation functions as modules.

use pellucid_kernels::{Activation, activate, activate_backward};

use crate::Tensor;
use crate::grad::{Kept, rowwise};
use crate::load::{Config, LoadError};
use crate::pass::{Flow, Module, Node, Pass};

/// An activation function, one element at a time.
pub struct Act {
    kind: &'static str,
    function: Activation,
}

/// What configurations call them, transformers' class name, the function.
const NAMES: &[(&str, &str, Activation)] = &[
    ("gelu", "GELUActivation", Activation::GeluErf),
    ("gelu_fast", "FastGELUActivation", Activation::GeluTanh),
    ("gelu_new", "NewGELUActivation", Activation::GeluTanh),
    ("gelu_pytorch_tanh", "GELUTanh", Activation::GeluTanh),
    ("relu", "ReLU", Activation::Relu),
    ("silu", "SiLUActivation", Activation::Silu),
    ("swish", "SiLUActivation", Activation::Silu),
    ("tanh", "Tanh", Activation::Tanh),
    ("sigmoid", "Sigmoid", Activation::Sigmoid),
];

impl Act {
    /// The function that the configuration names under `key`.
    ///
    /// # Errors
    /// A name that is not known.
    pub fn from_config(config: &Config, key: &str) -> Result<Act, LoadError> {
        let name = config.str(key)?;
        match NAMES.iter().find(|(n, _, _)| *n == name) {
            Some((_, kind, function)) => Ok(Act { kind, function: *function }),
            None => {
                let known: Vec<&str> = NAMES.iter().map(|(n, _, _)| *n).collect();
                Err(config.invalid(key, format!("one of {}", known.join(", "))))
            }
        }
    }

    pub(super) fn function(&self) -> Activation {
        self.function
    }
}

impl Module for Act {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn forward(&self, _at: &Node, _pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        Ok(map(x, self.function))
    }
}

/// The function of every element.
pub(super) fn map(x: Tensor, function: Activation) -> Tensor {
    if x.is_meta() {
        return x;
    }
    let mut out = vec![0.0; x.numel()];
    activate(function, x.f32s(), &mut out);
    rowwise(Tensor::new(out, x.shape()), 1, [(&x, 1)], || {
        let x = Kept::new(&x, 1);
        move |rows, dy| {
            let mut dx = vec![0.0; dy.len()];
            activate_backward(function, x.rows(&rows), dy, &mut dx);
            Ok([dx])
        }
    })
}
