//! Sites, and values of other traces: what statements take from outside and put into the model's pass.

use super::frame::Reach;
use super::{Handle, Recorder};
use crate::{Code, Diagnostic, InvokeId, Kind, Loc, Point, Result, Site, TensorType, check};

impl Recorder {
    /// The site's value as it stands: the model's own, or what this trace has written there.
    ///
    /// # Errors
    /// No such module or site.
    pub fn read(&mut self, invoke: InvokeId, site: Site, at: Option<Loc>) -> Result<Handle> {
        let site = self.spec.real_site(site);
        if let Some(&handle) = self.sites.get(&(invoke, site.clone())) {
            return Ok(self.storages.alias(handle));
        }
        if let Some(frame) = self.frames.iter().find(|f| f.reach == Reach::Parameters) {
            let message = format!("`{}` reads `{site}`: a function uses its parameters only", frame.name);
            let diagnostic = Diagnostic::new(Code::EffectInFunction, message);
            return Err(diagnostic.help("read it outside and pass it as an argument").at(at));
        }
        let inside = self.storages.suspend();
        let handle =
            self.push_in(0, Kind::Read { invoke, site: site.clone() }, at).map(|v| self.storages.fresh(v[0]));
        self.storages.leave(inside);
        let handle = handle?;
        self.storages.bind(handle, Some((invoke, site.clone())));
        self.sites.insert((invoke, site), handle);
        Ok(handle)
    }

    /// A value that an earlier trace of the session saves.
    ///
    /// # Errors
    /// Too many statements.
    pub fn import(&mut self, trace: usize, name: &str, ty: &TensorType, at: Option<Loc>) -> Result<Handle> {
        self.not_in_edit("uses a value of a session that has not run", &at)?;
        let inside = self.storages.suspend();
        let kind = Kind::Import { trace, name: name.to_owned(), ty: ty.clone() };
        let handle = self.push_in(0, kind, at).map(|v| self.storages.fresh(v[0]));
        self.storages.leave(inside);
        handle
    }

    /// Makes the site's value this one. Floating dtypes convert; the shape must be the site's.
    ///
    /// # Errors
    /// No such site, another shape, another kind of dtype.
    pub fn write(&mut self, invoke: InvokeId, site: Site, value: Handle, at: Option<Loc>) -> Result<()> {
        let site = self.spec.real_site(site);
        if self.storages.is_whole_value_of(value, invoke, &site) {
            return Ok(()); // `site += 1` changed it in place already
        }
        let want =
            check::value_site_type(&self.spec, &self.rows, invoke, &site).map_err(|d| d.at(at.clone()))?;
        let value = self.value(value, at.clone())?;
        let value = self.convert(value, &want, at.clone())?;
        self.push(Kind::Write { invoke, site: site.clone(), value }, at)?;
        if let Some(&old) = self.sites.get(&(invoke, site.clone())) {
            self.storages.bind(old, None);
        }
        let handle = self.storages.fresh(value);
        self.storages.bind(handle, Some((invoke, site.clone())));
        self.sites.insert((invoke, site), handle);
        Ok(())
    }

    /// Replaces a module's run, in one step, by a value of its output's shape.
    ///
    /// # Errors
    /// No such module, another shape or dtype.
    pub fn skip(
        &mut self,
        invoke: InvokeId,
        module: &str,
        step: u32,
        value: Handle,
        at: Option<Loc>,
    ) -> Result<()> {
        let module = self.spec.real(module);
        let output = Site { step, ..Site::new(module.clone(), Point::Output) };
        let want =
            check::value_site_type(&self.spec, &self.rows, invoke, &output).map_err(|d| d.at(at.clone()))?;
        let value = self.value(value, at.clone())?;
        let value = self.convert(value, &want, at.clone())?;
        self.push(Kind::Skip { invoke, module, step, value }, at).map(drop)
    }
}
