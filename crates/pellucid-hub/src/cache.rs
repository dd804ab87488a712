//! One repository's place in the cache, laid out as Python's `huggingface_hub` does.
//!
//! ```text
//! models--org--name/refs/main                     the commit that a branch or tag pointed to
//! models--org--name/blobs/<etag>                  a file's bytes, `<etag>.incomplete` while they come
//! models--org--name/snapshots/<commit>/<path>     a link to the blob
//! .locks/models--org--name/<etag>.lock            held while a blob is fetched
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::name::is_commit;

/// A repository in the cache, there or not yet.
#[derive(Debug)]
pub struct Cache {
    repo: PathBuf,
    locks: PathBuf,
}

impl Cache {
    pub fn new(root: &Path, id: &str) -> Cache {
        let folder = format!("models--{}", id.replace('/', "--"));
        Cache { repo: root.join(&folder), locks: root.join(".locks").join(folder) }
    }

    /// The commit that a revision pointed to when it was last asked for.
    pub fn commit(&self, revision: &str) -> Option<String> {
        let commit = match is_commit(revision) {
            true => revision.to_owned(),
            false => fs::read_to_string(self.repo.join("refs").join(revision)).ok()?.trim().to_owned(),
        };
        is_commit(&commit).then_some(commit)
    }

    /// Keeps where a branch or tag points.
    pub fn set_ref(&self, revision: &str, commit: &str) -> io::Result<()> {
        if revision == commit || self.commit(revision).as_deref() == Some(commit) {
            return Ok(());
        }
        let file = self.repo.join("refs").join(revision);
        fs::create_dir_all(file.parent().unwrap_or(&self.repo))?;
        fs::write(file, commit)
    }

    /// The folder of a commit's files.
    pub fn snapshot(&self, commit: &str) -> PathBuf {
        self.repo.join("snapshots").join(commit)
    }

    /// The paths of the files that a commit has here.
    pub fn files(&self, commit: &str) -> Vec<String> {
        let root = self.snapshot(commit);
        let (mut found, mut folders) = (Vec::new(), vec![root.clone()]);
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
                let inside = path.strip_prefix(&root).ok().and_then(Path::to_str);
                match inside {
                    Some(inside) if path.is_file() => found.push(inside.replace('\\', "/")),
                    Some(_) if path.is_dir() && !path.is_symlink() => folders.push(path),
                    _ => {}
                }
            }
        }
        found
    }

    pub fn blob(&self, etag: &str) -> PathBuf {
        self.repo.join("blobs").join(etag)
    }

    pub fn partial(&self, etag: &str) -> PathBuf {
        self.repo.join("blobs").join(format!("{etag}.incomplete"))
    }

    pub fn lock(&self, etag: &str) -> PathBuf {
        self.locks.join(format!("{etag}.lock"))
    }

    /// Makes a blob appear as a file of a commit.
    pub fn link(&self, commit: &str, file: &str, etag: &str) -> io::Result<()> {
        let pointer = self.snapshot(commit).join(file);
        fs::create_dir_all(pointer.parent().unwrap_or(&self.repo))?;
        if pointer.is_symlink() && !pointer.exists() {
            fs::remove_file(&pointer)?; // its blob was deleted
        }
        let up = "../".repeat(2 + file.matches('/').count());
        match link(Path::new(&format!("{up}blobs/{etag}")), &self.blob(etag), &pointer) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }
}

/// A relative link, so that the cache can be moved; where there are none, another name of the same
/// bytes, or a copy.
fn link(relative: &Path, blob: &Path, pointer: &Path) -> io::Result<()> {
    #[cfg(unix)]
    let linked = std::os::unix::fs::symlink(relative, pointer);
    #[cfg(windows)]
    let linked = std::os::windows::fs::symlink_file(relative, pointer);
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            fs::hard_link(blob, pointer).or_else(|_| fs::copy(blob, pointer).map(drop))
        }
        done => done,
    }
}
