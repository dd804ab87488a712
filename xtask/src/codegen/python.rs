//! `python/pellucid/_ops.py`: every row of the op table as a typed function and a method.
//!
//! Rows whose Python form is not their row (`reshape(2, -1)`, `max` with and without an axis) are
//! written by hand in `tensor.py`, `_reduce.py`, `_create.py` and their like, and named here to be left
//! out. Rows called `linalg_...` make a module of their own.

use std::fmt::Write as _;

use pellucid_graph::Arg;
use pellucid_graph::op::{Memory, OPS, OpDef, Param, ParamKind};

mod aliases;
mod linalg;
mod results;

pub use linalg::python_linalg;

/// Longest line, as ruff is told.
const WIDTH: usize = 100;

/// What has an operator's or another method's syntax in Python.
const INTERNAL: &[&str] = &["index", "set_index", "copy_into"];
/// Rows without a generated function.
const FUNCTIONS_BY_HAND: &[&str] = &[
    "max",
    "min",
    "to",
    "median",
    "nanmedian",
    "var",
    "std",
    "var_mean",
    "std_mean",
    "zeros",
    "ones",
    "arange",
    "view",
    "repeat",
    "repeat_interleave",
    "scatter",
    "nonzero",
    "where",
    "one_hot",
    "unique",
    "unique_consecutive",
    "rand",
    "randn",
    "randint",
    "randperm",
    "normal",
    "einsum",
    "tensordot",
];
/// Rows without a generated method.
const METHODS_BY_HAND: &[&str] = &[
    "max",
    "min",
    "to",
    "median",
    "nanmedian",
    "var",
    "std",
    "var_mean",
    "std_mean",
    "reshape",
    "expand",
    "permute",
    "where",
    "view",
    "repeat",
    "repeat_interleave",
    "tile",
    "flip",
    "scatter",
    "nonzero",
    "one_hot",
    "unique",
    "unique_consecutive",
    "normal",
    "bucketize",
    "searchsorted",
    "tensordot",
];
/// In-place forms that are not generated.
const IN_PLACE_BY_HAND: &[&str] = &["scatter"];

const HEAD: &str = r#""""The operations, as functions and as methods of `pl.Tensor`.

Made from the op table by `cargo xtask codegen`: edit `crates/pellucid-graph/src/op/table.rs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pellucid import _call
from pellucid._call import TensorLike

if TYPE_CHECKING:
    from pellucid.tensor import Tensor

"#;

/// The whole file.
pub fn python_ops() -> String {
    let rows = || OPS.iter().filter(|d| !INTERNAL.contains(&d.name) && !d.name.starts_with(linalg::PREFIX));
    let functions: Vec<_> = rows().filter(|d| !FUNCTIONS_BY_HAND.contains(&d.name)).collect();
    let mut out = HEAD.to_owned();
    let mut names: Vec<_> = functions.iter().map(|d| d.name).collect();
    names.extend(aliases::ALIASES.iter().map(|(alias, _)| *alias));
    names.sort_by_key(|name| natural(name));
    let names: String = names.iter().map(|name| format!("    \"{name}\",\n")).collect();
    let _ = write!(out, "__all__ = [\n{names}]\n");
    out += &results::named_tuples();
    for def in functions {
        out += &function(def);
    }
    out += "\n\n";
    out += &aliases::functions();
    out += "\n\nclass Ops(_call.Base):\n    \"\"\"The operations as methods, `self` first.\"\"\"\n\n    __slots__ = ()\n";
    for def in rows().filter(|d| is_method(d)) {
        if !METHODS_BY_HAND.contains(&def.name) {
            out += &method(def);
        }
        if def.memory == Memory::Updates && !IN_PLACE_BY_HAND.contains(&def.name) {
            out += &in_place(def);
        }
    }
    out += &linalg::methods();
    out += &aliases::methods();
    out
}

/// A key by which `log2` comes before `log10`, as ruff sorts.
fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts: Vec<(String, u64)> = vec![(String::new(), 0)];
    let mut was_digit = false;
    for c in name.chars() {
        if was_digit && !c.is_ascii_digit() {
            parts.push((String::new(), 0));
        }
        was_digit = c.is_ascii_digit();
        if let Some((text, number)) = parts.last_mut() {
            match c.to_digit(10) {
                Some(digit) => *number = 10 * *number + u64::from(digit),
                None => text.push(c),
            }
        }
    }
    parts
}

fn function(def: &OpDef) -> String {
    let params = parameters(def.params);
    let head = fitted(
        &format!("def {}(", def.name.trim_start_matches(linalg::PREFIX)),
        &params,
        &format!(") -> {}:", results::class(def)),
        0,
    );
    let args = call_args(def, def.params.iter().map(lowered));
    let body = fitted(&format!("return {}(", results::call(def)), &args, ")", 4);
    format!("\n\n{head}{}{body}", docstring(def, 4))
}

/// What an operation is applied to: its results' class where it has several, its name, its arguments.
fn call_args(def: &OpDef, lowered: impl Iterator<Item = String>) -> Vec<String> {
    results::kind(def).into_iter().chain([format!("\"{}\"", def.name)]).chain(lowered).collect()
}

/// A method needs a `self`, and calls the function by a name that no parameter hides.
fn is_method(def: &OpDef) -> bool {
    let is_self = matches!(def.params[0].kind, ParamKind::Tensor | ParamKind::Operand);
    is_self && def.params.iter().all(|p| p.name != def.name)
}

fn method(def: &OpDef) -> String {
    let head = method_head(def, "", &results::class(def));
    let body = fitted(&format!("return {}(", def.name), &method_args(def), ")", 8);
    format!("\n{head}{}{body}", docstring(def, 8))
}

/// `add_` beside `add`.
fn in_place(def: &OpDef) -> String {
    let head = method_head(def, "_", "Tensor");
    let body = fitted(&format!("return self._update({}(", def.name), &method_args(def), "))", 8);
    format!("\n{head}        \"\"\"Does `{}` in place: a write to this tensor.\"\"\"\n{body}", def.name)
}

fn method_head(def: &OpDef, suffix: &str, result: &str) -> String {
    let params: Vec<_> = std::iter::once("self".to_owned()).chain(parameters(&def.params[1..])).collect();
    fitted(&format!("def {}{suffix}(", def.name), &params, &format!(") -> {result}:"), 4)
}

fn method_args(def: &OpDef) -> Vec<String> {
    let mut is_named = false;
    let arg = |p: &Param| {
        is_named |= p.name == KEYWORD;
        if is_named { format!("{0}={0}", p.name) } else { p.name.to_owned() }
    };
    std::iter::once("self".to_owned()).chain(def.params[1..].iter().map(arg)).collect()
}

/// This parameter and those after it are given by name only.
const KEYWORD: &str = "seed";

fn parameters(params: &[Param]) -> Vec<String> {
    let star = |p: &Param| (p.name == KEYWORD).then(|| "*".to_owned());
    params.iter().flat_map(|p| star(p).into_iter().chain([parameter(p)])).collect()
}

fn parameter(param: &Param) -> String {
    let hint = hint(param.kind);
    match &param.default {
        None => format!("{}: {hint}", param.name),
        Some(Arg::None) => format!("{}: {hint} | None = None", param.name),
        Some(default) => format!("{}: {hint} = {}", param.name, literal(default)),
    }
}

fn hint(kind: ParamKind) -> String {
    match kind {
        ParamKind::Tensor | ParamKind::Operand => "TensorLike".to_owned(),
        ParamKind::Tensors => "Sequence[TensorLike] | Tensor".to_owned(),
        ParamKind::Text => "str".to_owned(),
        ParamKind::Int | ParamKind::Dim => "int".to_owned(),
        ParamKind::Float => "float".to_owned(),
        ParamKind::Bool => "bool".to_owned(),
        ParamKind::Word(words) => {
            let words: Vec<_> = words.iter().map(|w| format!("\"{w}\"")).collect();
            format!("Literal[{}]", words.join(", "))
        }
        ParamKind::Dims => "int | Sequence[int]".to_owned(),
        ParamKind::Shape => "Sequence[int]".to_owned(),
        ParamKind::DType | ParamKind::Index => "Any".to_owned(),
    }
}

fn literal(arg: &Arg) -> String {
    match arg {
        Arg::Bool(true) => "True".to_owned(),
        Arg::Bool(false) => "False".to_owned(),
        Arg::Int(n) => n.to_string(),
        Arg::Float(x) => format!("{x:?}"),
        Arg::Word(w) => format!("\"{w}\""),
        other => unreachable!("a default that Python has no word for: {other:?}"),
    }
}

/// How an argument is handed to the extension.
fn lowered(param: &Param) -> String {
    let name = param.name;
    match param.kind {
        ParamKind::Tensor | ParamKind::Operand if param.default.is_some() => {
            format!("_call.optional({name})")
        }
        ParamKind::Tensor => format!("_call.tensor({name})"),
        ParamKind::Operand => format!("_call.operand({name})"),
        ParamKind::Tensors => format!("_call.tensors({name})"),
        ParamKind::DType => format!("_call.dtype_name({name})"),
        ParamKind::Dims | ParamKind::Shape => format!("_call.ints({name})"),
        _ => name.to_owned(),
    }
}

fn docstring(def: &OpDef, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let text = wrapped(def.doc, indent, "\"\"\"".len());
    match (def.memory, text.contains('\n')) {
        (Memory::Fresh | Memory::Updates, false) => format!("{pad}\"\"\"{text}\"\"\"\n"),
        (Memory::Fresh | Memory::Updates, true) => format!("{pad}\"\"\"{text}\n{pad}\"\"\"\n"),
        (Memory::Shares, _) => {
            format!(
                "{pad}\"\"\"{text}\n\n{pad}A view: writing to the result writes to the tensor.\n{pad}\"\"\"\n"
            )
        }
    }
}

/// Words over as many lines as they need; the first stands after `taken` more columns, and leaves
/// as many for the closing quotes.
fn wrapped(text: &str, indent: usize, taken: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let reserved = indent + if lines.len() == 1 { 2 * taken } else { 0 };
        let line = lines.last_mut().filter(|l| reserved + l.len() + 1 + word.len() <= WIDTH);
        match line {
            Some(line) if line.is_empty() => *line += word,
            Some(line) => *line += &format!(" {word}"),
            None => lines.push(word.to_owned()),
        }
    }
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

/// `open` items `close` on one line, or indented on one, or each on its own, as ruff does it.
fn fitted(open: &str, items: &[String], close: &str, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let all = items.join(", ");
    let one_line = format!("{pad}{open}{all}{close}\n");
    if one_line.len() <= WIDTH + 1 {
        return one_line;
    }
    if indent + 4 + all.len() <= WIDTH {
        return format!("{pad}{open}\n{pad}    {all}\n{pad}{close}\n");
    }
    let lines: String = items.iter().map(|item| format!("{pad}    {item},\n")).collect();
    format!("{pad}{open}\n{lines}{pad}{close}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_left_out_are_in_the_table() {
        for name in INTERNAL.iter().chain(FUNCTIONS_BY_HAND).chain(METHODS_BY_HAND).chain(IN_PLACE_BY_HAND) {
            assert!(OPS.iter().any(|d| d.name == *name), "`{name}`");
        }
    }

    #[test]
    fn a_row_becomes_a_function_and_a_method() {
        let topk = OPS.iter().find(|d| d.name == "topk").unwrap();
        let doc = "\"\"\"Gives the `k` largest (or smallest) elements in order, whatever `sorted` says, and";
        let head = "k: int, dim: int = -1, largest: bool = True, sorted: bool = True\n";
        let text = format!(
            "\n\ndef topk(\n    input: TensorLike, {head}) -> ValuesIndices:\n    {doc} their\n    positions.\n    \"\"\"\n    \
            return _call.several(ValuesIndices, \"topk\", _call.tensor(input), k, dim, largest, sorted)\n"
        );
        assert_eq!(function(topk), text);
        let text = format!(
            "\n    def topk(\n        self, {head}    ) -> ValuesIndices:\n        {doc}\n        their positions.\n        \"\"\"\n        \
            return topk(self, k, dim, largest, sorted)\n"
        );
        assert_eq!(method(topk), text);
    }

    #[test]
    fn seeds_are_given_by_name() {
        let rand = OPS.iter().find(|d| d.name == "bernoulli").unwrap();
        assert!(
            function(rand)
                .contains("def bernoulli(input: TensorLike, *, seed: int | None = None) -> Tensor:")
        );
        assert!(method(rand).contains("return bernoulli(self, seed=seed)"));
    }

    #[test]
    fn long_lines_are_broken_as_the_formatter_does() {
        let items = vec!["a".repeat(50), "b".repeat(38)];
        assert_eq!(fitted("f(", &items, ")", 4), format!("    f({}, {})\n", items[0], items[1]));
        let text = fitted("long_name(", &items, ")", 4);
        assert_eq!(text, format!("    long_name(\n        {}, {}\n    )\n", items[0], items[1]));
        let items = vec!["a".repeat(50), "b".repeat(50)];
        let text = fitted("f(", &items, ")", 4);
        assert_eq!(text, format!("    f(\n        {},\n        {},\n    )\n", items[0], items[1]));
    }
}
