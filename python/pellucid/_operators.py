"""What `+`, `==`, `@` and `+=` do to tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pellucid import _ops
from pellucid._call import TensorLike
from pellucid.errors import fault

if TYPE_CHECKING:
    from pellucid.dtype import DType
    from pellucid.tensor import Tensor


class Operators(_ops.Ops):
    """Operators, each a row of the op table."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def dtype(self) -> DType: ...
        def _augmented(self, made: Tensor) -> Tensor: ...

    def __add__(self, other: TensorLike) -> Tensor:
        return _ops.add(self, other)

    def __radd__(self, other: TensorLike) -> Tensor:
        return _ops.add(other, self)

    def __sub__(self, other: TensorLike) -> Tensor:
        return _ops.sub(self, other)

    def __rsub__(self, other: TensorLike) -> Tensor:
        return _ops.sub(other, self)

    def __mul__(self, other: TensorLike) -> Tensor:
        return _ops.mul(self, other)

    def __rmul__(self, other: TensorLike) -> Tensor:
        return _ops.mul(other, self)

    def __truediv__(self, other: TensorLike) -> Tensor:
        return _ops.div(self, other)

    def __rtruediv__(self, other: TensorLike) -> Tensor:
        return _ops.div(other, self)

    def __pow__(self, other: TensorLike) -> Tensor:
        return _ops.pow(self, other)

    def __rpow__(self, other: TensorLike) -> Tensor:
        return _ops.pow(other, self)

    def __matmul__(self, other: TensorLike) -> Tensor:
        return _ops.matmul(self, other)

    def __rmatmul__(self, other: TensorLike) -> Tensor:
        return _ops.matmul(other, self)

    def __neg__(self) -> Tensor:
        return _ops.neg(self)

    def __abs__(self) -> Tensor:
        return _ops.abs(self)

    def __iadd__(self, other: TensorLike) -> Tensor:
        return self._augmented(_ops.add(self, other))

    def __isub__(self, other: TensorLike) -> Tensor:
        return self._augmented(_ops.sub(self, other))

    def __imul__(self, other: TensorLike) -> Tensor:
        return self._augmented(_ops.mul(self, other))

    def __itruediv__(self, other: TensorLike) -> Tensor:
        return self._augmented(_ops.div(self, other))

    def __ipow__(self, other: TensorLike) -> Tensor:
        return self._augmented(_ops.pow(self, other))

    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]
        return NotImplemented if other is None else _ops.eq(self, other)  # type: ignore[arg-type]

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]
        return NotImplemented if other is None else _ops.ne(self, other)  # type: ignore[arg-type]

    def __lt__(self, other: TensorLike) -> Tensor:
        return _ops.lt(self, other)

    def __le__(self, other: TensorLike) -> Tensor:
        return _ops.le(self, other)

    def __gt__(self, other: TensorLike) -> Tensor:
        return _ops.gt(self, other)

    def __ge__(self, other: TensorLike) -> Tensor:
        return _ops.ge(self, other)

    def __and__(self, other: TensorLike) -> Tensor:
        return _ops.logical_and(self._truth("&"), other)

    def __or__(self, other: TensorLike) -> Tensor:
        return _ops.logical_or(self._truth("|"), other)

    def __invert__(self) -> Tensor:
        return _ops.logical_not(self._truth("~"))

    __rand__ = __and__
    __ror__ = __or__

    __hash__ = object.__hash__  # by identity, since `==` gives a tensor

    def _truth(self, operator: str) -> Operators:
        if self.dtype == "bool":
            return self
        message = f"`{operator}` takes tensors of bool, got {self.dtype.name}"
        raise fault("dtype-mismatch", message, "comparisons give bool")
