//! PyTorch's second names of operations: `clip` is `clamp`.

use pellucid_graph::op::{Memory, OPS};

/// Second names, with the rows they stand for.
pub const ALIASES: &[(&str, &str)] = &[
    ("absolute", "abs"),
    ("arccos", "acos"),
    ("arccosh", "acosh"),
    ("arcsin", "asin"),
    ("arcsinh", "asinh"),
    ("arctan", "atan"),
    ("arctan2", "atan2"),
    ("arctanh", "atanh"),
    ("clip", "clamp"),
    ("concat", "cat"),
    ("divide", "div"),
    ("fix", "trunc"),
    ("greater", "gt"),
    ("greater_equal", "ge"),
    ("less", "lt"),
    ("less_equal", "le"),
    ("multiply", "mul"),
    ("negative", "neg"),
    ("not_equal", "ne"),
    ("subtract", "sub"),
    ("true_divide", "div"),
];

/// Rows whose second names are functions only.
const NO_METHOD: &[&str] = &["cat"];

/// `clip = clamp`, of the functions.
pub fn functions() -> String {
    ALIASES.iter().map(|(alias, name)| format!("{alias} = {name}\n")).collect()
}

/// `clip = clamp` and `clip_ = clamp_`, inside the class of the methods.
pub fn methods() -> String {
    let mut out = "\n".to_owned();
    for (alias, name) in ALIASES.iter().filter(|(_, name)| !NO_METHOD.contains(name)) {
        out += &format!("    {alias} = {name}\n");
        if OPS.iter().any(|d| d.name == *name && d.memory == Memory::Updates) {
            out += &format!("    {alias}_ = {name}_\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_names_stand_for_rows() {
        for (alias, name) in ALIASES {
            assert!(OPS.iter().any(|d| d.name == *name), "`{name}`");
            assert!(OPS.iter().all(|d| d.name != *alias), "`{alias}` is a row of its own");
        }
    }
}
