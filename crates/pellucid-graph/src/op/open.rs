//! Inference where lengths depend on elements.
//!
//! Rules know concrete lengths only. For an argument with open axes the rule is asked several times:
//! with the largest lengths, with one more, one less, with none (a slice with a step can be as long for
//! a neighbour on one side only, and then a value written there fits both). An axis of the result that differs between
//! the answers is open; one that does not is as long as it says, or the operation fails when the
//! elements are there. So no rule has to know of open axes, but for those that make them.

use super::{Arg, Call};
use crate::{Code, Result, TensorType, ValueId};

const HELP: &str = "one of the lengths depends on elements: here it is the largest it can have";

/// The types of the results of a call whose arguments are of the right kinds.
pub(super) fn infer(call: &Call<'_>) -> Result<Vec<TensorType>> {
    let mut open = false;
    call.args.iter().for_each(|a| a.for_each_value(&mut |v| open |= call.types[v.index()].open != 0));
    if !open {
        return (call.def.infer)(call);
    }
    let mut types = Vec::new();
    let args: Vec<Arg> = call.args.iter().map(|a| renumbered(a, call.types, &mut types)).collect();
    let ask = |length: fn(usize) -> usize| {
        let types: Vec<TensorType> = types.iter().map(|t| closed(t, length)).collect();
        (call.def.infer)(&Call { def: call.def, args: &args, types: &types })
    };
    let mut results = ask(|n| n).map_err(|d| match d.help {
        None => d.help(HELP),
        Some(_) => d,
    })?;
    let others = [ask(|n| n + 1), ask(|n| n.saturating_sub(1)), ask(|_| 0)];
    for other in others.iter().flatten() {
        for (t, o) in results.iter_mut().zip(other) {
            if t.rank() != o.rank() {
                return Err(
                    call.fault(Code::ShapeMismatch, "how many axes the result has depends on elements")
                );
            }
            let differs = |i: &usize| t.shape[*i] != o.shape[*i];
            t.open |= (0..t.rank()).filter(differs).fold(0, |bits, i| bits | 1 << i) | o.open;
        }
    }
    Ok(results)
}

fn renumbered(arg: &Arg, all: &[TensorType], few: &mut Vec<TensorType>) -> Arg {
    arg.map_values(|v| {
        few.push(all[v.index()].clone());
        ValueId(few.len() as u32 - 1)
    })
}

fn closed(t: &TensorType, length: fn(usize) -> usize) -> TensorType {
    let shape = t.shape.iter().enumerate().map(|(i, n)| if t.is_open(i) { length(*n) } else { *n });
    TensorType::new(t.dtype, shape.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::IndexItem;
    use crate::{DType, Op, Slice};

    fn check(op: &str, args: Vec<Arg>, types: &[TensorType], want: &str) {
        let def = Op::find(op).unwrap().def();
        let args = def.bind(args, vec![]).unwrap();
        let found = Call::infer(def, &args, types);
        let text = match found {
            Ok(types) => types.iter().map(TensorType::to_string).collect::<Vec<_>>().join(" "),
            Err(d) => d.message,
        };
        assert_eq!(text, want, "{op} {args:?}");
    }

    #[test]
    fn open_lengths_flow_through_rules() {
        let v = |i| Arg::Value(ValueId(i));
        let f32 = |shape: &[usize]| TensorType::new(DType::F32, shape);
        let types = [f32(&[9, 4]).opened(0), f32(&[4]), f32(&[9, 4]), f32(&[4, 5]), f32(&[4, 4])];
        let first = |stop| Arg::Index(vec![IndexItem::Slice(Slice { stop: Some(stop), ..Slice::default() })]);
        check("mul", vec![v(0), v(1)], &types, "f32[<=9, 4]");
        check("add", vec![v(0), v(2)], &types, "f32[9, 4]");
        check("matmul", vec![v(0), v(3)], &types, "f32[<=9, 5]");
        check("mean", vec![v(0), Arg::Int(0), Arg::Bool(false)], &types, "f32[4]");
        check("transpose", vec![v(0), Arg::Int(0), Arg::Int(1)], &types, "f32[4, <=9]");
        check("reshape", vec![v(0), Arg::Ints(vec![-1])], &types, "f32[<=36]");
        check("index", vec![v(0), first(3)], &types, "f32[<=3, 4]");
        check("index", vec![v(0), Arg::Index(vec![IndexItem::Int(2)])], &types, "f32[4]");
        check(
            "topk",
            vec![v(0), Arg::Int(2), Arg::Int(0), Arg::Bool(true), Arg::Bool(true)],
            &types,
            "f32[2, 4] i64[2, 4]",
        );
        let odd = Arg::Index(vec![IndexItem::Slice(Slice { start: Some(1), stop: None, step: Some(2) })]);
        check("set_index", vec![v(0), odd, v(4)], &types, "f32[<=9, 4]");
        check("add", vec![v(0), v(3)], &types, "`add`: shapes [9, 4] and [4, 5] do not broadcast");
    }
}
