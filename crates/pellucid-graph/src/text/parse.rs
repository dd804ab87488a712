//! Reading the text form. Every statement remembers the file and line it came from.

use std::collections::HashMap;
use std::sync::Arc;

use super::constant;
use super::cursor::Cursor;
use crate::op::{OpDef, ParamKind};
use crate::{
    Arg, Code, Constant, DType, Diagnostic, IndexItem, Invoke, Kind, Limits, Loc, Op, Prompt, Result, Site,
    Slice, Statement, TensorType, Trace, ValueId, wire,
};

/// Parses a trace; `file` is how errors name it.
///
/// # Errors
/// [`Code::Syntax`] and the like, with file and line.
pub fn parse(text: &str, file: &str, limits: &Limits) -> Result<Trace> {
    Limits::hold("trace_bytes", text.len(), limits.trace_bytes)?;
    let file: Arc<str> = file.into();
    let mut parser = Parser {
        trace: Trace::default(),
        names: HashMap::new(),
        next: 0,
        constant_bytes: 0,
        limits,
        started: false,
    };
    for (i, line) in text.lines().enumerate() {
        let at = Loc { file: file.clone(), line: i as u32 + 1 };
        parser.line(line, &at).map_err(|d| d.at(Some(at)))?;
    }
    match parser.started {
        true => Ok(parser.trace),
        false => {
            let message = format!("expected `pellucid {}` on the first line, got nothing", wire::VERSION);
            Err(Diagnostic::new(Code::Syntax, message).at(Some(Loc { file, line: 1 })))
        }
    }
}

struct Parser<'a> {
    trace: Trace,
    names: HashMap<u32, ValueId>,
    next: u32,
    constant_bytes: usize,
    limits: &'a Limits,
    started: bool,
}

impl Parser<'_> {
    fn line(&mut self, line: &str, at: &Loc) -> Result<()> {
        let mut c = Cursor::new(line);
        if c.at_end() {
            return Ok(());
        }
        if !self.started {
            self.header(&mut c)?;
        } else if c.peek() == Some('%') {
            self.making_line(&mut c, at)?;
        } else {
            let word = c.word();
            self.effect_line(word, &mut c, at)?;
        }
        Limits::hold("statements", self.trace.statements.len(), self.limits.statements)?;
        if c.at_end() { Ok(()) } else { Err(c.expected("the end of the line")) }
    }

    fn header(&mut self, c: &mut Cursor<'_>) -> Result<()> {
        c.expect("pellucid")?;
        let version: u32 = c.parsed("a version")?;
        if version != wire::VERSION {
            let message =
                format!("the trace is of version {version}, this build reads version {}", wire::VERSION);
            return Err(Diagnostic::new(Code::UnsupportedVersion, message));
        }
        self.started = true;
        Ok(())
    }

    fn effect_line(&mut self, word: &str, c: &mut Cursor<'_>, at: &Loc) -> Result<()> {
        let kind = match word {
            "model" => {
                self.trace.model = Some(c.quoted()?);
                return Ok(());
            }
            "invoke" => return self.invoke(c, at),
            "write" => Kind::Write { invoke: c.parsed("an invoke")?, site: site(c)?, value: self.value(c)? },
            "skip" => {
                Kind::Skip { invoke: c.parsed("an invoke")?, module: module(c)?, value: self.value(c)? }
            }
            "save" => Kind::Save { name: c.quoted()?, value: self.value(c)? },
            "stop" => Kind::Stop,
            _ => {
                let message = format!("expected a statement, got `{word}`");
                let help = "lines start with a value like `%0 =`, or model, invoke, write, skip, save, stop";
                return Err(Diagnostic::new(Code::Syntax, message).help(help));
            }
        };
        self.trace.statements.push(Statement { kind, at: Some(at.clone()) });
        Ok(())
    }

    fn invoke(&mut self, c: &mut Cursor<'_>, at: &Loc) -> Result<()> {
        let number: usize = c.parsed("the number of the invoke")?;
        if number != self.trace.invokes.len() {
            let message = format!("expected invoke {}, got {number}", self.trace.invokes.len());
            return Err(Diagnostic::new(Code::Syntax, message));
        }
        let prompts = if c.peek() == Some('[') { c.list(prompt)? } else { vec![prompt(c)?] };
        self.trace.invokes.push(Invoke { prompts, at: Some(at.clone()) });
        Ok(())
    }

    fn making_line(&mut self, c: &mut Cursor<'_>, at: &Loc) -> Result<()> {
        let mut names = vec![value_name(c)?];
        while c.eat(",") {
            names.push(value_name(c)?);
        }
        c.expect("=")?;
        let word = c.word();
        let kind = match word {
            "read" => Kind::Read { invoke: c.parsed("an invoke")?, site: site(c)? },
            "apply" => Kind::Apply { module: module(c)?, input: self.value(c)? },
            "constant" => self.constant(c)?,
            name => {
                let op = Op::find(name)?;
                Kind::Op { op, args: self.arguments(op.def(), c)? }
            }
        };
        if names.len() != kind.n_values() {
            let message =
                format!("the line names {} values, `{word}` makes {}", names.len(), kind.n_values());
            return Err(Diagnostic::new(Code::Syntax, message));
        }
        self.trace.statements.push(Statement { kind, at: Some(at.clone()) });
        for name in names {
            if self.names.insert(name, ValueId(self.next)).is_some() {
                return Err(Diagnostic::new(Code::DuplicateName, format!("`%{name}` is made twice")));
            }
            self.next += 1;
        }
        Ok(())
    }

    fn constant(&mut self, c: &mut Cursor<'_>) -> Result<Kind> {
        let start = c.word();
        let dtype = DType::parse(start).ok_or_else(|| {
            Diagnostic::new(Code::Syntax, format!("expected an element type before the shape, got `{start}`"))
        })?;
        let shape = c.list(|c| c.parsed::<usize>("a length"))?;
        let ty = TensorType::new(dtype, shape);
        self.constant_bytes = self.constant_bytes.saturating_add(ty.bytes().unwrap_or(usize::MAX));
        Limits::hold("constant_bytes", self.constant_bytes, self.limits.constant_bytes)?;
        let mut data = Vec::new();
        c.list(|c| {
            let word = c.word();
            let element = constant::parse(dtype, word).ok_or_else(|| {
                Diagnostic::new(Code::Syntax, format!("expected an element of type {dtype}, got `{word}`"))
            });
            element.map(|bytes| data.extend(bytes))
        })?;
        if ty.bytes() != Some(data.len()) {
            let message =
                format!("a constant of type {ty} cannot have {} elements", data.len() / dtype.size());
            return Err(Diagnostic::new(Code::ShapeMismatch, message));
        }
        self.trace.constants.push(Constant { ty, data: data.into() });
        Ok(Kind::Constant { index: self.trace.constants.len() - 1 })
    }

    fn arguments(&self, def: &'static OpDef, c: &mut Cursor<'_>) -> Result<Vec<Arg>> {
        let mut positional = Vec::new();
        let mut named = Vec::new();
        while !c.at_end() {
            let name = c.attempt(|c| {
                let name = c.word();
                c.expect("=").map(|()| name)
            });
            let param = match name {
                Some(name) => def.params.iter().find(|p| p.name == name),
                None => def.params.get(positional.len()),
            };
            let kind = param.map_or(ParamKind::Operand, |p| p.kind);
            let arg = self.argument(kind, c)?;
            match name {
                Some(name) => named.push((name, arg)),
                None => positional.push(arg),
            }
        }
        def.bind(positional, named)
    }

    fn argument(&self, kind: ParamKind, c: &mut Cursor<'_>) -> Result<Arg> {
        match (kind, c.peek()) {
            (_, Some('%')) => Ok(Arg::Value(self.value(c)?)),
            (ParamKind::Index, Some('[')) => Ok(Arg::Index(c.list(|c| self.index_item(c))?)),
            (ParamKind::Tensors, Some('[')) => Ok(Arg::Values(c.list(|c| self.value(c))?)),
            (_, Some('[')) => Ok(Arg::Ints(c.list(|c| c.parsed("an integer"))?)),
            _ => {
                let word = c.word();
                if word.is_empty() {
                    return Err(c.expected("an argument"));
                }
                scalar(kind, word).ok_or_else(|| {
                    Diagnostic::new(Code::Syntax, format!("expected an argument, got `{word}`"))
                })
            }
        }
    }

    fn index_item(&self, c: &mut Cursor<'_>) -> Result<IndexItem> {
        if c.peek() == Some('%') {
            return Ok(IndexItem::Value(self.value(c)?));
        }
        if c.eat("...") {
            return Ok(IndexItem::Ellipsis);
        }
        if c.eat("new") {
            return Ok(IndexItem::New);
        }
        let start: Option<i64> = c.attempt(|c| c.parsed("an integer"));
        if !c.eat(":") {
            return start.map(IndexItem::Int).ok_or_else(|| c.expected("an index"));
        }
        let stop = c.attempt(|c| c.parsed("an integer"));
        let step = if c.eat(":") { c.attempt(|c| c.parsed("an integer")) } else { None };
        Ok(IndexItem::Slice(Slice { start, stop, step }))
    }

    fn value(&self, c: &mut Cursor<'_>) -> Result<ValueId> {
        let name = value_name(c)?;
        self.names.get(&name).copied().ok_or_else(|| {
            Diagnostic::new(Code::UnknownValue, format!("`%{name}` is not made by an earlier statement"))
        })
    }
}

fn scalar(kind: ParamKind, word: &str) -> Option<Arg> {
    match (kind, word) {
        (_, "none") if !matches!(kind, ParamKind::Word(_)) => Some(Arg::None),
        (_, "true") => Some(Arg::Bool(true)),
        (_, "false") => Some(Arg::Bool(false)),
        (ParamKind::Word(_), _) => Some(Arg::Word(word.to_owned())),
        (ParamKind::DType, _) => DType::parse(word).map(Arg::DType),
        _ => word.parse().map(Arg::Int).or_else(|_| word.parse().map(Arg::Float)).ok(),
    }
}

fn value_name(c: &mut Cursor<'_>) -> Result<u32> {
    c.expect("%")?;
    c.parsed("the number of a value")
}

fn site(c: &mut Cursor<'_>) -> Result<Site> {
    let word = c.word();
    Site::parse(word).ok_or_else(|| Diagnostic::new(Code::Syntax, format!("expected a site, got `{word}`")))
}

fn module(c: &mut Cursor<'_>) -> Result<String> {
    let word = c.word();
    Ok(if word == "." { String::new() } else { word.to_owned() })
}

fn prompt(c: &mut Cursor<'_>) -> Result<Prompt> {
    let text = if c.peek() == Some('"') { Some(c.quoted()?) } else { None };
    let ids = if c.eat("ids") { Some(c.list(|c| c.parsed("a token id"))?) } else { None };
    match text.is_none() && ids.is_none() {
        true => Err(c.expected("a prompt in double quotes, or `ids [...]`")),
        false => Ok(Prompt { text, ids }),
    }
}
