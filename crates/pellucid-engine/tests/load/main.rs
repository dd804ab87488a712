//! Loading, end to end: folders and GGUF files, whole and broken, written here or kept as fixtures.

#[path = "../support/mod.rs"]
mod support;

mod experts;
mod folder;
mod fuzz;
mod gguf;
mod gguf_broken;
mod gguf_text;
mod pooling;
mod real;
mod recipe;
mod recipes;
mod strings;
mod text;
mod writer;

use std::path::{Path, PathBuf};

use pellucid_engine::load::{self, Checkpoint, LoadError};

/// The repository's `tests/fixtures`.
fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}

/// Opens a model, and builds its tokenizer if it has one.
fn open(path: &Path) -> Result<Checkpoint, LoadError> {
    let checkpoint = load::open(path, &mut |_| {})?;
    match checkpoint.tokenizer.encode("", false) {
        Ok(_) | Err(LoadError::NoTokenizer { .. }) => Ok(checkpoint),
        Err(error) => Err(error),
    }
}

/// The bits of a tensor's values as f32.
fn bits(checkpoint: &Checkpoint, name: &str) -> Vec<u32> {
    let tensor = checkpoint.weights.get(name).expect(name);
    tensor.raw().to_f32().iter().map(|value| value.to_bits()).collect()
}

/// Fails unless both have the same names, shapes and bits.
fn assert_same_weights(got: &Checkpoint, expected: &Checkpoint) {
    let names = |checkpoint: &Checkpoint| checkpoint.weights.names().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(names(got), names(expected));
    for name in expected.weights.names() {
        assert_eq!(got.weights.shape(name), expected.weights.shape(name), "{name}");
        assert!(bits(got, name) == bits(expected, name), "{name} differs");
    }
}
