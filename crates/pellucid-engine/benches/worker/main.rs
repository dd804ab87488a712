//! The engine as one contestant of `bench/run.py`: a process that reads a request a line and answers each
//! with a line, so that contestants written in any language take their turns in one run.
//!
//! `{"do": "setup", "case": {..}}` opens the model and runs the work once; `{"do": "run", "id": "..",
//! "warm": 1, "calls": 5}` gives the seconds of each call, measured here; `{"do": "answer", "id": "..",
//! "path": ".."}` writes logits as f32 to compare; `{"do": "forget"}` lets go of all models.
#![allow(clippy::print_stdout, reason = "answers are lines on stdout")]

mod case;
mod peak;

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::time::Instant;

use case::{Case, Models};
use serde_json::{Value, json};

/// An error is a text: the parent prints it and goes on without this case.
type Answer<T> = Result<T, Box<dyn std::error::Error>>;

fn main() {
    let (mut models, mut cases) = (Models::default(), HashMap::new());
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        let answer = serde_json::from_str(&line)
            .map_err(Into::into)
            .and_then(|request: Value| answer(&mut models, &mut cases, &request));
        println!("{}", answer.unwrap_or_else(|e| json!({ "error": e.to_string() })));
        if std::io::stdout().flush().is_err() {
            return;
        }
    }
}

fn answer(models: &mut Models, cases: &mut HashMap<String, Case>, request: &Value) -> Answer<Value> {
    let text = |key: &str| request[key].as_str().unwrap_or_default();
    match text("do") {
        "setup" => {
            let mut case = Case::new(models, &request["case"])?;
            let start = Instant::now();
            case.run()?;
            let seconds = start.elapsed().as_secs_f64();
            let flops = case.flops();
            cases.insert(request["case"]["id"].as_str().unwrap_or_default().to_owned(), case);
            Ok(json!({ "seconds": seconds, "flops": flops, "about": about() }))
        }
        "run" => {
            let case = cases.get_mut(text("id")).ok_or("no such case was set up")?;
            for _ in 0..request["warm"].as_u64().unwrap_or(0) {
                case.run()?;
            }
            let calls = 0..request["calls"].as_u64().unwrap_or(1);
            let seconds: Answer<Vec<f64>> = calls
                .map(|_| {
                    let start = Instant::now();
                    let made = case.run()?;
                    let seconds = start.elapsed().as_secs_f64();
                    drop(made);
                    Ok(seconds)
                })
                .collect();
            Ok(json!({ "seconds": seconds? }))
        }
        "answer" => {
            let case = cases.get_mut(text("id")).ok_or("no such case was set up")?;
            let numbers = case.answer()?;
            let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
            std::fs::write(text("path"), bytes)?;
            Ok(json!({ "numbers": numbers.len() }))
        }
        "forget" => {
            cases.clear();
            *models = Models::default();
            Ok(json!({}))
        }
        other => Err(format!("`{other}` is no request").into()),
    }
}

fn about() -> String {
    let (isa, threads) = (pellucid_kernels::isa(), pellucid_kernels::threads());
    format!("pellucid {}, {isa:?}, {threads} threads", env!("CARGO_PKG_VERSION"))
}
