//! What comes out of a trace: values that are saved, what is logged on the way, where it stops.

use super::{Handle, Recorder};
use crate::{Kind, Limits, Loc, Part, Result, check};

impl Recorder {
    /// Keeps a value as a result.
    ///
    /// # Errors
    /// A name that is taken, results beyond the limit.
    pub fn save(&mut self, name: &str, value: Handle, at: Option<Loc>) -> Result<()> {
        self.not_in_edit("saves a value", &at)?;
        if self.saved.contains(name) {
            return Err(check::name_taken(name).at(at));
        }
        let bytes = self.type_of(value).bytes().unwrap_or(usize::MAX).saturating_add(self.result_bytes);
        Limits::hold("result_bytes", bytes, self.limits.result_bytes).map_err(|d| d.at(at.clone()))?;
        let value = self.value(value, at.clone())?;
        self.push(Kind::Save { name: name.to_owned(), value }, at)?;
        self.saved.insert(name.to_owned());
        self.result_bytes = bytes;
        Ok(())
    }

    /// Says something while the trace runs, each value as it is now.
    ///
    /// # Errors
    /// Too many statements; a branch, a loop or a function around.
    pub fn log(&mut self, said: &[Part<Handle>], at: Option<Loc>) -> Result<()> {
        self.not_in_edit("logs a value", &at)?;
        let part = |part: &Part<Handle>| part.try_map(|h| self.value(*h, at.clone()));
        let parts = said.iter().map(part).collect::<Result<_>>()?;
        self.push(Kind::Log { parts }, at).map(drop)
    }

    /// Ends the run after the sites mentioned so far.
    ///
    /// # Errors
    /// Too many statements.
    pub fn stop(&mut self, at: Option<Loc>) -> Result<()> {
        self.not_in_edit("stops the run", &at)?;
        self.push(Kind::Stop, at).map(drop)
    }
}
