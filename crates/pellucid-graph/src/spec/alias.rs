//! Aliases: other names of modules and sites, so that one script runs on many models.
//!
//! What the rules of `rename` say of one model is a list of [`Alias`]es. Names are resolved while a trace is recorded or checked: a checked trace holds real
//! paths only, so nothing after it knows of aliases. An alias never hides a real name.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{ModelSpec, SpecData};
use crate::{Kind, Point, Site, Trace};

/// Another name of a module or a site of one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The name, from the root: `layers.0.attn`, `layers.0.attn.heads`. Parts of it may be aliases.
    pub name: String,
    /// Real path of the module, or of the site: `model.layers.0.self_attn.z`.
    pub target: String,
}

/// The aliases of a model by their real names: the parent's real path and a last word of their own.
#[derive(Clone, Debug, Default)]
pub(super) struct Aliases {
    targets: HashMap<String, String>,
    listed: HashSet<String>,
}

impl Aliases {
    /// The aliases that a specification lists; parents come before children.
    pub(super) fn of(data: &SpecData) -> Aliases {
        let mut aliases = Aliases::default();
        data.aliases.iter().for_each(|alias| aliases.add(alias));
        aliases
    }

    /// One more.
    pub(super) fn add(&mut self, alias: &Alias) {
        let name = self.real_name(&alias.name);
        if name != alias.target {
            self.targets.insert(name, alias.target.clone());
        }
        self.listed.insert(alias.name.clone());
    }

    /// Whether a name is an alias as it is written.
    pub(super) fn lists(&self, name: &str) -> bool {
        self.listed.contains(name)
    }

    /// The name with every alias but the last word resolved.
    pub(super) fn real_name(&self, name: &str) -> String {
        match name.rsplit_once('.') {
            Some((parent, word)) => join(&self.real(parent), word),
            None => name.to_owned(),
        }
    }

    /// The name with every alias resolved; a name without aliases stays as it is.
    pub(super) fn real(&self, name: &str) -> String {
        if self.targets.is_empty() || name.is_empty() {
            return name.to_owned();
        }
        name.split('.').fold(String::new(), |path, word| {
            let path = join(&path, word);
            self.targets.get(&path).cloned().unwrap_or(path)
        })
    }
}

impl ModelSpec {
    /// The real path that a name stands for, of a module or a site; an unknown name stays as it is.
    pub fn real(&self, name: &str) -> String {
        match self.modules.contains_key(name) {
            true => name.to_owned(),
            false => self.aliases.real(name),
        }
    }

    /// The site that a name stands for; an unknown one stays as it is.
    pub fn real_site(&self, site: Site) -> Site {
        if self.aliases.targets.is_empty()
            || self.sites.contains_key(&(site.path.clone(), site.point.clone()))
        {
            return site;
        }
        let real = self.aliases.real(&join(&site.path, site.point.name()));
        match split(&real) {
            (path, point) if self.has_site(path, point) => {
                Site { path: path.to_owned(), point: Point::parse(point), step: site.step }
            }
            _ => site,
        }
    }

    /// An alias with its parents resolved: what it is called at the module it belongs to.
    pub fn real_name(&self, alias: &Alias) -> String {
        self.aliases.real_name(&alias.name)
    }

    /// Aliases of modules and sites directly at a module, as last words.
    pub fn aliases_at(&self, path: &str) -> Vec<&str> {
        let at = |a: &'_ Alias| {
            let name = self.real_name(a);
            name != a.target && split(&name).0 == path
        };
        self.data.aliases.iter().filter(|a| at(a)).map(|a| split(&a.name).1).collect()
    }

    /// Puts real paths for the names of a trace.
    pub(crate) fn resolve(&self, trace: &mut Trace) {
        if self.aliases.targets.is_empty() {
            return;
        }
        let bodies = trace.functions.iter_mut().flat_map(|f| &mut f.body);
        for statement in trace.statements.iter_mut().chain(bodies) {
            match &mut statement.kind {
                Kind::Read { site, .. } | Kind::Write { site, .. } => *site = self.real_site(site.clone()),
                Kind::Skip { module, .. } | Kind::Apply { module, .. } => *module = self.real(module),
                Kind::Parameter { path } | Kind::SetParameter { path, .. } => {
                    *path = self.real_parameter(path);
                }
                _ => {}
            }
        }
    }

    /// What a real name stands for.
    pub(super) fn known_as(&self, name: &str) -> Option<String> {
        self.aliases.targets.get(name).cloned().or_else(|| self.is_real(name).then(|| name.to_owned()))
    }

    pub(super) fn is_real(&self, name: &str) -> bool {
        let (path, point) = split(name);
        self.modules.contains_key(name) || self.has_site(path, point)
    }

    fn has_site(&self, path: &str, point: &str) -> bool {
        self.sites.contains_key(&(path.to_owned(), Point::parse(point)))
    }
}

/// Parent and last word of a path.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

pub(super) fn join(path: &str, word: &str) -> String {
    match path {
        "" => word.to_owned(),
        path => format!("{path}.{word}"),
    }
}
