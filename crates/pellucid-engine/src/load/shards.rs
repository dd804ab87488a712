//! Safetensors: one file, or several named by `model.safetensors.index.json`.
//!
//! Format: <https://github.com/huggingface/safetensors>. The header is checked by the `safetensors` crate
//! (length, offsets without gaps, sizes that match shapes), the file against the header.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use safetensors::SafeTensors;

use super::memory::Mapped;
use super::weights::{Entry, Stored, Weights};
use super::{LoadError, Progress};

impl Weights {
    /// Opens one safetensors file.
    pub fn open_safetensors(file: &Path) -> Result<Self, LoadError> {
        let mut weights = Self::default();
        add_file(&mut weights, file)?;
        Ok(weights)
    }

    /// Opens every shard that the index at `index` names. Each tensor must lie in the shard the index says.
    pub fn open_index(index: &Path, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Self, LoadError> {
        let placed = read_index(index)?;
        let folder = index.parent().unwrap_or(Path::new("."));
        let shards: BTreeSet<&str> = placed.values().map(String::as_str).collect();
        let mut weights = Self::default();
        for (done, shard) in shards.iter().enumerate() {
            let total = shards.len();
            progress(Progress::Weights { file: shard, done, total });
            add_file(&mut weights, &folder.join(shard)).map_err(|error| match error {
                LoadError::FileMissing { .. } => {
                    LoadError::ShardMissing { index: index.to_path_buf(), shard: (*shard).to_owned() }
                }
                other => other,
            })?;
        }
        check_placement(&weights, index, &placed, folder)?;
        Ok(weights)
    }
}

fn add_file(weights: &mut Weights, path: &Path) -> Result<(), LoadError> {
    let mapped = Mapped::open(path)?;
    let bytes = mapped.bytes();
    let bad = |why: String| LoadError::BadSafetensors { file: path.to_path_buf(), why };
    let (header, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| bad(error.to_string()))?;
    let start = size_of::<u64>() + header;
    let file = weights.files.len();
    for (name, info) in metadata.tensors() {
        let (from, to) = info.data_offsets;
        let entry = Entry {
            file,
            bytes: start + from..start + to,
            shape: info.shape.clone(),
            stored: Stored::Safetensors(info.dtype),
        };
        if bytes.get(entry.bytes.clone()).is_none() {
            return Err(bad(format!("tensor `{name}` reaches past the end of the file")));
        }
        if weights.entries.insert(name.clone(), entry).is_some() {
            return Err(bad(format!("tensor `{name}` is also in another shard")));
        }
    }
    weights.files.push(mapped);
    Ok(())
}

/// Tensor name -> shard file name.
fn read_index(index: &Path) -> Result<BTreeMap<String, String>, LoadError> {
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let Index { weight_map } = super::folder::read_json(index)?;
    for shard in weight_map.values() {
        let plain_name = Path::new(shard).file_name().is_some_and(|name| name == shard.as_str());
        if !plain_name {
            return Err(LoadError::BadJson {
                file: index.to_path_buf(),
                why: format!("`{shard}` is not the name of a file beside the index"),
            });
        }
    }
    Ok(weight_map)
}

fn check_placement(
    weights: &Weights,
    index: &Path,
    placed: &BTreeMap<String, String>,
    folder: &Path,
) -> Result<(), LoadError> {
    for (name, shard) in placed {
        let found = weights.entries.get(name).map(|entry| weights.files[entry.file].path());
        if found != Some(folder.join(shard).as_path()) {
            return Err(LoadError::BadSafetensors {
                file: folder.join(shard),
                why: format!("it has no tensor `{name}`, which `{}` places there", index.display()),
            });
        }
    }
    Ok(())
}
