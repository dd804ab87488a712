//! The Jinja of chat templates: what transformers sets, adds and forbids, on minijinja.

use std::borrow::Cow;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, Value, filters};
use minijinja_contrib::globals;

use super::methods;
use super::python::{self, Style};
use super::{FUEL, Now};

/// Renders a template.
pub(super) fn render(source: &str, context: Value, now: Now) -> Result<String, Error> {
    let mut env = Environment::new();
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true);
    env.set_syntax(syntax.build()?);
    env.set_auto_escape_callback(|_| AutoEscape::None);
    env.set_fuel(Some(FUEL));
    env.set_unknown_method_callback(methods::call);
    env.set_formatter(|out, _, value| {
        out.write_str(&python::shown(value)).map_err(|_| Error::from(ErrorKind::WriteFailure))
    });
    env.add_function("raise_exception", |message: String| -> Result<Value, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    env.add_function("strftime_now", move |format: String| now.format(&format));
    env.add_function("cycler", globals::cycler);
    env.add_function("joiner", globals::joiner);
    env.add_filter("tojson", tojson);
    env.add_filter("int", int);
    env.add_filter("float", float);
    env.add_test("iterable", |value: &Value| !value.is_none() && value.try_iter().is_ok());
    env.add_test("sequence", is_sequence);
    let source = source.replace("\r\n", "\n").replace('\r', "\n");
    let source = without_generation(&source);
    env.template_from_str(&source)?.render(context)
}

/// What Python can ask for its length and for an item: texts and dicts too.
fn is_sequence(value: &Value) -> bool {
    let kinds = [ValueKind::Seq, ValueKind::String, ValueKind::Map];
    value.is_undefined() || kinds.contains(&value.kind())
}

/// The integer, or the default, 0 if there is none.
fn int(
    state: &State<'_, '_>,
    value: &Value,
    default: Option<Value>,
    base: Option<u32>,
    named: Kwargs,
) -> Result<Value, Error> {
    let default = default.or(named.get("default")?).unwrap_or_else(|| Value::from(0));
    filters::int(state, value, Some(default), base, named)
}

/// The float, or the default, 0 if there is none.
fn float(
    state: &State<'_, '_>,
    value: &Value,
    default: Option<Value>,
    named: Kwargs,
) -> Result<Value, Error> {
    let default = default.or(named.get("default")?).unwrap_or_else(|| Value::from(0.0));
    filters::float(state, value, Some(default), named)
}

/// `json.dumps` of Python, with the defaults that transformers gives it.
fn tojson(value: Value, options: Kwargs) -> Result<String, Error> {
    let indent = match options.get::<Option<Value>>("indent")? {
        Some(indent) if !indent.is_none() => Some(match (indent.as_usize(), indent.as_str()) {
            (Some(n), _) => " ".repeat(n.min(16)),
            (_, text) => text.unwrap_or_default().to_owned(),
        }),
        _ => None,
    };
    let separators = options.get::<Option<Vec<String>>>("separators")?;
    let style = Style {
        ensure_ascii: options.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false),
        sort_keys: options.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
        separators: match separators.as_deref() {
            Some([item, key]) => [item.clone(), key.clone()],
            _ => [if indent.is_some() { "," } else { ", " }.to_owned(), ": ".to_owned()],
        },
        indent,
    };
    options.assert_all_used()?;
    python::json(&value, &style)
}

/// `{% generation %}` marks what an assistant says, for training; it changes nothing of the text.
fn without_generation(source: &str) -> Cow<'_, str> {
    if !source.contains("generation") {
        return Cow::Borrowed(source);
    }
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("{%") {
        let end = rest[at..].find("%}").map_or(rest.len(), |n| at + n);
        let (open, tag) = rest[..end].split_at(at + 2);
        out.push_str(open);
        match tag.trim_matches(['-', '+', ' ', '\n', '\t', '\r']) {
            "generation" => out.push_str(&tag.replace("generation", "if true")),
            "endgeneration" => out.push_str(&tag.replace("endgeneration", "endif")),
            _ => out.push_str(tag),
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}
