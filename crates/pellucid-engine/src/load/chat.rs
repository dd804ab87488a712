//! Chat templates: from messages to the text that a model was trained to read.
//!
//! A template is Jinja that comes with the checkpoint, and it is rendered as transformers renders it: same
//! whitespace, same functions, Python's spelling of what is printed. It is a program by a stranger: `FUEL` bounds
//! what it may compute and hold, and it sees nothing but what it is given.

mod clock;
mod environment;
mod messages;
mod methods;
mod python;

use std::collections::BTreeMap;
use std::path::Path;

use minijinja::Value;
use serde_json::Value as Json;

use super::LoadError;

pub use clock::Now;

/// Instructions a template may take; what it allocates counts too.
const FUEL: u64 = 20_000_000;

/// The templates of a checkpoint by name, as Jinja.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChatTemplates(BTreeMap<String, String>);

/// What a template is given besides messages.
#[derive(Debug, Clone, Default)]
pub struct Chat<'a> {
    /// Whether the answer is begun: the text ends where the model is to speak.
    pub add_generation_prompt: bool,
    /// Whether the text ends inside the last message, so that the model goes on with it.
    pub continue_final_message: bool,
    /// Another template: the name of one of the checkpoint's, or Jinja.
    pub template: Option<&'a str>,
    /// Variables as a JSON object: `tools`, `documents`, and whatever the template asks for. Empty for none.
    pub variables: &'a str,
    /// The time that `strftime_now` shows.
    pub now: Now,
}

impl ChatTemplates {
    /// The template that is meant if none is named; with tools, the one for them.
    pub fn get(&self, has_tools: bool) -> Option<&str> {
        let for_tools = self.0.get("tool_use").filter(|_| has_tools);
        for_tools.or_else(|| self.0.get("default")).map(String::as_str)
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Those of a folder: `chat_template.jinja`, `additional_chat_templates`, or `tokenizer_config.json`.
    pub(crate) fn read(folder: &Path, settings: &Json) -> Result<Self, LoadError> {
        let mut templates = Self::of_settings(settings);
        let read = |path: &Path| std::fs::read_to_string(path).map_err(|cause| LoadError::io(path, cause));
        let more = folder.join("additional_chat_templates");
        for item in std::fs::read_dir(&more).into_iter().flatten().flatten() {
            let path = item.path();
            if let (Some(name), Some("jinja")) =
                (path.file_stem().and_then(|n| n.to_str()), path.extension().and_then(|e| e.to_str()))
            {
                templates.0.insert(name.to_owned(), read(&path)?);
            }
        }
        let main = folder.join("chat_template.jinja");
        if main.is_file() {
            templates.0.insert("default".to_owned(), read(&main)?);
        }
        Ok(templates)
    }

    /// The one template of a GGUF file.
    pub(crate) fn only(source: Option<&str>) -> Self {
        Self(source.map(|source| ("default".to_owned(), source.to_owned())).into_iter().collect())
    }

    /// `chat_template` of `tokenizer_config.json`: Jinja, or a list of `{name, template}`.
    fn of_settings(settings: &Json) -> Self {
        let named = |item: &Json| {
            let text = |key: &str| item.get(key)?.as_str().map(str::to_owned);
            Some((text("name")?, text("template")?))
        };
        match settings.get("chat_template") {
            Some(Json::String(source)) => Self::only(Some(source)),
            Some(Json::Array(items)) => Self(items.iter().filter_map(named).collect()),
            _ => Self::default(),
        }
    }

    /// The text of `messages`, a JSON list of `{"role": ..., "content": ...}`. `special` are the names of special
    /// tokens (`bos_token`) and their texts.
    pub(crate) fn render(
        &self,
        messages: &str,
        chat: &Chat<'_>,
        special: &[(String, String)],
    ) -> Result<String, LoadError> {
        let given = Given::parse(messages, chat)?;
        let source = self.source(chat, &given)?;
        let messages = messages::prepared(&given.messages, chat.continue_final_message)?;
        let own = [
            ("messages", messages),
            ("add_generation_prompt", Value::from(chat.add_generation_prompt)),
            ("tools", Value::from(())),
            ("documents", Value::from(())),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let special = special.iter().map(|(name, text)| (name.clone(), Value::from(text.clone())));
        let context = Value::from_pairs(own.into_iter().chain(special).chain(given.variables));
        let text = environment::render(source, context, chat.now).map_err(|e| bad(said(&e)))?;
        match chat.continue_final_message {
            true => messages::cut(&text),
            false => Ok(text),
        }
    }

    fn source<'a>(&'a self, chat: &Chat<'a>, given: &Given) -> Result<&'a str, LoadError> {
        let has_tools = given.variables.iter().any(|(name, value)| name == "tools" && !value.is_none());
        match chat.template {
            Some(named) => Ok(self.0.get(named).map_or(named, String::as_str)),
            None => self.get(has_tools).ok_or_else(|| LoadError::NoChatTemplate {
                known: self.names().map(str::to_owned).collect(),
            }),
        }
    }
}

/// What comes as JSON.
struct Given {
    messages: Vec<Value>,
    variables: Vec<(String, Value)>,
}

impl Given {
    fn parse(messages: &str, chat: &Chat<'_>) -> Result<Given, LoadError> {
        let messages: Value =
            serde_json::from_str(messages).map_err(|e| bad(format!("the messages are not JSON: {e}")))?;
        let variables = match chat.variables {
            "" => Vec::new(),
            json => {
                let object: Value = serde_json::from_str(json)
                    .map_err(|e| bad(format!("the variables are not JSON: {e}")))?;
                messages::pairs(&object).ok_or_else(|| bad("the variables are no JSON object"))?
            }
        };
        Ok(Given { messages: messages::list(&messages)?, variables })
    }
}

fn bad(why: impl Into<String>) -> LoadError {
    LoadError::BadChat { why: why.into() }
}

/// What a template says of its failure, without its text.
fn said(error: &minijinja::Error) -> String {
    let what = match error.detail() {
        Some(detail) if error.kind() == minijinja::ErrorKind::InvalidOperation => detail.to_owned(),
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    };
    match error.line() {
        Some(line) => format!("the chat template fails on line {line}: {what}"),
        None => format!("the chat template fails: {what}"),
    }
}
