//! Where a model is, however the user names it.

use std::ops::ControlFlow;
use std::path::Path;

use pellucid_engine::{Source, find_model};

use crate::error::HubError;
use crate::event::Event;
use crate::fetch::{Snapshot, fetch};
use crate::name::{Name, is_revision};
use crate::settings::Settings;

/// A model on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// A path, or what the name means without one.
    pub source: Source,
    /// The commit, if it is a model of the hub.
    pub revision: Option<String>,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such path, and no hub id either.
    #[error(transparent)]
    Engine(#[from] pellucid_engine::Error),
    /// The hub or its cache.
    #[error(transparent)]
    Hub(#[from] HubError),
}

/// Finds a model: a path that exists; a name in the model folders; a hub id, `org/name`, `org/name@revision`
/// or `org/name/file.gguf`, in the cache or else on the hub. A name without an organisation is looked for
/// in the cache, never on the hub.
///
/// `revision` and a revision in the name are the same thing; `revision` is an error with a path.
///
/// # Errors
/// [`Error`]; for a bare name that is nowhere, `no-such-model`.
pub fn locate(
    text: &str,
    revision: Option<&str>,
    settings: &Settings,
    watch: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<Located, Error> {
    let not_here = match find_model(text) {
        Ok(source) if revision.is_none() => {
            let revision = match &source {
                Source::Path(path) => commit_of(path),
                Source::Tiny { .. } => None,
            };
            return Ok(Located { source, revision });
        }
        Ok(_) => {
            let why = format!(
                "`{text}` is a path or a model of this machine; only those of the hub have revisions"
            );
            return Err(HubError::BadArgument { why }.into());
        }
        Err(error) => error,
    };
    let Some(name) = Name::parse(text) else { return Err(not_here.into()) };
    let name = with_revision(name, revision)?;
    match fetch(&name, settings, watch) {
        Ok(Snapshot { path, commit }) => Ok(Located { source: path.into(), revision: Some(commit) }),
        Err(HubError::NotCached { .. }) if name.is_bare() => Err(not_here.into()),
        Err(error) => Err(error.into()),
    }
}

fn with_revision(mut name: Name, revision: Option<&str>) -> Result<Name, HubError> {
    let Some(given) = revision else { return Ok(name) };
    if !is_revision(given) {
        let why = format!("`{given}` is no revision: expected a branch, a tag or a commit");
        return Err(HubError::BadArgument { why });
    }
    if let Some(own) = name.revision.as_deref().filter(|own| *own != given) {
        let why = format!("two revisions: `{own}` in the name, `{given}` beside it");
        return Err(HubError::BadArgument { why });
    }
    name.revision = Some(given.to_owned());
    Ok(name)
}

/// The commit of a path into a hub cache.
fn commit_of(path: &Path) -> Option<String> {
    let mut above = path.ancestors();
    let snapshot = above.find(|a| a.parent().is_some_and(|p| p.ends_with("snapshots")))?;
    let commit = snapshot.file_name()?.to_str()?;
    crate::name::is_commit(commit).then(|| commit.to_owned())
}
