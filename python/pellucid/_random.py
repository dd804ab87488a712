"""Random tensors: the same numbers for the same seed and shape, wherever they are made.

Inside a trace they are lines of it, and have no elements yet; outside they are concrete.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from pellucid import _call
from pellucid._call import TensorLike
from pellucid._lengths import lengths
from pellucid._shapes import Lengths
from pellucid.errors import fault

if TYPE_CHECKING:
    from pellucid.tensor import Tensor

__all__ = ["normal", "rand", "randint", "randn", "randperm"]


def rand(*size: Lengths, seed: int | None = None, dtype: Any = None) -> Tensor:
    """Draws numbers evenly from 0 up to 1; `seed` must be given."""
    return _call.create("rand", lengths(size), seed, _call.dtype_name(dtype))


def randn(*size: Lengths, seed: int | None = None, dtype: Any = None) -> Tensor:
    """Draws from the normal distribution of mean 0 and variance 1; `seed` must be given."""
    return _call.create("randn", lengths(size), seed, _call.dtype_name(dtype))


@overload
def randint(
    high: int, size: Sequence[int], /, *, seed: int | None = None, dtype: Any = None
) -> Tensor: ...
@overload
def randint(
    low: int, high: int, size: Sequence[int], *, seed: int | None = None, dtype: Any = None
) -> Tensor: ...
def randint(
    *given: Any,
    low: int | None = None,
    high: int | None = None,
    size: Sequence[int] | None = None,
    seed: int | None = None,
    dtype: Any = None,
) -> Tensor:
    """Draws integers evenly from `low` (0 if left out) up to and without `high`.

    `randint(high, size)` or `randint(low, high, size)`; `seed` must be given.
    """
    left = list(given)
    size = left.pop() if size is None and left else size
    high = left.pop() if high is None and left else high
    low = left.pop() if low is None and left else low
    if left or high is None or size is None:
        raise fault("bad-argument", "`randint`: takes `high, size` or `low, high, size`")
    return _call.create("randint", low or 0, high, lengths((size,)), seed, _call.dtype_name(dtype))


def randperm(n: int, *, seed: int | None = None, dtype: Any = None) -> Tensor:
    """Gives 0 to `n` - 1 in random order; `seed` must be given."""
    return _call.create("randperm", n, seed, _call.dtype_name(dtype))


def normal(
    mean: TensorLike, std: TensorLike, size: Sequence[int] | None = None, *, seed: int | None = None
) -> Tensor:
    """Draws from normal distributions of these means and standard deviations.

    Two numbers go with a `size`; `seed` must be given.
    """
    args = (_call.operand(mean), _call.operand(std), _call.ints(size), seed)
    numbers = all(isinstance(arg, int | float) for arg in args[:2])
    return _call.create("normal", *args) if numbers else _call.one("normal", *args)
