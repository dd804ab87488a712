//! The traces in `examples/` run.

use std::process::Command;

use super::{LLAMA, ran, repository};

fn example(name: &str, model: &str) -> serde_json::Value {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pellucid"));
    let file = format!("examples/{name}.trace");
    command.args(["run", &file, "--json", "--model", model]).current_dir(repository());
    serde_json::from_str(&ran(&mut command, home.path()).data()).unwrap()
}

#[test]
fn every_example_runs_on_a_tiny_model() {
    let mut names: Vec<String> = std::fs::read_dir(repository().join("examples"))
        .unwrap()
        .filter_map(|file| file.unwrap().file_name().to_str()?.strip_suffix(".trace").map(str::to_owned))
        .collect();
    names.sort();
    assert_eq!(names, ["patch", "steer"]);
    for name in names {
        let results = example(&name, LLAMA);
        assert!(results.as_object().unwrap().len() >= 2, "{name}: {results}");
    }
}
