//! What sentence-transformers writes beside an encoder, as it is and as it is not known here.

use pellucid_engine::load::{Pooled, Pooling};

use super::{fixtures, open};

/// The tiny encoder with a `modules.json` and a pooling configuration of its own.
fn pooling(modules: &str, config: &str) -> Result<Pooling, String> {
    let folder = tempfile::tempdir().expect("a folder");
    for file in ["config.json", "model.safetensors"] {
        std::fs::copy(fixtures().join("tiny/bert").join(file), folder.path().join(file)).expect(file);
    }
    std::fs::create_dir(folder.path().join("1_Pooling")).expect("a folder");
    std::fs::write(folder.path().join("modules.json"), modules).expect("modules");
    std::fs::write(folder.path().join("1_Pooling/config.json"), config).expect("config");
    open(folder.path()).map_err(|e| e.code().to_owned()).and_then(|model| model.pooling)
}

fn steps(types: &[&str]) -> String {
    let step = |name: &&str| {
        let path = if name.ends_with("Pooling") { "1_Pooling" } else { "" };
        format!(r#"{{"path": "{path}", "type": "sentence_transformers.models.{name}"}}"#)
    };
    format!("[{}]", types.iter().map(step).collect::<Vec<_>>().join(", "))
}

#[test]
fn a_folder_without_steps_is_pooled_by_the_mean() {
    let model = open(&fixtures().join("tiny/bert")).expect("bert");
    assert_eq!(model.pooling, Ok(Pooling { of: Pooled::Mean, normalize: false }));
}

#[test]
fn steps_that_are_known() {
    let mean = r#"{"pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}"#;
    let first = r#"{"pooling_mode": "cls", "word_embedding_dimension": 32}"#;
    let whole = steps(&["Transformer", "Pooling", "Normalize"]);
    assert_eq!(pooling(&whole, mean), Ok(Pooling { of: Pooled::Mean, normalize: true }));
    let bare = steps(&["Transformer", "Pooling"]);
    assert_eq!(pooling(&bare, first), Ok(Pooling { of: Pooled::First, normalize: false }));
}

#[test]
fn steps_that_are_not() {
    let max = r#"{"pooling_mode_max_tokens": true, "pooling_mode_mean_tokens": true}"#;
    let err = |modules: &str, config: &str| pooling(modules, config).expect_err("unknown");
    let bare = steps(&["Transformer", "Pooling"]);
    assert_eq!(err(&bare, max), "it pools by `max_tokens + mean_tokens`, not by the mean or the first token");
    assert_eq!(
        err(&bare.replace("1_Pooling", "../x"), max),
        "it pools by `../x`, not by the mean or the first token"
    );
    let dense = steps(&["Transformer", "Dense"]);
    assert_eq!(err(&dense, max), "`modules.json` has the step `Dense`, which is not known here");
    assert_eq!(err("{", max), "bad-json");
}
