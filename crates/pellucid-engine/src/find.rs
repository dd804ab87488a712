//! Finding a model by a path or a name.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::load::LoadError;

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A Hugging Face folder, a `.gguf` file, a `config.json`.
    Path(PathBuf),
    /// A small model of random weights.
    Tiny {
        /// The architecture, as `model_type` of a `config.json` names it.
        model_type: String,
        /// What the weights depend on.
        seed: u64,
    },
}

impl<P: Into<PathBuf>> From<P> for Source {
    fn from(path: P) -> Source {
        Source::Path(path.into())
    }
}

/// The folders where models are looked for by name, in this order: `$PELLUCID_MODELS`, `.models`
/// here, `pellucid/models` in the user's cache.
pub fn model_folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    folders.extend(std::env::var_os("PELLUCID_MODELS").map(PathBuf::from));
    folders.push(PathBuf::from(".models"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::var_os("HOME").map(|h| Path::new(&h).join(".cache")));
    folders.extend(cache.map(|c| c.join("pellucid").join("models")));
    folders
}

/// What a model's name means: a path that exists, a name in one of the [`model_folders`], or
/// `tiny:MODEL_TYPE` and `tiny:MODEL_TYPE:SEED` for random weights.
///
/// # Errors
/// [`LoadError`] naming the folders searched and the names found there.
pub fn find_model(name: &str) -> Result<Source, Error> {
    let path = Path::new(name);
    if path.exists() {
        return Ok(path.into());
    }
    if let Some(tiny) = name.strip_prefix("tiny:").and_then(tiny) {
        return Ok(tiny);
    }
    let found = known_models().into_iter().find(|p| file_name(p) == name);
    found.map(Source::from).ok_or_else(|| {
        let known: Vec<String> = known_models().iter().map(|p| file_name(p)).collect();
        Error::Load(LoadError::NoSuchModel { name: name.to_owned(), searched: model_folders(), known })
    })
}

fn tiny(name: &str) -> Option<Source> {
    let (model_type, seed) = match name.split_once(':') {
        Some((model_type, seed)) => (model_type, seed.parse().ok()?),
        None => (name, 0),
    };
    Some(Source::Tiny { model_type: model_type.to_owned(), seed })
}

/// Every model in the [`model_folders`].
pub fn known_models() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in model_folders() {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut models: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| is_model(p)).collect();
        models.sort();
        found.extend(models);
    }
    found
}

fn is_model(path: &Path) -> bool {
    let gguf = |p: &Path| p.extension().is_some_and(|e| e == "gguf");
    if path.is_file() {
        return gguf(path);
    }
    let mut inside = std::fs::read_dir(path).into_iter().flatten().flatten();
    path.join("config.json").is_file() || inside.any(|e| gguf(&e.path()))
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
