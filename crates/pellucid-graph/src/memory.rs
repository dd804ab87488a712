//! How much memory a plan takes at once, said before it runs: an upper estimate, and not a wild one.
//!
//! Beside the weights a run holds three things. *Activations* are what modules hand to each other: while
//! a module runs there are its input, its taps, what its earlier children gave and whatever the present
//! child holds; of a list of layers only one layer runs at a time. *Values* are the trace's own, from
//! the entry that makes them to the one that drops them. *Keys and values* of earlier tokens are kept
//! by a generation. Scratch memory of kernels, some hundred kilobytes for each thread, is not counted.

use std::collections::HashMap;

use crate::{CheckedTrace, Entry, PassPlan, Plan, Point, Rows, SiteSpec, ValueId};

/// Bytes that a run holds at most at once, beside the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// What the modules of the widest pass hold.
    pub activations: u64,
    /// Values that the trace reads and computes and has not dropped, saved ones among them.
    pub values: u64,
    /// Keys and values of earlier tokens.
    pub cache: u64,
}

impl Memory {
    /// Estimates what a plan takes.
    pub fn of(checked: &CheckedTrace, plan: &Plan) -> Memory {
        let mut memory = Memory { values: most_values(checked, plan), ..Memory::default() };
        for pass in &plan.passes {
            memory.activations = memory.activations.max(activations(checked, pass));
            if checked.trace().generation.is_some() {
                memory.cache = memory.cache.max(cache(checked, pass));
            }
        }
        memory
    }

    /// All of it together.
    pub fn total(&self) -> u64 {
        [self.activations, self.values, self.cache].into_iter().fold(0, u64::saturating_add)
    }
}

/// The most that values take together: each from where it is made to where it is dropped.
fn most_values(checked: &CheckedTrace, plan: &Plan) -> u64 {
    let bytes_of = |v: ValueId| checked.type_of(v).bytes().unwrap_or(usize::MAX) as u64;
    let made = |i: &usize| {
        let first = checked.first_value(*i).0;
        (first..first + checked.statement(*i).kind.n_values() as u32).map(|v| bytes_of(ValueId(v))).sum()
    };
    let mut held: u64 = plan.before.iter().map(made).fold(0, u64::saturating_add);
    let mut most = held;
    for entry in plan.passes.iter().flat_map(PassPlan::entries) {
        held = entry.reads.iter().chain(&entry.compute).map(made).fold(held, u64::saturating_add);
        most = most.max(held);
        held = entry.drops.iter().map(|v| bytes_of(*v)).fold(held, u64::saturating_sub);
    }
    most
}

/// A module as its activations are counted.
#[derive(Default)]
struct Part {
    input: u64,
    output: u64,
    taps: u64,
    is_called: bool,
    children: Vec<usize>,
}

fn activations(checked: &CheckedTrace, pass: &PassPlan) -> u64 {
    let rows: Vec<&Rows> = pass.invokes.iter().map(|i| checked.rows(*i)).collect();
    let parts = parts(checked, &rows, shows_pairs(checked, pass));
    match parts.is_empty() {
        true => 0,
        false => most_in(&parts, 0),
    }
}

/// The model's modules, with what lies between them, parents before children.
fn parts(checked: &CheckedTrace, rows: &[&Rows], pairs: bool) -> Vec<Part> {
    let spec = checked.spec();
    let mut parts: Vec<Part> = Vec::new();
    let mut index: HashMap<&str, usize> = HashMap::new();
    for module in &spec.modules {
        let i = parts.len();
        parts.push(Part::default());
        index.insert(&module.path, i);
        if i > 0 {
            let parent = module.path.rsplit_once('.').map_or("", |(parent, _)| parent);
            parts[index.get(parent).copied().unwrap_or(0)].children.push(i);
        }
    }
    for site in &spec.sites {
        let Some(&i) = index.get(site.path.as_str()) else { continue };
        let (part, n) = (&mut parts[i], bytes(site, rows));
        match Point::parse(&site.point) {
            Point::Input => (part.input, part.is_called) = (n, true),
            Point::Output => part.output = n,
            Point::Tap(tap) if is_made_when_watched(&tap) && !pairs => {}
            Point::Tap(_) => part.taps = part.taps.saturating_add(n),
        }
    }
    parts
}

/// The most that is held while a module runs.
fn most_in(parts: &[Part], i: usize) -> u64 {
    let part = &parts[i];
    if !part.is_called {
        return part.children.iter().map(|c| most_in(parts, *c)).max().unwrap_or(0);
    }
    let (mut given, mut most) = (0u64, part.output);
    for &child in &part.children {
        most = most.max(given.saturating_add(most_in(parts, child)));
        given = given.saturating_add(parts[child].output);
    }
    // What its children gave may still be there when it makes its own output of it.
    most = most.max(given.saturating_add(part.output));
    most.saturating_add(part.input).saturating_add(part.taps)
}

/// Whether a tap has a value of its own only while somebody watches it, or what is made of it.
fn is_made_when_watched(tap: &str) -> bool {
    ["scores", "pattern", "cached_keys", "cached_values"].contains(&tap)
}

/// Whether somebody looks between queries and values.
fn shows_pairs(checked: &CheckedTrace, pass: &PassPlan) -> bool {
    let looks = |site: &SiteSpec| is_made_when_watched(&site.point) || site.path.ends_with("dropout");
    pass.entries().any(|entry: &Entry| looks(checked.spec().at(entry.order)))
}

/// A site's bytes in the first step, all rows padded to the longest. Floats of every width lie in f32.
fn bytes(site: &SiteSpec, rows: &[&Rows]) -> u64 {
    let size = if site.dtype.is_float() { 4 } else { site.dtype.size() };
    let one = |rows: &&Rows| {
        let lengths = site.shape.iter().map(|dim| dim.resolve(rows.at(0)) as u64);
        lengths.fold(size as u64, u64::saturating_mul)
    };
    rows.iter().map(one).fold(0, u64::saturating_add)
}

/// Keys and values at the end of a generation, with room for the longest sequence in every row.
fn cache(checked: &CheckedTrace, pass: &PassPlan) -> u64 {
    let rows: Vec<&Rows> = pass.invokes.iter().map(|i| checked.rows(*i)).collect();
    let n: u64 = rows.iter().map(|r| r.b() as u64).sum();
    let longest = rows.iter().map(|r| r.at(0).all).max().unwrap_or(0) as u64;
    let sites = checked.spec().sites.iter().filter(|s| s.point.starts_with("cached_"));
    let width = |site: &SiteSpec| {
        site.shape
            .iter()
            .map(|dim| if let crate::Dim::Fixed(n) = dim { *n as u64 } else { 1 })
            .product::<u64>()
    };
    sites.map(|site| (4 * n).saturating_mul(longest).saturating_mul(width(site))).fold(0, u64::saturating_add)
}
