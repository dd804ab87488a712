//! The repository as the checks see it: every file git tracks or would track, read once.
//!
//! Ignored files are absent on purpose: what only this checkout has cannot make a check pass.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Texts longer than this are data, not something a person reads.
const MAX_TEXT_BYTES: u64 = 1 << 20;

/// The repository's files; paths are relative to its root, with `/`.
#[derive(Default)]
pub struct Tree {
    /// Every file, text or not.
    pub paths: BTreeSet<String>,
    /// The files that hold UTF-8 text, sorted by path.
    pub texts: Vec<TextFile>,
}

/// One file of text.
pub struct TextFile {
    /// Where it stands, from the root.
    pub path: String,
    /// What it says.
    pub text: String,
}

impl Tree {
    /// Reads the working tree at `root`.
    pub fn read(root: &Path) -> Result<Self> {
        let listing = stdout_of(
            Command::new("git")
                .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
                .current_dir(root),
        )?;
        let mut tree = Self::default();
        for path in listing.split('\0').filter(|path| !path.is_empty()) {
            let Ok(meta) = std::fs::metadata(root.join(path)) else {
                continue; // deleted, and the deletion is not committed yet
            };
            tree.paths.insert(path.to_owned());
            if meta.is_file() && meta.len() <= MAX_TEXT_BYTES {
                let bytes = std::fs::read(root.join(path)).with_context(|| path.to_owned())?;
                if let Ok(text) = String::from_utf8(bytes) {
                    tree.texts.push(TextFile { path: path.to_owned(), text });
                }
            }
        }
        tree.texts.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    /// The text files whose path ends with `suffix`.
    pub fn ending<'a>(&'a self, suffix: &'a str) -> impl Iterator<Item = &'a TextFile> {
        self.texts.iter().filter(move |file| file.path.ends_with(suffix))
    }

    /// Whether `path` is a file here or a folder that holds one.
    pub fn contains(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        self.paths.contains(path)
            || self.paths.range(folder.clone()..).next().is_some_and(|p| p.starts_with(&folder))
    }
}

/// The folder of the workspace's own `Cargo.toml`.
pub fn workspace_root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here.parent().context("xtask stands in a folder of the workspace")?.to_owned())
}

/// What a command prints, or an error with what it complained about.
pub fn stdout_of(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot run `{program}`"))?;
    if !output.status.success() {
        bail!("`{program}` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{program}` printed no UTF-8"))
}

#[cfg(test)]
impl Tree {
    /// A tree made of texts, for the checks' tests.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.paths.insert((*path).to_owned());
            tree.texts.push(TextFile { path: (*path).to_owned(), text: (*text).to_owned() });
        }
        tree
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_there_when_it_holds_a_file() {
        let tree = Tree::of(&[("docs/guide/a.md", "")]);
        assert!(tree.contains("docs/guide/a.md"));
        assert!(tree.contains("docs/guide"));
        assert!(!tree.contains("docs/gui"));
    }

    #[test]
    fn reads_this_repository() {
        let tree = Tree::read(&workspace_root().unwrap()).unwrap();
        assert!(tree.ending(".rs").any(|file| file.path == "xtask/src/tree.rs"));
        assert!(!tree.paths.iter().any(|path| path.starts_with("target/")));
    }
}
