//! The commands.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use pellucid_engine::{Cancel, Event, Model, known_models, model_folders, peak_memory};
use pellucid_graph::{Limits, Trace, check};
use pellucid_server::Worker;

use crate::failure::Failure;
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
pub fn run(
    trace: &Path,
    open: impl FnOnce() -> Result<Model, Failure>,
    output: Output,
    stats: bool,
) -> Result<(), Failure> {
    let trace = read_trace(trace)?;
    let model = open()?;
    let (weights, start) = (model.weight_bytes(), Instant::now());
    let worker = Worker::new(model, Limits::default());
    let mut tell = |event| match event {
        Event::Log(log) => eprintln!("{}", show::log(&log)),
        Event::Token(_) => {}
    };
    let saved = worker.run_observed(trace, &Cancel::new(), &mut tell)?;
    if stats {
        eprintln!("{}", show::stats(start.elapsed(), weights, peak_memory()));
    }
    match output {
        Output::Summary => print(&show::summary(&saved))?,
        Output::Json => print(&format!("{}\n", show::json(&saved)))?,
        Output::Save(file) => {
            let bytes = show::safetensors(&saved).map_err(|e| Failure::Other(e.to_string()))?;
            std::fs::write(&file, bytes).map_err(|e| Failure::file(&file, &e))?;
            eprintln!("wrote {} results to {}", saved.iter().count(), file.display());
        }
    }
    Ok(())
}

/// `pellucid explain`.
pub fn explain(trace: &Path, open: impl FnOnce() -> Result<Model, Failure>) -> Result<(), Failure> {
    let mut trace = read_trace(trace)?;
    let model = open()?;
    trace.tokenize(|text| model.tokenizer().encode(text, true)).map_err(pellucid_engine::Error::from)?;
    let checked = check(trace, model.spec(), &Limits::default())?;
    print(&pellucid_graph::explain(&checked, &pellucid_graph::plan(&checked)))
}

/// `pellucid sites`.
pub fn sites(model: &Model, json: bool) -> Result<(), Failure> {
    if !json {
        return print(&show::sites(model.spec()));
    }
    let spec = serde_json::to_string_pretty(model.spec().as_ref());
    print(&(spec.map_err(|e| Failure::Other(e.to_string()))? + "\n"))
}

/// `pellucid models`.
pub fn models() -> Result<(), Failure> {
    let found = known_models();
    for path in &found {
        let name = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
        print(&format!("{name}\t{}\n", path.display()))?;
    }
    let folders: Vec<String> = model_folders().iter().map(|p| p.display().to_string()).collect();
    eprintln!("{} models in {}", found.len(), folders.join(", "));
    Ok(())
}

/// Writes to stdout. A reader that has had enough (`| head`) is not a failure.
fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::File(format!("stdout: {e}"))),
        _ => Ok(()),
    }
}

fn read_trace(path: &Path) -> Result<Trace, Failure> {
    let bytes = std::fs::read(path).map_err(|e| Failure::file(path, &e))?;
    Ok(Trace::read(&bytes, &path.display().to_string(), &Limits::default())?)
}
