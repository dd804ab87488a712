//! What only the elements show to be wrong is an error with a stable name, never a panic.

use pellucid_engine::ops::eval;
use pellucid_engine::tensor::Tensor;
use pellucid_graph::{Arg, IndexItem, Op, ValueId};

fn check(op: &str, args: Vec<Arg>, tensors: &[Tensor], want: &str) {
    let error = eval(Op::find(op).unwrap(), &args, |v| tensors.get(v.index())).unwrap_err();
    assert_eq!(format!("{}: {error}", error.code()), want);
}

fn value(i: u32) -> Arg {
    Arg::Value(ValueId(i))
}

#[test]
fn positions_outside_their_axis() {
    let at = |i: i64| [Tensor::new(vec![0f32; 6], [2, 3]), Tensor::new(vec![i, 0, 0], [1, 3])];
    let brackets = Arg::Index(vec![IndexItem::Slice(Default::default()), IndexItem::Value(ValueId(1))]);
    let code = "index-out-of-range";
    check(
        "index",
        vec![value(0), brackets.clone()],
        &at(-4),
        &format!("{code}: `index`: index -4 is out of range for axis 1 of length 3 [{code}]"),
    );
    check(
        "set_index",
        vec![value(0), brackets, Arg::Int(1)],
        &at(3),
        &format!("{code}: `set_index`: index 3 is out of range for axis 1 of length 3 [{code}]"),
    );
    check(
        "gather",
        vec![value(0), Arg::Int(0), value(1)],
        &at(-1),
        &format!("{code}: `gather`: index -1 is out of range for axis 0 of length 2 [{code}]"),
    );
    let row = Tensor::new(vec![i64::MAX], [1]);
    check(
        "index_select",
        vec![value(0), Arg::Int(1), value(1)],
        &[at(0)[0].clone(), row],
        &format!(
            "{code}: `index_select`: index {} is out of range for axis 1 of length 3 [{code}]",
            i64::MAX
        ),
    );
}

#[test]
fn arguments_that_no_element_can_meet() {
    let integers = [Tensor::new(vec![2i64], [1]), Tensor::new(vec![1f32, 2.0], [2])];
    check(
        "pow",
        vec![value(0), Arg::Int(-1)],
        &integers,
        "bad-argument: `pow`: integers cannot be raised to a negative number [bad-argument]\n  help: `.float()` converts",
    );
    check(
        "remainder",
        vec![value(0), Arg::Int(0)],
        &integers,
        "bad-argument: `remainder`: integers cannot be divided by zero [bad-argument]",
    );
    check("exp", vec![value(7)], &integers, "unknown-value: `%7` has no tensor [unknown-value]");
}

/// An axis of any length beside one of none has no elements, however long: nothing is made for it.
#[test]
fn a_long_axis_beside_an_empty_one_takes_no_memory() {
    let long = 1usize << 60;
    let made = |op: &str, args: Vec<Arg>, tensors: &[Tensor]| {
        eval(Op::find(op).unwrap(), &args, |v| tensors.get(v.index())).unwrap().remove(0)
    };
    let repeated = vec![value(0), value(1), Arg::Int(1), Arg::Int(long as i64)];
    let empty = [Tensor::new(Vec::<f32>::new(), [0, 1]), Tensor::new(vec![long as i64], [1])];
    let repeated = made("repeat_interleave", repeated, &empty);
    assert_eq!(repeated.shape(), [0, long]);
    let tensors = [repeated];
    assert_eq!(made("flip", vec![value(0), Arg::Ints(vec![1])], &tensors).shape(), [0, long]);
    let rolled = vec![value(0), Arg::Ints(vec![3]), Arg::Ints(vec![1])];
    assert_eq!(made("roll", rolled, &tensors).shape(), [0, long]);
}
