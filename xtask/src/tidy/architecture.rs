//! `ARCHITECTURE.md` stays short enough to be read in one sitting.

use super::Finding;
use crate::tree::Tree;

const PATH: &str = "ARCHITECTURE.md";
const MAX_LINES: usize = 200;

pub fn check(tree: &Tree) -> Option<Finding> {
    let Some(file) = tree.texts.iter().find(|file| file.path == PATH) else {
        return Some(Finding::file(PATH, "is missing"));
    };
    let n_lines = file.text.lines().count();
    (n_lines > MAX_LINES).then(|| Finding::file(PATH, format!("{n_lines} lines, at most {MAX_LINES}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_there_and_short() {
        let message = |tree: &Tree| check(tree).map(|finding| finding.message);
        assert_eq!(message(&Tree::of(&[])).as_deref(), Some("is missing"));
        assert_eq!(message(&Tree::of(&[(PATH, &"x\n".repeat(200))])), None);
        let long = Tree::of(&[(PATH, &"x\n".repeat(201))]);
        assert_eq!(message(&long).as_deref(), Some("201 lines, at most 200"));
    }
}
