//! `python/pellucid/_linalg.py`: rows called `linalg_svd` and so on are functions of `pl.linalg`, and
//! methods of tensors where PyTorch has them.

use std::fmt::Write as _;

use pellucid_graph::op::{OPS, OpDef};

use super::{call_args, docstring, fitted, function, lowered, natural, parameter, results};

/// What the names of these rows begin with.
pub const PREFIX: &str = "linalg_";

/// Rows whose function is written by hand in `linalg.py`.
const BY_HAND: &[&str] = &["linalg_matrix_norm"];

/// PyTorch's methods, and the rows that they apply.
const METHODS: &[(&str, &str)] = &[
    ("cholesky", "linalg_cholesky"),
    ("cross", "linalg_cross"),
    ("det", "linalg_det"),
    ("inverse", "linalg_inv"),
    ("matrix_power", "linalg_matrix_power"),
    ("slogdet", "linalg_slogdet"),
];

const HEAD: &str = r#""""The operations of `pl.linalg`.

Made from the op table by `cargo xtask codegen`: edit `crates/pellucid-graph/src/op/table.rs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pellucid import _call
from pellucid._call import TensorLike
"#;

/// The whole file.
pub fn python_linalg() -> String {
    let rows: Vec<&OpDef> =
        OPS.iter().filter(|d| d.name.starts_with(PREFIX) && !BY_HAND.contains(&d.name)).collect();
    let mut classes: Vec<String> = rows.iter().filter_map(|d| results::kind(d)).collect();
    classes.sort_unstable_by_key(|class| (class.contains(char::is_lowercase), class.clone())); // as ruff does
    classes.dedup();
    let mut names: Vec<&str> = rows.iter().map(|d| d.name.trim_start_matches(PREFIX)).collect();
    names.sort_by_key(|name| natural(name));
    let names: String = names.iter().map(|name| format!("    \"{name}\",\n")).collect();
    let mut out = HEAD.to_owned();
    out += &import(&classes);
    out += "\nif TYPE_CHECKING:\n    from pellucid.tensor import Tensor\n\n";
    let _ = write!(out, "__all__ = [\n{names}]\n");
    rows.iter().for_each(|def| out += &function(def));
    out
}

fn import(classes: &[String]) -> String {
    let all = format!("from pellucid._ops import {}\n", classes.join(", "));
    match all.len() <= super::WIDTH + 1 {
        true => all,
        false => {
            let lines: String = classes.iter().map(|class| format!("    {class},\n")).collect();
            format!("from pellucid._ops import (\n{lines})\n")
        }
    }
}

/// The methods of tensors.
pub fn methods() -> String {
    let row = |name: &str| OPS.iter().find(|d| d.name == name);
    METHODS.iter().filter_map(|(method, name)| Some(one(method, row(name)?))).collect()
}

fn one(method: &str, def: &OpDef) -> String {
    let params: Vec<_> =
        std::iter::once("self".to_owned()).chain(def.params[1..].iter().map(parameter)).collect();
    let head = fitted(&format!("def {method}("), &params, &format!(") -> {}:", results::class(def)), 4);
    let own = std::iter::once("_call.tensor(self)".to_owned());
    let args = call_args(def, own.chain(def.params[1..].iter().map(lowered)));
    let body = fitted(&format!("return {}(", results::call(def)), &args, ")", 8);
    format!("\n{head}{}{body}", docstring(def, 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_apply_rows_of_the_table() {
        for name in METHODS.iter().map(|(_, row)| row).chain(BY_HAND) {
            assert!(OPS.iter().any(|d| d.name == *name), "`{name}`");
        }
        assert_eq!(methods().matches("    def ").count(), METHODS.len());
    }
}
