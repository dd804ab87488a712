//! From a name to a folder or file of the cache: what is there, what the hub has, what is missing.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::blob::Job;
use crate::cache::Cache;
use crate::choice::{Choice, INDEX, Unfit, Weights, choose};
use crate::client::{Asked, Client, Info};
use crate::error::HubError;
use crate::event::{Event, Watch, tell};
use crate::name::{Name, is_commit};
use crate::retry::retried;
use crate::settings::{Retry, Settings};

/// A model in the cache, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// A model folder, or a `.gguf` file.
    pub path: PathBuf,
    /// The commit that it is of.
    pub commit: String,
}

/// Finds a model in the cache, and downloads what is missing there. `watch` is told what happens and
/// answers whether to go on.
///
/// A commit that is complete in the cache costs no request; a branch or tag costs one, which asks where
/// it points. If the hub does not answer that, what the cache has of it is taken.
///
/// # Errors
/// [`HubError`].
pub fn fetch(
    name: &Name,
    settings: &Settings,
    watch: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<Snapshot, HubError> {
    let cache = Cache::new(&settings.cache, &name.id);
    let held = cache.commit(name.revision()).and_then(|commit| held(&cache, name, &commit));
    let not_cached = || HubError::NotCached { name: name.to_string(), cache: settings.cache.clone() };
    if settings.offline || name.is_bare() {
        return held.ok_or_else(not_cached);
    }
    if let Some(held) = held.as_ref().filter(|held| is_commit(name.revision()) && has_tokenizer(&held.path)) {
        return Ok(held.clone());
    }
    let client = Client::new(settings)?;
    let info = match (info(name, &client, settings.retry, held.is_some(), watch), held) {
        (Ok(info), _) => info,
        (Err(HubError::Unreachable { why, .. }), Some(held)) => {
            tell(watch, Event::Unreachable { id: &name.id, why: &why })?;
            return Ok(held);
        }
        (Err(error), _) => return Err(error),
    };
    let path = download(name, &info, &Job { client: &client, cache: &cache, retry: settings.retry }, watch)?;
    // Last, so that a branch never points to a commit of which files are missing.
    let kept = cache.set_ref(name.revision(), &info.commit);
    kept.map_err(|cause| HubError::io(&settings.cache, cause))?;
    Ok(Snapshot { path, commit: info.commit })
}

/// The model at a commit, if the cache has all of it.
fn held(cache: &Cache, name: &Name, commit: &str) -> Option<Snapshot> {
    let files = cache.files(commit);
    let folder = cache.snapshot(commit);
    let weights = choose(&files, name.file.as_deref()).ok()?.weights;
    if weights == Weights::Sharded {
        let shards = shards(&folder.join(INDEX)).ok()?;
        shards.iter().all(|shard| files.contains(shard)).then_some(())?;
    }
    Some(Snapshot { path: opened(folder, &weights), commit: commit.to_owned() })
}

fn info(
    name: &Name,
    client: &Client<'_>,
    retry: Retry,
    can_do_without: bool,
    watch: Watch<'_>,
) -> Result<Info, HubError> {
    let asked = Asked { id: &name.id, revision: name.revision(), file: None };
    tell(watch, Event::Asking { id: &name.id })?;
    // Who has no network wants to hear it soon.
    let times = if can_do_without { 0 } else { retry.times.min(2) };
    let retry = Retry { times, ..retry };
    retried(retry, &name.id, watch, |_| client.info(asked)).map_err(|failure| client.unreachable(failure))
}

fn download(name: &Name, info: &Info, job: &Job<'_>, watch: Watch<'_>) -> Result<PathBuf, HubError> {
    let id = &name.id;
    let Choice { small, weights } =
        choose(&info.files, name.file.as_deref()).map_err(|unfit| match unfit {
            Unfit::NoFile(known) => {
                HubError::NoFile { id: id.clone(), file: name.file.clone().unwrap_or_default(), known }
            }
            Unfit::NotAModel(why) => HubError::NotAModel { id: id.clone(), why },
        })?;
    let mut get = |file: &str| job.get(Asked { id, revision: &info.commit, file: Some(file) }, watch);
    small.iter().try_for_each(|file| get(file))?;
    let folder = job.cache.snapshot(&info.commit);
    match &weights {
        Weights::Single(file) | Weights::Gguf(file) => get(file)?,
        Weights::Sharded => {
            get(INDEX)?;
            let bad = |why| HubError::NotAModel { id: id.clone(), why };
            for shard in shards(&folder.join(INDEX)).map_err(|why| bad(format!("`{INDEX}`: {why}")))? {
                if !info.files.contains(&shard) {
                    return Err(bad(format!("`{INDEX}` names the shard `{shard}`, which it does not have")));
                }
                get(&shard)?;
            }
        }
    }
    Ok(opened(folder, &weights))
}

/// The shards that an index names, each once.
fn shards(index: &Path) -> Result<Vec<String>, String> {
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: std::collections::BTreeMap<String, String>,
    }
    let bytes = std::fs::read(index).map_err(|error| error.to_string())?;
    let Index { weight_map } = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let shards: std::collections::BTreeSet<String> = weight_map.into_values().collect();
    match shards.iter().find(|shard| shard.contains(['/', '\\']) || *shard == ".." || *shard == ".") {
        Some(shard) => Err(format!("`{shard}` is not the name of a file beside it")),
        None => Ok(shards.into_iter().collect()),
    }
}

/// What the engine opens.
fn opened(folder: PathBuf, weights: &Weights) -> PathBuf {
    match weights {
        Weights::Gguf(file) => folder.join(file),
        Weights::Single(_) | Weights::Sharded => folder,
    }
}

/// A snapshot that another program began may lack it though the weights are there.
fn has_tokenizer(path: &Path) -> bool {
    path.is_file() || path.join("tokenizer.json").is_file()
}
