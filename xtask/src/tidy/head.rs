//! Every Rust file opens with `//!`: what it is, then how to think about it.

use super::Finding;
use crate::tree::Tree;

pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.ending(".rs")
        .filter(|file| file.path.starts_with("crates/") || file.path.starts_with("xtask/"))
        .filter(|file| !file.text.starts_with("//!"))
        .map(|file| Finding::line(&file.path, 1, "a Rust file opens with `//!`: say what it is"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_head_is_found() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "//! The a.\n"),
            ("crates/a/src/b.rs", "/// An item.\nfn b() {}\n"),
            ("crates/a/build.rs", "\n//! Late.\n"),
            ("examples/c.rs", "fn main() {}\n"),
        ]);
        let found: Vec<_> = check(&tree).into_iter().map(|finding| finding.path).collect();
        assert_eq!(found, ["crates/a/src/b.rs", "crates/a/build.rs"]);
    }
}
