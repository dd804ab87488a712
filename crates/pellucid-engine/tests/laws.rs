//! Laws that hold bit for bit, in every precision: watching and writing back change nothing, neighbours do not matter,
//! a cache gives what a full pass gives.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use pellucid_engine::batch::Batch;
use pellucid_engine::cache::KvCache;
use pellucid_engine::pass::WatchSet;
use pellucid_engine::{Cancel, Model, Options, Precision, Tensor};
use pellucid_graph::Site;
use support::{all_sites, copy, every, fixture, floats, open_as, run, save};

const LOGITS: &str = "output";

/// Every tiny model in every precision.
fn each() -> impl Iterator<Item = (String, Model)> {
    let precisions = [Precision::F32, Precision::Bf16, Precision::F16];
    every().flat_map(move |name| precisions.map(|dtype| (name, dtype))).map(|(name, dtype)| {
        let options = Options { dtype, ..Options::default() };
        (format!("{name} {dtype:?}"), open_as(fixture("tiny").join(name), &options))
    })
}

fn prompt(n: usize, seed: u32) -> Vec<u32> {
    (0..n as u32).map(|i| (i * 37 + seed * 101 + 5) % 380).collect()
}

/// The logits of a pass that nobody watches. // [t, v]
fn bare(model: &Model, ids: &[u32]) -> Tensor {
    let (batch, cancel) = (Batch::new([ids.len()]), Cancel::new());
    let watched = WatchSet::none(model.n_modules());
    let ids = Tensor::new(ids.iter().map(|i| i64::from(*i)).collect::<Vec<_>>(), [ids.len()]);
    model.forward(&mut model.pass(&batch, &watched, &cancel), ids).unwrap()
}

fn assert_same(what: &str, a: &Tensor, b: &Tensor) {
    let bits = |x: &Tensor| floats(x).iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert!(
        a.dtype() == b.dtype() && a.as_bytes() == b.as_bytes() || bits(a) == bits(b),
        "{what}: bits differ"
    );
}

#[test]
fn an_empty_graph_changes_nothing() {
    for (name, model) in each() {
        let (a, b) = (prompt(7, 1), prompt(4, 2));
        let want = bare(&model, &a);
        assert_eq!(run(&model, &[vec![a.clone()]], |_| {}).iter().count(), 0);
        let saved = run(&model, &[vec![b], vec![a]], |r| save(r, 1, LOGITS));
        assert_same(&name, saved.get("1:output").unwrap(), &want);
    }
}

#[test]
fn watching_a_site_changes_nothing() {
    for (name, model) in each() {
        let ids = prompt(7, 1);
        let want = bare(&model, &ids);
        for site in all_sites(&model) {
            let saved = run(&model, &[vec![ids.clone()]], |r| {
                save(r, 0, &site);
                if site != LOGITS {
                    save(r, 0, LOGITS);
                }
            });
            assert_same(&format!("{name} {site}"), saved.get("0:output").unwrap(), &want);
        }
        let everything = run(&model, &[vec![ids.clone()]], |r| {
            all_sites(&model).iter().for_each(|s| save(r, 0, s));
        });
        assert_same(&name, everything.get("0:output").unwrap(), &want);
    }
}

#[test]
fn writing_back_what_was_read_changes_nothing() {
    for (name, model) in each() {
        let (a, b) = (prompt(7, 1), prompt(4, 2));
        let want = [bare(&model, &a), bare(&model, &b)];
        for site in all_sites(&model) {
            let saved = run(&model, &[vec![a.clone()], vec![b.clone()]], |r| {
                let at = Site::parse(&site).unwrap();
                let value = r.read(0, at.clone(), None).unwrap();
                let value = copy(r, value);
                r.write(0, at, value, None).unwrap();
                save(r, 0, "output");
                save(r, 1, "output");
            });
            for (i, want) in want.iter().enumerate() {
                assert_same(&format!("{name} {site}"), saved.get(&format!("{i}:output")).unwrap(), want);
            }
        }
    }
}

#[test]
fn an_invoke_gives_the_same_alone_and_among_others() {
    for (name, model) in each() {
        let prompts: Vec<Vec<u32>> = [5, 1, 9, 16, 3].iter().map(|n| prompt(*n, *n as u32)).collect();
        let sites = all_sites(&model);
        let together = run(&model, &prompts.iter().map(|p| vec![p.clone()]).collect::<Vec<_>>(), |r| {
            for i in 0..prompts.len() {
                sites.iter().for_each(|s| save(r, i, s));
            }
        });
        for (i, ids) in prompts.iter().enumerate() {
            let alone = run(&model, &[vec![ids.clone()]], |r| {
                sites.iter().for_each(|s| save(r, 0, s));
            });
            for site in &sites {
                let (a, b) = (alone.get(&format!("0:{site}")), together.get(&format!("{i}:{site}")));
                assert_same(&format!("{name} {i} {site}"), a.unwrap(), b.unwrap());
            }
        }
    }
}

#[test]
fn prompts_of_one_invoke_may_differ_in_length() {
    for (name, model) in each() {
        let (long, short) = (prompt(6, 1), prompt(2, 2));
        let saved = run(&model, &[vec![long.clone(), short.clone()]], |r| save(r, 0, LOGITS));
        let got = saved.get("0:output").unwrap();
        let v = got.shape()[2];
        assert_eq!(got.shape()[..2], [2, 6]);
        let got = floats(got);
        assert_eq!(&got[..6 * v], bare(&model, &long).f32s(), "{name}");
        assert!(got[6 * v..10 * v].iter().all(|x| *x == 0.0), "{name}: cells before the prompt");
        assert_eq!(&got[10 * v..], bare(&model, &short).f32s(), "{name}");
    }
}

#[test]
fn prefill_and_decode_equal_one_full_pass() {
    for (name, model) in each().filter(|(_, model)| model.is_causal()) {
        let (watched, cancel) = (WatchSet::none(model.n_modules()), Cancel::new());
        let ids = prompt(20, 3);
        let want = bare(&model, &ids);
        let v = want.shape()[1];
        let mut cache = KvCache::new(model.n_layers(), ids.len());
        let mut past = 0;
        for chunk in [&ids[..11], &ids[11..12], &ids[12..13], &ids[13..17], &ids[17..]] {
            let batch = Batch::with_past([(chunk.len(), past)]);
            let x = Tensor::new(chunk.iter().map(|i| i64::from(*i)).collect::<Vec<_>>(), [chunk.len()]);
            let got = model.forward(&mut model.pass(&batch, &watched, &cancel).keep(&mut cache), x).unwrap();
            assert_eq!(got.f32s(), &want.f32s()[past * v..(past + chunk.len()) * v], "{name} at {past}");
            past += chunk.len();
        }
    }
}
