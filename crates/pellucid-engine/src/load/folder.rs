//! A Hugging Face model folder: `config.json`, safetensors, tokenizer files.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::config::Config;
use super::generation::Generation;
use super::tokenizer::Tokenizer;
use super::weights::{Files, Weights};
use super::{Checkpoint, LoadError, Progress, experts, gguf, shards};

/// Opens the folder `path`; a folder without `config.json` but with one `.gguf` file opens that file.
pub(crate) fn open(path: &Path, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Checkpoint, LoadError> {
    let config_file = path.join("config.json");
    let has_safetensors = !files_ending(path, ".safetensors")?.is_empty();
    if !config_file.is_file() || !has_safetensors {
        return match files_ending(path, ".gguf")?.as_slice() {
            [only] => gguf::open(only, progress),
            found => Err(not_a_model(path, config_file.is_file(), found.len())),
        };
    }
    let config = Config::read(&config_file)?;
    let mut files = open_files(path, progress)?;
    experts::split(&mut files, config.opt_str("model_type")?.unwrap_or_default());
    let weights = Weights::of(files);
    let generation = Generation::read(&path.join("generation_config.json"), &config)?;
    let tokenizer = Tokenizer::of_folder(path, &generation);
    let pooling = super::pooling::read(path)?;
    Ok(Checkpoint { name: super::name_of(path), config, weights, tokenizer, generation, pooling })
}

/// Opens the `config.json` at `file` without any weights: a *meta* model, to record and check on. The
/// tokenizer is that of the folder, if there is one.
pub(crate) fn open_meta(file: &Path) -> Result<Checkpoint, LoadError> {
    let config = Config::read(file)?;
    let full = file.canonicalize().map_err(|cause| LoadError::io(file, cause))?;
    let folder = full.parent().unwrap_or(Path::new("."));
    let generation = Generation::read(&folder.join("generation_config.json"), &config)?;
    let tokenizer = Tokenizer::of_folder(folder, &generation);
    Ok(Checkpoint {
        name: super::name_of(folder),
        config,
        weights: Weights::without_numbers(file),
        tokenizer,
        generation,
        pooling: super::pooling::read(folder)?,
    })
}

/// Reads `path` as JSON. Errors: [`LoadError::FileMissing`], [`LoadError::Io`], [`LoadError::BadJson`].
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, LoadError> {
    let bytes = std::fs::read(path).map_err(|cause| LoadError::io(path, cause))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| LoadError::BadJson { file: path.to_path_buf(), why: error.to_string() })
}

fn open_files(path: &Path, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Files, LoadError> {
    let index = path.join("model.safetensors.index.json");
    let single = path.join("model.safetensors");
    if !single.is_file() && index.is_file() {
        return shards::open_index(&index, progress);
    }
    let file = match single.is_file() {
        true => single,
        false => the_only_weight_file(path)?,
    };
    let name = super::name_of(&file);
    progress(Progress::Weights { file: &name, done: 0, total: 1 });
    shards::open_safetensors(&file)
}

fn the_only_weight_file(path: &Path) -> Result<PathBuf, LoadError> {
    let mut found = files_ending(path, ".safetensors")?;
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(LoadError::NotAModel {
            path: path.to_path_buf(),
            why: "several safetensors files, but neither `model.safetensors` nor \
                  `model.safetensors.index.json`"
                .to_owned(),
        }),
    }
}

fn files_ending(path: &Path, end: &str) -> Result<Vec<PathBuf>, LoadError> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(path).map_err(|cause| LoadError::io(path, cause))? {
        let file = item.map_err(|cause| LoadError::io(path, cause))?.path();
        if file.to_string_lossy().ends_with(end) && file.is_file() {
            found.push(file);
        }
    }
    found.sort();
    Ok(found)
}

fn not_a_model(path: &Path, has_config: bool, n_gguf: usize) -> LoadError {
    let why = match (has_config, n_gguf) {
        (_, 2..) => "it holds several .gguf files; give the path of one of them",
        (true, _) if path.join("pytorch_model.bin").is_file() => {
            "its weights are pickles (`pytorch_model.bin`); only safetensors and GGUF are read"
        }
        (true, _) => {
            "it has a `config.json` but no safetensors or .gguf file; to record and check without \
             weights, give the path of the `config.json`"
        }
        (false, _) => "it has neither a `config.json` beside safetensors nor a .gguf file",
    };
    LoadError::NotAModel { path: path.to_path_buf(), why: why.to_owned() }
}
