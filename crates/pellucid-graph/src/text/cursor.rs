//! A position in one line of text.

use crate::{Code, Diagnostic, Result};

/// Reads words, numbers and quoted text from a line, skipping blanks.
pub(super) struct Cursor<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(line: &'a str) -> Cursor<'a> {
        Cursor { line, at: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.line[self.at..]
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// True at the end of the line or at a comment.
    pub fn at_end(&mut self) -> bool {
        self.skip_blanks();
        self.rest().is_empty() || self.rest().starts_with('#')
    }

    /// The next character that is not blank.
    pub fn peek(&mut self) -> Option<char> {
        self.skip_blanks();
        self.rest().chars().next()
    }

    /// Takes `token` if it comes next.
    pub fn eat(&mut self, token: &str) -> bool {
        self.skip_blanks();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Takes `token`.
    pub fn expect(&mut self, token: &str) -> Result<()> {
        if self.eat(token) { Ok(()) } else { Err(self.expected(&format!("`{token}`"))) }
    }

    /// Takes letters, digits and `_ . @ - +`, as long as there are any.
    pub fn word(&mut self) -> &'a str {
        self.skip_blanks();
        let part = |c: char| c.is_ascii_alphanumeric() || "_.@-+".contains(c);
        let end = self.rest().find(|c| !part(c)).unwrap_or(self.rest().len());
        let word = &self.rest()[..end];
        self.at += end;
        word
    }

    /// Takes a word and reads it as a number or the like.
    pub fn parsed<T: std::str::FromStr>(&mut self, what: &str) -> Result<T> {
        let start = self.at;
        let word = self.word();
        word.parse().map_err(|_| {
            self.at = start;
            self.expected(what)
        })
    }

    /// Takes text in double quotes with JSON's escapes.
    pub fn quoted(&mut self) -> Result<String> {
        self.skip_blanks();
        let mut stream = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        match stream.next() {
            Some(Ok(text)) => {
                self.at += stream.byte_offset();
                Ok(text)
            }
            _ => Err(self.expected("text in double quotes")),
        }
    }

    /// Takes `[item, item, ...]`.
    pub fn list<T>(&mut self, item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        self.between("[", "]", item)
    }

    /// Takes items with commas between two marks.
    pub fn between<T>(
        &mut self,
        open: &str,
        close: &str,
        mut item: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.expect(open)?;
        let mut items = Vec::new();
        while !self.eat(close) {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// Tries `read` and stays in place if it fails.
    pub fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Option<T> {
        let start = self.at;
        let found = read(self).ok();
        if found.is_none() {
            self.at = start;
        }
        found
    }

    /// A syntax error at this place.
    pub fn expected(&mut self, what: &str) -> Diagnostic {
        self.skip_blanks();
        let got: String = self.rest().chars().take(24).collect();
        let got = if got.is_empty() { "the end of the line".to_owned() } else { format!("`{got}`") };
        Diagnostic::new(Code::Syntax, format!("expected {what}, got {got}"))
    }
}
