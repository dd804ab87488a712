//! What `cargo xtask tidy` checks: one file a check, each a pure function of what it looks at.
//!
//! To add a check: a file here with `check`, its tests, and one line in [`run`].

mod architecture;
mod edges;
mod head;
mod length;
mod links;
mod words;

use std::fmt;
use std::path::Path;

use anyhow::Result;

use crate::tree::Tree;

/// One thing that is not as it should be.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, from the root of the repository.
    pub path: String,
    /// The line, counted from 1, where one line is at fault.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub message: String,
}

impl Finding {
    fn file(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: None, message: message.into() }
    }

    fn line(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: Some(line), message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.message),
            None => write!(f, "{}: {}", self.path, self.message),
        }
    }
}

/// Runs every check on the repository at `root`.
pub fn run(root: &Path) -> Result<Vec<Finding>> {
    let tree = Tree::read(root)?;
    let mut findings = edges::check(&edges::packages(root)?);
    findings.extend(head::check(&tree));
    findings.extend(length::check(&tree, length::ALLOWED));
    findings.extend(words::check(&tree));
    findings.extend(links::check(&tree));
    findings.extend(architecture::check(&tree));
    Ok(findings)
}
