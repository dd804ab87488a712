//! The operations. A row is: name(parameters) -> results, memory, rule, doc. `Updates` marks those that
//! have an in-place form: new memory, and `name_` writes the result to the first argument.
//!
//! Names, arguments, defaults and meaning are PyTorch's. `?` is the default of a parameter; a line in
//! brackets opens a section of the reference.

use super::Memory::{Fresh, Shares, Updates};
use super::ParamKind::{self, Bool, Dim, Dims, Float, Index, Int, Operand, Shape, Tensor, Tensors, Word};
use super::{Arg, OpDef, Param, rules};

const NONE: Arg = Arg::None;
const NO: Arg = Arg::Bool(false);
const LAST: Arg = Arg::Int(-1);
const ONE: &[&str] = &[""];
const PAIR: &[&str] = &["values", "indices"];
const VAR_MEAN: &[&str] = &["var", "mean"];
const STD_MEAN: &[&str] = &["std", "mean"];
const MIN_MAX: &[&str] = &["min", "max"];
const TYPE: ParamKind = ParamKind::DType;
const BETWEEN: ParamKind = Word(&["linear", "lower", "higher", "midpoint", "nearest"]);
const ROUNDING: ParamKind = Word(&["trunc", "floor"]);
const GELU: ParamKind = Word(&["none", "tanh"]);

macro_rules! ops {
    ($([$section:literal] $($name:literal ($($param:ident : $kind:ident $(? $default:expr)?),*) -> $results:ident $memory:ident $rule:ident $doc:literal;)*)*) => {
        /// Every operation of the language.
        pub static OPS: &[OpDef] = &[$($(OpDef {
            section: $section,
            name: $name,
            params: &[$(Param { name: stringify!($param), kind: $kind, default: ops!(@default $($default)?) }),*],
            results: $results,
            memory: $memory,
            doc: $doc,
            infer: rules::$rule,
        }),*),*];
    };
    (@default) => { None };
    (@default $default:expr) => { Some($default) };
}

ops! {
    ["Arithmetic. Operands broadcast and promote; integers stay integers."]
    "add"(input: Operand, other: Operand, alpha: Float ? Arg::Int(1)) -> ONE Updates add "Adds `alpha` times `other`, element by element.";
    "sub"(input: Operand, other: Operand, alpha: Float ? Arg::Int(1)) -> ONE Updates subtract "Subtracts `alpha` times `other`, element by element.";
    "mul"(input: Operand, other: Operand) -> ONE Updates arithmetic "Multiplies, element by element.";
    "div"(input: Operand, other: Operand, rounding_mode: ROUNDING ? NONE) -> ONE Updates divide "Divides by `other`, element by element; integers become f32, and stay integers when the quotient is rounded towards zero (`trunc`) or down (`floor`).";
    "floor_divide"(input: Operand, other: Operand) -> ONE Updates numeric_binary "Divides and rounds down, element by element.";
    "remainder"(input: Operand, other: Operand) -> ONE Updates numeric_binary "Takes the rest of division rounded down; it has the sign of `other`.";
    "fmod"(input: Tensor, other: Operand) -> ONE Updates numeric_binary "Takes the rest of division rounded towards zero; it has the sign of `input`.";
    "pow"(input: Operand, exponent: Operand) -> ONE Updates arithmetic "Raises to a power, element by element.";
    "maximum"(input: Operand, other: Operand) -> ONE Fresh arithmetic "Takes the larger element; NaN wins.";
    "minimum"(input: Operand, other: Operand) -> ONE Fresh arithmetic "Takes the smaller element; NaN wins.";
    "fmax"(input: Tensor, other: Tensor) -> ONE Fresh arithmetic "Takes the larger element; a number wins over NaN.";
    "fmin"(input: Tensor, other: Tensor) -> ONE Fresh arithmetic "Takes the smaller element; a number wins over NaN.";
    "lerp"(input: Tensor, end: Tensor, weight: Operand) -> ONE Updates lerp "Takes `input + weight * (end - input)`, floating.";
    "addcmul"(input: Tensor, tensor1: Tensor, tensor2: Tensor, value: Float ? Arg::Int(1)) -> ONE Updates addcmul "Adds `value * tensor1 * tensor2`.";
    "addcdiv"(input: Tensor, tensor1: Tensor, tensor2: Tensor, value: Float ? Arg::Int(1)) -> ONE Updates addcdiv "Adds `value * tensor1 / tensor2`, of which one is floating.";
    "hypot"(input: Tensor, other: Tensor) -> ONE Updates floating_binary "Takes the square root of the sum of squares of floating tensors.";
    "atan2"(input: Tensor, other: Tensor) -> ONE Updates float_binary "Takes the angle of the point (`other`, `input`), in radians; integers become f32.";
    "xlogy"(input: Operand, other: Operand) -> ONE Updates float_binary "Takes `input * log(other)`, 0 where `input` is 0; integers become f32.";
    "logaddexp"(input: Tensor, other: Tensor) -> ONE Fresh floating_binary "Takes log(exp(`input`) + exp(`other`)) of floating tensors without overflow.";
    "logaddexp2"(input: Tensor, other: Tensor) -> ONE Fresh floating_binary "Takes log2(2^`input` + 2^`other`) of floating tensors without overflow.";
    "copysign"(input: Tensor, other: Operand) -> ONE Updates float_binary "Gives the size of `input` the sign of `other`; integers become f32.";
    "heaviside"(input: Tensor, values: Tensor) -> ONE Updates alike "Gives 0 for negative elements, 1 for positive ones, `values` (of the same dtype) for 0.";
    "neg"(input: Tensor) -> ONE Updates numeric_unary "Changes the sign.";
    "abs"(input: Tensor) -> ONE Updates numeric_unary "Takes the absolute value.";
    "sign"(input: Tensor) -> ONE Updates numeric_unary "Gives -1, 0 or 1.";
    "square"(input: Tensor) -> ONE Updates square "Multiplies by itself.";
    "floor"(input: Tensor) -> ONE Updates numeric_unary "Rounds down.";
    "ceil"(input: Tensor) -> ONE Updates numeric_unary "Rounds up.";
    "round"(input: Tensor, decimals: Int ? Arg::Int(0)) -> ONE Updates round "Rounds to so many decimals, negative ones left of the point; halves to the even neighbour.";
    "trunc"(input: Tensor) -> ONE Updates numeric_unary "Rounds towards zero.";
    "frac"(input: Tensor) -> ONE Updates floating_unary "Gives what `trunc` drops, of a floating tensor.";
    "clamp"(input: Tensor, min: Operand ? NONE, max: Operand ? NONE) -> ONE Updates clamp "Limits every element to [`min`, `max`], which broadcast; `max` wins over `min`.";
    "nan_to_num"(input: Tensor, nan: Float ? NONE, posinf: Float ? NONE, neginf: Float ? NONE) -> ONE Updates same "Replaces NaN by `nan` (0), infinities by `posinf` and `neginf` (the largest and smallest numbers).";

    ["Functions of one element; integers become f32."]
    "exp"(input: Tensor) -> ONE Updates float_unary "Takes e to the power of each element.";
    "log"(input: Tensor) -> ONE Updates float_unary "Takes the natural logarithm.";
    "sqrt"(input: Tensor) -> ONE Updates float_unary "Takes the square root.";
    "rsqrt"(input: Tensor) -> ONE Updates float_unary "Takes one over the square root.";
    "reciprocal"(input: Tensor) -> ONE Updates float_unary "Takes 1 / x.";
    "exp2"(input: Tensor) -> ONE Updates float_unary "Takes 2 to the power of each element.";
    "expm1"(input: Tensor) -> ONE Updates float_unary "Takes exp(x) - 1, exact near 0.";
    "log1p"(input: Tensor) -> ONE Updates float_unary "Takes log(1 + x), exact near 0.";
    "log2"(input: Tensor) -> ONE Updates float_unary "Takes the logarithm to base 2.";
    "log10"(input: Tensor) -> ONE Updates float_unary "Takes the logarithm to base 10.";
    "sin"(input: Tensor) -> ONE Updates float_unary "Takes the sine, in radians.";
    "cos"(input: Tensor) -> ONE Updates float_unary "Takes the cosine, in radians.";
    "tan"(input: Tensor) -> ONE Updates float_unary "Takes the tangent, in radians.";
    "asin"(input: Tensor) -> ONE Updates float_unary "Takes the arc sine, in radians.";
    "acos"(input: Tensor) -> ONE Updates float_unary "Takes the arc cosine, in radians.";
    "atan"(input: Tensor) -> ONE Updates float_unary "Takes the arc tangent, in radians.";
    "sinh"(input: Tensor) -> ONE Updates float_unary "Takes the hyperbolic sine.";
    "cosh"(input: Tensor) -> ONE Updates float_unary "Takes the hyperbolic cosine.";
    "tanh"(input: Tensor) -> ONE Updates float_unary "Takes the hyperbolic tangent.";
    "asinh"(input: Tensor) -> ONE Updates float_unary "Takes the inverse hyperbolic sine.";
    "acosh"(input: Tensor) -> ONE Updates float_unary "Takes the inverse hyperbolic cosine.";
    "atanh"(input: Tensor) -> ONE Updates float_unary "Takes the inverse hyperbolic tangent.";
    "sinc"(input: Tensor) -> ONE Updates float_unary "Takes sin(pi x) / (pi x), 1 at 0.";
    "deg2rad"(input: Tensor) -> ONE Updates float_unary "Turns degrees into radians.";
    "rad2deg"(input: Tensor) -> ONE Updates float_unary "Turns radians into degrees.";
    "erf"(input: Tensor) -> ONE Updates float_unary "Takes the error function.";
    "erfc"(input: Tensor) -> ONE Updates float_unary "Takes 1 - erf(x), exact for large x.";
    "erfinv"(input: Tensor) -> ONE Updates float_unary "Takes the inverse of the error function; infinite at -1 and 1, NaN beyond.";
    "lgamma"(input: Tensor) -> ONE Updates float_unary "Takes the logarithm of the absolute value of the gamma function.";
    "digamma"(input: Tensor) -> ONE Updates float_unary "Takes the derivative of `lgamma`.";
    "logit"(input: Tensor, eps: Float ? NONE) -> ONE Updates float_unary "Takes log(x / (1 - x)), of x limited to [`eps`, 1 - `eps`] if `eps` is given.";
    "sigmoid"(input: Tensor) -> ONE Updates float_unary "Takes 1 / (1 + exp(-x)).";
    "relu"(input: Tensor) -> ONE Updates numeric_unary "Replaces negative elements by 0.";
    "gelu"(input: Tensor, approximate: GELU ? NONE) -> ONE Fresh float_unary "Applies GELU, exact (`none`, the default) or by tanh (`tanh`).";
    "silu"(input: Tensor) -> ONE Fresh float_unary "Takes x * sigmoid(x).";
    "mish"(input: Tensor) -> ONE Fresh float_unary "Takes x * tanh(softplus(x)).";
    "softplus"(input: Tensor, beta: Float ? Arg::Float(1.0), threshold: Float ? Arg::Float(20.0)) -> ONE Fresh float_unary "Takes log(1 + exp(`beta` x)) / `beta`, x where `beta` x exceeds `threshold`.";
    "softsign"(input: Tensor) -> ONE Fresh float_unary "Takes x / (1 + |x|).";
    "logsigmoid"(input: Tensor) -> ONE Fresh float_unary "Takes log(sigmoid(x)).";
    "leaky_relu"(input: Tensor, negative_slope: Float ? Arg::Float(0.01)) -> ONE Fresh float_unary "Multiplies negative elements by `negative_slope`.";
    "prelu"(input: Tensor, weight: Tensor) -> ONE Fresh prelu "Multiplies negative elements by `weight`: one for all, or one for each position of axis 1.";
    "elu"(input: Tensor, alpha: Float ? Arg::Float(1.0)) -> ONE Fresh float_unary "Takes `alpha` (exp(x) - 1) of negative elements.";
    "celu"(input: Tensor, alpha: Float ? Arg::Float(1.0)) -> ONE Fresh float_unary "Takes `alpha` (exp(x / `alpha`) - 1) of negative elements.";
    "selu"(input: Tensor) -> ONE Fresh float_unary "Takes the scaled ELU, which keeps mean 0 and variance 1.";
    "relu6"(input: Tensor) -> ONE Fresh numeric_unary "Limits every element to [0, 6].";
    "hardtanh"(input: Tensor, min_val: Float ? Arg::Float(-1.0), max_val: Float ? Arg::Float(1.0)) -> ONE Fresh numeric_unary "Limits every element to [`min_val`, `max_val`].";
    "hardsigmoid"(input: Tensor) -> ONE Fresh float_unary "Limits x / 6 + 1 / 2 to [0, 1].";
    "hardswish"(input: Tensor) -> ONE Fresh float_unary "Takes x * hardsigmoid(x).";
    "hardshrink"(input: Tensor, lambd: Float ? Arg::Float(0.5)) -> ONE Fresh floating_unary "Replaces elements in [-`lambd`, `lambd`] by 0.";
    "softshrink"(input: Tensor, lambd: Float ? Arg::Float(0.5)) -> ONE Fresh softshrink "Moves elements by `lambd` towards 0, as far as 0.";
    "tanhshrink"(input: Tensor) -> ONE Fresh float_of_number "Takes x - tanh(x).";
    "threshold"(input: Tensor, threshold: Float, value: Float) -> ONE Fresh numeric_unary "Replaces elements that do not exceed `threshold` by `value`.";

    ["Comparison and logic; results are bool."]
    "eq"(input: Operand, other: Operand) -> ONE Updates comparison "Tests equality, element by element.";
    "ne"(input: Operand, other: Operand) -> ONE Updates comparison "Tests inequality, element by element.";
    "lt"(input: Operand, other: Operand) -> ONE Updates comparison "Tests `input < other`, element by element.";
    "le"(input: Operand, other: Operand) -> ONE Updates comparison "Tests `input <= other`, element by element.";
    "gt"(input: Operand, other: Operand) -> ONE Updates comparison "Tests `input > other`, element by element.";
    "ge"(input: Operand, other: Operand) -> ONE Updates comparison "Tests `input >= other`, element by element.";
    "logical_and"(input: Operand, other: Operand) -> ONE Updates comparison "Tests that both are non-zero.";
    "logical_or"(input: Operand, other: Operand) -> ONE Updates comparison "Tests that one is non-zero.";
    "logical_xor"(input: Tensor, other: Tensor) -> ONE Updates comparison "Tests that one is non-zero, not both.";
    "logical_not"(input: Tensor) -> ONE Updates to_bool "Tests that an element is zero.";
    "isnan"(input: Tensor) -> ONE Fresh to_bool "Tests for NaN.";
    "isinf"(input: Tensor) -> ONE Fresh to_bool "Tests for infinity of either sign.";
    "isfinite"(input: Tensor) -> ONE Fresh to_bool "Tests that an element is neither infinite nor NaN.";
    "isposinf"(input: Tensor) -> ONE Fresh to_bool "Tests for positive infinity.";
    "isneginf"(input: Tensor) -> ONE Fresh to_bool "Tests for negative infinity.";
    "signbit"(input: Tensor) -> ONE Fresh to_bool "Tests for a negative sign, that of -0.0 too.";
    "isclose"(input: Tensor, other: Tensor, rtol: Float ? Arg::Float(1e-5), atol: Float ? Arg::Float(1e-8), equal_nan: Bool ? NO) -> ONE Fresh isclose "Tests |`input` - `other`| <= `atol` + `rtol` |`other`|, element by element, of one dtype.";
    "allclose"(input: Tensor, other: Tensor, rtol: Float ? Arg::Float(1e-5), atol: Float ? Arg::Float(1e-8), equal_nan: Bool ? NO) -> ONE Fresh allclose "Tests that `isclose` holds everywhere: one truth.";
    "equal"(input: Tensor, other: Tensor) -> ONE Fresh equal "Tests that shapes and all elements are equal: one truth.";

    ["Bits: of integers, and of bool as logic."]
    "bitwise_and"(input: Operand, other: Operand) -> ONE Updates bits_binary "Takes the bits that both have.";
    "bitwise_or"(input: Operand, other: Operand) -> ONE Updates bits_binary "Takes the bits that either has.";
    "bitwise_xor"(input: Operand, other: Operand) -> ONE Updates bits_binary "Takes the bits that one has, not both.";
    "bitwise_not"(input: Tensor) -> ONE Updates bits_unary "Flips every bit; of bool, the truth.";
    "bitwise_left_shift"(input: Operand, other: Operand) -> ONE Updates shift "Moves the bits of integers up; 0 when by the width or more.";
    "bitwise_right_shift"(input: Operand, other: Operand) -> ONE Updates shift "Moves the bits of integers down, keeping the sign.";

    ["Choosing."]
    "where"(condition: Tensor, input: Operand, other: Operand) -> ONE Fresh select "Takes `input` where `condition` (bool) holds, else `other`; all broadcast.";
    "masked_fill"(input: Tensor, mask: Tensor, value: Operand) -> ONE Updates masked_fill "Writes a number where `mask` (bool, broadcast) holds.";

    ["Reductions over one axis, several, or all."]
    "sum"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO, dtype: TYPE ? NONE) -> ONE Fresh sum "Adds up, in `dtype` if given; integers and bool in i64.";
    "nansum"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO, dtype: TYPE ? NONE) -> ONE Fresh sum "Adds up, NaN as 0, in `dtype` if given; integers and bool in i64.";
    "prod"(input: Tensor, dim: Dim ? NONE, keepdim: Bool ? NO, dtype: TYPE ? NONE) -> ONE Fresh prod "Multiplies all elements, or those along an axis, in `dtype` if given; integers and bool in i64.";
    "count_nonzero"(input: Tensor, dim: Dims ? NONE) -> ONE Fresh count "Counts (i64) the elements that are not zero.";
    "mean"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO, dtype: TYPE ? NONE) -> ONE Fresh mean "Takes the mean, in `dtype` if given; floating.";
    "nanmean"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO, dtype: TYPE ? NONE) -> ONE Fresh nanmean "Takes the mean of what is not NaN, in `dtype` if given; floating.";
    "var"(input: Tensor, dim: Dims ? NONE, correction: Int ? Arg::Int(1), keepdim: Bool ? NO) -> ONE Fresh variance "Takes the variance, divided by n - `correction`.";
    "std"(input: Tensor, dim: Dims ? NONE, correction: Int ? Arg::Int(1), keepdim: Bool ? NO) -> ONE Fresh variance "Takes the standard deviation, with n - `correction`.";
    "var_mean"(input: Tensor, dim: Dims ? NONE, correction: Int ? Arg::Int(1), keepdim: Bool ? NO) -> VAR_MEAN Fresh variance "Gives the variance, divided by n - `correction`, and the mean.";
    "std_mean"(input: Tensor, dim: Dims ? NONE, correction: Int ? Arg::Int(1), keepdim: Bool ? NO) -> STD_MEAN Fresh variance "Gives the standard deviation, with n - `correction`, and the mean.";
    "norm"(input: Tensor, p: Float ? Arg::Int(2), dim: Dims ? NONE, keepdim: Bool ? NO) -> ONE Fresh norm "Takes the vector p-norm; `inf` is the largest absolute value.";
    "logsumexp"(input: Tensor, dim: Dims, keepdim: Bool ? NO) -> ONE Fresh float_reduction "Takes log(sum(exp(x))) without overflow.";
    "amax"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO) -> ONE Fresh extremum "Takes the largest element; NaN wins.";
    "amin"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO) -> ONE Fresh extremum "Takes the smallest element; NaN wins.";
    "aminmax"(input: Tensor, dim: Dim ? NONE, keepdim: Bool ? NO) -> MIN_MAX Fresh both_extrema "Gives the smallest and the largest element, of all or along an axis; NaN wins.";
    "argmax"(input: Tensor, dim: Dim ? NONE, keepdim: Bool ? NO) -> ONE Fresh arg_extremum "Gives the position (i64) of the first largest element, flattened without `dim`.";
    "argmin"(input: Tensor, dim: Dim ? NONE, keepdim: Bool ? NO) -> ONE Fresh arg_extremum "Gives the position (i64) of the first smallest element, flattened without `dim`.";
    "max"(input: Tensor, dim: Dim, keepdim: Bool ? NO) -> PAIR Fresh extremum_with_index "Gives the largest elements along an axis and their positions.";
    "min"(input: Tensor, dim: Dim, keepdim: Bool ? NO) -> PAIR Fresh extremum_with_index "Gives the smallest elements along an axis and their positions.";
    "median"(input: Tensor, dim: Dim, keepdim: Bool ? NO) -> PAIR Fresh extremum_with_index "Gives the medians along an axis, the lower of two, and their positions; NaN wins.";
    "nanmedian"(input: Tensor, dim: Dim, keepdim: Bool ? NO) -> PAIR Fresh extremum_with_index "Gives the medians along an axis of what is not NaN, the lower of two, and their positions.";
    "mode"(input: Tensor, dim: Dim ? LAST, keepdim: Bool ? NO) -> PAIR Fresh extremum_with_index "Gives the most frequent elements along an axis, the smallest of several, and the positions of their last.";
    "kthvalue"(input: Tensor, k: Int, dim: Dim ? LAST, keepdim: Bool ? NO) -> PAIR Fresh kthvalue "Gives the `k`-th smallest elements along an axis, from 1, and their positions; NaN is largest.";
    "quantile"(input: Tensor, q: Operand, dim: Dim ? NONE, keepdim: Bool ? NO, interpolation: BETWEEN ? NONE) -> ONE Fresh quantile "Takes the elements below which a part `q` lies; between two it takes `linear` (the default), `lower`, `higher`, `midpoint`, `nearest`; NaN wins.";
    "nanquantile"(input: Tensor, q: Operand, dim: Dim ? NONE, keepdim: Bool ? NO, interpolation: BETWEEN ? NONE) -> ONE Fresh quantile "Takes quantiles of what is not NaN.";
    "any"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO) -> ONE Fresh truth "Tests that some element is non-zero.";
    "all"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO) -> ONE Fresh truth "Tests that every element is non-zero.";

    ["Along one axis."]
    "softmax"(input: Tensor, dim: Dim, dtype: TYPE ? NONE) -> ONE Fresh along_float "Takes exp(x) / sum(exp(x)) along an axis, in `dtype` if given.";
    "log_softmax"(input: Tensor, dim: Dim, dtype: TYPE ? NONE) -> ONE Fresh along_float "Takes log(softmax(x)) along an axis, in `dtype` if given.";
    "cumsum"(input: Tensor, dim: Dim, dtype: TYPE ? NONE) -> ONE Updates cumulative "Adds up from the start of an axis, in `dtype` if given; integers in i64.";
    "cumprod"(input: Tensor, dim: Dim, dtype: TYPE ? NONE) -> ONE Updates cumulative "Multiplies from the start of an axis, in `dtype` if given; integers in i64.";
    "logcumsumexp"(input: Tensor, dim: Dim) -> ONE Fresh float_cumulative "Takes log(cumsum(exp(x))) along an axis without overflow.";
    "cummax"(input: Tensor, dim: Dim) -> PAIR Fresh cumulative_with_index "Gives the largest elements so far along an axis and the positions of their last; NaN wins.";
    "cummin"(input: Tensor, dim: Dim) -> PAIR Fresh cumulative_with_index "Gives the smallest elements so far along an axis and the positions of their last; NaN wins.";
    "diff"(input: Tensor, n: Int ? Arg::Int(1), dim: Dim ? LAST, prepend: Tensor ? NONE, append: Tensor ? NONE) -> ONE Fresh diff "Takes differences of neighbours along an axis, `n` times; bool differs or not.";
    "topk"(input: Tensor, k: Int, dim: Dim ? LAST, largest: Bool ? Arg::Bool(true)) -> PAIR Fresh topk "Gives the `k` largest (or smallest) elements in order, and their positions.";
    "sort"(input: Tensor, dim: Dim ? LAST, descending: Bool ? NO) -> PAIR Fresh sort "Sorts along an axis, keeping the order of equals; also gives positions.";
    "cosine_similarity"(input: Tensor, other: Tensor, dim: Dim ? Arg::Int(1), eps: Float ? Arg::Float(1e-8)) -> ONE Fresh cosine_similarity "Takes the cosine of the angle between vectors along an axis.";

    ["Products and norms."]
    "matmul"(input: Tensor, other: Tensor) -> ONE Fresh matmul "Multiplies vectors, matrices, or broadcast batches of matrices of one dtype.";
    "layer_norm"(input: Tensor, normalized_shape: Shape, weight: Tensor ? NONE, bias: Tensor ? NONE, eps: Float ? Arg::Float(1e-5)) -> ONE Fresh trailing_norm "Normalizes the trailing axes to mean 0 and variance 1, then scales and shifts.";
    "rms_norm"(input: Tensor, normalized_shape: Shape, weight: Tensor ? NONE, eps: Float ? Arg::Float(1e-6)) -> ONE Fresh trailing_norm "Divides the trailing axes by their root mean square, then scales.";

    ["Shape."]
    "reshape"(input: Tensor, shape: Shape) -> ONE Shares reshape "Gives the same elements another shape; one length may be -1.";
    "flatten"(input: Tensor, start_dim: Dim ? Arg::Int(0), end_dim: Dim ? LAST) -> ONE Shares flatten "Joins the axes `start_dim` to `end_dim`.";
    "permute"(input: Tensor, dims: Dims) -> ONE Shares permute "Reorders the axes.";
    "transpose"(input: Tensor, dim0: Dim, dim1: Dim) -> ONE Shares transpose "Swaps two axes.";
    "unsqueeze"(input: Tensor, dim: Dim) -> ONE Shares unsqueeze "Adds an axis of length 1.";
    "squeeze"(input: Tensor, dim: Dims ? NONE) -> ONE Shares squeeze "Drops axes of length 1.";
    "expand"(input: Tensor, shape: Shape) -> ONE Fresh expand "Repeats axes of length 1 to the given lengths; -1 keeps an axis.";
    "cat"(tensors: Tensors, dim: Dim ? Arg::Int(0)) -> ONE Fresh cat "Joins tensors along an axis.";
    "stack"(tensors: Tensors, dim: Dim ? Arg::Int(0)) -> ONE Fresh stack "Joins tensors of one shape along a new axis.";

    ["Places."]
    "index"(input: Tensor, index: Index) -> ONE Shares index "Takes what stands between brackets: integers, slices, `None`, `...`, integer tensors.";
    "set_index"(input: Tensor, index: Index, value: Operand) -> ONE Fresh set_index "Gives a copy with `value` (broadcast, converted) written between brackets.";
    "gather"(input: Tensor, dim: Dim, index: Tensor) -> ONE Fresh gather "Takes elements along an axis at the positions of an i64 tensor of the result's shape.";
    "index_select"(input: Tensor, dim: Dim, index: Tensor) -> ONE Fresh index_select "Takes whole slices along an axis at the positions of an i64 vector.";

    ["Copies."]
    "to"(input: Tensor, dtype: TYPE) -> ONE Fresh to "Converts to another element type.";
    "clone"(input: Tensor) -> ONE Fresh same "Copies: later writes to one do not reach the other.";
    "copy_into"(input: Tensor, value: Operand) -> ONE Fresh copy_into "Gives `value` broadcast and converted to the shape and dtype of `input`.";
    "full_like"(input: Tensor, value: Operand, dtype: TYPE ? NONE) -> ONE Fresh full_like "Gives a tensor of the input's shape filled with one number.";
    "zeros_like"(input: Tensor, dtype: TYPE ? NONE) -> ONE Fresh like "Gives a tensor of the input's shape filled with 0.";
    "ones_like"(input: Tensor, dtype: TYPE ? NONE) -> ONE Fresh like "Gives a tensor of the input's shape filled with 1.";

    ["Creation: from numbers alone."]
    "zeros"(size: Shape, dtype: TYPE ? NONE) -> ONE Fresh filled "Gives a tensor filled with 0, of f32 by default.";
    "ones"(size: Shape, dtype: TYPE ? NONE) -> ONE Fresh filled "Gives a tensor filled with 1, of f32 by default.";
    "full"(size: Shape, fill_value: Operand, dtype: TYPE ? NONE) -> ONE Fresh full "Gives a tensor filled with one number, of bool, i64 or f32 as the number is.";
    "arange"(start: Float, end: Float, step: Float ? Arg::Int(1), dtype: TYPE ? NONE) -> ONE Fresh arange "Counts from `start` by `step`, `end` not reached; i64 if all are integers, else f32.";
    "linspace"(start: Float, end: Float, steps: Int, dtype: TYPE ? NONE) -> ONE Fresh linspace "Gives numbers at even distances, both ends included.";
    "logspace"(start: Float, end: Float, steps: Int, base: Float ? Arg::Float(10.0), dtype: TYPE ? NONE) -> ONE Fresh logspace "Gives `base` to the power of numbers at even distances, both ends included.";
    "eye"(n: Int, m: Int ? NONE, dtype: TYPE ? NONE) -> ONE Fresh eye "Gives an `n` by `m` (by default `n`) matrix with 1 on the diagonal, 0 elsewhere.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_complete() {
        let mut names: Vec<&str> = OPS.iter().map(|d| d.name).collect();
        for d in OPS {
            assert!(d.doc.ends_with('.'), "`{}` needs a sentence", d.name);
            assert!(d.section.ends_with('.'), "`{}`", d.section);
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
