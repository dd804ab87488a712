//! Opening a model with a progress bar that vanishes when done and never shows off a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use pellucid_engine::{Model, Options, Progress, find_model};

use crate::failure::Failure;

/// Opens a model by path or name.
pub fn open_model(name: &str, options: &Options) -> Result<Model, Failure> {
    let source = find_model(name)?;
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:32} {pos}/{len}") {
        bar.set_style(style);
    }
    let opened = Model::open(source, options, &mut |progress| show(&bar, progress));
    bar.finish_and_clear();
    Ok(opened?)
}

fn show(bar: &ProgressBar, progress: Progress<'_>) {
    match progress {
        Progress::Weights { file, done, total } => {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
            bar.set_message(format!("mapping {file}"));
        }
        Progress::Tokenizer => bar.set_message("building the tokenizer"),
        _ => {}
    }
}
