//! How weights are held changes no bit: packed, streamed from their file, some of each, quantized.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use pellucid_engine::arch::ARCHITECTURES;
use pellucid_engine::{
    Cancel, Error, Model, Options, Pooling, Precision, Source, embed, find_model, generate,
};
use support::{all_sites, every, fixture, open, open_as, real_model, run, save, tiny};

const PROMPTS: [&[u32]; 3] = [&[5, 9, 2, 7, 201, 4], &[11], &[3, 3, 8, 250]];

/// Every site of three prompts in one pass, as bytes.
fn everything(model: &Model) -> Vec<u8> {
    let prompts: Vec<_> = PROMPTS.iter().map(|ids| vec![ids.to_vec()]).collect();
    let sites = all_sites(model);
    let saved = run(model, &prompts, |r| {
        (0..prompts.len()).for_each(|i| sites.iter().for_each(|site| save(r, i, site)));
    });
    saved.iter().flat_map(|(_, tensor)| tensor.as_bytes().to_vec()).collect()
}

#[test]
fn streamed_weights_give_the_same_bits() {
    for name in every() {
        for dtype in [Precision::F32, Precision::Bf16] {
            let held = Options { dtype, ..Options::default() };
            let path = || fixture("tiny").join(name);
            let resident = open_as(path(), &held);
            let want = everything(&resident);
            let bytes = resident.weight_bytes();
            let streamed = open_as(path(), &Options { stream: true, ..held });
            assert!(streamed.weight_bytes() < bytes / 5, "{name}: only norms and biases stay");
            assert!(everything(&streamed) == want, "{name} {dtype:?}");
            // Half of it fits: the first layers are held, the others streamed.
            let half = open_as(path(), &Options { memory_budget: Some(bytes / 2), ..held });
            assert!((bytes / 5..=bytes * 2 / 3).contains(&half.weight_bytes()), "{name}");
            assert!(everything(&half) == want, "{name} {dtype:?}");
        }
    }
}

#[test]
fn a_streamed_model_continues_texts_alike() {
    let (resident, streamed) =
        (tiny("llama"), open_as(fixture("tiny/llama"), &Options { stream: true, ..Options::default() }));
    let prompts: Vec<_> = PROMPTS.iter().map(|ids| ids.to_vec()).collect();
    let continued = |model: &Model| generate(model, &prompts, 8, &Cancel::new()).unwrap();
    assert_eq!(continued(&resident), continued(&streamed));
}

#[test]
fn quantized_weights_give_the_same_bits_wherever_they_lie() {
    let logits = |model: &Model| {
        let prompts: Vec<_> = PROMPTS.iter().map(|ids| vec![ids.to_vec()]).collect();
        let saved = run(model, &prompts, |r| (0..PROMPTS.len()).for_each(|i| save(r, i, "output")));
        saved.iter().flat_map(|(_, tensor)| tensor.as_bytes().to_vec()).collect::<Vec<u8>>()
    };
    for (file, dtype) in [
        ("SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf", Precision::F32),
        ("SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf", Precision::Bf16),
        ("gemma-3-270m/gemma-3-270m-q4_k_m.gguf", Precision::F32),
    ] {
        let Some(path) = real_model(file) else { return };
        let held = Options { dtype, ..Options::default() };
        let resident = open_as(path.clone(), &held);
        let want = logits(&resident);
        let quantized = open_as(path.clone(), &Options { quantized: true, ..held });
        let in_file = std::fs::metadata(&path).unwrap().len();
        match dtype {
            // Codes: about the size of the file, and nothing left to gain.
            Precision::F32 => {
                assert!(resident.weight_bytes() < in_file * 5 / 4, "{file}");
                assert_eq!(quantized.weight_bytes(), resident.weight_bytes(), "{file}");
            }
            _ => assert!(quantized.weight_bytes() < resident.weight_bytes() / 2, "{file}"),
        }
        assert!(logits(&quantized) == want, "{file} {dtype:?}: quantized");
        let streamed = Options { quantized: true, stream: true, ..held };
        assert!(logits(&open_as(path, &streamed)) == want, "{file} {dtype:?}: streamed");
    }
}

#[test]
fn a_configuration_alone_is_enough_to_record_and_not_to_run() {
    for name in every() {
        let (whole, meta) = (tiny(name), open(fixture("tiny").join(name).join("config.json")));
        assert_eq!(meta.spec().name, name);
        let sites = |model: &Model| format!("{:?}", model.spec().sites);
        assert_eq!(sites(&meta), sites(&whole));
        let modules = |model: &Model| format!("{:?}", model.spec().modules);
        assert_eq!(modules(&meta), modules(&whole));
        let refused = generate_or_embed(&meta).unwrap_err();
        assert_eq!(refused.code(), "no-weights", "{refused}");
    }
}

fn generate_or_embed(model: &Model) -> Result<(), Error> {
    let prompts = [vec![1, 2, 3]];
    match model.is_causal() {
        true => generate(model, &prompts, 1, &Cancel::new()).map(drop),
        false => embed(model, &prompts, Pooling::default(), &Cancel::new()).map(drop),
    }
}

#[test]
fn every_architecture_comes_tiny_and_random() {
    for architecture in ARCHITECTURES {
        let made = |seed: &str| {
            let source = find_model(&format!("tiny:{}{seed}", architecture.model_type)).unwrap();
            Model::open(source, &Options::default(), &mut |_| {}).unwrap()
        };
        let (model, same, other) = (made(""), made(":0"), made(":7"));
        assert_eq!(model.spec().name, format!("tiny:{}", architecture.model_type));
        let text = "h\u{e9}llo\n\0";
        let ids = model.tokenizer().encode(text, true).unwrap();
        assert_eq!(ids, text.bytes().map(u32::from).collect::<Vec<_>>());
        assert_eq!(model.tokenizer().decode(&ids, true).unwrap(), text);
        let want = everything(&model);
        assert!(want == everything(&same), "{}", architecture.model_type);
        assert!(want != everything(&other), "{}", architecture.model_type);
        let streamed = Model::open(
            Source::Tiny { model_type: architecture.model_type.to_owned(), seed: 0 },
            &Options { stream: true, ..Options::default() },
            &mut |_| {},
        );
        assert!(want == everything(&streamed.unwrap()), "{}", architecture.model_type);
    }
    let unknown =
        Model::open(find_model("tiny:lama").unwrap(), &Options::default(), &mut |_| {}).err().unwrap();
    assert_eq!(unknown.code(), "unknown-model-type");
}

#[test]
fn opening_reads_no_weights_and_loading_reads_all() {
    let model = tiny("llama");
    let mut seen = Vec::new();
    model.load(&mut |progress| seen.push(format!("{progress:?}"))).unwrap();
    assert_eq!(seen.len(), 21);
    assert_eq!(seen.last().unwrap(), "Parameters { done: 20, total: 21 }");
    let meta = open(fixture("tiny/llama/config.json"));
    assert_eq!(meta.load(&mut |_| {}).unwrap_err().code(), "no-weights");
}
