//! The binary `pellucid`: flags and printing only. Data goes to stdout, talk to stderr.

mod commands;
mod failure;
mod opening;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Look inside language models and change what happens there.
#[derive(Parser)]
#[command(version, after_help = failure::EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a trace and print what it saves.
    Run {
        /// The trace, in text or wire form.
        trace: PathBuf,
        #[command(flatten)]
        model: ModelArg,
        /// Print the results as JSON, all elements included.
        #[arg(long, conflicts_with = "save")]
        json: bool,
        /// Write the results to a safetensors file.
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
    },
    /// Say what a trace would do and cost, without running it.
    Explain {
        /// The trace, in text or wire form.
        trace: PathBuf,
        #[command(flatten)]
        model: ModelArg,
    },
    /// List every site of a model in the order of its forward pass, with shape.
    Sites {
        /// A folder, a .gguf file, or the name of a known model.
        model: String,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the models found by name, and where they were looked for.
    Models,
}

#[derive(clap::Args)]
struct ModelArg {
    /// A folder, a .gguf file, or the name of a known model.
    #[arg(long = "model", value_name = "MODEL")]
    name: String,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run { trace, model, json, save } => {
            let output = match (json, save) {
                (_, Some(file)) => commands::Output::Save(file),
                (true, None) => commands::Output::Json,
                (false, None) => commands::Output::Summary,
            };
            commands::run(&trace, &model.name, output)
        }
        Command::Explain { trace, model } => commands::explain(&trace, &model.name),
        Command::Sites { model, json } => commands::sites(&model, json),
        Command::Models => commands::models(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit_code()
        }
    }
}
