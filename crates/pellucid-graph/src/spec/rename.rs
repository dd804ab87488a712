//! Rules that give names, "`transformer.h` is also `layers`", and what they find in a model.
//!
//! The vocabulary of all models and a user's own names are such rules. What they give are aliases.

use std::collections::{HashMap, HashSet};

use super::alias::{Aliases, join, split};
use super::{Alias, ModelSpec, ModuleSpec};
use crate::{Code, Diagnostic, Result};

/// A rule that gives names: what `from` leads to is also called `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rename<'a> {
    /// A path of modules, `*` for any one, which may end in a site's point; or a class of modules.
    pub from: &'a str,
    /// The name, from where `from` begins; its `*`s are what the first `*`s of `from` found.
    pub to: &'a str,
    /// Where `from` begins.
    pub begins: Begins,
    /// What happens where the name is taken.
    pub taken: Taken,
}

/// Where the path of a [`Rename`] begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// At the whole model.
    AtRoot,
    /// At any module from which it leads to something.
    Anywhere,
}

/// What a [`Rename`] does with a name that a module, a site or another alias has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Leaves it to whoever has it.
    Skip,
    /// Fails, but takes it over from rules that skip.
    Fail,
}

impl ModelSpec {
    /// The same model with the names that rules give. A rule that leads nowhere says nothing.
    ///
    /// # Errors
    /// A name that is none, or is taken.
    pub fn renamed(&self, renames: &[Rename<'_>]) -> Result<ModelSpec> {
        let mut spec = self.clone();
        let mut firm = HashSet::new();
        for rename in renames {
            check_name(rename)?;
            for found in spec.found_by(rename) {
                spec.add_alias(rename, found, &mut firm)?;
            }
        }
        Ok(spec)
    }

    fn add_alias(&mut self, rename: &Rename<'_>, alias: Alias, firm: &mut HashSet<String>) -> Result<()> {
        let name = self.aliases.real_name(&alias.name);
        let known = self.known_as(&name);
        let is_free = known.is_none() || known.as_deref() == Some(&alias.target);
        match (is_free, rename.taken) {
            (false, Taken::Skip) => return Ok(()),
            (false, Taken::Fail) if self.is_real(&name) || firm.contains(&name) => {
                let known = known.unwrap_or_default();
                let message =
                    format!("cannot call `{}` `{}`: that is the name of `{known}`", alias.target, alias.name);
                return Err(Diagnostic::new(Code::DuplicateName, message));
            }
            _ => {}
        }
        if rename.taken == Taken::Fail {
            firm.insert(name.clone());
        }
        if !is_free {
            self.forget(&name);
        }
        if !self.aliases.lists(&alias.name) {
            self.aliases.add(&alias);
            self.data.aliases.push(alias);
        }
        Ok(())
    }

    /// Drops an alias and those that are spelled with it.
    fn forget(&mut self, name: &str) {
        let old = self.data.aliases.iter().find(|a| self.real_name(a) == name);
        let Some(old) = old.map(|a| a.name.clone()) else { return };
        let below = format!("{old}.");
        self.data.aliases.retain(|a| a.name != old && !a.name.starts_with(&below));
        self.aliases = Aliases::of(&self.data);
    }

    /// All that a rule names, in the order of the module tree.
    fn found_by(&self, rename: &Rename<'_>) -> Vec<Alias> {
        let of_kind: Vec<Alias> = self.data.modules.iter().filter_map(|m| kind_alias(m, rename)).collect();
        if !of_kind.is_empty() {
            return of_kind;
        }
        let children = match rename.from.contains('*') {
            true => self.children_of_all(),
            false => HashMap::new(),
        };
        let places: Vec<&str> = match rename.begins {
            Begins::AtRoot => vec![""],
            Begins::Anywhere => self.data.modules.iter().map(|m| m.path.as_str()).collect(),
        };
        let found = places.iter().flat_map(|place| {
            let found = self.led_to(place, rename.from, &children);
            found
                .into_iter()
                .map(|f| Alias { name: join(place, &filled(rename.to, &f.stars)), target: f.path })
        });
        found.collect()
    }

    /// Where a path leads from a place.
    fn led_to(&self, place: &str, path: &str, children: &HashMap<&str, Vec<&str>>) -> Vec<Found> {
        let mut found = vec![Found { path: place.to_owned(), stars: Vec::new() }];
        for word in path.split('.') {
            let step = |f: Found| -> Vec<Found> {
                let next = |word: &str| self.aliases.real(&join(&f.path, word));
                match (word, children.get(f.path.as_str())) {
                    ("*", Some(names)) => names.iter().map(|n| f.star(n, next(n))).collect(),
                    ("*", None) => Vec::new(),
                    _ => vec![Found { path: next(word), ..f }],
                }
            };
            found = found.into_iter().flat_map(step).collect();
        }
        found.retain(|f| self.is_real(&f.path));
        found
    }

    fn children_of_all(&self) -> HashMap<&str, Vec<&str>> {
        let mut children: HashMap<&str, Vec<&str>> = HashMap::new();
        for module in self.data.modules.iter().filter(|m| !m.path.is_empty()) {
            let (parent, word) = split(&module.path);
            children.entry(parent).or_default().push(word);
        }
        children
    }
}

/// Where a path has led, and what its `*`s were.
struct Found {
    path: String,
    stars: Vec<String>,
}

impl Found {
    fn star(&self, name: &str, path: String) -> Found {
        Found { path, stars: [self.stars.as_slice(), &[name.to_owned()]].concat() }
    }
}

fn kind_alias(module: &ModuleSpec, rename: &Rename<'_>) -> Option<Alias> {
    let is_named = rename.from == module.kind && !module.path.is_empty();
    is_named.then(|| Alias { name: join(split(&module.path).0, rename.to), target: module.path.clone() })
}

fn filled(name: &str, stars: &[String]) -> String {
    stars.iter().fold(name.to_owned(), |name, star| name.replacen('*', star, 1))
}

fn check_name(rename: &Rename<'_>) -> Result<()> {
    let letter = |c: char| c.is_alphanumeric() || c == '_';
    let word = |w: &str| w == "*" || (!w.is_empty() && w.chars().all(letter));
    let stars = |s: &str| s.matches('*').count();
    let fault = match rename {
        r if !r.to.split('.').all(word) => format!("`{}` cannot be a name", r.to),
        r if !r.from.split('.').all(word) => format!("`{}` is not a path of modules", r.from),
        r if stars(r.to) > stars(r.from) => format!("`{}` has more `*` than `{}`", r.to, r.from),
        _ => return Ok(()),
    };
    let help = "a rename is from a path, `transformer.h` or `*.mlp`, to a name, `layers` or `ffn`";
    Err(Diagnostic::new(Code::BadArgument, fault).help(help))
}
