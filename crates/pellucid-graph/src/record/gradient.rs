//! Gradients while a trace is recorded: values that can be written, as sites can.

use super::{Handle, Recorder};
use crate::check::check_gradient;
use crate::{Code, Diagnostic, Kind, Loc, Result};

impl Recorder {
    /// A backward pass from some values; `seeds` are their gradients, ones if there are none.
    ///
    /// # Errors
    /// A value that is not floating, or not of one element without a seed; a generation; an edit; a function.
    pub fn backward(
        &mut self,
        outputs: &[Handle],
        seeds: &[Handle],
        create_graph: bool,
        at: Option<Loc>,
    ) -> Result<Handle> {
        let fault = |message: &str| Err(Diagnostic::new(Code::NoGradient, message).at(at.clone()));
        if self.shadow.is_some() {
            return fault("an edit has no backward pass: it is made for any prompt, before any result");
        }
        if !self.frames.is_empty() {
            return fault("a branch, a loop or a function has no backward pass of its own yet");
        }
        let mut values = |handles: &[Handle]| {
            handles.iter().map(|h| self.value(*h, at.clone())).collect::<Result<Vec<_>>>()
        };
        let (outputs, seeds) = (values(outputs)?, values(seeds)?);
        let pass = self.push(Kind::Backward { outputs, seeds, create_graph }, at)?[0];
        Ok(self.storages.fresh(pass))
    }

    /// The gradient of a value in a backward pass; writing through the handle changes what flows on.
    ///
    /// # Errors
    /// A value that is not floating, or that the pass does not start from and nothing there depends on.
    pub fn gradient(&mut self, pass: Handle, of: Handle, at: Option<Loc>) -> Result<Handle> {
        let (pass, of) = (self.value(pass, at.clone())?, self.value(of, at.clone())?);
        if let Some(&known) = self.gradients.get(&(pass, of)) {
            return Ok(self.storages.alias(known));
        }
        check_gradient(pass, of, &self.trace, &self.spec, &self.rows, &self.types)
            .map_err(|d| d.at(at.clone()))?;
        let value = self.push(Kind::Gradient { pass, of }, at)?[0];
        let handle = self.storages.fresh(value);
        self.storages.bind_gradient(handle, pass, of);
        self.gradients.insert((pass, of), handle);
        Ok(self.storages.alias(handle))
    }

    /// Makes the gradient of a value this one, broadcast and converted.
    ///
    /// # Errors
    /// As [`Recorder::gradient`]; a value that does not broadcast to its shape.
    pub fn set_gradient(
        &mut self,
        pass: Handle,
        of: Handle,
        value: crate::Arg,
        at: Option<Loc>,
    ) -> Result<()> {
        let target = self.gradient(pass, of, at.clone())?;
        if let crate::Arg::Value(v) = &value
            && self.storages.stored(target) == *v
        {
            return Ok(()); // `h.grad *= 2` changed it in place already
        }
        self.assign(target, value, at)
    }
}
