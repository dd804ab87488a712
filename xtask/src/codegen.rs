//! Files that follow from tables: written by `cargo xtask codegen`, held true by `--check`.
//!
//! A generator is a pure function that returns the whole file, formatted as the formatter of its
//! language would leave it. To add one: a row in [`generated`].

mod ops_page;
mod pages;
mod python;
mod schema;

use std::fmt::{self, Write as _};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};

/// One generated file.
pub struct Generated {
    /// Where it is committed, from the root.
    pub path: &'static str,
    /// Makes its whole text, with a newline at the end.
    pub text: fn() -> String,
}

/// A committed file that its generator would write otherwise; displays as a difference.
#[derive(Debug)]
pub struct Stale {
    path: &'static str,
    committed: String,
    expected: String,
}

/// Every generated file of the repository.
pub fn generated() -> Vec<Generated> {
    vec![
        Generated { path: "python/pellucid/_ops.py", text: python::python_ops },
        Generated { path: "python/pellucid/_linalg.py", text: python::python_linalg },
        Generated { path: "docs/reference/errors.md", text: pages::errors },
        Generated { path: "docs/reference/limits.md", text: pages::limits },
        Generated { path: "docs/reference/ops.md", text: ops_page::ops },
        Generated { path: "docs/reference/trace.schema.json", text: schema::wire_schema },
    ]
}

/// Writes the files that are out of date below `root` and returns their paths.
pub fn write(root: &Path, files: &[Generated]) -> Result<Vec<&'static str>> {
    let mut written = Vec::new();
    for stale in stale(root, files)? {
        let path = root.join(stale.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        fs::write(&path, stale.expected).with_context(|| stale.path.to_owned())?;
        written.push(stale.path);
    }
    Ok(written)
}

/// The files below `root` that are not as their generators write them.
pub fn stale(root: &Path, files: &[Generated]) -> Result<Vec<Stale>> {
    let mut stale = Vec::new();
    for file in files {
        let expected = (file.text)();
        let committed = match fs::read_to_string(root.join(file.path)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| file.path.to_owned()),
        };
        if committed != expected {
            stale.push(Stale { path: file.path, committed, expected });
        }
    }
    Ok(stale)
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: out of date; run `cargo xtask codegen` and commit\n{}",
            self.path,
            difference(&self.committed, &self.expected)
        )
    }
}

/// The lines between the first and the last that differ. Tables change in one place at a time, so
/// one hunk says enough.
fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (lines(old), lines(new));
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let pairs = old_rest.iter().rev().zip(new_rest.iter().rev());
    let tail = pairs.take_while(|(a, b)| a == b).count();
    let mut hunk = format!("@@ line {} @@\n", head + 1);
    for (sign, side) in [('-', old_rest), ('+', new_rest)] {
        for line in &side[..side.len() - tail] {
            let shown = line.strip_suffix('\n').unwrap_or(line);
            // Writing to a string cannot fail.
            let _ = writeln!(hunk, "{sign}{shown}");
        }
    }
    hunk
}

/// Lines with their endings, so that a missing last newline is a difference too.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAKE: &[Generated] = &[Generated { path: "docs/fake.md", text: || "one\ntwo\nthree\n".to_owned() }];

    fn shown(root: &Path) -> Vec<String> {
        stale(root, FAKE).unwrap().iter().map(Stale::to_string).collect()
    }

    #[test]
    fn a_missing_file_is_stale_and_writing_mends_it() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(
            shown(root.path()),
            [
                "docs/fake.md: out of date; run `cargo xtask codegen` and commit\n@@ line 1 @@\n+one\n+two\n+three\n"
            ]
        );
        assert_eq!(write(root.path(), FAKE).unwrap(), ["docs/fake.md"]);
        assert_eq!(shown(root.path()), [""; 0]);
        assert_eq!(write(root.path(), FAKE).unwrap(), [""; 0]);
    }

    #[test]
    fn an_edited_file_shows_what_was_edited() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), FAKE).unwrap();
        fs::write(root.path().join("docs/fake.md"), "one\n2\n2.5\nthree\n").unwrap();
        assert_eq!(
            shown(root.path()),
            [
                "docs/fake.md: out of date; run `cargo xtask codegen` and commit\n@@ line 2 @@\n-2\n-2.5\n+two\n"
            ]
        );
    }

    #[test]
    fn the_committed_files_are_up_to_date() {
        let root = crate::tree::workspace_root().unwrap();
        let stale = stale(&root, &generated()).unwrap();
        assert!(stale.is_empty(), "{}", stale.iter().map(Stale::to_string).collect::<String>());
    }

    #[test]
    fn no_file_is_generated_twice() {
        let mut paths: Vec<_> = generated().iter().map(|file| file.path).collect();
        paths.sort_unstable();
        assert!(paths.windows(2).all(|pair| pair[0] != pair[1]), "{paths:?}");
    }

    #[test]
    fn a_missing_last_newline_is_a_difference() {
        assert_eq!(difference("a", "a\n"), "@@ line 1 @@\n-a\n+a\n");
        assert_eq!(difference("a\na\n", "a\n"), "@@ line 2 @@\n-a\n");
    }
}
