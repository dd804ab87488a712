//! The commands.

use std::path::{Path, PathBuf};

use pellucid_engine::{Cancel, known_models, model_folders};
use pellucid_graph::{Limits, Trace, check, text};
use pellucid_server::Worker;

use crate::failure::Failure;
use crate::opening::open_model;
use crate::show;

/// Where results go.
pub enum Output {
    /// A line for each, and its first elements.
    Summary,
    /// JSON with all elements.
    Json,
    /// A safetensors file.
    Save(PathBuf),
}

/// `pellucid run`.
pub fn run(trace: &Path, model: &str, output: Output) -> Result<(), Failure> {
    let trace = read_trace(trace)?;
    let worker = Worker::new(open_model(model)?, Limits::default());
    let saved = worker.run_trace(trace, &Cancel::new())?;
    match output {
        Output::Summary => print!("{}", show::summary(&saved)),
        Output::Json => println!("{}", show::json(&saved)),
        Output::Save(file) => {
            let bytes = show::safetensors(&saved).map_err(|e| Failure::Other(e.to_string()))?;
            std::fs::write(&file, bytes).map_err(|e| Failure::file(&file, &e))?;
            eprintln!("wrote {} results to {}", saved.iter().count(), file.display());
        }
    }
    Ok(())
}

/// `pellucid explain`.
pub fn explain(trace: &Path, model: &str) -> Result<(), Failure> {
    let mut trace = read_trace(trace)?;
    let model = open_model(model)?;
    trace.tokenize(|text| model.tokenizer().encode(text, true)).map_err(pellucid_engine::Error::from)?;
    let checked = check(trace, model.spec(), &Limits::default())?;
    print!("{}", pellucid_graph::explain(&checked, &pellucid_graph::plan(&checked)));
    Ok(())
}

/// `pellucid sites`.
pub fn sites(model: &str, json: bool) -> Result<(), Failure> {
    let model = open_model(model)?;
    match json {
        true => {
            let spec = serde_json::to_string_pretty(model.spec().as_ref());
            println!("{}", spec.map_err(|e| Failure::Other(e.to_string()))?);
        }
        false => print!("{}", show::sites(model.spec())),
    }
    Ok(())
}

/// `pellucid models`.
pub fn models() -> Result<(), Failure> {
    let found = known_models();
    for path in &found {
        let name = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
        println!("{name}\t{}", path.display());
    }
    let folders: Vec<String> = model_folders().iter().map(|p| p.display().to_string()).collect();
    eprintln!("{} models in {}", found.len(), folders.join(", "));
    Ok(())
}

fn read_trace(path: &Path) -> Result<Trace, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::file(path, &e))?;
    Ok(text::parse(&text, &path.display().to_string(), &Limits::default())?)
}
