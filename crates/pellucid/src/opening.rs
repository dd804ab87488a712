//! Opening a model with a progress bar that vanishes when done and never shows off a terminal.

use std::ops::ControlFlow;

use indicatif::{ProgressBar, ProgressStyle};
use pellucid_engine::{Model, Options, Progress};
use pellucid_hub::{Event, Settings, locate};

use crate::failure::Failure;

/// Opens a model by path, name or hub id.
pub fn open_model(name: &str, options: &Options) -> Result<Model, Failure> {
    let downloads = bar("{msg} {bar:32} {bytes}/{total_bytes} {bytes_per_sec}");
    let located = locate(name, None, &Settings::from_env(), &mut |event| {
        follow(&downloads, event);
        ControlFlow::Continue(())
    });
    downloads.finish_and_clear();
    let bar = bar("{msg} {bar:32} {pos}/{len}");
    let opened = Model::open(located?.source, options, &mut |progress| show(&bar, progress));
    bar.finish_and_clear();
    Ok(opened?)
}

fn bar(template: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn follow(bar: &ProgressBar, event: Event<'_>) {
    match event {
        Event::Bytes { file, done, total } => {
            if done == 0 {
                bar.reset();
            }
            bar.set_length(total.unwrap_or(done));
            bar.set_message(file.to_owned());
            bar.set_position(done);
        }
        Event::Waiting { file } => bar.set_message(format!("{file}: another process downloads it")),
        Event::Again { why, .. } => bar.set_message(format!("trying again: {why}")),
        Event::Unreachable { id, why } => {
            eprintln!("note: the hub does not answer ({why}): `{id}` is opened as the cache has it");
        }
        _ => {}
    }
}

fn show(bar: &ProgressBar, progress: Progress<'_>) {
    if let Progress::Weights { file, done, total } = progress {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        bar.set_message(format!("mapping {file}"));
    }
}
