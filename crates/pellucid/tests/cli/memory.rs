//! A model larger than the memory that the process may take.

use std::process::Command;

use safetensors::{Dtype, View};

use crate::{Desk, ran};

/// Widths of a Llama of 406 MB in 4 layers: what one tensor takes is a small part of it.
const D: usize = 1024;
const F: usize = 4096;
const V: usize = 8192;
const L: usize = 4;
/// Address space that the process may have, in kilobytes, which is what `ulimit -v` takes.
const LIMIT: usize = 320_000;

/// A tensor whose numbers are cut from one block that all tensors share.
struct Part<'a> {
    shape: Vec<usize>,
    block: &'a [u8],
}

impl View for Part<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> std::borrow::Cow<'_, [u8]> {
        self.block[..self.data_len()].into()
    }
    fn data_len(&self) -> usize {
        4 * self.shape.iter().product::<usize>()
    }
}

/// Numbers between -0.05 and 0.05 from a linear congruential generator.
fn block() -> Vec<u8> {
    let mut state = 1u32;
    let numbers = (0..V * D + L * 64).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 8) as f32 / (1 << 24) as f32 - 0.5) / 10.0
    });
    numbers.flat_map(f32::to_le_bytes).collect()
}

fn write_model(desk: &Desk) -> u64 {
    let config = format!(
        r#"{{"model_type": "llama", "hidden_size": {D}, "intermediate_size": {F}, "vocab_size": {V},
            "num_hidden_layers": {L}, "num_attention_heads": 16, "num_key_value_heads": 16,
            "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "hidden_act": "silu"}}"#
    );
    std::fs::create_dir(desk.path("large")).unwrap();
    desk.write("large/config.json", config);
    let block = block();
    let mut tensors: Vec<(String, Part<'_>)> = Vec::new();
    let mut add = |name: String, shape: &[usize]| {
        let block = &block[tensors.len() % 64 * 4..];
        tensors.push((name, Part { shape: shape.to_vec(), block }));
    };
    add("model.embed_tokens.weight".to_owned(), &[V, D]);
    add("model.norm.weight".to_owned(), &[D]);
    add("lm_head.weight".to_owned(), &[V, D]);
    for i in 0..L {
        let mut of_layer =
            |name: &str, shape: &[usize]| add(format!("model.layers.{i}.{name}.weight"), shape);
        for name in ["q_proj", "k_proj", "v_proj", "o_proj"] {
            of_layer(&format!("self_attn.{name}"), &[D, D]);
        }
        for (name, shape) in [("gate_proj", [F, D]), ("up_proj", [F, D]), ("down_proj", [D, F])] {
            of_layer(&format!("mlp.{name}"), &shape);
        }
        for name in ["input_layernorm", "post_attention_layernorm"] {
            of_layer(name, &[D]);
        }
    }
    let file = desk.path("large/model.safetensors");
    safetensors::serialize_to_file(tensors, None, &file).unwrap();
    std::fs::metadata(&file).unwrap().len()
}

/// The number before a unit in a line like `peak memory: 12 MB`.
fn megabytes(stats: &str, of: &str) -> u64 {
    let (_, after) = stats.split_once(of).unwrap_or_else(|| panic!("no `{of}` in {stats}"));
    after.trim_start_matches(": ").split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_model_larger_than_memory_runs_by_streaming() {
    let desk = Desk::new();
    let size = write_model(&desk);
    assert!(size > 1000 * LIMIT as u64, "{size}");
    let ids = "[5, 700, 31, 8000, 2]";
    desk.write(
        "run.trace",
        format!("pellucid 2\ninvoke 0 ids {ids}\n%0 = read 0 lm_head.output\nsave \"logits\" %0\n"),
    );
    let resident = desk.run("run run.trace --model large --json --memory-budget 1TB");
    assert_eq!(resident.code, Some(0), "{}", resident.stderr);
    let pellucid = env!("CARGO_BIN_EXE_pellucid");
    let line = format!("ulimit -v {LIMIT}; exec {pellucid} run run.trace --model large --json --stats");
    let mut limited = Command::new("sh");
    let limited = ran(limited.args(["-c", &line]).current_dir(desk.path("")), &desk.path(""));
    assert_eq!(limited.code, Some(0), "{}", limited.stderr);
    assert!(limited.stdout == resident.stdout, "streamed weights give other bits");
    let (weights, peak) =
        (megabytes(&limited.stderr, "weights in memory"), megabytes(&limited.stderr, "peak memory"));
    assert!(weights < LIMIT as u64 / 1000 && peak < LIMIT as u64 / 1000, "{}", limited.stderr);
}
