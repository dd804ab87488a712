//! From handles to numbers: what a handle stands for now, where it is used, and new statements.

use super::frame::Reach;
use super::{Handle, Recorder};
use crate::check::{Scope, hold_sizes, infer_statement};
use crate::{Arg, Code, DType, Diagnostic, Kind, Limits, Loc, Op, Result, Statement, TensorType, ValueId};

impl Recorder {
    /// The type of what a handle stands for.
    pub fn type_of(&self, handle: Handle) -> &TensorType {
        let value = self.storages.last_value(handle).index();
        match self.storages.frame_of(handle) {
            0 => &self.types[value],
            id => match self.frames.iter().find(|f| f.id == id) {
                Some(frame) => &frame.types[value],
                None => &self.ended[&id][value],
            },
        }
    }

    /// The number, in what is being recorded, of the value a handle stands for now, after every write
    /// to its storage. A value of what is around becomes a parameter of the function.
    ///
    /// # Errors
    /// Too many statements, a value of a function that has ended, or one that a function cannot use.
    pub fn value(&mut self, handle: Handle, at: Option<Loc>) -> Result<ValueId> {
        if self.storages.is_within(handle) {
            let message = "the value was made in a `with` block over several steps, and has one for each";
            let help = "save it in the block, append it to a saved `pl.list()`, or write \
                        `for step in tracer.iter[...]:`, whose body Python runs for each step";
            return Err(Diagnostic::new(Code::BadArgument, message).help(help).at(at));
        }
        let depth = self.depth_of(handle).map_err(|d| d.at(at.clone()))?;
        let mut value = match self.storages.stale(handle) {
            None => self.storages.last_value(handle),
            Some((mut value, steps)) => {
                for step in &steps {
                    value = self.push_in(depth, step.apply(value), at.clone())?[0];
                }
                self.storages.refresh(handle, value);
                value
            }
        };
        for depth in depth..self.frames.len() {
            value = self.capture(depth, value).map_err(|d| d.at(at.clone()))?;
        }
        Ok(value)
    }

    /// How many functions are around the value a handle stands for.
    fn depth_of(&self, handle: Handle) -> Result<usize> {
        let id = self.storages.frame_of(handle);
        let found =
            if id == 0 { Some(0) } else { self.frames.iter().position(|f| f.id == id).map(|i| i + 1) };
        found.ok_or_else(|| {
            let message = "the value belongs to a branch, a loop or a function that has ended";
            Diagnostic::new(Code::UnknownValue, message).help("return it from there")
        })
    }

    /// Takes a value at `depth` one function further in.
    fn capture(&mut self, depth: usize, value: ValueId) -> Result<ValueId> {
        let ty = self.types_at(depth)[value.index()].clone();
        let other = self.other_types_at(depth).get(value.index()).cloned();
        let frame = &mut self.frames[depth];
        match frame.reach {
            Reach::Around => Ok(frame.capture(value, &ty, other)),
            Reach::Parameters => {
                let message = format!("`{}` uses a value from around it ({ty})", frame.name);
                Err(Diagnostic::new(Code::EffectInFunction, message).help("pass it as an argument"))
            }
        }
    }

    pub(super) fn types_at(&self, depth: usize) -> &[TensorType] {
        if depth == 0 { &self.types } else { &self.frames[depth - 1].types }
    }

    /// What statements can refer to.
    pub(super) fn scope(&self) -> Scope<'_> {
        Scope {
            spec: &self.spec,
            constants: &self.trace.constants,
            rows: &self.rows,
            functions: &self.signatures,
        }
    }

    pub(super) fn ty(&self, value: ValueId) -> &TensorType {
        &self.types_at(self.frames.len())[value.index()]
    }

    pub(super) fn push(&mut self, kind: Kind, at: Option<Loc>) -> Result<Vec<ValueId>> {
        self.push_in(self.frames.len(), kind, at)
    }

    /// Adds a statement to the trace (depth 0) or to one of the functions being recorded.
    pub(super) fn push_in(&mut self, depth: usize, kind: Kind, at: Option<Loc>) -> Result<Vec<ValueId>> {
        let fail = |d: Diagnostic| d.at(at.clone());
        Limits::hold("statements", self.n_statements + 1, self.limits.statements).map_err(fail)?;
        if let (Some(frame), false) = (depth.checked_sub(1).map(|i| &self.frames[i]), kind.is_pure()) {
            let message =
                format!("`{}` may only compute: it cannot write, skip, save, log or stop", frame.name);
            let diagnostic = Diagnostic::new(Code::EffectInFunction, message);
            return Err(fail(diagnostic.help("return the value and do it outside")));
        }
        let made = infer_statement(&kind, self.scope(), self.types_at(depth)).map_err(|d| match kind {
            Kind::SetParameter { .. } => fail(d),
            _ => fail(self.in_edit(d)),
        })?;
        let made_else = self.made_for_others(depth, &kind, &made).map_err(fail)?;
        hold_sizes(&kind, &made, &self.limits).map_err(fail)?;
        Limits::hold("values", self.n_values + made.len(), self.limits.values).map_err(fail)?;
        self.n_statements += 1;
        self.n_values += made.len();
        let statement = Statement { kind, at };
        let types = match depth.checked_sub(1).map(|i| &mut self.frames[i]) {
            None => {
                self.trace.statements.push(statement);
                &mut self.types
            }
            Some(frame) => {
                frame.push(statement);
                &mut frame.types
            }
        };
        let first = types.len() as u32;
        let values = (first..first + made.len() as u32).map(ValueId).collect();
        types.extend(made);
        self.add_other_types(depth, made_else);
        Ok(values)
    }

    /// A value in the dtype that is wanted, if both are floating.
    pub(super) fn convert(&mut self, value: ValueId, want: &TensorType, at: Option<Loc>) -> Result<ValueId> {
        let got = self.ty(value);
        let floats = |a: DType, b: DType| a.is_float() && b.is_float();
        if got.dtype == want.dtype || !floats(got.dtype, want.dtype) {
            return Ok(value);
        }
        let args = vec![Arg::Value(value), Arg::DType(want.dtype)];
        Ok(self.push(Kind::Op { op: Op::find("to")?, args }, at)?[0])
    }
}
