//! The binary `pellucid`: flags and printing only. Data goes to stdout, talk to stderr.

mod commands;
mod failure;
mod opening;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use pellucid_engine::{Model, Options, Precision, bytes};
use pellucid_graph::DType;

use failure::Failure;
use opening::open_model;

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
        /// Print to stderr what the run took: time, weights in memory, peak memory.
        #[arg(long)]
        stats: bool,
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
        /// A folder, a .gguf file, a config.json, the name of a known model, tiny:ARCHITECTURE,
        /// or a hub id: org/name, org/name@revision, org/name/file.gguf.
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
    /// A folder, a .gguf file, a config.json, the name of a known model, tiny:ARCHITECTURE,
    /// or a hub id: org/name, org/name@revision, org/name/file.gguf.
    #[arg(long = "model", value_name = "MODEL")]
    name: String,
    #[command(flatten)]
    holding: Holding,
}

/// How the model is held in memory and run.
#[derive(clap::Args)]
struct Holding {
    /// The dtype of values inside: float32, bfloat16 or float16.
    #[arg(long, default_value = "float32", value_parser = precision)]
    dtype: Precision,
    /// Leave quantized weights in their blocks in half runs too, and widen them as they are used.
    #[arg(long)]
    quantized: bool,
    /// Leave weights in their file and read them again in each pass.
    #[arg(long)]
    stream_weights: bool,
    /// Memory for weights, like 4GB; those beyond it are streamed. Unset, 80 % of what is free.
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    memory_budget: Option<u64>,
}

fn precision(name: &str) -> Result<Precision, &'static str> {
    let found = DType::parse(name).and_then(Precision::of);
    found.ok_or("models run in float32, bfloat16 or float16")
}

impl ModelArg {
    fn open(self) -> Result<Model, Failure> {
        let Holding { dtype, quantized, stream_weights: stream, memory_budget } = self.holding;
        open_model(&self.name, &Options { dtype, quantized, stream, memory_budget })
    }
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run { trace, model, json, save, stats } => {
            let output = match (json, save) {
                (_, Some(file)) => commands::Output::Save(file),
                (true, None) => commands::Output::Json,
                (false, None) => commands::Output::Summary,
            };
            commands::run(&trace, || model.open(), output, stats)
        }
        Command::Explain { trace, model } => commands::explain(&trace, || model.open()),
        Command::Sites { model, json } => {
            open_model(&model, &Options::default()).and_then(|model| commands::sites(&model, json))
        }
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
