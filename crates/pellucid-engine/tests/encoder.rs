//! Encoders against transformers: every submodule, patterns, embeddings; and what they do not do.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use expect_test::expect;
use pellucid_engine::{Cancel, Error, Pooled, Pooling, Tensor, embed, execute, generate};
use pellucid_graph::{Limits, check, text};
use support::{ENCODERS, Golden, HIDDEN_ATOL, assert_close, run, save, tiny};

const PROMPTS: [&str; 2] = ["p0", "p1"];
const MEAN: Pooling = Pooling { of: Pooled::Mean, normalize: false };

#[test]
fn hidden_states_and_patterns() {
    for name in ENCODERS {
        let (model, golden) = (tiny(name), Golden::tiny(name));
        for prompt in PROMPTS {
            let saved = run(&model, &[vec![golden.ids(&format!("{prompt}.input_ids"))]], |r| {
                save(r, 0, "encoder.layer.0.input");
                for i in 0..model.n_layers() {
                    save(r, 0, &format!("encoder.layer.{i}.output"));
                    save(r, 0, &format!("encoder.layer.{i}.attention.self.pattern"));
                }
            });
            let check = |site: &str, key: &str| {
                let key = format!("{prompt}.{key}");
                let got = saved.get(&format!("0:{site}")).unwrap();
                assert_close(&format!("{name} {key}"), got, &golden.f32s(&key), HIDDEN_ATOL);
            };
            check("encoder.layer.0.input", "hidden.0");
            for i in 0..model.n_layers() {
                check(&format!("encoder.layer.{i}.output"), &format!("hidden.{}", i + 1));
                check(&format!("encoder.layer.{i}.attention.self.pattern"), &format!("attn.{i}"));
            }
        }
    }
}

#[test]
fn every_submodule() {
    for name in ENCODERS {
        let (model, golden) = (tiny(name), Golden::tiny(name));
        let names = golden.names();
        let modules: Vec<&str> = names.iter().filter_map(|n| n.strip_prefix("p0.act.")).collect();
        assert!(modules.len() > 30, "{name}: {}", modules.len());
        let saved = run(&model, &[vec![golden.ids("p0.input_ids")]], |r| {
            modules.iter().for_each(|module| save(r, 0, &format!("{module}.output")));
        });
        for module in modules {
            let got = saved.get(&format!("0:{module}.output")).unwrap();
            let want = golden.f32s(&format!("p0.act.{module}"));
            assert_close(&format!("{name} {module}"), got, &want, HIDDEN_ATOL);
        }
    }
}

#[test]
fn embeddings_are_means_alone_and_among_others() {
    for name in ENCODERS {
        let (model, golden) = (tiny(name), Golden::tiny(name));
        let ids = PROMPTS.map(|p| golden.ids(&format!("{p}.input_ids"))).to_vec();
        let both = embed(&model, &ids, MEAN, &Cancel::new()).unwrap();
        assert_close(name, &both, &golden.f32s("batch.mean"), HIDDEN_ATOL);
        for (i, prompt) in PROMPTS.iter().enumerate() {
            let alone = embed(&model, &ids[i..=i], MEAN, &Cancel::new()).unwrap();
            assert_close(name, &alone, &golden.f32s(&format!("{prompt}.mean")), HIDDEN_ATOL);
            assert!(alone.same_bits(&both.rows(i, 1).compact()), "{name} {prompt}: bits differ");
        }
    }
}

#[test]
fn other_poolings_are_of_the_same_states() {
    for name in ENCODERS {
        let (model, golden) = (tiny(name), Golden::tiny(name));
        let ids = PROMPTS.map(|p| golden.ids(&format!("{p}.input_ids"))).to_vec();
        let first = embed(&model, &ids, Pooling { of: Pooled::First, ..MEAN }, &Cancel::new()).unwrap();
        for (i, prompt) in PROMPTS.iter().enumerate() {
            let (shape, states) = golden.f32s(&format!("{prompt}.hidden.{}", model.n_layers()));
            let want = (vec![1, shape[2]], states[..shape[2]].to_vec());
            assert_close(&format!("{name} {prompt}"), &first.rows(i, 1), &want, HIDDEN_ATOL);
        }
        let unit = embed(&model, &ids, Pooling { normalize: true, ..MEAN }, &Cancel::new()).unwrap();
        let want = golden.f32s("batch.mean");
        for (got, want) in unit.f32s().chunks_exact(want.0[1]).zip(want.1.chunks_exact(want.0[1])) {
            let length = want.iter().map(|x| x * x).sum::<f32>().sqrt();
            let off = got.iter().zip(want).map(|(a, b)| (a * length - b).abs()).fold(0.0, f32::max);
            assert!(off <= HIDDEN_ATOL, "{name}: off by {off}");
        }
    }
}

#[test]
fn more_prompts_than_one_pass_holds() {
    let model = tiny("bert");
    let prompts: Vec<Vec<u32>> = (0..400).map(|i| vec![i % 7 + 1; 50 + i as usize % 70]).collect();
    assert!(prompts.iter().map(Vec::len).sum::<usize>() > 2 * 16_384);
    let all = embed(&model, &prompts, MEAN, &Cancel::new()).unwrap();
    assert_eq!(all.shape(), [400, 32]);
    for i in [0, 180, 399] {
        let alone = embed(&model, &prompts[i..=i], MEAN, &Cancel::new()).unwrap();
        assert!(alone.same_bits(&all.rows(i, 1).compact()), "prompt {i}");
    }
    assert_eq!(embed(&model, &[], MEAN, &Cancel::new()).unwrap().shape(), [0, 32]);
}

fn try_run(name: &str, lines: &str) -> Result<Tensor, Error> {
    let (model, limits) = (tiny(name), Limits::default());
    let ids = format!("ids {:?}", Golden::tiny(name).ids("p1.input_ids"));
    let trace = text::parse(&format!("pellucid 2\n{}", lines.replace("P1", &ids)), "run.trace", &limits)?;
    let saved = execute(&model, &check(trace, model.spec(), &limits)?, &Cancel::new())?;
    Ok(saved.get("it").unwrap().clone())
}

#[test]
fn a_write_agrees_with_transformers() {
    let lines = "invoke 0 P1
                 %0 = read 0 encoder.layer.0.attention.self.output
                 %1 = mul %0 0.0
                 write 0 encoder.layer.0.attention.self.output %1
                 %2 = read 0 output
                 save \"it\" %2";
    for name in ENCODERS {
        let want = Golden::tiny(name).f32s("masked.hidden");
        assert_close(name, &try_run(name, lines).unwrap(), &want, HIDDEN_ATOL);
    }
}

#[test]
fn a_module_that_needs_the_residual_stream_is_not_applied_alone() {
    let lines = "invoke 0 P1
                 %0 = read 0 encoder.layer.0.attention.self.output
                 %1 = apply encoder.layer.0.attention.output %0
                 save \"it\" %1";
    expect![[r#"
        `encoder.layer.0.attention.output` adds to the residual stream, and is applied without one [bad-argument]
          --> run.trace:4
          help: apply the module around it, or its `dense` and `LayerNorm`"#]].assert_eq(&try_run("bert", lines).unwrap_err().to_string());
}

#[test]
fn an_encoder_does_not_continue_and_a_decoder_does_not_embed() {
    let prompts = [vec![1, 2]];
    expect!["`bert` is an encoder, which does not continue prompts [bad-argument]"]
        .assert_eq(&generate(&tiny("bert"), &prompts, 1, &Cancel::new()).unwrap_err().to_string());
    expect!["`llama` gives logits; embeddings come from an encoder [bad-argument]"]
        .assert_eq(&embed(&tiny("llama"), &prompts, MEAN, &Cancel::new()).unwrap_err().to_string());
}
