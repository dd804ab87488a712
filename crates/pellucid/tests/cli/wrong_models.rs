//! Models and files that are missing or broken: exit codes 4 and 5.

use expect_test::{Expect, expect};
use pellucid_engine::arch::ARCHITECTURES;

use super::{Desk, LLAMA};

const TRACE: &str = "pellucid 2\ninvoke 0 \"The\"\n%0 = read 0 output\nsave \"x\" %0";

/// Runs a good trace on a model that `break_it` has changed.
fn check(model: &str, break_it: impl FnOnce(&Desk), message: Expect) {
    let desk = Desk::new();
    break_it(&desk);
    desk.trace(model, TRACE).fails(4, message);
}

#[test]
fn a_name_that_no_model_has() {
    check(
        "lama",
        |_| {},
        expect![[r#"
        error: no model `lama` here; give the path of a folder or a .gguf file [no-such-model]
    "#]],
    );
    let models =
        |desk: &Desk| std::fs::rename(desk.path("tests/fixtures/tiny"), desk.path(".models")).unwrap();
    check(
        "lama",
        models,
        expect![[r#"
        error: no model `lama` here; there is gpt2, llama [no-such-model]
    "#]],
    );
    Desk::new().run("sites tests/fixtures/tiny/lama").fails(4, expect![[r#"
        error: no model `tests/fixtures/tiny/lama` here; give the path of a folder or a .gguf file [no-such-model]
    "#]]);
}

#[test]
fn a_hub_id_that_is_not_in_the_cache() {
    let desk = Desk::new();
    let ran = desk.run("sites org/lama@v1");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), ""));
    expect![[r#"
        error: `org/lama@v1` is not complete in the cache `DESK/.cache/huggingface/hub`, and in offline mode the hub is not asked [not-in-cache]
          help: go online: unset `HF_HUB_OFFLINE`, or pass `offline=False` in Python
    "#]]
    .assert_eq(&ran.stderr.replace(&desk.path("").display().to_string(), "DESK/"));
}

#[test]
fn a_hub_id_that_is_in_the_cache() {
    let desk = Desk::new();
    let commit = "c0ffee00".repeat(5);
    let repository = desk.path(".cache/huggingface/hub/models--org--lama");
    std::fs::create_dir_all(repository.join("snapshots")).unwrap();
    std::fs::create_dir_all(repository.join("refs")).unwrap();
    std::fs::write(repository.join("refs/main"), &commit).unwrap();
    std::fs::rename(desk.path(LLAMA), repository.join("snapshots").join(&commit)).unwrap();
    desk.trace("org/lama", TRACE).data();
    desk.trace(&format!("org/lama@{commit}"), TRACE).data();
}

#[test]
fn paths_that_are_no_models() {
    check(
        "tests",
        |_| {},
        expect![[r#"
        error: `tests` is not a model: it has neither a `config.json` beside safetensors nor a .gguf file [not-a-model]
    "#]],
    );
    check(
        "run.trace",
        |_| {},
        expect![[r#"
            error: `run.trace` is not a model: expected a folder, a .gguf file or a config.json [not-a-model]
        "#]],
    );
    let pickles = |desk: &Desk| {
        let old = desk.path(LLAMA).join("model.safetensors");
        std::fs::rename(old, desk.path(LLAMA).join("pytorch_model.bin")).unwrap();
    };
    check(
        LLAMA,
        pickles,
        expect![[r#"
            error: `tests/fixtures/tiny/llama` is not a model: its weights are pickles (`pytorch_model.bin`); only safetensors and GGUF are read [not-a-model]
        "#]],
    );
}

#[test]
fn a_truncated_safetensors_file() {
    for (keep, message) in [
        (
            1000,
            expect![[r#"
                error: `tests/fixtures/tiny/llama/model.safetensors` is not a valid safetensors file: the header reaches past the end of the file [bad-safetensors]
            "#]],
        ),
        (
            100_000,
            expect![[r#"
                error: `tests/fixtures/tiny/llama/model.safetensors` is not a valid safetensors file: the header describes 172672 bytes of tensors, there are 97864 [bad-safetensors]
            "#]],
        ),
        (
            0,
            expect![[r#"
                error: `tests/fixtures/tiny/llama/model.safetensors` is not a valid safetensors file: 0 bytes are no header [bad-safetensors]
            "#]],
        ),
    ] {
        let truncate = |desk: &Desk| {
            let file = desk.path(LLAMA).join("model.safetensors");
            let bytes = std::fs::read(&file).unwrap();
            std::fs::write(&file, &bytes[..keep]).unwrap();
        };
        check(LLAMA, truncate, message);
    }
}

#[test]
fn a_corrupt_gguf_file() {
    check(
        "m.gguf",
        |desk| desk.write("m.gguf", b"GGUF"),
        expect![[r#"
        error: `m.gguf` is not a valid GGUF file: 4 bytes are announced at byte 4, the file has 4 [bad-gguf]
    "#]],
    );
    check(
        "m.gguf",
        |desk| desk.write("m.gguf", b"not a model at all, but longer than a header"),
        expect![[r#"
            error: `m.gguf` is not a valid GGUF file: it begins with [110, 111, 116, 32], expected [71, 71, 85, 70] (`GGUF`) [bad-gguf]
        "#]],
    );
    // Version 3, no tensors, one key whose name claims to be 2^60 bytes long.
    let header = [&b"GGUF"[..], &3u32.to_le_bytes(), &0u64.to_le_bytes(), &1u64.to_le_bytes()].concat();
    let endless = [&header[..], &(1u64 << 60).to_le_bytes(), b"general"].concat();
    check(
        "m.gguf",
        |desk| desk.write("m.gguf", endless),
        expect![[r#"
        error: `m.gguf` is not a valid GGUF file: 1152921504606846976 bytes are announced at byte 32, the file has 39 [bad-gguf]
    "#]],
    );
}

#[test]
fn a_config_that_cannot_be_used() {
    let config = |change: fn(&str) -> String| {
        move |desk: &Desk| {
            let file = format!("{LLAMA}/config.json");
            let text = std::fs::read_to_string(desk.path(&file)).unwrap();
            let changed = change(&text);
            assert_ne!(changed, text);
            desk.write(&file, changed);
        }
    };
    check(
        LLAMA,
        config(|c| c.replace("hidden_size", "hiden_size")),
        expect![[r#"
        error: `hidden_size` of `tests/fixtures/tiny/llama/config.json`: expected a non-negative integer, got nothing [bad-config]
    "#]],
    );
    check(
        LLAMA,
        config(|c| c[..c.len() / 2].to_owned()),
        expect![[r#"
        error: `tests/fixtures/tiny/llama/config.json` is not valid: EOF while parsing a string at line 15 column 6 [bad-json]
    "#]],
    );
    check(
        LLAMA,
        config(|c| c.replace("\"hidden_size\": 32", "\"hidden_size\": 64")),
        expect![[r#"
        error: tensor `model.embed_tokens.weight` has the shape [384, 32], expected [384, 64] [wrong-shape]
    "#]],
    );
}

/// Says all that there are, whose list grows.
#[test]
fn an_architecture_that_there_is_not() {
    let desk = Desk::new();
    let file = format!("{LLAMA}/config.json");
    let text = std::fs::read_to_string(desk.path(&file)).unwrap();
    desk.write(&file, text.replace("\"model_type\": \"llama\"", "\"model_type\": \"lama\""));
    let ran = desk.trace(LLAMA, TRACE);
    let known: Vec<&str> = ARCHITECTURES.iter().map(|a| a.model_type).collect();
    let known = known.join(", ");
    assert_eq!(
        ran.stderr,
        format!("error: unknown model type `lama`; known: {known} [unknown-model-type]\n")
    );
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), ""));
}

#[test]
fn text_for_a_model_without_a_tokenizer() {
    let desk = Desk::new();
    std::fs::remove_file(desk.path(LLAMA).join("tokenizer.json")).unwrap();
    std::fs::remove_file(desk.path(LLAMA).join("tokenizer_config.json")).unwrap();
    desk.trace(LLAMA, TRACE).fails(3, expect![[r#"
        error: cannot tokenize: the model folder has no `tokenizer.json`; give token ids instead of text [no-tokenizer]
    "#]]);
    desk.trace(LLAMA, &TRACE.replace("\"The\"", "ids [1]")).data();
}

#[test]
fn files_that_cannot_be_read_or_written() {
    let desk = Desk::new();
    desk.run(&format!("run no.trace --model {LLAMA}")).fails(
        5,
        expect![[r#"
        error: `no.trace`: No such file or directory (os error 2)
    "#]],
    );
    desk.run(&format!("run tests --model {LLAMA}")).fails(
        5,
        expect![[r#"
        error: `tests`: Is a directory (os error 21)
    "#]],
    );
    desk.write("bytes.trace", [0xff, 0xfe, 0]);
    desk.run(&format!("run bytes.trace --model {LLAMA}")).fails(
        3,
        expect![[r#"
            error: not a trace: header too small [bad-wire]
        "#]],
    );
    desk.trace(LLAMA, TRACE).data();
    desk.run(&format!("run run.trace --model {LLAMA} --save no/out.safetensors")).fails(
        5,
        expect![[r#"
        error: `no/out.safetensors`: No such file or directory (os error 2)
    "#]],
    );
}
