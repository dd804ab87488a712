//! Reading the text form. Every statement remembers the file and line it came from.

mod argument;
mod function;
mod generation;

use std::collections::HashMap;
use std::sync::Arc;

use super::constant;
use super::cursor::Cursor;
use crate::shape::MAX_AXES;
use crate::{
    Code, Constant, DType, Diagnostic, FunctionId, Invoke, Kind, Limits, Loc, Op, Part, Prompt, Result, Site,
    Statement, TensorType, Trace, ValueId, wire,
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
        scope: Scope::default(),
        outer: None,
        functions: HashMap::new(),
        n_statements: 0,
        constant_bytes: 0,
        limits,
        started: false,
    };
    for (i, line) in text.lines().enumerate() {
        let at = Loc { file: file.clone(), line: i as u32 + 1 };
        parser.line(line, &at).map_err(|d| d.at(Some(at)))?;
    }
    parser.all_closed()?;
    match parser.started {
        true => Ok(parser.trace),
        false => {
            let message = format!("expected `pellucid {}` on the first line, got nothing", wire::VERSION);
            Err(Diagnostic::new(Code::Syntax, message).at(Some(Loc { file, line: 1 })))
        }
    }
}

/// Names of the values in the main part, or in a function.
#[derive(Default)]
struct Scope {
    names: HashMap<u32, ValueId>,
    next: u32,
}

struct Parser<'a> {
    trace: Trace,
    scope: Scope,
    /// The main part's names, while a function is read; the function is the last of the trace's.
    outer: Option<Scope>,
    /// The functions that can be used: those that have ended.
    functions: HashMap<String, FunctionId>,
    n_statements: usize,
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
        Limits::hold("statements", self.n_statements, self.limits.statements)?;
        if c.at_end() { Ok(()) } else { Err(c.expected("the end of the line")) }
    }

    fn header(&mut self, c: &mut Cursor<'_>) -> Result<()> {
        c.expect("pellucid")?;
        let version: u32 = c.parsed("a version")?;
        wire::known_version(version)?;
        self.started = true;
        Ok(())
    }

    fn effect_line(&mut self, word: &str, c: &mut Cursor<'_>, at: &Loc) -> Result<()> {
        let kind = match word {
            "model" => {
                self.trace.model = Some(c.quoted()?);
                return Ok(());
            }
            "generate" => {
                self.trace.generation = Some(generation::read(c)?);
                return Ok(());
            }
            "invoke" => return self.invoke(c, at),
            "function" => return self.open_function(c, at),
            "return" => return self.close_function(c),
            "write" => Kind::Write { invoke: c.parsed("an invoke")?, site: site(c)?, value: self.value(c)? },
            "skip" => {
                let (invoke, (module, step)) = (c.parsed("an invoke")?, module_at(c)?);
                Kind::Skip { invoke, module, step, value: self.value(c)? }
            }
            "set_gradient" => {
                Kind::SetGradient { pass: self.value(c)?, of: self.value(c)?, value: self.value(c)? }
            }
            "set" => Kind::SetParameter { path: module(c)?, value: self.value(c)? },
            "save" => Kind::Save { name: c.quoted()?, value: self.value(c)? },
            "log" => Kind::Log { parts: self.parts(c)? },
            "stop" => Kind::Stop,
            _ => {
                let message = format!("expected a statement, got `{word}`");
                let help = "lines start with a value like `%0 =`, or model, generate, invoke, function, return, \
                            write, skip, set, set_gradient, save, log, stop";
                return Err(Diagnostic::new(Code::Syntax, message).help(help));
            }
        };
        self.push(Statement { kind, at: Some(at.clone()) });
        Ok(())
    }

    fn push(&mut self, statement: Statement) {
        self.n_statements += 1;
        match (&self.outer, self.trace.functions.last_mut()) {
            (Some(_), Some(function)) => function.body.push(statement),
            _ => self.trace.statements.push(statement),
        }
    }

    fn make(&mut self, name: u32) -> Result<()> {
        if self.scope.names.insert(name, ValueId(self.scope.next)).is_some() {
            return Err(Diagnostic::new(Code::DuplicateName, format!("`%{name}` is made twice")));
        }
        self.scope.next += 1;
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
            "parameter" => Kind::Parameter { path: module(c)? },
            "constant" => self.constant(c)?,
            "import" => Kind::Import {
                trace: c.parsed("the number of an earlier trace")?,
                name: c.quoted()?,
                ty: tensor_type(c)?,
            },
            "backward" => Kind::Backward {
                outputs: c.list(|c| self.value(c))?,
                seeds: if c.peek() == Some('[') { c.list(|c| self.value(c))? } else { Vec::new() },
                create_graph: c.eat("create_graph"),
            },
            "gradient" => Kind::Gradient { pass: self.value(c)?, of: self.value(c)? },
            "call" => Kind::Call { run: self.run(c)?, results: names.len() },
            "cond" => Kind::Cond {
                pred: self.value(c)?,
                then: self.run(c)?,
                otherwise: self.run(c)?,
                results: names.len(),
            },
            "loop" => {
                let most = c.parsed("the largest number of steps")?;
                let (test, body) = (self.run(c)?, self.run(c)?);
                Kind::Loop { most, test, body, carried: c.list(|c| self.value(c))? }
            }
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
        self.push(Statement { kind, at: Some(at.clone()) });
        names.into_iter().try_for_each(|name| self.make(name))
    }

    fn constant(&mut self, c: &mut Cursor<'_>) -> Result<Kind> {
        let ty = tensor_type(c)?;
        let dtype = ty.dtype;
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

    fn parts(&self, c: &mut Cursor<'_>) -> Result<Vec<Part>> {
        let mut parts = Vec::new();
        while !c.at_end() {
            parts.push(match c.peek() {
                Some('"') => Part::Text(c.quoted()?),
                _ => Part::Value(self.value(c)?),
            });
        }
        Ok(parts)
    }

    fn value(&self, c: &mut Cursor<'_>) -> Result<ValueId> {
        let name = value_name(c)?;
        self.scope.names.get(&name).copied().ok_or_else(|| {
            Diagnostic::new(Code::UnknownValue, format!("`%{name}` is not made by an earlier statement"))
        })
    }
}

/// `f32[9, 576]`, with `<=` before a length that depends on elements.
fn tensor_type(c: &mut Cursor<'_>) -> Result<TensorType> {
    let start = c.word();
    let dtype = DType::parse(start).ok_or_else(|| {
        Diagnostic::new(Code::Syntax, format!("expected an element type before the shape, got `{start}`"))
    })?;
    let lengths = c.list(|c| Ok((c.eat("<="), c.parsed::<usize>("a length")?)))?;
    let mut ty = TensorType::new(dtype, lengths.iter().map(|(_, n)| *n).collect::<Vec<_>>());
    if ty.rank() <= MAX_AXES {
        ty.open = lengths.iter().enumerate().fold(0, |bits, (i, (open, _))| bits | u64::from(*open) << i);
    }
    Ok(ty)
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

/// A module, with `@2` behind it for step 2 of a generation.
fn module_at(c: &mut Cursor<'_>) -> Result<(String, u32)> {
    let word = module(c)?;
    let Some((path, step)) = word.split_once('@') else { return Ok((word, 0)) };
    let step = step.parse().map_err(|_| {
        Diagnostic::new(Code::Syntax, format!("expected the number of a step after `@`, got `{step}`"))
    })?;
    Ok((if path == "." { String::new() } else { path.to_owned() }, step))
}

fn prompt(c: &mut Cursor<'_>) -> Result<Prompt> {
    let text = if c.peek() == Some('"') { Some(c.quoted()?) } else { None };
    let ids = if c.eat("ids") { Some(c.list(|c| c.parsed("a token id"))?) } else { None };
    match text.is_none() && ids.is_none() {
        true => Err(c.expected("a prompt in double quotes, or `ids [...]`")),
        false => Ok(Prompt { text, ids }),
    }
}
