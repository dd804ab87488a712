//! What can go wrong between a path and a loaded model.
//!
//! Each variant has a stable code to branch on ([`LoadError::code`]) and a message to read, which names the
//! file, the key or the tensor at fault. Callers that speak to tenants must not pass the message on as it is:
//! it holds paths of this machine.

use std::path::PathBuf;
use std::sync::Arc;

/// Why a model could not be opened, or a part of it not read.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Nothing is at the path.
    #[error("`{}` does not exist", path.display())]
    FileMissing {
        /// The path asked for.
        path: PathBuf,
    },
    /// Neither a path nor the name of a model in the folders searched.
    #[error("no model `{name}` here{}", known_hint(known))]
    NoSuchModel {
        /// The path or name asked for.
        name: String,
        /// The folders that were searched.
        searched: Vec<PathBuf>,
        /// The names found there.
        known: Vec<String>,
    },
    /// The operating system refused.
    #[error("cannot read `{}`: {cause}", path.display())]
    Io {
        /// The file at fault.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        cause: Arc<std::io::Error>,
    },
    /// The path is neither a model folder nor a `.gguf` file.
    #[error("`{}` is not a model: {why}", path.display())]
    NotAModel {
        /// The path asked for.
        path: PathBuf,
        /// What was looked for.
        why: String,
    },
    /// A safetensors file (or its index) is truncated or corrupt.
    #[error("`{}` is not a valid safetensors file: {why}", file.display())]
    BadSafetensors {
        /// The file at fault.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The index names a shard that is not there.
    #[error("`{}` names the shard `{shard}`, which is missing", index.display())]
    ShardMissing {
        /// The `model.safetensors.index.json`.
        index: PathBuf,
        /// The shard's file name.
        shard: String,
    },
    /// A GGUF file is truncated or corrupt.
    #[error("`{}` is not a valid GGUF file: {why}", file.display())]
    BadGguf {
        /// The file at fault.
        file: PathBuf,
        /// What is wrong with it, and at which key or tensor.
        why: String,
    },
    /// A GGUF tensor is stored in blocks that are not read yet.
    #[error("tensor `{tensor}` of `{}` has the block type {got}; supported: {known}", file.display())]
    UnsupportedBlockType {
        /// The file at fault.
        file: PathBuf,
        /// The tensor's name in the file.
        tensor: String,
        /// The block type found.
        got: String,
        /// The block types that are read.
        known: String,
    },
    /// No architecture of this `model_type` is known.
    #[error("unknown model type `{got}`; known: {}", known.join(", "))]
    UnknownModelType {
        /// The model type found.
        got: String,
        /// Those that can be loaded.
        known: Vec<String>,
    },
    /// No such tensor.
    #[error("no tensor `{name}`{}", nearest_hint(nearest))]
    TensorMissing {
        /// The name asked for.
        name: String,
        /// The most similar names that exist, best first.
        nearest: Vec<String>,
    },
    /// Tensors that the architecture neither uses nor knows to leave alone.
    #[error("{} no part of the model: {}", unused_hint(names.len()), some(names))]
    TensorsUnused {
        /// Their names.
        names: Vec<String>,
    },
    /// A tensor's shape is not the one the architecture needs.
    #[error("tensor `{name}` has the shape {got:?}, expected {expected:?}")]
    WrongShape {
        /// The tensor's name.
        name: String,
        /// The shape asked for.
        expected: Vec<usize>,
        /// The shape found.
        got: Vec<usize>,
    },
    /// The model was opened from its configuration alone, and is asked to compute.
    #[error("no weights: the model was opened from `{}` alone, which says nothing of `{name}`", config.display())]
    NoWeights {
        /// The configuration it was opened from.
        config: PathBuf,
        /// The tensor that was wanted.
        name: String,
    },
    /// A tensor's element type is not one that is read.
    #[error("tensor `{name}` has the dtype {got}; supported: F32, F16 and BF16 for parameters, I64 for ids")]
    UnsupportedDtype {
        /// The tensor's name.
        name: String,
        /// The dtype found.
        got: String,
    },
    /// A file is not JSON, or not the JSON that is expected.
    #[error("`{}` is not valid: {why}", file.display())]
    BadJson {
        /// The file at fault.
        file: PathBuf,
        /// What the parser says.
        why: String,
    },
    /// A key of the configuration is missing or has a value that makes no sense.
    #[error("`{key}` of `{}`: expected {expected}, got {got}", file.display())]
    BadConfig {
        /// The file the configuration came from.
        file: PathBuf,
        /// The key, dotted when nested.
        key: String,
        /// What would be valid.
        expected: String,
        /// What is there; `nothing` if the key is absent.
        got: String,
    },
    /// The tokenizer's description is unusable.
    #[error("`{}` is not a usable tokenizer: {why}", file.display())]
    BadTokenizer {
        /// The file at fault.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Messages were given to a model without a chat template.
    #[error("the model has no chat template{}", templates_hint(known))]
    NoChatTemplate {
        /// The names of the templates it has, none of which is the default.
        known: Vec<String>,
    },
    /// Messages that a chat template cannot render, or does not accept.
    #[error("{why}")]
    BadChat {
        /// What is wrong with them, in words of the template where it has some.
        why: String,
    },
    /// Text was given to a model without a tokenizer.
    #[error("cannot tokenize: {why}; give token ids instead of text")]
    NoTokenizer {
        /// Why there is none.
        why: String,
    },
}

impl LoadError {
    /// The stable name of this kind of error, in kebab case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::FileMissing { .. } => "file-missing",
            Self::NoSuchModel { .. } => "no-such-model",
            Self::Io { .. } => "io",
            Self::NotAModel { .. } => "not-a-model",
            Self::BadSafetensors { .. } => "bad-safetensors",
            Self::ShardMissing { .. } => "shard-missing",
            Self::BadGguf { .. } => "bad-gguf",
            Self::UnsupportedBlockType { .. } => "unsupported-block-type",
            Self::UnknownModelType { .. } => "unknown-model-type",
            Self::TensorMissing { .. } => "tensor-missing",
            Self::TensorsUnused { .. } => "tensors-unused",
            Self::WrongShape { .. } => "wrong-shape",
            Self::NoWeights { .. } => "no-weights",
            Self::UnsupportedDtype { .. } => "unsupported-dtype",
            Self::BadJson { .. } => "bad-json",
            Self::BadConfig { .. } => "bad-config",
            Self::BadTokenizer { .. } => "bad-tokenizer",
            Self::NoTokenizer { .. } => "no-tokenizer",
            Self::NoChatTemplate { .. } => "no-chat-template",
            Self::BadChat { .. } => "bad-chat",
        }
    }

    /// The error for a failed read of `path`: a missing file is told from other failures.
    pub(crate) fn io(path: &std::path::Path, cause: std::io::Error) -> Self {
        let path = path.to_path_buf();
        match cause.kind() {
            std::io::ErrorKind::NotFound => Self::FileMissing { path },
            _ => Self::Io { path, cause: Arc::new(cause) },
        }
    }
}

fn known_hint(known: &[String]) -> String {
    match known {
        [] => "; give the path of a folder or a .gguf file".to_owned(),
        names => format!("; there is {}", names.join(", ")),
    }
}

fn unused_hint(n: usize) -> String {
    if n == 1 { "1 tensor is".to_owned() } else { format!("{n} tensors are") }
}

/// The first few names.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let quoted: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > SHOWN { ", ..." } else { "" };
    format!("{}{more}", quoted.join(", "))
}

fn templates_hint(known: &[String]) -> String {
    match known {
        [] => "; give one as Jinja, or text instead of messages".to_owned(),
        names => format!(" that is the default; there is {}", names.join(", ")),
    }
}

fn nearest_hint(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return String::new();
    }
    let quoted: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
    format!("; the nearest are {}", quoted.join(", "))
}
