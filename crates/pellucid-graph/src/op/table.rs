//! The operations. A row is: name(parameters) -> results, memory, rule, doc. `Updates` marks those that
//! have an in-place form: new memory, and `name_` writes the result to the first argument.
//!
//! Names, arguments, defaults and meaning are PyTorch's. `?` is the default of a parameter; a line in
//! brackets opens a section of the reference. `Flat` behind a row: no gradient flows through; `Rough`: there is none
//! to be had.

use std::borrow::Cow;

use super::Memory::{Fresh, Shares, Updates};
use super::ParamKind::{
    self, Bool, Dim, Dims, Float, Index, Int, Operand, Shape, Tensor, Tensors, Text, Word,
};
use super::{Arg, OpDef, Param, Slope, rules};

const NONE: Arg = Arg::None;
const NO: Arg = Arg::Bool(false);
const YES: Arg = Arg::Bool(true);
const ZERO: Arg = Arg::Int(0);
const LAST: Arg = Arg::Int(-1);
const ONE: &[&str] = &[""];
const UNIQUE: &[&str] = &["output", "inverse_indices", "counts"];
const PAIR: &[&str] = &["values", "indices"];
const VAR_MEAN: &[&str] = &["var", "mean"];
const STD_MEAN: &[&str] = &["std", "mean"];
const MIN_MAX: &[&str] = &["min", "max"];
const TYPE: ParamKind = ParamKind::DType;
const BETWEEN: ParamKind = Word(&["linear", "lower", "higher", "midpoint", "nearest"]);
const ROUNDING: ParamKind = Word(&["trunc", "floor"]);
const SIDE: ParamKind = Word(&["left", "right"]);
const REDUCE: ParamKind = Word(&["sum", "prod", "mean", "amax", "amin"]);
const GELU: ParamKind = Word(&["none", "tanh"]);

const P2: Arg = Arg::Float(2.0);
const MEAN: Arg = word("mean");
const REDUCTION: ParamKind = Word(&["none", "mean", "sum"]);
const KL_REDUCTION: ParamKind = Word(&["none", "batchmean", "sum", "mean"]);
const QR_MODE: ParamKind = Word(&["reduced", "complete", "r"]);
const TRIANGLE: ParamKind = Word(&["L", "U", "l", "u"]);
const MATRIX_ORD: ParamKind = Word(&["fro", "nuc", "inf", "-inf", "1", "-1", "2", "-2"]);
const U_S_VH: &[&str] = &["U", "S", "Vh"];
const Q_R: &[&str] = &["Q", "R"];
const EIGEN: &[&str] = &["eigenvalues", "eigenvectors"];
const SIGN_LOG: &[&str] = &["sign", "logabsdet"];
const LSTSQ: &[&str] = &["solution", "residuals", "rank", "singular_values"];

const fn word(word: &'static str) -> Arg {
    Arg::Word(Cow::Borrowed(word))
}

macro_rules! ops {
    ($([$section:literal] $($name:literal ($($param:ident : $kind:ident $(? $default:expr)?),*) -> $results:ident $memory:ident $rule:ident $doc:literal $($slope:ident)?;)*)*) => {
        /// Every operation of the language.
        pub static OPS: &[OpDef] = &[$($(OpDef {
            section: $section,
            name: $name,
            params: &[$(Param { name: stringify!($param), kind: $kind, default: ops!(@default $($default)?) }),*],
            results: $results,
            memory: $memory,
            doc: $doc,
            slope: ops!(@slope $($slope)?),
            infer: rules::$rule,
        }),*),*];
    };
    (@slope) => { Slope::Smooth };
    (@slope $slope:ident) => { Slope::$slope };
    (@default) => { None };
    (@default $default:expr) => { Some($default) };
}

ops! {
    ["Arithmetic. Operands broadcast and promote; integers stay integers."]
    "add"(input: Operand, other: Operand, alpha: Float ? Arg::Int(1)) -> ONE Updates add "Adds `alpha` times `other`, element by element.";
    "sub"(input: Operand, other: Operand, alpha: Float ? Arg::Int(1)) -> ONE Updates subtract "Subtracts `alpha` times `other`, element by element.";
    "mul"(input: Operand, other: Operand) -> ONE Updates arithmetic "Multiplies, element by element.";
    "div"(input: Operand, other: Operand, rounding_mode: ROUNDING ? NONE) -> ONE Updates divide "Divides by `other`, element by element; integers become f32, and stay integers when the quotient is rounded towards zero (`trunc`) or down (`floor`).";
    "floor_divide"(input: Operand, other: Operand) -> ONE Updates numeric_binary "Divides and rounds down, element by element." Flat;
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
    "heaviside"(input: Tensor, values: Tensor) -> ONE Updates alike "Gives 0 for negative elements, 1 for positive ones, `values` (of the same dtype) for 0." Flat;
    "neg"(input: Tensor) -> ONE Updates numeric_unary "Changes the sign.";
    "abs"(input: Tensor) -> ONE Updates numeric_unary "Takes the absolute value.";
    "sign"(input: Tensor) -> ONE Updates numeric_unary "Gives -1, 0 or 1." Flat;
    "square"(input: Tensor) -> ONE Updates square "Multiplies by itself.";
    "floor"(input: Tensor) -> ONE Updates numeric_unary "Rounds down." Flat;
    "ceil"(input: Tensor) -> ONE Updates numeric_unary "Rounds up." Flat;
    "round"(input: Tensor, decimals: Int ? Arg::Int(0)) -> ONE Updates round "Rounds to so many decimals, negative ones left of the point; halves to the even neighbour." Flat;
    "trunc"(input: Tensor) -> ONE Updates numeric_unary "Rounds towards zero." Flat;
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
    "ndtr"(input: Tensor) -> ONE Fresh float_unary "Takes the area under the standard normal curve to the left of each element.";
    "erfinv"(input: Tensor) -> ONE Updates float_unary "Takes the inverse of the error function; infinite at -1 and 1, NaN beyond.";
    "lgamma"(input: Tensor) -> ONE Updates float_unary "Takes the logarithm of the absolute value of the gamma function.";
    "digamma"(input: Tensor) -> ONE Updates float_unary "Takes the derivative of `lgamma`." Rough;
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
    "celu"(input: Tensor, alpha: Float ? Arg::Float(1.0)) -> ONE Fresh celu "Takes `alpha` (exp(x / `alpha`) - 1) of negative elements.";
    "selu"(input: Tensor) -> ONE Fresh float_unary "Takes the scaled ELU, which keeps mean 0 and variance 1.";
    "relu6"(input: Tensor) -> ONE Fresh numeric_unary "Limits every element to [0, 6].";
    "hardtanh"(input: Tensor, min_val: Float ? Arg::Float(-1.0), max_val: Float ? Arg::Float(1.0)) -> ONE Fresh hardtanh "Limits every element to [`min_val`, `max_val`].";
    "hardsigmoid"(input: Tensor) -> ONE Fresh float_unary "Limits x / 6 + 1 / 2 to [0, 1].";
    "hardswish"(input: Tensor) -> ONE Fresh float_unary "Takes x * hardsigmoid(x).";
    "hardshrink"(input: Tensor, lambd: Float ? Arg::Float(0.5)) -> ONE Fresh floating_unary "Replaces elements in [-`lambd`, `lambd`] by 0.";
    "softshrink"(input: Tensor, lambd: Float ? Arg::Float(0.5)) -> ONE Fresh softshrink "Moves elements by `lambd` towards 0, as far as 0.";
    "tanhshrink"(input: Tensor) -> ONE Fresh float_of_number "Takes x - tanh(x).";
    "threshold"(input: Tensor, threshold: Float, value: Float) -> ONE Fresh threshold "Replaces elements that do not exceed `threshold` by `value`.";

    ["Comparison and logic; results are bool."]
    "eq"(input: Operand, other: Operand) -> ONE Updates comparison "Tests equality, element by element." Flat;
    "ne"(input: Operand, other: Operand) -> ONE Updates comparison "Tests inequality, element by element." Flat;
    "lt"(input: Operand, other: Operand) -> ONE Updates comparison "Tests `input < other`, element by element." Flat;
    "le"(input: Operand, other: Operand) -> ONE Updates comparison "Tests `input <= other`, element by element." Flat;
    "gt"(input: Operand, other: Operand) -> ONE Updates comparison "Tests `input > other`, element by element." Flat;
    "ge"(input: Operand, other: Operand) -> ONE Updates comparison "Tests `input >= other`, element by element." Flat;
    "logical_and"(input: Operand, other: Operand) -> ONE Updates comparison "Tests that both are non-zero." Flat;
    "logical_or"(input: Operand, other: Operand) -> ONE Updates comparison "Tests that one is non-zero." Flat;
    "logical_xor"(input: Tensor, other: Tensor) -> ONE Updates comparison "Tests that one is non-zero, not both." Flat;
    "logical_not"(input: Tensor) -> ONE Updates to_bool "Tests that an element is zero." Flat;
    "isnan"(input: Tensor) -> ONE Fresh to_bool "Tests for NaN." Flat;
    "isinf"(input: Tensor) -> ONE Fresh to_bool "Tests for infinity of either sign." Flat;
    "isfinite"(input: Tensor) -> ONE Fresh to_bool "Tests that an element is neither infinite nor NaN." Flat;
    "isposinf"(input: Tensor) -> ONE Fresh to_bool "Tests for positive infinity." Flat;
    "isneginf"(input: Tensor) -> ONE Fresh to_bool "Tests for negative infinity." Flat;
    "signbit"(input: Tensor) -> ONE Fresh to_bool "Tests for a negative sign, that of -0.0 too." Flat;
    "isclose"(input: Tensor, other: Tensor, rtol: Float ? Arg::Float(1e-5), atol: Float ? Arg::Float(1e-8), equal_nan: Bool ? NO) -> ONE Fresh isclose "Tests |`input` - `other`| <= `atol` + `rtol` |`other`|, element by element, of one dtype." Flat;
    "allclose"(input: Tensor, other: Tensor, rtol: Float ? Arg::Float(1e-5), atol: Float ? Arg::Float(1e-8), equal_nan: Bool ? NO) -> ONE Fresh allclose "Tests that `isclose` holds everywhere: one truth." Flat;
    "equal"(input: Tensor, other: Tensor) -> ONE Fresh equal "Tests that shapes and all elements are equal: one truth." Flat;

    ["Bits: of integers, and of bool as logic."]
    "bitwise_and"(input: Operand, other: Operand) -> ONE Updates bits_binary "Takes the bits that both have." Flat;
    "bitwise_or"(input: Operand, other: Operand) -> ONE Updates bits_binary "Takes the bits that either has." Flat;
    "bitwise_xor"(input: Operand, other: Operand) -> ONE Updates bits_binary "Takes the bits that one has, not both." Flat;
    "bitwise_not"(input: Tensor) -> ONE Updates bits_unary "Flips every bit; of bool, the truth." Flat;
    "bitwise_left_shift"(input: Operand, other: Operand) -> ONE Updates shift "Moves the bits of integers up; 0 when by the width or more." Flat;
    "bitwise_right_shift"(input: Operand, other: Operand) -> ONE Updates shift "Moves the bits of integers down, keeping the sign." Flat;

    ["Choosing."]
    "where"(condition: Tensor, input: Operand, other: Operand) -> ONE Fresh select "Takes `input` where `condition` (bool) holds, else `other`; all broadcast.";
    "masked_fill"(input: Tensor, mask: Tensor, value: Operand) -> ONE Updates masked_fill "Writes a number where `mask` (bool, broadcast) holds.";

    ["Reductions over one axis, several, or all."]
    "sum"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO, dtype: TYPE ? NONE) -> ONE Fresh sum "Adds up, in `dtype` if given; integers and bool in i64.";
    "nansum"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO, dtype: TYPE ? NONE) -> ONE Fresh sum "Adds up, NaN as 0, in `dtype` if given; integers and bool in i64.";
    "prod"(input: Tensor, dim: Dim ? NONE, keepdim: Bool ? NO, dtype: TYPE ? NONE) -> ONE Fresh prod "Multiplies all elements, or those along an axis, in `dtype` if given; integers and bool in i64.";
    "count_nonzero"(input: Tensor, dim: Dims ? NONE) -> ONE Fresh count "Counts (i64) the elements that are not zero." Flat;
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
    "argmax"(input: Tensor, dim: Dim ? NONE, keepdim: Bool ? NO) -> ONE Fresh arg_extremum "Gives the position (i64) of the first largest element, flattened without `dim`." Flat;
    "argmin"(input: Tensor, dim: Dim ? NONE, keepdim: Bool ? NO) -> ONE Fresh arg_extremum "Gives the position (i64) of the first smallest element, flattened without `dim`." Flat;
    "max"(input: Tensor, dim: Dim, keepdim: Bool ? NO) -> PAIR Fresh extremum_with_index "Gives the largest elements along an axis and their positions.";
    "min"(input: Tensor, dim: Dim, keepdim: Bool ? NO) -> PAIR Fresh extremum_with_index "Gives the smallest elements along an axis and their positions.";
    "median"(input: Tensor, dim: Dim, keepdim: Bool ? NO) -> PAIR Fresh extremum_with_index "Gives the medians along an axis, the lower of two, and their positions; NaN wins.";
    "nanmedian"(input: Tensor, dim: Dim, keepdim: Bool ? NO) -> PAIR Fresh extremum_with_index "Gives the medians along an axis of what is not NaN, the lower of two, and their positions.";
    "mode"(input: Tensor, dim: Dim ? LAST, keepdim: Bool ? NO) -> PAIR Fresh extremum_with_index "Gives the most frequent elements along an axis, the smallest of several, and the positions of their last.";
    "kthvalue"(input: Tensor, k: Int, dim: Dim ? LAST, keepdim: Bool ? NO) -> PAIR Fresh kthvalue "Gives the `k`-th smallest elements along an axis, from 1, and their positions; NaN is largest.";
    "quantile"(input: Tensor, q: Operand, dim: Dim ? NONE, keepdim: Bool ? NO, interpolation: BETWEEN ? NONE) -> ONE Fresh quantile "Takes the elements below which a part `q` lies; between two it takes `linear` (the default), `lower`, `higher`, `midpoint`, `nearest`; NaN wins.";
    "nanquantile"(input: Tensor, q: Operand, dim: Dim ? NONE, keepdim: Bool ? NO, interpolation: BETWEEN ? NONE) -> ONE Fresh quantile "Takes quantiles of what is not NaN." Rough;
    "any"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO) -> ONE Fresh truth "Tests that some element is non-zero." Flat;
    "all"(input: Tensor, dim: Dims ? NONE, keepdim: Bool ? NO) -> ONE Fresh truth "Tests that every element is non-zero." Flat;

    ["Along one axis."]
    "softmax"(input: Tensor, dim: Dim, dtype: TYPE ? NONE) -> ONE Fresh along_float "Takes exp(x) / sum(exp(x)) along an axis, in `dtype` if given.";
    "log_softmax"(input: Tensor, dim: Dim, dtype: TYPE ? NONE) -> ONE Fresh along_float "Takes log(softmax(x)) along an axis, in `dtype` if given.";
    "cumsum"(input: Tensor, dim: Dim, dtype: TYPE ? NONE) -> ONE Updates cumulative "Adds up from the start of an axis, in `dtype` if given; integers in i64.";
    "cumprod"(input: Tensor, dim: Dim, dtype: TYPE ? NONE) -> ONE Updates cumulative "Multiplies from the start of an axis, in `dtype` if given; integers in i64.";
    "logcumsumexp"(input: Tensor, dim: Dim) -> ONE Fresh float_cumulative "Takes log(cumsum(exp(x))) along an axis without overflow.";
    "cummax"(input: Tensor, dim: Dim) -> PAIR Fresh cumulative_with_index "Gives the largest elements so far along an axis and the positions of their last; NaN wins.";
    "cummin"(input: Tensor, dim: Dim) -> PAIR Fresh cumulative_with_index "Gives the smallest elements so far along an axis and the positions of their last; NaN wins.";
    "diff"(input: Tensor, n: Int ? Arg::Int(1), dim: Dim ? LAST, prepend: Tensor ? NONE, append: Tensor ? NONE) -> ONE Fresh diff "Takes differences of neighbours along an axis, `n` times; bool differs or not.";
    "topk"(input: Tensor, k: Int, dim: Dim ? LAST, largest: Bool ? YES, sorted: Bool ? YES) -> PAIR Fresh topk "Gives the `k` largest (or smallest) elements in order, whatever `sorted` says, and their positions.";
    "sort"(input: Tensor, dim: Dim ? LAST, descending: Bool ? NO, stable: Bool ? NO) -> PAIR Fresh sort "Sorts along an axis, always keeping the order of equals; also gives positions.";
    "argsort"(input: Tensor, dim: Dim ? LAST, descending: Bool ? NO, stable: Bool ? NO) -> ONE Fresh argsort "Gives the positions (i64) that sort an axis, always keeping the order of equals." Flat;
    "msort"(input: Tensor) -> ONE Fresh msort "Sorts along the first axis.";
    "searchsorted"(sorted_sequence: Tensor, input: Operand, out_int32: Bool ? NO, right: Bool ? NO, side: SIDE ? NONE, sorter: Tensor ? NONE) -> ONE Fresh searchsorted "Gives the first place (i64) in a sorted last axis where each value can stand; with `right` the last." Flat;
    "bucketize"(input: Operand, boundaries: Tensor, out_int32: Bool ? NO, right: Bool ? NO) -> ONE Fresh bucketize "Gives the number (i64) of the bucket between sorted `boundaries` for each value." Flat;
    "isin"(elements: Operand, test_elements: Operand, assume_unique: Bool ? NO, invert: Bool ? NO) -> ONE Fresh isin "Tests that an element is one of `test_elements`; NaN never is." Flat;
    "unique"(input: Tensor, dim: Dim ? NONE) -> UNIQUE Fresh unique "Gives the distinct elements, or slices along an axis, in rising order; where each element went; how often each stood there (i64). How many there are depends on the elements." Rough;
    "unique_consecutive"(input: Tensor, dim: Dim ? NONE) -> UNIQUE Fresh unique "Drops elements, or slices along an axis, that equal the one before; also gives where each went and how often each stood there (i64). How many are left depends on the elements." Rough;
    "bincount"(input: Tensor, weights: Tensor ? NONE, minlength: Int ? ZERO) -> ONE Fresh bincount "Counts 0, 1, 2 ... in a vector of integers, or adds up their `weights`. How many counts there are depends on the largest." Rough;
    "histc"(input: Tensor, bins: Int ? Arg::Int(100), min: Float ? ZERO, max: Float ? ZERO) -> ONE Fresh histc "Counts elements in equal bins from `min` to `max`; from the smallest to the largest where these are equal." Rough;
    "one_hot"(input: Tensor, num_classes: Int) -> ONE Fresh one_hot "Gives 1 at each class (i64) and 0 elsewhere, along a new last axis." Flat;
    "cosine_similarity"(input: Tensor, other: Tensor, dim: Dim ? Arg::Int(1), eps: Float ? Arg::Float(1e-8)) -> ONE Fresh cosine_similarity "Takes the cosine of the angle between vectors along an axis.";

    ["Products of vectors and matrices."]
    "matmul"(input: Tensor, other: Tensor) -> ONE Fresh matmul "Multiplies vectors, matrices, or broadcast batches of matrices of one dtype.";
    "mm"(input: Tensor, mat2: Tensor) -> ONE Fresh mm "Multiplies two matrices of one dtype.";
    "bmm"(input: Tensor, mat2: Tensor) -> ONE Fresh bmm "Multiplies two batches of as many matrices, [b, n, m] by [b, m, p].";
    "mv"(input: Tensor, vec: Tensor) -> ONE Fresh mv "Multiplies a matrix by a vector.";
    "dot"(input: Tensor, tensor: Tensor) -> ONE Fresh dot "Multiplies two vectors and adds up.";
    "inner"(input: Tensor, other: Tensor) -> ONE Fresh inner "Multiplies along the last axes and adds up; a 0-d operand just multiplies.";
    "outer"(input: Tensor, vec2: Tensor) -> ONE Fresh outer "Multiplies every element of a vector by every element of another.";
    "addmm"(input: Tensor, mat1: Tensor, mat2: Tensor, beta: Float ? Arg::Int(1), alpha: Float ? Arg::Int(1)) -> ONE Updates addmm "Takes `beta` * input + `alpha` * (mat1 @ mat2); `input` broadcasts, and counts for nothing where `beta` is 0.";
    "baddbmm"(input: Tensor, batch1: Tensor, batch2: Tensor, beta: Float ? Arg::Int(1), alpha: Float ? Arg::Int(1)) -> ONE Updates baddbmm "Takes `beta` * input + `alpha` * (batch1 @ batch2) of batches of matrices.";
    "einsum"(equation: Text, operands: Tensors) -> ONE Fresh einsum "Sums products along named axes: `bij,bjk->bik`, with `...` for axes without a name and a diagonal where one operand names an axis twice.";
    "tensordot"(a: Tensor, b: Tensor, dims_a: Shape, dims_b: Shape) -> ONE Fresh tensordot "Multiplies along pairs of axes and adds up.";
    "kron"(input: Tensor, other: Tensor) -> ONE Fresh kron "Takes the Kronecker product.";
    "trace"(input: Tensor) -> ONE Fresh trace "Adds up the diagonal of a matrix; integers in i64.";

    ["Norms, distances, covariances."]
    "linalg_vector_norm"(x: Tensor, ord: Float ? Arg::Int(2), dim: Dims ? NONE, keepdim: Bool ? NO, dtype: TYPE ? NONE) -> ONE Fresh vector_norm "Takes the vector norm of order `ord`, of all elements or along axes.";
    "linalg_matrix_norm"(A: Tensor, ord: MATRIX_ORD ? word("fro"), dim: Dims ? Arg::None, keepdim: Bool ? NO, dtype: TYPE ? NONE) -> ONE Fresh matrix_norm "Takes the norm of matrices in the axes `dim`, the last two unless given: `fro`, `nuc`, the largest (or with minus the smallest) sum of a row (`inf`) or column (`1`), or singular value (`2`).";
    "cdist"(x1: Tensor, x2: Tensor, p: Float ? P2) -> ONE Fresh cdist "Gives the p-norm distance of each row of `x1` to each row of `x2`, [..., m, d] and [..., n, d] to [..., m, n].";
    "pairwise_distance"(x1: Tensor, x2: Tensor, p: Float ? P2, eps: Float ? Arg::Float(1e-6), keepdim: Bool ? NO) -> ONE Fresh pairwise_distance "Takes the p-norm of x1 - x2 + `eps` along the last axis.";
    "cov"(input: Tensor, correction: Int ? Arg::Int(1)) -> ONE Fresh covariance "Takes the covariance of the rows, divided by n - `correction`.";
    "corrcoef"(input: Tensor) -> ONE Fresh covariance "Takes Pearson's correlation of the rows.";
    "linalg_cross"(input: Tensor, other: Tensor, dim: Dim ? LAST) -> ONE Fresh cross "Takes the cross product along an axis of length 3.";

    ["Linear algebra on batches of matrices, in f32 or f64."]
    "linalg_svd"(A: Tensor, full_matrices: Bool ? YES) -> U_S_VH Fresh svd "Decomposes into U diag(S) Vh; S falls." Rough;
    "linalg_svdvals"(A: Tensor) -> ONE Fresh svdvals "Gives the singular values, largest first.";
    "linalg_qr"(A: Tensor, mode: QR_MODE ? word("reduced")) -> Q_R Fresh qr "Decomposes into an orthonormal Q and an upper triangular R; the mode `r` gives a Q without elements.";
    "linalg_eigh"(A: Tensor, UPLO: TRIANGLE ? word("L")) -> EIGEN Fresh eigh "Gives eigenvalues, smallest first, and eigenvectors of symmetric matrices, of which one triangle is read.";
    "linalg_eigvalsh"(A: Tensor, UPLO: TRIANGLE ? word("L")) -> ONE Fresh eigvalsh "Gives the eigenvalues of symmetric matrices, smallest first.";
    "linalg_cholesky"(A: Tensor, upper: Bool ? NO) -> ONE Fresh square_same "Decomposes a positive-definite matrix into L L^T and gives L, or its transpose.";
    "linalg_inv"(A: Tensor) -> ONE Fresh square_same "Inverts square matrices.";
    "linalg_pinv"(A: Tensor, atol: Float ? NONE, rtol: Float ? NONE, hermitian: Bool ? NO) -> ONE Fresh pinv "Takes the pseudoinverse; singular values up to max(`atol`, `rtol` * the largest) count as 0.";
    "linalg_solve"(A: Tensor, B: Tensor, left: Bool ? YES) -> ONE Fresh solve "Solves AX = B, or XA = B; B holds vectors when it has the shape for it.";
    "linalg_solve_triangular"(A: Tensor, B: Tensor, upper: Bool, left: Bool ? YES, unitriangular: Bool ? NO) -> ONE Fresh solve_triangular "Solves AX = B, or XA = B, for a triangular A.";
    "linalg_lstsq"(A: Tensor, B: Tensor, rcond: Float ? NONE) -> LSTSQ Fresh lstsq "Gives the shortest X that minimizes |AX - B| and the rank of A; residuals and singular values stay without elements." Rough;
    "linalg_det"(A: Tensor) -> ONE Fresh det "Gives the determinant.";
    "linalg_slogdet"(A: Tensor) -> SIGN_LOG Fresh slogdet "Gives the sign of the determinant and the logarithm of its absolute value.";
    "linalg_matrix_rank"(A: Tensor, atol: Float ? NONE, rtol: Float ? NONE, hermitian: Bool ? NO) -> ONE Fresh matrix_rank "Counts the singular values above max(`atol`, `rtol` * the largest), as i64." Flat;
    "linalg_matrix_power"(A: Tensor, n: Int) -> ONE Fresh matrix_power "Multiplies a square matrix by itself; negative powers invert it.";

    ["Layers of networks."]
    "linear"(input: Tensor, weight: Tensor, bias: Tensor ? NONE) -> ONE Fresh linear "Takes input @ weight.T + bias, `weight` being [out, in].";
    "embedding"(input: Tensor, weight: Tensor) -> ONE Fresh embedding "Takes rows of `weight` at the positions `input` (i64 or i32).";
    "layer_norm"(input: Tensor, normalized_shape: Shape, weight: Tensor ? NONE, bias: Tensor ? NONE, eps: Float ? Arg::Float(1e-5)) -> ONE Fresh layer_norm "Normalizes the trailing axes to mean 0 and variance 1, then scales and shifts.";
    "rms_norm"(input: Tensor, normalized_shape: Shape, weight: Tensor ? NONE, eps: Float ? Arg::Float(1e-6)) -> ONE Fresh trailing_norm "Divides the trailing axes by their root mean square, then scales.";
    "group_norm"(input: Tensor, num_groups: Int, weight: Tensor ? NONE, bias: Tensor ? NONE, eps: Float ? Arg::Float(1e-5)) -> ONE Fresh group_norm "Normalizes groups of the channels in axis 1 to mean 0 and variance 1, then scales and shifts each channel.";
    "normalize"(input: Tensor, p: Float ? P2, dim: Dims ? Arg::Int(1), eps: Float ? Arg::Float(1e-12)) -> ONE Fresh normalize "Divides by the p-norm along `dim`, or by `eps` where that is larger.";
    "softmin"(input: Tensor, dim: Dim, dtype: TYPE ? NONE) -> ONE Fresh softmin "Takes softmax(-x) along an axis, in `dtype` if given.";
    "glu"(input: Tensor, dim: Dim ? LAST) -> ONE Fresh glu "Takes the first half of an axis times the sigmoid of the second.";
    "scaled_dot_product_attention"(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor ? NONE, dropout_p: Float ? Arg::Float(0.0), is_causal: Bool ? NO, scale: Float ? NONE, enable_gqa: Bool ? NO) -> ONE Fresh attention "Takes softmax(q k^T * scale + mask) v; `scale` is 1/sqrt(d) unless given, a row that sees nothing gives 0, `dropout_p` must be 0.";

    ["Losses: `reduction` is `mean`, `sum`, or `none` for one loss an element."]
    "mse_loss"(input: Tensor, target: Tensor, reduction: REDUCTION ? MEAN) -> ONE Fresh pointwise_loss "Takes the squared difference; operands broadcast.";
    "l1_loss"(input: Tensor, target: Tensor, reduction: REDUCTION ? MEAN) -> ONE Fresh l1_loss "Takes the absolute difference; operands broadcast.";
    "smooth_l1_loss"(input: Tensor, target: Tensor, reduction: REDUCTION ? MEAN, beta: Float ? Arg::Float(1.0)) -> ONE Fresh smooth_l1_loss "Takes half the squared difference over `beta` where it is below `beta`, else the absolute one less half of `beta`.";
    "huber_loss"(input: Tensor, target: Tensor, reduction: REDUCTION ? MEAN, delta: Float ? Arg::Float(1.0)) -> ONE Fresh huber_loss "Takes half the squared difference where it is at most `delta`, beyond it `delta` times the absolute one.";
    "kl_div"(input: Tensor, target: Tensor, reduction: KL_REDUCTION ? MEAN, log_target: Bool ? NO) -> ONE Fresh kl_div "Takes target * (log(target) - input), `input` being logarithms, and `target` too with `log_target`; `batchmean` divides the sum by the input's first axis.";
    "binary_cross_entropy"(input: Tensor, target: Tensor, weight: Tensor ? NONE, reduction: REDUCTION ? MEAN) -> ONE Fresh binary_cross_entropy "Takes the cross entropy of probabilities and targets of 0 to 1.";
    "binary_cross_entropy_with_logits"(input: Tensor, target: Tensor, weight: Tensor ? NONE, reduction: REDUCTION ? MEAN, pos_weight: Tensor ? NONE) -> ONE Fresh binary_cross_entropy_with_logits "Takes the cross entropy of sigmoid(input) and targets of 0 to 1.";
    "nll_loss"(input: Tensor, target: Tensor, weight: Tensor ? NONE, ignore_index: Int ? Arg::Int(-100), reduction: REDUCTION ? MEAN) -> ONE Fresh nll_loss "Takes minus the log probability of each target class (i64), classes in axis 1; the mean is weighted.";
    "cross_entropy"(input: Tensor, target: Tensor, weight: Tensor ? NONE, ignore_index: Int ? Arg::Int(-100), reduction: REDUCTION ? MEAN, label_smoothing: Float ? Arg::Float(0.0)) -> ONE Fresh cross_entropy "Takes the cross entropy of logits and target classes (i64), or probabilities of the input's shape; classes in axis 1.";

    ["Shape."]
    "reshape"(input: Tensor, shape: Shape) -> ONE Shares reshape "Gives the same elements another shape; one length may be -1.";
    "flatten"(input: Tensor, start_dim: Dim ? Arg::Int(0), end_dim: Dim ? LAST) -> ONE Shares flatten "Joins the axes `start_dim` to `end_dim`.";
    "permute"(input: Tensor, dims: Dims) -> ONE Shares permute "Reorders the axes.";
    "transpose"(input: Tensor, dim0: Dim, dim1: Dim) -> ONE Shares transpose "Swaps two axes.";
    "unsqueeze"(input: Tensor, dim: Dim) -> ONE Shares unsqueeze "Adds an axis of length 1.";
    "squeeze"(input: Tensor, dim: Dims ? NONE) -> ONE Shares squeeze "Drops axes of length 1.";
    "expand"(input: Tensor, shape: Shape) -> ONE Shares expand "Repeats axes of length 1 to the given lengths; -1 keeps an axis. The repeated elements cannot be written.";
    "view"(input: Tensor, shape: Shape) -> ONE Shares reshape "Gives the same elements another shape without copying; one length may be -1.";
    "unflatten"(input: Tensor, dim: Dim, sizes: Shape) -> ONE Shares unflatten "Splits an axis into several; one length may be -1.";
    "narrow"(input: Tensor, dim: Dim, start: Int, length: Int) -> ONE Shares narrow "Takes `length` positions of an axis from `start` on.";
    "select"(input: Tensor, dim: Dim, index: Int) -> ONE Shares select_one "Takes one position of an axis and drops the axis.";
    "movedim"(input: Tensor, source: Dims, destination: Dims) -> ONE Shares movedim "Moves axes to other places; the others keep their order.";
    "diagonal"(input: Tensor, offset: Int ? ZERO, dim1: Dim ? ZERO, dim2: Dim ? Arg::Int(1)) -> ONE Shares diagonal "Takes the diagonal of two axes as a last axis, `offset` places to the right of the main one.";
    "unfold"(input: Tensor, dimension: Dim, size: Int, step: Int) -> ONE Shares unfold "Gives windows of `size` positions, `step` apart, along a new last axis. They cannot be written.";
    "diagonal_scatter"(input: Tensor, src: Tensor, offset: Int ? ZERO, dim1: Dim ? ZERO, dim2: Dim ? Arg::Int(1)) -> ONE Fresh diagonal_scatter "Gives the tensor with `src` on the diagonal that `diagonal` takes.";
    "diag_embed"(input: Tensor, offset: Int ? ZERO, dim1: Dim ? Arg::Int(-2), dim2: Dim ? LAST) -> ONE Fresh diag_embed "Puts the last axis on a diagonal of two new axes, 0 elsewhere.";
    "diag"(input: Tensor, diagonal: Int ? ZERO) -> ONE Fresh diag "Makes a matrix with this diagonal of a vector, or takes the diagonal of a matrix.";
    "tril"(input: Tensor, diagonal: Int ? ZERO) -> ONE Updates triangle "Writes 0 above a diagonal of the last two axes.";
    "triu"(input: Tensor, diagonal: Int ? ZERO) -> ONE Updates triangle "Writes 0 below a diagonal of the last two axes.";
    "repeat"(input: Tensor, repeats: Shape) -> ONE Fresh repeat "Repeats the tensor along its axes, as often as `repeats` says for each; more counts make leading axes.";
    "tile"(input: Tensor, dims: Shape) -> ONE Fresh tile "Repeats the tensor along its last axes.";
    "repeat_interleave"(input: Tensor, repeats: Operand, dim: Dim ? NONE, output_size: Int ? NONE) -> ONE Fresh repeat_interleave "Repeats each element, or each slice along an axis, in a row; a tensor of `repeats` needs `output_size`, their sum.";
    "flip"(input: Tensor, dims: Dims) -> ONE Fresh flip "Reverses the order along axes.";
    "roll"(input: Tensor, shifts: Dims, dims: Dims ? NONE) -> ONE Fresh roll "Moves elements along axes, those past the end to the start; along the flattened tensor without `dims`.";
    "rot90"(input: Tensor, k: Int ? Arg::Int(1), dims: Dims ? NONE) -> ONE Fresh rot90 "Turns by `k` quarters from the first of two axes towards the second, 0 and 1 when not given.";
    "cat"(tensors: Tensors, dim: Dim ? Arg::Int(0)) -> ONE Fresh cat "Joins tensors along an axis.";
    "stack"(tensors: Tensors, dim: Dim ? Arg::Int(0)) -> ONE Fresh stack "Joins tensors of one shape along a new axis.";

    ["Places."]
    "index"(input: Tensor, index: Index) -> ONE Shares index "Takes what stands between brackets: integers, slices, `None`, `...`, integer tensors.";
    "set_index"(input: Tensor, index: Index, value: Operand) -> ONE Fresh set_index "Gives a copy with `value` (broadcast, converted) written between brackets.";
    "gather"(input: Tensor, dim: Dim, index: Tensor) -> ONE Fresh gather "Takes elements along an axis at the positions of an i32 or i64 tensor of the result's shape.";
    "index_select"(input: Tensor, dim: Dim, index: Tensor) -> ONE Fresh index_select "Takes whole slices along an axis at the positions of an i32 or i64 vector.";
    "take"(input: Tensor, index: Tensor) -> ONE Fresh take "Takes elements of the flattened tensor at i64 positions, negative from the end.";
    "take_along_dim"(input: Tensor, indices: Tensor, dim: Dim ? NONE) -> ONE Fresh take_along_dim "Takes elements along an axis at i64 positions, off the axis both broadcast; from the flattened tensor without `dim`.";
    "put"(input: Tensor, index: Tensor, source: Tensor, accumulate: Bool ? NO) -> ONE Updates put "Gives the tensor with `source` at i64 positions of the flattened tensor; with `accumulate` added there.";
    "scatter"(input: Tensor, dim: Dim, index: Tensor, src: Operand) -> ONE Updates scatter "Gives the tensor with `src`, a tensor or a number, at positions along an axis; the last one written stays.";
    "scatter_add"(input: Tensor, dim: Dim, index: Tensor, src: Tensor) -> ONE Updates scatter_tensor "Gives the tensor with `src` added at positions along an axis.";
    "scatter_reduce"(input: Tensor, dim: Dim, index: Tensor, src: Tensor, reduce: REDUCE, include_self: Bool ? YES) -> ONE Updates scatter_tensor "Reduces `src` into positions along an axis, with what stands there unless `include_self` is False." Rough;
    "index_add"(input: Tensor, dim: Dim, index: Tensor, source: Tensor, alpha: Float ? Arg::Int(1)) -> ONE Updates index_add "Gives the tensor with `alpha` times the slices of `source` added at positions of an axis.";
    "index_copy"(input: Tensor, dim: Dim, index: Tensor, source: Tensor) -> ONE Updates index_copy "Gives the tensor with the slices of `source` at positions of an axis; the last one written stays.";
    "index_fill"(input: Tensor, dim: Dim, index: Tensor, value: Operand) -> ONE Updates index_fill "Writes a number to all of some positions of an axis, negative from the end.";
    "masked_scatter"(input: Tensor, mask: Tensor, source: Tensor) -> ONE Updates masked_scatter "Writes the elements of `source` in order where `mask` (bool, broadcast) holds.";
    "masked_select"(input: Tensor, mask: Tensor) -> ONE Fresh masked_select "Takes the elements where `mask` (bool, broadcast) holds, as a vector; how many depends on the mask.";
    "nonzero"(input: Tensor) -> ONE Fresh nonzero "Gives a row of positions (i64) for each element that is not zero; how many depends on the elements." Flat;

    ["Random numbers: the same for the same seed and shape, wherever they are made."]
    "rand"(size: Shape, seed: Int ? NONE, dtype: TYPE ? NONE) -> ONE Fresh drawn "Draws numbers evenly from 0 up to 1, f32 unless `dtype` says otherwise." Flat;
    "randn"(size: Shape, seed: Int ? NONE, dtype: TYPE ? NONE) -> ONE Fresh drawn "Draws from the normal distribution of mean 0 and variance 1, f32 unless `dtype` says otherwise." Flat;
    "rand_like"(input: Tensor, seed: Int ? NONE, dtype: TYPE ? NONE) -> ONE Fresh drawn_like "Draws numbers evenly from 0 up to 1, of the input's shape and dtype." Flat;
    "randn_like"(input: Tensor, seed: Int ? NONE, dtype: TYPE ? NONE) -> ONE Fresh drawn_like "Draws from the normal distribution of mean 0 and variance 1, of the input's shape and dtype." Flat;
    "randint"(low: Int, high: Int, size: Shape, seed: Int ? NONE, dtype: TYPE ? NONE) -> ONE Fresh randint "Draws integers evenly from `low` up to and without `high`, i64 unless `dtype` says otherwise." Flat;
    "randperm"(n: Int, seed: Int ? NONE, dtype: TYPE ? NONE) -> ONE Fresh randperm "Gives 0 to `n` - 1 in random order, i64 unless `dtype` says otherwise." Flat;
    "bernoulli"(input: Tensor, seed: Int ? NONE) -> ONE Fresh bernoulli "Draws 1 with the probability that each element says, else 0." Flat;
    "multinomial"(input: Tensor, num_samples: Int, replacement: Bool ? NO, seed: Int ? NONE) -> ONE Fresh multinomial "Draws positions (i64) from each row of weights, each once unless `replacement`." Flat;
    "normal"(mean: Operand, std: Operand, size: Shape ? NONE, seed: Int ? NONE) -> ONE Fresh normal "Draws from normal distributions of these means and standard deviations, two numbers with a `size`." Flat;

    ["Copies."]
    "to"(input: Tensor, dtype: TYPE) -> ONE Fresh to "Converts to another element type.";
    "detach"(input: Tensor) -> ONE Shares same "The same elements, as if they had come from nowhere: no gradient flows through." Flat;
    "clone"(input: Tensor) -> ONE Fresh same "Copies: later writes to one do not reach the other.";
    "copy_into"(input: Tensor, value: Operand) -> ONE Fresh copy_into "Gives `value` broadcast and converted to the shape and dtype of `input`.";
    "full_like"(input: Tensor, value: Operand, dtype: TYPE ? NONE) -> ONE Fresh full_like "Gives a tensor of the input's shape filled with one number." Flat;
    "zeros_like"(input: Tensor, dtype: TYPE ? NONE) -> ONE Fresh like "Gives a tensor of the input's shape filled with 0." Flat;
    "ones_like"(input: Tensor, dtype: TYPE ? NONE) -> ONE Fresh like "Gives a tensor of the input's shape filled with 1." Flat;

    ["Creation: from numbers alone."]
    "zeros"(size: Shape, dtype: TYPE ? NONE) -> ONE Fresh filled "Gives a tensor filled with 0, of f32 by default." Flat;
    "ones"(size: Shape, dtype: TYPE ? NONE) -> ONE Fresh filled "Gives a tensor filled with 1, of f32 by default." Flat;
    "full"(size: Shape, fill_value: Operand, dtype: TYPE ? NONE) -> ONE Fresh full "Gives a tensor filled with one number, of bool, i64 or f32 as the number is." Flat;
    "arange"(start: Float, end: Float, step: Float ? Arg::Int(1), dtype: TYPE ? NONE) -> ONE Fresh arange "Counts from `start` by `step`, `end` not reached; i64 if all are integers, else f32." Flat;
    "linspace"(start: Float, end: Float, steps: Int, dtype: TYPE ? NONE) -> ONE Fresh linspace "Gives numbers at even distances, both ends included." Flat;
    "logspace"(start: Float, end: Float, steps: Int, base: Float ? Arg::Float(10.0), dtype: TYPE ? NONE) -> ONE Fresh logspace "Gives `base` to the power of numbers at even distances, both ends included." Flat;
    "eye"(n: Int, m: Int ? NONE, dtype: TYPE ? NONE) -> ONE Fresh eye "Gives an `n` by `m` (by default `n`) matrix with 1 on the diagonal, 0 elsewhere." Flat;
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
