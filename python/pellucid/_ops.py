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
    "add",
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "cat",
    "ceil",
    "clamp",
    "clone",
    "cos",
    "cosine_similarity",
    "cumsum",
    "div",
    "eq",
    "exp",
    "expand",
    "flatten",
    "floor",
    "full_like",
    "gather",
    "ge",
    "gelu",
    "gt",
    "index_select",
    "isnan",
    "layer_norm",
    "le",
    "log",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logical_or",
    "logsumexp",
    "lt",
    "masked_fill",
    "matmul",
    "maximum",
    "mean",
    "minimum",
    "mul",
    "ne",
    "neg",
    "norm",
    "permute",
    "pow",
    "relu",
    "reshape",
    "rms_norm",
    "round",
    "rsqrt",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "softmax",
    "sort",
    "sqrt",
    "squeeze",
    "stack",
    "std",
    "sub",
    "sum",
    "tanh",
    "topk",
    "transpose",
    "unsqueeze",
    "var",
    "where",
]


class ValuesIndices(NamedTuple):
    """Results of `max`, `min`, `topk`, `sort`."""

    values: Tensor
    indices: Tensor

    def save(self) -> ValuesIndices:
        """Keeps each of them as it is now."""
        for part in self:
            part.save()
        return self


def add(input: TensorLike, other: TensorLike) -> Tensor:
    """Adds, element by element."""
    return _call.one("add", _call.operand(input), _call.operand(other))


def sub(input: TensorLike, other: TensorLike) -> Tensor:
    """Subtracts `other`, element by element."""
    return _call.one("sub", _call.operand(input), _call.operand(other))


def mul(input: TensorLike, other: TensorLike) -> Tensor:
    """Multiplies, element by element."""
    return _call.one("mul", _call.operand(input), _call.operand(other))


def div(input: TensorLike, other: TensorLike) -> Tensor:
    """Divides by `other`, element by element; integers become f32."""
    return _call.one("div", _call.operand(input), _call.operand(other))


def pow(input: TensorLike, exponent: TensorLike) -> Tensor:
    """Raises to a power, element by element."""
    return _call.one("pow", _call.operand(input), _call.operand(exponent))


def maximum(input: TensorLike, other: TensorLike) -> Tensor:
    """Takes the larger element; NaN wins."""
    return _call.one("maximum", _call.operand(input), _call.operand(other))


def minimum(input: TensorLike, other: TensorLike) -> Tensor:
    """Takes the smaller element; NaN wins."""
    return _call.one("minimum", _call.operand(input), _call.operand(other))


def neg(input: TensorLike) -> Tensor:
    """Changes the sign."""
    return _call.one("neg", _call.tensor(input))


def abs(input: TensorLike) -> Tensor:
    """Takes the absolute value."""
    return _call.one("abs", _call.tensor(input))


def sign(input: TensorLike) -> Tensor:
    """Gives -1, 0 or 1."""
    return _call.one("sign", _call.tensor(input))


def floor(input: TensorLike) -> Tensor:
    """Rounds down."""
    return _call.one("floor", _call.tensor(input))


def ceil(input: TensorLike) -> Tensor:
    """Rounds up."""
    return _call.one("ceil", _call.tensor(input))


def round(input: TensorLike) -> Tensor:
    """Rounds to the nearest integer, halves to the even one."""
    return _call.one("round", _call.tensor(input))


def clamp(
    input: TensorLike, min: TensorLike | None = None, max: TensorLike | None = None
) -> Tensor:
    """Limits every element to [`min`, `max`], both plain numbers or 0-d."""
    return _call.one("clamp", _call.tensor(input), _call.optional(min), _call.optional(max))


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


def sin(input: TensorLike) -> Tensor:
    """Takes the sine, in radians."""
    return _call.one("sin", _call.tensor(input))


def cos(input: TensorLike) -> Tensor:
    """Takes the cosine, in radians."""
    return _call.one("cos", _call.tensor(input))


def tanh(input: TensorLike) -> Tensor:
    """Takes the hyperbolic tangent."""
    return _call.one("tanh", _call.tensor(input))


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


def logical_not(input: TensorLike) -> Tensor:
    """Tests that an element is zero."""
    return _call.one("logical_not", _call.tensor(input))


def isnan(input: TensorLike) -> Tensor:
    """Tests for NaN."""
    return _call.one("isnan", _call.tensor(input))


def where(condition: TensorLike, input: TensorLike, other: TensorLike) -> Tensor:
    """Takes `input` where `condition` (bool) holds, else `other`; all broadcast."""
    return _call.one("where", _call.tensor(condition), _call.operand(input), _call.operand(other))


def masked_fill(input: TensorLike, mask: TensorLike, value: TensorLike) -> Tensor:
    """Writes a number where `mask` (bool, broadcast) holds."""
    return _call.one("masked_fill", _call.tensor(input), _call.tensor(mask), _call.operand(value))


def sum(input: TensorLike, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
    """Adds up; integers and bool in i64."""
    return _call.one("sum", _call.tensor(input), _call.ints(dim), keepdim)


def mean(
    input: TensorLike, dim: int | Sequence[int] | None = None, keepdim: bool = False
) -> Tensor:
    """Takes the mean of a floating tensor."""
    return _call.one("mean", _call.tensor(input), _call.ints(dim), keepdim)


def var(
    input: TensorLike,
    dim: int | Sequence[int] | None = None,
    correction: int = 1,
    keepdim: bool = False,
) -> Tensor:
    """Takes the variance, divided by n - `correction`."""
    return _call.one("var", _call.tensor(input), _call.ints(dim), correction, keepdim)


def std(
    input: TensorLike,
    dim: int | Sequence[int] | None = None,
    correction: int = 1,
    keepdim: bool = False,
) -> Tensor:
    """Takes the standard deviation, with n - `correction`."""
    return _call.one("std", _call.tensor(input), _call.ints(dim), correction, keepdim)


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


def argmax(input: TensorLike, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Gives the position (i64) of the first largest element, flattened without `dim`."""
    return _call.one("argmax", _call.tensor(input), dim, keepdim)


def argmin(input: TensorLike, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Gives the position (i64) of the first smallest element, flattened without `dim`."""
    return _call.one("argmin", _call.tensor(input), dim, keepdim)


def any(input: TensorLike, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
    """Tests that some element is non-zero."""
    return _call.one("any", _call.tensor(input), _call.ints(dim), keepdim)


def all(input: TensorLike, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
    """Tests that every element is non-zero."""
    return _call.one("all", _call.tensor(input), _call.ints(dim), keepdim)


def softmax(input: TensorLike, dim: int) -> Tensor:
    """Takes exp(x) / sum(exp(x)) along an axis."""
    return _call.one("softmax", _call.tensor(input), dim)


def log_softmax(input: TensorLike, dim: int) -> Tensor:
    """Takes log(softmax(x)) along an axis."""
    return _call.one("log_softmax", _call.tensor(input), dim)


def cumsum(input: TensorLike, dim: int) -> Tensor:
    """Adds up from the start of an axis; integers in i64."""
    return _call.one("cumsum", _call.tensor(input), dim)


def topk(input: TensorLike, k: int, dim: int = -1, largest: bool = True) -> ValuesIndices:
    """Gives the `k` largest (or smallest) elements in order, and their positions."""
    return _call.several(ValuesIndices, "topk", _call.tensor(input), k, dim, largest)


def sort(input: TensorLike, dim: int = -1, descending: bool = False) -> ValuesIndices:
    """Sorts along an axis, keeping the order of equals; also gives positions."""
    return _call.several(ValuesIndices, "sort", _call.tensor(input), dim, descending)


def cosine_similarity(
    input: TensorLike, other: TensorLike, dim: int = 1, eps: float = 1e-8
) -> Tensor:
    """Takes the cosine of the angle between vectors along an axis."""
    return _call.one("cosine_similarity", _call.tensor(input), _call.tensor(other), dim, eps)


def matmul(input: TensorLike, other: TensorLike) -> Tensor:
    """Multiplies vectors, matrices, or broadcast batches of matrices of one dtype."""
    return _call.one("matmul", _call.tensor(input), _call.tensor(other))


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
    """Repeats axes of length 1 to the given lengths; -1 keeps an axis."""
    return _call.one("expand", _call.tensor(input), _call.ints(shape))


def cat(tensors: Sequence[TensorLike] | Tensor, dim: int = 0) -> Tensor:
    """Joins tensors along an axis."""
    return _call.one("cat", _call.tensors(tensors), dim)


def stack(tensors: Sequence[TensorLike] | Tensor, dim: int = 0) -> Tensor:
    """Joins tensors of one shape along a new axis."""
    return _call.one("stack", _call.tensors(tensors), dim)


def gather(input: TensorLike, dim: int, index: TensorLike) -> Tensor:
    """Takes elements along an axis at the positions of an i64 tensor of the result's shape."""
    return _call.one("gather", _call.tensor(input), dim, _call.tensor(index))


def index_select(input: TensorLike, dim: int, index: TensorLike) -> Tensor:
    """Takes whole slices along an axis at the positions of an i64 vector."""
    return _call.one("index_select", _call.tensor(input), dim, _call.tensor(index))


def clone(input: TensorLike) -> Tensor:
    """Copies: later writes to one do not reach the other."""
    return _call.one("clone", _call.tensor(input))


def full_like(input: TensorLike, value: TensorLike, dtype: Any | None = None) -> Tensor:
    """Gives a tensor of the input's shape filled with one number."""
    return _call.one(
        "full_like", _call.tensor(input), _call.operand(value), _call.dtype_name(dtype)
    )


class Ops(_call.Base):
    """The operations as methods, `self` first."""

    __slots__ = ()

    def add(self, other: TensorLike) -> Tensor:
        """Adds, element by element."""
        return add(self, other)

    def add_(self, other: TensorLike) -> Tensor:
        """Does `add` in place: a write to this tensor."""
        return self._update(add(self, other))

    def sub(self, other: TensorLike) -> Tensor:
        """Subtracts `other`, element by element."""
        return sub(self, other)

    def sub_(self, other: TensorLike) -> Tensor:
        """Does `sub` in place: a write to this tensor."""
        return self._update(sub(self, other))

    def mul(self, other: TensorLike) -> Tensor:
        """Multiplies, element by element."""
        return mul(self, other)

    def mul_(self, other: TensorLike) -> Tensor:
        """Does `mul` in place: a write to this tensor."""
        return self._update(mul(self, other))

    def div(self, other: TensorLike) -> Tensor:
        """Divides by `other`, element by element; integers become f32."""
        return div(self, other)

    def div_(self, other: TensorLike) -> Tensor:
        """Does `div` in place: a write to this tensor."""
        return self._update(div(self, other))

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

    def round(self) -> Tensor:
        """Rounds to the nearest integer, halves to the even one."""
        return round(self)

    def round_(self) -> Tensor:
        """Does `round` in place: a write to this tensor."""
        return self._update(round(self))

    def clamp(self, min: TensorLike | None = None, max: TensorLike | None = None) -> Tensor:
        """Limits every element to [`min`, `max`], both plain numbers or 0-d."""
        return clamp(self, min, max)

    def clamp_(self, min: TensorLike | None = None, max: TensorLike | None = None) -> Tensor:
        """Does `clamp` in place: a write to this tensor."""
        return self._update(clamp(self, min, max))

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

    def tanh(self) -> Tensor:
        """Takes the hyperbolic tangent."""
        return tanh(self)

    def tanh_(self) -> Tensor:
        """Does `tanh` in place: a write to this tensor."""
        return self._update(tanh(self))

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

    def logical_not(self) -> Tensor:
        """Tests that an element is zero."""
        return logical_not(self)

    def logical_not_(self) -> Tensor:
        """Does `logical_not` in place: a write to this tensor."""
        return self._update(logical_not(self))

    def isnan(self) -> Tensor:
        """Tests for NaN."""
        return isnan(self)

    def masked_fill(self, mask: TensorLike, value: TensorLike) -> Tensor:
        """Writes a number where `mask` (bool, broadcast) holds."""
        return masked_fill(self, mask, value)

    def masked_fill_(self, mask: TensorLike, value: TensorLike) -> Tensor:
        """Does `masked_fill` in place: a write to this tensor."""
        return self._update(masked_fill(self, mask, value))

    def sum(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Adds up; integers and bool in i64."""
        return sum(self, dim, keepdim)

    def mean(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Takes the mean of a floating tensor."""
        return mean(self, dim, keepdim)

    def var(
        self, dim: int | Sequence[int] | None = None, correction: int = 1, keepdim: bool = False
    ) -> Tensor:
        """Takes the variance, divided by n - `correction`."""
        return var(self, dim, correction, keepdim)

    def std(
        self, dim: int | Sequence[int] | None = None, correction: int = 1, keepdim: bool = False
    ) -> Tensor:
        """Takes the standard deviation, with n - `correction`."""
        return std(self, dim, correction, keepdim)

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

    def argmax(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Gives the position (i64) of the first largest element, flattened without `dim`."""
        return argmax(self, dim, keepdim)

    def argmin(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Gives the position (i64) of the first smallest element, flattened without `dim`."""
        return argmin(self, dim, keepdim)

    def any(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Tests that some element is non-zero."""
        return any(self, dim, keepdim)

    def all(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Tests that every element is non-zero."""
        return all(self, dim, keepdim)

    def softmax(self, dim: int) -> Tensor:
        """Takes exp(x) / sum(exp(x)) along an axis."""
        return softmax(self, dim)

    def log_softmax(self, dim: int) -> Tensor:
        """Takes log(softmax(x)) along an axis."""
        return log_softmax(self, dim)

    def cumsum(self, dim: int) -> Tensor:
        """Adds up from the start of an axis; integers in i64."""
        return cumsum(self, dim)

    def cumsum_(self, dim: int) -> Tensor:
        """Does `cumsum` in place: a write to this tensor."""
        return self._update(cumsum(self, dim))

    def topk(self, k: int, dim: int = -1, largest: bool = True) -> ValuesIndices:
        """Gives the `k` largest (or smallest) elements in order, and their positions."""
        return topk(self, k, dim, largest)

    def sort(self, dim: int = -1, descending: bool = False) -> ValuesIndices:
        """Sorts along an axis, keeping the order of equals; also gives positions."""
        return sort(self, dim, descending)

    def cosine_similarity(self, other: TensorLike, dim: int = 1, eps: float = 1e-8) -> Tensor:
        """Takes the cosine of the angle between vectors along an axis."""
        return cosine_similarity(self, other, dim, eps)

    def matmul(self, other: TensorLike) -> Tensor:
        """Multiplies vectors, matrices, or broadcast batches of matrices of one dtype."""
        return matmul(self, other)

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

    def gather(self, dim: int, index: TensorLike) -> Tensor:
        """Takes elements along an axis at the positions of an i64 tensor of the result's shape."""
        return gather(self, dim, index)

    def index_select(self, dim: int, index: TensorLike) -> Tensor:
        """Takes whole slices along an axis at the positions of an i64 vector."""
        return index_select(self, dim, index)

    def clone(self) -> Tensor:
        """Copies: later writes to one do not reach the other."""
        return clone(self)

    def full_like(self, value: TensorLike, dtype: Any | None = None) -> Tensor:
        """Gives a tensor of the input's shape filled with one number."""
        return full_like(self, value, dtype)
