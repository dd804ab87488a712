//! The command line as a user meets it: the built binary on tiny models, its two streams and its
//! exit code.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod commands;
mod examples;
#[cfg(target_os = "linux")]
mod memory;
mod wrong_models;
mod wrong_traces;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use expect_test::Expect;

/// A tiny model, as it is named from the repository's root.
const LLAMA: &str = "tests/fixtures/tiny/llama";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What a command left behind.
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// A folder for one test, in which commands run; two tiny models are in it.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Desk {
        let desk = Desk(tempfile::tempdir().unwrap());
        std::fs::create_dir(desk.path("tests")).unwrap();
        for name in ["tiny/llama", "tiny/gpt2"] {
            copy(&repository().join("tests/fixtures").join(name), &desk.path("tests/fixtures").join(name));
        }
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// Runs `pellucid` here with words of a command line; it sees no models but those here.
    fn run(&self, line: &str) -> Ran {
        let words = line.split_whitespace();
        ran(
            Command::new(env!("CARGO_BIN_EXE_pellucid")).args(words).current_dir(self.0.path()),
            self.0.path(),
        )
    }

    /// Runs a trace written here as `run.trace` on a model.
    fn trace(&self, model: &str, lines: &str) -> Ran {
        self.write("run.trace", lines.lines().map(str::trim_start).collect::<Vec<_>>().join("\n"));
        self.run(&format!("run run.trace --model {model}"))
    }
}

/// Runs a command that must not panic.
fn ran(command: &mut Command, home: &Path) -> Ran {
    for name in ["PELLUCID_MODELS", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_ENDPOINT"] {
        command.env_remove(name);
    }
    command.env("XDG_CACHE_HOME", home.join(".cache")).env("HF_HUB_OFFLINE", "1");
    let Output { status, stdout, stderr } = command.output().unwrap();
    let [stdout, stderr] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(!stderr.contains("panicked"), "{stderr}");
    Ran { code: status.code(), stdout, stderr }
}

/// Copies a model without the tensors that only tests read.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    let files = std::fs::read_dir(from).unwrap().map(|file| file.unwrap().path());
    for file in files.filter(|file| !file.ends_with("golden.safetensors")) {
        std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}

impl Ran {
    /// The data of a command that did what it was asked.
    #[track_caller]
    fn data(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
        self.stdout
    }

    /// A command that fails prints no data, says this, and ends with this code.
    #[track_caller]
    fn fails(self, code: i32, message: Expect) {
        message.assert_eq(&self.stderr);
        assert_eq!((self.code, self.stdout.as_str()), (Some(code), ""));
    }
}
