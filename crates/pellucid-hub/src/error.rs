//! What can go wrong between a hub id and the files of a model.
//!
//! Each variant has a stable code to branch on ([`HubError::code`]), a message, and what to do next
//! ([`HubError::help`]). Messages never hold a token.

use std::path::{Path, PathBuf};

/// Why a model of the hub could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// The hub knows no such repository, or not for who asks.
    #[error("no repository `{id}` on {endpoint}")]
    NoRepository {
        /// The repository.
        id: String,
        /// The hub.
        endpoint: String,
        /// Whether a token was sent.
        has_token: bool,
    },
    /// The repository has no such branch, tag or commit.
    #[error("`{id}` has no revision `{revision}`")]
    NoRevision {
        /// The repository.
        id: String,
        /// The revision asked for.
        revision: String,
        /// The hub.
        endpoint: String,
    },
    /// The repository has no such file at this revision.
    #[error("`{id}` has no file `{file}`")]
    NoFile {
        /// The repository.
        id: String,
        /// The path asked for.
        file: String,
        /// Files of the same kind that it has.
        known: Vec<String>,
    },
    /// The repository's terms have to be accepted first.
    #[error("`{id}` is gated: its terms have to be accepted")]
    Gated {
        /// The repository.
        id: String,
        /// Where to accept them.
        page: String,
        /// Whether a token was sent.
        has_token: bool,
    },
    /// The hub refuses for a reason of its own.
    #[error("the hub refuses `{id}`: {why}")]
    Denied {
        /// The repository.
        id: String,
        /// What the hub says.
        why: String,
    },
    /// The hub does not know the token.
    #[error("{endpoint} does not accept the token")]
    BadToken {
        /// The hub.
        endpoint: String,
    },
    /// Offline, and the cache has not all of the model.
    #[error("`{name}` is not complete in the cache `{}`, and in offline mode the hub is not asked", cache.display())]
    NotCached {
        /// The model asked for.
        name: String,
        /// Where it was looked for.
        cache: PathBuf,
    },
    /// The hub does not answer.
    #[error("cannot reach {endpoint}: {why}")]
    Unreachable {
        /// The hub.
        endpoint: String,
        /// What went wrong.
        why: String,
    },
    /// A transfer broke more often than it is tried again.
    #[error("the download of `{file}` broke after {done} bytes{}: {why}", of_total(*total))]
    Interrupted {
        /// The file.
        file: String,
        /// How many bytes of it are here.
        done: u64,
        /// How many it has.
        total: Option<u64>,
        /// What went wrong.
        why: String,
    },
    /// What came is not what the hub announced.
    #[error("`{file}` did not come as announced: expected {expected}, got {got}")]
    Corrupt {
        /// The file.
        file: String,
        /// The hash or size announced.
        expected: String,
        /// Of what came.
        got: String,
    },
    /// The disk is full.
    #[error("no space left to write `{}`", path.display())]
    DiskFull {
        /// The file that did not fit.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot write `{}`: {cause}", path.display())]
    Io {
        /// The file or folder at fault.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        cause: std::io::Error,
    },
    /// The hub's address is none.
    #[error("`{endpoint}` is no address of a hub: expected http:// or https:// and a host")]
    BadEndpoint {
        /// The address.
        endpoint: String,
    },
    /// An answer that no hub gives.
    #[error("{url} answers as no hub does: {why}")]
    BadAnswer {
        /// What was asked.
        url: String,
        /// What is wrong with the answer.
        why: String,
    },
    /// The repository has nothing that can be opened.
    #[error("`{id}` is not a model that can be opened: {why}")]
    NotAModel {
        /// The repository.
        id: String,
        /// What was looked for.
        why: String,
    },
    /// A name or revision that makes no sense.
    #[error("{why}")]
    BadArgument {
        /// What is wrong with it.
        why: String,
    },
    /// Whoever watches did not want to go on.
    #[error("the download was cancelled")]
    Cancelled,
}

const LOG_IN: &str = "set `HF_TOKEN` or run `hf auth login`";

impl HubError {
    /// The stable name of this kind of error, in kebab case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoRepository { .. } => "no-such-repository",
            Self::NoRevision { .. } => "no-such-revision",
            Self::NoFile { .. } => "no-such-file",
            Self::Gated { .. } => "gated-model",
            Self::Denied { .. } => "access-denied",
            Self::BadToken { .. } => "bad-token",
            Self::NotCached { .. } => "not-in-cache",
            Self::Unreachable { .. } => "hub-unreachable",
            Self::Interrupted { .. } => "download-interrupted",
            Self::Corrupt { .. } => "corrupt-download",
            Self::DiskFull { .. } => "disk-full",
            Self::Io { .. } => "io",
            Self::BadEndpoint { .. } => "bad-endpoint",
            Self::BadAnswer { .. } => "bad-answer",
            Self::NotAModel { .. } => "not-a-model",
            Self::BadArgument { .. } => "bad-argument",
            Self::Cancelled => "cancelled",
        }
    }

    /// What to do next, where that is known.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::NoRepository { has_token: false, .. } => {
                format!("there is no such path here either; if it is private, {LOG_IN}")
            }
            Self::NoRepository { .. } => "there is no such path here either; if it is private, the \
                                          token's owner must be allowed to read it"
                .to_owned(),
            Self::NoRevision { id, endpoint, .. } => {
                format!("{endpoint}/{id}/commits/main lists its commits; branches and tags count too")
            }
            Self::NoFile { known, .. } if !known.is_empty() => format!("it has {}", listed(known)),
            Self::Gated { page, has_token: false, .. } => format!("accept them at {page}, then {LOG_IN}"),
            Self::Gated { page, .. } => format!("accept them at {page} as the token's owner"),
            Self::BadToken { endpoint } => {
                format!("make one at {endpoint}/settings/tokens, then {LOG_IN}")
            }
            Self::NotCached { .. } => {
                "go online: unset `HF_HUB_OFFLINE`, or pass `offline=False` in Python".to_owned()
            }
            Self::Unreachable { .. } => {
                "what the cache has complete opens without the network; `HF_ENDPOINT` names another hub"
                    .to_owned()
            }
            Self::Interrupted { .. } => "open the model again: the download goes on from there".to_owned(),
            Self::Corrupt { .. } => "open the model again: the file is fetched anew".to_owned(),
            Self::DiskFull { .. } => {
                "make space, or move the cache with `HF_HUB_CACHE`; what has come is kept".to_owned()
            }
            Self::BadEndpoint { .. } => "it comes from `HF_ENDPOINT`".to_owned(),
            _ => return None,
        })
    }

    pub(crate) fn io(path: &Path, cause: std::io::Error) -> HubError {
        let path = path.to_path_buf();
        match cause.kind() {
            std::io::ErrorKind::StorageFull => HubError::DiskFull { path },
            _ => HubError::Io { path, cause },
        }
    }
}

/// A few names, quoted.
pub(crate) fn listed(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let quoted: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > SHOWN { ", ..." } else { "" };
    format!("{}{more}", quoted.join(", "))
}

fn of_total(total: Option<u64>) -> String {
    total.map(|total| format!(" of {total}")).unwrap_or_default()
}
