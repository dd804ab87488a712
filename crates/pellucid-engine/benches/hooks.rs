//! What watching costs: the same pass with nobody there, with a watcher that watches nothing, with
//! one site saved, with every layer saved, with every site saved.
//!
//! `cargo bench -p pellucid-engine --bench hooks -- MODEL [TOKENS]` prints minima of many interleaved
//! runs and their ratio to the bare pass.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::path::Path;
use std::time::{Duration, Instant};

use pellucid_engine::batch::Batch;
use pellucid_engine::pass::{Flow, Node, Pass, PointId, Seen, WatchSet, Watcher};
use pellucid_engine::{Cancel, Model, Options, Tensor, execute, find_model};
use pellucid_graph::{CheckedTrace, Limits, Point, Prompt, Recorder, Site, check};

const ROUNDS: usize = 30;

struct Idle;

impl Watcher for Idle {
    fn visit(&mut self, _: &Node, _: PointId, _: &mut Seen<'_>, _: &Batch) -> Flow<()> {
        Ok(())
    }
}

fn main() {
    let mut args = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/tiny/llama");
    let name = args.next().unwrap_or_else(|| fixture.to_owned());
    let tokens: usize = args.next().and_then(|n| n.parse().ok()).unwrap_or(10);
    let source = find_model(&name).unwrap_or_else(|_| Path::new(&name).into());
    match Model::open(source, &Options::default(), &mut |_| {}) {
        Ok(model) => measure(&model, tokens),
        Err(e) => println!("{name}: {e}"),
    }
}

fn measure(model: &Model, tokens: usize) {
    let ids: Vec<u32> = (0..tokens as u32).map(|i| (i * 37 + 5) % model.spec().vocab_size as u32).collect();
    let layer = |s: &&(String, Point)| s.0.rsplit_once('.').is_some_and(|(_, n)| n.parse::<u32>().is_ok());
    let sites: Vec<(String, Point)> =
        model.spec().sites.iter().map(|s| (s.path.clone(), Point::parse(&s.point))).collect();
    let last = (String::new(), Point::Output);
    let outputs: Vec<_> = sites.iter().filter(layer).filter(|s| s.1 == Point::Output).cloned().collect();
    let one = vec![outputs[outputs.len() / 2].clone(), last.clone()];
    let all_layers = [outputs.clone(), vec![last.clone()]].concat();
    let cases = [("one site", one), ("every layer", all_layers), ("every site", sites.clone())];
    let traces: Vec<(&str, CheckedTrace)> =
        cases.iter().map(|(name, sites)| (*name, trace(model, &ids, sites))).collect();
    let mut best = vec![Duration::MAX; 2 + traces.len()];
    for _ in 0..ROUNDS {
        best[0] = best[0].min(timed(|| bare(model, &ids, None)));
        best[1] = best[1].min(timed(|| bare(model, &ids, Some(&mut Idle))));
        for (slot, (_, checked)) in best[2..].iter_mut().zip(&traces) {
            *slot = (*slot).min(timed(|| drop(execute(model, checked, &Cancel::new()))));
        }
    }
    let names = ["bare", "nothing watched"].into_iter().chain(traces.iter().map(|(n, _)| *n));
    println!("{}, {tokens} tokens, minima of {ROUNDS}", model.spec().name);
    for (name, time) in names.zip(&best) {
        let ratio = time.as_secs_f64() / best[0].as_secs_f64();
        println!("{name:16} {:9.3} ms  {ratio:.3}", time.as_secs_f64() * 1e3);
    }
}

fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn bare(model: &Model, ids: &[u32], watcher: Option<&mut dyn Watcher>) {
    let (batch, cancel) = (Batch::new([ids.len()]), Cancel::new());
    let watched = WatchSet::none(model.n_modules());
    let ids = Tensor::new(ids.iter().map(|i| i64::from(*i)).collect::<Vec<_>>(), [ids.len()]);
    let mut pass = Pass::new(&batch, &watched, &cancel);
    if let Some(watcher) = watcher {
        pass = pass.watch(watcher);
    }
    drop(model.forward(&mut pass, ids));
}

fn trace(model: &Model, ids: &[u32], sites: &[(String, Point)]) -> CheckedTrace {
    let mut recorder = Recorder::new(model.spec().clone(), Limits::default());
    let record = |recorder: &mut Recorder| {
        recorder.invoke(vec![Prompt::ids(ids)], None)?;
        for (i, (path, point)) in sites.iter().enumerate() {
            let handle = recorder.read(0, Site::new(path.clone(), point.clone()), None)?;
            recorder.save(&i.to_string(), handle, None)?;
        }
        Ok(())
    };
    let recorded: pellucid_graph::Result<()> = record(&mut recorder);
    match recorded.and_then(|()| check(recorder.finish(), model.spec(), &Limits::default())) {
        Ok(checked) => checked,
        Err(e) => panic!("{e}"),
    }
}
