//! Traces of generations: what a step shows is what one full pass shows, bit for bit; what is written at a
//! step stays; rows that end leave the others as they are.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use expect_test::{Expect, expect};
use pellucid_engine::{Absent, Cancel, Model, Saved, Tensor, execute};
use pellucid_graph::{Dim, Limits, Prompt, Recorder, Sampling, Site, check, text};
use support::{TINY, copy, floats, run, tiny};

fn prompt(n: usize, seed: u32) -> Vec<u32> {
    (0..n as u32).map(|i| (i * 37 + seed * 101 + 5) % 380).collect()
}

/// Runs what `record` writes on a generation of prompts, one invoke each.
fn generate(
    model: &Model,
    prompts: &[Vec<u32>],
    sampling: &Sampling,
    record: impl FnOnce(&mut Recorder),
) -> Saved {
    let mut recorder = Recorder::new(model.spec().clone(), Limits::default());
    recorder.generate(sampling.clone(), None).unwrap();
    for ids in prompts {
        recorder.invoke(vec![Prompt::ids(ids.clone())], None).unwrap();
    }
    record(&mut recorder);
    let checked = check(recorder.finish(), model.spec(), &Limits::default()).unwrap();
    execute(model, &checked, &Cancel::new()).unwrap()
}

fn save(recorder: &mut Recorder, invoke: usize, site: &str) {
    let handle = recorder.read(invoke, Site::parse(site).unwrap(), None).unwrap();
    recorder.save(&format!("{invoke}:{site}"), handle, None).unwrap();
}

fn try_text(model: &Model, lines: &str) -> Result<Saved, pellucid_engine::Error> {
    let limits = Limits::default();
    let trace = text::parse(&format!("pellucid 2\n{lines}"), "steps.trace", &limits)?;
    execute(model, &check(trace, model.spec(), &limits)?, &Cancel::new())
}

/// Of a value of a full pass over `t` tokens, what the step of the last token sees.
fn last_token(x: &Tensor, dims: &[Dim]) -> Vec<f32> {
    let Some(axis) = dims.iter().position(|d| *d == Dim::S) else { return floats(x) };
    let (inner, s): (usize, usize) = (x.shape()[axis + 1..].iter().product(), x.shape()[axis]);
    let outer: usize = x.shape()[..axis].iter().product();
    let all = if x.dtype() == pellucid_graph::DType::I64 {
        x.slice::<i64>().iter().map(|id| *id as f32).collect()
    } else {
        floats(x)
    };
    (0..outer).flat_map(|o| all[(o * s + s - 1) * inner..(o * s + s) * inner].to_vec()).collect()
}

fn numbers(x: &Tensor) -> Vec<f32> {
    match x.dtype() {
        pellucid_graph::DType::I64 => x.slice::<i64>().iter().map(|id| *id as f32).collect(),
        _ => floats(x),
    }
}

#[test]
fn a_step_shows_what_one_pass_over_all_tokens_shows() {
    for name in TINY {
        let model = tiny(name);
        let (a, b) = (prompt(5, 1), prompt(3, 2));
        let sites: Vec<(String, Vec<Dim>)> = model
            .spec()
            .sites
            .iter()
            .map(|s| (Site::new(s.path.clone(), pellucid_graph::Point::parse(&s.point)), s.shape.clone()))
            .map(|(site, dims)| (site.to_string(), dims))
            .collect();
        let saved = generate(&model, &[b, a], &Sampling::greedy(4), |r| {
            save(r, 1, "generator.output");
            for (site, _) in &sites {
                save(r, 1, &format!("{site}@1"));
                save(r, 1, &format!("{site}@3"));
            }
        });
        let ids: Vec<u32> =
            saved.get("1:generator.output").unwrap().slice::<i64>().iter().map(|id| *id as u32).collect();
        assert_eq!(ids.len(), 9, "{name}");
        for (step, t) in [(1, 6), (3, 8)] {
            let full = run(&model, &[vec![ids[..t].to_vec()]], |r| {
                sites.iter().for_each(|(site, _)| save(r, 0, site));
            });
            for (site, dims) in &sites {
                let got = numbers(saved.get(&format!("1:{site}@{step}")).unwrap());
                let want = last_token(full.get(&format!("0:{site}")).unwrap(), dims);
                let same = got.iter().zip(&want).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same && got.len() == want.len(), "{name} {site} at step {step}");
            }
        }
    }
}

#[test]
fn writing_back_what_a_step_shows_changes_nothing() {
    for name in TINY {
        let model = tiny(name);
        let prompts = [prompt(5, 1), prompt(3, 2)];
        let plain = generate(&model, &prompts, &Sampling::greedy(4), |r| save(r, 0, "generator.logits@3"));
        for site in model.spec().sites.iter().chain(&model.spec().generator[..2]) {
            let at = format!("{}.{}@1", site.path, site.point);
            let at = Site::parse(at.trim_start_matches('.')).unwrap();
            let saved = generate(&model, &prompts, &Sampling::greedy(4), |r| {
                let value = r.read(0, at.clone(), None).unwrap();
                let value = copy(r, value);
                r.write(0, at.clone(), value, None).unwrap();
                save(r, 0, "generator.logits@3");
            });
            let key = "0:generator.logits@3";
            assert!(saved.get(key).unwrap().same_bits(plain.get(key).unwrap()), "{name} {at}");
        }
    }
}

#[test]
fn a_step_is_the_same_alone_and_among_others_that_end_before() {
    for name in TINY {
        let model = tiny(name);
        let prompts = [prompt(6, 1), prompt(2, 5), prompt(4, 9)];
        let sampled = Sampling { temperature: 1.3, seed: 5, n: 2, ..Sampling::greedy(6) };
        let record = |r: &mut Recorder, invoke: usize| {
            for step in [0, 2, 5] {
                save(r, invoke, &format!("output@{step}"));
                save(r, invoke, &format!("generator.token@{step}"));
            }
            save(r, invoke, "generator.output");
        };
        let endless = generate(&model, &prompts, &sampled, |r| (0..3).for_each(|i| record(r, i)));
        let made = |i: usize, row: usize, step: usize| {
            let ids = endless.get(&format!("{i}:generator.output")).unwrap();
            ids.slice::<i64>()[row * ids.shape()[1] + prompts[i].len() + step] as u32
        };
        // Both rows of prompt 1 end early, one of prompt 2.
        let eos = vec![made(1, 0, 1), made(1, 1, 1), made(2, 0, 2)];
        let ending = Sampling { eos: Some(eos), ..sampled };
        let together = generate(&model, &prompts, &ending, |r| (0..3).for_each(|i| record(r, i)));
        for (i, prompt) in prompts.iter().enumerate() {
            let alone = generate(&model, std::slice::from_ref(prompt), &ending, |r| record(r, 0));
            for (key, value) in alone.iter() {
                let there = together.get(&key.replacen('0', &i.to_string(), 1)).unwrap();
                assert!(value.same_bits(there), "{name} {key} of prompt {i}");
            }
            let gone: Vec<Absent> = alone.absent().to_vec();
            let there = together.absent().iter().filter(|a| a.name.starts_with(&i.to_string())).count();
            assert_eq!(gone.len(), there, "{name} prompt {i}");
            if i == 1 {
                let step = gone.iter().map(|a| a.step).min();
                assert!(gone.len() >= 4 && step == Some(2), "{name} {gone:?}");
            }
        }
    }
}

#[test]
fn tokens_and_logits_can_be_written() {
    let model = tiny("llama");
    let lines = "generate max_new_tokens=4 eos=[]
        invoke 0 ids [5, 9, 2]
        %0 = constant i64[1] [77]
        write 0 generator.token@1 %0
        %1 = read 0 generator.logits@2
        %2 = mul %1 0
        %3 = set_index %2 [:, 123] 5
        write 0 generator.logits@2 %3
        %4 = read 0 generator.output
        save \"ids\" %4
        %5 = read 0 input@2
        save \"fed\" %5";
    let saved = try_text(&model, lines).unwrap();
    let ids = saved.get("ids").unwrap();
    assert_eq!(ids.shape(), [1, 7]);
    assert_eq!(ids.slice::<i64>()[4..6], [77, 123]);
    assert_eq!(saved.get("fed").unwrap().slice::<i64>(), [77]);
    let wrong = "generate max_new_tokens=3 eos=[]\ninvoke 0 ids [5]\n%0 = constant i64[1] [70000]
        write 0 generator.token %0\n%1 = read 0 generator.output\nsave \"ids\" %1";
    expect![[r#"
        token id 70000 is outside the vocabulary of 384 [token-out-of-range]
          --> steps.trace:5"#]]
    .assert_eq(&try_text(&model, wrong).unwrap_err().to_string());
}

#[test]
fn what_is_written_to_the_cache_stays() {
    for name in ["llama", "gpt2", "gemma3_text"] {
        let model = tiny(name);
        let layer = model.spec().real("layers.1.attn.cache.keys");
        let values = model.spec().real("layers.1.attn.cache.values");
        let lines = |write: &str| {
            format!(
                "generate max_new_tokens=4 eos=[]\ninvoke 0 ids [5, 9, 2, 8]\n%0 = read 0 {values}@1
                %1 = set_index %0 [:, :2] 0\n{write}
                %2 = read 0 {layer}@3\nsave \"keys\" %2\n%3 = read 0 {values}@3\nsave \"values\" %3
                %4 = read 0 generator.logits@3\nsave \"logits\" %4
                %5 = constant i64[1] [7]\nwrite 0 generator.token@1 %5\nwrite 0 generator.token@2 %5"
            )
        };
        let plain = try_text(&model, &lines("")).unwrap();
        let changed = try_text(&model, &lines(&format!("write 0 {values}@1 %1"))).unwrap();
        let (kept, width) = (
            changed.get("values").unwrap(),
            plain.get("values").unwrap().shape()[2..].iter().product::<usize>(),
        );
        assert_eq!(kept.shape()[1], 7, "{name}");
        assert!(kept.f32s()[..2 * width].iter().all(|x| *x == 0.0), "{name}: zeros stay");
        let first_new = 5 * width;
        assert_eq!(
            kept.f32s()[2 * width..first_new],
            plain.get("values").unwrap().f32s()[2 * width..first_new]
        );
        assert!(!changed.get("logits").unwrap().same_bits(plain.get("logits").unwrap()), "{name}");
        if name != "gemma3_text" {
            assert_eq!(changed.get("keys").unwrap().shape(), plain.get("keys").unwrap().shape());
        }
    }
}

/// In a single pass the cache is what the pass itself makes, and writing it is writing keys and values.
#[test]
fn without_a_generation_the_cache_is_the_passes_own() {
    let model = tiny("llama");
    let kept = "model.layers.0.self_attn.cached_values";
    let lines = |site: &str| {
        format!(
            "invoke 0 ids [5, 9, 2, 8]\n%0 = read 0 {site}\n%1 = mul %0 0.5\nwrite 0 {site} %1
            %2 = read 0 output\nsave \"x\" %2\nsave \"was\" %0"
        )
    };
    let by_cache = try_text(&model, &lines(kept)).unwrap();
    let by_tap = try_text(&model, &lines("model.layers.0.self_attn.v")).unwrap();
    assert!(by_cache.get("was").unwrap().same_bits(by_tap.get("was").unwrap()));
    assert!(by_cache.get("x").unwrap().same_bits(by_tap.get("x").unwrap()));
}

#[test]
fn a_module_is_skipped_at_a_step() {
    let model = tiny("llama");
    let lines = |skip: &str| {
        format!(
            "generate max_new_tokens=3 eos=[]\ninvoke 0 ids [5, 9, 2]\n%0 = read 0 model.layers.1.input@1\n{skip}
            %1 = read 0 model.norm.input@1\nsave \"after\" %1\nsave \"before\" %0
            %2 = read 0 model.norm.input\nsave \"prompt\" %2"
        )
    };
    let (plain, skipped) = (lines(""), lines("skip 0 model.layers.1@1 %0"));
    let (plain, skipped) = (try_text(&model, &plain).unwrap(), try_text(&model, &skipped).unwrap());
    assert!(skipped.get("after").unwrap().same_bits(skipped.get("before").unwrap()));
    assert!(!plain.get("after").unwrap().same_bits(skipped.get("after").unwrap()));
    assert!(plain.get("prompt").unwrap().same_bits(skipped.get("prompt").unwrap()));
}

#[test]
fn a_value_of_a_step_that_was_not_made_cannot_be_written() {
    let model = tiny("llama");
    let first = try_text(
        &model,
        "generate max_new_tokens=1 eos=[]\ninvoke 0 ids [5]\n%0 = read 0 generator.token\nsave \"t\" %0",
    );
    let eos = first.unwrap().get("t").unwrap().slice::<i64>()[0];
    let fails = |lines: &str, expected: Expect| {
        let lines =
            format!("generate max_new_tokens=4 eos=[{eos}]\ninvoke 0 ids [5]\ninvoke 1 ids [9, 9]\n{lines}");
        expected.assert_eq(&try_text(&model, &lines).unwrap_err().to_string());
    };
    fails(
        "%0 = read 0 model.layers.0.output@2\n%1 = mul %0 2\nwrite 1 model.layers.0.output@2 %1
        %2 = read 1 generator.output\nsave \"x\" %2",
        expect![[r#"
            what is written needs step 2 of a generation that ended before it [not-reached]
              --> steps.trace:7
              help: `ignore_eos=True` makes all steps"#]],
    );
}
