"""Linear algebra on batches of matrices: `pl.linalg.svd(h)`, with PyTorch's names and meaning.

Matrices stand in the last two axes, in float32 or float64. Each is worked on by itself, in double
precision, and rounded once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pellucid import _call, _linalg, _ops
from pellucid._call import TensorLike
from pellucid._linalg import *  # noqa: F403 - the table's names
from pellucid.errors import fault

if TYPE_CHECKING:
    from pellucid.tensor import Tensor

__all__ = ["logdet", "matrix_norm", "multi_dot", "norm", "vecdot"]
__all__ += _linalg.__all__

_ORDERS = {1: "1", -1: "-1", 2: "2", -2: "-2", math.inf: "inf", -math.inf: "-inf"}


def norm(
    A: TensorLike,
    ord: float | str | None = None,
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    dtype: Any = None,
) -> Tensor:
    """Takes the norm of vectors or, with two axes in `dim` or an `ord` for them, of matrices."""
    n_axes = len(_call.tensor(A).shape)
    if ord is None:
        return _linalg.vector_norm(A, 2, dim, keepdim, dtype)
    if dim is None and n_axes not in (1, 2):
        message = f"`linalg.norm`: `ord` without `dim` needs 1 or 2 axes, got {n_axes}"
        raise fault("bad-argument", message)
    axes = n_axes if dim is None else 1 if isinstance(dim, int) else len(dim)
    if axes == 2:
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype)
    if isinstance(ord, str):
        raise fault("bad-argument", f"`linalg.norm`: `{ord}` is an order of matrices, got one axis")
    return _linalg.vector_norm(A, ord, dim, keepdim, dtype)


def matrix_norm(
    A: TensorLike,
    ord: float | str = "fro",
    dim: int | Sequence[int] = (-2, -1),
    keepdim: bool = False,
    dtype: Any = None,
) -> Tensor:
    """Takes the norm of matrices in two axes.

    `"fro"` and `"nuc"`, or the largest (with minus the smallest) sum of a row (`inf`), of a column
    (`1`), or singular value (`2`).
    """
    word = ord if isinstance(ord, str) else _ORDERS.get(ord)
    if word is None:
        known = "fro, nuc, inf, -inf, 1, -1, 2, -2"
        raise fault(
            "bad-argument", f"`linalg.matrix_norm`: `ord` must be one of {known}, got `{ord}`"
        )
    lowered = _call.tensor(A), word, _call.ints(dim), keepdim, _call.dtype_name(dtype)
    return _call.one("linalg_matrix_norm", *lowered)


def logdet(A: TensorLike) -> Tensor:
    """Takes the logarithm of the determinant; NaN where that is negative."""
    sign, log = _linalg.slogdet(A)
    return _call.one("where", _ops.lt(sign, 0)._lowered(), math.nan, log._lowered())


def vecdot(x: TensorLike, y: TensorLike, dim: int = -1) -> Tensor:
    """Multiplies along an axis and adds up."""
    return _ops.sum(_ops.mul(x, y), dim)


def multi_dot(tensors: Sequence[TensorLike]) -> Tensor:
    """Multiplies matrices from left to right; the first and the last may be vectors."""
    if len(tensors) < 2:
        raise fault(
            "bad-argument", f"`linalg.multi_dot`: needs at least 2 tensors, got {len(tensors)}"
        )
    product = _ops.matmul(tensors[0], tensors[1])
    for other in tensors[2:]:
        product = _ops.matmul(product, other)
    return product
