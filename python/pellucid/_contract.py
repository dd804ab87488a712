"""Sums along named or paired axes, where PyTorch's form is not the row's: `einsum`, `tensordot`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from pellucid import _call, linalg
from pellucid._call import TensorLike
from pellucid.errors import fault

if TYPE_CHECKING:
    from pellucid.tensor import Tensor

__all__ = ["einsum", "logdet", "tensordot"]


def einsum(equation: str, *operands: TensorLike | Sequence[TensorLike]) -> Tensor:
    """Sums products along named axes: `einsum("bij,bjk->bik", x, y)`.

    `...` stands for axes without a name, and an axis that one operand names twice for its diagonal.
    """
    listed = (
        operands[0] if len(operands) == 1 and isinstance(operands[0], list | tuple) else operands
    )
    tensors = cast("Sequence[TensorLike]", listed)
    return _call.one("einsum", equation, _call.tensors(tensors))


def tensordot(a: TensorLike, b: TensorLike, dims: int | Sequence[Sequence[int]] = 2) -> Tensor:
    """Multiplies along pairs of axes and adds up.

    `dims` is how many of the last axes of `a` meet as many of the first axes of `b`, or two lists
    of axes.
    """
    first = _call.tensor(a)
    if isinstance(dims, int):
        n = len(first.shape)
        if not 0 <= dims <= n:
            message = (
                f"`tensordot`: `dims` must be 0 to {n} for shape {list(first.shape)}, got {dims}"
            )
            raise fault("bad-argument", message)
        dims = (range(n - dims, n), range(dims))
    pairs = [[axes] if isinstance(axes, int) else list(axes) for axes in dims]
    if len(pairs) != 2:
        raise fault("bad-argument", f"`tensordot`: `dims` must be two lists, got {len(pairs)}")
    return _call.one("tensordot", first, _call.tensor(b), pairs[0], pairs[1])


def logdet(input: TensorLike) -> Tensor:
    """Takes the logarithm of the determinant; NaN where that is negative."""
    return linalg.logdet(input)
