//! Values as Python prints them and as its `json.dumps` writes them: templates are written for Python.

use std::fmt::Write as _;

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

/// What `json.dumps` can be told.
pub(super) struct Style {
    /// Whether letters beyond ASCII are escaped.
    pub ensure_ascii: bool,
    /// Whether keys are in alphabetical order.
    pub sort_keys: bool,
    /// Between items, and between key and value.
    pub separators: [String; 2],
    /// What each level is moved to the right by; `None` is all on one line.
    pub indent: Option<String>,
}

/// `str(value)`.
pub(super) fn shown(value: &Value) -> String {
    match value.kind() {
        ValueKind::Undefined => String::new(),
        ValueKind::String => value.to_string(),
        _ => literal(value),
    }
}

/// `json.dumps(value)`.
pub(super) fn json(value: &Value, style: &Style) -> Result<String, Error> {
    let mut out = String::new();
    write_json(&mut out, value, style, 1)?;
    Ok(out)
}

/// `repr(value)`.
fn literal(value: &Value) -> String {
    let each = |value: &Value| value.try_iter().into_iter().flatten().collect::<Vec<_>>();
    match value.kind() {
        ValueKind::Undefined => "Undefined".to_owned(),
        ValueKind::None => "None".to_owned(),
        ValueKind::Bool => if value.is_true() { "True" } else { "False" }.to_owned(),
        ValueKind::Number => number(value),
        ValueKind::String => quoted(value.as_str().unwrap_or_default()),
        ValueKind::Seq => format!("[{}]", each(value).iter().map(literal).collect::<Vec<_>>().join(", ")),
        ValueKind::Map => {
            let pair = |key: &Value| {
                let item = value.get_item(key).unwrap_or_default();
                format!("{}: {}", literal(key), literal(&item))
            };
            format!("{{{}}}", each(value).iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        _ => value.to_string(),
    }
}

/// Python's quotes: single ones unless only those are inside.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// Integers as they are; floats with the digits and exponents of Python.
fn number(value: &Value) -> String {
    match (value.is_integer(), f64::try_from(value.clone())) {
        (false, Ok(x)) => {
            let text = format!("{x:?}");
            match text.split_once('e') {
                Some((digits, exponent)) => {
                    let digits = digits.strip_suffix(".0").unwrap_or(digits);
                    let (sign, n) = exponent.strip_prefix('-').map_or(('+', exponent), |n| ('-', n));
                    format!("{digits}e{sign}{n:0>2}")
                }
                None => text.replace("NaN", "nan"),
            }
        }
        _ => value.to_string(),
    }
}

fn write_json(out: &mut String, value: &Value, style: &Style, depth: usize) -> Result<(), Error> {
    match value.kind() {
        ValueKind::None => out.push_str("null"),
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => out.push_str(&number(value).replace("nan", "NaN").replace("inf", "Infinity")),
        ValueKind::String => write_text(out, value.as_str().unwrap_or_default(), style),
        ValueKind::Seq => {
            let items: Vec<Value> = value.try_iter()?.collect();
            write_items(out, ['[', ']'], &items, style, depth, |out, item| {
                write_json(out, item, style, depth + 1)
            })?;
        }
        ValueKind::Map => {
            let mut keys: Vec<Value> = value.try_iter()?.collect();
            if style.sort_keys {
                keys.sort();
            }
            write_items(out, ['{', '}'], &keys, style, depth, |out, key| {
                write_text(out, &key_text(key), style);
                out.push_str(&style.separators[1]);
                write_json(out, &value.get_item(key)?, style, depth + 1)
            })?;
        }
        kind => {
            return Err(Error::new(ErrorKind::InvalidOperation, format!("{kind} cannot be written as JSON")));
        }
    }
    Ok(())
}

/// What JSON calls a key that is no text.
fn key_text(key: &Value) -> String {
    match key.kind() {
        ValueKind::None => "null".to_owned(),
        ValueKind::Number => number(key),
        _ => key.to_string(),
    }
}

fn write_items(
    out: &mut String,
    [open, close]: [char; 2],
    items: &[Value],
    style: &Style,
    depth: usize,
    mut item: impl FnMut(&mut String, &Value) -> Result<(), Error>,
) -> Result<(), Error> {
    let line = |out: &mut String, depth: usize| {
        if let (Some(indent), false) = (&style.indent, items.is_empty()) {
            out.push('\n');
            out.push_str(&indent.repeat(depth));
        }
    };
    out.push(open);
    for (i, value) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(&style.separators[0]);
        }
        line(out, depth);
        item(out, value)?;
    }
    line(out, depth - 1);
    out.push(close);
    Ok(())
}

fn write_text(out: &mut String, text: &str, style: &Style) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' || (style.ensure_ascii && !c.is_ascii()) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
