//! Safetensors: one file, or several named by `model.safetensors.index.json`.
//!
//! Format: <https://github.com/huggingface/safetensors>. The table of contents is read and checked by the
//! `safetensors` crate, the file against it here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use safetensors::tensor::Metadata;

use super::mapped::Mapped;
use super::weights::{Entry, Files, Stored};
use super::{LoadError, Progress};

/// Longest header that is read, in bytes: what the `safetensors` crate allows.
const MAX_HEADER: usize = 100_000_000;

/// Opens one safetensors file.
pub(crate) fn open_safetensors(file: &Path) -> Result<Files, LoadError> {
    let mut files = Files::default();
    add_file(&mut files, file)?;
    Ok(files)
}

/// Opens every shard that the index at `index` names. Each tensor must lie in the shard the index says.
pub(crate) fn open_index(index: &Path, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Files, LoadError> {
    let placed = read_index(index)?;
    let folder = index.parent().unwrap_or(Path::new("."));
    let shards: BTreeSet<&str> = placed.values().map(String::as_str).collect();
    let mut files = Files::default();
    for (done, shard) in shards.iter().enumerate() {
        let total = shards.len();
        progress(Progress::Weights { file: shard, done, total });
        add_file(&mut files, &folder.join(shard)).map_err(|error| match error {
            LoadError::FileMissing { .. } => {
                LoadError::ShardMissing { index: index.to_path_buf(), shard: (*shard).to_owned() }
            }
            other => other,
        })?;
    }
    check_placement(&files, index, &placed, folder)?;
    Ok(files)
}

fn add_file(files: &mut Files, path: &Path) -> Result<(), LoadError> {
    let mapped = Mapped::open(path)?;
    let bad = |why: String| LoadError::BadSafetensors { file: path.to_path_buf(), why };
    let (start, metadata) = header(&mapped)?.map_err(bad)?;
    let file = files.files.len();
    for (name, info) in metadata.tensors() {
        let (from, to) = info.data_offsets;
        let entry = Entry {
            file,
            bytes: start + from..start + to,
            shape: info.shape.clone(),
            stored: Stored::Safetensors(info.dtype),
        };
        if files.entries.insert(name.clone(), entry).is_some() {
            return Err(bad(format!("tensor `{name}` is also in another shard")));
        }
    }
    files.files.push(mapped);
    Ok(())
}

/// Where the numbers start, and the table of contents, which the `safetensors` crate has checked: offsets
/// without gaps, sizes that match shapes. Only the header is mapped, whatever the size of the file.
fn header(file: &Mapped) -> Result<Result<(usize, Metadata), String>, LoadError> {
    const LENGTH: usize = size_of::<u64>();
    let start = file.window(0..file.len().min(LENGTH))?;
    let Ok(length) = <[u8; LENGTH]>::try_from(start.bytes()) else {
        return Ok(Err(format!("{} bytes are no header", file.len())));
    };
    let end = usize::try_from(u64::from_le_bytes(length)).ok().and_then(|n| n.checked_add(LENGTH));
    let Some(end) = end.filter(|end| *end <= file.len()) else {
        return Ok(Err("the header reaches past the end of the file".to_owned()));
    };
    if end > MAX_HEADER {
        return Ok(Err(format!("the header has {end} bytes, at most {MAX_HEADER} are read")));
    }
    let window = file.window(LENGTH..end)?;
    let metadata: Metadata = match serde_json::from_slice(window.bytes()) {
        Ok(metadata) => metadata,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let (expected, got) = (metadata.data_len(), file.len() - end);
    if expected != got {
        return Ok(Err(format!("the header describes {expected} bytes of tensors, there are {got}")));
    }
    Ok(Ok((end, metadata)))
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
    files: &Files,
    index: &Path,
    placed: &BTreeMap<String, String>,
    folder: &Path,
) -> Result<(), LoadError> {
    for (name, shard) in placed {
        let found = files.entries.get(name).map(|entry| files.files[entry.file].path());
        if found != Some(folder.join(shard).as_path()) {
            return Err(LoadError::BadSafetensors {
                file: folder.join(shard),
                why: format!("it has no tensor `{name}`, which `{}` places there", index.display()),
            });
        }
    }
    Ok(())
}
