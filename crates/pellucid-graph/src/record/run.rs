//! What a recorder learns from a run that goes on beside it, as in a live trace.

use std::collections::HashSet;

use super::{Handle, Recorder};
use crate::{InvokeId, Site, TensorType, ValueId};

impl Recorder {
    /// Whether a site has been read or written here, so that reading it needs nothing of the model.
    pub fn knows(&self, invoke: InvokeId, site: &Site) -> bool {
        self.sites.contains_key(&(invoke, self.spec.real_site(site.clone())))
    }

    /// The site whose value a handle is a view of.
    pub fn site_of(&self, handle: Handle) -> Option<&(InvokeId, Site)> {
        self.storages.site_of(handle)
    }

    /// Takes the type that a value was found to have in place of one with open axes.
    pub fn learn(&mut self, value: ValueId, found: TensorType) {
        if let Some(ty) = self.types.get_mut(value.index()).filter(|ty| ty.admits(&found)) {
            *ty = found;
        }
    }

    /// The values of the trace that can still be asked for when these handles are all that is left: what
    /// they stand for, what they are views of, sites, and constants.
    pub fn within_reach(&self, handles: impl IntoIterator<Item = Handle>) -> HashSet<ValueId> {
        let outside = |h: &Handle| self.storages.frame_of(*h) == 0;
        let both = |h: Handle| [self.storages.last_value(h), self.storages.stored(h)];
        let handles = handles.into_iter().filter(outside).flat_map(both);
        let sites = self.sites.values().map(|h| self.storages.stored(*h));
        handles.chain(sites).chain(self.constants.values().copied()).collect()
    }
}
