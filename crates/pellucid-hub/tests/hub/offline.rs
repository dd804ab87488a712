//! Without the network: what the cache has opens, what it has not is said.

use super::*;

#[test]
fn offline_what_is_here_opens_without_a_request() {
    let mut world = World::new();
    let online = world.opens(ID);
    world.hub.asked();
    world.settings.offline = true;
    assert_eq!(world.opens(ID), online);
    assert_eq!(world.opens(&format!("{ID}@main")), online);
    assert_eq!(world.opens(&format!("{ID}@{NEW}")), online);
    let help = "\nhelp: go online: unset `HF_HUB_OFFLINE`, or pass `offline=False` in Python";
    assert_eq!(
        world.says(&format!("{ID}@v2")),
        format!(
            "`org/tiny-llama@v2` is not complete in the cache `CACHE`, and in offline mode the hub is not asked [not-in-cache]{help}"
        )
    );
    assert_eq!(world.refused("org/other").code(), "not-in-cache");
    assert_eq!(world.hub.asked(), []);
}

#[test]
fn offline_half_a_model_is_none() {
    let mut world = World::new();
    world.opens(ID);
    world.settings.offline = true;
    let snapshot = world.cache.path().join(format!("models--org--tiny-llama/snapshots/{NEW}"));
    std::fs::remove_file(snapshot.join("model.safetensors")).unwrap();
    assert_eq!(world.refused(ID).code(), "not-in-cache");
}

#[test]
fn a_blob_that_was_deleted_is_fetched_again() {
    let world = World::new();
    world.opens(ID);
    let snapshot = world.cache.path().join(format!("models--org--tiny-llama/snapshots/{NEW}"));
    std::fs::remove_file(snapshot.join("model.safetensors").canonicalize().unwrap()).unwrap();
    world.hub.asked();
    world.opens(ID);
    assert_eq!(bodies(&world.hub.asked()), ["model.safetensors"]);
}

#[test]
fn a_hub_that_does_not_answer_leaves_the_cache() {
    let mut world = World::new();
    let online = world.opens(ID);
    world.settings.endpoint = "http://127.0.0.1:1".to_owned(); // nobody listens there
    let mut events = Vec::new();
    let mut watch = |event: pellucid_hub::Event<'_>| {
        events.push(format!("{event:?}"));
        ControlFlow::Continue(())
    };
    let located = locate(ID, None, &world.settings, &mut watch).unwrap();
    assert_eq!(world.inside(&path(&located)), online.1);
    assert!(events[1].starts_with("Unreachable { id: \"org/tiny-llama\", why: "), "{events:?}");
    assert_eq!(world.refused("org/other").code(), "hub-unreachable");
}

#[test]
fn a_bare_name_is_looked_up_in_the_cache_and_never_on_the_hub() {
    let world = World::new();
    let said = world.open("tiny-llama").unwrap_err().to_string();
    assert!(said.starts_with("no model `tiny-llama` here"), "{said}");
    assert_eq!(world.hub.asked(), []);
    world.opens(ID);
    let old_style = world.cache.path().join("models--tiny-llama");
    std::fs::rename(world.cache.path().join("models--org--tiny-llama"), old_style).unwrap();
    world.hub.asked();
    assert_eq!(world.opens("tiny-llama").1, format!("models--tiny-llama/snapshots/{NEW}"));
    assert_eq!(world.hub.asked(), []);
}

#[test]
fn a_cache_that_python_wrote_without_a_tokenizer_is_completed() {
    let world = World::new();
    world.opens(ID);
    let snapshot = world.cache.path().join(format!("models--org--tiny-llama/snapshots/{NEW}"));
    std::fs::remove_file(snapshot.join("tokenizer.json")).unwrap();
    world.hub.asked();
    world.opens(&format!("{ID}@{NEW}"));
    assert_eq!(
        world.hub.asked().len(),
        3,
        "what the commit has, and what the tokenizer is, whose bytes are here"
    );
    assert!(snapshot.join("tokenizer.json").is_file());
}
