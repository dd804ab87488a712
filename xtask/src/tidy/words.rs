//! Words that must not land: paths of one machine, work put off, tests switched off.
//!
//! Each word is written in two halves here, so that this file does not find itself.

use super::Finding;
use crate::tree::Tree;

/// A folder of somebody's machine; it counts where an absolute path can begin.
const MACHINE_PATHS: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/tm", "p/"),
    concat!("C:\\Us", "ers\\"),
];

/// The word, and where it matters.
const UNFINISHED: &[(&str, &str)] = &[
    (concat!("todo", "!("), ".rs"),
    (concat!("unimplemented", "!("), ".rs"),
    (concat!("dbg", "!("), ".rs"),
    (concat!("#[ig", "nore"), ".rs"),
    (concat!("NotImplemented", "Error"), ".py"),
    (concat!("pytest.mark.", "skip("), ".py"),
    (concat!("pytest.mark.", "xfail"), ".py"),
];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.texts {
        for (line, text) in (1..).zip(file.text.lines()) {
            for word in MACHINE_PATHS.iter().filter(|word| begins_a_path(text, word)) {
                let message = format!("`{word}` is a path of one machine");
                findings.push(Finding::line(&file.path, line, message));
            }
            for (word, suffix) in UNFINISHED {
                if file.path.ends_with(suffix) && text.contains(word) {
                    let message = format!("`{word}`: finish it or take it out");
                    findings.push(Finding::line(&file.path, line, message));
                }
            }
        }
    }
    findings
}

/// Whether `word` stands where an absolute path begins: not inside an address or a longer path.
fn begins_a_path(text: &str, word: &str) -> bool {
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || "._-~})/$%>".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Tree::of(&[(path, text)])).into_iter().filter_map(|finding| finding.line).collect()
    }

    #[test]
    fn machine_paths_are_found_where_a_path_begins() {
        let text = [
            concat!("see /ho", "me/ada/model"),
            concat!("see `/wo", "rk/x`"),
            concat!("see https://example.org/wo", "rk/x"),
            concat!("see tests/tm", "p/x and $X/tm", "p/y"),
            concat!("\"/tm", "p/x\""),
        ]
        .join("\n");
        assert_eq!(lines("docs/a.md", &text), [1, 2, 5]);
    }

    #[test]
    fn unfinished_work_is_found_in_its_own_language() {
        let text = concat!("todo", "!()\nraise NotImplemented", "Error\n");
        assert_eq!(lines("crates/a/src/a.rs", text), [1]);
        assert_eq!(lines("python/a.py", text), [2]);
        assert_eq!(lines("docs/a.md", text), [] as [usize; 0]);
    }
}
