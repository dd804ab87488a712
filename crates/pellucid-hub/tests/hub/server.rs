//! A hub on the loopback: repositories with commits, branches and gates, and a second host that large
//! files are redirected to. It answers as huggingface.co does, and remembers what it was asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use sha2::{Digest, Sha256};

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `hub` or `cdn`.
    pub host: &'static str,
    pub method: String,
    pub path: String,
    pub range: Option<String>,
    pub token: Option<String>,
}

/// What the hub has, and how it misbehaves.
#[derive(Default)]
pub struct State {
    /// `id` -> revision -> commit.
    pub refs: BTreeMap<(String, String), String>,
    /// `id`, commit -> path -> bytes.
    pub commits: BTreeMap<(String, String), BTreeMap<String, Vec<u8>>>,
    /// `id` -> the token that may read it.
    pub gated: BTreeMap<String, String>,
    /// Lengths after which the next bodies of the second host end too early.
    pub drops: Vec<usize>,
    /// The statuses that the next requests get.
    pub statuses: Vec<u16>,
    /// Whether the second host answers ranges with the whole.
    pub ignores_ranges: bool,
    /// Whether the second host sends other bytes than announced.
    pub lies: bool,
    log: Vec<Request>,
}

/// The two hosts.
pub struct Hub {
    pub endpoint: String,
    state: Arc<Mutex<State>>,
}

impl Hub {
    pub fn start() -> Hub {
        let state = Arc::new(Mutex::new(State::default()));
        let (hub, cdn) =
            (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let endpoint = format!("http://{}", hub.local_addr().unwrap());
        let elsewhere = format!("http://{}", cdn.local_addr().unwrap());
        serve(hub, "hub", elsewhere.clone(), state.clone());
        serve(cdn, "cdn", elsewhere, state.clone());
        Hub { endpoint, state }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Adds a commit, with `revision` pointing there.
    pub fn commit(&self, id: &str, revision: &str, commit: &str, files: &[(&str, &[u8])]) {
        let mut state = self.state();
        state.refs.insert((id.into(), revision.into()), commit.into());
        let files = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect();
        state.commits.insert((id.into(), commit.into()), files);
    }

    /// What was asked since the last time.
    pub fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut self.state().log)
    }
}

/// The SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn serve(listener: TcpListener, host: &'static str, cdn: String, state: Arc<Mutex<State>>) {
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (cdn, state) = (cdn.clone(), state.clone());
            std::thread::spawn(move || answer(stream, host, &cdn, &state));
        }
    });
}

fn answer(mut stream: TcpStream, host: &'static str, cdn: &str, state: &Mutex<State>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else { return };
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let headers: BTreeMap<String, String> = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_ascii_lowercase(), value.to_owned()))
        })
        .collect();
    let token = headers.get("authorization").and_then(|v| v.strip_prefix("Bearer ")).map(str::to_owned);
    let request = Request { host, method, path, range: headers.get("range").cloned(), token };
    let mut state = state.lock().unwrap();
    state.log.push(request.clone());
    let reply = match (state.statuses.pop(), host) {
        (Some(status), _) => Reply::new(status),
        (None, "hub") => state.hub(&request, cdn),
        (None, _) => state.cdn(&request),
    };
    drop(state);
    let _ = stream.write_all(&reply.bytes(request.method == "HEAD")); // who left early is not our concern
}

#[derive(Default)]
struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Send so much of the body only.
    cut: Option<usize>,
}

impl Reply {
    fn new(status: u16) -> Reply {
        Reply { status, ..Reply::default() }
    }

    fn with(mut self, name: &'static str, value: impl ToString) -> Reply {
        self.headers.push((name, value.to_string()));
        self
    }

    fn error(status: u16, code: &str) -> Reply {
        Reply::new(status).with("X-Error-Code", code).with("X-Error-Message", "no")
    }

    fn bytes(&self, is_head: bool) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Because\r\nConnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", self.body.len());
        let mut bytes = head.into_bytes();
        if !is_head {
            bytes.extend(&self.body[..self.cut.unwrap_or(self.body.len())]);
        }
        bytes
    }
}

impl State {
    fn hub(&self, request: &Request, cdn: &str) -> Reply {
        if request.token.as_deref() == Some("hf_unknown") {
            return Reply::new(401).with("X-Error-Message", "Invalid credentials in Authorization header");
        }
        let path = request.path.replace("%2F", "/").replace("%20", " ");
        if let Some((id, revision)) =
            path.strip_prefix("/api/models/").and_then(|p| p.split_once("/revision/"))
        {
            return self.info(id, revision);
        }
        let cached = path.strip_prefix("/api/resolve-cache/models/");
        let Some((id, rest)) = path.strip_prefix('/').and_then(|p| p.split_once("/resolve/")) else {
            let parts: Vec<&str> = cached.unwrap_or_default().splitn(4, '/').collect();
            let [org, name, commit, file] = parts.as_slice() else { return Reply::new(400) };
            return self.file(&format!("{org}/{name}"), commit, file, None);
        };
        if self.gated.get(id).is_some_and(|token| request.token.as_ref() != Some(token)) {
            return Reply::error(if request.token.is_some() { 403 } else { 401 }, "GatedRepo");
        }
        let Some((commit, file)) = rest.split_once('/') else { return Reply::new(400) };
        self.file(id, commit, file, Some(cdn))
    }

    fn info(&self, id: &str, revision: &str) -> Reply {
        if !self.refs.keys().any(|(known, _)| known == id) {
            return Reply::error(401, "RepoNotFound");
        }
        let pinned = self.commits.contains_key(&(id.to_owned(), revision.to_owned()));
        let commit = match self.refs.get(&(id.to_owned(), revision.to_owned())) {
            Some(commit) => commit,
            None if pinned => revision,
            None => return Reply::error(404, "RevisionNotFound"),
        };
        let files = self.commits[&(id.to_owned(), commit.to_owned())].keys();
        let siblings: Vec<String> = files.map(|f| format!("{{\"rfilename\":\"{f}\"}}")).collect();
        let body = format!(r#"{{"id":"{id}","sha":"{commit}","siblings":[{}]}}"#, siblings.join(","));
        Reply { status: 200, body: body.into_bytes(), ..Reply::default() }
    }

    /// Large files are redirected to the second host, small ones within the hub, as huggingface.co does.
    fn file(&self, id: &str, commit: &str, file: &str, first: Option<&str>) -> Reply {
        let files = self.commits.get(&(id.to_owned(), commit.to_owned()));
        let Some(bytes) = files.and_then(|files| files.get(file)) else {
            return Reply::error(404, "EntryNotFound");
        };
        let is_large = file.ends_with(".safetensors") || file.ends_with(".gguf");
        let reply = match (first, is_large) {
            (Some(cdn), true) => Reply::new(302)
                .with("Location", format!("{cdn}/{}", sha256(bytes)))
                .with("X-Linked-Etag", format!("\"{}\"", sha256(bytes)))
                .with("X-Linked-Size", bytes.len())
                .with("ETag", "\"another\""),
            (Some(_), false) => {
                Reply::new(307).with("Location", format!("/api/resolve-cache/models/{id}/{commit}/{file}"))
            }
            (None, _) => {
                let git = &sha256(bytes)[..40]; // stands for git's hash
                Reply { body: bytes.clone(), ..Reply::new(200).with("ETag", format!("W/\"{git}\"")) }
            }
        };
        reply.with("X-Repo-Commit", commit)
    }

    fn cdn(&mut self, request: &Request) -> Reply {
        let mut files = self.commits.values().flat_map(BTreeMap::values);
        let Some(bytes) = files.find(|bytes| sha256(bytes) == request.path[1..]) else {
            return Reply::new(404);
        };
        let mut bytes = bytes.clone();
        if self.lies {
            bytes.fill(b'?');
        }
        let start = request.range.as_ref().filter(|_| !self.ignores_ranges).map(|range| {
            range.strip_prefix("bytes=").unwrap().trim_end_matches('-').parse::<usize>().unwrap()
        });
        let total = bytes.len();
        let mut reply = match start {
            Some(start) if start >= total => Reply::new(416),
            Some(start) => {
                let range = format!("bytes {start}-{}/{total}", total - 1);
                let body = bytes.split_off(start);
                Reply { body, ..Reply::new(206).with("Content-Range", range) }
            }
            None => Reply { body: bytes, ..Reply::new(200) },
        };
        reply.cut = self.drops.pop().map(|n| n.min(reply.body.len()));
        reply
    }
}
