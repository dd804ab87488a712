//! How a user names a model of the hub: `org/name`, `org/name@revision`, `org/name/file.gguf`.

use std::fmt;

/// A model of the hub: a repository, the revision wanted, and one file of it where only that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// `org/name`; or a bare `name`, which is looked up in the cache only.
    pub id: String,
    /// A branch, a tag or a commit; `main` when none is given.
    pub revision: Option<String>,
    /// The path of a `.gguf` file inside the repository.
    pub file: Option<String>,
}

impl Name {
    /// Reads a name, or nothing if no repository can have it.
    pub fn parse(text: &str) -> Option<Name> {
        let (path, revision) = match text.split_once('@') {
            Some((path, revision)) => (path, Some(revision)),
            None => (text, None),
        };
        if !revision.is_none_or(is_revision) || !path.split('/').all(is_segment) {
            return None;
        }
        let end_of_id = path.match_indices('/').nth(1).map_or(path.len(), |(at, _)| at);
        let (id, rest) = path.split_at(end_of_id);
        let file = rest.strip_prefix('/');
        let is_gguf = |path: &str| path.to_ascii_lowercase().ends_with(".gguf");
        if is_gguf(id) || !file.is_none_or(is_gguf) {
            return None;
        }
        let owned = |part: Option<&str>| part.map(str::to_owned);
        Some(Name { id: id.to_owned(), revision: owned(revision), file: owned(file) })
    }

    /// The revision wanted.
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or("main")
    }

    /// Whether the name has no organisation.
    pub fn is_bare(&self) -> bool {
        !self.id.contains('/')
    }

    /// The repository's name without its organisation.
    pub fn short(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or(&self.id)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)?;
        self.file.iter().try_for_each(|file| write!(f, "/{file}"))?;
        self.revision.iter().try_for_each(|revision| write!(f, "@{revision}"))
    }
}

/// Whether the text can be a branch, a tag or a commit, and is safe as a path below `refs/`.
pub(crate) fn is_revision(text: &str) -> bool {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"\\~^:?*[\"<>|".contains(c);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains("..");
    text.len() <= 250 && text.chars().all(plain) && text.split('/').all(part)
}

/// Whether the text is a full commit hash.
pub(crate) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_segment(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    (1..=96).contains(&text.len())
        && text.bytes().all(plain)
        && !text.starts_with(['.', '-'])
        && !text.ends_with('.')
        && !text.contains("--") // it separates organisation and name in the cache
        && !text.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, Option<&str>, Option<&str>)>) {
        let name = Name::parse(text);
        let got = name.as_ref().map(|n| (n.id.as_str(), n.revision.as_deref(), n.file.as_deref()));
        assert_eq!(got, expected, "{text}");
        if let Some(name) = name {
            assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn names_are_read_whole_or_not_at_all() {
        check("openai-community/gpt2", Some(("openai-community/gpt2", None, None)));
        check("org/name@v1.0", Some(("org/name", Some("v1.0"), None)));
        check("org/name@refs/pr/1", Some(("org/name", Some("refs/pr/1"), None)));
        check("org/name/q4.gguf", Some(("org/name", None, Some("q4.gguf"))));
        check("org/name/in/q4.gguf@main", Some(("org/name", Some("main"), Some("in/q4.gguf"))));
        check("gpt2", Some(("gpt2", None, None)));
        for no in [
            "",
            "/abs/path",
            "./here",
            "../up",
            "a//b",
            "a b/c",
            "org/model.gguf",
            "model.gguf",
            "org/name/config.json",
            "org/name@",
            "org/name@../x",
            "org/name@a..b",
            "~/models/x",
            "org\\name",
            "org/na--me",
            "org/name/",
            "org/name@/x",
            "tiny:llama",
        ] {
            check(no, None);
        }
    }
}
