//! `docs/reference/ops.md`: every row of the op table.

use std::fmt::Write as _;

use pellucid_graph::op::{Memory, OPS, OpDef, Param, Slope};
use pellucid_graph::text::arg_text;

use super::pages::NOTE;

/// The whole file.
pub fn ops() -> String {
    let mut out = format!(
        "# Operations\n\n{NOTE}\n\n\
         {} operations, each a function `pl.NAME` and, where it takes a tensor first, a method of tensors;\n\
         those called `linalg_NAME` are `pl.linalg.NAME`. Names, arguments, defaults, dtypes and meaning are\n\
         PyTorch's, and `torch.NAME` of a value records the same. Operands broadcast; a plain number never\n\
         widens a tensor's dtype. *View*: writing to the result writes to the tensor, and to the site if it\n\
         is a site's value. *In place*: there is a method `name_` that writes the result to the tensor. The\n\
         table is [op/table.rs](../../crates/pellucid-graph/src/op/table.rs).\n",
        OPS.len()
    );
    let mut section = "";
    for def in OPS {
        if def.section != section {
            section = def.section;
            let (title, about) = section.split_once(['.', ':']).unwrap_or((section, ""));
            let _ = write!(out, "\n## {title}\n\n");
            if !about.trim().is_empty() {
                let _ = write!(out, "{}\n\n", capital(about.trim()));
            }
            out += "| operation | | gradient | what it does |\n|---|---|---|---|\n";
        }
        out += &row(def);
    }
    out
}

fn row(def: &OpDef) -> String {
    let memory = match def.memory {
        Memory::Fresh => "",
        Memory::Shares => "view",
        Memory::Updates => "in place",
    };
    let gradient = match def.slope {
        Slope::Smooth => "yes",
        Slope::Flat => "",
        Slope::Rough => "error",
    };
    let (signature, doc) = (signature(def).replace('|', "\\|"), def.doc.replace('|', "\\|"));
    format!("| `{signature}` | {memory} | {gradient} | {doc} |\n")
}

/// `topk(input, k, dim=-1, largest=true) -> values, indices`.
fn signature(def: &OpDef) -> String {
    let param = |p: &Param| match &p.default {
        None => p.name.to_owned(),
        Some(default) => format!("{}={}", p.name, arg_text(default)),
    };
    let params: Vec<String> = def.params.iter().map(param).collect();
    let results =
        if def.results.len() > 1 { format!(" -> {}", def.results.join(", ")) } else { String::new() };
    format!("{}({}){results}", def.name, params.join(", "))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
