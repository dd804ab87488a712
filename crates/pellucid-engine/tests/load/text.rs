//! Text as transformers has it: chat templates rendered, texts as tokens with offsets, padding.

use std::path::Path;

use pellucid_engine::load::{Chat, Encoding, Now, Padding, Side, Tokenizer};
use serde_json::Value;

use super::support::real_model;
use super::{fixtures, open};

#[test]
fn templates_render_as_in_transformers() {
    let tokenizer = tokenizer(&fixtures().join("tiny/llama"));
    for case in list(&golden("templates.json")["cases"]) {
        check_chat(&tokenizer, case, text(&case["template"]));
    }
}

#[test]
fn templates_of_families_render_as_in_transformers() {
    let tokenizer = tokenizer(&fixtures().join("tiny/llama"));
    for case in list(&golden("families.json")["cases"]) {
        let path = fixtures().join("text/families").join(text(&case["name"]));
        check_chat(&tokenizer, case, &std::fs::read_to_string(path).expect("a template"));
    }
}

#[test]
fn a_tiny_model_reads_texts_as_in_transformers() {
    check_texts(&golden("llama.json"), &tokenizer(&fixtures().join("tiny/llama")));
}

#[test]
fn smollm2_reads_texts_and_conversations_as_in_transformers() {
    let Some(gguf) = real_model("SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf") else { return };
    let (golden, tokenizer) = (golden("smollm2.json"), tokenizer(&gguf));
    check_texts(&golden, &tokenizer);
    for case in list(&golden["chats"]) {
        let got = tokenizer.chat(text(&case["messages"]), &chat(case, None)).expect("a conversation");
        assert_eq!(got, text(&case["text"]));
        assert_eq!(tokenizer.encode(&got, false).expect("ids"), ids(&case["ids"]));
    }
}

#[test]
fn conversations_that_cannot_be_rendered() {
    let tokenizer = tokenizer(&fixtures().join("tiny/llama"));
    let check = |messages: &str, template: Option<&str>, variables: &str, code: &str, expected: &str| {
        let error =
            tokenizer.chat(messages, &Chat { template, variables, ..Chat::default() }).expect_err(expected);
        assert_eq!((error.code(), error.to_string().contains(expected)), (code, true), "{error}");
    };
    let hello = r#"[{"role": "user", "content": "x"}]"#;
    check(hello, None, "", "no-chat-template", "the model has no chat template; give one as Jinja");
    check("[", Some("x"), "", "bad-chat", "the messages are not JSON");
    check("3", Some("x"), "", "bad-chat", "messages are a list of objects");
    check("[3]", Some("x"), "", "bad-chat", "message 0 is no object");
    check("[]", Some("x"), "", "bad-chat", "the conversation is empty");
    check(hello, Some("x"), "[]", "bad-chat", "the variables are no JSON object");
    check(
        hello,
        Some("{{ raise_exception('no') }}"),
        "",
        "bad-chat",
        "the chat template fails on line 1: no",
    );
    check(
        hello,
        Some("{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}"),
        "",
        "bad-chat",
        "fuel",
    );
    check(hello, Some("{{ 'x' * 100000000000 }}"), "", "bad-chat", "the chat template fails");
    check(
        hello,
        Some("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
        "",
        "bad-chat",
        "the chat template fails",
    );
}

#[test]
fn templates_are_told_the_time() {
    let tokenizer = tokenizer(&fixtures().join("tiny/llama"));
    let template = Some("{{ strftime_now('%d %b %Y') }}");
    let chat = Chat { template, now: Now { unix_s: 951_782_400, utc_offset_s: -60 }, ..Chat::default() };
    let text = tokenizer.chat(r#"[{"role": "user", "content": "x"}]"#, &chat);
    assert_eq!(text.expect("a date"), "28 Feb 2000");
}

#[test]
fn templates_of_a_folder() {
    let copy = tempfile::tempdir().expect("a temporary folder");
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        std::fs::copy(fixtures().join("tiny/llama").join(file), copy.path().join(file)).expect(file);
    }
    let write = |file: &str, content: &str| std::fs::write(copy.path().join(file), content).expect(file);
    let say = |template: Option<&str>, variables: &str| {
        let chat = Chat { template, variables, ..Chat::default() };
        tokenizer(copy.path()).chat(r#"[{"role": "user", "content": "x"}]"#, &chat).expect("a text")
    };
    write(
        "tokenizer_config.json",
        r#"{"chat_template": "one {{ bos_token }}", "bos_token": {"content": "<s>"}}"#,
    );
    assert_eq!(say(None, ""), "one <s>");
    let several = r#"{"chat_template": [{"name": "default", "template": "two"}, {"name": "tool_use", "template": "tools"}]}"#;
    write("tokenizer_config.json", several);
    assert_eq!(
        (say(None, ""), say(None, r#"{"tools": [1]}"#), say(None, r#"{"tools": null}"#)),
        ("two".into(), "tools".into(), "two".into())
    );
    assert_eq!((say(Some("tool_use"), ""), say(Some("own"), "")), ("tools".into(), "own".into()));
    write("special_tokens_map.json", r#"{"bos_token": "<old>"}"#);
    write("chat_template.jinja", "three {{ bos_token }}");
    assert_eq!(say(None, ""), "three <old>");
}

fn check_chat(tokenizer: &Tokenizer, case: &Value, template: &str) {
    let name = text(&case["name"]);
    let got = tokenizer.chat(text(&case["messages"]), &chat(case, Some(template)));
    match case.get("text") {
        Some(expected) => {
            assert_eq!(got.as_deref().map_err(ToString::to_string), Ok(text(expected)), "{name}");
        }
        None => assert_eq!(got.expect_err(name).code(), "bad-chat", "{name}"),
    }
}

fn check_texts(golden: &Value, tokenizer: &Tokenizer) {
    for (role, expected) in golden["special_tokens"].as_object().expect("roles") {
        let own = tokenizer.special_tokens().iter().find(|(name, _)| name == role);
        assert_eq!(own.map(|(_, own)| own.as_str()), expected.as_str(), "{role}");
        assert_eq!(tokenizer.special(role), tokenizer.id(text(expected)), "{role}");
    }
    for case in list(&golden["encodings"]) {
        let (given, add) = (text(&case["text"]), case["add_special_tokens"] == true);
        let got = tokenizer.encoding(given, add).expect(given);
        assert_eq!(got.ids, ids(&case["ids"]), "{given:?}");
        assert_eq!(got.offsets, offsets(&case["offsets"]), "{given:?}");
        assert_eq!(got.ids, tokenizer.encode(given, add).expect(given));
        let (spelled, again) = tokenizer.spelled(&got.ids);
        assert_eq!((spelled.as_str(), again.offsets, again.pieces), (given, got.offsets, got.pieces));
    }
    for case in list(&golden["padded"]) {
        let encode = |given: &Value| tokenizer.encoding(text(given), true).expect("ids");
        let mut got: Vec<Encoding> = list(&case["texts"]).iter().map(encode).collect();
        Encoding::pad(&mut got, &padding(golden, case, tokenizer));
        for (i, got) in got.iter().enumerate() {
            assert_eq!(got.ids, ids(&case["ids"][i]), "{case}");
            assert_eq!(got.mask.iter().map(|&m| u32::from(m)).collect::<Vec<_>>(), ids(&case["mask"][i]));
            assert_eq!(got.offsets, offsets(&case["offsets"][i]), "{case}");
        }
    }
}

fn padding(golden: &Value, case: &Value, tokenizer: &Tokenizer) -> Padding {
    let options = &case["options"];
    let side = options.get("padding_side").map(|side| Side::parse(text(side)).expect("a side"));
    let length = options.get("max_length").and_then(Value::as_u64).map(|n| n as usize);
    if golden.get("chats").is_none() {
        assert_eq!(tokenizer.padding_side().name(), text(&golden["padding_side"]));
    }
    tokenizer.padding(side, length).expect("a pad token")
}

fn chat<'a>(case: &'a Value, template: Option<&'a str>) -> Chat<'a> {
    Chat {
        add_generation_prompt: case["add_generation_prompt"] == true,
        continue_final_message: case["continue_final_message"] == true,
        template,
        variables: text(&case["variables"]),
        now: Now::default(),
    }
}

fn golden(file: &str) -> Value {
    let bytes = std::fs::read(fixtures().join("text").join(file)).expect(file);
    serde_json::from_slice(&bytes).expect(file)
}

fn tokenizer(path: &Path) -> Tokenizer {
    open(path).expect("a model").tokenizer
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn ids(value: &Value) -> Vec<u32> {
    list(value).iter().map(|id| id.as_u64().expect("an id") as u32).collect()
}

fn offsets(value: &Value) -> Vec<(usize, usize)> {
    let pair = |p: &Value| (p[0].as_u64().expect("start") as usize, p[1].as_u64().expect("end") as usize);
    list(value).iter().map(pair).collect()
}
