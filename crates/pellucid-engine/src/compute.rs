//! Computing statements: operations, modules applied to values, and the functions they run.
//!
//! A function runs in a frame of its own: its values live until it returns. How often a loop runs is
//! not known before, so what functions compute is counted, and ends with an error at the limit.

use std::cell::Cell;

use pellucid_graph::{
    CheckedTrace, Code, Constant, Diagnostic, Function, Kind, Limits, Statement, TensorType, Use, ValueId,
    op_flops,
};

use crate::execute::Saved;
use crate::ops::cast;
use crate::{Cancel, Error, Model, Tensor, ops};

/// What statements are computed with.
pub(crate) struct Machine<'a> {
    pub model: &'a Model,
    parts: Parts<'a>,
    pub cancel: &'a Cancel,
    /// Floating-point operations that functions have used.
    flops: Cell<u64>,
    /// What earlier traces of the session have saved.
    earlier: &'a [Saved],
}

/// What statements refer to beside values, and the limits that hold for them.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub constants: &'a [Constant],
    pub functions: &'a [Function],
    pub limits: &'a Limits,
}

impl<'a> From<&'a CheckedTrace> for Parts<'a> {
    fn from(checked: &'a CheckedTrace) -> Parts<'a> {
        let trace = checked.trace();
        Parts { constants: &trace.constants, functions: &trace.functions, limits: checked.limits() }
    }
}

impl<'a> Machine<'a> {
    pub fn new(model: &'a Model, parts: impl Into<Parts<'a>>, cancel: &'a Cancel) -> Machine<'a> {
        Machine { model, parts: parts.into(), cancel, flops: Cell::new(0), earlier: &[] }
    }

    /// Lets statements import what earlier traces of the session have saved.
    pub fn with_earlier(self, earlier: &'a [Saved]) -> Machine<'a> {
        Machine { earlier, ..self }
    }

    /// The step that an earlier trace did not make, and that this value of it needs.
    pub fn lacks(&self, kind: &Kind) -> Option<usize> {
        let Kind::Import { trace, name, .. } = kind else { return None };
        self.earlier.get(*trace)?.absent().iter().find(|a| a.name == *name).map(|a| a.step)
    }

    /// Counts on from what functions have used before.
    pub fn after(self, flops: u64) -> Machine<'a> {
        self.flops.set(flops);
        self
    }

    /// Floating-point operations that functions have used so far.
    pub fn flops(&self) -> u64 {
        self.flops.get()
    }

    /// What a statement makes; nothing for one that has an effect. `value` finds what it uses.
    ///
    /// # Errors
    /// What only shows in the elements, at the user's line.
    pub fn compute<'t>(
        &self,
        statement: &Statement,
        value: impl Fn(ValueId) -> Option<&'t Tensor>,
    ) -> Result<Vec<Tensor>, Error> {
        self.cancel.check()?;
        self.kind(&statement.kind, value).map_err(|e| e.at(statement.at.as_ref()))
    }

    fn kind<'t>(
        &self,
        kind: &Kind,
        value: impl Fn(ValueId) -> Option<&'t Tensor>,
    ) -> Result<Vec<Tensor>, Error> {
        let get = |v: ValueId| value(v).ok_or_else(|| Error::internal(format!("value {v} was not computed")));
        let all = |vs: &[ValueId]| vs.iter().map(|v| get(*v).cloned()).collect::<Result<Vec<_>, _>>();
        Ok(match kind {
            Kind::Constant { index } => {
                let constant = &self.parts.constants[*index];
                vec![Tensor::from_bytes(&constant.ty, &constant.data)?]
            }
            Kind::Import { trace, name, .. } => {
                let found = self.earlier.get(*trace).and_then(|saved| saved.get(name));
                vec![found.cloned().ok_or_else(|| alone(name))?]
            }
            Kind::Parameter { path } => vec![self.model.parameter(path)?],
            Kind::Op { op, args } => ops::eval(*op, args, value)?,
            Kind::Apply { module, input } => {
                vec![self.model.apply(module, get(*input)?.clone(), self.cancel)?]
            }
            Kind::Call { run, .. } => self.run(run, all(&run.args)?)?,
            Kind::Cond { pred, then, otherwise, .. } => {
                let run = if is_true(get(*pred)?) { then } else { otherwise };
                self.run(run, all(&run.args)?)?
            }
            Kind::Loop { test, body, carried, most } => {
                let (test_args, body_args) = (all(&test.args)?, all(&body.args)?);
                let mut carried = all(carried)?;
                let goes_on = |carried: &[Tensor]| {
                    let asked = self.run(test, [carried, &test_args].concat())?;
                    Ok::<_, Error>(asked.first().is_some_and(is_true))
                };
                let mut steps = 0;
                while goes_on(&carried)? {
                    if steps == *most {
                        return Err(endless(*most).into());
                    }
                    carried = self.run(body, [carried, body_args.clone()].concat())?;
                    steps += 1;
                }
                carried
            }
            // Gradients are had where the values are: see `backward`.
            Kind::Backward { .. } | Kind::Gradient { .. } | Kind::SetGradient { .. } => Vec::new(),
            Kind::Read { .. } | Kind::Write { .. } | Kind::Skip { .. } => Vec::new(),
            Kind::SetParameter { .. } | Kind::Save { .. } | Kind::Log { .. } | Kind::Stop => Vec::new(),
        })
    }

    /// Runs a function on its arguments.
    fn run(&self, run: &Use, args: Vec<Tensor>) -> Result<Vec<Tensor>, Error> {
        let function = &self.parts.functions[run.function];
        let mut values = args;
        for statement in &function.body {
            let made = self.compute(statement, |v| values.get(v.index()))?;
            self.count(statement, &values, &made)?;
            values.extend(made);
        }
        Ok(function.results.iter().map(|v| values[v.index()].clone()).collect())
    }

    /// Adds a statement of a function to what has been computed.
    fn count(&self, statement: &Statement, values: &[Tensor], made: &[Tensor]) -> Result<(), Error> {
        let made: Vec<TensorType> = made.iter().map(Tensor::ty).collect();
        let flops = match &statement.kind {
            Kind::Op { op, args } => {
                let mut given = Vec::new();
                args.iter().for_each(|a| a.for_each_value(&mut |v| given.push(values[v.index()].ty())));
                op_flops(*op, &given.iter().collect::<Vec<_>>(), &made)
            }
            Kind::Apply { module, input } => {
                self.model.spec().apply_flops(module, &values[input.index()].ty())
            }
            _ => 1,
        };
        let total = self.flops.get().saturating_add(flops);
        self.flops.set(total);
        let held = Limits::hold("flops", total, self.parts.limits.flops);
        held.map_err(|d| Error::from(d).at(statement.at.as_ref()))
    }
}

fn is_true(t: &Tensor) -> bool {
    cast(t, pellucid_graph::DType::Bool).as_bytes().first().is_some_and(|b| *b != 0)
}

fn alone(name: &str) -> Diagnostic {
    let message = format!("`{name}` is of an earlier trace of a session, and this trace runs alone");
    Diagnostic::new(Code::UnknownValue, message)
}

fn endless(most: u64) -> Diagnostic {
    let message = format!("a loop would go on after {most} steps, the most it was given");
    Diagnostic::new(Code::LimitExceeded, message).help("give `max_steps` if it needs more")
}
