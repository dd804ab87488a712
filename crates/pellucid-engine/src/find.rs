//! Finding a model by a path or a name.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::load::LoadError;

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

/// The path of a model: a path that exists, or a name in one of the [`model_folders`].
///
/// # Errors
/// [`LoadError`] naming the folders searched and the names found there.
pub fn find_model(name: &str) -> Result<PathBuf, Error> {
    let path = Path::new(name);
    if path.exists() {
        return Ok(path.to_owned());
    }
    let found = known_models().into_iter().find(|p| file_name(p) == name);
    found.ok_or_else(|| {
        let known: Vec<String> = known_models().iter().map(|p| file_name(p)).collect();
        Error::Load(LoadError::NoSuchModel { name: name.to_owned(), searched: model_folders(), known })
    })
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
