//! Sub-graphs: what branches, loops and named functions run.
//!
//! A function sees its parameters, the trace's constants and the model's modules, nothing else, and
//! has no effects; so running it is computing. It uses only functions before it, so there is no
//! recursion. Values are numbered from 0 anew: first the parameters, then what the body makes.

use serde::{Deserialize, Serialize};

use crate::{Kind, Loc, Part, Statement, TensorType, ValueId};

/// Index of a function in [`Trace::functions`](crate::Trace::functions).
pub type FunctionId = usize;

/// A sub-graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// What the text form calls it; letters, digits, `_` and `.`, no two the same.
    pub name: String,
    /// Types of the parameters, which are the values 0, 1 ...
    pub params: Vec<TensorType>,
    /// What it computes, as written.
    pub body: Vec<Statement>,
    /// The values it gives.
    pub results: Vec<ValueId>,
    /// Where the user wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Loc>,
}

/// A function and what it is run with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// Which function.
    pub function: FunctionId,
    /// One value for each parameter; in a loop, for each after those the loop carries.
    pub args: Vec<ValueId>,
}

impl Function {
    /// For each statement of the body the number of its first value.
    pub fn first_values(&self) -> Vec<ValueId> {
        let mut next = self.params.len() as u32;
        let number = |s: &Statement| {
            let first = ValueId(next);
            next += s.kind.n_values() as u32;
            first
        };
        self.body.iter().map(number).collect()
    }
}

impl Kind {
    /// Whether the statement may stand in a function: it computes and has no effect.
    pub fn is_pure(&self) -> bool {
        match self {
            Kind::Constant { .. }
            | Kind::Parameter { .. }
            | Kind::Op { .. }
            | Kind::Apply { .. }
            | Kind::Call { .. }
            | Kind::Cond { .. }
            | Kind::Loop { .. } => true,
            Kind::Read { .. } | Kind::Import { .. } | Kind::Write { .. } | Kind::Skip { .. } => false,
            Kind::Backward { .. } | Kind::Gradient { .. } | Kind::SetGradient { .. } => false,
            Kind::SetParameter { .. } | Kind::Save { .. } | Kind::Log { .. } | Kind::Stop => false,
        }
    }

    /// The functions that the statement runs.
    pub fn uses(&self) -> impl Iterator<Item = &Use> {
        let uses = match self {
            Kind::Call { run, .. } => [Some(run), None],
            Kind::Cond { then, otherwise, .. } => [Some(then), Some(otherwise)],
            Kind::Loop { test, body, .. } => [Some(test), Some(body)],
            _ => [None, None],
        };
        uses.into_iter().flatten()
    }

    /// The functions that the statement runs, to be replaced.
    pub(crate) fn functions_mut(&mut self) -> Vec<&mut FunctionId> {
        match self {
            Kind::Call { run, .. } => vec![&mut run.function],
            Kind::Cond { then, otherwise, .. } => vec![&mut then.function, &mut otherwise.function],
            Kind::Loop { test, body, .. } => vec![&mut test.function, &mut body.function],
            _ => Vec::new(),
        }
    }

    /// The statement with every value it uses replaced by what `f` makes of it.
    pub fn map_values(&self, f: &mut impl FnMut(ValueId) -> ValueId) -> Kind {
        let mut kind = self.clone();
        match &mut kind {
            Kind::Op { args, .. } => {
                for arg in args {
                    *arg = arg.map_values(&mut *f);
                }
            }
            Kind::Apply { input: value, .. }
            | Kind::Write { value, .. }
            | Kind::Skip { value, .. }
            | Kind::SetParameter { value, .. }
            | Kind::Save { value, .. } => *value = f(*value),
            Kind::Log { parts } => {
                for part in parts {
                    if let Part::Value(v) = part {
                        *v = f(*v);
                    }
                }
            }
            Kind::Backward { outputs, seeds, .. } => outputs.iter_mut().chain(seeds).for_each(|v| *v = f(*v)),
            Kind::Gradient { pass, of } => [pass, of].into_iter().for_each(|v| *v = f(*v)),
            Kind::SetGradient { pass, of, value } => [pass, of, value].into_iter().for_each(|v| *v = f(*v)),
            Kind::Call { run, .. } => run.map_values(f),
            Kind::Cond { pred, then, otherwise, .. } => {
                *pred = f(*pred);
                then.map_values(f);
                otherwise.map_values(f);
            }
            Kind::Loop { test, body, carried, .. } => {
                carried.iter_mut().for_each(|v| *v = f(*v));
                test.map_values(f);
                body.map_values(f);
            }
            Kind::Read { .. } | Kind::Constant { .. } | Kind::Import { .. } => {}
            Kind::Parameter { .. } | Kind::Stop => {}
        }
        kind
    }
}

impl Use {
    fn map_values(&mut self, f: &mut impl FnMut(ValueId) -> ValueId) {
        self.args.iter_mut().for_each(|v| *v = f(*v));
    }
}
