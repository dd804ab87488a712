//! How a sentence encoder's hidden states become one vector a text: `modules.json`, as sentence-transformers
//! writes it beside a model.
//!
//! It lists steps: the transformer itself, `Pooling` with a configuration in its folder, perhaps `Normalize`.
//! A folder without the list is pooled by the mean, as sentence-transformers does. A list with a step that is not
//! known here spoils nothing but embeddings, so it is kept as the reason why there are none.

use std::path::Path;

use serde_json::Value;

use super::LoadError;
use super::folder::read_json;

/// From the last hidden states `[s, d]` of a text to its embedding `[d]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pooling {
    /// Which tokens count.
    pub of: Pooled,
    /// Whether an embedding is divided by its length, so that products of embeddings are cosines.
    pub normalize: bool,
}

/// Which tokens an embedding is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pooled {
    /// The mean over all of them, special ones included.
    #[default]
    Mean,
    /// The first, `[CLS]`.
    First,
}

/// What a folder says, or what in it is not known here.
pub(super) fn read(folder: &Path) -> Result<Result<Pooling, String>, LoadError> {
    let file = folder.join("modules.json");
    if !file.is_file() {
        return Ok(Ok(Pooling::default()));
    }
    let steps: Vec<Value> = read_json(&file)?;
    let mut pooling = Pooling::default();
    for step in &steps {
        let said = |key: &str| step.get(key).and_then(Value::as_str).unwrap_or_default();
        match said("type").rsplit('.').next().unwrap_or_default() {
            "Transformer" => {}
            "Normalize" => pooling.normalize = true,
            "Pooling" => match pooled(folder, said("path"))? {
                Ok(of) => pooling.of = of,
                Err(mode) => {
                    return Ok(Err(format!("it pools by `{mode}`, not by the mean or the first token")));
                }
            },
            other => {
                return Ok(Err(format!("`modules.json` has the step `{other}`, which is not known here")));
            }
        }
    }
    Ok(Ok(pooling))
}

/// What a pooling step says, or the mode that is not known.
fn pooled(folder: &Path, step: &str) -> Result<Result<Pooled, String>, LoadError> {
    let is_a_name = Path::new(step).components().count() == 1 && !step.contains("..");
    if !is_a_name {
        return Ok(Err(step.to_owned()));
    }
    let settings: Value = read_json(&folder.join(step).join("config.json"))?;
    let modes: Vec<&str> = match settings.get("pooling_mode").and_then(Value::as_str) {
        Some(mode) => vec![mode],
        None => chosen(&settings),
    };
    Ok(match modes[..] {
        ["mean" | "mean_tokens"] => Ok(Pooled::Mean),
        ["cls" | "cls_token"] => Ok(Pooled::First),
        _ => Err(modes.join(" + ")),
    })
}

/// The modes that are switched on, one key for each: `pooling_mode_mean_tokens` and its like.
fn chosen(settings: &Value) -> Vec<&str> {
    let keys = settings.as_object().into_iter().flatten();
    let on = keys.filter(|(_, value)| **value == Value::Bool(true));
    on.filter_map(|(key, _)| key.strip_prefix("pooling_mode_")).collect()
}
