//! The kernels of the op table: what every operation does to tensors on the host.
//!
//! [`eval`] infers the result types with the table's own rule and then runs the kernel of that name,
//! so a kernel relies on everything the rule checks and owes exactly the types it infers. Meaning is
//! PyTorch's. A kernel computes in f32, f64 or i64 ([`compute`]) and rounds or wraps once; every sum
//! has one order that depends on its own row only.

mod inputs;
mod table;

mod compute;
mod dispatch;
mod walk;

mod elementwise;
mod hot;

mod division;
mod pairs;
mod rounding;
mod ternary;

mod activations;
mod functions;
mod special;

mod bits;
mod classify;
mod closeness;
mod compare;
mod select;

mod reduce;
mod sums;

mod extrema;
mod moments;
mod order;

mod along;
mod cumulative;
mod search;
mod sort;
mod unique;

mod count;

mod draw;
mod random;

mod distances;
mod einsum;
mod linalg;
mod matrices;
mod norms;
mod products;

mod attention;
mod classes;
mod layers;
mod losses;

mod find;
mod index;
mod pick;
mod scatter;
mod slices;

mod diagonal;
mod repeat;
mod shape;
mod view;

mod cast;
mod create;

pub use crate::grad::gradients;
pub use cast::cast;

use pellucid_graph::op::Call;
use pellucid_graph::{Arg, Code, Diagnostic, Op, TensorType, ValueId};

use crate::tensor::Tensor;
use crate::{Error, grad};
use inputs::Inputs;

/// What a kernel gives: one tensor for each result of the row.
type Out = Result<Vec<Tensor>, Error>;

/// Computes an operation; `args` has one argument for each parameter of the row ([`OpDef::bind`]
/// makes it so) and `value` finds the tensors they name.
///
/// Meta tensors in give meta tensors out.
///
/// # Errors
/// What the row's rule objects to, an unknown value, and what only shows in the elements: a position
/// outside its axis ([`Code::IndexOutOfRange`]), an integer divided by zero or raised to a
/// negative number. A result that does not fit in memory: [`Code::LimitExceeded`].
///
/// [`OpDef::bind`]: pellucid_graph::OpDef::bind
pub fn eval<'t>(op: Op, args: &[Arg], value: impl Fn(ValueId) -> Option<&'t Tensor>) -> Out {
    let mut tensors: Vec<&Tensor> = Vec::new();
    let args = args.iter().map(|a| renumber(a, &value, &mut tensors)).collect::<Result<Vec<Arg>, _>>()?;
    if !tensors.iter().any(|t| t.is_tracked()) {
        return compute(op, &args, &tensors);
    }
    let detached: Vec<Tensor> = tensors.iter().map(|t| t.detached()).collect();
    let made = compute(op, &args, &detached.iter().collect::<Vec<_>>())?;
    Ok(grad::attach(op, args, &tensors, made))
}

/// The first result of an operation on tensors, by name; other arguments have their defaults.
pub(crate) fn run(name: &str, tensors: &[&Tensor]) -> Result<Tensor, Error> {
    run_with(name, tensors, Vec::new())
}

/// The first result of an operation on tensors, with further arguments by name.
pub(crate) fn run_with(name: &str, tensors: &[&Tensor], named: Vec<(&str, Arg)>) -> Result<Tensor, Error> {
    Ok(all(name, tensors, named)?.swap_remove(0))
}

/// All results of an operation on tensors, with further arguments by name.
pub(crate) fn all(name: &str, tensors: &[&Tensor], named: Vec<(&str, Arg)>) -> Out {
    let op = Op::find(name)?;
    let args = op.def().bind(numbers(tensors), named)?;
    eval(op, &args, |v| tensors.get(v.index()).copied())
}

/// The first result of an operation whose first arguments `arguments` makes of the tensors'.
pub(crate) fn run_on(
    name: &str,
    tensors: &[&Tensor],
    arguments: impl FnOnce(&[Arg]) -> Vec<Arg>,
) -> Result<Tensor, Error> {
    let op = Op::find(name)?;
    let args = op.def().bind(arguments(&numbers(tensors)), Vec::new())?;
    Ok(eval(op, &args, |v| tensors.get(v.index()).copied())?.swap_remove(0))
}

/// Tensors one after the other along an axis.
pub(crate) fn joined(tensors: &[&Tensor], dim: i64) -> Result<Tensor, Error> {
    run_on("cat", tensors, |values| {
        let values = values.iter().filter_map(|v| if let Arg::Value(v) = v { Some(*v) } else { None });
        vec![Arg::Values(values.collect()), Arg::Int(dim)]
    })
}

fn numbers(tensors: &[&Tensor]) -> Vec<Arg> {
    (0..tensors.len()).map(|i| Arg::Value(ValueId(i as u32))).collect()
}

/// Runs the kernel; values are numbered as in `tensors`, none of which is tracked.
fn compute(op: Op, args: &[Arg], tensors: &[&Tensor]) -> Out {
    let types: Vec<TensorType> = tensors.iter().map(|t| t.ty()).collect();
    let out = Call::infer(op.def(), args, &types)?;
    if tensors.iter().any(|t| t.is_meta()) {
        return Ok(out.into_iter().map(|ty| Tensor::meta(ty.dtype, ty.shape)).collect());
    }
    out.iter().try_for_each(|ty| room(op, ty))?;
    let Some(kernel) = table::find(op.def().name) else {
        return Err(Error::internal(format!("the operation `{}` has no kernel", op.def().name)));
    };
    kernel(&Inputs { call: Call { def: op.def(), args, types: &types }, tensors, out: &out })
}

/// Bytes from which on the allocator is asked first.
const LARGE_BYTES: usize = 1 << 28;

/// Refuses a result that there is no memory for, rather than to abort on it.
fn room(op: Op, ty: &TensorType) -> Result<(), Error> {
    let bytes = ty.bytes().unwrap_or(usize::MAX);
    if bytes < LARGE_BYTES || Vec::<u8>::new().try_reserve_exact(bytes).is_ok() {
        return Ok(());
    }
    let message = format!("`{}`: there is no memory for a result of type {ty}", op.def().name);
    Err(Diagnostic::new(Code::LimitExceeded, message).into())
}

/// Whether an operation of this name can be computed; true for every row of the table.
pub fn has_kernel(name: &str) -> bool {
    table::find(name).is_some()
}

/// Collects the tensors that an argument names and numbers them from 0, so that inference sees a
/// handful of types rather than those of the whole trace.
fn renumber<'t>(
    arg: &Arg,
    value: &impl Fn(ValueId) -> Option<&'t Tensor>,
    tensors: &mut Vec<&'t Tensor>,
) -> Result<Arg, Diagnostic> {
    arg.try_map_values(|v| match value(v) {
        Some(t) => {
            tensors.push(t);
            Ok(ValueId(tensors.len() as u32 - 1))
        }
        None => Err(Diagnostic::new(Code::UnknownValue, format!("`{v}` has no tensor"))),
    })
}
