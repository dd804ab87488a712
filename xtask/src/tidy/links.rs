//! Relative links in Markdown resolve: the file exists in the repository, and so does the heading.

use super::Finding;
use crate::tree::{TextFile, Tree};

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.ending(".md") {
        for (line, target) in links(&file.text) {
            if let Some(message) = broken(tree, file, target) {
                findings.push(Finding::line(&file.path, line, message));
            }
        }
    }
    findings
}

/// What is wrong with a link, if anything. Addresses of other places are not looked up: a check
/// of the repository must not depend on the network.
fn broken(tree: &Tree, file: &TextFile, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = if path.is_empty() { Some(file.path.clone()) } else { resolve(&file.path, path) };
    let Some(path) = path.filter(|path| path.is_empty() || tree.contains(path)) else {
        return Some(format!("the link `{target}` leads to no file of the repository"));
    };
    if heading.is_empty() || !path.ends_with(".md") {
        return None;
    }
    let page = tree.texts.iter().find(|page| page.path == path)?;
    (!headings(&page.text).any(|anchor| anchor == heading))
        .then(|| format!("the link `{target}` leads to no heading of `{path}`"))
}

/// The path of `link` as seen from the folder of `from`; `None` when it leaves the repository.
fn resolve(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = match link.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => from.split('/').collect(),
    };
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The targets of `[text](target)` with their line numbers, outside code.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).flat_map(|(line, text)| {
        // Between backticks is code; a link's own text may hold some, its target cannot.
        text.match_indices("](").filter_map(move |(at, _)| {
            let in_code = text[..at].matches('`').count() % 2 == 1;
            let target = text[at + 2..].split([')', ' ']).next()?;
            (!in_code && !target.is_empty()).then_some((line, target))
        })
    })
}

/// The anchors of a page's headings, as code hosts make them.
fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text).filter_map(|(_, line)| {
        let title = line.trim_start_matches('#');
        (title.len() < line.len() && title.starts_with(' ')).then(|| anchor(title.trim()))
    })
}

fn anchor(title: &str) -> String {
    let kept = title.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

/// The numbered lines of a page outside fenced code.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks one page at `docs/page.md` and returns the lines with a broken link.
    fn lines(page: &str) -> Vec<usize> {
        let tree = Tree::of(&[
            ("docs/page.md", page),
            ("docs/guides/patching.md", "# Patching `z`, by head\n"),
            ("README.md", ""),
        ]);
        check(&tree).into_iter().filter_map(|finding| finding.line).collect()
    }

    #[test]
    fn links_that_resolve() {
        for page in [
            "[a](../README.md)",
            "[a](guides/patching.md) and [b](guides/)",
            "[a](guides/patching.md#patching-z-by-head)",
            "# Here\n[a](#here)",
            "[a](https://example.org/none)",
            "`[a](none.md)`",
            "```\n[a](none.md)\n```",
            "[a](/README.md)",
        ] {
            assert_eq!(lines(page), [] as [usize; 0], "{page}");
        }
    }

    #[test]
    fn links_that_do_not() {
        for page in [
            "\n[a](none.md)",
            "\n[a](guides/patching.md#none)",
            "\n[a](#none)",
            "\n[a](../../README.md)",
            "\n[`a`](none.md)",
            "\n![picture](none.png \"title\")",
        ] {
            assert_eq!(lines(page), [2], "{page}");
        }
    }
}
