//! The little that is needed of URLs: escaping, what a redirect means, who shares an origin.

/// Escapes a text for the path of a URL; the characters in `keep` stay as they are.
pub fn escape(text: &str, keep: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        match c.is_ascii_alphanumeric() || "-_.~".contains(c) || keep.contains(c) {
            true => escaped.push(c),
            false => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// `https://host:port` of an absolute HTTP address, lower case; nothing if it is none.
pub fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let authority = rest.split(['/', '?', '#']).next()?.to_ascii_lowercase();
    let is_valid = matches!(scheme.as_str(), "http" | "https") && !authority.is_empty();
    is_valid.then(|| format!("{scheme}://{authority}"))
}

/// The address that `location` means in an answer from `from`.
pub fn redirected(from: &str, location: &str) -> Option<String> {
    if location.contains("://") {
        return origin(location).map(|_| location.to_owned());
    }
    let from = origin(from)?;
    if let Some(rest) = location.strip_prefix("//") {
        let scheme = from.split_once("://")?.0;
        return Some(format!("{scheme}://{rest}"));
    }
    location.starts_with('/').then(|| format!("{from}{location}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_redirect_means() {
        let from = "https://hub.co:8/a/b?c";
        let check = |location, expected: Option<&str>| {
            assert_eq!(redirected(from, location).as_deref(), expected, "{location}");
        };
        check("/x?y", Some("https://hub.co:8/x?y"));
        check("//cdn.co/x", Some("https://cdn.co/x"));
        check("http://cdn.co/x", Some("http://cdn.co/x"));
        check("file:///etc/passwd", None);
        check("x", None);
    }

    #[test]
    fn origins_differ_by_scheme_host_and_port() {
        assert_eq!(origin("HTTPS://Hub.co/x").as_deref(), Some("https://hub.co"));
        assert_ne!(origin("https://hub.co:1/x"), origin("https://hub.co/x"));
        assert_ne!(origin("https://hub.co/x"), origin("http://hub.co/x"));
        assert_ne!(origin("https://hub.co@evil.co/x"), origin("https://hub.co/x"));
        assert_eq!((origin("ftp://x/"), origin("https:///x"), origin("hub.co")), (None, None, None));
    }

    #[test]
    fn escaping() {
        assert_eq!(escape("refs/pr/1", ""), "refs%2Fpr%2F1");
        assert_eq!(escape("a b/ü?#%.gguf", "/"), "a%20b/%C3%BC%3F%23%25.gguf");
    }
}
