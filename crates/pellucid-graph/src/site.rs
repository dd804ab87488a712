//! Sites: the places one can read or write.

use serde::{Deserialize, Serialize};

/// Where at a module a value is taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Point {
    /// What the module is called with.
    Input,
    /// What it returns.
    Output,
    /// A named value inside it: `q k v scores pattern z`, `pre post`.
    Tap(String),
}

impl Point {
    /// Reads `input`, `output`, or any other word as a tap.
    pub fn parse(word: &str) -> Point {
        match word {
            "input" => Point::Input,
            "output" => Point::Output,
            tap => Point::Tap(tap.to_owned()),
        }
    }

    /// The word the text form uses.
    pub fn name(&self) -> &str {
        match self {
            Point::Input => "input",
            Point::Output => "output",
            Point::Tap(tap) => tap,
        }
    }
}

/// Module path, point, and which forward pass of a generation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    /// Hugging Face path of the module; empty for the whole model.
    pub path: String,
    /// Input, output or tap.
    pub point: Point,
    /// 0 is the prompt's pass.
    pub step: u32,
}

impl Site {
    /// A site of the prompt's pass.
    pub fn new(path: impl Into<String>, point: Point) -> Site {
        Site { path: path.into(), point, step: 0 }
    }

    /// Reads `model.layers.3.mlp.output` or `model.layers.3.self_attn.pattern@2`.
    pub fn parse(text: &str) -> Option<Site> {
        let (place, step) = match text.split_once('@') {
            Some((place, step)) => (place, step.parse().ok()?),
            None => (text, 0),
        };
        let (path, point) = place.rsplit_once('.').map_or((None, place), |(path, point)| (Some(path), point));
        let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let ok = word(point) && path.is_none_or(|p| p.split('.').all(word));
        ok.then(|| Site { path: path.unwrap_or("").to_owned(), point: Point::parse(point), step })
    }
}

impl std::fmt::Display for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}.", self.path)?;
        }
        f.write_str(self.point.name())?;
        if self.step > 0 {
            write!(f, "@{}", self.step)?;
        }
        Ok(())
    }
}

impl Serialize for Site {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Site {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Site::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a site")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        for text in ["output", "lm_head.output", "model.layers.3.self_attn.pattern", "a.b.input@2"] {
            assert_eq!(Site::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "a..output", "a.output@x", "a b.output", ".output"] {
            assert_eq!(Site::parse(text), None, "{text}");
        }
    }
}
