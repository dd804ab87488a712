//! Every architecture of the table: has a model with golden tensors, reads both spellings of its
//! configuration, and takes exactly the tensors that are its own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use expect_test::expect;
use pellucid_engine::arch::ARCHITECTURES;
use pellucid_engine::{Error, Model, Options};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use support::{Golden, every, fixture, run, save, tiny};

#[test]
fn every_architecture_has_golden_tensors() {
    let of = |name: &str| tiny(name).spec().model_type.clone();
    let tested: BTreeSet<String> = every().map(of).collect();
    let known: BTreeSet<String> = ARCHITECTURES.iter().map(|a| a.model_type.to_owned()).collect();
    assert_eq!(tested, known, "tiny models, and architectures");
    for name in every() {
        assert!(Golden::tiny(name).names().len() > 50, "{name}");
    }
}

#[test]
fn every_folder_of_tiny_models_is_tested() {
    let folders = std::fs::read_dir(fixture("tiny")).unwrap();
    let found: BTreeSet<String> =
        folders.map(|f| f.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(found, every().map(str::to_owned).collect());
}

#[test]
fn the_table_is_sorted_and_has_no_twins() {
    assert!(ARCHITECTURES.windows(2).all(|pair| pair[0].model_type < pair[1].model_type));
}

/// A model of other parts than the folder's: its configuration, and what becomes of its tensors.
fn changed(
    folder: &Path,
    config: &str,
    change: impl FnOnce(&mut BTreeMap<String, TensorView<'_>>),
) -> Result<Model, Error> {
    let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors = file.names().into_iter().map(|n| (n.to_owned(), file.tensor(n).unwrap())).collect();
    change(&mut tensors);
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(folder.join(config), copy.path().join("config.json")).unwrap();
    let bytes = safetensors::serialize(tensors, None).unwrap();
    std::fs::write(copy.path().join("model.safetensors"), bytes).unwrap();
    Model::open(copy.path(), &Options::default(), &mut |_| {})
}

fn single_files() -> impl Iterator<Item = &'static str> {
    every().filter(|name| fixture("tiny").join(name).join("model.safetensors").is_file())
}

fn output(model: &Model, ids: &[u32]) -> Vec<u8> {
    let saved = run(model, &[vec![ids.to_vec()]], |r| save(r, 0, "output"));
    saved.get("0:output").unwrap().as_bytes().to_vec()
}

#[test]
fn both_spellings_of_a_configuration_are_the_same_model() {
    for name in single_files() {
        let ids = Golden::tiny(name).ids("p1.input_ids");
        let v5 = changed(&fixture("tiny").join(name), "config_v5.json", |_| {}).unwrap();
        assert!(output(&v5, &ids) == output(&tiny(name), &ids), "{name}");
    }
}

/// Files saved from the body of a model lack the first word of all names, and the head.
#[test]
fn names_may_lack_their_first_word() {
    for name in single_files() {
        let ids = Golden::tiny(name).ids("p0.input_ids");
        let model = tiny(name);
        let base = ARCHITECTURES.iter().find(|a| a.model_type == model.spec().model_type).unwrap().base;
        let bare = changed(&fixture("tiny").join(name), "config.json", |tensors| {
            let short =
                |n: &str| n.strip_prefix(base).and_then(|n| n.strip_prefix('.')).unwrap_or(n).to_owned();
            *tensors = std::mem::take(tensors).into_iter().map(|(n, t)| (short(&n), t)).collect();
        });
        assert!(output(&bare.unwrap(), &ids) == output(&model, &ids), "{name}");
    }
}

/// Tensors that files hold and models leave alone.
const LEFT: &[&str] = &["pooler.dense.weight", "pooler.dense.bias"];

#[test]
fn every_tensor_is_needed() {
    for name in single_files() {
        let folder = fixture("tiny").join(name);
        let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
        for tensor in SafeTensors::deserialize(&bytes).unwrap().names() {
            let without = changed(&folder, "config.json", |tensors| drop(tensors.remove(tensor)));
            if LEFT.contains(&tensor) {
                assert!(without.is_ok(), "{name} {tensor}");
                continue;
            }
            let code = without.err().map(|e| e.code().to_owned());
            assert_eq!(code.as_deref(), Some("tensor-missing"), "{name} {tensor}");
        }
    }
}

#[test]
fn a_tensor_that_is_no_part_of_the_model_is_refused() {
    for name in single_files() {
        let more = changed(&fixture("tiny").join(name), "config.json", |tensors| {
            for extra in ["model.layers.0.self_attn.extra.weight", "model.layers.9.mlp.bias"] {
                tensors.insert(extra.to_owned(), TensorView::new(Dtype::F32, vec![2], &[0; 8]).unwrap());
            }
        });
        let error = more.err().unwrap();
        assert_eq!(error.code(), "tensors-unused", "{name}");
        expect![[r#"2 tensors are no part of the model: `model.layers.0.self_attn.extra.weight`, `model.layers.9.mlp.bias`"#]]
            .assert_eq(&error.to_string());
    }
}

#[test]
fn frequencies_that_old_versions_saved_are_left_alone() {
    let old = changed(&fixture("tiny/llama"), "config.json", |tensors| {
        let name = "model.layers.0.self_attn.rotary_emb.inv_freq".to_owned();
        tensors.insert(name, TensorView::new(Dtype::F32, vec![4], &[0; 16]).unwrap());
    });
    assert!(old.is_ok());
}
