//! Constants and functions of a replayed statement, as this trace has them.
//!
//! A function is written for certain types. Called with others it is written again, and so are those
//! that it runs.

use super::{Recorder, Replay};
use crate::check::infer_statement;
use crate::{Function, FunctionId, Kind, Limits, Result, Statement, TensorType, ValueId};

/// Types of the values that a function is run with, for these prompts and for other ones.
type Given = (Vec<TensorType>, Vec<TensorType>);

impl Recorder {
    /// The statement, whose values are of this trace already, with this trace's constants and functions.
    pub(super) fn of_this_trace(&mut self, replay: &mut Replay<'_>, kind: Kind) -> Result<Kind> {
        let depth = self.frames.len();
        let given = given(&kind, self.types_at(depth), self.other_types_at(depth));
        self.renamed(replay, kind, given)
    }

    fn renamed(&mut self, replay: &mut Replay<'_>, mut kind: Kind, given: Vec<Given>) -> Result<Kind> {
        if let Kind::Constant { index } = &mut kind {
            *index = self.constant_here(replay, *index)?;
        }
        let used: Vec<FunctionId> = kind.uses().map(|u| u.function).collect();
        let here = used.into_iter().zip(given).map(|(f, given)| self.function_here(replay, f, given));
        let here = here.collect::<Result<Vec<_>>>()?;
        for (function, here) in kind.functions_mut().into_iter().zip(here) {
            *function = here;
        }
        Ok(kind)
    }

    pub(super) fn constant_here(&mut self, replay: &mut Replay<'_>, index: usize) -> Result<usize> {
        let known = replay.constants.get(&index).copied().or_else(|| replay.is_own.then_some(index));
        if let Some(here) = known {
            return Ok(here);
        }
        let here = self.add_constant(replay.source.constants[index].clone(), None)?;
        replay.constants.insert(index, here);
        Ok(here)
    }

    fn function_here(
        &mut self,
        replay: &mut Replay<'_>,
        function: FunctionId,
        given: Given,
    ) -> Result<FunctionId> {
        if replay.is_own && self.signatures[function].params == given.0 {
            return Ok(function);
        }
        let key = (function, given.0.clone(), given.1.clone());
        if let Some(&known) = replay.functions.get(&key) {
            return Ok(known);
        }
        let source = replay.source;
        let made = self.function_again(replay, &source.functions[function], given)?;
        replay.functions.insert(key, made);
        Ok(made)
    }

    fn function_again(
        &mut self,
        replay: &mut Replay<'_>,
        source: &Function,
        (params, other_params): Given,
    ) -> Result<FunctionId> {
        let n = self.n_statements + source.body.len();
        Limits::hold("statements", n, self.limits.statements)?;
        self.n_statements = n;
        let (mut types, mut others) = (params.clone(), other_params.clone());
        let mut body = Vec::with_capacity(source.body.len());
        for Statement { kind, at } in &source.body {
            let given = given(kind, &types, &others);
            let kind = self.renamed(replay, kind.clone(), given).map_err(|d| d.at(at.clone()))?;
            let made = infer_statement(&kind, self.scope(), &types).map_err(|d| d.at(at.clone()))?;
            let else_made = self.made_among_others(&kind, &made, &others).map_err(|d| d.at(at.clone()))?;
            types.extend(made);
            others.extend(else_made);
            body.push(Statement { kind, at: at.clone() });
        }
        let name = self.free_name(&source.name);
        self.add_function(Function { name, params, body, ..source.clone() }, other_params)
    }
}

/// For each function that a statement runs, the types of what it is run with.
fn given(kind: &Kind, types: &[TensorType], others: &[TensorType]) -> Vec<Given> {
    let carried: &[ValueId] = match kind {
        Kind::Loop { carried, .. } => carried,
        _ => &[],
    };
    let of = |values: &[ValueId], types: &[TensorType]| -> Vec<TensorType> {
        carried.iter().chain(values).filter_map(|v| types.get(v.index()).cloned()).collect()
    };
    kind.uses().map(|u| (of(&u.args, types), of(&u.args, others))).collect()
}
