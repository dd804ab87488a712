//! Real models, when the variable `PELLUCID_MODELS` names a folder that has them: each GGUF file against the folder
//! that its de-quantized weights, its configuration and its tokenizer were recorded in.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::strings::NASTY;
use super::{assert_same_weights, open};

fn models() -> Option<PathBuf> {
    let folder = std::env::var_os("PELLUCID_MODELS").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("PELLUCID_MODELS is not set: nothing real to compare with");
    }
    folder
}

fn check(folder: &Path, gguf: &str) {
    let recorded = open(folder).expect("the folder");
    let model = open(&folder.join(gguf)).expect("the GGUF file");
    assert_same_weights(&model, &recorded);
    for (key, value) in recorded.config.map() {
        // Of no use after training, and not in a GGUF file.
        if key != "initializer_range" {
            assert_eq!(model.config.map().get(key), Some(value), "{key}");
        }
    }
    assert_eq!(model.generation, recorded.generation);
    assert_eq!(model.tokenizer.vocab_size(), recorded.tokenizer.vocab_size());
    assert_eq!(
        (model.tokenizer.bos(), model.tokenizer.eos()),
        (recorded.tokenizer.bos(), recorded.tokenizer.eos())
    );
    for text in NASTY {
        for add_special in [true, false] {
            let ids = recorded.tokenizer.encode(text, add_special).expect("ids");
            assert_eq!(model.tokenizer.encode(text, add_special).expect("ids"), ids, "{text:?}");
            for skip in [true, false] {
                let [a, b] =
                    [&model, &recorded].map(|model| model.tokenizer.decode(&ids, skip).expect("text"));
                assert_eq!(a, b, "{text:?}");
            }
            assert_eq!(model.tokenizer.pieces(&ids), recorded.tokenizer.pieces(&ids));
        }
    }
}

#[test]
fn smollm2_equals_its_recorded_folder() {
    if let Some(models) = models() {
        check(&models.join("SmolLM2-135M-Instruct"), "SmolLM2-135M-Instruct.Q4_1.gguf");
    }
}

#[test]
fn gemma3_equals_its_recorded_folder() {
    if let Some(models) = models() {
        check(&models.join("gemma-3-270m"), "gemma-3-270m-q4_k_m.gguf");
    }
}

#[test]
fn load_times_are_shown() {
    let Some(models) = models() else { return };
    for path in [
        "SmolLM2-135M-Instruct",
        "SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf",
        "gemma-3-270m",
        "gemma-3-270m/gemma-3-270m-q4_k_m.gguf",
    ] {
        let start = Instant::now();
        let model = open(&models.join(path)).expect(path);
        let opened = start.elapsed();
        let start = Instant::now();
        let numbers: usize =
            model.weights.names().map(|name| model.weights.get(name).expect(name).data.len()).sum();
        eprintln!("{path}: open {opened:.0?}, read all {numbers} numbers {:.0?}", start.elapsed());
        assert!(numbers > 100_000_000);
    }
}
