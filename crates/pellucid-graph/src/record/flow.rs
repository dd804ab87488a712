//! Recording functions: what is written between `begin_function` and `end_function` is a sub-graph,
//! which `call`, `cond` and `while_loop` then run.

use super::frame::{Frame, Reach};
use super::{Handle, Recorder};
use crate::check::check_function;
use crate::{Code, Diagnostic, Function, FunctionId, Kind, Loc, Result, TensorType, Use, ValueId};

/// A recorded function, with the values around it that it captured: to be run where it was recorded.
#[derive(Clone, Debug)]
pub struct Body {
    function: FunctionId,
    captures: Vec<ValueId>,
}

impl Body {
    /// The function, for [`Recorder::call`]; it can be called anywhere if it captured nothing.
    pub fn function(&self) -> FunctionId {
        self.function
    }
}

impl Recorder {
    /// Begins a function; what is recorded from here on is its body. `params` are the types of its
    /// parameters, whose handles it returns; a number is put behind a name that is taken.
    ///
    /// # Errors
    /// Too many functions inside each other.
    pub fn begin_function(
        &mut self,
        name: &str,
        params: &[TensorType],
        reach: Reach,
        at: Option<Loc>,
    ) -> Result<Vec<Handle>> {
        let others = if self.shadow.is_some() { params.to_vec() } else { Vec::new() };
        self.begin(name, params, others, reach, at)
    }

    /// Begins a function whose parameters have the types of these values.
    ///
    /// # Errors
    /// Too many functions inside each other.
    pub fn begin_function_on(
        &mut self,
        name: &str,
        params: &[Handle],
        reach: Reach,
        at: Option<Loc>,
    ) -> Result<Vec<Handle>> {
        let types: Vec<TensorType> = params.iter().map(|h| self.type_of(*h).clone()).collect();
        let others = params.iter().filter_map(|h| self.other_type_of(*h)).collect();
        self.begin(name, &types, others, reach, at)
    }

    fn begin(
        &mut self,
        name: &str,
        params: &[TensorType],
        others: Vec<TensorType>,
        reach: Reach,
        at: Option<Loc>,
    ) -> Result<Vec<Handle>> {
        crate::Limits::hold("nesting", self.frames.len() + 1, self.limits.nesting)
            .map_err(|d| d.at(at.clone()))?;
        let name = self.free_name(name);
        let id = self.storages.enter();
        self.frames.push(Frame::new(id, name, reach, params, others, at));
        Ok((0..params.len() as u32).map(|i| self.storages.borrowed(ValueId(i))).collect())
    }

    /// Ends the function begun last; `results` are the values it gives.
    ///
    /// # Errors
    /// A result that is of no use here, a function beyond a limit. The function is gone then.
    pub fn end_function(&mut self, results: &[Handle], at: Option<Loc>) -> Result<Body> {
        let values = results.iter().map(|h| self.value(*h, at.clone())).collect::<Result<Vec<_>>>();
        let Some(frame) = self.leave_frame() else {
            return Err(Diagnostic::new(Code::BadArgument, "no function was begun").at(at));
        };
        let others = frame.other_params();
        let (function, captures) = frame.finish(&values?);
        let function = self.add_function(function, others).map_err(|d| d.at(at))?;
        Ok(Body { function, captures })
    }

    /// Adds a function; `others` are the types of its parameters for other prompts.
    pub(super) fn add_function(&mut self, function: Function, others: Vec<TensorType>) -> Result<FunctionId> {
        let signature = check_function(&function, self.scope(), &self.limits).map_err(|d| self.in_edit(d))?;
        self.add_function_for_others(&function, others)?;
        self.signatures.push(signature);
        self.trace.functions.push(function);
        Ok(self.trace.functions.len() - 1)
    }

    /// Forgets the function begun last.
    pub fn abandon_function(&mut self) {
        self.leave_frame();
    }

    /// Runs a function.
    ///
    /// # Errors
    /// Arguments of other types than it was recorded for.
    pub fn call(&mut self, function: FunctionId, args: &[Handle], at: Option<Loc>) -> Result<Vec<Handle>> {
        let args = args.iter().map(|h| self.value(*h, at.clone())).collect::<Result<_>>()?;
        let results = self.signatures.get(function).map_or(0, |s| s.results.len());
        self.flow(Kind::Call { run: Use { function, args }, results }, at)
    }

    /// Runs one of two functions without parameters of their own.
    ///
    /// # Errors
    /// A condition that is not one bool, branches that give different types.
    pub fn cond(
        &mut self,
        pred: Handle,
        then: Body,
        otherwise: Body,
        at: Option<Loc>,
    ) -> Result<Vec<Handle>> {
        let pred = self.value(pred, at.clone())?;
        let results = self.signatures[then.function].results.len();
        self.flow(Kind::Cond { pred, then: then.run(), otherwise: otherwise.run(), results }, at)
    }

    /// Runs `body` on the values carried, as long as `test` says so, at most `most` times; both were
    /// recorded with a parameter for each value carried.
    ///
    /// # Errors
    /// A test that does not give one bool, a body that gives other types, too many steps.
    pub fn while_loop(
        &mut self,
        test: Body,
        body: Body,
        carried: &[Handle],
        most: u64,
        at: Option<Loc>,
    ) -> Result<Vec<Handle>> {
        let carried = carried.iter().map(|h| self.value(*h, at.clone())).collect::<Result<_>>()?;
        self.flow(Kind::Loop { test: test.run(), body: body.run(), carried, most }, at)
    }

    fn flow(&mut self, kind: Kind, at: Option<Loc>) -> Result<Vec<Handle>> {
        let values = self.push(kind, at)?;
        Ok(values.into_iter().map(|v| self.storages.fresh(v)).collect())
    }

    fn leave_frame(&mut self) -> Option<Frame> {
        let frame = self.frames.pop()?;
        self.ended.insert(frame.id, frame.types.clone());
        self.storages.leave(self.frames.last().map_or(0, |f| f.id));
        Some(frame)
    }

    /// The name, without what the text form cannot read, and with a number if it is taken.
    pub(super) fn free_name(&self, name: &str) -> String {
        let word = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
        let name: String = name.chars().map(word).take(64).collect();
        let name = if name.is_empty() { "function".to_owned() } else { name };
        let names =
            || self.trace.functions.iter().map(|f| &f.name).chain(self.frames.iter().map(|f| &f.name));
        if !names().any(|n| *n == name) {
            return name;
        }
        let numbered = |i: usize| format!("{name}.{i}");
        let taken = |n: &String| names().any(|other| other == n);
        (self.trace.functions.len()..).map(numbered).find(|n| !taken(n)).unwrap_or(name)
    }
}

impl Body {
    fn run(self) -> Use {
        Use { function: self.function, args: self.captures }
    }
}
