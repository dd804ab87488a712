//! Messages as templates expect them, and the mark by which a text is cut inside its last message.

use minijinja::Value;
use minijinja::value::ValueKind;

use super::{LoadError, bad};

/// Stands after what is to be continued. A template that trims a message leaves it without its space.
const MARK: &str = "PELLUCID_CONTINUES_HERE ";

/// Names of a message's reasoning; templates read the first, gpt-oss' the second.
const REASONING: [&str; 3] = ["reasoning_content", "thinking", "reasoning"];

/// The items of a list of messages.
pub(super) fn list(messages: &Value) -> Result<Vec<Value>, LoadError> {
    let is_list = messages.kind() == ValueKind::Seq;
    let items: Vec<Value> =
        is_list.then(|| messages.try_iter().ok()).flatten().into_iter().flatten().collect();
    match items.iter().position(|m| m.kind() != ValueKind::Map) {
        Some(i) => Err(bad(format!("message {i} is no object with a `role` and a `content`"))),
        None if is_list && items.is_empty() => {
            Err(bad("the conversation is empty; give at least one message"))
        }
        None if !is_list => Err(bad("messages are a list of objects with a `role` and a `content`")),
        None => Ok(items),
    }
}

/// The keys and values of a map, in their order.
pub(super) fn pairs(map: &Value) -> Option<Vec<(String, Value)>> {
    if map.kind() != ValueKind::Map {
        return None;
    }
    let pair = |key: Value| Some((key.as_str()?.to_owned(), map.get_item(&key).ok()?));
    map.try_iter().ok()?.map(pair).collect()
}

/// The messages without what is `null`, which templates would print; with reasoning under the names that they
/// read; the last one marked if it is continued.
pub(super) fn prepared(messages: &[Value], continues: bool) -> Result<Value, LoadError> {
    let mut messages: Vec<Value> = messages.iter().map(|m| with_reasoning(&without_nulls(m))).collect();
    if continues {
        let last = messages.pop().ok_or_else(|| bad("there is no message to continue"))?;
        messages.push(marked(&last)?);
    }
    Ok(Value::from(messages))
}

/// What comes before the mark.
pub(super) fn cut(text: &str) -> Result<String, LoadError> {
    let at = text.rfind(MARK.trim_end());
    let at = at.ok_or_else(|| bad("the chat template leaves out the message that is to be continued"))?;
    match text[at..].starts_with(MARK) {
        true => Ok(text[..at].to_owned()),
        false => Ok(text[..at].trim_end().to_owned()),
    }
}

fn without_nulls(message: &Value) -> Value {
    Value::from_pairs(pairs(message).unwrap_or_default().into_iter().filter(|(_, value)| !value.is_none()))
}

fn with_reasoning(message: &Value) -> Value {
    let Some(pairs) = pairs(message) else { return message.clone() };
    let found = REASONING.iter().find_map(|name| {
        pairs.iter().find(|(key, value)| key == name && !value.is_none()).map(|(_, value)| value.clone())
    });
    let Some(reasoning) = found else { return message.clone() };
    let thinking = (REASONING[1].to_owned(), reasoning.clone());
    let standard = (REASONING[0].to_owned(), reasoning);
    Value::from_pairs([thinking].into_iter().chain(pairs).chain([standard]))
}

/// The message with the mark after its content: a text, or the last part of a list that has one.
fn marked(message: &Value) -> Result<Value, LoadError> {
    let nothing = || bad("the last message has no text to continue");
    let content = message.get_attr("content").ok().ok_or_else(nothing)?;
    let new = match content.as_str() {
        Some(text) => Value::from(format!("{text}{MARK}")),
        None => {
            let mut parts: Vec<Value> = content.try_iter().map_err(|_| nothing())?.collect();
            let text = |part: &Value| part.get_attr("text").ok()?.as_str().map(str::to_owned);
            let (at, text) =
                (0..parts.len()).rev().find_map(|i| Some((i, text(&parts[i])?))).ok_or_else(nothing)?;
            parts[at] = with(&parts[at], "text", Value::from(format!("{text}{MARK}")));
            Value::from(parts)
        }
    };
    Ok(with(message, "content", new))
}

/// The map with another value for a key.
fn with(map: &Value, key: &str, value: Value) -> Value {
    let changed = pairs(map).unwrap_or_default().into_iter().map(|(k, v)| match k == key {
        true => (k, value.clone()),
        false => (k, v),
    });
    Value::from_pairs(changed)
}
