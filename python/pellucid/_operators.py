"""What `+`, `==`, `@` and `+=` do to tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pellucid import _ops
from pellucid._call import TensorLike

if TYPE_CHECKING:
    from pellucid.tensor import Tensor


class Operators(_ops.Ops):
    """Operators, each a row of the op table."""

    __slots__ = ()

    if TYPE_CHECKING:

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

    def __floordiv__(self, other: TensorLike) -> Tensor:
        return _ops.floor_divide(self, other)

    def __rfloordiv__(self, other: TensorLike) -> Tensor:
        return _ops.floor_divide(other, self)

    def __mod__(self, other: TensorLike) -> Tensor:
        return _ops.remainder(self, other)

    def __rmod__(self, other: TensorLike) -> Tensor:
        return _ops.remainder(other, self)

    def __pow__(self, other: TensorLike) -> Tensor:
        return _ops.pow(self, other)

    def __rpow__(self, other: TensorLike) -> Tensor:
        return _ops.pow(other, self)

    def __and__(self, other: TensorLike) -> Tensor:
        return _ops.bitwise_and(self, other)

    def __rand__(self, other: TensorLike) -> Tensor:
        return _ops.bitwise_and(other, self)

    def __or__(self, other: TensorLike) -> Tensor:
        return _ops.bitwise_or(self, other)

    def __ror__(self, other: TensorLike) -> Tensor:
        return _ops.bitwise_or(other, self)

    def __xor__(self, other: TensorLike) -> Tensor:
        return _ops.bitwise_xor(self, other)

    def __rxor__(self, other: TensorLike) -> Tensor:
        return _ops.bitwise_xor(other, self)

    def __lshift__(self, other: TensorLike) -> Tensor:
        return _ops.bitwise_left_shift(self, other)

    def __rlshift__(self, other: TensorLike) -> Tensor:
        return _ops.bitwise_left_shift(other, self)

    def __rshift__(self, other: TensorLike) -> Tensor:
        return _ops.bitwise_right_shift(self, other)

    def __rrshift__(self, other: TensorLike) -> Tensor:
        return _ops.bitwise_right_shift(other, self)

    def __matmul__(self, other: TensorLike) -> Tensor:
        return _ops.matmul(self, other)

    def __rmatmul__(self, other: TensorLike) -> Tensor:
        return _ops.matmul(other, self)

    def __neg__(self) -> Tensor:
        return _ops.neg(self)

    def __abs__(self) -> Tensor:
        return _ops.abs(self)

    def __pos__(self) -> Tensor:
        return _ops.clone(self)

    def __invert__(self) -> Tensor:
        return _ops.bitwise_not(self)

    def __iadd__(self, other: TensorLike) -> Tensor:
        return self._augmented(_ops.add(self, other))

    def __isub__(self, other: TensorLike) -> Tensor:
        return self._augmented(_ops.sub(self, other))

    def __imul__(self, other: TensorLike) -> Tensor:
        return self._augmented(_ops.mul(self, other))

    def __itruediv__(self, other: TensorLike) -> Tensor:
        return self._augmented(_ops.div(self, other))

    def __ifloordiv__(self, other: TensorLike) -> Tensor:
        return self._augmented(_ops.floor_divide(self, other))

    def __imod__(self, other: TensorLike) -> Tensor:
        return self._augmented(_ops.remainder(self, other))

    def __ipow__(self, other: TensorLike) -> Tensor:
        return self._augmented(_ops.pow(self, other))

    def __iand__(self, other: TensorLike) -> Tensor:
        return self._augmented(_ops.bitwise_and(self, other))

    def __ior__(self, other: TensorLike) -> Tensor:
        return self._augmented(_ops.bitwise_or(self, other))

    def __ixor__(self, other: TensorLike) -> Tensor:
        return self._augmented(_ops.bitwise_xor(self, other))

    def __ilshift__(self, other: TensorLike) -> Tensor:
        return self._augmented(_ops.bitwise_left_shift(self, other))

    def __irshift__(self, other: TensorLike) -> Tensor:
        return self._augmented(_ops.bitwise_right_shift(self, other))

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

    __hash__ = object.__hash__  # by identity, since `==` gives a tensor
