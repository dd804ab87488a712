//! What the hub refuses, and what it says that no hub says.

use expect_test::{Expect, expect};

use super::*;

fn check(world: &World, name: &str, expected: Expect) {
    expected.assert_eq(&world.says(name));
}

#[test]
fn what_is_not_there() {
    let world = World::new();
    check(
        &world,
        "org/nothing",
        expect![[r#"
        no repository `org/nothing` on HUB [no-such-repository]
        help: there is no such path here either; if it is private, set `HF_TOKEN` or run `hf auth login`"#]],
    );
    check(
        &world,
        "org/tiny-llama@v9",
        expect![[r#"
        `org/tiny-llama` has no revision `v9` [no-such-revision]
        help: HUB/org/tiny-llama/commits/main lists its commits; branches and tags count too"#]],
    );
    let world = world.with_token("hf_mine");
    check(
        &world,
        "org/nothing",
        expect![[r#"
        no repository `org/nothing` on HUB [no-such-repository]
        help: there is no such path here either; if it is private, the token's owner must be allowed to read it"#]],
    );
}

#[test]
fn gated_models_say_where_to_accept_their_terms() {
    let world = World::new();
    world.hub.state().gated.insert(ID.into(), "hf_mine".into());
    check(
        &world,
        ID,
        expect![[r#"
        `org/tiny-llama` is gated: its terms have to be accepted [gated-model]
        help: accept them at HUB/org/tiny-llama, then set `HF_TOKEN` or run `hf auth login`"#]],
    );
    let world = world.with_token("hf_other");
    check(
        &world,
        ID,
        expect![[r#"
        `org/tiny-llama` is gated: its terms have to be accepted [gated-model]
        help: accept them at HUB/org/tiny-llama as the token's owner"#]],
    );
    let world = world.with_token("hf_mine");
    world.opens(ID);
}

#[test]
fn a_token_that_the_hub_does_not_know() {
    check(
        &World::new().with_token("hf_unknown"),
        ID,
        expect![[r#"
        HUB does not accept the token [bad-token]
        help: make one at HUB/settings/tokens, then set `HF_TOKEN` or run `hf auth login`"#]],
    );
}

#[test]
fn pickles_are_never_fetched() {
    let world = World::new();
    world.commit("main", NEW, &tiny("llama")[..1]);
    check(
        &world,
        ID,
        expect![
            "`org/tiny-llama` is not a model that can be opened: its weights are pickles (`pytorch_model.bin`), which can run code; only safetensors and GGUF are read [not-a-model]"
        ],
    );
    assert_eq!(bodies(&world.hub.asked()), [""; 0]);
}

#[test]
fn an_index_that_names_what_is_not_there_or_leads_away() {
    for shard in ["model-00001-of-00001.safetensors", "../../../other", "/etc/passwd"] {
        let world = World::new();
        let index = format!(r#"{{"weight_map":{{"a":"{shard}"}}}}"#);
        let mut files = tiny("llama");
        files.retain(|(name, _)| name != "model.safetensors");
        files.push(("model.safetensors.index.json".to_owned(), index.into_bytes()));
        world.commit("main", NEW, &files);
        let said = world.says(ID);
        assert!(said.contains(shard) && said.ends_with("[not-a-model]"), "{said}");
    }
}

#[test]
fn paths_that_lead_out_of_the_cache_are_not_files() {
    for path in ["../../evil.gguf", "/evil.gguf", "in/../../../../evil.gguf", "C:\\\\evil.gguf"] {
        let world = World::new();
        world.commit("main", NEW, &[(path.to_owned(), b"evil".to_vec())]);
        assert_eq!(world.refused(ID).code(), "not-a-model", "{path}");
        assert_eq!(bodies(&world.hub.asked()), [""; 0]);
    }
}

#[test]
fn who_is_no_hub() {
    let mut world = World::new();
    world.hub.state().statuses = vec![418];
    check(
        &world,
        ID,
        expect![
            "HUB/api/models/org/tiny-llama/revision/main answers as no hub does: status 418 [bad-answer]"
        ],
    );
    world.commit("main", "no-commit", &tiny("llama"));
    check(
        &world,
        ID,
        expect![
            "HUB/api/models/org/tiny-llama/revision/main answers as no hub does: `no-commit` is no commit [bad-answer]"
        ],
    );
    world.settings.endpoint = "hub.example".to_owned();
    check(
        &world,
        ID,
        expect![[r#"
        `hub.example` is no address of a hub: expected http:// or https:// and a host [bad-endpoint]
        help: it comes from `HF_ENDPOINT`"#]],
    );
}
