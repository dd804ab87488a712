//! Edited models: weights that an edit writes, effects that it has in every trace, and that nobody
//! else's model changes by it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use pellucid_engine::{Cancel, Model, Options, Precision, Saved, execute};
use pellucid_graph::{Limits, Trace, text};
use support::{all_sites, every, fixture, floats, open_as, real_model, run, save, tiny};

fn parsed(lines: &str) -> Trace {
    text::parse(&format!("pellucid 1\n{lines}"), "edit.trace", &Limits::default()).unwrap()
}

/// The model with an edit of these lines.
fn edited(model: &Model, lines: &str) -> Model {
    let trace = parsed(&format!("invoke 0 []\n{lines}"));
    model.edited(trace, &Limits::default(), &Cancel::new()).unwrap_or_else(|e| panic!("{e}\n{lines}"))
}

/// Runs a trace with the model's edits.
fn traced(model: &Model, lines: &str) -> Saved {
    let checked = model.check(parsed(lines), &Limits::default()).unwrap();
    execute(model, &checked, &Cancel::new()).unwrap()
}

const LOGITS: &str = "invoke 0 ids [5, 9, 2]\n%0 = read 0 output\nsave \"x\" %0";

fn logits(model: &Model) -> Vec<f32> {
    floats(traced(model, LOGITS).get("x").unwrap())
}

/// Every site of a prompt, as bytes.
fn everything(model: &Model) -> Vec<u8> {
    let sites = all_sites(model);
    let saved = run(model, &[vec![vec![5, 9, 2]]], |r| sites.iter().for_each(|site| save(r, 0, site)));
    saved.iter().flat_map(|(_, tensor)| tensor.as_bytes().to_vec()).collect()
}

#[test]
fn writing_back_what_was_read_changes_no_bit() {
    for name in every() {
        for dtype in [Precision::F32, Precision::Bf16] {
            let model = open_as(fixture("tiny").join(name), &Options { dtype, ..Options::default() });
            let own = model.spec().parameters.iter().filter(|p| p.same_as.is_none());
            let lines: String = own
                .enumerate()
                .map(|(i, p)| format!("%{i} = parameter {0}\nset {0} %{i}\n", p.path))
                .collect();
            let again = edited(&model, &lines);
            assert!(everything(&model) == everything(&again), "{name} {dtype:?}");
        }
    }
}

#[test]
fn an_edit_of_weights_is_an_effect_on_what_they_make() {
    // Twice the weights (and the bias) is twice the output, to the bit.
    for (name, module, names) in [
        ("llama", "model.layers.0.mlp.down_proj", &["weight"][..]),
        ("gpt2", "transformer.h.0.attn.c_proj", &["weight", "bias"]),
        ("gpt2", "transformer.wpe", &["weight"]),
        ("bert", "embeddings.token_type_embeddings", &["weight"]),
        ("llama", "model.layers.1.input_layernorm", &["weight"]),
        ("qwen3_moe", "model.layers.1.mlp.experts", &["down_proj"]),
    ] {
        let model = tiny(name);
        let lines: String = names
            .iter()
            .enumerate()
            .map(|(i, n)| {
                let (a, b) = (2 * i, 2 * i + 1);
                format!("%{a} = parameter {module}.{n}\n%{b} = mul %{a} 2\nset {module}.{n} %{b}\n")
            })
            .collect();
        let weights = edited(&model, &lines);
        let write = format!("%0 = read 0 {module}.output\n%1 = mul %0 2\nwrite 0 {module}.output %1");
        assert_eq!(logits(&weights), logits(&edited(&model, &write)), "{name} {module}");
        assert_ne!(logits(&weights), logits(&model), "{name} {module}");
    }
}

#[test]
fn tied_weights_are_written_under_both_names() {
    let model = tiny("gpt2");
    let halved =
        |name: &str| edited(&model, &format!("%0 = parameter {name}\n%1 = mul %0 0.5\nset {name} %1"));
    let (table, head) = (halved("transformer.wte.weight"), halved("lm_head.weight"));
    assert_eq!(everything(&table), everything(&head));
    let saved = traced(&table, "invoke 0 ids [7]\n%0 = read 0 transformer.wte.output\nsave \"x\" %0");
    let row = floats(&model.parameter("transformer.wte.weight").unwrap())[7 * 32..8 * 32].to_vec();
    let half: Vec<f32> = row.iter().map(|x| x * 0.5).collect();
    assert_eq!(floats(saved.get("x").unwrap()), half);
}

#[test]
fn the_model_that_an_edit_is_made_of_stays_as_it_is() {
    let model = tiny("mixtral");
    let before = everything(&model);
    let watching = std::thread::scope(|scope| {
        let thread = scope.spawn(|| (0..20).all(|_| everything(&model) == before));
        for layer in [0, 1] {
            let path = format!("model.layers.{layer}.mlp.experts.gate_up_proj");
            let zero = edited(&model, &format!("%0 = parameter {path}\n%1 = mul %0 0\nset {path} %1"));
            assert!(everything(&zero) != before);
            assert!(everything(&zero.without_edits()) == before);
        }
        thread.join().unwrap()
    });
    assert!(watching && everything(&model) == before);
}

#[test]
fn weights_of_every_way_of_holding_are_edited_alike() {
    let lines = "%0 = parameter model.layers.0.mlp.down_proj.weight
        %1 = constant f32[1] [0.5]
        %2 = mul %0 %1
        set model.layers.0.mlp.down_proj.weight %2
        %3 = parameter model.layers.1.mlp.gate_proj.weight
        %4 = set_index %3 [3] 0
        set model.layers.1.mlp.gate_proj.weight %4";
    let check = |path: std::path::PathBuf, options: Options, want: &[f32]| {
        let model = open_as(path, &options);
        assert_eq!(logits(&edited(&model, lines)), want, "{options:?}");
    };
    for name in ["llama", "llama_bf16_sharded"] {
        let path = || fixture("tiny").join(name);
        for dtype in [Precision::F32, Precision::F16] {
            let held = Options { dtype, ..Options::default() };
            let lines = lines.replace("constant f32", &format!("constant {}", dtype.dtype().name()));
            let want = logits(&edited(&open_as(path(), &held), &lines));
            let streamed = open_as(path(), &Options { stream: true, ..held });
            assert_eq!(logits(&edited(&streamed, &lines)), want, "{name}");
        }
    }
    if let Some(file) = real_model("SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf") {
        let want = logits(&edited(&open_as(file.clone(), &Options::default()), lines));
        check(file, Options { quantized: true, ..Options::default() }, &want);
    }
}

#[test]
fn edits_follow_each_other_and_traces_see_their_effects() {
    let model = tiny("llama");
    let site = "model.layers.0.output";
    let add = |n: i32| format!("%0 = read 0 {site}\n%1 = add %0 {n}\nwrite 0 {site} %1");
    let twice = format!("%0 = read 0 {site}\n%1 = mul %0 2\nwrite 0 {site} %1");
    let both = edited(&edited(&model, &add(1)), &twice);
    assert_eq!(both.edits().len(), 2);
    let reading =
        format!("invoke 0 ids [5, 9]\ninvoke 1 [ids [2], ids [3, 4, 4]]\n%0 = read 1 {site}\nsave \"x\" %0");
    let (plain, seen) = (traced(&model, &reading), traced(&both, &reading));
    let want: Vec<f32> = plain.get("x").unwrap().f32s().iter().map(|x| (x + 1.0) * 2.0).collect();
    // Cells before a prompt's start read as 0 and are ignored when written.
    let d = 32;
    assert_eq!(seen.get("x").unwrap().f32s()[2 * d..3 * d], want[2 * d..3 * d]);
    assert_eq!(seen.get("x").unwrap().f32s()[3 * d..], want[3 * d..]);
    assert_eq!(logits(&both.without_edits()), logits(&model));
}

#[test]
fn effects_have_what_was_computed_once_and_weights_of_the_edited_model() {
    let model = tiny("llama");
    let path = "model.layers.1.mlp.down_proj.weight";
    let own = edited(
        &model,
        &format!(
            "%0 = parameter {path}
            %1 = mul %0 3
            set {path} %1
            %2 = read 0 model.layers.1.mlp.down_proj.input
            %3 = linear %2 %0
            write 0 model.layers.1.mlp.output %3"
        ),
    );
    // The old weights make the output, so that nothing changes but rounding.
    let worst = logits(&own).iter().zip(logits(&model)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-5, "{worst}");
    let used = own.edits()[0].effects().unwrap();
    assert!(text::print(used).contains("constant f32[32, "), "{}", text::print(used));
}

#[test]
fn an_edit_that_cannot_be_leaves_an_error_and_no_model() {
    let model = tiny("llama");
    let fails = |lines: &str| {
        let trace = parsed(&format!("invoke 0 []\n{lines}"));
        model.edited(trace, &Limits::default(), &Cancel::new()).err().unwrap().code()
    };
    assert_eq!(fails("%0 = parameter model.layers.0.mlp.weight"), "unknown-parameter");
    assert_eq!(fails("%0 = parameter model.norm.weight\nset lm_head.weight %0"), "shape-mismatch");
    let meta = open_as(fixture("tiny/llama/config.json"), &Options::default());
    let trace = parsed("invoke 0 []\n%0 = parameter model.norm.weight\nset model.norm.weight %0");
    let found = meta.edited(trace, &Limits::default(), &Cancel::new()).err().unwrap();
    assert_eq!(found.code(), "no-weights");
}
