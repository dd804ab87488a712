//! What is fetched, where it lies, and what costs no request.

use std::path::Path;

use super::*;

const SMALL: [&str; 4] = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"];

#[test]
fn a_model_is_fetched_once_and_only_what_is_needed() {
    let world = World::new();
    let opened = world.opens(ID);
    assert_eq!(opened, ("tiny-llama".into(), format!("models--org--tiny-llama/snapshots/{NEW}")));
    assert_eq!(bodies(&world.hub.asked()), [SMALL.as_slice(), &["model.safetensors"]].concat());

    assert_eq!(world.opens(ID), opened);
    let again = world.hub.asked();
    assert_eq!(again.len(), 1, "only where the branch points is asked: {again:?}");
    assert_eq!(again[0].path, format!("/api/models/{ID}/revision/main"));
}

#[test]
fn the_cache_has_the_layout_of_huggingface_hub() {
    let world = World::new();
    world.opens(ID);
    let repo = world.cache.path().join("models--org--tiny-llama");
    let weights = tiny("llama").into_iter().find(|(name, _)| name == "model.safetensors").unwrap().1;
    let link = std::fs::read_link(repo.join(format!("snapshots/{NEW}/model.safetensors"))).unwrap();
    assert_eq!(link, Path::new(&format!("../../blobs/{}", server::sha256(&weights))));
    assert_eq!(std::fs::read_to_string(repo.join("refs/main")).unwrap(), NEW);
    let mut blobs: Vec<_> =
        std::fs::read_dir(repo.join("blobs")).unwrap().map(|e| e.unwrap().file_name()).collect();
    blobs.sort();
    assert_eq!(blobs.len(), 5);
    assert!(blobs.iter().all(|name| name.len() == 40 || name.len() == 64), "{blobs:?}");
}

#[test]
fn a_branch_that_moved_is_fetched_anew_but_for_what_stayed() {
    let world = World::new();
    world.commit("main", OLD, &tiny("llama"));
    world.opens(ID);
    world.hub.asked();
    let mut files = tiny("llama");
    files[1].1.push(b' ');
    world.commit("main", NEW, &files);
    assert_eq!(world.open(ID).unwrap().revision.as_deref(), Some(NEW));
    assert_eq!(bodies(&world.hub.asked()), ["generation_config.json"]);
}

#[test]
fn a_revision_is_a_branch_a_tag_or_a_commit() {
    let world = World::new();
    world.commit("v1.0", OLD, &tiny("llama"));
    world.commit("refs/pr/1", OLD, &tiny("llama"));
    let at = |name: &str| world.open(&format!("{ID}{name}")).unwrap().revision.unwrap();
    assert_eq!((at(""), at("@main"), at("@v1.0")), (NEW.into(), NEW.into(), OLD.into()));
    assert_eq!((at("@refs/pr/1"), at(&format!("@{OLD}"))), (OLD.into(), OLD.into()));
    world.hub.asked();
    assert_eq!(at(&format!("@{OLD}")), OLD);
    assert_eq!(world.hub.asked(), [], "a commit that is here costs no request");
    let refs = world.cache.path().join("models--org--tiny-llama/refs");
    let of = |name| std::fs::read_to_string(refs.join(name)).unwrap();
    assert_eq!((of("main"), of("v1.0"), of("refs/pr/1")), (NEW.into(), OLD.into(), OLD.into()));
    assert!(!refs.join(OLD).exists());
}

#[test]
fn a_revision_may_stand_beside_the_name_but_not_twice_nor_with_a_path() {
    let world = World::new();
    world.commit("v1.0", OLD, &tiny("llama"));
    let at = |name: &str, revision| {
        locate(name, Some(revision), &world.settings, &mut |_| ControlFlow::Continue(()))
    };
    assert_eq!(at(ID, "v1.0").unwrap().revision.as_deref(), Some(OLD));
    assert_eq!(at("org/tiny-llama@v1.0", "v1.0").unwrap().revision.as_deref(), Some(OLD));
    let wrong = |name: &str, revision| at(name, revision).unwrap_err().to_string();
    assert_eq!(wrong("org/tiny-llama@v1.0", "main"), "two revisions: `v1.0` in the name, `main` beside it");
    assert_eq!(wrong(ID, "../../up"), "`../../up` is no revision: expected a branch, a tag or a commit");
    assert_eq!(
        wrong("src", "v1.0"),
        "`src` is a path or a model of this machine; only those of the hub have revisions"
    );
}

#[test]
fn shards_are_fetched_by_the_index() {
    let world = World::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tiny/llama_bf16_sharded");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let files: Vec<(String, Vec<u8>)> =
        files.map(|f| (f.file_name().into_string().unwrap(), std::fs::read(f.path()).unwrap())).collect();
    assert!(
        files.iter().any(|(name, _)| name == "golden.safetensors"),
        "a shard that the index does not name"
    );
    world.commit("main", NEW, &files);
    world.opens(ID);
    let asked = world.hub.asked();
    let shards: Vec<&str> = bodies(&asked).into_iter().filter(|f| f.ends_with(".safetensors")).collect();
    assert_eq!(shards, ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]);
}

#[test]
fn one_gguf_file_of_many() {
    let world = World::new();
    let files = [("q4.gguf".to_owned(), b"four".to_vec()), ("in/q 8.gguf".to_owned(), b"eight".to_vec())];
    world.commit("main", NEW, &files);
    let file = path(&world.open("org/tiny-llama/q4.gguf").unwrap());
    assert_eq!(world.inside(&file), format!("models--org--tiny-llama/snapshots/{NEW}/q4.gguf"));
    assert_eq!(bodies(&world.hub.asked()), ["q4.gguf"]);
    assert_eq!(
        world.says(ID),
        "`org/tiny-llama` is not a model that can be opened: it has several .gguf files; add one of them to its name: `in/q 8.gguf`, `q4.gguf` [not-a-model]"
    );
    assert_eq!(
        world.says("org/tiny-llama/q5.gguf"),
        "`org/tiny-llama` has no file `q5.gguf` [no-such-file]\nhelp: it has `in/q 8.gguf`, `q4.gguf`"
    );
    world.commit("main", OLD, &files[1..]);
    let file = path(&world.open(ID).unwrap());
    assert_eq!(std::fs::read(&file).unwrap(), b"eight", "the only one needs no name");
    assert_eq!(
        std::fs::read_link(&file).unwrap(),
        Path::new(&format!("../../../blobs/{}", server::sha256(b"eight")))
    );
}

#[test]
fn paths_come_first_and_carry_their_commit() {
    let world = World::new();
    let located = world.open(ID).unwrap();
    world.hub.asked();
    assert_eq!(world.open(path(&located).to_str().unwrap()).unwrap(), located);
    assert_eq!(world.open("tests/hub").unwrap().revision, None);
    assert_eq!(world.hub.asked(), []);
}
