"""Places of tensors: functions and methods whose Python form is not their row of the op table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from pellucid import _call, _ops, _views
from pellucid._call import TensorLike
from pellucid._ops import OutputInverseIndicesCounts
from pellucid._shapes import Shapes
from pellucid.errors import fault

if TYPE_CHECKING:
    from pellucid.tensor import Tensor

__all__ = [
    "argwhere", "nonzero", "one_hot", "repeat_interleave", "scatter", "unique",
    "unique_consecutive", "where",
]  # fmt: skip


@overload
def where(condition: TensorLike) -> tuple[Tensor, ...]: ...
@overload
def where(condition: TensorLike, input: TensorLike, other: TensorLike) -> Tensor: ...
def where(
    condition: TensorLike, input: TensorLike | None = None, other: TensorLike | None = None
) -> Tensor | tuple[Tensor, ...]:
    """Takes `input` where `condition` (bool) holds, else `other`; all broadcast.

    Of a condition alone, the positions where it holds: a vector for each axis.
    """
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    if input is None or other is None:
        raise fault("bad-argument", "`where`: takes `input` and `other`, or neither")
    return _call.one("where", _call.tensor(condition), _call.operand(input), _call.operand(other))


@overload
def nonzero(input: TensorLike, *, as_tuple: Literal[False] = False) -> Tensor: ...
@overload
def nonzero(input: TensorLike, *, as_tuple: Literal[True]) -> tuple[Tensor, ...]: ...
@overload
def nonzero(input: TensorLike, *, as_tuple: bool) -> Tensor | tuple[Tensor, ...]: ...
def nonzero(input: TensorLike, *, as_tuple: bool = False) -> Tensor | tuple[Tensor, ...]:
    """Gives a row of positions (int64) for each element that is not zero.

    With `as_tuple` a vector for each axis, which can stand between brackets. How many there are
    depends on the elements.
    """
    x = _views.given(input)
    if as_tuple and x.ndim == 0:
        x = _ops.unsqueeze(x, 0)
    rows = _call.one("nonzero", x._lowered())
    return _views.unbind(rows, 1) if as_tuple else rows


def argwhere(input: TensorLike) -> Tensor:
    """Gives a row of positions (int64) for each element that is not zero."""
    return nonzero(input)


def scatter(
    input: TensorLike,
    dim: int,
    index: TensorLike,
    src: TensorLike | None = None,
    *,
    value: float | None = None,
    reduce: Literal["add", "multiply"] | None = None,
) -> Tensor:
    """Gives the tensor with `src`, or the number `value`, at positions along an axis.

    Where a position is named twice, the last one written stays.
    """
    if (src is None) == (value is None):
        raise fault("bad-argument", "`scatter`: takes `src` or `value`")
    source = _call.operand(value if src is None else src)  # type: ignore[arg-type]
    args = (_call.tensor(input), dim, _call.tensor(index))
    if reduce is None:
        return _call.one("scatter", *args, source)
    words = {"add": "sum", "multiply": "prod"}
    if reduce not in words:
        raise fault("bad-argument", f"`reduce` must be add or multiply, got `{reduce}`")
    if isinstance(source, int | float):
        like = _views.given(input)
        filled = _ops.full_like(_ops.gather(like, dim, index), source)
        return _call.one("scatter_reduce", *args, filled._lowered(), words[reduce], True)
    return _call.one("scatter_reduce", *args, source, words[reduce], True)


def one_hot(input: TensorLike, num_classes: int = -1) -> Tensor:
    """Gives 1 at each class (int64) and 0 elsewhere, along a new last axis.

    How many classes there are can only be left out where the elements are known.
    """
    x = _views.given(input)
    if num_classes == -1:
        if x.is_symbolic:
            message = "`one_hot`: how many classes there are depends on the elements"
            raise fault("bad-argument", message, "give `num_classes`")
        if x.numel() == 0:
            message = "`one_hot`: an empty tensor does not say how many classes there are"
            raise fault("bad-argument", message, "give `num_classes`")
        num_classes = int(x.amax().item()) + 1
    return _call.one("one_hot", x._lowered(), num_classes)


def repeat_interleave(
    input: TensorLike,
    repeats: TensorLike,
    dim: int | None = None,
    *,
    output_size: int | None = None,
) -> Tensor:
    """Repeats each element, or each slice along an axis, in a row.

    Repeats that belong to a trace need `output_size`, their sum.
    """
    counts = _call.operand(repeats)
    if output_size is None and not isinstance(counts, int | float):
        known = _views.given(repeats)
        x = _views.given(input)
        if not known.is_symbolic:
            n = x.numel() if dim is None else _views.length(x, dim)[1]
            each = np.asarray(known)
            output_size = int(each.sum()) * (n if each.size == 1 else 1)
    return _call.one("repeat_interleave", _call.tensor(input), counts, dim, output_size)


def unique(
    input: TensorLike,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """Gives the distinct elements, or slices along an axis, in rising order.

    Also where each element went and how often each stood there, when asked for: then a tuple. How
    many there are depends on the elements.
    """
    return _asked("unique", input, return_inverse, return_counts, dim)


def unique_consecutive(
    input: TensorLike,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """Drops elements, or slices along an axis, that equal the one before.

    Also where each element went and how often each stood there, when asked for: then a tuple. How
    many are left depends on the elements.
    """
    return _asked("unique_consecutive", input, return_inverse, return_counts, dim)


def _asked(name: str, input: TensorLike, inverse: bool, counts: bool, dim: int | None) -> Any:
    found = _call.several(OutputInverseIndicesCounts, name, _call.tensor(input), dim)
    if not inverse and not counts:
        return found.output
    asked: Sequence[bool] = (True, inverse, counts)
    return tuple(part for part, wanted in zip(found, asked, strict=True) if wanted)


class Places(Shapes):
    """Methods that find, take and write places."""

    __slots__ = ()

    @overload
    def nonzero(self, *, as_tuple: Literal[False] = False) -> Tensor: ...
    @overload
    def nonzero(self, *, as_tuple: Literal[True]) -> tuple[Tensor, ...]: ...
    def nonzero(self, *, as_tuple: bool = False) -> Tensor | tuple[Tensor, ...]:
        """Gives a row of positions (int64) for each element that is not zero.

        With `as_tuple` a vector for each axis. How many there are depends on the elements.
        """
        return nonzero(self, as_tuple=as_tuple)

    def argwhere(self) -> Tensor:
        """Gives a row of positions (int64) for each element that is not zero."""
        return nonzero(self)

    def scatter(
        self,
        dim: int,
        index: TensorLike,
        src: TensorLike | None = None,
        *,
        value: float | None = None,
        reduce: Literal["add", "multiply"] | None = None,
    ) -> Tensor:
        """Gives the tensor with `src`, or the number `value`, at positions along an axis."""
        return scatter(self, dim, index, src, value=value, reduce=reduce)

    def scatter_(
        self,
        dim: int,
        index: TensorLike,
        src: TensorLike | None = None,
        *,
        value: float | None = None,
        reduce: Literal["add", "multiply"] | None = None,
    ) -> Tensor:
        """Does `scatter` in place: a write to this tensor."""
        return self._update(scatter(self, dim, index, src, value=value, reduce=reduce))

    def repeat_interleave(
        self, repeats: TensorLike, dim: int | None = None, *, output_size: int | None = None
    ) -> Tensor:
        """Repeats each element, or each slice along an axis, in a row."""
        return repeat_interleave(self, repeats, dim, output_size=output_size)

    def unique(
        self,
        sorted: bool = True,
        return_inverse: bool = False,
        return_counts: bool = False,
        dim: int | None = None,
    ) -> Any:
        """Gives the distinct elements, or slices along an axis, in rising order."""
        return unique(self, sorted, return_inverse, return_counts, dim)

    def unique_consecutive(
        self, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
    ) -> Any:
        """Drops elements, or slices along an axis, that equal the one before."""
        return unique_consecutive(self, return_inverse, return_counts, dim)
