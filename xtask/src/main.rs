//! Checks and generators of the workspace: `cargo xtask tidy`, `cargo xtask codegen`.
//!
//! What a compiler cannot see but a reader would trip over is checked by `tidy`; what follows
//! from a table is written by `codegen`, committed, and held true by `codegen --check`.

mod codegen;
mod tidy;
mod tree;

use std::fmt::Display;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Checks and generators of the workspace")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Checks the shape of the repository: crate edges, file heads and lengths, words, links
    Tidy,
    /// Writes the files that follow from tables
    Codegen {
        /// Writes nothing; fails and shows the difference when a file is out of date
        #[arg(long)]
        check: bool,
    },
}

fn main() -> Result<ExitCode> {
    let root = tree::workspace_root()?;
    match Args::parse().task {
        Task::Tidy => report("tidy", &tidy::run(&root)?),
        Task::Codegen { check: true } => report("codegen", &codegen::stale(&root, &codegen::generated())?),
        Task::Codegen { check: false } => {
            for path in codegen::write(&root, &codegen::generated())? {
                eprintln!("wrote {path}");
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Prints what a check found and says by the exit code whether it found anything.
fn report(check: &str, findings: &[impl Display]) -> Result<ExitCode> {
    for finding in findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => return Ok(ExitCode::SUCCESS),
        1 => eprintln!("{check}: 1 finding"),
        n => eprintln!("{check}: {n} findings"),
    }
    Ok(ExitCode::FAILURE)
}
