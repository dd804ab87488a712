//! Functions in text: `function NAME %0 TYPE ...` begins one, `return` ends it.

use super::{Parser, tensor_type, value_name};
use crate::text::cursor::Cursor;
use crate::{Code, Diagnostic, Function, Loc, Result, Use};

impl Parser<'_> {
    pub(super) fn open_function(&mut self, c: &mut Cursor<'_>, at: &Loc) -> Result<()> {
        if self.outer.is_some() {
            let message = "a function cannot stand in another: `return` ends it";
            return Err(Diagnostic::new(Code::Syntax, message));
        }
        let name = c.word().to_owned();
        if self.functions.contains_key(&name) {
            return Err(Diagnostic::new(Code::DuplicateName, format!("two functions are called `{name}`")));
        }
        self.outer = Some(std::mem::take(&mut self.scope));
        let mut params = Vec::new();
        while c.peek() == Some('%') {
            let name = value_name(c)?;
            params.push(tensor_type(c)?);
            self.make(name)?;
        }
        let at = Some(at.clone());
        self.trace.functions.push(Function { name, params, body: Vec::new(), results: Vec::new(), at });
        Ok(())
    }

    pub(super) fn close_function(&mut self, c: &mut Cursor<'_>) -> Result<()> {
        let mut results = Vec::new();
        while c.peek() == Some('%') {
            results.push(self.value(c)?);
            c.eat(",");
        }
        let id = self.trace.functions.len().wrapping_sub(1);
        match (self.outer.take(), self.trace.functions.last_mut()) {
            (Some(outer), Some(function)) => {
                function.results = results;
                self.functions.insert(function.name.clone(), id);
                self.scope = outer;
                Ok(())
            }
            _ => Err(Diagnostic::new(Code::Syntax, "`return` stands outside a function")),
        }
    }

    /// At the end of the text: a function that was begun was ended.
    pub(super) fn all_closed(&self) -> Result<()> {
        match (&self.outer, self.trace.functions.last()) {
            (Some(_), Some(function)) => {
                let message = format!("`{}` has no `return`", function.name);
                Err(Diagnostic::new(Code::Syntax, message).at(function.at.clone()))
            }
            _ => Ok(()),
        }
    }

    /// `name(%0, %1)`.
    pub(super) fn run(&self, c: &mut Cursor<'_>) -> Result<Use> {
        let name = c.word();
        let function = self.functions.get(name).copied().ok_or_else(|| {
            Diagnostic::new(Code::UnknownValue, format!("there is no function `{name}` above"))
        })?;
        Ok(Use { function, args: c.between("(", ")", |c| self.value(c))? })
    }
}
