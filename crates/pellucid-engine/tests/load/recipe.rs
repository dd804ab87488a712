//! A recipe of `tests/fixtures/make_gguf.py`: what llama.cpp's converter made of a folder, made again.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::gguf::{interleaved, with_tiny_vocabulary};
use super::writer::Gguf;
use super::{fixtures, open};

/// One tensor of a recipe.
pub(crate) struct Tensor {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) numbers: Vec<f32>,
    hash: String,
}

/// A recipe and the tensors of its folder.
pub(crate) struct Recipe {
    pub(crate) value: Value,
    pub(crate) sources: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

impl Recipe {
    pub(crate) fn of(name: &str) -> Recipe {
        let value: Value = read(&fixtures().join("gguf").join(format!("{name}.json")));
        let folder = open(&fixtures().join(value["weights"].as_str().expect("a folder"))).expect(name);
        let source = |name: &str| {
            let data = folder.weights.get(name).expect(name);
            (name.to_owned(), (data.raw().shape.clone(), data.raw().to_f32().into_owned()))
        };
        // A pooler is left alone by models and the converter alike.
        let sources = folder.weights.names().filter(|name| !name.starts_with("pooler")).map(source).collect();
        Recipe { value, sources }
    }

    /// The folder's configuration, or the one that the converter was given.
    pub(crate) fn config(&self, lost: &Value) -> Value {
        let mut config: Value = read(&fixtures().join(self.value["config"].as_str().expect("a file")));
        for change in [&self.value["change"], lost] {
            for (key, value) in change.as_object().expect("an object") {
                config[key] = value.clone();
            }
        }
        config
    }

    fn tensors(&self) -> Vec<Tensor> {
        let rows = self.value["tensors"].as_array().expect("tensors");
        rows.iter().map(|row| self.tensor(row)).collect()
    }

    fn tensor(&self, row: &Value) -> Tensor {
        let text = |key: &str| row[key].as_str().expect(key).to_owned();
        let numbers = |key: &str| row[key].as_array().expect(key).clone();
        let (how, n) = (text("how"), |how: &str| how.rsplit(' ').next().expect("a word").parse().expect("n"));
        let one = || &self.sources[&text("from")];
        let numbers = match how.as_str() {
            "values" => numbers("values").iter().map(|n| n.as_f64().expect("a number") as f32).collect(),
            "stack" => {
                let names = numbers("from");
                names.iter().flat_map(|n| self.sources[n.as_str().expect("a name")].1.clone()).collect()
            }
            "as-is" => one().1.clone(),
            "plus-one" => one().1.iter().map(|w| w + 1.0).collect(),
            "transposed" => transposed(&one().0, &one().1),
            heads if heads.starts_with("heads ") => interleaved(&one().1, n(heads), width(&one().0)),
            qkv => by_kind(&one().1, n(qkv), width(&one().0)),
        };
        let shape = row["shape"].as_array().expect("a shape").iter();
        let shape = shape.map(|n| n.as_u64().expect("a size") as usize).collect();
        Tensor { name: text("name"), shape, numbers, hash: text("fnv") }
    }

    /// The file, with tensors as `stored` gives them: a block type and bytes.
    pub(crate) fn written(&self, stored: impl Fn(&Tensor) -> (u32, Vec<u8>)) -> Gguf {
        let mut gguf = Gguf::default();
        for (key, typed) in self.value["metadata"].as_object().expect("metadata") {
            let value = &typed[1];
            gguf = match typed[0].as_str().expect("a type") {
                "uint32" => gguf.u32(key, value.as_u64().expect(key) as u32),
                "float32" => gguf.f32(key, value.as_f64().expect(key) as f32),
                "bool" => gguf.flag(key, value.as_bool().expect(key)),
                "string" => gguf.text(key, value.as_str().expect(key)),
                other => panic!("{key} has the type {other}"),
            };
        }
        for tensor in self.tensors() {
            let (kind, bytes) = stored(&tensor);
            gguf = gguf.tensor(&tensor.name, &tensor.shape, kind, &bytes);
        }
        with_tiny_vocabulary(gguf)
    }
}

fn read(path: &Path) -> Value {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).expect("JSON")
}

fn width(shape: &[usize]) -> usize {
    shape[1..].iter().product()
}

pub(crate) fn transposed(shape: &[usize], numbers: &[f32]) -> Vec<f32> {
    let (rows, columns) = (shape[0], shape[1]);
    (0..columns).flat_map(|c| (0..rows).map(move |r| numbers[r * columns + c])).collect()
}

/// Queries, keys and values of each head to all queries, all keys, all values.
fn by_kind(numbers: &[f32], n_heads: usize, width: usize) -> Vec<f32> {
    let part = numbers.len() / n_heads / 3;
    assert_eq!(part % width, 0);
    let at = |kind: usize, head: usize| &numbers[(head * 3 + kind) * part..][..part];
    (0..3).flat_map(|kind| (0..n_heads).flat_map(move |head| at(kind, head))).copied().collect()
}

pub(crate) fn f32s(tensor: &[f32]) -> Vec<u8> {
    tensor.iter().flat_map(|n| n.to_le_bytes()).collect()
}

/// A tensor as the converter wrote it, which its hash says.
pub(crate) fn plain(tensor: &Tensor) -> (u32, Vec<u8>) {
    let bytes = f32s(&tensor.numbers);
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, step);
    assert_eq!(format!("{hash:016x}"), tensor.hash, "{}", tensor.name);
    (0, bytes)
}
