//! Gradients inside every architecture: against PyTorch's, against differences, and the same bits whoever else
//! is there.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use pellucid_engine::{Cancel, Model, Saved, execute};
use pellucid_graph::{Arg, Constant, DType, Handle, Limits, Op, Prompt, Recorder, Site, TensorType, check};
use support::{Golden, TINY, all_sites, assert_close, floats, run, tiny, words};

/// Gradients are smaller than hidden states; transformers' own are off by 1e-6 and more.
const GRADIENT_ATOL: f32 = 5e-6;

fn read(recorder: &mut Recorder, invoke: usize, site: &str) -> Handle {
    recorder.read(invoke, Site::parse(site).unwrap(), None).unwrap()
}

fn constant(recorder: &mut Recorder, shape: &[usize], numbers: &[f32]) -> Handle {
    let data: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    let ty = TensorType::new(DType::F32, shape.to_vec());
    let index = recorder.add_constant(Constant { ty, data: data.into() }, None).unwrap();
    recorder.constant(index, None).unwrap()
}

fn save_gradient(recorder: &mut Recorder, pass: Handle, of: Handle, name: &str) {
    let gradient = recorder.gradient(pass, of, None).unwrap();
    recorder.save(name, gradient, None).unwrap();
}

fn op(recorder: &mut Recorder, name: &str, given: &[Handle]) -> Handle {
    let op = Op::find(name).unwrap();
    let values = given.iter().map(|h| Arg::Value(recorder.value(*h, None).unwrap())).collect();
    recorder.op(op, op.def().bind(values, vec![]).unwrap(), None, None).unwrap()[0]
}

/// The gradient of the mean cross entropy of the next tokens with respect to the logits.
fn cross_entropy_seed(logits: &(Vec<usize>, Vec<f32>), ids: &[u32]) -> Vec<f32> {
    let v = logits.0[2];
    let mut seed = vec![0.0; logits.1.len()];
    let n = (ids.len() - 1) as f32;
    for (t, row) in logits.1.chunks_exact(v).enumerate().take(ids.len() - 1) {
        let top = row.iter().fold(f32::MIN, |a, b| a.max(*b));
        let sum: f32 = row.iter().map(|x| (x - top).exp()).sum();
        for (j, x) in row.iter().enumerate() {
            let hit = if j == ids[t + 1] as usize { 1.0 } else { 0.0 };
            seed[t * v + j] = ((x - top).exp() / sum - hit) / n;
        }
    }
    seed
}

/// The seed of a model's logits for a prompt, on the recorder.
fn backward(recorder: &mut Recorder, invoke: usize, golden: &Golden, prompt: &str) -> Handle {
    let logits = golden.f32s(&format!("{prompt}.logits"));
    let seed = cross_entropy_seed(&logits, &golden.ids(&format!("{prompt}.input_ids")));
    let seed = constant(recorder, &logits.0, &seed);
    let output = read(recorder, invoke, "output");
    recorder.backward(&[output], &[seed], false, None).unwrap()
}

#[test]
fn hidden_states_of_every_layer_have_torch_gradients() {
    for name in TINY {
        let (model, golden) = (tiny(name), Golden::tiny(name));
        let layers = words(name).layers;
        for prompt in ["p0", "p1"] {
            let ids = golden.ids(&format!("{prompt}.input_ids"));
            let saved = run(&model, &[vec![ids]], |r| {
                let mut hidden = vec![read(r, 0, &format!("{layers}.0.input"))];
                hidden.extend((0..model.n_layers()).map(|i| read(r, 0, &format!("{layers}.{i}.output"))));
                let pass = backward(r, 0, &golden, prompt);
                for (i, h) in hidden.into_iter().enumerate() {
                    save_gradient(r, pass, h, &format!("{i}"));
                }
            });
            for i in 0..=model.n_layers() {
                let want = golden.f32s(&format!("{prompt}.grad.{i}"));
                let got = saved.get(&format!("{i}")).unwrap();
                assert_close(&format!("{name} {prompt} {i}"), got, &want, GRADIENT_ATOL);
            }
        }
    }
}

/// Runs a trace of `prompts`, in each of which `record` is asked to do something.
fn together(model: &Model, prompts: &[Vec<u32>], record: impl FnOnce(&mut Recorder)) -> Saved {
    run(model, &prompts.iter().map(|ids| vec![ids.clone()]).collect::<Vec<_>>(), record)
}

#[test]
fn gradients_alone_are_gradients_among_strangers() {
    for name in TINY {
        let (model, golden) = (tiny(name), Golden::tiny(name));
        let layers = words(name).layers;
        let ids = ["p0", "p1"].map(|p| golden.ids(&format!("{p}.input_ids")));
        let ask = |r: &mut Recorder, invoke: usize, prompt: &str| {
            let first = read(r, invoke, &format!("{layers}.0.input"));
            let pass = backward(r, invoke, &golden, prompt);
            save_gradient(r, pass, first, prompt);
        };
        let alone: Vec<Saved> = ["p0", "p1"]
            .into_iter()
            .zip(&ids)
            .map(|(p, ids)| together(&model, std::slice::from_ref(ids), |r| ask(r, 0, p)))
            .collect();
        let strangers = vec![vec![5, 6, 7], ids[0].clone(), vec![9; 17], ids[1].clone(), vec![3]];
        let among = together(&model, &strangers, |r| {
            let other = read(r, 2, &format!("{layers}.0.output"));
            let sum = op(r, "mul", &[other, other]);
            let shape = r.type_of(sum).shape.clone();
            let ones = constant(r, &shape, &vec![1.0; shape.iter().product()]);
            ask(r, 1, "p0");
            let pass = r.backward(&[sum], &[ones], false, None).unwrap();
            save_gradient(r, pass, other, "stranger");
            ask(r, 3, "p1");
        });
        for (prompt, alone) in ["p0", "p1"].into_iter().zip(&alone) {
            let (alone, among) = (alone.get(prompt).unwrap(), among.get(prompt).unwrap());
            assert!(alone.same_bits(among), "{name} {prompt}");
        }
    }
}

#[test]
fn gradients_do_not_depend_on_what_is_watched_nor_on_threads() {
    for name in TINY {
        let (model, golden) = (tiny(name), Golden::tiny(name));
        let layers = words(name).layers;
        let ids = golden.ids("p0.input_ids");
        let gradient = |watch: &[String], threads: usize| {
            pellucid_kernels::with_threads(threads, || {
                let saved = together(&model, std::slice::from_ref(&ids), |r| {
                    let first = read(r, 0, &format!("{layers}.0.input"));
                    for (i, site) in watch.iter().enumerate() {
                        let seen = read(r, 0, site);
                        r.save(&format!("seen {i}"), seen, None).unwrap();
                    }
                    let pass = backward(r, 0, &golden, "p0");
                    save_gradient(r, pass, first, "first");
                });
                saved.get("first").unwrap().clone()
            })
        };
        let plain = gradient(&[], 2);
        assert!(plain.same_bits(&gradient(&[], 1)), "{name}: one thread");
        assert!(plain.same_bits(&gradient(&[], 3)), "{name}: three threads");
        assert!(plain.same_bits(&gradient(&all_sites(&model), 2)), "{name}: all sites watched");
    }
}

/// Along a direction, the loss changes as the gradient says: at every floating site of every architecture.
#[test]
fn every_site_has_the_gradient_of_differences() {
    for name in TINY {
        let (model, golden) = (tiny(name), Golden::tiny(name));
        let ids = golden.ids("p0.input_ids");
        let logits = golden.f32s("p0.logits");
        let seed: Vec<f32> = (0..logits.1.len()).map(|i| ((i * 7 % 23) as f32 - 11.0) / 50.0).collect();
        let sites = &model.spec().sites;
        let mut checked_sites = 0;
        for site in all_sites(&model) {
            let spec = sites.iter().find(|s| format!("{}.{}", s.path, s.point) == site);
            let first = site.contains(".0.") || !site.contains(".1.");
            if spec.is_none_or(|s| !s.dtype.is_float()) || site == "output" || !first {
                continue;
            }
            let direction =
                |n: usize| (0..n).map(|i| ((i * 31 % 17) as f32 - 8.0) / 8.0).collect::<Vec<f32>>();
            // The loss with the site moved by `by` in that direction.
            let loss = |by: f32| {
                let saved = together(&model, std::slice::from_ref(&ids), |r| {
                    let x = read(r, 0, &site);
                    let shape = r.type_of(x).shape.clone();
                    let step: Vec<f32> = direction(shape.iter().product()).iter().map(|d| d * by).collect();
                    let step = constant(r, &shape, &step);
                    let moved = op(r, "add", &[x, step]);
                    r.write(0, Site::parse(&site).unwrap(), moved, None).unwrap();
                    let output = read(r, 0, "output");
                    r.save("output", output, None).unwrap();
                });
                let y = floats(saved.get("output").unwrap());
                y.iter().zip(&seed).map(|(y, s)| f64::from(*y) * f64::from(*s)).sum::<f64>()
            };
            let mut recorder = Recorder::new(model.spec().clone(), Limits::default());
            recorder.invoke(vec![Prompt::ids(ids.clone())], None).unwrap();
            let x = read(&mut recorder, 0, &site);
            let output = read(&mut recorder, 0, "output");
            let seed = constant(&mut recorder, &logits.0, &seed);
            let pass = recorder.backward(&[output], &[seed], false, None).unwrap();
            save_gradient(&mut recorder, pass, x, "x");
            let checked = check(recorder.finish(), model.spec(), &Limits::default()).unwrap();
            let gradient = match execute(&model, &checked, &Cancel::new()) {
                Ok(saved) => floats(saved.get("x").unwrap()),
                Err(e) => panic!("{name} {site}: {e}"),
            };
            let along: f64 = gradient
                .iter()
                .zip(direction(gradient.len()))
                .map(|(g, d)| f64::from(*g) * f64::from(d))
                .sum();
            let by = 2e-3;
            let difference = (loss(by) - loss(-by)) / (2.0 * f64::from(by));
            let size: f64 = gradient.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
            assert!(
                (along - difference).abs() < 2e-2 * along.abs().max(size) + 5e-3,
                "{name} {site}: {along} by the gradient, {difference} by a difference"
            );
            checked_sites += 1;
        }
        assert!(checked_sites > 15, "{name}: {checked_sites} sites");
    }
}

#[test]
fn gradients_can_be_changed_on_the_way() {
    let (model, golden) = (tiny("llama"), Golden::tiny("llama"));
    let ids = golden.ids("p0.input_ids");
    let gradients = |factor: f32| {
        let saved = together(&model, std::slice::from_ref(&ids), |r| {
            let early = read(r, 0, "model.layers.0.output");
            let late = read(r, 0, "model.layers.1.output");
            let pass = backward(r, 0, &golden, "p0");
            let arrives = r.gradient(pass, late, None).unwrap();
            r.save("late", arrives, None).unwrap();
            let shape = r.type_of(arrives).shape.clone();
            let by = constant(r, &shape, &vec![factor; shape.iter().product()]);
            let scaled = op(r, "mul", &[arrives, by]);
            let scaled = r.value(scaled, None).unwrap();
            r.set_gradient(pass, late, Arg::Value(scaled), None).unwrap();
            save_gradient(r, pass, early, "early");
        });
        ["late", "early"].map(|name| floats(saved.get(name).unwrap()))
    };
    let ([late, early], [late2, early2], [_, early0]) = (gradients(1.0), gradients(2.0), gradients(0.0));
    assert_eq!(late, late2);
    assert!(early.iter().zip(&early2).all(|(a, b)| 2.0 * a == *b));
    assert!(early0.iter().all(|g| *g == 0.0) && early.iter().any(|g| *g != 0.0));
}

#[test]
fn gradients_flow_through_writes_to_what_was_written() {
    let (model, golden) = (tiny("llama"), Golden::tiny("llama"));
    let ids = golden.ids("p0.input_ids");
    let saved = together(&model, std::slice::from_ref(&ids), |r| {
        let x = read(r, 0, "model.layers.0.output");
        let shape = r.type_of(x).shape.clone();
        let vector = constant(r, &shape[2..], &vec![0.5; shape[2]]);
        let steered = op(r, "add", &[x, vector]);
        r.write(0, Site::parse("model.layers.0.output").unwrap(), steered, None).unwrap();
        let pass = backward(r, 0, &golden, "p0");
        for (handle, name) in [(x, "x"), (vector, "vector"), (steered, "steered")] {
            save_gradient(r, pass, handle, name);
        }
    });
    let [x, vector, steered] = ["x", "vector", "steered"].map(|n| saved.get(n).unwrap());
    assert!(x.same_bits(steered));
    let d = vector.numel();
    let sums: Vec<f32> = (0..d).map(|j| floats(steered).iter().skip(j).step_by(d).sum()).collect();
    assert!(sums.iter().zip(floats(vector)).all(|(a, b)| (a - b).abs() < 1e-6));
}

#[test]
fn what_has_no_gradient_is_refused() {
    let model = tiny("llama");
    let mut r = Recorder::new(model.spec().clone(), Limits::default());
    r.invoke(vec![Prompt::ids(vec![1, 2, 3])], None).unwrap();
    let early = read(&mut r, 0, "model.layers.0.output");
    let late = read(&mut r, 0, "model.layers.1.output");
    let refuse = |e: pellucid_graph::Diagnostic, words: &str| assert!(e.to_string().contains(words), "{e}");
    refuse(r.backward(&[late], &[], false, None).unwrap_err(), "one element");
    let loss = op(&mut r, "sum", &[early]);
    let pass = r.backward(&[loss], &[], false, None).unwrap();
    refuse(r.gradient(pass, late, None).unwrap_err(), "does not depend");
    let ids = read(&mut r, 0, "model.embed_tokens.input");
    refuse(r.gradient(pass, ids, None).unwrap_err(), "not floating");
}
