//! Models by hub id, against a hub on the loopback.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod downloads;
mod offline;
mod refusals;
mod server;
mod transfers;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pellucid_engine::{Model, Options, Source};
use pellucid_hub::{Error, HubError, Located, Retry, Settings, Token, locate};
use server::{Hub, Request};

const ID: &str = "org/tiny-llama";
const OLD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const NEW: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// A hub with a real tiny model, an empty cache, and how they are reached.
struct World {
    hub: Hub,
    cache: tempfile::TempDir,
    settings: Settings,
}

impl World {
    /// The hub has a tiny model, beside files that nobody needs.
    fn new() -> World {
        let hub = Hub::start();
        let cache = tempfile::tempdir().unwrap();
        let settings = Settings {
            endpoint: hub.endpoint.clone(),
            cache: cache.path().to_owned(),
            token: None,
            offline: false,
            retry: Retry { times: 3, wait: Duration::ZERO },
        };
        let world = World { hub, cache, settings };
        world.commit("main", NEW, &tiny("llama"));
        world
    }

    fn commit(&self, revision: &str, commit: &str, files: &[(String, Vec<u8>)]) {
        let mut files: Vec<(&str, &[u8])> = files.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
        files.push(("README.md", b"read me"));
        files.push(("pytorch_model.bin", b"pickle"));
        self.hub.commit(ID, revision, commit, &files);
    }

    fn open(&self, name: &str) -> Result<Located, Error> {
        locate(name, None, &self.settings, &mut |_| ControlFlow::Continue(()))
    }

    /// What the engine opens; the model's name and the path inside the cache.
    fn opens(&self, name: &str) -> (String, String) {
        let located = self.open(name).unwrap_or_else(|error| panic!("{error}"));
        let model = Model::open(located.source.clone(), &Options::default(), &mut |_| {}).unwrap();
        (model.spec().name.clone(), self.inside(&path(&located)))
    }

    fn inside(&self, path: &Path) -> String {
        path.strip_prefix(self.cache.path()).unwrap().display().to_string()
    }

    fn refused(&self, name: &str) -> HubError {
        match self.open(name) {
            Err(Error::Hub(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    /// The error as a user reads it, the hub's and the cache's address left out.
    fn says(&self, name: &str) -> String {
        let error = self.refused(name);
        let help = error.help().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
        let text = format!("{error} [{}]{help}", error.code());
        text.replace(&self.hub.endpoint, "HUB").replace(&self.cache.path().display().to_string(), "CACHE")
    }

    fn with_token(mut self, token: &str) -> World {
        self.settings.token = Token::new(token);
        self
    }
}

/// Where a model is.
fn path(located: &Located) -> PathBuf {
    match &located.source {
        Source::Path(path) => path.clone(),
        other => panic!("{other:?}"),
    }
}

/// The files of a tiny model of the fixtures.
fn tiny(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tiny").join(name);
    let wanted = [
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ];
    let files =
        wanted.iter().filter_map(|&file| Some((file.to_owned(), std::fs::read(folder.join(file)).ok()?)));
    files.collect()
}

/// The downloads among requests.
fn bodies(asked: &[Request]) -> Vec<&str> {
    let body = |request: &&Request| request.method == "GET" && request.path.contains("/resolve/");
    asked.iter().filter(body).map(|request| request.path.rsplit('/').next().unwrap()).collect()
}
