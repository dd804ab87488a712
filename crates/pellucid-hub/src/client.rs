//! The hub's protocol: what a revision is, what a file is, a file's bytes.

use std::io::Read;

use ureq::Body;
use ureq::http::{Response, StatusCode};

use crate::error::HubError;
use crate::name::is_commit;
use crate::settings::Settings;
use crate::transport::{Failure, Redirects, Transport, Tried, header};
use crate::url::escape;

const MOST_INFO_BYTES: u64 = 64 << 20;

/// One hub.
pub struct Client<'a> {
    transport: Transport<'a>,
    settings: &'a Settings,
}

/// What a revision is.
pub struct Info {
    pub commit: String,
    pub files: Vec<String>,
}

/// A file of a commit.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub id: &'a str,
    pub revision: &'a str,
    pub file: Option<&'a str>,
}

/// What the hub says of a file before it is fetched.
pub struct Announced {
    /// The name of its bytes: a SHA-256 for large files, git's hash for small ones.
    pub etag: String,
    pub size: Option<u64>,
}

/// A file's bytes from an offset on.
pub struct Opened {
    pub start: u64,
    pub bytes: Box<dyn Read>,
}

impl<'a> Client<'a> {
    pub fn new(settings: &'a Settings) -> Result<Client<'a>, HubError> {
        Ok(Client { transport: Transport::new(settings)?, settings })
    }

    /// Asks where a revision points, and which files it has.
    pub fn info(&self, asked: Asked<'_>) -> Tried<Info> {
        #[derive(serde::Deserialize)]
        struct Answer {
            sha: String,
            siblings: Vec<Sibling>,
        }
        #[derive(serde::Deserialize)]
        struct Sibling {
            rfilename: String,
        }
        let revision = escape(asked.revision, "");
        let url = format!("{}/api/models/{}/revision/{revision}", self.settings.endpoint, asked.id);
        let mut answer = self.transport.send("GET", &url, None, Redirects::All)?;
        if answer.status() != StatusCode::OK {
            return Err(self.refusal(&answer, &url, asked));
        }
        let body = answer.body_mut().with_config().limit(MOST_INFO_BYTES).read_to_vec();
        let body = body.map_err(|error| Failure::Broken(error.to_string()))?;
        let bad = |why: String| HubError::BadAnswer { url: url.clone(), why };
        let Answer { sha, siblings } = serde_json::from_slice(&body).map_err(|e| bad(e.to_string()))?;
        if !is_commit(&sha) {
            return Err(bad(format!("`{sha}` is no commit")).into());
        }
        let files = siblings.into_iter().map(|s| s.rfilename).filter(|path| stays_inside(path));
        Ok(Info { commit: sha, files: files.collect() })
    }

    /// Asks what a file is, without its bytes.
    pub fn announced(&self, asked: Asked<'_>) -> Tried<Announced> {
        let url = self.file_url(asked);
        // A redirect to another host carries the hub's headers; that host's would be its own.
        let answer = self.transport.send("HEAD", &url, None, Redirects::Own)?;
        if !answer.status().is_success() && !answer.status().is_redirection() {
            return Err(self.refusal(&answer, &url, asked));
        }
        let bad = |why: &str| HubError::BadAnswer { url: url.clone(), why: why.to_owned() };
        let etag = header(&answer, "x-linked-etag").or(header(&answer, "etag"));
        let etag = etag.ok_or_else(|| bad("it names no ETag"))?;
        let etag = etag.trim_start_matches("W/").trim_matches('"').to_owned();
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        if etag.is_empty() || etag.len() > 128 || !etag.bytes().all(is_name) {
            return Err(bad("its ETag is no name of a file").into());
        }
        let own_size = header(&answer, "content-length").filter(|_| answer.status().is_success());
        let size = header(&answer, "x-linked-size").or(own_size);
        Ok(Announced { etag, size: size.and_then(|size| size.parse().ok()) })
    }

    /// Opens a file's bytes from `start` on; from 0 on if the host cannot.
    pub fn open(&self, asked: Asked<'_>, start: u64) -> Tried<Opened> {
        let url = self.file_url(asked);
        let range = (start > 0).then(|| format!("bytes={start}-"));
        let answer = self.transport.send("GET", &url, range.as_deref(), Redirects::All)?;
        let start = match answer.status() {
            StatusCode::OK => 0,
            StatusCode::PARTIAL_CONTENT => {
                let from = header(&answer, "content-range").and_then(first_byte);
                from.ok_or_else(|| HubError::BadAnswer { url, why: "a range without its place".into() })?
            }
            _ => return Err(self.refusal(&answer, &url, asked)),
        };
        Ok(Opened { start, bytes: Box::new(answer.into_body().into_reader()) })
    }

    /// The error for a request that was tried often enough.
    pub fn unreachable(&self, failure: Failure) -> HubError {
        match failure {
            Failure::Refused(error) => error,
            Failure::Broken(why) => HubError::Unreachable { endpoint: self.settings.endpoint.clone(), why },
        }
    }

    fn file_url(&self, Asked { id, revision, file }: Asked<'_>) -> String {
        let file = escape(file.unwrap_or_default(), "/");
        format!("{}/{id}/resolve/{}/{file}", self.settings.endpoint, escape(revision, ""))
    }

    /// What a status other than success means.
    fn refusal(
        &self,
        answer: &Response<Body>,
        url: &str,
        Asked { id, revision, file }: Asked<'_>,
    ) -> Failure {
        let endpoint = self.settings.endpoint.clone();
        let (id, has_token) = (id.to_owned(), self.settings.token.is_some());
        let said = header(answer, "x-error-message").unwrap_or_default().to_owned();
        let status = answer.status().as_u16();
        Failure::Refused(match (status, header(answer, "x-error-code").unwrap_or_default()) {
            (_, "GatedRepo") => HubError::Gated { page: format!("{endpoint}/{id}"), id, has_token },
            (_, "RevisionNotFound") => HubError::NoRevision { id, revision: revision.to_owned(), endpoint },
            (_, "EntryNotFound") => {
                HubError::NoFile { id, file: file.unwrap_or_default().to_owned(), known: Vec::new() }
            }
            (_, "RepoNotFound") => HubError::NoRepository { id, endpoint, has_token },
            (401, _) if said.starts_with("Invalid") => HubError::BadToken { endpoint },
            // To who has not said who he is, the hub does not say what it has.
            (401 | 404, _) => HubError::NoRepository { id, endpoint, has_token },
            (403, _) => {
                let why = if said.is_empty() { "access is forbidden".to_owned() } else { said };
                HubError::Denied { id, why }
            }
            (408 | 416 | 429 | 500..=599, _) => return Failure::Broken(format!("status {status}")),
            _ => HubError::BadAnswer { url: url.to_owned(), why: format!("status {status}") },
        })
    }
}

/// Whether a path that the hub names leads nowhere but below the folder it is put in.
fn stays_inside(path: &str) -> bool {
    !path.contains(['\\', ':']) && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// `7` of `bytes 7-9/10`.
fn first_byte(range: &str) -> Option<u64> {
    range.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}
