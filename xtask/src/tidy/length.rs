//! A source file of more than 400 lines is many things, unless it is one table.

use super::Finding;
use crate::tree::Tree;

const MAX_LINES: usize = 400;

const SOURCES: &[&str] = &[".rs", ".py", ".pyi"];

/// Files that may be longer, each with the reason. A row that no longer needs to be here is
/// itself a finding, so the list can only be as long as it must.
pub const ALLOWED: &[(&str, &str)] = &[
    ("python/pellucid/_ops.py", "generated: a function and a method for each row of the op table"),
    ("crates/pellucid-graph/src/op/table.rs", "the op table: a row for each operation"),
];

pub fn check(tree: &Tree, allowed: &[(&str, &str)]) -> Vec<Finding> {
    let is_allowed = |path: &str| allowed.iter().any(|(name, _)| *name == path);
    let mut findings = Vec::new();
    for suffix in SOURCES {
        for file in tree.ending(suffix).filter(|file| !file.path.starts_with("tests/fixtures/")) {
            let n_lines = file.text.lines().count();
            if n_lines > MAX_LINES && !is_allowed(&file.path) {
                findings.push(Finding::file(
                    &file.path,
                    format!(
                        "{n_lines} lines, at most {MAX_LINES}: split it by what changes together, \
                         or if it is one table allow it in `xtask/src/tidy/length.rs`"
                    ),
                ));
            }
        }
    }
    findings.extend(allowed.iter().filter_map(|(path, _)| no_longer_needed(tree, path)));
    findings
}

fn no_longer_needed(tree: &Tree, path: &str) -> Option<Finding> {
    let file = tree.texts.iter().find(|file| file.path == path);
    match file.map(|file| file.text.lines().count()) {
        Some(n_lines) if n_lines > MAX_LINES => None,
        _ => Some(Finding::file(path, "needs no allowance for its length: take the row out")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_sources_without_an_allowance_are_found() {
        let long = "x\n".repeat(401);
        let most = "x\n".repeat(400);
        let tree = Tree::of(&[
            ("crates/a/src/long.rs", &long),
            ("crates/a/src/most.rs", &most),
            ("crates/a/src/table.rs", &long),
            ("python/pellucid/long.py", &long),
            ("docs/long.md", &long),
        ]);
        let found: Vec<_> = check(&tree, &[("crates/a/src/table.rs", "one table")])
            .into_iter()
            .map(|finding| finding.path)
            .collect();
        assert_eq!(found, ["crates/a/src/long.rs", "python/pellucid/long.py"]);
    }

    #[test]
    fn an_allowance_that_is_not_needed_is_found() {
        let tree = Tree::of(&[("a.rs", "x\n")]);
        let findings = check(&tree, &[("a.rs", "was a table"), ("gone.rs", "was a table")]);
        let found: Vec<_> = findings.into_iter().map(|finding| finding.path).collect();
        assert_eq!(found, ["a.rs", "gone.rs"]);
    }
}
