//! Generation: choices as transformers makes them, and the same continuation alone and among others.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use expect_test::expect;
use pellucid_engine::{Cancel, Ended, Fresh, Generator, Model, Options, find_model, probabilities};
use pellucid_graph::Sampling;
use serde_json::Value;
use support::{TINY, fixture, tiny};

fn sampling(settings: &Value) -> Sampling {
    let number = |key: &str| settings.get(key).and_then(Value::as_f64);
    Sampling {
        temperature: number("temperature").unwrap_or(1.0),
        top_k: number("top_k").map(|k| k as usize),
        top_p: number("top_p"),
        min_p: number("min_p"),
        repetition_penalty: number("repetition_penalty").unwrap_or(1.0),
        ..Sampling::greedy(8)
    }
}

#[test]
fn tokens_are_drawn_from_the_probabilities_of_transformers() {
    let cases: Vec<Value> =
        serde_json::from_slice(&std::fs::read(fixture("sampling.json")).unwrap()).unwrap();
    assert_eq!(cases.len(), 26);
    for case in cases {
        let floats =
            |key: &str| case[key].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect::<Vec<_>>();
        let logits: Vec<f32> = floats("logits").iter().map(|x| *x as f32).collect();
        let ids: Vec<u32> = floats("ids").iter().map(|x| *x as u32).collect();
        let got = probabilities(&sampling(&case["settings"]), &logits, &ids);
        for (i, (got, want)) in got.iter().zip(floats("probabilities")).enumerate() {
            assert!((got - want).abs() < 1e-5, "{} token {i}: {got}, expected {want}", case["settings"]);
        }
    }
}

fn prompts() -> Vec<Vec<u32>> {
    vec![vec![5, 9, 2, 7, 201, 4], vec![11], vec![3, 3, 8, 250], vec![11, 12]]
}

/// All steps of a generation.
fn steps(model: &Model, prompts: &[Vec<u32>], sampling: &Sampling) -> Vec<Vec<Fresh>> {
    let mut generator = Generator::new(model, prompts, sampling.clone()).unwrap();
    std::iter::from_fn(|| Some(generator.step(model, &Cancel::new()).unwrap()).filter(|s| !s.is_empty()))
        .collect()
}

fn made(model: &Model, prompts: &[Vec<u32>], sampling: &Sampling) -> Vec<Vec<u32>> {
    let mut rows = vec![Vec::new(); prompts.len() * sampling.n];
    for fresh in steps(model, prompts, sampling).into_iter().flatten() {
        rows[fresh.row].push(fresh.token);
    }
    rows
}

/// Prompts of different lengths that end at different steps, several continuations of each.
#[test]
fn a_continuation_is_the_same_alone_and_among_others() {
    for name in TINY {
        let model = tiny(name);
        let sampled = Sampling { temperature: 1.5, n: 3, seed: 7, ..Sampling::greedy(9) };
        let endless = made(&model, &prompts(), &sampled);
        // Tokens that were made become those that end: rows end at different steps.
        let eos = vec![endless[0][2], endless[5][4], endless[10][1]];
        let sampled = Sampling { eos: Some(eos.clone()), ..sampled };
        let together = made(&model, &prompts(), &sampled);
        let mut lengths: Vec<usize> = together.iter().map(Vec::len).collect();
        for (ended, endless) in together.iter().zip(&endless) {
            assert!(endless.starts_with(ended), "{name}: other tokens after others have ended");
            assert_eq!(
                ended.iter().filter(|id| eos.contains(id)).count(),
                usize::from(ended.len() < 9 || eos.contains(&ended[8]))
            );
        }
        lengths.sort_unstable();
        lengths.dedup();
        assert!(lengths.len() > 2, "{name}: {lengths:?}");
        for (i, prompt) in prompts().into_iter().enumerate() {
            assert_eq!(made(&model, &[prompt], &sampled), together[i * 3..i * 3 + 3], "{name} prompt {i}");
        }
        assert_eq!(made(&model, &prompts(), &sampled), together, "{name}: once more");
        let other = made(&model, &prompts(), &Sampling { seed: 8, ..sampled.clone() });
        assert_ne!(other, together, "{name}: another seed");
        assert_ne!(together[0], together[1], "{name}: another sample");
    }
}

/// Frequencies of 4000 draws against the probabilities, within four standard deviations.
#[test]
fn draws_have_their_frequencies() {
    let model = tiny("llama");
    let sampled = Sampling { temperature: 1.0, top_k: Some(4), n: 4000, seed: 1, ..Sampling::greedy(1) };
    let rows = made(&model, &prompts()[..1], &sampled);
    let saved = support::run(&model, &[vec![prompts()[0].clone()]], |r| support::save(r, 0, "output"));
    let logits = saved.get("0:output").unwrap();
    let v = logits.shape()[2];
    let probabilities = probabilities(&sampled, &logits.f32s()[logits.numel() - v..], &prompts()[0]);
    for (id, p) in probabilities.iter().enumerate() {
        let count = rows.iter().filter(|row| row[0] == id as u32).count() as f64;
        let deviation = (4000.0 * p * (1.0 - p)).sqrt();
        assert!((count - 4000.0 * p).abs() <= 4.0 * deviation, "token {id}: {count} of {}", 4000.0 * p);
    }
}

#[test]
fn text_comes_as_it_settles_and_ends_before_a_stop() {
    let model = Model::open(find_model("tiny:llama").unwrap(), &Options::default(), &mut |_| {}).unwrap();
    let sampled = Sampling { temperature: 1.0, seed: 3, ..Sampling::greedy(40) };
    let text = |sampled: &Sampling| {
        let fresh: Vec<Fresh> = steps(&model, &[vec![104, 105]], sampled).into_iter().flatten().collect();
        let ids: Vec<u32> = fresh.iter().map(|f| f.token).collect();
        let text: String = fresh.iter().map(|f| f.text.as_str()).collect();
        (ids, text, fresh.last().unwrap().ended)
    };
    let (ids, whole, ended) = text(&sampled);
    assert_eq!((whole.clone(), ended), (model.tokenizer().decode(&ids, true).unwrap(), Some(Ended::Length)));
    let stop: String = whole.chars().filter(char::is_ascii).skip(3).take(1).collect();
    let (fewer, cut, ended) =
        text(&Sampling { stop: vec!["never".to_owned(), stop.clone()], ..sampled.clone() });
    assert_eq!(ended, Some(Ended::Stop));
    assert!(ids.starts_with(&fewer) && fewer.len() < ids.len());
    assert_eq!(cut, whole.split(&stop).next().unwrap());
    let eos = Sampling { eos: Some(vec![ids[6]]), ..sampled };
    assert_eq!(text(&eos).2, Some(Ended::Eos));
}

#[test]
fn settings_without_meaning_are_refused() {
    let refused = |change: fn(&mut Sampling)| {
        let mut sampling = Sampling::greedy(4);
        change(&mut sampling);
        Generator::new(&tiny("llama"), &prompts(), sampling).err().unwrap().to_string()
    };
    expect!["`temperature`: expected 0 or more, got -1 [bad-argument]"]
        .assert_eq(&refused(|s| s.temperature = -1.0));
    expect!["`top_p`: expected above 0 and at most 1, got 1.5 [bad-argument]"]
        .assert_eq(&refused(|s| s.top_p = Some(1.5)));
    expect!["`n`: expected at least 1, got 0 [bad-argument]"].assert_eq(&refused(|s| s.n = 0));
    expect!["`repetition_penalty`: expected a positive number, got NaN [bad-argument]"]
        .assert_eq(&refused(|s| s.repetition_penalty = f64::NAN));
    expect!["`stop`: expected texts that are not empty, got `` [bad-argument]"]
        .assert_eq(&refused(|s| s.stop = vec![String::new()]));
    expect!["a prompt of 6 tokens and 200 new ones, `llama` takes at most 128 [prompt-too-long]"]
        .assert_eq(&refused(|s| s.max_new_tokens = 200));
}
