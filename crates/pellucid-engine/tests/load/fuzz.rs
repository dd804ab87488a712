//! Hostile bytes: every truncation and every damaged byte of a file gives a model or an error, never a panic.

use std::path::Path;

use super::gguf_broken::small_files;
use super::{fixtures, open};

/// Opens the file and uses everything in it.
fn exercise(path: &Path) -> bool {
    let Ok(model) = open(path) else {
        return false;
    };
    for name in model.weights.names() {
        let _ = model.weights.get(name).map(|tensor| tensor.raw().to_f32().len());
    }
    let _ = model.config.rope_for("sliding_attention");
    let ids = model.tokenizer.encode("ab <s> é\n7", true).unwrap_or_default();
    let _ = model.tokenizer.decode(&ids, false);
    model.tokenizer.pieces(&ids);
    true
}

/// Tries every prefix and every byte damaged in three ways; both outcomes must occur.
fn damage(whole: &[u8], path: &Path, open_path: &Path) {
    let mut outcomes = [0, 0];
    let mut attempt = |bytes: &[u8]| {
        // A new file each time: some file systems wait for the disk when one is cut to nothing and written anew.
        let _ = std::fs::remove_file(path);
        std::fs::write(path, bytes).expect("writable");
        outcomes[usize::from(exercise(open_path))] += 1;
    };
    (0..whole.len()).for_each(|end| attempt(&whole[..end]));
    let mut bytes = whole.to_vec();
    for at in 0..whole.len() {
        for flip in [0x01, 0x80, 0xFF] {
            bytes[at] ^= flip;
            attempt(&bytes);
            bytes[at] = whole[at];
        }
    }
    attempt(whole);
    assert!(outcomes[0] > 0 && outcomes[1] > 0, "{outcomes:?}");
}

#[test]
fn damaged_gguf_files_never_panic() {
    for whole in small_files() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("damaged.gguf");
        std::fs::write(&path, &whole).expect("writable");
        assert!(exercise(&path), "the undamaged file opens");
        damage(&whole, &path, &path);
    }
}

#[test]
fn damaged_safetensors_never_panic() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = fixtures().join("tiny/llama/config.json");
    std::fs::copy(config, folder.path().join("config.json")).expect("a copy");
    let header = r#"{"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[3],"data_offsets":[16,22]}}"#;
    let whole = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[7; 22]].concat();
    damage(&whole, &folder.path().join("model.safetensors"), folder.path());
}

#[test]
fn damaged_configurations_and_tokenizers_never_panic() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        std::fs::copy(fixtures().join("tiny/llama_tied_rope3").join(file), folder.path().join(file))
            .expect("a copy");
    }
    let file = folder.path().join("config.json");
    damage(&std::fs::read(&file).expect("it was copied"), &file, folder.path());
    let whole = r###"{"version":"1.0","added_tokens":[{"id":3,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},"decoder":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]]}}"###;
    damage(whole.as_bytes(), &folder.path().join("tokenizer.json"), folder.path());
}
