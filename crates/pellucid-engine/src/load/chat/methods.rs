//! Methods of Python's texts, lists and dicts: those of `minijinja_contrib`, and those that it lacks.

use minijinja::value::{ValueKind, from_args};
use minijinja::{Error, State, Value};
use minijinja_contrib::pycompat;

/// `value.name(args)`.
pub(super) fn call(
    state: &mut State<'_, '_>,
    value: &Value,
    name: &str,
    args: &[Value],
) -> Result<Value, Error> {
    match (value.kind(), value.as_str()) {
        (ValueKind::Seq | ValueKind::Map, _) if name == "copy" && args.is_empty() => Ok(value.clone()),
        (_, Some(text)) => match of_text(text, name, args)? {
            Some(result) => Ok(result),
            None => pycompat::unknown_method_callback(state, value, name, args),
        },
        _ => pycompat::unknown_method_callback(state, value, name, args),
    }
}

fn of_text(text: &str, name: &str, args: &[Value]) -> Result<Option<Value>, Error> {
    Ok(Some(match name {
        "partition" => {
            let (by,): (&str,) = from_args(args)?;
            let (before, after) = text.split_once(by).unwrap_or((text, ""));
            let found = if before.len() < text.len() { by } else { "" };
            list([before, found, after])
        }
        "rpartition" => {
            let (by,): (&str,) = from_args(args)?;
            let (before, after) = text.rsplit_once(by).unwrap_or(("", text));
            let found = if after.len() < text.len() { by } else { "" };
            list([before, found, after])
        }
        "rsplit" => {
            let (by, most): (&str, Option<usize>) = from_args(args)?;
            let mut parts: Vec<&str> = match most {
                Some(most) => text.rsplitn(most.saturating_add(1), by).collect(),
                None => text.rsplit(by).collect(),
            };
            parts.reverse();
            list(parts)
        }
        "removeprefix" => {
            let (start,): (&str,) = from_args(args)?;
            Value::from(text.strip_prefix(start).unwrap_or(text))
        }
        "removesuffix" => {
            let (end,): (&str,) = from_args(args)?;
            Value::from(text.strip_suffix(end).unwrap_or(text))
        }
        _ => return Ok(None),
    }))
}

fn list<'a>(parts: impl IntoIterator<Item = &'a str>) -> Value {
    Value::from(parts.into_iter().map(Value::from).collect::<Vec<_>>())
}
