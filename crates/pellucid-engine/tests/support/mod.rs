//! What the engine's tests share: the tiny models, their golden tensors, and short ways to run a trace.
#![allow(dead_code, reason = "each test file is a crate of its own and uses a part of this")]
#![allow(clippy::unwrap_used, reason = "a test support that fails is a failed test")]

mod words;

use std::io::Write as _;
use std::path::PathBuf;

use pellucid_engine::{Cancel, Model, Options, Saved, Tensor, execute};
#[allow(unused_imports, reason = "each test file uses a part of this")]
pub use words::{Words, has_experts, words};

use pellucid_graph::{Arg, DType, Handle, Limits, Op, Point, Prompt, Recorder, Site, check};

/// Largest difference of two implementations in f32, ours and transformers', each about 1e-5 from
/// the f64 result on these models: logits, then hidden states and patterns.
pub const LOGITS_ATOL: f32 = 1e-4;
pub const HIDDEN_ATOL: f32 = 5e-5;

/// The tiny decoders, at least one of each architecture.
pub const TINY: &[&str] = &[
    "gpt2",
    "gpt_neo",
    "gpt_neox",
    "gpt_neox_seq",
    "gptj",
    "opt",
    "llama",
    "llama_tied_rope3",
    "llama_bf16_sharded",
    "mistral",
    "qwen2",
    "qwen3",
    "gemma2",
    "gemma3_text",
    "olmo2",
    "phi3",
    "starcoder2",
    "starcoder2_plain",
    "mixtral",
    "qwen3_moe",
];

/// The tiny encoders.
pub const ENCODERS: &[&str] = &["bert"];

/// Every tiny model.
pub fn every() -> impl Iterator<Item = &'static str> {
    TINY.iter().chain(ENCODERS).copied()
}

pub fn fixture(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(path)
}

pub fn open(path: PathBuf) -> Model {
    open_as(path, &Options::default())
}

pub fn open_as(path: PathBuf, options: &Options) -> Model {
    match Model::open(&path, options, &mut |_| {}) {
        Ok(model) => model,
        Err(e) => panic!("{}: {e}", path.display()),
    }
}

pub fn tiny(name: &str) -> Model {
    open(fixture("tiny").join(name))
}

/// Golden tensors of a model, by name.
pub struct Golden(Vec<u8>);

impl Golden {
    pub fn of(file: PathBuf) -> Golden {
        Golden(std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display())))
    }

    pub fn tiny(name: &str) -> Golden {
        Golden::of(fixture("tiny").join(name).join("golden.safetensors"))
    }

    fn file(&self) -> safetensors::SafeTensors<'_> {
        safetensors::SafeTensors::deserialize(&self.0).unwrap()
    }

    pub fn names(&self) -> Vec<String> {
        self.file().names().into_iter().map(str::to_owned).collect()
    }

    pub fn f32s(&self, name: &str) -> (Vec<usize>, Vec<f32>) {
        let file = self.file();
        let view = file.tensor(name).unwrap_or_else(|e| panic!("{name}: {e}"));
        let floats = view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
        (view.shape().to_vec(), floats.collect())
    }

    pub fn ids(&self, name: &str) -> Vec<u32> {
        let file = self.file();
        let view = file.tensor(name).unwrap();
        view.data().chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().unwrap()) as u32).collect()
    }
}

/// Runs a trace that `record` writes over these prompts, one invoke each.
pub fn run(model: &Model, prompts: &[Vec<Vec<u32>>], record: impl FnOnce(&mut Recorder)) -> Saved {
    let mut recorder = Recorder::new(model.spec().clone(), Limits::default());
    for rows in prompts {
        recorder.invoke(rows.iter().map(|ids| Prompt::ids(ids.clone())).collect(), None).unwrap();
    }
    record(&mut recorder);
    let checked = check(recorder.finish(), model.spec(), &Limits::default()).unwrap();
    execute(model, &checked, &Cancel::new()).unwrap()
}

/// Saves a site of an invoke under its own name.
pub fn save(recorder: &mut Recorder, invoke: usize, site: &str) {
    let handle = recorder.read(invoke, Site::parse(site).unwrap(), None).unwrap();
    recorder.save(&format!("{invoke}:{site}"), handle, None).unwrap();
}

/// A copy of a value, so that writing it back is a write.
pub fn copy(recorder: &mut Recorder, handle: Handle) -> Handle {
    let value = recorder.value(handle, None).unwrap();
    let made = recorder.op(Op::find("clone").unwrap(), vec![Arg::Value(value)], Some(handle), None).unwrap();
    made[0]
}

/// Every site of the model as the text form names it.
pub fn all_sites(model: &Model) -> Vec<String> {
    let name = |path: &str, point: &str| Site::new(path, Point::parse(point)).to_string();
    model.spec().sites.iter().map(|s| name(&s.path, &s.point)).collect()
}

/// The numbers of a float tensor, whatever its dtype.
pub fn floats(x: &Tensor) -> Vec<f32> {
    let halves = x.as_bytes().chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]]));
    match x.dtype() {
        DType::Bf16 => halves.map(|bits| half::bf16::from_bits(bits).to_f32()).collect(),
        DType::F16 => halves.map(|bits| half::f16::from_bits(bits).to_f32()).collect(),
        _ => x.f32s().to_vec(),
    }
}

#[track_caller]
pub fn assert_close(what: &str, got: &Tensor, want: &(Vec<usize>, Vec<f32>), atol: f32) {
    assert_eq!(got.shape(), want.0, "{what}");
    let worst = got.f32s().iter().zip(&want.1).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= atol, "{what}: off by {worst}, at most {atol} allowed");
}

/// A file of the real models that `make models-all` fetches, in the folder that `PELLUCID_MODELS`
/// names. Without the variable tests of real models say so and pass, unless
/// `PELLUCID_REQUIRE_MODELS=1`, which `make test` sets.
pub fn real_model(file: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("PELLUCID_MODELS") else {
        let required = std::env::var_os("PELLUCID_REQUIRE_MODELS").is_some_and(|v| v == "1");
        assert!(!required, "PELLUCID_REQUIRE_MODELS is 1, but PELLUCID_MODELS is not set");
        // Not `eprintln!`, whose words are kept back while a test passes.
        let mut stderr = std::io::stderr();
        writeln!(stderr, "\n*** NOT TESTED: {file}; `make test` fetches it, or set PELLUCID_MODELS ***")
            .unwrap();
        return None;
    };
    let path = PathBuf::from(folder).join(file);
    assert!(path.is_file(), "{} is missing; `make models-all` fetches it", path.display());
    Some(path)
}
