//! Every tiny model against transformers: hidden states, attention patterns, every submodule's
//! output, logits, greedy continuations.

mod support;

use pellucid_engine::{Cancel, generate};
use support::{Golden, HIDDEN_ATOL, LOGITS_ATOL, TINY, assert_close, run, save, tiny, words};

#[test]
fn hidden_states_patterns_and_logits() {
    for name in TINY {
        let (model, golden) = (tiny(name), Golden::tiny(name));
        let (layers, attn) = (words(name).layers, words(name).attn);
        let n = model.n_layers();
        for prompt in ["p0", "p1"] {
            let ids = golden.ids(&format!("{prompt}.input_ids"));
            let saved = run(&model, &[vec![ids]], |r| {
                save(r, 0, &format!("{layers}.0.input"));
                for i in 0..n {
                    save(r, 0, &format!("{layers}.{i}.output"));
                    save(r, 0, &format!("{layers}.{i}.{attn}.pattern"));
                }
                save(r, 0, "output");
            });
            let check = |site: &str, key: String, atol| {
                let got = saved.get(&format!("0:{site}")).unwrap();
                assert_close(&format!("{name} {key}"), got, &golden.f32s(&key), atol);
            };
            check(&format!("{layers}.0.input"), format!("{prompt}.hidden.0"), HIDDEN_ATOL);
            for i in 0..n {
                check(&format!("{layers}.{i}.output"), format!("{prompt}.hidden.{}", i + 1), HIDDEN_ATOL);
                check(&format!("{layers}.{i}.{attn}.pattern"), format!("{prompt}.attn.{i}"), HIDDEN_ATOL);
            }
            check("output", format!("{prompt}.logits"), LOGITS_ATOL);
        }
    }
}

#[test]
fn every_submodule() {
    for name in TINY {
        let (model, golden) = (tiny(name), Golden::tiny(name));
        // Rotary tables are not a module here: what they do shows at `rot_q` and `rot_k`. An expert's
        // function is called once for all experts here, and once for each there.
        let other = |n: &String| n.ends_with("rotary_emb") || n.ends_with("experts.act_fn");
        let names = golden.names().into_iter().filter(|n| !other(n));
        let mut modules: Vec<String> =
            names.filter_map(|n| n.strip_prefix("p0.act.").map(str::to_owned)).collect();
        assert!(modules.len() > 20, "{name}: {}", modules.len());
        // As they run, so that the first which is off is the one at fault.
        let sites = &model.spec().sites;
        modules.sort_by_key(|m| sites.iter().position(|s| s.path == *m && s.point == "output"));
        let saved = run(&model, &[vec![golden.ids("p0.input_ids")]], |r| {
            for module in &modules {
                save(r, 0, &format!("{module}.output"));
            }
        });
        for module in &modules {
            let mut want = golden.f32s(&format!("p0.act.{module}"));
            if module.ends_with("wpe") {
                want.0[0] = 1;
            }
            // Where transformers drops the batch axis inside a layer, we keep it.
            if want.0.len() == 2 {
                want.0.insert(0, 1);
            }
            let got = saved.get(&format!("0:{module}.output")).unwrap();
            assert_close(&format!("{name} {module}"), got, &want, LOGITS_ATOL);
        }
    }
}

#[test]
fn prompts_of_different_lengths_in_one_pass() {
    for name in TINY {
        let (model, golden) = (tiny(name), Golden::tiny(name));
        let ids = ["p0", "p1"].map(|p| golden.ids(&format!("{p}.input_ids")));
        let saved = run(&model, &[vec![ids[0].clone()], vec![ids[1].clone()]], |r| {
            save(r, 0, "output");
            save(r, 1, "output");
        });
        for (i, prompt) in ["p0", "p1"].iter().enumerate() {
            let got = saved.get(&format!("{i}:output")).unwrap();
            let want = golden.f32s(&format!("{prompt}.logits"));
            assert_close(&format!("{name} {prompt}"), got, &want, LOGITS_ATOL);
        }
    }
}

#[test]
fn greedy_continuations() {
    for name in TINY {
        let (model, golden) = (tiny(name), Golden::tiny(name));
        let prompts = ["p0", "p1"].map(|p| golden.ids(&format!("{p}.input_ids"))).to_vec();
        let want = ["p0", "p1"].map(|p| golden.ids(&format!("{p}.generate"))).to_vec();
        let got = generate(&model, &prompts, want[0].len(), &Cancel::new()).unwrap();
        assert_eq!(got, want, "{name}");
        let alone = generate(&model, &prompts[1..], want[0].len(), &Cancel::new()).unwrap();
        assert_eq!(alone[0], want[1], "{name}, alone");
    }
}
