//! What a user reads when something is wrong: a stable code, a message, the line, what to do next.

use serde::{Deserialize, Serialize};

/// A place in the user's script or `.trace` file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Loc {
    /// File as the user's interpreter names it, `<stdin>` and notebook cells included.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub file: std::sync::Arc<str>,
    /// Line, counted from 1.
    pub line: u32,
}

impl std::fmt::Display for Loc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

macro_rules! codes {
    ($($variant:ident $name:literal $meaning:literal,)*) => {
        /// Stable names of everything that can be wrong with a trace; branch on these.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $meaning] $variant,)* }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The name that errors carry on the wire and in Python's `error.code`.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// One sentence for the reference documentation.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$variant => $meaning,)* }
            }
        }
    };
}

codes! {
    UnknownModule "unknown-module" "No module of the model has this path.",
    UnknownSite "unknown-site" "The module exists, but has no such input, output or tap.",
    UnknownParameter "unknown-parameter" "The module exists, but has no weights of this name.",
    UnknownOp "unknown-op" "No operation of the language has this name.",
    UnknownValue "unknown-value" "A statement uses a value that no earlier statement made.",
    BadArgument "bad-argument" "An operation got an argument of the wrong kind or out of its range.",
    ShapeMismatch "shape-mismatch" "Shapes that must agree or broadcast do not.",
    DTypeMismatch "dtype-mismatch" "An element type that the operation or site does not take.",
    IndexOutOfRange "index-out-of-range" "An index lies outside its axis.",
    NeedsLaterValue "needs-later-value" "A write needs a value the model only computes after it.",
    CyclicInvokes "cyclic-invokes" "Invokes need each other's values in a circle.",
    SkippedSite "skipped-site" "A site inside a module that the same invoke skips.",
    AfterStop "after-stop" "A read of something the model computes after the recorded stop.",
    LiveOrder "live-order" "A live trace reads or writes a site that its pass has left.",
    NotReached "not-reached" "A value of a step that the generation ended before.",
    NoGradient "no-gradient" "A gradient that cannot be had: of integers, through something without a derivative, or of a value that the loss does not depend on.",
    ReadOnlyParameter "read-only-parameter" "A trace writes the model's weights, which only an edit may.",
    PromptInEdit "prompt-in-edit" "An edit does not fit every prompt: it depends on how many there are or how long they are.",
    NoEdit "no-edit" "A trace with prompts where an edit is wanted, or an edit that saves, logs or stops.",
    EffectInFunction "effect-in-function" "A branch, loop or function reads, writes, skips, saves, logs or stops.",
    DuplicateName "duplicate-name" "Two values, functions or modules would have the same name.",
    EmptyPrompt "empty-prompt" "An invoke without prompts or a prompt without tokens.",
    PromptTooLong "prompt-too-long" "A prompt has more tokens than the model's context.",
    TokenOutOfRange "token-out-of-range" "A token id outside the model's vocabulary.",
    NotTokenized "not-tokenized" "A prompt is still text where token ids are needed.",
    UnknownInvoke "unknown-invoke" "A statement names an invoke that the trace does not have.",
    LimitExceeded "limit-exceeded" "A trace passes one of the named limits.",
    Syntax "syntax" "The text form cannot be parsed.",
    BadWire "bad-wire" "Bytes that are not a trace in wire form.",
    UnsupportedVersion "unsupported-version" "A trace written by a version this build cannot read.",
    ModelMismatch "model-mismatch" "A trace recorded for another model.",
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that is wrong with a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of thing.
    pub code: Code,
    /// The thing at fault, expected and got; lower case, no full stop.
    pub message: String,
    /// What to do next, where that is known.
    pub help: Option<String>,
    /// The user's own line.
    pub at: Option<Loc>,
}

impl Diagnostic {
    /// A diagnostic without help or place yet.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Diagnostic { code, message: message.into(), help: None, at: None }
    }

    /// Adds what to do next.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Sets the place unless a more exact one is known already.
    pub fn at(mut self, at: Option<Loc>) -> Self {
        self.at = self.at.or(at);
        self
    }
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} [{}]", self.message, self.code)?;
        if let Some(at) = &self.at {
            write!(f, "\n  --> {at}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}

/// Result of anything that can find fault with a trace.
pub type Result<T, E = Diagnostic> = std::result::Result<T, E>;

/// Longer names than this were not typed by a person; comparing them would only take time.
const MOST_TYPED: usize = 200;

/// `` did you mean `a` or `b`? `` for the names nearest to a wrong one, or nothing when none is near.
pub fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    if wrong.len() > MOST_TYPED {
        return None;
    }
    // One slip of the finger in a short name is nearer than Jaro-Winkler says.
    let score = |k: &str| match strsim::damerau_levenshtein(wrong, k) {
        0 | 1 if wrong.len() > 1 => 0.99,
        _ => strsim::jaro_winkler(wrong, k),
    };
    let mut scored: Vec<(f64, &str)> = known.map(|k| (score(k), k)).filter(|(s, _)| *s > 0.75).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    let names: Vec<String> = scored.iter().take(3).map(|(_, k)| format!("`{k}`")).collect();
    (!names.is_empty()).then(|| format!("did you mean {}?", names.join(" or ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let mut names: Vec<&str> = Code::ALL.iter().map(|c| c.name()).collect();
        assert!(names.iter().all(|n| n.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn nearest_names() {
        let known = ["model.layers.0.mlp", "model.layers.0.self_attn", "lm_head"];
        expect_test::expect!["did you mean `model.layers.0.mlp` or `model.layers.0.self_attn`?"]
            .assert_eq(&nearest("model.layers.0.mpl", known.into_iter()).unwrap());
        assert_eq!(nearest("mpl", ["mlp", "norm"].into_iter()).as_deref(), Some("did you mean `mlp`?"));
        assert_eq!(nearest("zzz", known.into_iter()), None);
    }
}
