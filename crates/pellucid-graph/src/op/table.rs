//! The operations. A row is: name(parameters) -> results, memory, rule, doc. `Updates` marks those that
//! have an in-place form: new memory, and `name_` writes the result to the first argument.
//!
//! Names, arguments, defaults and meaning are PyTorch's. `?` is the default of a parameter.

use super::Memory::{Fresh, Shares, Updates};
use super::ParamKind::{self, Bool, Dim, Dims, Float, Index, Int, Operand, Shape, Tensor, Tensors, Word};
use super::{Arg, OpDef, Param, rules};

const NONE: Arg = Arg::None;
const NO: Arg = Arg::Bool(false);
const LAST: Arg = Arg::Int(-1);
const ONE: &[&str] = &[""];
const PAIR: &[&str] = &["values", "indices"];
const TYPE: ParamKind = ParamKind::DType;
const GELU: ParamKind = Word(&["none", "tanh"]);

macro_rules! ops {
    ($($name:literal ($($param:ident : $kind:ident $(? $default:expr)?),*) -> $results:ident $memory:ident $rule:ident $doc:literal;)*) => {
        /// Every operation of the language.
        pub static OPS: &[OpDef] = &[$(OpDef {
            name: $name,
            params: &[$(Param { name: stringify!($param), kind: $kind, default: ops!(@default $($default)?) }),*],
            results: $results,
            memory: $memory,
            doc: $doc,
            infer: rules::$rule,
        }),*];
    };
    (@default) => { None };
    (@default $default:expr) => { Some($default) };
}

ops! {
    // Arithmetic. Operands broadcast and promote; integers stay integers.
    "add"(input: Operand, other: Operand) -> ONE Updates arithmetic "Adds, element by element.";
    "sub"(input: Operand, other: Operand) -> ONE Updates subtract "Subtracts `other`, element by element.";
    "mul"(input: Operand, other: Operand) -> ONE Updates arithmetic "Multiplies, element by element.";
    "div"(input: Operand, other: Operand) -> ONE Updates float_binary "Divides by `other`, element by element; integers become f32.";
    "pow"(input: Operand, exponent: Operand) -> ONE Updates arithmetic "Raises to a power, element by element.";
    "maximum"(input: Operand, other: Operand) -> ONE Fresh arithmetic "Takes the larger element; NaN wins.";
    "minimum"(input: Operand, other: Operand) -> ONE Fresh arithmetic "Takes the smaller element; NaN wins.";
    "neg"(input: Tensor) -> ONE Updates numeric_unary "Changes the sign.";
    "abs"(input: Tensor) -> ONE Updates numeric_unary "Takes the absolute value.";
    "sign"(input: Tensor) -> ONE Updates numeric_unary "Gives -1, 0 or 1.";
    "floor"(input: Tensor) -> ONE Updates numeric_unary "Rounds down.";
    "ceil"(input: Tensor) -> ONE Updates numeric_unary "Rounds up.";
    "round"(input: Tensor) -> ONE Updates numeric_unary "Rounds to the nearest integer, halves to the even one.";
    "clamp"(input: Tensor, min: Operand ? NONE, max: Operand ? NONE) -> ONE Updates clamp "Limits every element to [`min`, `max`], both plain numbers or 0-d.";

    // Functions of one element; integers become f32.
    "exp"(input: Tensor) -> ONE Updates float_unary "Takes e to the power of each element.";
    "log"(input: Tensor) -> ONE Updates float_unary "Takes the natural logarithm.";
    "sqrt"(input: Tensor) -> ONE Updates float_unary "Takes the square root.";
    "rsqrt"(input: Tensor) -> ONE Updates float_unary "Takes one over the square root.";
    "sin"(input: Tensor) -> ONE Updates float_unary "Takes the sine, in radians.";
    "cos"(input: Tensor) -> ONE Updates float_unary "Takes the cosine, in radians.";
    "tanh"(input: Tensor) -> ONE Updates float_unary "Takes the hyperbolic tangent.";
    "sigmoid"(input: Tensor) -> ONE Updates float_unary "Takes 1 / (1 + exp(-x)).";
    "relu"(input: Tensor) -> ONE Updates numeric_unary "Replaces negative elements by 0.";
    "gelu"(input: Tensor, approximate: GELU ? NONE) -> ONE Fresh float_unary "Applies GELU, exact (`none`, the default) or by tanh (`tanh`).";
    "silu"(input: Tensor) -> ONE Fresh float_unary "Takes x * sigmoid(x).";

    // Comparison and logic; results are bool.
    "eq"(input: Operand, other: Operand) -> ONE Updates comparison "Tests equality, element by element.";
    "ne"(input: Operand, other: Operand) -> ONE Updates comparison "Tests inequality, element by element.";
    "lt"(input: Operand, other: Operand) -> ONE Updates comparison "Tests `input < other`, element by element.";
    "le"(input: Operand, other: Operand) -> ONE Updates comparison "Tests `input <= other`, element by element.";
    "gt"(input: Operand, other: Operand) -> ONE Updates comparison "Tests `input > other`, element by element.";
    "ge"(input: Operand, other: Operand) -> ONE Updates comparison "Tests `input >= other`, element by element.";
    "logical_and"(input: Operand, other: Operand) -> ONE Updates comparison "Tests that both are non-zero.";
    "logical_or"(input: Operand, other: Operand) -> ONE Updates comparison "Tests that one is non-zero.";
    "logical_not"(input: Tensor) -> ONE Updates to_bool "Tests that an element is zero.";
    "isnan"(input: Tensor) -> ONE Fresh to_bool "Tests for NaN.";
    "where"(condition: Tensor, input: Operand, other: Operand) -> ONE Fresh select "Takes `input` where `condition` (bool) holds, else `other`; all broadcast.";
    "masked_fill"(input: Tensor, mask: Tensor, value: Operand) -> ONE Updates masked_fill "Writes a number where `mask` (bool, broadcast) holds.";

    // Reductions over one axis, several, or all.
    "sum"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO) -> ONE Fresh sum "Adds up; integers and bool in i64.";
    "mean"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO) -> ONE Fresh float_reduction "Takes the mean of a floating tensor.";
    "var"(input: Tensor, dim: Dims ? NONE, correction: Int ? Arg::Int(1), keepdim: Bool ? NO) -> ONE Fresh variance "Takes the variance, divided by n - `correction`.";
    "std"(input: Tensor, dim: Dims ? NONE, correction: Int ? Arg::Int(1), keepdim: Bool ? NO) -> ONE Fresh variance "Takes the standard deviation, with n - `correction`.";
    "norm"(input: Tensor, p: Float ? Arg::Int(2), dim: Dims ? NONE, keepdim: Bool ? NO) -> ONE Fresh norm "Takes the vector p-norm; `inf` is the largest absolute value.";
    "logsumexp"(input: Tensor, dim: Dims, keepdim: Bool ? NO) -> ONE Fresh float_reduction "Takes log(sum(exp(x))) without overflow.";
    "amax"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO) -> ONE Fresh extremum "Takes the largest element; NaN wins.";
    "amin"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO) -> ONE Fresh extremum "Takes the smallest element; NaN wins.";
    "argmax"(input: Tensor, dim: Dim ? NONE, keepdim: Bool ? NO) -> ONE Fresh arg_extremum "Gives the position (i64) of the first largest element, flattened without `dim`.";
    "argmin"(input: Tensor, dim: Dim ? NONE, keepdim: Bool ? NO) -> ONE Fresh arg_extremum "Gives the position (i64) of the first smallest element, flattened without `dim`.";
    "max"(input: Tensor, dim: Dim, keepdim: Bool ? NO) -> PAIR Fresh extremum_with_index "Gives the largest elements along an axis and their positions.";
    "min"(input: Tensor, dim: Dim, keepdim: Bool ? NO) -> PAIR Fresh extremum_with_index "Gives the smallest elements along an axis and their positions.";
    "any"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO) -> ONE Fresh truth "Tests that some element is non-zero.";
    "all"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO) -> ONE Fresh truth "Tests that every element is non-zero.";

    // Along one axis.
    "softmax"(input: Tensor, dim: Dim) -> ONE Fresh along_float "Takes exp(x) / sum(exp(x)) along an axis.";
    "log_softmax"(input: Tensor, dim: Dim) -> ONE Fresh along_float "Takes log(softmax(x)) along an axis.";
    "cumsum"(input: Tensor, dim: Dim) -> ONE Updates cumulative "Adds up from the start of an axis; integers in i64.";
    "topk"(input: Tensor, k: Int, dim: Dim ? LAST, largest: Bool ? Arg::Bool(true)) -> PAIR Fresh topk "Gives the `k` largest (or smallest) elements in order, and their positions.";
    "sort"(input: Tensor, dim: Dim ? LAST, descending: Bool ? NO) -> PAIR Fresh sort "Sorts along an axis, keeping the order of equals; also gives positions.";
    "cosine_similarity"(input: Tensor, other: Tensor, dim: Dim ? Arg::Int(1), eps: Float ? Arg::Float(1e-8)) -> ONE Fresh cosine_similarity "Takes the cosine of the angle between vectors along an axis.";

    // Products and norms.
    "matmul"(input: Tensor, other: Tensor) -> ONE Fresh matmul "Multiplies vectors, matrices, or broadcast batches of matrices of one dtype.";
    "layer_norm"(input: Tensor, normalized_shape: Shape, weight: Tensor ? NONE, bias: Tensor ? NONE, eps: Float ? Arg::Float(1e-5)) -> ONE Fresh trailing_norm "Normalizes the trailing axes to mean 0 and variance 1, then scales and shifts.";
    "rms_norm"(input: Tensor, normalized_shape: Shape, weight: Tensor ? NONE, eps: Float ? Arg::Float(1e-6)) -> ONE Fresh trailing_norm "Divides the trailing axes by their root mean square, then scales.";

    // Shape.
    "reshape"(input: Tensor, shape: Shape) -> ONE Shares reshape "Gives the same elements another shape; one length may be -1.";
    "flatten"(input: Tensor, start_dim: Dim ? Arg::Int(0), end_dim: Dim ? LAST) -> ONE Shares flatten "Joins the axes `start_dim` to `end_dim`.";
    "permute"(input: Tensor, dims: Dims) -> ONE Shares permute "Reorders the axes.";
    "transpose"(input: Tensor, dim0: Dim, dim1: Dim) -> ONE Shares transpose "Swaps two axes.";
    "unsqueeze"(input: Tensor, dim: Dim) -> ONE Shares unsqueeze "Adds an axis of length 1.";
    "squeeze"(input: Tensor, dim: Dims ? NONE) -> ONE Shares squeeze "Drops axes of length 1.";
    "expand"(input: Tensor, shape: Shape) -> ONE Fresh expand "Repeats axes of length 1 to the given lengths; -1 keeps an axis.";
    "cat"(tensors: Tensors, dim: Dim ? Arg::Int(0)) -> ONE Fresh cat "Joins tensors along an axis.";
    "stack"(tensors: Tensors, dim: Dim ? Arg::Int(0)) -> ONE Fresh stack "Joins tensors of one shape along a new axis.";

    // Places.
    "index"(input: Tensor, index: Index) -> ONE Shares index "Takes what stands between brackets: integers, slices, `None`, `...`, integer tensors.";
    "set_index"(input: Tensor, index: Index, value: Operand) -> ONE Fresh set_index "Gives a copy with `value` (broadcast, converted) written between brackets.";
    "gather"(input: Tensor, dim: Dim, index: Tensor) -> ONE Fresh gather "Takes elements along an axis at the positions of an i64 tensor of the result's shape.";
    "index_select"(input: Tensor, dim: Dim, index: Tensor) -> ONE Fresh index_select "Takes whole slices along an axis at the positions of an i64 vector.";

    // Copies.
    "to"(input: Tensor, dtype: TYPE) -> ONE Fresh to "Converts to another element type.";
    "clone"(input: Tensor) -> ONE Fresh same "Copies: later writes to one do not reach the other.";
    "copy_into"(input: Tensor, value: Operand) -> ONE Fresh copy_into "Gives `value` broadcast and converted to the shape and dtype of `input`.";
    "full_like"(input: Tensor, value: Operand, dtype: TYPE ? NONE) -> ONE Fresh full_like "Gives a tensor of the input's shape filled with one number.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_complete() {
        let mut names: Vec<&str> = OPS.iter().map(|d| d.name).collect();
        for d in OPS {
            assert!(d.doc.ends_with('.'), "`{}` needs a sentence", d.name);
            assert!(!d.params.is_empty() && !d.results.is_empty(), "`{}`", d.name);
            let first_default = d.params.iter().position(|p| p.default.is_some()).unwrap_or(d.params.len());
            assert!(d.params[first_default..].iter().all(|p| p.default.is_some()), "`{}`", d.name);
        }
        names.sort_unstable();
        let n = names.len();
        names.dedup();
        assert_eq!(names.len(), n, "two rows have one name");
    }
}
