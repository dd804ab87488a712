//! One piece of work, ready to be repeated: a forward pass with all logits, one token of every sequence
//! after a cached context, or nothing but multiply-adds.
//!
//! A repeated step of a decode overwrites the same place of the cache, so that each is at the same context.

use std::collections::HashMap;
use std::path::PathBuf;

use pellucid_engine::batch::Batch;
use pellucid_engine::cache::KvCache;
use pellucid_engine::pass::{Halt, WatchSet};
use pellucid_engine::{Cancel, Model, Options, Precision, Tensor};
use serde_json::Value;

use super::{Answer, peak};

/// Models by how they were opened: cases share them.
#[derive(Default)]
pub struct Models(HashMap<String, Model>);

/// Work on a model, or the loop that measures the machine.
pub enum Case {
    Pass { model: Model, batch: Batch, ids: Vec<i64>, cache: Option<KvCache> },
    Peak,
}

impl Models {
    fn open(&mut self, case: &Value) -> Answer<Model> {
        let path = PathBuf::from(case["model"].as_str().ok_or("a case has no `model`")?);
        let half = case["dtype"] == "bf16";
        let dtype = if half { Precision::Bf16 } else { Precision::F32 };
        let options = Options { dtype, quantized: case["quantized"] == true, ..Options::default() };
        let key = format!("{} {options:?}", path.display());
        if let Some(model) = self.0.get(&key) {
            return Ok(model.clone());
        }
        let model = Model::open(path, &options, &mut |_| {})?;
        model.load(&mut |_| {})?;
        self.0.insert(key, model.clone());
        Ok(model)
    }
}

impl Case {
    /// Opens what a case needs; a decode reads its context.
    pub fn new(models: &mut Models, case: &Value) -> Answer<Case> {
        let work = case["work"].as_str().unwrap_or_default();
        if work == "peak" {
            return Ok(Case::Peak);
        }
        let model = models.open(case)?;
        let prompts: Vec<Vec<i64>> = serde_json::from_value(case["ids"].clone())?;
        let lengths = prompts.iter().map(Vec::len);
        match work {
            "forward" => {
                let batch = Batch::new(lengths);
                Ok(Case::Pass { model, batch, ids: prompts.concat(), cache: None })
            }
            "decode" => {
                let next: Vec<i64> = serde_json::from_value(case["next"].clone())?;
                let longest = lengths.clone().max().unwrap_or(0);
                let mut cache = KvCache::new(model.n_layers(), longest + 1);
                // One prompt after the other: activations of 32 at once would be as large as the model.
                for (slot, prompt) in prompts.iter().enumerate() {
                    let batch = Batch::in_slots([(slot, prompt.len(), 0)]);
                    forward(&model, &batch, prompt, Some(&mut cache))?;
                }
                let batch = Batch::with_past(lengths.map(|past| (1, past)));
                Ok(Case::Pass { model, batch, ids: next, cache: Some(cache) })
            }
            other => Err(format!("`{other}` is no work of this contestant").into()),
        }
    }

    /// Does the work once.
    pub fn run(&mut self) -> Answer<Option<Tensor>> {
        match self {
            Case::Peak => {
                peak::run();
                Ok(None)
            }
            Case::Pass { model, batch, ids, cache } => Ok(Some(forward(model, batch, ids, cache.as_mut())?)),
        }
    }

    /// Logits after the first, the middle and the last token of every sequence.
    pub fn answer(&mut self) -> Answer<Vec<f32>> {
        let Some(logits) = self.run()? else { return Ok(Vec::new()) }; // [t, v]
        let Case::Pass { batch, .. } = self else { return Ok(Vec::new()) };
        let rows = batch.sequences().iter().flat_map(|q| [0, q.len / 2, q.len - 1].map(|i| q.start + i));
        Ok(rows.flat_map(|row| logits.rows(row, 1).f32s().to_vec()).collect())
    }

    /// Multiply-adds of one run, each counted as two; a token attends to itself and those before.
    pub fn flops(&self) -> f64 {
        let Case::Pass { model, batch, .. } = self else { return peak::flops() };
        let pairs: usize = batch.sequences().iter().map(|q| q.len * (2 * q.past + q.len + 1) / 2).sum();
        let of = |m: &pellucid_graph::ModuleSpec| {
            m.flops_per_token * batch.tokens() as u64 + m.flops_per_pair * pairs as u64
        };
        model.spec().modules.iter().map(of).sum::<u64>() as f64
    }
}

fn forward(model: &Model, batch: &Batch, ids: &[i64], cache: Option<&mut KvCache>) -> Answer<Tensor> {
    let (watched, cancel) = (WatchSet::none(model.n_modules()), Cancel::new());
    let mut pass = model.pass(batch, &watched, &cancel);
    if let Some(cache) = cache {
        pass = pass.keep(cache);
    }
    match model.forward(&mut pass, Tensor::new(ids.to_vec(), [ids.len()])) {
        Ok(logits) => Ok(logits),
        Err(Halt::Error(e)) => Err(e.into()),
        Err(Halt::Done) => Err("an unwatched pass was ended".into()),
    }
}
