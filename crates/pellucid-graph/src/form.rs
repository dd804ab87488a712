//! A trace as a file, in either form, and the hash that names it.

use sha2::{Digest, Sha256};

use crate::{Function, Limits, Result, Statement, Trace, text, wire};

impl Trace {
    /// Reads a trace in text or wire form, whichever it is; `file` is how errors name it.
    ///
    /// # Errors
    /// What the form's own reader objects to: [`text::parse`], [`wire::decode`].
    pub fn read(bytes: &[u8], file: &str, limits: &Limits) -> Result<Trace> {
        // A safetensors file is the length of its header, then the header, which is JSON.
        match std::str::from_utf8(bytes) {
            Ok(text) if bytes.get(8) != Some(&b'{') => text::parse(text, file, limits),
            _ => wire::decode(bytes, limits),
        }
    }

    /// SHA-256 of the wire form without places, in hexadecimal: equal for two traces that do the same
    /// thing in the same words, wherever they were written.
    ///
    /// # Errors
    /// A constant whose bytes do not fit its type.
    pub fn hash(&self) -> Result<String> {
        let digest = Sha256::digest(wire::encode(&self.without_places())?);
        Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The trace without files and lines of whoever wrote it.
    pub fn without_places(&self) -> Trace {
        let bare = |s: &Statement| Statement { kind: s.kind.clone(), at: None };
        let function =
            |f: &Function| Function { body: f.body.iter().map(bare).collect(), at: None, ..f.clone() };
        Trace {
            model: self.model.clone(),
            generation: self.generation.clone(),
            invokes: self.invokes.iter().map(|i| crate::Invoke { at: None, ..i.clone() }).collect(),
            constants: self.constants.clone(),
            functions: self.functions.iter().map(function).collect(),
            statements: self.statements.iter().map(bare).collect(),
        }
    }
}
