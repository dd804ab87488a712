"""Reductions that PyTorch calls in several ways: `max()`, `max(dim)`, `std(unbiased=False)`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast, overload

import numpy as np

from pellucid import _call, _ops
from pellucid._call import TensorLike
from pellucid._ops import StdMean, ValuesIndices, VarMean
from pellucid.errors import fault

if TYPE_CHECKING:
    from pellucid.tensor import Tensor

__all__ = ["max", "median", "min", "nanmedian", "std", "std_mean", "var", "var_mean"]

Dims: TypeAlias = "int | Sequence[int] | None"


@overload
def max(input: TensorLike) -> Tensor: ...
@overload
def max(input: TensorLike, dim: int, keepdim: bool = False) -> ValuesIndices: ...
@overload
def max(input: TensorLike, dim: TensorLike) -> Tensor: ...
def max(input: TensorLike, dim: Any = None, keepdim: bool = False) -> Any:
    """Gives the largest element; with `dim`, those along an axis and their positions; with
    another tensor in its place, the larger of each two.
    """
    return _extreme("max", input, dim, keepdim)


@overload
def min(input: TensorLike) -> Tensor: ...
@overload
def min(input: TensorLike, dim: int, keepdim: bool = False) -> ValuesIndices: ...
@overload
def min(input: TensorLike, dim: TensorLike) -> Tensor: ...
def min(input: TensorLike, dim: Any = None, keepdim: bool = False) -> Any:
    """Gives the smallest element; with `dim`, those along an axis and their positions; with
    another tensor in its place, the smaller of each two.
    """
    return _extreme("min", input, dim, keepdim)


@overload
def median(input: TensorLike) -> Tensor: ...
@overload
def median(input: TensorLike, dim: int, keepdim: bool = False) -> ValuesIndices: ...
def median(input: TensorLike, dim: Any = None, keepdim: bool = False) -> Any:
    """Gives the median of all elements, the lower of two; with `dim`, those along an axis and
    their positions. NaN wins.
    """
    return _middle("median", input, dim, keepdim)


@overload
def nanmedian(input: TensorLike) -> Tensor: ...
@overload
def nanmedian(input: TensorLike, dim: int, keepdim: bool = False) -> ValuesIndices: ...
def nanmedian(input: TensorLike, dim: Any = None, keepdim: bool = False) -> Any:
    """Gives the median of what is not NaN, the lower of two; with `dim`, those along an axis
    and their positions.
    """
    return _middle("nanmedian", input, dim, keepdim)


def var(
    input: TensorLike,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: int | None = None,
) -> Tensor:
    """Takes the variance, divided by n - `correction`: 1, or 0 if `unbiased` is false."""
    args = _spread(input, dim, unbiased, keepdim, correction)
    return _call.one("var", *args)


def std(
    input: TensorLike,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: int | None = None,
) -> Tensor:
    """Takes the standard deviation, with n - `correction`: 1, or 0 if `unbiased` is false."""
    args = _spread(input, dim, unbiased, keepdim, correction)
    return _call.one("std", *args)


def var_mean(
    input: TensorLike,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: int | None = None,
) -> VarMean:
    """Gives the variance, as `var` does, and the mean."""
    args = _spread(input, dim, unbiased, keepdim, correction)
    return _call.several(VarMean, "var_mean", *args)


def std_mean(
    input: TensorLike,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: int | None = None,
) -> StdMean:
    """Gives the standard deviation, as `std` does, and the mean."""
    args = _spread(input, dim, unbiased, keepdim, correction)
    return _call.several(StdMean, "std_mean", *args)


class Reductions:
    """The same as methods."""

    __slots__ = ()

    @overload
    def max(self) -> Tensor: ...
    @overload
    def max(self, dim: int, keepdim: bool = False) -> ValuesIndices: ...
    @overload
    def max(self, dim: TensorLike) -> Tensor: ...
    def max(self, dim: Any = None, keepdim: bool = False) -> Any:
        """Gives the largest element; with `dim`, those along an axis and their positions; with
        another tensor in its place, the larger of each two.
        """
        return _extreme("max", cast(TensorLike, self), dim, keepdim)

    @overload
    def min(self) -> Tensor: ...
    @overload
    def min(self, dim: int, keepdim: bool = False) -> ValuesIndices: ...
    @overload
    def min(self, dim: TensorLike) -> Tensor: ...
    def min(self, dim: Any = None, keepdim: bool = False) -> Any:
        """Gives the smallest element; with `dim`, those along an axis and their positions; with
        another tensor in its place, the smaller of each two.
        """
        return _extreme("min", cast(TensorLike, self), dim, keepdim)

    @overload
    def median(self) -> Tensor: ...
    @overload
    def median(self, dim: int, keepdim: bool = False) -> ValuesIndices: ...
    def median(self, dim: Any = None, keepdim: bool = False) -> Any:
        """Gives the median of all elements, the lower of two; with `dim`, those along an axis and
        their positions. NaN wins.
        """
        return _middle("median", cast(TensorLike, self), dim, keepdim)

    @overload
    def nanmedian(self) -> Tensor: ...
    @overload
    def nanmedian(self, dim: int, keepdim: bool = False) -> ValuesIndices: ...
    def nanmedian(self, dim: Any = None, keepdim: bool = False) -> Any:
        """Gives the median of what is not NaN, the lower of two; with `dim`, those along an axis
        and their positions.
        """
        return _middle("nanmedian", cast(TensorLike, self), dim, keepdim)

    def var(
        self,
        dim: Dims = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: int | None = None,
    ) -> Tensor:
        """Takes the variance, divided by n - `correction`: 1, or 0 if `unbiased` is false."""
        args = _spread(cast(TensorLike, self), dim, unbiased, keepdim, correction)
        return _call.one("var", *args)

    def std(
        self,
        dim: Dims = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: int | None = None,
    ) -> Tensor:
        """Takes the standard deviation, with n - `correction`: 1, or 0 if `unbiased` is false."""
        args = _spread(cast(TensorLike, self), dim, unbiased, keepdim, correction)
        return _call.one("std", *args)

    def var_mean(
        self,
        dim: Dims = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: int | None = None,
    ) -> VarMean:
        """Gives the variance, as `var` does, and the mean."""
        args = _spread(cast(TensorLike, self), dim, unbiased, keepdim, correction)
        return _call.several(VarMean, "var_mean", *args)

    def std_mean(
        self,
        dim: Dims = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: int | None = None,
    ) -> StdMean:
        """Gives the standard deviation, as `std` does, and the mean."""
        args = _spread(cast(TensorLike, self), dim, unbiased, keepdim, correction)
        return _call.several(StdMean, "std_mean", *args)


def _extreme(name: str, input: TensorLike, dim: Any, keepdim: bool) -> Tensor | ValuesIndices:
    if dim is None:
        return (_ops.amax if name == "max" else _ops.amin)(input)
    if isinstance(dim, int | np.integer):
        return _call.several(ValuesIndices, name, _call.tensor(input), dim, keepdim)
    return (_ops.maximum if name == "max" else _ops.minimum)(input, dim)


def _middle(name: str, input: TensorLike, dim: int | None, keepdim: bool) -> Tensor | ValuesIndices:
    given = _call.tensor(input)
    if dim is not None:
        return _call.several(ValuesIndices, name, given, dim, keepdim)
    if 0 in given.shape:
        return _ops.full([], math.nan, given.dtype)
    flat = _call.one("flatten", given, 0, -1)
    return _call.several(ValuesIndices, name, flat._lowered(), 0, False).values


def _spread(
    input: TensorLike,
    dim: Dims,
    unbiased: bool | None,
    keepdim: bool,
    correction: int | None,
) -> tuple[Any, ...]:
    """The row's arguments; `std(False)` means `unbiased`."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise fault("bad-argument", "`unbiased` and `correction` say the same", "give one of them")
    if correction is None:
        correction = 0 if unbiased is False else 1
    return _call.tensor(input), _call.ints(dim), correction, keepdim
