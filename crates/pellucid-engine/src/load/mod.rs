//! From a path to a model's parts: weights, configuration, tokenizer.
//!
//! [`open`] takes a Hugging Face folder or a `.gguf` file and gives the same [`Checkpoint`] for both: a GGUF's
//! metadata becomes the `config.json` it was made from, its tensors get their Hugging Face names, layouts and
//! values back, its vocabulary becomes the tokenizer. So nothing after this module knows where a model came from.
//!
//! Files are mapped, not read: opening costs the headers and the tokenizer, a tensor costs when it is asked for.
//! Files are not trusted: any bytes give a checkpoint or a [`LoadError`].

mod chat;
mod config;
mod encoding;
mod error;
mod experts;
mod folder;
mod generation;
mod gguf;
mod mapped;
mod pieces;
mod pooling;
mod random;
mod rope;
mod shards;
mod special;
mod tensor;
mod tiny;
mod tokenizer;
mod tokenizer_json;
mod weights;

use std::path::Path;

pub use chat::{Chat, ChatTemplates, Now};
pub use config::Config;
pub use encoding::{Encoding, Padding, Side};
pub use error::LoadError;
pub use generation::Generation;
pub use pooling::{Pooled, Pooling};
pub use rope::{LongRope, Rope, RopeKind, Yarn};
pub use tensor::{RawData, RawTensor, TensorData};
pub use tiny::tiny;
pub use tokenizer::Tokenizer;
pub use weights::{Param, Weights};

/// An opened model.
#[derive(Debug)]
pub struct Checkpoint {
    /// The folder's name, or the `.gguf` file's without the ending.
    pub name: String,
    /// What `config.json` says, or would say.
    pub config: Config,
    /// The parameters, by Hugging Face name.
    pub weights: Weights,
    /// Text to ids and back; present even when the checkpoint has none (then it fails when used).
    pub tokenizer: Tokenizer,
    /// Tokens that begin and end texts.
    pub generation: Generation,
    /// From hidden states to embeddings; or what the folder asks for that is not known here.
    pub pooling: Result<Pooling, String>,
}

/// What [`open`] is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// Read the table of contents of a weight file.
    Weights {
        /// The file's name.
        file: &'a str,
        /// How many files came before.
        done: usize,
        /// How many there are.
        total: usize,
    },
    /// Read, widen and pack a parameter.
    Parameters {
        /// How many came before.
        done: usize,
        /// How many there are.
        total: usize,
    },
}

/// Opens the model at `path`: a Hugging Face folder, a `.gguf` file, a folder with one `.gguf` file, or a
/// `config.json` alone, whose model can be recorded and checked on and has no weights.
///
/// Whether the engine knows the architecture is not asked here.
pub fn open(path: &Path, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Checkpoint, LoadError> {
    let kind = std::fs::metadata(path).map_err(|cause| LoadError::io(path, cause))?;
    if kind.is_dir() {
        return folder::open(path, progress);
    }
    if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gguf")) {
        return gguf::open(path, progress);
    }
    if path.extension().is_some_and(|end| end == "json") {
        return folder::open_meta(path);
    }
    Err(LoadError::NotAModel {
        path: path.to_path_buf(),
        why: "expected a folder, a .gguf file or a config.json".to_owned(),
    })
}

/// The name of a folder or file; of a commit in the Hugging Face cache, that of its repository.
fn name_of(path: &Path) -> String {
    // A link is called by its own name: in that cache, what it leads to is called by a hash.
    let full = path.file_name().is_none().then(|| path.canonicalize().ok()).flatten();
    let full = full.as_deref().unwrap_or(path);
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let repository = full.parent().filter(|parent| parent.ends_with("snapshots")).and_then(Path::parent);
    let repository = repository.and_then(name).filter(|name| name.starts_with("models--"));
    let short = repository.and_then(|name| name.rsplit("--").next().map(str::to_owned));
    short.or_else(|| name(full)).unwrap_or_else(|| "model".to_owned())
}
