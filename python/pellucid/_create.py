"""Tensors from numbers alone, where PyTorch's form is not the row's: `zeros(2, 3)`, `arange(5)`.

Inside a trace they are lines of it, and have no elements yet; outside they are concrete.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pellucid import _call
from pellucid._call import TensorLike

if TYPE_CHECKING:
    from pellucid.dtype import DType
    from pellucid.tensor import Tensor

__all__ = ["arange", "empty", "empty_like", "ones", "zeros"]


def zeros(*size: int | Sequence[int], dtype: Any = None) -> Tensor:
    """Gives a tensor filled with 0, of float32 by default; `zeros(2, 3)` or `zeros((2, 3))`."""
    return _call.create("zeros", lengths(size), _call.dtype_name(dtype))


def ones(*size: int | Sequence[int], dtype: Any = None) -> Tensor:
    """Gives a tensor filled with 1, of float32 by default; `ones(2, 3)` or `ones((2, 3))`."""
    return _call.create("ones", lengths(size), _call.dtype_name(dtype))


def empty(*size: int | Sequence[int], dtype: Any = None) -> Tensor:
    """Gives a tensor to be written to; it holds 0, so that a trace always gives the same."""
    return zeros(*size, dtype=dtype)


def empty_like(input: TensorLike, dtype: Any = None) -> Tensor:
    """Gives a tensor of the input's shape to be written to, filled with 0."""
    return _call.one("zeros_like", _call.tensor(input), _call.dtype_name(dtype))


def arange(start: float, end: float | None = None, step: float = 1, dtype: Any = None) -> Tensor:
    """Counts from `start` (0 if only `end` is given) by `step`, `end` not reached.

    int64 if all of them are integers, else float32.
    """
    if end is None:
        start, end = 0, start
    return _call.create("arange", start, end, step, _call.dtype_name(dtype))


class New:
    """Methods that make a tensor of this one's dtype."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def dtype(self) -> DType: ...

    def new_zeros(self, *size: int | Sequence[int], dtype: Any = None) -> Tensor:
        """Gives a tensor filled with 0, of this one's dtype by default."""
        return zeros(*size, dtype=dtype or self.dtype)

    def new_ones(self, *size: int | Sequence[int], dtype: Any = None) -> Tensor:
        """Gives a tensor filled with 1, of this one's dtype by default."""
        return ones(*size, dtype=dtype or self.dtype)

    def new_empty(self, *size: int | Sequence[int], dtype: Any = None) -> Tensor:
        """Gives a tensor to be written to, filled with 0, of this one's dtype by default."""
        return zeros(*size, dtype=dtype or self.dtype)

    def new_full(self, size: Sequence[int], fill_value: TensorLike, dtype: Any = None) -> Tensor:
        """Gives a tensor filled with one number, of this one's dtype by default."""
        name = _call.dtype_name(dtype or self.dtype)
        return _call.create("full", _call.ints(size), _call.operand(fill_value), name)

    def new_tensor(self, data: TensorLike, dtype: Any = None) -> Tensor:
        """Gives a tensor of numbers or (nested) lists, of this one's dtype by default."""
        from pellucid._containers import tensor  # which is built on this module

        return tensor(data, dtype or self.dtype)


def lengths(given: tuple[int | Sequence[int], ...]) -> list[int]:
    """`(2, 3)` of `f(2, 3)` and `f((2, 3))`."""
    if len(given) == 1 and not hasattr(given[0], "__index__"):
        return [int(n) for n in given[0]]
    return [int(n) for n in given]  # type: ignore[arg-type]
