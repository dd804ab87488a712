//! A file on its way: what has come of it, its hash so far, and the lock that keeps others off.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::error::HubError;
use crate::event::{Event, Watch, pause};

const CHUNK_BYTES: usize = 1 << 18;
const LOOK: Duration = Duration::from_millis(100);

/// What has come of a file.
pub struct Partial {
    file: File,
    hasher: Sha256,
    /// How many bytes of it are here.
    pub done: u64,
}

impl Partial {
    /// Opens what an earlier transfer left, or starts anew.
    pub fn open(path: &Path, keep: bool) -> io::Result<Partial> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(!keep).open(path)?;
        let here = file.metadata()?.len();
        let mut partial = Partial { file, hasher: Sha256::new(), done: 0 };
        let mut chunk = vec![0; CHUNK_BYTES];
        while partial.done < here {
            match partial.file.read(&mut chunk)? {
                0 => break,
                n => partial.count(&chunk[..n]),
            }
        }
        Ok(partial)
    }

    /// Appends what came.
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.count(bytes);
        Ok(())
    }

    /// Forgets what has come.
    pub fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        (self.hasher, self.done) = (Sha256::new(), 0);
        Ok(())
    }

    /// The SHA-256 of what has come, in hexadecimal.
    pub fn hash(&self) -> String {
        self.hasher.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn count(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.done += bytes.len() as u64;
    }
}

/// Waits until no other process holds the lock, and takes it. It ends with the file that is returned.
pub fn lock(path: &Path, file: &str, watch: Watch<'_>) -> Result<File, HubError> {
    let io = |cause| HubError::io(path, cause);
    fs::create_dir_all(path.parent().unwrap_or(path)).map_err(io)?;
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(io)?;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) => pause(LOOK, watch, Event::Waiting { file })?,
            // A file system without locks: two downloads of the same bytes are no harm.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => return Ok(lock),
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
    }
}
