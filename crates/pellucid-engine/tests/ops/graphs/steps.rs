//! Computing a graph the plain way: every statement when its turn comes, nothing planned or dropped.

use pellucid_engine::Error;
use pellucid_engine::ops::{cast, eval};
use pellucid_engine::tensor::Tensor;
use pellucid_graph::{Code, DType, Diagnostic, Kind, Trace, Use, ValueId};

/// All values of a trace; `read` is what the model has wherever it reads. The results of operations,
/// also those in functions, are noted in `applied`.
pub fn values(trace: &Trace, read: &Tensor, applied: &mut Vec<Tensor>) -> Result<Vec<Tensor>, Error> {
    let mut values = Vec::new();
    for statement in &trace.statements {
        values.extend(made(trace, &statement.kind, &values, read, applied)?);
    }
    Ok(values)
}

/// What one statement makes of the values before it.
pub fn made(
    trace: &Trace,
    kind: &Kind,
    values: &[Tensor],
    read: &Tensor,
    applied: &mut Vec<Tensor>,
) -> Result<Vec<Tensor>, Error> {
    let get = |ids: &[ValueId]| ids.iter().map(|v| values[v.index()].clone()).collect::<Vec<_>>();
    let mut run = |run: &Use, first: Vec<Tensor>| {
        let function = &trace.functions[run.function];
        let mut inner = [first, get(&run.args)].concat();
        for statement in &function.body {
            inner.extend(made(trace, &statement.kind, &inner, read, applied)?);
        }
        Ok::<_, Error>(function.results.iter().map(|v| inner[v.index()].clone()).collect::<Vec<_>>())
    };
    Ok(match kind {
        Kind::Read { .. } => vec![read.clone()],
        Kind::Constant { index } => {
            let constant = &trace.constants[*index];
            vec![Tensor::from_bytes(&constant.ty, &constant.data)?]
        }
        Kind::Op { op, args } => {
            let results = eval(*op, args, |v| values.get(v.index()))?;
            applied.extend(results.iter().cloned());
            results
        }
        Kind::Call { run: call, .. } => run(call, vec![])?,
        Kind::Cond { pred, then, otherwise, .. } => {
            run(if truth(&values[pred.index()]) { then } else { otherwise }, vec![])?
        }
        Kind::Loop { test, body, carried, most } => {
            let mut carried = get(carried);
            for step in 0.. {
                if !truth(&run(test, carried.clone())?[0]) {
                    break;
                }
                if step == *most {
                    return Err(Diagnostic::new(Code::LimitExceeded, "an endless loop").into());
                }
                carried = run(body, carried)?;
            }
            carried
        }
        Kind::Write { .. } | Kind::Save { .. } => Vec::new(),
        other => panic!("no graph here has {other:?}"),
    })
}

/// Whether a tensor of one element is true.
pub fn truth(t: &Tensor) -> bool {
    cast(t, DType::Bool).as_bytes()[0] != 0
}
