//! Pages of `docs/reference` that are one table each.

use pellucid_graph::{Code, Limits};

pub(super) const NOTE: &str = "<!-- Made by `cargo xtask codegen`: edit the table it names. -->";

/// `docs/reference/errors.md`.
pub fn errors() -> String {
    let rows: String = Code::ALL.iter().map(|c| format!("| `{}` | {} |\n", c.name(), c.meaning())).collect();
    format!(
        "# Error codes\n\n{NOTE}\n\n\
         An error has a stable code, a message that names the thing at fault with what was expected and\n\
         what was got, your own file and line, and, where it is known, what to do next. In Python it is\n\
         `error.code`, `error.message`, `error.file`, `error.line`, `error.help`. The table is in\n\
         [diagnostic.rs](../../crates/pellucid-graph/src/diagnostic.rs).\n\n\
         | code | meaning |\n|---|---|\n{rows}"
    )
}

/// `docs/reference/limits.md`.
pub fn limits() -> String {
    let row = |(name, default, meaning): &(&str, u64, &str)| {
        format!("| `{name}` | {} | {meaning} |\n", digits(*default))
    };
    let rows: String = Limits::ALL.iter().map(row).collect();
    format!(
        "# Limits\n\n{NOTE}\n\n\
         Every trace is held to these before it runs, wherever it comes from; what only shows while it\n\
         runs (how often a loop goes on) is counted then. A trace beyond one is refused with\n\
         `limit-exceeded`, which names the limit. The table is in\n\
         [limits.rs](../../crates/pellucid-graph/src/limits.rs).\n\n\
         | limit | default | of what |\n|---|---|---|\n{rows}"
    )
}

/// `1073741824` as `1,073,741,824`.
fn digits(n: u64) -> String {
    let text = n.to_string();
    let groups: Vec<&str> =
        text.as_bytes().rchunks(3).rev().filter_map(|g| std::str::from_utf8(g).ok()).collect();
    groups.join(",")
}
