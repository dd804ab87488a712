//! One file into the cache: asked for, locked, transferred, verified, linked.
//!
//! Large files are named by their SHA-256, so a transfer that broke can go on where it stopped: what a
//! wrong beginning would spoil is found at the end. Files that only git's hash names start anew.

use std::fs;
use std::path::Path;

use crate::cache::Cache;
use crate::client::{Announced, Asked, Client};
use crate::error::HubError;
use crate::event::{Event, Watch, tell};
use crate::partial::{Partial, lock};
use crate::retry::retried;
use crate::transport::Failure;

const CHUNK_BYTES: usize = 1 << 18;

/// Where files come from and go to.
pub struct Job<'a> {
    pub client: &'a Client<'a>,
    pub cache: &'a Cache,
    pub retry: crate::Retry,
}

impl Job<'_> {
    /// Makes a file of a commit be in the cache.
    pub fn get(&self, asked: Asked<'_>, watch: Watch<'_>) -> Result<(), HubError> {
        let file = asked.file.unwrap_or_default();
        if self.cache.snapshot(asked.revision).join(file).is_file() {
            return Ok(());
        }
        let announced = retried(self.retry, file, watch, |_| self.client.announced(asked));
        let announced = announced.map_err(|failure| self.client.unreachable(failure))?;
        let blob = self.cache.blob(&announced.etag);
        if !blob.is_file() {
            let _lock = lock(&self.cache.lock(&announced.etag), file, watch)?;
            if !blob.is_file() {
                self.transfer(asked, &announced, watch)?;
            }
        }
        let linked = self.cache.link(asked.revision, file, &announced.etag);
        linked.map_err(|cause| HubError::io(&self.cache.snapshot(asked.revision), cause))
    }

    fn transfer(&self, asked: Asked<'_>, announced: &Announced, watch: Watch<'_>) -> Result<(), HubError> {
        let (file, blob) = (asked.file.unwrap_or_default(), self.cache.blob(&announced.etag));
        let path = self.cache.partial(&announced.etag);
        let io = |cause| HubError::io(&path, cause);
        fs::create_dir_all(path.parent().unwrap_or(&path)).map_err(io)?;
        let sha256 = Some(&announced.etag).filter(|etag| etag.len() == 64);
        let mut partial = Partial::open(&path, sha256.is_some()).map_err(io)?;
        let total = announced.size;
        retried(self.retry, file, watch, |watch| self.attempt(asked, total, &mut partial, &path, watch))
            .map_err(|failure| match failure {
                Failure::Refused(error) => error,
                Failure::Broken(why) => {
                    HubError::Interrupted { file: file.to_owned(), done: partial.done, total, why }
                }
            })?;
        let got = partial.hash();
        drop(partial);
        if let Some(expected) = sha256.filter(|expected| **expected != got) {
            fs::remove_file(&path).map_err(io)?;
            return Err(HubError::Corrupt { file: file.to_owned(), expected: expected.clone(), got });
        }
        fs::rename(&path, &blob).map_err(|cause| HubError::io(&blob, cause))
    }

    /// Transfers what is missing, as far as the connection holds.
    fn attempt(
        &self,
        asked: Asked<'_>,
        total: Option<u64>,
        partial: &mut Partial,
        path: &Path,
        watch: Watch<'_>,
    ) -> Result<(), Failure> {
        let io = |cause| HubError::io(path, cause);
        let file = asked.file.unwrap_or_default();
        if total.is_some_and(|total| partial.done > total) {
            partial.restart().map_err(io)?;
        }
        if total.is_some_and(|total| partial.done == total) && partial.done > 0 {
            return Ok(());
        }
        let mut opened = self.client.open(asked, partial.done)?;
        if opened.start != partial.done {
            partial.restart().map_err(io)?;
            if opened.start != 0 {
                return Err(Failure::Broken("another range came than was asked for".to_owned()));
            }
        }
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            tell(watch, Event::Bytes { file, done: partial.done, total })?;
            let n = match opened.bytes.read(&mut chunk) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) => return Err(Failure::Broken(error.to_string())),
            };
            if total.is_some_and(|total| partial.done + n as u64 > total) {
                let expected = format!("{} bytes", total.unwrap_or_default());
                let corrupt = HubError::Corrupt { file: file.to_owned(), expected, got: "more".to_owned() };
                partial.restart().map_err(io)?;
                return Err(corrupt.into());
            }
            partial.push(&chunk[..n]).map_err(io)?;
        }
        match total.filter(|&total| total != partial.done) {
            Some(_) => Err(Failure::Broken("the connection was closed early".to_owned())),
            None => Ok(()),
        }
    }
}
