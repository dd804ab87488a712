//! Arguments of operations in text, read as the table's row says they are meant.

use super::Parser;
use crate::op::{OpDef, ParamKind};
use crate::text::cursor::Cursor;
use crate::{Arg, Code, DType, Diagnostic, IndexItem, Result, Slice};

impl Parser<'_> {
    pub(super) fn arguments(&self, def: &'static OpDef, c: &mut Cursor<'_>) -> Result<Vec<Arg>> {
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
            (_, Some('"')) => c.quoted().map(|text| Arg::Word(text.into())),
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
}

fn scalar(kind: ParamKind, word: &str) -> Option<Arg> {
    match (kind, word) {
        (_, "none") if !matches!(kind, ParamKind::Word(_) | ParamKind::Text) => Some(Arg::None),
        (_, "true") => Some(Arg::Bool(true)),
        (_, "false") => Some(Arg::Bool(false)),
        (ParamKind::Word(_) | ParamKind::Text, _) => Some(Arg::Word(word.to_owned().into())),
        (ParamKind::DType, _) => DType::parse(word).map(Arg::DType),
        _ => word.parse().map(Arg::Int).or_else(|_| word.parse().map(Arg::Float)).ok(),
    }
}
