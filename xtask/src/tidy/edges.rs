//! Which crate may know of which: edges inside the workspace, and outside crates kept out.
//!
//! Only a crate's own `[dependencies]` are seen, not what those bring along. Inside the workspace
//! every kind of dependency counts; outside crates are fine in tests (`[dev-dependencies]`).

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Finding;
use crate::tree;

/// Each crate and the crates of the workspace that it may use.
const EDGES: &[(&str, &[&str])] = &[
    ("pellucid-graph", &[]),
    ("pellucid-kernels", &[]),
    ("pellucid-engine", &["pellucid-graph", "pellucid-kernels"]),
    ("pellucid-hub", &["pellucid-engine"]),
    ("pellucid-api", &["pellucid-graph"]),
    ("pellucid-server", &["pellucid-engine", "pellucid-api", "pellucid-graph"]),
    ("pellucid-py", &["pellucid-api", "pellucid-hub", "pellucid-engine", "pellucid-graph"]),
    ("pellucid", &["pellucid-server", "pellucid-hub", "pellucid-engine", "pellucid-api", "pellucid-graph"]),
    ("xtask", &["pellucid-graph"]),
];

const ASYNC: &[&str] = &["async-std", "futures", "smol", "tokio"];
const HTTP: &[&str] = &["axum", "hyper", "reqwest", "tower", "tower-http", "tungstenite", "ureq"];
const PYTHON: &[&str] = &["numpy", "pyo3", "pyo3-build-config"];
const SERDE: &[&str] = &["safetensors", "serde", "serde_json"];
const TENSORS: &[&str] = &["candle-core", "candle-nn", "ndarray", "tokenizers"];
const TERMINAL: &[&str] = &["clap", "indicatif"];

/// Each crate, the outside crates it may not use, and why.
const FORBIDDEN: &[(&str, &[&[&str]], &str)] = &[
    (
        "pellucid-graph",
        &[ASYNC, HTTP, PYTHON, TENSORS, TERMINAL, &["memmap2"]],
        "the language knows nothing of tensors, files, network, async or Python",
    ),
    (
        "pellucid-kernels",
        &[ASYNC, HTTP, PYTHON, SERDE, TENSORS, TERMINAL, &["rayon"]],
        "kernels take slices, give slices and own their threads",
    ),
    (
        "pellucid-engine",
        &[ASYNC, HTTP, PYTHON, TERMINAL],
        "the engine knows nothing of HTTP, terminals or Python, and its threads compute",
    ),
    (
        "pellucid-hub",
        &[ASYNC, PYTHON, TENSORS, TERMINAL],
        "the hub's files are fetched by one thread, and shown by others",
    ),
    (
        "pellucid-api",
        &[PYTHON, TENSORS, TERMINAL, &["axum"]],
        "the contract knows nothing of what runs on either side",
    ),
    ("pellucid-server", &[PYTHON, TENSORS, TERMINAL], "the server reaches models by the engine"),
    ("pellucid-py", &[HTTP, TENSORS, TERMINAL], "the extension binds and decides nothing"),
    ("pellucid", &[PYTHON, TENSORS], "the binary parses flags and prints"),
    ("xtask", &[PYTHON, TENSORS, HTTP], "the tools must build in seconds"),
];

/// The workspace's packages as `cargo metadata` tells them.
pub fn packages(root: &Path) -> Result<Vec<Value>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let text = tree::stdout_of(
        Command::new(cargo).args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(root),
    )?;
    let mut metadata: Value = serde_json::from_str(&text).context("cargo metadata is no JSON")?;
    match metadata["packages"].take() {
        Value::Array(packages) => Ok(packages),
        _ => anyhow::bail!("cargo metadata lists no packages"),
    }
}

pub fn check(packages: &[Value]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = EDGES.iter().find(|(crate_name, _)| *crate_name == name) else {
            findings.push(Finding::file(name, "has no row in `xtask/src/tidy/edges.rs`"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = dependency["name"].as_str().unwrap_or_default();
            let message = if !dependency["path"].is_null() {
                (!allowed.contains(&used)).then(|| inside(name, used, allowed))
            } else if dependency["kind"] == "dev" {
                None
            } else {
                outside(name, used)
            };
            findings.extend(message.map(|message| Finding::file(name, message)));
        }
    }
    findings
}

fn inside(name: &str, used: &str, allowed: &[&str]) -> String {
    let rest = match allowed {
        [] => "it stands alone".to_owned(),
        allowed => format!("it uses only `{}`", allowed.join("`, `")),
    };
    format!("`{name}` may not use `{used}`: {rest}")
}

fn outside(name: &str, used: &str) -> Option<String> {
    let (_, kept_out, why) = FORBIDDEN.iter().find(|(crate_name, ..)| *crate_name == name)?;
    kept_out
        .iter()
        .any(|group| group.contains(&used))
        .then(|| format!("`{name}` may not use `{used}`: {why}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Checks one package with one dependency and returns what is said about it.
    fn said(name: &str, dependency: Value) -> Vec<String> {
        let package = json!({ "name": name, "dependencies": [dependency] });
        check(&[package]).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn edges_go_one_way() {
        let inside = |name: &str| json!({ "name": name, "kind": null, "path": "crates/x" });
        assert_eq!(said("pellucid-engine", inside("pellucid-graph")), [""; 0]);
        assert_eq!(
            said("pellucid-graph", inside("pellucid-engine")),
            ["`pellucid-graph` may not use `pellucid-engine`: it stands alone"]
        );
        assert_eq!(
            said("pellucid-api", inside("pellucid-engine")),
            ["`pellucid-api` may not use `pellucid-engine`: it uses only `pellucid-graph`"]
        );
        assert_eq!(
            said("pellucid-new", inside("pellucid-graph")),
            ["has no row in `xtask/src/tidy/edges.rs`"]
        );
    }

    #[test]
    fn outside_crates_are_kept_out_but_for_tests() {
        let outside = |name: &str, kind: Value| json!({ "name": name, "kind": kind });
        assert_eq!(
            said("pellucid-kernels", outside("serde", Value::Null)),
            [
                "`pellucid-kernels` may not use `serde`: kernels take slices, give slices and own their threads"
            ]
        );
        assert_eq!(said("pellucid-kernels", outside("serde", "build".into())).len(), 1);
        assert_eq!(said("pellucid-kernels", outside("serde", "dev".into())), [""; 0]);
        assert_eq!(said("pellucid-engine", outside("candle-core", Value::Null)), [""; 0]);
        assert_eq!(said("pellucid-graph", outside("tokio", Value::Null)).len(), 1);
    }

    #[test]
    fn every_crate_has_both_rows() {
        assert!(EDGES.iter().map(|row| row.0).eq(FORBIDDEN.iter().map(|row| row.0)));
        assert_eq!(check(&packages(&tree::workspace_root().unwrap()).unwrap()), []);
    }
}
