//! Real models: each GGUF file against the folder that its de-quantized weights, its configuration and its
//! tokenizer were recorded in.

use std::time::Instant;

use super::strings::NASTY;
use super::support::real_model;
use super::{assert_same_weights, open};

fn check(gguf: &str) {
    let Some(gguf) = real_model(gguf) else { return };
    let recorded = open(gguf.parent().expect("a folder")).expect("the folder");
    let model = open(&gguf).expect("the GGUF file");
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

const SMOLLM2: &str = "SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf";
const GEMMA3: &str = "gemma-3-270m/gemma-3-270m-q4_k_m.gguf";

#[test]
fn smollm2_equals_its_recorded_folder() {
    check(SMOLLM2);
}

#[test]
fn gemma3_equals_its_recorded_folder() {
    check(GEMMA3);
}

#[test]
fn load_times_are_shown() {
    for file in [SMOLLM2, GEMMA3] {
        let Some(gguf) = real_model(file) else { return };
        for path in [gguf.parent().expect("a folder"), &gguf] {
            let start = Instant::now();
            let model = open(path).expect("a model");
            let opened = start.elapsed();
            let start = Instant::now();
            let numbers: usize =
                model.weights.names().map(|name| model.weights.get(name).expect(name).data.len()).sum();
            let read = start.elapsed();
            eprintln!("{}: open {opened:.0?}, read all {numbers} numbers {read:.0?}", path.display());
            assert!(numbers > 100_000_000);
        }
    }
}
