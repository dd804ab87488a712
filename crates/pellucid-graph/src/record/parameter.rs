//! Weights while a trace is recorded: values that an edit can write to, as it writes to sites.

use super::frame::Reach;
use super::{Handle, Recorder};
use crate::check::read_only;
use crate::{Code, Diagnostic, Kind, Loc, Result};

impl Recorder {
    /// Weights as they stand: the model's, or what this edit has written. Tied weights are one value
    /// under all their names.
    ///
    /// # Errors
    /// No such module or weights; weights that an edit wrote, in a function that sees its parameters only.
    pub fn parameter(&mut self, path: &str, at: Option<Loc>) -> Result<Handle> {
        let path = self.spec.real_parameter(path);
        if let Some(&handle) = self.parameters.get(&path) {
            return Ok(self.storages.alias(handle));
        }
        if let Some(frame) = self.frames.iter().find(|f| f.reach == Reach::Parameters) {
            let message = format!("`{}` reads `{path}`: a function uses its parameters only", frame.name);
            let diagnostic = Diagnostic::new(Code::EffectInFunction, message);
            return Err(diagnostic.help("read it outside and pass it as an argument").at(at));
        }
        let inside = self.storages.suspend();
        let handle =
            self.push_in(0, Kind::Parameter { path: path.clone() }, at).map(|v| self.storages.fresh(v[0]));
        self.storages.leave(inside);
        let handle = handle?;
        self.storages.bind_parameter(handle, Some(path.clone()));
        self.parameters.insert(path, handle);
        Ok(handle)
    }

    /// Makes weights this value. Floating dtypes convert; the shape must be the weights'.
    ///
    /// # Errors
    /// A trace that is no edit; no such weights, another shape, another kind of dtype.
    pub fn set_parameter(&mut self, path: &str, value: Handle, at: Option<Loc>) -> Result<()> {
        let path = self.spec.real_parameter(path);
        if self.storages.is_whole_parameter(value, &path) {
            return Ok(()); // `weight += 1` changed it in place already
        }
        let want = self.spec.parameter(&path).map_err(|d| d.at(at.clone()))?.ty();
        if self.shadow.is_none() {
            return Err(read_only(&path).at(at));
        }
        let value = self.value(value, at.clone())?;
        let value = self.convert(value, &want, at.clone())?;
        self.push(Kind::SetParameter { path: path.clone(), value }, at)?;
        if let Some(&old) = self.parameters.get(&path) {
            self.storages.bind_parameter(old, None);
        }
        let handle = self.storages.fresh(value);
        self.storages.bind_parameter(handle, Some(path.clone()));
        self.parameters.insert(path, handle);
        Ok(())
    }

    /// Whether writing through a handle would write weights that cannot be written here.
    pub(super) fn writable_parameter(&self, target: Handle) -> Result<()> {
        match (self.storages.parameter_of(target), &self.shadow) {
            (Some(path), None) => Err(read_only(path)),
            _ => Ok(()),
        }
    }
}
