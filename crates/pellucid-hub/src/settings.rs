//! Where the hub and its cache are: the environment variables of Python's `huggingface_hub`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The hub, the cache, and how to reach one from the other.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The hub's address, without a slash at its end.
    pub endpoint: String,
    /// The folder of the cache.
    pub cache: PathBuf,
    /// Who asks.
    pub token: Option<Token>,
    /// Whether to make no request at all.
    pub offline: bool,
    /// What to do when a transfer breaks.
    pub retry: Retry,
}

/// When a transfer that broke is tried again. It counts from the last one that brought bytes.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// How often.
    pub times: u32,
    /// How long before the first, doubled for each after it.
    pub wait: Duration,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry { times: 5, wait: Duration::from_secs(1) }
    }
}

/// A secret; printing it shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes the text, without space around it; nothing if it is empty.
    pub fn new(text: &str) -> Option<Token> {
        let text = text.trim();
        (!text.is_empty()).then(|| Token(text.to_owned()))
    }

    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Settings {
    /// What this process's environment says, and the token that `hf auth login` left in a file.
    pub fn from_env() -> Settings {
        Settings::from(|name| std::env::var(name).ok(), |path| std::fs::read_to_string(path).ok())
    }

    /// The same from any environment and files: `HF_ENDPOINT`, `HF_HUB_CACHE`, `HF_HOME`, `HF_TOKEN`,
    /// `HF_TOKEN_PATH`, `HF_HUB_OFFLINE` and their older names.
    pub fn from(
        var: impl Fn(&str) -> Option<String>,
        read: impl Fn(&std::path::Path) -> Option<String>,
    ) -> Settings {
        let var = |name: &str| var(name).filter(|value| !value.is_empty());
        let first = |names: &[&str]| names.iter().find_map(|name| var(name));
        let is_on = |name: &str| {
            var(name).is_some_and(|v| matches!(v.to_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE"))
        };
        let user = PathBuf::from(first(&["HOME", "USERPROFILE"]).unwrap_or_default());
        let path = |text: String| match text.strip_prefix("~/") {
            Some(rest) => user.join(rest),
            None => PathBuf::from(text),
        };
        let caches = var("XDG_CACHE_HOME").map_or_else(|| user.join(".cache"), path);
        let home = var("HF_HOME").map_or_else(|| caches.join("huggingface"), path);
        let cache = first(&["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"]);
        let token_file = var("HF_TOKEN_PATH").map_or_else(|| home.join("token"), path);
        let token = match is_on("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            true => None,
            false => first(&["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]).or_else(|| read(&token_file)),
        };
        let endpoint = var("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned());
        Settings {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            cache: cache.map_or_else(|| home.join("hub"), path),
            token: token.as_deref().and_then(Token::new),
            offline: is_on("HF_HUB_OFFLINE") || is_on("TRANSFORMERS_OFFLINE"),
            retry: Retry::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(vars: &[(&str, &str)]) -> Settings {
        let var = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        let files = |path: &std::path::Path| {
            (path == std::path::Path::new("/hf/token")).then(|| " hf_file\n".to_owned())
        };
        Settings::from(var, files)
    }

    #[test]
    fn the_cache_is_where_python_keeps_it() {
        let cache = |vars: &[(&str, &str)]| given(vars).cache.display().to_string();
        assert_eq!(cache(&[("HOME", "/me")]), "/me/.cache/huggingface/hub");
        assert_eq!(cache(&[("HOME", "/me"), ("XDG_CACHE_HOME", "/x")]), "/x/huggingface/hub");
        assert_eq!(cache(&[("HOME", "/me"), ("HF_HOME", "/hf")]), "/hf/hub");
        assert_eq!(cache(&[("HOME", "/me"), ("HF_HOME", "~/hf")]), "/me/hf/hub");
        assert_eq!(cache(&[("HF_HOME", "/hf"), ("HUGGINGFACE_HUB_CACHE", "/old")]), "/old");
        assert_eq!(cache(&[("HUGGINGFACE_HUB_CACHE", "/old"), ("HF_HUB_CACHE", "/new")]), "/new");
    }

    #[test]
    fn the_token_is_a_variable_or_a_file_and_is_never_shown() {
        let token = |vars: &[(&str, &str)]| given(vars).token.map(|t| t.secret().to_owned());
        assert_eq!(token(&[("HOME", "/me")]), None);
        assert_eq!(token(&[("HF_HOME", "/hf")]).as_deref(), Some("hf_file"));
        assert_eq!(token(&[("HF_TOKEN_PATH", "/hf/token")]).as_deref(), Some("hf_file"));
        assert_eq!(token(&[("HF_HOME", "/hf"), ("HF_TOKEN", "hf_var")]).as_deref(), Some("hf_var"));
        assert_eq!(token(&[("HF_TOKEN", "hf_var"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]), None);
        assert!(!format!("{:?}", given(&[("HF_TOKEN", "hf_var")])).contains("hf_var"));
    }

    #[test]
    fn the_endpoint_and_offline_mode() {
        assert_eq!(given(&[]).endpoint, "https://huggingface.co");
        assert_eq!(given(&[("HF_ENDPOINT", "http://mirror:80/")]).endpoint, "http://mirror:80");
        let offline = |name, value| given(&[(name, value)]).offline;
        assert!(offline("HF_HUB_OFFLINE", "1") && offline("TRANSFORMERS_OFFLINE", "true"));
        assert!(!offline("HF_HUB_OFFLINE", "0") && !offline("HF_HUB_OFFLINE", ""));
    }
}
