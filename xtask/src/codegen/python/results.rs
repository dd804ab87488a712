//! Operations with several results give a named tuple, whose fields have PyTorch's names.
//!
//! Rows that name their results alike share one class, called after them: `values, indices` makes
//! `ValuesIndices`.

use std::fmt::Write as _;

use pellucid_graph::op::{OPS, OpDef, ParamKind};

/// The annotation of what an operation gives.
pub fn class(def: &OpDef) -> String {
    if def.results.len() == 1 { "Tensor".to_owned() } else { class_name(def.results) }
}

/// What applies an operation.
pub fn call(def: &OpDef) -> &'static str {
    let tensors = |kind| matches!(kind, ParamKind::Tensor | ParamKind::Operand | ParamKind::Tensors);
    match (def.results.len(), tensors(def.params[0].kind)) {
        (1, true) => "_call.one",
        (1, false) => "_call.create",
        _ => "_call.several",
    }
}

/// The first argument of [`call`], where it takes one.
pub fn kind(def: &OpDef) -> Option<String> {
    (def.results.len() > 1).then(|| class_name(def.results))
}

/// One class for each list of names, in the order of the table.
pub fn named_tuples() -> String {
    let mut out = String::new();
    let mut done: Vec<&[&str]> = Vec::new();
    for def in OPS.iter().filter(|d| d.results.len() > 1) {
        if done.contains(&def.results) {
            continue;
        }
        done.push(def.results);
        let ops: Vec<_> =
            OPS.iter().filter(|d| d.results == def.results).map(|d| format!("`{}`", d.name)).collect();
        out += &named_tuple(def.results, &ops);
    }
    out
}

fn named_tuple(results: &[&str], ops: &[String]) -> String {
    let class = class_name(results);
    let doc = super::wrapped(&format!("Results of {}.", ops.join(", ")), 4, "\"\"\"".len());
    let end = if doc.contains('\n') { "\n    " } else { "" };
    let mut out = format!("\n\nclass {class}(NamedTuple):\n    \"\"\"{doc}{end}\"\"\"\n\n");
    for name in results {
        let _ = writeln!(out, "    {name}: Tensor");
    }
    let _ = write!(
        out,
        "\n    def save(self) -> {class}:\n        \"\"\"Keeps each of them as it is now.\"\"\"\n        \
         for part in self:\n            part.save()\n        return self\n"
    );
    out
}

fn class_name(results: &[&str]) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    results.iter().flat_map(|name| name.split('_')).map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_name_results_alike_share_a_class() {
        assert_eq!(class_name(&["U", "S", "Vh"]), "USVh");
        assert_eq!(class_name(&["output", "inverse_indices"]), "OutputInverseIndices");
        let all = named_tuples();
        assert_eq!(all.matches("class ValuesIndices(NamedTuple):").count(), 1);
        let text = "\n\nclass StdMean(NamedTuple):\n    \"\"\"Results of `std_mean`.\"\"\"\n\n    std: Tensor\n    \
            mean: Tensor\n\n    def save(self) -> StdMean:\n        \"\"\"Keeps each of them as it is now.\"\"\"\n        \
            for part in self:\n            part.save()\n        return self\n";
        assert_eq!(named_tuple(&["std", "mean"], &["`std_mean`".to_owned()]), text);
    }
}
