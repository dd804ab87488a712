"""The operations, as functions and as methods of `pl.Tensor`.

Made from the op table by `cargo xtask codegen`: edit `crates/pellucid-graph/src/op/table.rs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pellucid import _call
from pellucid._call import TensorLike

if TYPE_CHECKING:
    from pellucid.tensor import Tensor

__all__ = [
    "abs",
    "absolute",
    "acos",
    "acosh",
    "add",
    "addcdiv",
    "addcmul",
    "addmm",
    "all",
    "allclose",
    "amax",
    "amin",
    "aminmax",
    "any",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "argmax",
    "argmin",
    "argsort",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "baddbmm",
    "bernoulli",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "bincount",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "bmm",
    "bucketize",
    "cat",
    "cdist",
    "ceil",
    "celu",
    "clamp",
    "clip",
    "clone",
    "concat",
    "copysign",
    "corrcoef",
    "cos",
    "cosh",
    "cosine_similarity",
    "count_nonzero",
    "cov",
    "cross_entropy",
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "deg2rad",
    "detach",
    "diag",
    "diag_embed",
    "diagonal",
    "diagonal_scatter",
    "diff",
    "digamma",
    "div",
    "divide",
    "dot",
    "elu",
    "embedding",
    "eq",
    "equal",
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "exp2",
    "expand",
    "expm1",
    "eye",
    "fix",
    "flatten",
    "flip",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "frac",
    "full",
    "full_like",
    "gather",
    "ge",
    "gelu",
    "glu",
    "greater",
    "greater_equal",
    "group_norm",
    "gt",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "heaviside",
    "histc",
    "huber_loss",
    "hypot",
    "index_add",
    "index_copy",
    "index_fill",
    "index_select",
    "inner",
    "isclose",
    "isfinite",
    "isin",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "kl_div",
    "kron",
    "kthvalue",
    "l1_loss",
    "layer_norm",
    "le",
    "leaky_relu",
    "lerp",
    "less",
    "less_equal",
    "lgamma",
    "linear",
    "linspace",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_softmax",
    "logaddexp",
    "logaddexp2",
    "logcumsumexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logit",
    "logsigmoid",
    "logspace",
    "logsumexp",
    "lt",
    "masked_fill",
    "masked_scatter",
    "masked_select",
    "matmul",
    "maximum",
    "mean",
    "minimum",
    "mish",
    "mm",
    "mode",
    "movedim",
    "mse_loss",
    "msort",
    "mul",
    "multinomial",
    "multiply",
    "mv",
    "nan_to_num",
    "nanmean",
    "nanquantile",
    "nansum",
    "narrow",
    "ndtr",
    "ne",
    "neg",
    "negative",
    "nll_loss",
    "norm",
    "normalize",
    "not_equal",
    "ones_like",
    "outer",
    "pairwise_distance",
    "permute",
    "pow",
    "prelu",
    "prod",
    "put",
    "quantile",
    "rad2deg",
    "rand_like",
    "randn_like",
    "reciprocal",
    "relu",
    "relu6",
    "remainder",
    "reshape",
    "rms_norm",
    "roll",
    "rot90",
    "round",
    "rsqrt",
    "scaled_dot_product_attention",
    "scatter_add",
    "scatter_reduce",
    "searchsorted",
    "select",
    "selu",
    "sigmoid",
    "sign",
    "signbit",
    "silu",
    "sin",
    "sinc",
    "sinh",
    "smooth_l1_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "sort",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "sub",
    "subtract",
    "sum",
    "take",
    "take_along_dim",
    "tan",
    "tanh",
    "tanhshrink",
    "threshold",
    "tile",
    "topk",
    "trace",
    "transpose",
    "tril",
    "triu",
    "true_divide",
    "trunc",
    "unflatten",
    "unfold",
    "unsqueeze",
    "xlogy",
    "zeros_like",
]


class VarMean(NamedTuple):
    """Results of `var_mean`."""

    var: Tensor
    mean: Tensor

    def save(self) -> VarMean:
        """Keeps each of them as it is now."""
        for part in self:
            part.save()
        return self


class StdMean(NamedTuple):
    """Results of `std_mean`."""

    std: Tensor
    mean: Tensor

    def save(self) -> StdMean:
        """Keeps each of them as it is now."""
        for part in self:
            part.save()
        return self


class MinMax(NamedTuple):
    """Results of `aminmax`."""

    min: Tensor
    max: Tensor

    def save(self) -> MinMax:
        """Keeps each of them as it is now."""
        for part in self:
            part.save()
        return self


class ValuesIndices(NamedTuple):
    """Results of `max`, `min`, `median`, `nanmedian`, `mode`, `kthvalue`, `cummax`, `cummin`,
    `topk`, `sort`.
    """

    values: Tensor
    indices: Tensor

    def save(self) -> ValuesIndices:
        """Keeps each of them as it is now."""
        for part in self:
            part.save()
        return self


class OutputInverseIndicesCounts(NamedTuple):
    """Results of `unique`, `unique_consecutive`."""

    output: Tensor
    inverse_indices: Tensor
    counts: Tensor

    def save(self) -> OutputInverseIndicesCounts:
        """Keeps each of them as it is now."""
        for part in self:
            part.save()
        return self


class USVh(NamedTuple):
    """Results of `linalg_svd`."""

    U: Tensor
    S: Tensor
    Vh: Tensor

    def save(self) -> USVh:
        """Keeps each of them as it is now."""
        for part in self:
            part.save()
        return self


class QR(NamedTuple):
    """Results of `linalg_qr`."""

    Q: Tensor
    R: Tensor

    def save(self) -> QR:
        """Keeps each of them as it is now."""
        for part in self:
            part.save()
        return self


class EigenvaluesEigenvectors(NamedTuple):
    """Results of `linalg_eigh`."""

    eigenvalues: Tensor
    eigenvectors: Tensor

    def save(self) -> EigenvaluesEigenvectors:
        """Keeps each of them as it is now."""
        for part in self:
            part.save()
        return self


class SolutionResidualsRankSingularValues(NamedTuple):
    """Results of `linalg_lstsq`."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor

    def save(self) -> SolutionResidualsRankSingularValues:
        """Keeps each of them as it is now."""
        for part in self:
            part.save()
        return self


class SignLogabsdet(NamedTuple):
    """Results of `linalg_slogdet`."""

    sign: Tensor
    logabsdet: Tensor

    def save(self) -> SignLogabsdet:
        """Keeps each of them as it is now."""
        for part in self:
            part.save()
        return self


def add(input: TensorLike, other: TensorLike, alpha: float = 1) -> Tensor:
    """Adds `alpha` times `other`, element by element."""
    return _call.one("add", _call.operand(input), _call.operand(other), alpha)


def sub(input: TensorLike, other: TensorLike, alpha: float = 1) -> Tensor:
    """Subtracts `alpha` times `other`, element by element."""
    return _call.one("sub", _call.operand(input), _call.operand(other), alpha)


def mul(input: TensorLike, other: TensorLike) -> Tensor:
    """Multiplies, element by element."""
    return _call.one("mul", _call.operand(input), _call.operand(other))


def div(
    input: TensorLike, other: TensorLike, rounding_mode: Literal["trunc", "floor"] | None = None
) -> Tensor:
    """Divides by `other`, element by element; integers become f32, and stay integers when the
    quotient is rounded towards zero (`trunc`) or down (`floor`).
    """
    return _call.one("div", _call.operand(input), _call.operand(other), rounding_mode)


def floor_divide(input: TensorLike, other: TensorLike) -> Tensor:
    """Divides and rounds down, element by element."""
    return _call.one("floor_divide", _call.operand(input), _call.operand(other))


def remainder(input: TensorLike, other: TensorLike) -> Tensor:
    """Takes the rest of division rounded down; it has the sign of `other`."""
    return _call.one("remainder", _call.operand(input), _call.operand(other))


def fmod(input: TensorLike, other: TensorLike) -> Tensor:
    """Takes the rest of division rounded towards zero; it has the sign of `input`."""
    return _call.one("fmod", _call.tensor(input), _call.operand(other))


def pow(input: TensorLike, exponent: TensorLike) -> Tensor:
    """Raises to a power, element by element."""
    return _call.one("pow", _call.operand(input), _call.operand(exponent))


def maximum(input: TensorLike, other: TensorLike) -> Tensor:
    """Takes the larger element; NaN wins."""
    return _call.one("maximum", _call.operand(input), _call.operand(other))


def minimum(input: TensorLike, other: TensorLike) -> Tensor:
    """Takes the smaller element; NaN wins."""
    return _call.one("minimum", _call.operand(input), _call.operand(other))


def fmax(input: TensorLike, other: TensorLike) -> Tensor:
    """Takes the larger element; a number wins over NaN."""
    return _call.one("fmax", _call.tensor(input), _call.tensor(other))


def fmin(input: TensorLike, other: TensorLike) -> Tensor:
    """Takes the smaller element; a number wins over NaN."""
    return _call.one("fmin", _call.tensor(input), _call.tensor(other))


def lerp(input: TensorLike, end: TensorLike, weight: TensorLike) -> Tensor:
    """Takes `input + weight * (end - input)`, floating."""
    return _call.one("lerp", _call.tensor(input), _call.tensor(end), _call.operand(weight))


def addcmul(
    input: TensorLike, tensor1: TensorLike, tensor2: TensorLike, value: float = 1
) -> Tensor:
    """Adds `value * tensor1 * tensor2`."""
    return _call.one(
        "addcmul", _call.tensor(input), _call.tensor(tensor1), _call.tensor(tensor2), value
    )


def addcdiv(
    input: TensorLike, tensor1: TensorLike, tensor2: TensorLike, value: float = 1
) -> Tensor:
    """Adds `value * tensor1 / tensor2`, of which one is floating."""
    return _call.one(
        "addcdiv", _call.tensor(input), _call.tensor(tensor1), _call.tensor(tensor2), value
    )


def hypot(input: TensorLike, other: TensorLike) -> Tensor:
    """Takes the square root of the sum of squares of floating tensors."""
    return _call.one("hypot", _call.tensor(input), _call.tensor(other))


def atan2(input: TensorLike, other: TensorLike) -> Tensor:
    """Takes the angle of the point (`other`, `input`), in radians; integers become f32."""
    return _call.one("atan2", _call.tensor(input), _call.tensor(other))


def xlogy(input: TensorLike, other: TensorLike) -> Tensor:
    """Takes `input * log(other)`, 0 where `input` is 0; integers become f32."""
    return _call.one("xlogy", _call.operand(input), _call.operand(other))


def logaddexp(input: TensorLike, other: TensorLike) -> Tensor:
    """Takes log(exp(`input`) + exp(`other`)) of floating tensors without overflow."""
    return _call.one("logaddexp", _call.tensor(input), _call.tensor(other))


def logaddexp2(input: TensorLike, other: TensorLike) -> Tensor:
    """Takes log2(2^`input` + 2^`other`) of floating tensors without overflow."""
    return _call.one("logaddexp2", _call.tensor(input), _call.tensor(other))


def copysign(input: TensorLike, other: TensorLike) -> Tensor:
    """Gives the size of `input` the sign of `other`; integers become f32."""
    return _call.one("copysign", _call.tensor(input), _call.operand(other))


def heaviside(input: TensorLike, values: TensorLike) -> Tensor:
    """Gives 0 for negative elements, 1 for positive ones, `values` (of the same dtype) for 0."""
    return _call.one("heaviside", _call.tensor(input), _call.tensor(values))


def neg(input: TensorLike) -> Tensor:
    """Changes the sign."""
    return _call.one("neg", _call.tensor(input))


def abs(input: TensorLike) -> Tensor:
    """Takes the absolute value."""
    return _call.one("abs", _call.tensor(input))


def sign(input: TensorLike) -> Tensor:
    """Gives -1, 0 or 1."""
    return _call.one("sign", _call.tensor(input))


def square(input: TensorLike) -> Tensor:
    """Multiplies by itself."""
    return _call.one("square", _call.tensor(input))


def floor(input: TensorLike) -> Tensor:
    """Rounds down."""
    return _call.one("floor", _call.tensor(input))


def ceil(input: TensorLike) -> Tensor:
    """Rounds up."""
    return _call.one("ceil", _call.tensor(input))


def round(input: TensorLike, decimals: int = 0) -> Tensor:
    """Rounds to so many decimals, negative ones left of the point; halves to the even neighbour."""
    return _call.one("round", _call.tensor(input), decimals)


def trunc(input: TensorLike) -> Tensor:
    """Rounds towards zero."""
    return _call.one("trunc", _call.tensor(input))


def frac(input: TensorLike) -> Tensor:
    """Gives what `trunc` drops, of a floating tensor."""
    return _call.one("frac", _call.tensor(input))


def clamp(
    input: TensorLike, min: TensorLike | None = None, max: TensorLike | None = None
) -> Tensor:
    """Limits every element to [`min`, `max`], which broadcast; `max` wins over `min`."""
    return _call.one("clamp", _call.tensor(input), _call.optional(min), _call.optional(max))


def nan_to_num(
    input: TensorLike,
    nan: float | None = None,
    posinf: float | None = None,
    neginf: float | None = None,
) -> Tensor:
    """Replaces NaN by `nan` (0), infinities by `posinf` and `neginf` (the largest and smallest
    numbers).
    """
    return _call.one("nan_to_num", _call.tensor(input), nan, posinf, neginf)


def exp(input: TensorLike) -> Tensor:
    """Takes e to the power of each element."""
    return _call.one("exp", _call.tensor(input))


def log(input: TensorLike) -> Tensor:
    """Takes the natural logarithm."""
    return _call.one("log", _call.tensor(input))


def sqrt(input: TensorLike) -> Tensor:
    """Takes the square root."""
    return _call.one("sqrt", _call.tensor(input))


def rsqrt(input: TensorLike) -> Tensor:
    """Takes one over the square root."""
    return _call.one("rsqrt", _call.tensor(input))


def reciprocal(input: TensorLike) -> Tensor:
    """Takes 1 / x."""
    return _call.one("reciprocal", _call.tensor(input))


def exp2(input: TensorLike) -> Tensor:
    """Takes 2 to the power of each element."""
    return _call.one("exp2", _call.tensor(input))


def expm1(input: TensorLike) -> Tensor:
    """Takes exp(x) - 1, exact near 0."""
    return _call.one("expm1", _call.tensor(input))


def log1p(input: TensorLike) -> Tensor:
    """Takes log(1 + x), exact near 0."""
    return _call.one("log1p", _call.tensor(input))


def log2(input: TensorLike) -> Tensor:
    """Takes the logarithm to base 2."""
    return _call.one("log2", _call.tensor(input))


def log10(input: TensorLike) -> Tensor:
    """Takes the logarithm to base 10."""
    return _call.one("log10", _call.tensor(input))


def sin(input: TensorLike) -> Tensor:
    """Takes the sine, in radians."""
    return _call.one("sin", _call.tensor(input))


def cos(input: TensorLike) -> Tensor:
    """Takes the cosine, in radians."""
    return _call.one("cos", _call.tensor(input))


def tan(input: TensorLike) -> Tensor:
    """Takes the tangent, in radians."""
    return _call.one("tan", _call.tensor(input))


def asin(input: TensorLike) -> Tensor:
    """Takes the arc sine, in radians."""
    return _call.one("asin", _call.tensor(input))


def acos(input: TensorLike) -> Tensor:
    """Takes the arc cosine, in radians."""
    return _call.one("acos", _call.tensor(input))


def atan(input: TensorLike) -> Tensor:
    """Takes the arc tangent, in radians."""
    return _call.one("atan", _call.tensor(input))


def sinh(input: TensorLike) -> Tensor:
    """Takes the hyperbolic sine."""
    return _call.one("sinh", _call.tensor(input))


def cosh(input: TensorLike) -> Tensor:
    """Takes the hyperbolic cosine."""
    return _call.one("cosh", _call.tensor(input))


def tanh(input: TensorLike) -> Tensor:
    """Takes the hyperbolic tangent."""
    return _call.one("tanh", _call.tensor(input))


def asinh(input: TensorLike) -> Tensor:
    """Takes the inverse hyperbolic sine."""
    return _call.one("asinh", _call.tensor(input))


def acosh(input: TensorLike) -> Tensor:
    """Takes the inverse hyperbolic cosine."""
    return _call.one("acosh", _call.tensor(input))


def atanh(input: TensorLike) -> Tensor:
    """Takes the inverse hyperbolic tangent."""
    return _call.one("atanh", _call.tensor(input))


def sinc(input: TensorLike) -> Tensor:
    """Takes sin(pi x) / (pi x), 1 at 0."""
    return _call.one("sinc", _call.tensor(input))


def deg2rad(input: TensorLike) -> Tensor:
    """Turns degrees into radians."""
    return _call.one("deg2rad", _call.tensor(input))


def rad2deg(input: TensorLike) -> Tensor:
    """Turns radians into degrees."""
    return _call.one("rad2deg", _call.tensor(input))


def erf(input: TensorLike) -> Tensor:
    """Takes the error function."""
    return _call.one("erf", _call.tensor(input))


def erfc(input: TensorLike) -> Tensor:
    """Takes 1 - erf(x), exact for large x."""
    return _call.one("erfc", _call.tensor(input))


def ndtr(input: TensorLike) -> Tensor:
    """Takes the area under the standard normal curve to the left of each element."""
    return _call.one("ndtr", _call.tensor(input))


def erfinv(input: TensorLike) -> Tensor:
    """Takes the inverse of the error function; infinite at -1 and 1, NaN beyond."""
    return _call.one("erfinv", _call.tensor(input))


def lgamma(input: TensorLike) -> Tensor:
    """Takes the logarithm of the absolute value of the gamma function."""
    return _call.one("lgamma", _call.tensor(input))


def digamma(input: TensorLike) -> Tensor:
    """Takes the derivative of `lgamma`."""
    return _call.one("digamma", _call.tensor(input))


def logit(input: TensorLike, eps: float | None = None) -> Tensor:
    """Takes log(x / (1 - x)), of x limited to [`eps`, 1 - `eps`] if `eps` is given."""
    return _call.one("logit", _call.tensor(input), eps)


def sigmoid(input: TensorLike) -> Tensor:
    """Takes 1 / (1 + exp(-x))."""
    return _call.one("sigmoid", _call.tensor(input))


def relu(input: TensorLike) -> Tensor:
    """Replaces negative elements by 0."""
    return _call.one("relu", _call.tensor(input))


def gelu(input: TensorLike, approximate: Literal["none", "tanh"] | None = None) -> Tensor:
    """Applies GELU, exact (`none`, the default) or by tanh (`tanh`)."""
    return _call.one("gelu", _call.tensor(input), approximate)


def silu(input: TensorLike) -> Tensor:
    """Takes x * sigmoid(x)."""
    return _call.one("silu", _call.tensor(input))


def mish(input: TensorLike) -> Tensor:
    """Takes x * tanh(softplus(x))."""
    return _call.one("mish", _call.tensor(input))


def softplus(input: TensorLike, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """Takes log(1 + exp(`beta` x)) / `beta`, x where `beta` x exceeds `threshold`."""
    return _call.one("softplus", _call.tensor(input), beta, threshold)


def softsign(input: TensorLike) -> Tensor:
    """Takes x / (1 + |x|)."""
    return _call.one("softsign", _call.tensor(input))


def logsigmoid(input: TensorLike) -> Tensor:
    """Takes log(sigmoid(x))."""
    return _call.one("logsigmoid", _call.tensor(input))


def leaky_relu(input: TensorLike, negative_slope: float = 0.01) -> Tensor:
    """Multiplies negative elements by `negative_slope`."""
    return _call.one("leaky_relu", _call.tensor(input), negative_slope)


def prelu(input: TensorLike, weight: TensorLike) -> Tensor:
    """Multiplies negative elements by `weight`: one for all, or one for each position of axis 1."""
    return _call.one("prelu", _call.tensor(input), _call.tensor(weight))


def elu(input: TensorLike, alpha: float = 1.0) -> Tensor:
    """Takes `alpha` (exp(x) - 1) of negative elements."""
    return _call.one("elu", _call.tensor(input), alpha)


def celu(input: TensorLike, alpha: float = 1.0) -> Tensor:
    """Takes `alpha` (exp(x / `alpha`) - 1) of negative elements."""
    return _call.one("celu", _call.tensor(input), alpha)


def selu(input: TensorLike) -> Tensor:
    """Takes the scaled ELU, which keeps mean 0 and variance 1."""
    return _call.one("selu", _call.tensor(input))


def relu6(input: TensorLike) -> Tensor:
    """Limits every element to [0, 6]."""
    return _call.one("relu6", _call.tensor(input))


def hardtanh(input: TensorLike, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """Limits every element to [`min_val`, `max_val`]."""
    return _call.one("hardtanh", _call.tensor(input), min_val, max_val)


def hardsigmoid(input: TensorLike) -> Tensor:
    """Limits x / 6 + 1 / 2 to [0, 1]."""
    return _call.one("hardsigmoid", _call.tensor(input))


def hardswish(input: TensorLike) -> Tensor:
    """Takes x * hardsigmoid(x)."""
    return _call.one("hardswish", _call.tensor(input))


def hardshrink(input: TensorLike, lambd: float = 0.5) -> Tensor:
    """Replaces elements in [-`lambd`, `lambd`] by 0."""
    return _call.one("hardshrink", _call.tensor(input), lambd)


def softshrink(input: TensorLike, lambd: float = 0.5) -> Tensor:
    """Moves elements by `lambd` towards 0, as far as 0."""
    return _call.one("softshrink", _call.tensor(input), lambd)


def tanhshrink(input: TensorLike) -> Tensor:
    """Takes x - tanh(x)."""
    return _call.one("tanhshrink", _call.tensor(input))


def threshold(input: TensorLike, threshold: float, value: float) -> Tensor:
    """Replaces elements that do not exceed `threshold` by `value`."""
    return _call.one("threshold", _call.tensor(input), threshold, value)


def eq(input: TensorLike, other: TensorLike) -> Tensor:
    """Tests equality, element by element."""
    return _call.one("eq", _call.operand(input), _call.operand(other))


def ne(input: TensorLike, other: TensorLike) -> Tensor:
    """Tests inequality, element by element."""
    return _call.one("ne", _call.operand(input), _call.operand(other))


def lt(input: TensorLike, other: TensorLike) -> Tensor:
    """Tests `input < other`, element by element."""
    return _call.one("lt", _call.operand(input), _call.operand(other))


def le(input: TensorLike, other: TensorLike) -> Tensor:
    """Tests `input <= other`, element by element."""
    return _call.one("le", _call.operand(input), _call.operand(other))


def gt(input: TensorLike, other: TensorLike) -> Tensor:
    """Tests `input > other`, element by element."""
    return _call.one("gt", _call.operand(input), _call.operand(other))


def ge(input: TensorLike, other: TensorLike) -> Tensor:
    """Tests `input >= other`, element by element."""
    return _call.one("ge", _call.operand(input), _call.operand(other))


def logical_and(input: TensorLike, other: TensorLike) -> Tensor:
    """Tests that both are non-zero."""
    return _call.one("logical_and", _call.operand(input), _call.operand(other))


def logical_or(input: TensorLike, other: TensorLike) -> Tensor:
    """Tests that one is non-zero."""
    return _call.one("logical_or", _call.operand(input), _call.operand(other))


def logical_xor(input: TensorLike, other: TensorLike) -> Tensor:
    """Tests that one is non-zero, not both."""
    return _call.one("logical_xor", _call.tensor(input), _call.tensor(other))


def logical_not(input: TensorLike) -> Tensor:
    """Tests that an element is zero."""
    return _call.one("logical_not", _call.tensor(input))


def isnan(input: TensorLike) -> Tensor:
    """Tests for NaN."""
    return _call.one("isnan", _call.tensor(input))


def isinf(input: TensorLike) -> Tensor:
    """Tests for infinity of either sign."""
    return _call.one("isinf", _call.tensor(input))


def isfinite(input: TensorLike) -> Tensor:
    """Tests that an element is neither infinite nor NaN."""
    return _call.one("isfinite", _call.tensor(input))


def isposinf(input: TensorLike) -> Tensor:
    """Tests for positive infinity."""
    return _call.one("isposinf", _call.tensor(input))


def isneginf(input: TensorLike) -> Tensor:
    """Tests for negative infinity."""
    return _call.one("isneginf", _call.tensor(input))


def signbit(input: TensorLike) -> Tensor:
    """Tests for a negative sign, that of -0.0 too."""
    return _call.one("signbit", _call.tensor(input))


def isclose(
    input: TensorLike,
    other: TensorLike,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    equal_nan: bool = False,
) -> Tensor:
    """Tests |`input` - `other`| <= `atol` + `rtol` |`other`|, element by element, of one dtype."""
    return _call.one("isclose", _call.tensor(input), _call.tensor(other), rtol, atol, equal_nan)


def allclose(
    input: TensorLike,
    other: TensorLike,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    equal_nan: bool = False,
) -> Tensor:
    """Tests that `isclose` holds everywhere: one truth."""
    return _call.one("allclose", _call.tensor(input), _call.tensor(other), rtol, atol, equal_nan)


def equal(input: TensorLike, other: TensorLike) -> Tensor:
    """Tests that shapes and all elements are equal: one truth."""
    return _call.one("equal", _call.tensor(input), _call.tensor(other))


def bitwise_and(input: TensorLike, other: TensorLike) -> Tensor:
    """Takes the bits that both have."""
    return _call.one("bitwise_and", _call.operand(input), _call.operand(other))


def bitwise_or(input: TensorLike, other: TensorLike) -> Tensor:
    """Takes the bits that either has."""
    return _call.one("bitwise_or", _call.operand(input), _call.operand(other))


def bitwise_xor(input: TensorLike, other: TensorLike) -> Tensor:
    """Takes the bits that one has, not both."""
    return _call.one("bitwise_xor", _call.operand(input), _call.operand(other))


def bitwise_not(input: TensorLike) -> Tensor:
    """Flips every bit; of bool, the truth."""
    return _call.one("bitwise_not", _call.tensor(input))


def bitwise_left_shift(input: TensorLike, other: TensorLike) -> Tensor:
    """Moves the bits of integers up; 0 when by the width or more."""
    return _call.one("bitwise_left_shift", _call.operand(input), _call.operand(other))


def bitwise_right_shift(input: TensorLike, other: TensorLike) -> Tensor:
    """Moves the bits of integers down, keeping the sign."""
    return _call.one("bitwise_right_shift", _call.operand(input), _call.operand(other))


def masked_fill(input: TensorLike, mask: TensorLike, value: TensorLike) -> Tensor:
    """Writes a number where `mask` (bool, broadcast) holds."""
    return _call.one("masked_fill", _call.tensor(input), _call.tensor(mask), _call.operand(value))


def sum(
    input: TensorLike,
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    dtype: Any | None = None,
) -> Tensor:
    """Adds up, in `dtype` if given; integers and bool in i64."""
    return _call.one("sum", _call.tensor(input), _call.ints(dim), keepdim, _call.dtype_name(dtype))


def nansum(
    input: TensorLike,
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    dtype: Any | None = None,
) -> Tensor:
    """Adds up, NaN as 0, in `dtype` if given; integers and bool in i64."""
    return _call.one(
        "nansum", _call.tensor(input), _call.ints(dim), keepdim, _call.dtype_name(dtype)
    )


def prod(
    input: TensorLike, dim: int | None = None, keepdim: bool = False, dtype: Any | None = None
) -> Tensor:
    """Multiplies all elements, or those along an axis, in `dtype` if given; integers and bool in
    i64.
    """
    return _call.one("prod", _call.tensor(input), dim, keepdim, _call.dtype_name(dtype))


def count_nonzero(input: TensorLike, dim: int | Sequence[int] | None = None) -> Tensor:
    """Counts (i64) the elements that are not zero."""
    return _call.one("count_nonzero", _call.tensor(input), _call.ints(dim))


def mean(
    input: TensorLike,
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    dtype: Any | None = None,
) -> Tensor:
    """Takes the mean, in `dtype` if given; floating."""
    return _call.one("mean", _call.tensor(input), _call.ints(dim), keepdim, _call.dtype_name(dtype))


def nanmean(
    input: TensorLike,
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    dtype: Any | None = None,
) -> Tensor:
    """Takes the mean of what is not NaN, in `dtype` if given; floating."""
    return _call.one(
        "nanmean", _call.tensor(input), _call.ints(dim), keepdim, _call.dtype_name(dtype)
    )


def norm(
    input: TensorLike, p: float = 2, dim: int | Sequence[int] | None = None, keepdim: bool = False
) -> Tensor:
    """Takes the vector p-norm; `inf` is the largest absolute value."""
    return _call.one("norm", _call.tensor(input), p, _call.ints(dim), keepdim)


def logsumexp(input: TensorLike, dim: int | Sequence[int], keepdim: bool = False) -> Tensor:
    """Takes log(sum(exp(x))) without overflow."""
    return _call.one("logsumexp", _call.tensor(input), _call.ints(dim), keepdim)


def amax(
    input: TensorLike, dim: int | Sequence[int] | None = None, keepdim: bool = False
) -> Tensor:
    """Takes the largest element; NaN wins."""
    return _call.one("amax", _call.tensor(input), _call.ints(dim), keepdim)


def amin(
    input: TensorLike, dim: int | Sequence[int] | None = None, keepdim: bool = False
) -> Tensor:
    """Takes the smallest element; NaN wins."""
    return _call.one("amin", _call.tensor(input), _call.ints(dim), keepdim)


def aminmax(input: TensorLike, dim: int | None = None, keepdim: bool = False) -> MinMax:
    """Gives the smallest and the largest element, of all or along an axis; NaN wins."""
    return _call.several(MinMax, "aminmax", _call.tensor(input), dim, keepdim)


def argmax(input: TensorLike, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Gives the position (i64) of the first largest element, flattened without `dim`."""
    return _call.one("argmax", _call.tensor(input), dim, keepdim)


def argmin(input: TensorLike, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Gives the position (i64) of the first smallest element, flattened without `dim`."""
    return _call.one("argmin", _call.tensor(input), dim, keepdim)


def mode(input: TensorLike, dim: int = -1, keepdim: bool = False) -> ValuesIndices:
    """Gives the most frequent elements along an axis, the smallest of several, and the positions
    of their last.
    """
    return _call.several(ValuesIndices, "mode", _call.tensor(input), dim, keepdim)


def kthvalue(input: TensorLike, k: int, dim: int = -1, keepdim: bool = False) -> ValuesIndices:
    """Gives the `k`-th smallest elements along an axis, from 1, and their positions; NaN is
    largest.
    """
    return _call.several(ValuesIndices, "kthvalue", _call.tensor(input), k, dim, keepdim)


def quantile(
    input: TensorLike,
    q: TensorLike,
    dim: int | None = None,
    keepdim: bool = False,
    interpolation: Literal["linear", "lower", "higher", "midpoint", "nearest"] | None = None,
) -> Tensor:
    """Takes the elements below which a part `q` lies; between two it takes `linear` (the
    default), `lower`, `higher`, `midpoint`, `nearest`; NaN wins.
    """
    return _call.one("quantile", _call.tensor(input), _call.operand(q), dim, keepdim, interpolation)


def nanquantile(
    input: TensorLike,
    q: TensorLike,
    dim: int | None = None,
    keepdim: bool = False,
    interpolation: Literal["linear", "lower", "higher", "midpoint", "nearest"] | None = None,
) -> Tensor:
    """Takes quantiles of what is not NaN."""
    return _call.one(
        "nanquantile", _call.tensor(input), _call.operand(q), dim, keepdim, interpolation
    )


def any(input: TensorLike, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
    """Tests that some element is non-zero."""
    return _call.one("any", _call.tensor(input), _call.ints(dim), keepdim)


def all(input: TensorLike, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
    """Tests that every element is non-zero."""
    return _call.one("all", _call.tensor(input), _call.ints(dim), keepdim)


def softmax(input: TensorLike, dim: int, dtype: Any | None = None) -> Tensor:
    """Takes exp(x) / sum(exp(x)) along an axis, in `dtype` if given."""
    return _call.one("softmax", _call.tensor(input), dim, _call.dtype_name(dtype))


def log_softmax(input: TensorLike, dim: int, dtype: Any | None = None) -> Tensor:
    """Takes log(softmax(x)) along an axis, in `dtype` if given."""
    return _call.one("log_softmax", _call.tensor(input), dim, _call.dtype_name(dtype))


def cumsum(input: TensorLike, dim: int, dtype: Any | None = None) -> Tensor:
    """Adds up from the start of an axis, in `dtype` if given; integers in i64."""
    return _call.one("cumsum", _call.tensor(input), dim, _call.dtype_name(dtype))


def cumprod(input: TensorLike, dim: int, dtype: Any | None = None) -> Tensor:
    """Multiplies from the start of an axis, in `dtype` if given; integers in i64."""
    return _call.one("cumprod", _call.tensor(input), dim, _call.dtype_name(dtype))


def logcumsumexp(input: TensorLike, dim: int) -> Tensor:
    """Takes log(cumsum(exp(x))) along an axis without overflow."""
    return _call.one("logcumsumexp", _call.tensor(input), dim)


def cummax(input: TensorLike, dim: int) -> ValuesIndices:
    """Gives the largest elements so far along an axis and the positions of their last; NaN wins."""
    return _call.several(ValuesIndices, "cummax", _call.tensor(input), dim)


def cummin(input: TensorLike, dim: int) -> ValuesIndices:
    """Gives the smallest elements so far along an axis and the positions of their last; NaN
    wins.
    """
    return _call.several(ValuesIndices, "cummin", _call.tensor(input), dim)


def diff(
    input: TensorLike,
    n: int = 1,
    dim: int = -1,
    prepend: TensorLike | None = None,
    append: TensorLike | None = None,
) -> Tensor:
    """Takes differences of neighbours along an axis, `n` times; bool differs or not."""
    return _call.one(
        "diff", _call.tensor(input), n, dim, _call.optional(prepend), _call.optional(append)
    )


def topk(
    input: TensorLike, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> ValuesIndices:
    """Gives the `k` largest (or smallest) elements in order, whatever `sorted` says, and their
    positions.
    """
    return _call.several(ValuesIndices, "topk", _call.tensor(input), k, dim, largest, sorted)


def sort(
    input: TensorLike, dim: int = -1, descending: bool = False, stable: bool = False
) -> ValuesIndices:
    """Sorts along an axis, always keeping the order of equals; also gives positions."""
    return _call.several(ValuesIndices, "sort", _call.tensor(input), dim, descending, stable)


def argsort(
    input: TensorLike, dim: int = -1, descending: bool = False, stable: bool = False
) -> Tensor:
    """Gives the positions (i64) that sort an axis, always keeping the order of equals."""
    return _call.one("argsort", _call.tensor(input), dim, descending, stable)


def msort(input: TensorLike) -> Tensor:
    """Sorts along the first axis."""
    return _call.one("msort", _call.tensor(input))


def searchsorted(
    sorted_sequence: TensorLike,
    input: TensorLike,
    out_int32: bool = False,
    right: bool = False,
    side: Literal["left", "right"] | None = None,
    sorter: TensorLike | None = None,
) -> Tensor:
    """Gives the first place (i64) in a sorted last axis where each value can stand; with `right`
    the last.
    """
    return _call.one(
        "searchsorted",
        _call.tensor(sorted_sequence),
        _call.operand(input),
        out_int32,
        right,
        side,
        _call.optional(sorter),
    )


def bucketize(
    input: TensorLike, boundaries: TensorLike, out_int32: bool = False, right: bool = False
) -> Tensor:
    """Gives the number (i64) of the bucket between sorted `boundaries` for each value."""
    return _call.one("bucketize", _call.operand(input), _call.tensor(boundaries), out_int32, right)


def isin(
    elements: TensorLike,
    test_elements: TensorLike,
    assume_unique: bool = False,
    invert: bool = False,
) -> Tensor:
    """Tests that an element is one of `test_elements`; NaN never is."""
    return _call.one(
        "isin", _call.operand(elements), _call.operand(test_elements), assume_unique, invert
    )


def bincount(input: TensorLike, weights: TensorLike | None = None, minlength: int = 0) -> Tensor:
    """Counts 0, 1, 2 ... in a vector of integers, or adds up their `weights`. How many counts
    there are depends on the largest.
    """
    return _call.one("bincount", _call.tensor(input), _call.optional(weights), minlength)


def histc(input: TensorLike, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """Counts elements in equal bins from `min` to `max`; from the smallest to the largest where
    these are equal.
    """
    return _call.one("histc", _call.tensor(input), bins, min, max)


def cosine_similarity(
    input: TensorLike, other: TensorLike, dim: int = 1, eps: float = 1e-8
) -> Tensor:
    """Takes the cosine of the angle between vectors along an axis."""
    return _call.one("cosine_similarity", _call.tensor(input), _call.tensor(other), dim, eps)


def matmul(input: TensorLike, other: TensorLike) -> Tensor:
    """Multiplies vectors, matrices, or broadcast batches of matrices of one dtype."""
    return _call.one("matmul", _call.tensor(input), _call.tensor(other))


def mm(input: TensorLike, mat2: TensorLike) -> Tensor:
    """Multiplies two matrices of one dtype."""
    return _call.one("mm", _call.tensor(input), _call.tensor(mat2))


def bmm(input: TensorLike, mat2: TensorLike) -> Tensor:
    """Multiplies two batches of as many matrices, [b, n, m] by [b, m, p]."""
    return _call.one("bmm", _call.tensor(input), _call.tensor(mat2))


def mv(input: TensorLike, vec: TensorLike) -> Tensor:
    """Multiplies a matrix by a vector."""
    return _call.one("mv", _call.tensor(input), _call.tensor(vec))


def dot(input: TensorLike, tensor: TensorLike) -> Tensor:
    """Multiplies two vectors and adds up."""
    return _call.one("dot", _call.tensor(input), _call.tensor(tensor))


def inner(input: TensorLike, other: TensorLike) -> Tensor:
    """Multiplies along the last axes and adds up; a 0-d operand just multiplies."""
    return _call.one("inner", _call.tensor(input), _call.tensor(other))


def outer(input: TensorLike, vec2: TensorLike) -> Tensor:
    """Multiplies every element of a vector by every element of another."""
    return _call.one("outer", _call.tensor(input), _call.tensor(vec2))


def addmm(
    input: TensorLike, mat1: TensorLike, mat2: TensorLike, beta: float = 1, alpha: float = 1
) -> Tensor:
    """Takes `beta` * input + `alpha` * (mat1 @ mat2); `input` broadcasts, and counts for nothing
    where `beta` is 0.
    """
    return _call.one(
        "addmm", _call.tensor(input), _call.tensor(mat1), _call.tensor(mat2), beta, alpha
    )


def baddbmm(
    input: TensorLike, batch1: TensorLike, batch2: TensorLike, beta: float = 1, alpha: float = 1
) -> Tensor:
    """Takes `beta` * input + `alpha` * (batch1 @ batch2) of batches of matrices."""
    return _call.one(
        "baddbmm", _call.tensor(input), _call.tensor(batch1), _call.tensor(batch2), beta, alpha
    )


def kron(input: TensorLike, other: TensorLike) -> Tensor:
    """Takes the Kronecker product."""
    return _call.one("kron", _call.tensor(input), _call.tensor(other))


def trace(input: TensorLike) -> Tensor:
    """Adds up the diagonal of a matrix; integers in i64."""
    return _call.one("trace", _call.tensor(input))


def cdist(x1: TensorLike, x2: TensorLike, p: float = 2.0) -> Tensor:
    """Gives the p-norm distance of each row of `x1` to each row of `x2`, [..., m, d] and [...,
    n, d] to [..., m, n].
    """
    return _call.one("cdist", _call.tensor(x1), _call.tensor(x2), p)


def pairwise_distance(
    x1: TensorLike, x2: TensorLike, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """Takes the p-norm of x1 - x2 + `eps` along the last axis."""
    return _call.one("pairwise_distance", _call.tensor(x1), _call.tensor(x2), p, eps, keepdim)


def cov(input: TensorLike, correction: int = 1) -> Tensor:
    """Takes the covariance of the rows, divided by n - `correction`."""
    return _call.one("cov", _call.tensor(input), correction)


def corrcoef(input: TensorLike) -> Tensor:
    """Takes Pearson's correlation of the rows."""
    return _call.one("corrcoef", _call.tensor(input))


def linear(input: TensorLike, weight: TensorLike, bias: TensorLike | None = None) -> Tensor:
    """Takes input @ weight.T + bias, `weight` being [out, in]."""
    return _call.one("linear", _call.tensor(input), _call.tensor(weight), _call.optional(bias))


def embedding(input: TensorLike, weight: TensorLike) -> Tensor:
    """Takes rows of `weight` at the positions `input` (i64 or i32)."""
    return _call.one("embedding", _call.tensor(input), _call.tensor(weight))


def layer_norm(
    input: TensorLike,
    normalized_shape: Sequence[int],
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalizes the trailing axes to mean 0 and variance 1, then scales and shifts."""
    return _call.one(
        "layer_norm",
        _call.tensor(input),
        _call.ints(normalized_shape),
        _call.optional(weight),
        _call.optional(bias),
        eps,
    )


def rms_norm(
    input: TensorLike,
    normalized_shape: Sequence[int],
    weight: TensorLike | None = None,
    eps: float = 1e-6,
) -> Tensor:
    """Divides the trailing axes by their root mean square, then scales."""
    return _call.one(
        "rms_norm", _call.tensor(input), _call.ints(normalized_shape), _call.optional(weight), eps
    )


def group_norm(
    input: TensorLike,
    num_groups: int,
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalizes groups of the channels in axis 1 to mean 0 and variance 1, then scales and
    shifts each channel.
    """
    return _call.one(
        "group_norm",
        _call.tensor(input),
        num_groups,
        _call.optional(weight),
        _call.optional(bias),
        eps,
    )


def normalize(
    input: TensorLike, p: float = 2.0, dim: int | Sequence[int] = 1, eps: float = 1e-12
) -> Tensor:
    """Divides by the p-norm along `dim`, or by `eps` where that is larger."""
    return _call.one("normalize", _call.tensor(input), p, _call.ints(dim), eps)


def softmin(input: TensorLike, dim: int, dtype: Any | None = None) -> Tensor:
    """Takes softmax(-x) along an axis, in `dtype` if given."""
    return _call.one("softmin", _call.tensor(input), dim, _call.dtype_name(dtype))


def glu(input: TensorLike, dim: int = -1) -> Tensor:
    """Takes the first half of an axis times the sigmoid of the second."""
    return _call.one("glu", _call.tensor(input), dim)


def scaled_dot_product_attention(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    attn_mask: TensorLike | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Takes softmax(q k^T * scale + mask) v; `scale` is 1/sqrt(d) unless given, a row that sees
    nothing gives 0, `dropout_p` must be 0.
    """
    return _call.one(
        "scaled_dot_product_attention",
        _call.tensor(query),
        _call.tensor(key),
        _call.tensor(value),
        _call.optional(attn_mask),
        dropout_p,
        is_causal,
        scale,
        enable_gqa,
    )


def mse_loss(
    input: TensorLike, target: TensorLike, reduction: Literal["none", "mean", "sum"] = "mean"
) -> Tensor:
    """Takes the squared difference; operands broadcast."""
    return _call.one("mse_loss", _call.tensor(input), _call.tensor(target), reduction)


def l1_loss(
    input: TensorLike, target: TensorLike, reduction: Literal["none", "mean", "sum"] = "mean"
) -> Tensor:
    """Takes the absolute difference; operands broadcast."""
    return _call.one("l1_loss", _call.tensor(input), _call.tensor(target), reduction)


def smooth_l1_loss(
    input: TensorLike,
    target: TensorLike,
    reduction: Literal["none", "mean", "sum"] = "mean",
    beta: float = 1.0,
) -> Tensor:
    """Takes half the squared difference over `beta` where it is below `beta`, else the absolute
    one less half of `beta`.
    """
    return _call.one("smooth_l1_loss", _call.tensor(input), _call.tensor(target), reduction, beta)


def huber_loss(
    input: TensorLike,
    target: TensorLike,
    reduction: Literal["none", "mean", "sum"] = "mean",
    delta: float = 1.0,
) -> Tensor:
    """Takes half the squared difference where it is at most `delta`, beyond it `delta` times the
    absolute one.
    """
    return _call.one("huber_loss", _call.tensor(input), _call.tensor(target), reduction, delta)


def kl_div(
    input: TensorLike,
    target: TensorLike,
    reduction: Literal["none", "batchmean", "sum", "mean"] = "mean",
    log_target: bool = False,
) -> Tensor:
    """Takes target * (log(target) - input), `input` being logarithms, and `target` too with
    `log_target`; `batchmean` divides the sum by the input's first axis.
    """
    return _call.one("kl_div", _call.tensor(input), _call.tensor(target), reduction, log_target)


def binary_cross_entropy(
    input: TensorLike,
    target: TensorLike,
    weight: TensorLike | None = None,
    reduction: Literal["none", "mean", "sum"] = "mean",
) -> Tensor:
    """Takes the cross entropy of probabilities and targets of 0 to 1."""
    return _call.one(
        "binary_cross_entropy",
        _call.tensor(input),
        _call.tensor(target),
        _call.optional(weight),
        reduction,
    )


def binary_cross_entropy_with_logits(
    input: TensorLike,
    target: TensorLike,
    weight: TensorLike | None = None,
    reduction: Literal["none", "mean", "sum"] = "mean",
    pos_weight: TensorLike | None = None,
) -> Tensor:
    """Takes the cross entropy of sigmoid(input) and targets of 0 to 1."""
    return _call.one(
        "binary_cross_entropy_with_logits",
        _call.tensor(input),
        _call.tensor(target),
        _call.optional(weight),
        reduction,
        _call.optional(pos_weight),
    )


def nll_loss(
    input: TensorLike,
    target: TensorLike,
    weight: TensorLike | None = None,
    ignore_index: int = -100,
    reduction: Literal["none", "mean", "sum"] = "mean",
) -> Tensor:
    """Takes minus the log probability of each target class (i64), classes in axis 1; the mean is
    weighted.
    """
    return _call.one(
        "nll_loss",
        _call.tensor(input),
        _call.tensor(target),
        _call.optional(weight),
        ignore_index,
        reduction,
    )


def cross_entropy(
    input: TensorLike,
    target: TensorLike,
    weight: TensorLike | None = None,
    ignore_index: int = -100,
    reduction: Literal["none", "mean", "sum"] = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Takes the cross entropy of logits and target classes (i64), or probabilities of the
    input's shape; classes in axis 1.
    """
    return _call.one(
        "cross_entropy",
        _call.tensor(input),
        _call.tensor(target),
        _call.optional(weight),
        ignore_index,
        reduction,
        label_smoothing,
    )


def reshape(input: TensorLike, shape: Sequence[int]) -> Tensor:
    """Gives the same elements another shape; one length may be -1.

    A view: writing to the result writes to the tensor.
    """
    return _call.one("reshape", _call.tensor(input), _call.ints(shape))


def flatten(input: TensorLike, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Joins the axes `start_dim` to `end_dim`.

    A view: writing to the result writes to the tensor.
    """
    return _call.one("flatten", _call.tensor(input), start_dim, end_dim)


def permute(input: TensorLike, dims: int | Sequence[int]) -> Tensor:
    """Reorders the axes.

    A view: writing to the result writes to the tensor.
    """
    return _call.one("permute", _call.tensor(input), _call.ints(dims))


def transpose(input: TensorLike, dim0: int, dim1: int) -> Tensor:
    """Swaps two axes.

    A view: writing to the result writes to the tensor.
    """
    return _call.one("transpose", _call.tensor(input), dim0, dim1)


def unsqueeze(input: TensorLike, dim: int) -> Tensor:
    """Adds an axis of length 1.

    A view: writing to the result writes to the tensor.
    """
    return _call.one("unsqueeze", _call.tensor(input), dim)


def squeeze(input: TensorLike, dim: int | Sequence[int] | None = None) -> Tensor:
    """Drops axes of length 1.

    A view: writing to the result writes to the tensor.
    """
    return _call.one("squeeze", _call.tensor(input), _call.ints(dim))


def expand(input: TensorLike, shape: Sequence[int]) -> Tensor:
    """Repeats axes of length 1 to the given lengths; -1 keeps an axis. The repeated elements
    cannot be written.

    A view: writing to the result writes to the tensor.
    """
    return _call.one("expand", _call.tensor(input), _call.ints(shape))


def unflatten(input: TensorLike, dim: int, sizes: Sequence[int]) -> Tensor:
    """Splits an axis into several; one length may be -1.

    A view: writing to the result writes to the tensor.
    """
    return _call.one("unflatten", _call.tensor(input), dim, _call.ints(sizes))


def narrow(input: TensorLike, dim: int, start: int, length: int) -> Tensor:
    """Takes `length` positions of an axis from `start` on.

    A view: writing to the result writes to the tensor.
    """
    return _call.one("narrow", _call.tensor(input), dim, start, length)


def select(input: TensorLike, dim: int, index: int) -> Tensor:
    """Takes one position of an axis and drops the axis.

    A view: writing to the result writes to the tensor.
    """
    return _call.one("select", _call.tensor(input), dim, index)


def movedim(
    input: TensorLike, source: int | Sequence[int], destination: int | Sequence[int]
) -> Tensor:
    """Moves axes to other places; the others keep their order.

    A view: writing to the result writes to the tensor.
    """
    return _call.one("movedim", _call.tensor(input), _call.ints(source), _call.ints(destination))


def diagonal(input: TensorLike, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """Takes the diagonal of two axes as a last axis, `offset` places to the right of the main
    one.

    A view: writing to the result writes to the tensor.
    """
    return _call.one("diagonal", _call.tensor(input), offset, dim1, dim2)


def unfold(input: TensorLike, dimension: int, size: int, step: int) -> Tensor:
    """Gives windows of `size` positions, `step` apart, along a new last axis. They cannot be
    written.

    A view: writing to the result writes to the tensor.
    """
    return _call.one("unfold", _call.tensor(input), dimension, size, step)


def diagonal_scatter(
    input: TensorLike, src: TensorLike, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Tensor:
    """Gives the tensor with `src` on the diagonal that `diagonal` takes."""
    return _call.one("diagonal_scatter", _call.tensor(input), _call.tensor(src), offset, dim1, dim2)


def diag_embed(input: TensorLike, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Puts the last axis on a diagonal of two new axes, 0 elsewhere."""
    return _call.one("diag_embed", _call.tensor(input), offset, dim1, dim2)


def diag(input: TensorLike, diagonal: int = 0) -> Tensor:
    """Makes a matrix with this diagonal of a vector, or takes the diagonal of a matrix."""
    return _call.one("diag", _call.tensor(input), diagonal)


def tril(input: TensorLike, diagonal: int = 0) -> Tensor:
    """Writes 0 above a diagonal of the last two axes."""
    return _call.one("tril", _call.tensor(input), diagonal)


def triu(input: TensorLike, diagonal: int = 0) -> Tensor:
    """Writes 0 below a diagonal of the last two axes."""
    return _call.one("triu", _call.tensor(input), diagonal)


def tile(input: TensorLike, dims: Sequence[int]) -> Tensor:
    """Repeats the tensor along its last axes."""
    return _call.one("tile", _call.tensor(input), _call.ints(dims))


def flip(input: TensorLike, dims: int | Sequence[int]) -> Tensor:
    """Reverses the order along axes."""
    return _call.one("flip", _call.tensor(input), _call.ints(dims))


def roll(
    input: TensorLike, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None
) -> Tensor:
    """Moves elements along axes, those past the end to the start; along the flattened tensor
    without `dims`.
    """
    return _call.one("roll", _call.tensor(input), _call.ints(shifts), _call.ints(dims))


def rot90(input: TensorLike, k: int = 1, dims: int | Sequence[int] | None = None) -> Tensor:
    """Turns by `k` quarters from the first of two axes towards the second, 0 and 1 when not
    given.
    """
    return _call.one("rot90", _call.tensor(input), k, _call.ints(dims))


def cat(tensors: Sequence[TensorLike] | Tensor, dim: int = 0) -> Tensor:
    """Joins tensors along an axis."""
    return _call.one("cat", _call.tensors(tensors), dim)


def stack(tensors: Sequence[TensorLike] | Tensor, dim: int = 0) -> Tensor:
    """Joins tensors of one shape along a new axis."""
    return _call.one("stack", _call.tensors(tensors), dim)


def gather(input: TensorLike, dim: int, index: TensorLike) -> Tensor:
    """Takes elements along an axis at the positions of an i32 or i64 tensor of the result's
    shape.
    """
    return _call.one("gather", _call.tensor(input), dim, _call.tensor(index))


def index_select(input: TensorLike, dim: int, index: TensorLike) -> Tensor:
    """Takes whole slices along an axis at the positions of an i32 or i64 vector."""
    return _call.one("index_select", _call.tensor(input), dim, _call.tensor(index))


def take(input: TensorLike, index: TensorLike) -> Tensor:
    """Takes elements of the flattened tensor at i64 positions, negative from the end."""
    return _call.one("take", _call.tensor(input), _call.tensor(index))


def take_along_dim(input: TensorLike, indices: TensorLike, dim: int | None = None) -> Tensor:
    """Takes elements along an axis at i64 positions, off the axis both broadcast; from the
    flattened tensor without `dim`.
    """
    return _call.one("take_along_dim", _call.tensor(input), _call.tensor(indices), dim)


def put(
    input: TensorLike, index: TensorLike, source: TensorLike, accumulate: bool = False
) -> Tensor:
    """Gives the tensor with `source` at i64 positions of the flattened tensor; with `accumulate`
    added there.
    """
    return _call.one(
        "put", _call.tensor(input), _call.tensor(index), _call.tensor(source), accumulate
    )


def scatter_add(input: TensorLike, dim: int, index: TensorLike, src: TensorLike) -> Tensor:
    """Gives the tensor with `src` added at positions along an axis."""
    return _call.one(
        "scatter_add", _call.tensor(input), dim, _call.tensor(index), _call.tensor(src)
    )


def scatter_reduce(
    input: TensorLike,
    dim: int,
    index: TensorLike,
    src: TensorLike,
    reduce: Literal["sum", "prod", "mean", "amax", "amin"],
    include_self: bool = True,
) -> Tensor:
    """Reduces `src` into positions along an axis, with what stands there unless `include_self`
    is False.
    """
    return _call.one(
        "scatter_reduce",
        _call.tensor(input),
        dim,
        _call.tensor(index),
        _call.tensor(src),
        reduce,
        include_self,
    )


def index_add(
    input: TensorLike, dim: int, index: TensorLike, source: TensorLike, alpha: float = 1
) -> Tensor:
    """Gives the tensor with `alpha` times the slices of `source` added at positions of an axis."""
    return _call.one(
        "index_add", _call.tensor(input), dim, _call.tensor(index), _call.tensor(source), alpha
    )


def index_copy(input: TensorLike, dim: int, index: TensorLike, source: TensorLike) -> Tensor:
    """Gives the tensor with the slices of `source` at positions of an axis; the last one written
    stays.
    """
    return _call.one(
        "index_copy", _call.tensor(input), dim, _call.tensor(index), _call.tensor(source)
    )


def index_fill(input: TensorLike, dim: int, index: TensorLike, value: TensorLike) -> Tensor:
    """Writes a number to all of some positions of an axis, negative from the end."""
    return _call.one(
        "index_fill", _call.tensor(input), dim, _call.tensor(index), _call.operand(value)
    )


def masked_scatter(input: TensorLike, mask: TensorLike, source: TensorLike) -> Tensor:
    """Writes the elements of `source` in order where `mask` (bool, broadcast) holds."""
    return _call.one(
        "masked_scatter", _call.tensor(input), _call.tensor(mask), _call.tensor(source)
    )


def masked_select(input: TensorLike, mask: TensorLike) -> Tensor:
    """Takes the elements where `mask` (bool, broadcast) holds, as a vector; how many depends on
    the mask.
    """
    return _call.one("masked_select", _call.tensor(input), _call.tensor(mask))


def rand_like(input: TensorLike, *, seed: int | None = None, dtype: Any | None = None) -> Tensor:
    """Draws numbers evenly from 0 up to 1, of the input's shape and dtype."""
    return _call.one("rand_like", _call.tensor(input), seed, _call.dtype_name(dtype))


def randn_like(input: TensorLike, *, seed: int | None = None, dtype: Any | None = None) -> Tensor:
    """Draws from the normal distribution of mean 0 and variance 1, of the input's shape and
    dtype.
    """
    return _call.one("randn_like", _call.tensor(input), seed, _call.dtype_name(dtype))


def bernoulli(input: TensorLike, *, seed: int | None = None) -> Tensor:
    """Draws 1 with the probability that each element says, else 0."""
    return _call.one("bernoulli", _call.tensor(input), seed)


def multinomial(
    input: TensorLike, num_samples: int, replacement: bool = False, *, seed: int | None = None
) -> Tensor:
    """Draws positions (i64) from each row of weights, each once unless `replacement`."""
    return _call.one("multinomial", _call.tensor(input), num_samples, replacement, seed)


def detach(input: TensorLike) -> Tensor:
    """The same elements, as if they had come from nowhere: no gradient flows through.

    A view: writing to the result writes to the tensor.
    """
    return _call.one("detach", _call.tensor(input))


def clone(input: TensorLike) -> Tensor:
    """Copies: later writes to one do not reach the other."""
    return _call.one("clone", _call.tensor(input))


def full_like(input: TensorLike, value: TensorLike, dtype: Any | None = None) -> Tensor:
    """Gives a tensor of the input's shape filled with one number."""
    return _call.one(
        "full_like", _call.tensor(input), _call.operand(value), _call.dtype_name(dtype)
    )


def zeros_like(input: TensorLike, dtype: Any | None = None) -> Tensor:
    """Gives a tensor of the input's shape filled with 0."""
    return _call.one("zeros_like", _call.tensor(input), _call.dtype_name(dtype))


def ones_like(input: TensorLike, dtype: Any | None = None) -> Tensor:
    """Gives a tensor of the input's shape filled with 1."""
    return _call.one("ones_like", _call.tensor(input), _call.dtype_name(dtype))


def full(size: Sequence[int], fill_value: TensorLike, dtype: Any | None = None) -> Tensor:
    """Gives a tensor filled with one number, of bool, i64 or f32 as the number is."""
    return _call.create(
        "full", _call.ints(size), _call.operand(fill_value), _call.dtype_name(dtype)
    )


def linspace(start: float, end: float, steps: int, dtype: Any | None = None) -> Tensor:
    """Gives numbers at even distances, both ends included."""
    return _call.create("linspace", start, end, steps, _call.dtype_name(dtype))


def logspace(
    start: float, end: float, steps: int, base: float = 10.0, dtype: Any | None = None
) -> Tensor:
    """Gives `base` to the power of numbers at even distances, both ends included."""
    return _call.create("logspace", start, end, steps, base, _call.dtype_name(dtype))


def eye(n: int, m: int | None = None, dtype: Any | None = None) -> Tensor:
    """Gives an `n` by `m` (by default `n`) matrix with 1 on the diagonal, 0 elsewhere."""
    return _call.create("eye", n, m, _call.dtype_name(dtype))


absolute = abs
arccos = acos
arccosh = acosh
arcsin = asin
arcsinh = asinh
arctan = atan
arctan2 = atan2
arctanh = atanh
clip = clamp
concat = cat
divide = div
fix = trunc
greater = gt
greater_equal = ge
less = lt
less_equal = le
multiply = mul
negative = neg
not_equal = ne
subtract = sub
true_divide = div


class Ops(_call.Base):
    """The operations as methods, `self` first."""

    __slots__ = ()

    def add(self, other: TensorLike, alpha: float = 1) -> Tensor:
        """Adds `alpha` times `other`, element by element."""
        return add(self, other, alpha)

    def add_(self, other: TensorLike, alpha: float = 1) -> Tensor:
        """Does `add` in place: a write to this tensor."""
        return self._update(add(self, other, alpha))

    def sub(self, other: TensorLike, alpha: float = 1) -> Tensor:
        """Subtracts `alpha` times `other`, element by element."""
        return sub(self, other, alpha)

    def sub_(self, other: TensorLike, alpha: float = 1) -> Tensor:
        """Does `sub` in place: a write to this tensor."""
        return self._update(sub(self, other, alpha))

    def mul(self, other: TensorLike) -> Tensor:
        """Multiplies, element by element."""
        return mul(self, other)

    def mul_(self, other: TensorLike) -> Tensor:
        """Does `mul` in place: a write to this tensor."""
        return self._update(mul(self, other))

    def div(
        self, other: TensorLike, rounding_mode: Literal["trunc", "floor"] | None = None
    ) -> Tensor:
        """Divides by `other`, element by element; integers become f32, and stay integers when
        the quotient is rounded towards zero (`trunc`) or down (`floor`).
        """
        return div(self, other, rounding_mode)

    def div_(
        self, other: TensorLike, rounding_mode: Literal["trunc", "floor"] | None = None
    ) -> Tensor:
        """Does `div` in place: a write to this tensor."""
        return self._update(div(self, other, rounding_mode))

    def floor_divide(self, other: TensorLike) -> Tensor:
        """Divides and rounds down, element by element."""
        return floor_divide(self, other)

    def floor_divide_(self, other: TensorLike) -> Tensor:
        """Does `floor_divide` in place: a write to this tensor."""
        return self._update(floor_divide(self, other))

    def remainder(self, other: TensorLike) -> Tensor:
        """Takes the rest of division rounded down; it has the sign of `other`."""
        return remainder(self, other)

    def remainder_(self, other: TensorLike) -> Tensor:
        """Does `remainder` in place: a write to this tensor."""
        return self._update(remainder(self, other))

    def fmod(self, other: TensorLike) -> Tensor:
        """Takes the rest of division rounded towards zero; it has the sign of `input`."""
        return fmod(self, other)

    def fmod_(self, other: TensorLike) -> Tensor:
        """Does `fmod` in place: a write to this tensor."""
        return self._update(fmod(self, other))

    def pow(self, exponent: TensorLike) -> Tensor:
        """Raises to a power, element by element."""
        return pow(self, exponent)

    def pow_(self, exponent: TensorLike) -> Tensor:
        """Does `pow` in place: a write to this tensor."""
        return self._update(pow(self, exponent))

    def maximum(self, other: TensorLike) -> Tensor:
        """Takes the larger element; NaN wins."""
        return maximum(self, other)

    def minimum(self, other: TensorLike) -> Tensor:
        """Takes the smaller element; NaN wins."""
        return minimum(self, other)

    def fmax(self, other: TensorLike) -> Tensor:
        """Takes the larger element; a number wins over NaN."""
        return fmax(self, other)

    def fmin(self, other: TensorLike) -> Tensor:
        """Takes the smaller element; a number wins over NaN."""
        return fmin(self, other)

    def lerp(self, end: TensorLike, weight: TensorLike) -> Tensor:
        """Takes `input + weight * (end - input)`, floating."""
        return lerp(self, end, weight)

    def lerp_(self, end: TensorLike, weight: TensorLike) -> Tensor:
        """Does `lerp` in place: a write to this tensor."""
        return self._update(lerp(self, end, weight))

    def addcmul(self, tensor1: TensorLike, tensor2: TensorLike, value: float = 1) -> Tensor:
        """Adds `value * tensor1 * tensor2`."""
        return addcmul(self, tensor1, tensor2, value)

    def addcmul_(self, tensor1: TensorLike, tensor2: TensorLike, value: float = 1) -> Tensor:
        """Does `addcmul` in place: a write to this tensor."""
        return self._update(addcmul(self, tensor1, tensor2, value))

    def addcdiv(self, tensor1: TensorLike, tensor2: TensorLike, value: float = 1) -> Tensor:
        """Adds `value * tensor1 / tensor2`, of which one is floating."""
        return addcdiv(self, tensor1, tensor2, value)

    def addcdiv_(self, tensor1: TensorLike, tensor2: TensorLike, value: float = 1) -> Tensor:
        """Does `addcdiv` in place: a write to this tensor."""
        return self._update(addcdiv(self, tensor1, tensor2, value))

    def hypot(self, other: TensorLike) -> Tensor:
        """Takes the square root of the sum of squares of floating tensors."""
        return hypot(self, other)

    def hypot_(self, other: TensorLike) -> Tensor:
        """Does `hypot` in place: a write to this tensor."""
        return self._update(hypot(self, other))

    def atan2(self, other: TensorLike) -> Tensor:
        """Takes the angle of the point (`other`, `input`), in radians; integers become f32."""
        return atan2(self, other)

    def atan2_(self, other: TensorLike) -> Tensor:
        """Does `atan2` in place: a write to this tensor."""
        return self._update(atan2(self, other))

    def xlogy(self, other: TensorLike) -> Tensor:
        """Takes `input * log(other)`, 0 where `input` is 0; integers become f32."""
        return xlogy(self, other)

    def xlogy_(self, other: TensorLike) -> Tensor:
        """Does `xlogy` in place: a write to this tensor."""
        return self._update(xlogy(self, other))

    def logaddexp(self, other: TensorLike) -> Tensor:
        """Takes log(exp(`input`) + exp(`other`)) of floating tensors without overflow."""
        return logaddexp(self, other)

    def logaddexp2(self, other: TensorLike) -> Tensor:
        """Takes log2(2^`input` + 2^`other`) of floating tensors without overflow."""
        return logaddexp2(self, other)

    def copysign(self, other: TensorLike) -> Tensor:
        """Gives the size of `input` the sign of `other`; integers become f32."""
        return copysign(self, other)

    def copysign_(self, other: TensorLike) -> Tensor:
        """Does `copysign` in place: a write to this tensor."""
        return self._update(copysign(self, other))

    def heaviside(self, values: TensorLike) -> Tensor:
        """Gives 0 for negative elements, 1 for positive ones, `values` (of the same dtype) for
        0.
        """
        return heaviside(self, values)

    def heaviside_(self, values: TensorLike) -> Tensor:
        """Does `heaviside` in place: a write to this tensor."""
        return self._update(heaviside(self, values))

    def neg(self) -> Tensor:
        """Changes the sign."""
        return neg(self)

    def neg_(self) -> Tensor:
        """Does `neg` in place: a write to this tensor."""
        return self._update(neg(self))

    def abs(self) -> Tensor:
        """Takes the absolute value."""
        return abs(self)

    def abs_(self) -> Tensor:
        """Does `abs` in place: a write to this tensor."""
        return self._update(abs(self))

    def sign(self) -> Tensor:
        """Gives -1, 0 or 1."""
        return sign(self)

    def sign_(self) -> Tensor:
        """Does `sign` in place: a write to this tensor."""
        return self._update(sign(self))

    def square(self) -> Tensor:
        """Multiplies by itself."""
        return square(self)

    def square_(self) -> Tensor:
        """Does `square` in place: a write to this tensor."""
        return self._update(square(self))

    def floor(self) -> Tensor:
        """Rounds down."""
        return floor(self)

    def floor_(self) -> Tensor:
        """Does `floor` in place: a write to this tensor."""
        return self._update(floor(self))

    def ceil(self) -> Tensor:
        """Rounds up."""
        return ceil(self)

    def ceil_(self) -> Tensor:
        """Does `ceil` in place: a write to this tensor."""
        return self._update(ceil(self))

    def round(self, decimals: int = 0) -> Tensor:
        """Rounds to so many decimals, negative ones left of the point; halves to the even
        neighbour.
        """
        return round(self, decimals)

    def round_(self, decimals: int = 0) -> Tensor:
        """Does `round` in place: a write to this tensor."""
        return self._update(round(self, decimals))

    def trunc(self) -> Tensor:
        """Rounds towards zero."""
        return trunc(self)

    def trunc_(self) -> Tensor:
        """Does `trunc` in place: a write to this tensor."""
        return self._update(trunc(self))

    def frac(self) -> Tensor:
        """Gives what `trunc` drops, of a floating tensor."""
        return frac(self)

    def frac_(self) -> Tensor:
        """Does `frac` in place: a write to this tensor."""
        return self._update(frac(self))

    def clamp(self, min: TensorLike | None = None, max: TensorLike | None = None) -> Tensor:
        """Limits every element to [`min`, `max`], which broadcast; `max` wins over `min`."""
        return clamp(self, min, max)

    def clamp_(self, min: TensorLike | None = None, max: TensorLike | None = None) -> Tensor:
        """Does `clamp` in place: a write to this tensor."""
        return self._update(clamp(self, min, max))

    def nan_to_num(
        self, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
    ) -> Tensor:
        """Replaces NaN by `nan` (0), infinities by `posinf` and `neginf` (the largest and
        smallest numbers).
        """
        return nan_to_num(self, nan, posinf, neginf)

    def nan_to_num_(
        self, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
    ) -> Tensor:
        """Does `nan_to_num` in place: a write to this tensor."""
        return self._update(nan_to_num(self, nan, posinf, neginf))

    def exp(self) -> Tensor:
        """Takes e to the power of each element."""
        return exp(self)

    def exp_(self) -> Tensor:
        """Does `exp` in place: a write to this tensor."""
        return self._update(exp(self))

    def log(self) -> Tensor:
        """Takes the natural logarithm."""
        return log(self)

    def log_(self) -> Tensor:
        """Does `log` in place: a write to this tensor."""
        return self._update(log(self))

    def sqrt(self) -> Tensor:
        """Takes the square root."""
        return sqrt(self)

    def sqrt_(self) -> Tensor:
        """Does `sqrt` in place: a write to this tensor."""
        return self._update(sqrt(self))

    def rsqrt(self) -> Tensor:
        """Takes one over the square root."""
        return rsqrt(self)

    def rsqrt_(self) -> Tensor:
        """Does `rsqrt` in place: a write to this tensor."""
        return self._update(rsqrt(self))

    def reciprocal(self) -> Tensor:
        """Takes 1 / x."""
        return reciprocal(self)

    def reciprocal_(self) -> Tensor:
        """Does `reciprocal` in place: a write to this tensor."""
        return self._update(reciprocal(self))

    def exp2(self) -> Tensor:
        """Takes 2 to the power of each element."""
        return exp2(self)

    def exp2_(self) -> Tensor:
        """Does `exp2` in place: a write to this tensor."""
        return self._update(exp2(self))

    def expm1(self) -> Tensor:
        """Takes exp(x) - 1, exact near 0."""
        return expm1(self)

    def expm1_(self) -> Tensor:
        """Does `expm1` in place: a write to this tensor."""
        return self._update(expm1(self))

    def log1p(self) -> Tensor:
        """Takes log(1 + x), exact near 0."""
        return log1p(self)

    def log1p_(self) -> Tensor:
        """Does `log1p` in place: a write to this tensor."""
        return self._update(log1p(self))

    def log2(self) -> Tensor:
        """Takes the logarithm to base 2."""
        return log2(self)

    def log2_(self) -> Tensor:
        """Does `log2` in place: a write to this tensor."""
        return self._update(log2(self))

    def log10(self) -> Tensor:
        """Takes the logarithm to base 10."""
        return log10(self)

    def log10_(self) -> Tensor:
        """Does `log10` in place: a write to this tensor."""
        return self._update(log10(self))

    def sin(self) -> Tensor:
        """Takes the sine, in radians."""
        return sin(self)

    def sin_(self) -> Tensor:
        """Does `sin` in place: a write to this tensor."""
        return self._update(sin(self))

    def cos(self) -> Tensor:
        """Takes the cosine, in radians."""
        return cos(self)

    def cos_(self) -> Tensor:
        """Does `cos` in place: a write to this tensor."""
        return self._update(cos(self))

    def tan(self) -> Tensor:
        """Takes the tangent, in radians."""
        return tan(self)

    def tan_(self) -> Tensor:
        """Does `tan` in place: a write to this tensor."""
        return self._update(tan(self))

    def asin(self) -> Tensor:
        """Takes the arc sine, in radians."""
        return asin(self)

    def asin_(self) -> Tensor:
        """Does `asin` in place: a write to this tensor."""
        return self._update(asin(self))

    def acos(self) -> Tensor:
        """Takes the arc cosine, in radians."""
        return acos(self)

    def acos_(self) -> Tensor:
        """Does `acos` in place: a write to this tensor."""
        return self._update(acos(self))

    def atan(self) -> Tensor:
        """Takes the arc tangent, in radians."""
        return atan(self)

    def atan_(self) -> Tensor:
        """Does `atan` in place: a write to this tensor."""
        return self._update(atan(self))

    def sinh(self) -> Tensor:
        """Takes the hyperbolic sine."""
        return sinh(self)

    def sinh_(self) -> Tensor:
        """Does `sinh` in place: a write to this tensor."""
        return self._update(sinh(self))

    def cosh(self) -> Tensor:
        """Takes the hyperbolic cosine."""
        return cosh(self)

    def cosh_(self) -> Tensor:
        """Does `cosh` in place: a write to this tensor."""
        return self._update(cosh(self))

    def tanh(self) -> Tensor:
        """Takes the hyperbolic tangent."""
        return tanh(self)

    def tanh_(self) -> Tensor:
        """Does `tanh` in place: a write to this tensor."""
        return self._update(tanh(self))

    def asinh(self) -> Tensor:
        """Takes the inverse hyperbolic sine."""
        return asinh(self)

    def asinh_(self) -> Tensor:
        """Does `asinh` in place: a write to this tensor."""
        return self._update(asinh(self))

    def acosh(self) -> Tensor:
        """Takes the inverse hyperbolic cosine."""
        return acosh(self)

    def acosh_(self) -> Tensor:
        """Does `acosh` in place: a write to this tensor."""
        return self._update(acosh(self))

    def atanh(self) -> Tensor:
        """Takes the inverse hyperbolic tangent."""
        return atanh(self)

    def atanh_(self) -> Tensor:
        """Does `atanh` in place: a write to this tensor."""
        return self._update(atanh(self))

    def sinc(self) -> Tensor:
        """Takes sin(pi x) / (pi x), 1 at 0."""
        return sinc(self)

    def sinc_(self) -> Tensor:
        """Does `sinc` in place: a write to this tensor."""
        return self._update(sinc(self))

    def deg2rad(self) -> Tensor:
        """Turns degrees into radians."""
        return deg2rad(self)

    def deg2rad_(self) -> Tensor:
        """Does `deg2rad` in place: a write to this tensor."""
        return self._update(deg2rad(self))

    def rad2deg(self) -> Tensor:
        """Turns radians into degrees."""
        return rad2deg(self)

    def rad2deg_(self) -> Tensor:
        """Does `rad2deg` in place: a write to this tensor."""
        return self._update(rad2deg(self))

    def erf(self) -> Tensor:
        """Takes the error function."""
        return erf(self)

    def erf_(self) -> Tensor:
        """Does `erf` in place: a write to this tensor."""
        return self._update(erf(self))

    def erfc(self) -> Tensor:
        """Takes 1 - erf(x), exact for large x."""
        return erfc(self)

    def erfc_(self) -> Tensor:
        """Does `erfc` in place: a write to this tensor."""
        return self._update(erfc(self))

    def ndtr(self) -> Tensor:
        """Takes the area under the standard normal curve to the left of each element."""
        return ndtr(self)

    def erfinv(self) -> Tensor:
        """Takes the inverse of the error function; infinite at -1 and 1, NaN beyond."""
        return erfinv(self)

    def erfinv_(self) -> Tensor:
        """Does `erfinv` in place: a write to this tensor."""
        return self._update(erfinv(self))

    def lgamma(self) -> Tensor:
        """Takes the logarithm of the absolute value of the gamma function."""
        return lgamma(self)

    def lgamma_(self) -> Tensor:
        """Does `lgamma` in place: a write to this tensor."""
        return self._update(lgamma(self))

    def digamma(self) -> Tensor:
        """Takes the derivative of `lgamma`."""
        return digamma(self)

    def digamma_(self) -> Tensor:
        """Does `digamma` in place: a write to this tensor."""
        return self._update(digamma(self))

    def logit(self, eps: float | None = None) -> Tensor:
        """Takes log(x / (1 - x)), of x limited to [`eps`, 1 - `eps`] if `eps` is given."""
        return logit(self, eps)

    def logit_(self, eps: float | None = None) -> Tensor:
        """Does `logit` in place: a write to this tensor."""
        return self._update(logit(self, eps))

    def sigmoid(self) -> Tensor:
        """Takes 1 / (1 + exp(-x))."""
        return sigmoid(self)

    def sigmoid_(self) -> Tensor:
        """Does `sigmoid` in place: a write to this tensor."""
        return self._update(sigmoid(self))

    def relu(self) -> Tensor:
        """Replaces negative elements by 0."""
        return relu(self)

    def relu_(self) -> Tensor:
        """Does `relu` in place: a write to this tensor."""
        return self._update(relu(self))

    def gelu(self, approximate: Literal["none", "tanh"] | None = None) -> Tensor:
        """Applies GELU, exact (`none`, the default) or by tanh (`tanh`)."""
        return gelu(self, approximate)

    def silu(self) -> Tensor:
        """Takes x * sigmoid(x)."""
        return silu(self)

    def mish(self) -> Tensor:
        """Takes x * tanh(softplus(x))."""
        return mish(self)

    def softplus(self, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
        """Takes log(1 + exp(`beta` x)) / `beta`, x where `beta` x exceeds `threshold`."""
        return softplus(self, beta, threshold)

    def softsign(self) -> Tensor:
        """Takes x / (1 + |x|)."""
        return softsign(self)

    def logsigmoid(self) -> Tensor:
        """Takes log(sigmoid(x))."""
        return logsigmoid(self)

    def leaky_relu(self, negative_slope: float = 0.01) -> Tensor:
        """Multiplies negative elements by `negative_slope`."""
        return leaky_relu(self, negative_slope)

    def prelu(self, weight: TensorLike) -> Tensor:
        """Multiplies negative elements by `weight`: one for all, or one for each position of
        axis 1.
        """
        return prelu(self, weight)

    def elu(self, alpha: float = 1.0) -> Tensor:
        """Takes `alpha` (exp(x) - 1) of negative elements."""
        return elu(self, alpha)

    def celu(self, alpha: float = 1.0) -> Tensor:
        """Takes `alpha` (exp(x / `alpha`) - 1) of negative elements."""
        return celu(self, alpha)

    def selu(self) -> Tensor:
        """Takes the scaled ELU, which keeps mean 0 and variance 1."""
        return selu(self)

    def relu6(self) -> Tensor:
        """Limits every element to [0, 6]."""
        return relu6(self)

    def hardtanh(self, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
        """Limits every element to [`min_val`, `max_val`]."""
        return hardtanh(self, min_val, max_val)

    def hardsigmoid(self) -> Tensor:
        """Limits x / 6 + 1 / 2 to [0, 1]."""
        return hardsigmoid(self)

    def hardswish(self) -> Tensor:
        """Takes x * hardsigmoid(x)."""
        return hardswish(self)

    def hardshrink(self, lambd: float = 0.5) -> Tensor:
        """Replaces elements in [-`lambd`, `lambd`] by 0."""
        return hardshrink(self, lambd)

    def softshrink(self, lambd: float = 0.5) -> Tensor:
        """Moves elements by `lambd` towards 0, as far as 0."""
        return softshrink(self, lambd)

    def tanhshrink(self) -> Tensor:
        """Takes x - tanh(x)."""
        return tanhshrink(self)

    def eq(self, other: TensorLike) -> Tensor:
        """Tests equality, element by element."""
        return eq(self, other)

    def eq_(self, other: TensorLike) -> Tensor:
        """Does `eq` in place: a write to this tensor."""
        return self._update(eq(self, other))

    def ne(self, other: TensorLike) -> Tensor:
        """Tests inequality, element by element."""
        return ne(self, other)

    def ne_(self, other: TensorLike) -> Tensor:
        """Does `ne` in place: a write to this tensor."""
        return self._update(ne(self, other))

    def lt(self, other: TensorLike) -> Tensor:
        """Tests `input < other`, element by element."""
        return lt(self, other)

    def lt_(self, other: TensorLike) -> Tensor:
        """Does `lt` in place: a write to this tensor."""
        return self._update(lt(self, other))

    def le(self, other: TensorLike) -> Tensor:
        """Tests `input <= other`, element by element."""
        return le(self, other)

    def le_(self, other: TensorLike) -> Tensor:
        """Does `le` in place: a write to this tensor."""
        return self._update(le(self, other))

    def gt(self, other: TensorLike) -> Tensor:
        """Tests `input > other`, element by element."""
        return gt(self, other)

    def gt_(self, other: TensorLike) -> Tensor:
        """Does `gt` in place: a write to this tensor."""
        return self._update(gt(self, other))

    def ge(self, other: TensorLike) -> Tensor:
        """Tests `input >= other`, element by element."""
        return ge(self, other)

    def ge_(self, other: TensorLike) -> Tensor:
        """Does `ge` in place: a write to this tensor."""
        return self._update(ge(self, other))

    def logical_and(self, other: TensorLike) -> Tensor:
        """Tests that both are non-zero."""
        return logical_and(self, other)

    def logical_and_(self, other: TensorLike) -> Tensor:
        """Does `logical_and` in place: a write to this tensor."""
        return self._update(logical_and(self, other))

    def logical_or(self, other: TensorLike) -> Tensor:
        """Tests that one is non-zero."""
        return logical_or(self, other)

    def logical_or_(self, other: TensorLike) -> Tensor:
        """Does `logical_or` in place: a write to this tensor."""
        return self._update(logical_or(self, other))

    def logical_xor(self, other: TensorLike) -> Tensor:
        """Tests that one is non-zero, not both."""
        return logical_xor(self, other)

    def logical_xor_(self, other: TensorLike) -> Tensor:
        """Does `logical_xor` in place: a write to this tensor."""
        return self._update(logical_xor(self, other))

    def logical_not(self) -> Tensor:
        """Tests that an element is zero."""
        return logical_not(self)

    def logical_not_(self) -> Tensor:
        """Does `logical_not` in place: a write to this tensor."""
        return self._update(logical_not(self))

    def isnan(self) -> Tensor:
        """Tests for NaN."""
        return isnan(self)

    def isinf(self) -> Tensor:
        """Tests for infinity of either sign."""
        return isinf(self)

    def isfinite(self) -> Tensor:
        """Tests that an element is neither infinite nor NaN."""
        return isfinite(self)

    def isposinf(self) -> Tensor:
        """Tests for positive infinity."""
        return isposinf(self)

    def isneginf(self) -> Tensor:
        """Tests for negative infinity."""
        return isneginf(self)

    def signbit(self) -> Tensor:
        """Tests for a negative sign, that of -0.0 too."""
        return signbit(self)

    def isclose(
        self, other: TensorLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
    ) -> Tensor:
        """Tests |`input` - `other`| <= `atol` + `rtol` |`other`|, element by element, of one
        dtype.
        """
        return isclose(self, other, rtol, atol, equal_nan)

    def allclose(
        self, other: TensorLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
    ) -> Tensor:
        """Tests that `isclose` holds everywhere: one truth."""
        return allclose(self, other, rtol, atol, equal_nan)

    def equal(self, other: TensorLike) -> Tensor:
        """Tests that shapes and all elements are equal: one truth."""
        return equal(self, other)

    def bitwise_and(self, other: TensorLike) -> Tensor:
        """Takes the bits that both have."""
        return bitwise_and(self, other)

    def bitwise_and_(self, other: TensorLike) -> Tensor:
        """Does `bitwise_and` in place: a write to this tensor."""
        return self._update(bitwise_and(self, other))

    def bitwise_or(self, other: TensorLike) -> Tensor:
        """Takes the bits that either has."""
        return bitwise_or(self, other)

    def bitwise_or_(self, other: TensorLike) -> Tensor:
        """Does `bitwise_or` in place: a write to this tensor."""
        return self._update(bitwise_or(self, other))

    def bitwise_xor(self, other: TensorLike) -> Tensor:
        """Takes the bits that one has, not both."""
        return bitwise_xor(self, other)

    def bitwise_xor_(self, other: TensorLike) -> Tensor:
        """Does `bitwise_xor` in place: a write to this tensor."""
        return self._update(bitwise_xor(self, other))

    def bitwise_not(self) -> Tensor:
        """Flips every bit; of bool, the truth."""
        return bitwise_not(self)

    def bitwise_not_(self) -> Tensor:
        """Does `bitwise_not` in place: a write to this tensor."""
        return self._update(bitwise_not(self))

    def bitwise_left_shift(self, other: TensorLike) -> Tensor:
        """Moves the bits of integers up; 0 when by the width or more."""
        return bitwise_left_shift(self, other)

    def bitwise_left_shift_(self, other: TensorLike) -> Tensor:
        """Does `bitwise_left_shift` in place: a write to this tensor."""
        return self._update(bitwise_left_shift(self, other))

    def bitwise_right_shift(self, other: TensorLike) -> Tensor:
        """Moves the bits of integers down, keeping the sign."""
        return bitwise_right_shift(self, other)

    def bitwise_right_shift_(self, other: TensorLike) -> Tensor:
        """Does `bitwise_right_shift` in place: a write to this tensor."""
        return self._update(bitwise_right_shift(self, other))

    def masked_fill(self, mask: TensorLike, value: TensorLike) -> Tensor:
        """Writes a number where `mask` (bool, broadcast) holds."""
        return masked_fill(self, mask, value)

    def masked_fill_(self, mask: TensorLike, value: TensorLike) -> Tensor:
        """Does `masked_fill` in place: a write to this tensor."""
        return self._update(masked_fill(self, mask, value))

    def sum(
        self,
        dim: int | Sequence[int] | None = None,
        keepdim: bool = False,
        dtype: Any | None = None,
    ) -> Tensor:
        """Adds up, in `dtype` if given; integers and bool in i64."""
        return sum(self, dim, keepdim, dtype)

    def nansum(
        self,
        dim: int | Sequence[int] | None = None,
        keepdim: bool = False,
        dtype: Any | None = None,
    ) -> Tensor:
        """Adds up, NaN as 0, in `dtype` if given; integers and bool in i64."""
        return nansum(self, dim, keepdim, dtype)

    def prod(
        self, dim: int | None = None, keepdim: bool = False, dtype: Any | None = None
    ) -> Tensor:
        """Multiplies all elements, or those along an axis, in `dtype` if given; integers and
        bool in i64.
        """
        return prod(self, dim, keepdim, dtype)

    def count_nonzero(self, dim: int | Sequence[int] | None = None) -> Tensor:
        """Counts (i64) the elements that are not zero."""
        return count_nonzero(self, dim)

    def mean(
        self,
        dim: int | Sequence[int] | None = None,
        keepdim: bool = False,
        dtype: Any | None = None,
    ) -> Tensor:
        """Takes the mean, in `dtype` if given; floating."""
        return mean(self, dim, keepdim, dtype)

    def nanmean(
        self,
        dim: int | Sequence[int] | None = None,
        keepdim: bool = False,
        dtype: Any | None = None,
    ) -> Tensor:
        """Takes the mean of what is not NaN, in `dtype` if given; floating."""
        return nanmean(self, dim, keepdim, dtype)

    def norm(
        self, p: float = 2, dim: int | Sequence[int] | None = None, keepdim: bool = False
    ) -> Tensor:
        """Takes the vector p-norm; `inf` is the largest absolute value."""
        return norm(self, p, dim, keepdim)

    def logsumexp(self, dim: int | Sequence[int], keepdim: bool = False) -> Tensor:
        """Takes log(sum(exp(x))) without overflow."""
        return logsumexp(self, dim, keepdim)

    def amax(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Takes the largest element; NaN wins."""
        return amax(self, dim, keepdim)

    def amin(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Takes the smallest element; NaN wins."""
        return amin(self, dim, keepdim)

    def aminmax(self, dim: int | None = None, keepdim: bool = False) -> MinMax:
        """Gives the smallest and the largest element, of all or along an axis; NaN wins."""
        return aminmax(self, dim, keepdim)

    def argmax(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Gives the position (i64) of the first largest element, flattened without `dim`."""
        return argmax(self, dim, keepdim)

    def argmin(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Gives the position (i64) of the first smallest element, flattened without `dim`."""
        return argmin(self, dim, keepdim)

    def mode(self, dim: int = -1, keepdim: bool = False) -> ValuesIndices:
        """Gives the most frequent elements along an axis, the smallest of several, and the
        positions of their last.
        """
        return mode(self, dim, keepdim)

    def kthvalue(self, k: int, dim: int = -1, keepdim: bool = False) -> ValuesIndices:
        """Gives the `k`-th smallest elements along an axis, from 1, and their positions; NaN is
        largest.
        """
        return kthvalue(self, k, dim, keepdim)

    def quantile(
        self,
        q: TensorLike,
        dim: int | None = None,
        keepdim: bool = False,
        interpolation: Literal["linear", "lower", "higher", "midpoint", "nearest"] | None = None,
    ) -> Tensor:
        """Takes the elements below which a part `q` lies; between two it takes `linear` (the
        default), `lower`, `higher`, `midpoint`, `nearest`; NaN wins.
        """
        return quantile(self, q, dim, keepdim, interpolation)

    def nanquantile(
        self,
        q: TensorLike,
        dim: int | None = None,
        keepdim: bool = False,
        interpolation: Literal["linear", "lower", "higher", "midpoint", "nearest"] | None = None,
    ) -> Tensor:
        """Takes quantiles of what is not NaN."""
        return nanquantile(self, q, dim, keepdim, interpolation)

    def any(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Tests that some element is non-zero."""
        return any(self, dim, keepdim)

    def all(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Tests that every element is non-zero."""
        return all(self, dim, keepdim)

    def softmax(self, dim: int, dtype: Any | None = None) -> Tensor:
        """Takes exp(x) / sum(exp(x)) along an axis, in `dtype` if given."""
        return softmax(self, dim, dtype)

    def log_softmax(self, dim: int, dtype: Any | None = None) -> Tensor:
        """Takes log(softmax(x)) along an axis, in `dtype` if given."""
        return log_softmax(self, dim, dtype)

    def cumsum(self, dim: int, dtype: Any | None = None) -> Tensor:
        """Adds up from the start of an axis, in `dtype` if given; integers in i64."""
        return cumsum(self, dim, dtype)

    def cumsum_(self, dim: int, dtype: Any | None = None) -> Tensor:
        """Does `cumsum` in place: a write to this tensor."""
        return self._update(cumsum(self, dim, dtype))

    def cumprod(self, dim: int, dtype: Any | None = None) -> Tensor:
        """Multiplies from the start of an axis, in `dtype` if given; integers in i64."""
        return cumprod(self, dim, dtype)

    def cumprod_(self, dim: int, dtype: Any | None = None) -> Tensor:
        """Does `cumprod` in place: a write to this tensor."""
        return self._update(cumprod(self, dim, dtype))

    def logcumsumexp(self, dim: int) -> Tensor:
        """Takes log(cumsum(exp(x))) along an axis without overflow."""
        return logcumsumexp(self, dim)

    def cummax(self, dim: int) -> ValuesIndices:
        """Gives the largest elements so far along an axis and the positions of their last; NaN
        wins.
        """
        return cummax(self, dim)

    def cummin(self, dim: int) -> ValuesIndices:
        """Gives the smallest elements so far along an axis and the positions of their last; NaN
        wins.
        """
        return cummin(self, dim)

    def diff(
        self,
        n: int = 1,
        dim: int = -1,
        prepend: TensorLike | None = None,
        append: TensorLike | None = None,
    ) -> Tensor:
        """Takes differences of neighbours along an axis, `n` times; bool differs or not."""
        return diff(self, n, dim, prepend, append)

    def topk(
        self, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
    ) -> ValuesIndices:
        """Gives the `k` largest (or smallest) elements in order, whatever `sorted` says, and
        their positions.
        """
        return topk(self, k, dim, largest, sorted)

    def sort(self, dim: int = -1, descending: bool = False, stable: bool = False) -> ValuesIndices:
        """Sorts along an axis, always keeping the order of equals; also gives positions."""
        return sort(self, dim, descending, stable)

    def argsort(self, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
        """Gives the positions (i64) that sort an axis, always keeping the order of equals."""
        return argsort(self, dim, descending, stable)

    def msort(self) -> Tensor:
        """Sorts along the first axis."""
        return msort(self)

    def isin(
        self, test_elements: TensorLike, assume_unique: bool = False, invert: bool = False
    ) -> Tensor:
        """Tests that an element is one of `test_elements`; NaN never is."""
        return isin(self, test_elements, assume_unique, invert)

    def bincount(self, weights: TensorLike | None = None, minlength: int = 0) -> Tensor:
        """Counts 0, 1, 2 ... in a vector of integers, or adds up their `weights`. How many
        counts there are depends on the largest.
        """
        return bincount(self, weights, minlength)

    def histc(self, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
        """Counts elements in equal bins from `min` to `max`; from the smallest to the largest
        where these are equal.
        """
        return histc(self, bins, min, max)

    def cosine_similarity(self, other: TensorLike, dim: int = 1, eps: float = 1e-8) -> Tensor:
        """Takes the cosine of the angle between vectors along an axis."""
        return cosine_similarity(self, other, dim, eps)

    def matmul(self, other: TensorLike) -> Tensor:
        """Multiplies vectors, matrices, or broadcast batches of matrices of one dtype."""
        return matmul(self, other)

    def mm(self, mat2: TensorLike) -> Tensor:
        """Multiplies two matrices of one dtype."""
        return mm(self, mat2)

    def bmm(self, mat2: TensorLike) -> Tensor:
        """Multiplies two batches of as many matrices, [b, n, m] by [b, m, p]."""
        return bmm(self, mat2)

    def mv(self, vec: TensorLike) -> Tensor:
        """Multiplies a matrix by a vector."""
        return mv(self, vec)

    def dot(self, tensor: TensorLike) -> Tensor:
        """Multiplies two vectors and adds up."""
        return dot(self, tensor)

    def inner(self, other: TensorLike) -> Tensor:
        """Multiplies along the last axes and adds up; a 0-d operand just multiplies."""
        return inner(self, other)

    def outer(self, vec2: TensorLike) -> Tensor:
        """Multiplies every element of a vector by every element of another."""
        return outer(self, vec2)

    def addmm(
        self, mat1: TensorLike, mat2: TensorLike, beta: float = 1, alpha: float = 1
    ) -> Tensor:
        """Takes `beta` * input + `alpha` * (mat1 @ mat2); `input` broadcasts, and counts for
        nothing where `beta` is 0.
        """
        return addmm(self, mat1, mat2, beta, alpha)

    def addmm_(
        self, mat1: TensorLike, mat2: TensorLike, beta: float = 1, alpha: float = 1
    ) -> Tensor:
        """Does `addmm` in place: a write to this tensor."""
        return self._update(addmm(self, mat1, mat2, beta, alpha))

    def baddbmm(
        self, batch1: TensorLike, batch2: TensorLike, beta: float = 1, alpha: float = 1
    ) -> Tensor:
        """Takes `beta` * input + `alpha` * (batch1 @ batch2) of batches of matrices."""
        return baddbmm(self, batch1, batch2, beta, alpha)

    def baddbmm_(
        self, batch1: TensorLike, batch2: TensorLike, beta: float = 1, alpha: float = 1
    ) -> Tensor:
        """Does `baddbmm` in place: a write to this tensor."""
        return self._update(baddbmm(self, batch1, batch2, beta, alpha))

    def kron(self, other: TensorLike) -> Tensor:
        """Takes the Kronecker product."""
        return kron(self, other)

    def trace(self) -> Tensor:
        """Adds up the diagonal of a matrix; integers in i64."""
        return trace(self)

    def cdist(self, x2: TensorLike, p: float = 2.0) -> Tensor:
        """Gives the p-norm distance of each row of `x1` to each row of `x2`, [..., m, d] and
        [..., n, d] to [..., m, n].
        """
        return cdist(self, x2, p)

    def pairwise_distance(
        self, x2: TensorLike, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
    ) -> Tensor:
        """Takes the p-norm of x1 - x2 + `eps` along the last axis."""
        return pairwise_distance(self, x2, p, eps, keepdim)

    def cov(self, correction: int = 1) -> Tensor:
        """Takes the covariance of the rows, divided by n - `correction`."""
        return cov(self, correction)

    def corrcoef(self) -> Tensor:
        """Takes Pearson's correlation of the rows."""
        return corrcoef(self)

    def linear(self, weight: TensorLike, bias: TensorLike | None = None) -> Tensor:
        """Takes input @ weight.T + bias, `weight` being [out, in]."""
        return linear(self, weight, bias)

    def embedding(self, weight: TensorLike) -> Tensor:
        """Takes rows of `weight` at the positions `input` (i64 or i32)."""
        return embedding(self, weight)

    def layer_norm(
        self,
        normalized_shape: Sequence[int],
        weight: TensorLike | None = None,
        bias: TensorLike | None = None,
        eps: float = 1e-5,
    ) -> Tensor:
        """Normalizes the trailing axes to mean 0 and variance 1, then scales and shifts."""
        return layer_norm(self, normalized_shape, weight, bias, eps)

    def rms_norm(
        self, normalized_shape: Sequence[int], weight: TensorLike | None = None, eps: float = 1e-6
    ) -> Tensor:
        """Divides the trailing axes by their root mean square, then scales."""
        return rms_norm(self, normalized_shape, weight, eps)

    def group_norm(
        self,
        num_groups: int,
        weight: TensorLike | None = None,
        bias: TensorLike | None = None,
        eps: float = 1e-5,
    ) -> Tensor:
        """Normalizes groups of the channels in axis 1 to mean 0 and variance 1, then scales and
        shifts each channel.
        """
        return group_norm(self, num_groups, weight, bias, eps)

    def normalize(self, p: float = 2.0, dim: int | Sequence[int] = 1, eps: float = 1e-12) -> Tensor:
        """Divides by the p-norm along `dim`, or by `eps` where that is larger."""
        return normalize(self, p, dim, eps)

    def softmin(self, dim: int, dtype: Any | None = None) -> Tensor:
        """Takes softmax(-x) along an axis, in `dtype` if given."""
        return softmin(self, dim, dtype)

    def glu(self, dim: int = -1) -> Tensor:
        """Takes the first half of an axis times the sigmoid of the second."""
        return glu(self, dim)

    def scaled_dot_product_attention(
        self,
        key: TensorLike,
        value: TensorLike,
        attn_mask: TensorLike | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> Tensor:
        """Takes softmax(q k^T * scale + mask) v; `scale` is 1/sqrt(d) unless given, a row that
        sees nothing gives 0, `dropout_p` must be 0.
        """
        return scaled_dot_product_attention(
            self, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa
        )

    def mse_loss(
        self, target: TensorLike, reduction: Literal["none", "mean", "sum"] = "mean"
    ) -> Tensor:
        """Takes the squared difference; operands broadcast."""
        return mse_loss(self, target, reduction)

    def l1_loss(
        self, target: TensorLike, reduction: Literal["none", "mean", "sum"] = "mean"
    ) -> Tensor:
        """Takes the absolute difference; operands broadcast."""
        return l1_loss(self, target, reduction)

    def smooth_l1_loss(
        self,
        target: TensorLike,
        reduction: Literal["none", "mean", "sum"] = "mean",
        beta: float = 1.0,
    ) -> Tensor:
        """Takes half the squared difference over `beta` where it is below `beta`, else the
        absolute one less half of `beta`.
        """
        return smooth_l1_loss(self, target, reduction, beta)

    def huber_loss(
        self,
        target: TensorLike,
        reduction: Literal["none", "mean", "sum"] = "mean",
        delta: float = 1.0,
    ) -> Tensor:
        """Takes half the squared difference where it is at most `delta`, beyond it `delta` times
        the absolute one.
        """
        return huber_loss(self, target, reduction, delta)

    def kl_div(
        self,
        target: TensorLike,
        reduction: Literal["none", "batchmean", "sum", "mean"] = "mean",
        log_target: bool = False,
    ) -> Tensor:
        """Takes target * (log(target) - input), `input` being logarithms, and `target` too with
        `log_target`; `batchmean` divides the sum by the input's first axis.
        """
        return kl_div(self, target, reduction, log_target)

    def binary_cross_entropy(
        self,
        target: TensorLike,
        weight: TensorLike | None = None,
        reduction: Literal["none", "mean", "sum"] = "mean",
    ) -> Tensor:
        """Takes the cross entropy of probabilities and targets of 0 to 1."""
        return binary_cross_entropy(self, target, weight, reduction)

    def binary_cross_entropy_with_logits(
        self,
        target: TensorLike,
        weight: TensorLike | None = None,
        reduction: Literal["none", "mean", "sum"] = "mean",
        pos_weight: TensorLike | None = None,
    ) -> Tensor:
        """Takes the cross entropy of sigmoid(input) and targets of 0 to 1."""
        return binary_cross_entropy_with_logits(self, target, weight, reduction, pos_weight)

    def nll_loss(
        self,
        target: TensorLike,
        weight: TensorLike | None = None,
        ignore_index: int = -100,
        reduction: Literal["none", "mean", "sum"] = "mean",
    ) -> Tensor:
        """Takes minus the log probability of each target class (i64), classes in axis 1; the
        mean is weighted.
        """
        return nll_loss(self, target, weight, ignore_index, reduction)

    def cross_entropy(
        self,
        target: TensorLike,
        weight: TensorLike | None = None,
        ignore_index: int = -100,
        reduction: Literal["none", "mean", "sum"] = "mean",
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """Takes the cross entropy of logits and target classes (i64), or probabilities of the
        input's shape; classes in axis 1.
        """
        return cross_entropy(self, target, weight, ignore_index, reduction, label_smoothing)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        """Joins the axes `start_dim` to `end_dim`.

        A view: writing to the result writes to the tensor.
        """
        return flatten(self, start_dim, end_dim)

    def transpose(self, dim0: int, dim1: int) -> Tensor:
        """Swaps two axes.

        A view: writing to the result writes to the tensor.
        """
        return transpose(self, dim0, dim1)

    def unsqueeze(self, dim: int) -> Tensor:
        """Adds an axis of length 1.

        A view: writing to the result writes to the tensor.
        """
        return unsqueeze(self, dim)

    def squeeze(self, dim: int | Sequence[int] | None = None) -> Tensor:
        """Drops axes of length 1.

        A view: writing to the result writes to the tensor.
        """
        return squeeze(self, dim)

    def unflatten(self, dim: int, sizes: Sequence[int]) -> Tensor:
        """Splits an axis into several; one length may be -1.

        A view: writing to the result writes to the tensor.
        """
        return unflatten(self, dim, sizes)

    def narrow(self, dim: int, start: int, length: int) -> Tensor:
        """Takes `length` positions of an axis from `start` on.

        A view: writing to the result writes to the tensor.
        """
        return narrow(self, dim, start, length)

    def select(self, dim: int, index: int) -> Tensor:
        """Takes one position of an axis and drops the axis.

        A view: writing to the result writes to the tensor.
        """
        return select(self, dim, index)

    def movedim(self, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
        """Moves axes to other places; the others keep their order.

        A view: writing to the result writes to the tensor.
        """
        return movedim(self, source, destination)

    def diagonal(self, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
        """Takes the diagonal of two axes as a last axis, `offset` places to the right of the
        main one.

        A view: writing to the result writes to the tensor.
        """
        return diagonal(self, offset, dim1, dim2)

    def unfold(self, dimension: int, size: int, step: int) -> Tensor:
        """Gives windows of `size` positions, `step` apart, along a new last axis. They cannot be
        written.

        A view: writing to the result writes to the tensor.
        """
        return unfold(self, dimension, size, step)

    def diagonal_scatter(
        self, src: TensorLike, offset: int = 0, dim1: int = 0, dim2: int = 1
    ) -> Tensor:
        """Gives the tensor with `src` on the diagonal that `diagonal` takes."""
        return diagonal_scatter(self, src, offset, dim1, dim2)

    def diag_embed(self, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
        """Puts the last axis on a diagonal of two new axes, 0 elsewhere."""
        return diag_embed(self, offset, dim1, dim2)

    def diag(self, diagonal: int = 0) -> Tensor:
        """Makes a matrix with this diagonal of a vector, or takes the diagonal of a matrix."""
        return diag(self, diagonal)

    def tril(self, diagonal: int = 0) -> Tensor:
        """Writes 0 above a diagonal of the last two axes."""
        return tril(self, diagonal)

    def tril_(self, diagonal: int = 0) -> Tensor:
        """Does `tril` in place: a write to this tensor."""
        return self._update(tril(self, diagonal))

    def triu(self, diagonal: int = 0) -> Tensor:
        """Writes 0 below a diagonal of the last two axes."""
        return triu(self, diagonal)

    def triu_(self, diagonal: int = 0) -> Tensor:
        """Does `triu` in place: a write to this tensor."""
        return self._update(triu(self, diagonal))

    def roll(self, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Tensor:
        """Moves elements along axes, those past the end to the start; along the flattened tensor
        without `dims`.
        """
        return roll(self, shifts, dims)

    def rot90(self, k: int = 1, dims: int | Sequence[int] | None = None) -> Tensor:
        """Turns by `k` quarters from the first of two axes towards the second, 0 and 1 when not
        given.
        """
        return rot90(self, k, dims)

    def gather(self, dim: int, index: TensorLike) -> Tensor:
        """Takes elements along an axis at the positions of an i32 or i64 tensor of the result's
        shape.
        """
        return gather(self, dim, index)

    def index_select(self, dim: int, index: TensorLike) -> Tensor:
        """Takes whole slices along an axis at the positions of an i32 or i64 vector."""
        return index_select(self, dim, index)

    def take(self, index: TensorLike) -> Tensor:
        """Takes elements of the flattened tensor at i64 positions, negative from the end."""
        return take(self, index)

    def take_along_dim(self, indices: TensorLike, dim: int | None = None) -> Tensor:
        """Takes elements along an axis at i64 positions, off the axis both broadcast; from the
        flattened tensor without `dim`.
        """
        return take_along_dim(self, indices, dim)

    def put(self, index: TensorLike, source: TensorLike, accumulate: bool = False) -> Tensor:
        """Gives the tensor with `source` at i64 positions of the flattened tensor; with
        `accumulate` added there.
        """
        return put(self, index, source, accumulate)

    def put_(self, index: TensorLike, source: TensorLike, accumulate: bool = False) -> Tensor:
        """Does `put` in place: a write to this tensor."""
        return self._update(put(self, index, source, accumulate))

    def scatter_add(self, dim: int, index: TensorLike, src: TensorLike) -> Tensor:
        """Gives the tensor with `src` added at positions along an axis."""
        return scatter_add(self, dim, index, src)

    def scatter_add_(self, dim: int, index: TensorLike, src: TensorLike) -> Tensor:
        """Does `scatter_add` in place: a write to this tensor."""
        return self._update(scatter_add(self, dim, index, src))

    def scatter_reduce(
        self,
        dim: int,
        index: TensorLike,
        src: TensorLike,
        reduce: Literal["sum", "prod", "mean", "amax", "amin"],
        include_self: bool = True,
    ) -> Tensor:
        """Reduces `src` into positions along an axis, with what stands there unless
        `include_self` is False.
        """
        return scatter_reduce(self, dim, index, src, reduce, include_self)

    def scatter_reduce_(
        self,
        dim: int,
        index: TensorLike,
        src: TensorLike,
        reduce: Literal["sum", "prod", "mean", "amax", "amin"],
        include_self: bool = True,
    ) -> Tensor:
        """Does `scatter_reduce` in place: a write to this tensor."""
        return self._update(scatter_reduce(self, dim, index, src, reduce, include_self))

    def index_add(
        self, dim: int, index: TensorLike, source: TensorLike, alpha: float = 1
    ) -> Tensor:
        """Gives the tensor with `alpha` times the slices of `source` added at positions of an
        axis.
        """
        return index_add(self, dim, index, source, alpha)

    def index_add_(
        self, dim: int, index: TensorLike, source: TensorLike, alpha: float = 1
    ) -> Tensor:
        """Does `index_add` in place: a write to this tensor."""
        return self._update(index_add(self, dim, index, source, alpha))

    def index_copy(self, dim: int, index: TensorLike, source: TensorLike) -> Tensor:
        """Gives the tensor with the slices of `source` at positions of an axis; the last one
        written stays.
        """
        return index_copy(self, dim, index, source)

    def index_copy_(self, dim: int, index: TensorLike, source: TensorLike) -> Tensor:
        """Does `index_copy` in place: a write to this tensor."""
        return self._update(index_copy(self, dim, index, source))

    def index_fill(self, dim: int, index: TensorLike, value: TensorLike) -> Tensor:
        """Writes a number to all of some positions of an axis, negative from the end."""
        return index_fill(self, dim, index, value)

    def index_fill_(self, dim: int, index: TensorLike, value: TensorLike) -> Tensor:
        """Does `index_fill` in place: a write to this tensor."""
        return self._update(index_fill(self, dim, index, value))

    def masked_scatter(self, mask: TensorLike, source: TensorLike) -> Tensor:
        """Writes the elements of `source` in order where `mask` (bool, broadcast) holds."""
        return masked_scatter(self, mask, source)

    def masked_scatter_(self, mask: TensorLike, source: TensorLike) -> Tensor:
        """Does `masked_scatter` in place: a write to this tensor."""
        return self._update(masked_scatter(self, mask, source))

    def masked_select(self, mask: TensorLike) -> Tensor:
        """Takes the elements where `mask` (bool, broadcast) holds, as a vector; how many depends
        on the mask.
        """
        return masked_select(self, mask)

    def rand_like(self, *, seed: int | None = None, dtype: Any | None = None) -> Tensor:
        """Draws numbers evenly from 0 up to 1, of the input's shape and dtype."""
        return rand_like(self, seed=seed, dtype=dtype)

    def randn_like(self, *, seed: int | None = None, dtype: Any | None = None) -> Tensor:
        """Draws from the normal distribution of mean 0 and variance 1, of the input's shape and
        dtype.
        """
        return randn_like(self, seed=seed, dtype=dtype)

    def bernoulli(self, *, seed: int | None = None) -> Tensor:
        """Draws 1 with the probability that each element says, else 0."""
        return bernoulli(self, seed=seed)

    def multinomial(
        self, num_samples: int, replacement: bool = False, *, seed: int | None = None
    ) -> Tensor:
        """Draws positions (i64) from each row of weights, each once unless `replacement`."""
        return multinomial(self, num_samples, replacement, seed=seed)

    def detach(self) -> Tensor:
        """The same elements, as if they had come from nowhere: no gradient flows through.

        A view: writing to the result writes to the tensor.
        """
        return detach(self)

    def clone(self) -> Tensor:
        """Copies: later writes to one do not reach the other."""
        return clone(self)

    def full_like(self, value: TensorLike, dtype: Any | None = None) -> Tensor:
        """Gives a tensor of the input's shape filled with one number."""
        return full_like(self, value, dtype)

    def zeros_like(self, dtype: Any | None = None) -> Tensor:
        """Gives a tensor of the input's shape filled with 0."""
        return zeros_like(self, dtype)

    def ones_like(self, dtype: Any | None = None) -> Tensor:
        """Gives a tensor of the input's shape filled with 1."""
        return ones_like(self, dtype)

    def cholesky(self, upper: bool = False) -> Tensor:
        """Decomposes a positive-definite matrix into L L^T and gives L, or its transpose."""
        return _call.one("linalg_cholesky", _call.tensor(self), upper)

    def cross(self, other: TensorLike, dim: int = -1) -> Tensor:
        """Takes the cross product along an axis of length 3."""
        return _call.one("linalg_cross", _call.tensor(self), _call.tensor(other), dim)

    def det(self) -> Tensor:
        """Gives the determinant."""
        return _call.one("linalg_det", _call.tensor(self))

    def inverse(self) -> Tensor:
        """Inverts square matrices."""
        return _call.one("linalg_inv", _call.tensor(self))

    def matrix_power(self, n: int) -> Tensor:
        """Multiplies a square matrix by itself; negative powers invert it."""
        return _call.one("linalg_matrix_power", _call.tensor(self), n)

    def slogdet(self) -> SignLogabsdet:
        """Gives the sign of the determinant and the logarithm of its absolute value."""
        return _call.several(SignLogabsdet, "linalg_slogdet", _call.tensor(self))

    absolute = abs
    absolute_ = abs_
    arccos = acos
    arccos_ = acos_
    arccosh = acosh
    arccosh_ = acosh_
    arcsin = asin
    arcsin_ = asin_
    arcsinh = asinh
    arcsinh_ = asinh_
    arctan = atan
    arctan_ = atan_
    arctan2 = atan2
    arctan2_ = atan2_
    arctanh = atanh
    arctanh_ = atanh_
    clip = clamp
    clip_ = clamp_
    divide = div
    divide_ = div_
    fix = trunc
    fix_ = trunc_
    greater = gt
    greater_ = gt_
    greater_equal = ge
    greater_equal_ = ge_
    less = lt
    less_ = lt_
    less_equal = le
    less_equal_ = le_
    multiply = mul
    multiply_ = mul_
    negative = neg
    negative_ = neg_
    not_equal = ne
    not_equal_ = ne_
    subtract = sub
    subtract_ = sub_
    true_divide = div
    true_divide_ = div_
