//! Weights as the language sees them: tensors with Hugging Face's names, shapes and layouts.
//!
//! A model holds them as its kernels want them, packed, quantized or still in a file; what a trace
//! reads is what `named_parameters` of transformers gives, in the dtype of the model's values.

use serde::{Deserialize, Serialize};

use super::ModelSpec;
use super::alias::split;
use crate::diagnostic::nearest;
use crate::spec::display_path;
use crate::{Code, DType, Diagnostic, Result, TensorType};

/// A tensor of weights.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ParameterSpec {
    /// Hugging Face's name: `model.layers.0.mlp.down_proj.weight`.
    pub path: String,
    /// Lengths of its axes.
    pub shape: Vec<usize>,
    /// Element type that a trace sees.
    pub dtype: DType,
    /// The parameter that it is the same as: a head's, where it is tied to the embedding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
}

impl ParameterSpec {
    /// Dtype and shape.
    pub fn ty(&self) -> TensorType {
        TensorType::new(self.dtype, self.shape.clone())
    }
}

impl ModelSpec {
    /// Finds weights.
    ///
    /// # Errors
    /// [`Code::UnknownModule`] or [`Code::UnknownParameter`] with what there is instead.
    pub fn parameter(&self, path: &str) -> Result<&ParameterSpec> {
        match self.parameters.get(path) {
            Some(&i) => Ok(&self.data.parameters[i]),
            None => Err(self.unknown_parameter(path)),
        }
    }

    /// The name by which weights are known that a name stands for: that of the module may be an alias,
    /// and of tied weights only the first name counts. An unknown one stays as it is.
    pub fn real_parameter(&self, path: &str) -> String {
        let real = match self.parameters.contains_key(path) {
            true => path.to_owned(),
            false => match path.rsplit_once('.') {
                Some((module, name)) => super::alias::join(&self.real(module), name),
                None => path.to_owned(),
            },
        };
        let same = self.parameters.get(&real).and_then(|i| self.data.parameters[*i].same_as.clone());
        same.unwrap_or(real)
    }

    /// Last words of the weights directly at a module.
    pub fn parameters_at(&self, module: &str) -> Vec<&str> {
        let names = self.data.parameters.iter().map(|p| split(&p.path));
        names.filter(|(at, _)| *at == module).map(|(_, name)| name).collect()
    }

    fn unknown_parameter(&self, path: &str) -> Diagnostic {
        let (module, name) = split(path);
        if let Err(unknown) = self.module(module) {
            return unknown;
        }
        let known = self.parameters_at(module);
        let message = format!("`{}` has no weights `{name}`", display_path(module));
        let diagnostic = Diagnostic::new(Code::UnknownParameter, message);
        let help = match nearest(name, known.iter().copied()) {
            Some(hint) => hint,
            None if known.is_empty() => "it has none of its own; the modules in it may".to_owned(),
            None => format!("it has: {}", known.join(", ")),
        };
        diagnostic.help(help)
    }
}
