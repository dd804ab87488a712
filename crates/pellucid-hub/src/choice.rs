//! Which files of a repository the engine reads.

use crate::error::listed;

/// What is read beside the weights, where it is there.
const SMALL: &[&str] = &[
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "modules.json",
];

/// The same inside folders: templates by name, and the steps that `modules.json` names (`1_Pooling`).
fn is_small_inside(path: &str) -> bool {
    match path.split_once('/') {
        Some(("additional_chat_templates", name)) => name.ends_with(".jinja") && !name.contains('/'),
        Some((step, "config.json")) => step.starts_with(|c: char| c.is_ascii_digit()),
        _ => false,
    }
}

pub const INDEX: &str = "model.safetensors.index.json";

/// The files to fetch.
#[derive(Debug, PartialEq, Eq)]
pub struct Choice {
    pub small: Vec<String>,
    pub weights: Weights,
}

/// Where the weights are.
#[derive(Debug, PartialEq, Eq)]
pub enum Weights {
    /// One safetensors file.
    Single(String),
    /// The shards that [`INDEX`] names.
    Sharded,
    /// A `.gguf` file, which holds everything.
    Gguf(String),
}

/// Why nothing could be chosen.
#[derive(Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The file wanted is not there; those of its kind that are.
    NoFile(Vec<String>),
    /// There is nothing that can be opened.
    NotAModel(String),
}

/// Chooses among the paths of a repository: the file wanted, or safetensors, or the only `.gguf` file.
pub fn choose(files: &[String], wanted: Option<&str>) -> Result<Choice, Unfit> {
    let has = |name: &str| files.iter().any(|file| file == name);
    let gguf: Vec<String> = ending(files, &[".gguf"]);
    let only = |file: &str| Choice { small: Vec::new(), weights: Weights::Gguf(file.to_owned()) };
    if let Some(wanted) = wanted {
        return if has(wanted) { Ok(only(wanted)) } else { Err(Unfit::NoFile(gguf)) };
    }
    let at_root = |file: &String| !file.contains('/');
    let tensors: Vec<String> = ending(files, &[".safetensors"]).into_iter().filter(at_root).collect();
    let weights = match tensors.as_slice() {
        _ if has("model.safetensors") => Some(Weights::Single("model.safetensors".to_owned())),
        _ if has(INDEX) => Some(Weights::Sharded),
        [one] => Some(Weights::Single(one.clone())),
        _ => None,
    };
    match (weights, gguf.as_slice()) {
        (Some(weights), _) if has("config.json") => {
            let at_root = SMALL.iter().filter(|name| has(name)).map(|&name| name.to_owned());
            let inside = files.iter().filter(|path| is_small_inside(path)).cloned();
            Ok(Choice { small: at_root.chain(inside).collect(), weights })
        }
        (_, [one]) => Ok(only(one)),
        (weights, several) => Err(Unfit::NotAModel(why_not(files, weights.is_some(), several))),
    }
}

fn why_not(files: &[String], has_tensors: bool, gguf: &[String]) -> String {
    if !gguf.is_empty() {
        let named = listed(gguf);
        return format!("it has several .gguf files; add one of them to its name: {named}");
    }
    let pickles = ending(files, &[".bin", ".pt", ".pth", ".ckpt", ".pkl"]);
    match (has_tensors, pickles.as_slice()) {
        (true, _) => "it has no `config.json`".to_owned(),
        (_, []) => "it has neither safetensors nor a .gguf file".to_owned(),
        (_, [one, ..]) => {
            format!(
                "its weights are pickles (`{one}`), which can run code; only safetensors and GGUF are read"
            )
        }
    }
}

fn ending(files: &[String], ends: &[&str]) -> Vec<String> {
    let fits = |file: &&String| {
        let file = file.to_ascii_lowercase();
        ends.iter().any(|end| file.ends_with(end))
    };
    files.iter().filter(fits).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[&str], wanted: Option<&str>, expected: &str) {
        let files: Vec<String> = files.iter().map(|&f| f.to_owned()).collect();
        let got = match choose(&files, wanted) {
            Ok(Choice { small, weights: Weights::Single(file) }) => format!("{} {file}", small.join(" ")),
            Ok(Choice { small, weights: Weights::Sharded }) => format!("{} shards", small.join(" ")),
            Ok(Choice { weights: Weights::Gguf(file), .. }) => file,
            Err(Unfit::NoFile(known)) => format!("no file, but {}", known.join(" ")),
            Err(Unfit::NotAModel(why)) => why,
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn only_what_the_engine_reads() {
        let gpt2 = [
            ".gitattributes",
            "64.tflite",
            "README.md",
            "config.json",
            "flax_model.msgpack",
            "generation_config.json",
            "merges.txt",
            "model.safetensors",
            "onnx/config.json",
            "onnx/decoder_model.onnx",
            "pytorch_model.bin",
            "rust_model.ot",
            "tf_model.h5",
            "tokenizer.json",
            "tokenizer_config.json",
            "vocab.json",
        ];
        let small = "config.json generation_config.json tokenizer.json tokenizer_config.json";
        check(&gpt2, None, &format!("{small} model.safetensors"));
        let parts = [
            "1_Pooling/config.json",
            "additional_chat_templates/tools.jinja",
            "config.json",
            "model.safetensors",
            "modules.json",
            "openvino/config.json",
            "../config.json",
        ];
        check(
            &parts,
            None,
            "config.json modules.json 1_Pooling/config.json additional_chat_templates/tools.jinja \
             model.safetensors",
        );
        check(&["config.json", "odd.safetensors"], None, "config.json odd.safetensors");
        check(&["config.json", INDEX, "a.safetensors", "b.safetensors"], None, "config.json shards");
        let both = ["config.json", INDEX, "a.safetensors", "model.safetensors", "model.gguf"];
        check(&both, None, "config.json model.safetensors");
        check(&["README.md", "q4.gguf"], None, "q4.gguf");
        check(&["config.json", "q4.gguf"], None, "q4.gguf");
        check(&["q4.gguf", "in/q8.gguf"], Some("in/q8.gguf"), "in/q8.gguf");
    }

    #[test]
    fn what_cannot_be_opened_says_why() {
        check(&["q4.gguf"], Some("q8.gguf"), "no file, but q4.gguf");
        check(
            &["q4.gguf", "q8.gguf"],
            None,
            "it has several .gguf files; add one of them to its name: `q4.gguf`, `q8.gguf`",
        );
        check(
            &["config.json", "pytorch_model.bin"],
            None,
            "its weights are pickles (`pytorch_model.bin`), which can run code; only safetensors and GGUF are read",
        );
        check(&["README.md"], None, "it has neither safetensors nor a .gguf file");
        check(&["model.safetensors"], None, "it has no `config.json`");
    }
}
