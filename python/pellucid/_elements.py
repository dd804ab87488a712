"""The elements of tensors, as Python, NumPy, PyTorch and the libraries upon them read them.

Concrete tensors are arrays to all of these. A symbolic tensor has no elements: what needs one
raises at the user's line and says how to write it instead.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid import _native, _numpy, _torch
from pellucid._location import Location, here
from pellucid._operators import Operators
from pellucid.dtype import DType, bfloat16
from pellucid.errors import fault

AFTERWARDS = "or `.save()` it and look after the block"


class Elements(Operators):
    """What reads elements."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def is_symbolic(self) -> builtins.bool: ...
        @property
        def shape(self) -> tuple[builtins.int, ...]: ...
        @property
        def dtype(self) -> DType: ...
        def numel(self) -> builtins.int: ...

        _at: Location | None

        def reshape(self, *shape: Any) -> Any: ...

    def numpy(self) -> np.ndarray[Any, Any]:
        """The elements as a NumPy array.

        The memory is this tensor's, and read-only. NumPy has no bfloat16: such elements are
        copied to float32, which holds each of them exactly.
        """
        array = self._array()
        if self.dtype == bfloat16:
            array = _native.call("to", (array, "f32"), here())[0]
        return np.asarray(array)

    def tolist(self) -> Any:
        """The elements as (nested) lists."""
        return self.numpy().tolist()

    def item(self) -> Any:
        """The only element as a Python number; inside a trace, as a value without axes."""
        if self.numel() != 1:
            message = f"a tensor of shape {list(self.shape)} has {self.numel()} elements, not one"
            raise fault("bad-argument", message, "`.tolist()` gives all of them")
        if self.is_symbolic:
            self._lowered()  # raises what is wrong with a value that was not saved
            return self.reshape(()) if self.shape else self
        return self.numpy().item()

    # Python.

    def __bool__(self) -> builtins.bool:
        if self.is_symbolic:
            help = (
                "`pl.where` chooses by elements, `pl.cond` between computations, "
                f"`pl.while_loop` repeats one; {AFTERWARDS}"
            )
            raise self._unknown("the truth of", help)
        return builtins.bool(self.item())

    def __float__(self) -> builtins.float:
        return builtins.float(self._number("float(...)"))

    def __int__(self) -> builtins.int:
        return builtins.int(self._number("int(...)"))

    def __complex__(self) -> builtins.complex:
        return builtins.complex(self._number("complex(...)"))

    def __index__(self) -> builtins.int:
        if self.dtype.is_floating_point:
            raise TypeError(f"a {self.dtype.name} tensor cannot be an index")
        return builtins.int(self._number("range(...)"))

    def __round__(self, ndigits: builtins.int | None = None) -> Any:
        if self.is_symbolic:
            return self.round() if not ndigits else (self * 10**ndigits).round() / 10**ndigits
        return builtins.round(self.item(), ndigits)

    def __contains__(self, item: Any) -> builtins.bool:
        if self.is_symbolic or getattr(item, "is_symbolic", False):
            help = f"`(value == x).any()` is a value that says so; {AFTERWARDS}"
            raise self._unknown("what stands in", help)
        return item in self.numpy()

    def __format__(self, spec: str) -> str:
        if not spec:
            return repr(self)
        if self.is_symbolic:
            self._lowered()  # raises what is wrong with a value that was not saved
            return repr(self)
        return format(self.item(), spec)

    # Other libraries.

    def __array__(
        self,
        dtype: Any = None,
        copy: builtins.bool | None = None,
    ) -> np.ndarray[Any, Any]:
        array = self.numpy()
        if copy is False and (
            self.dtype == bfloat16 or (dtype is not None and dtype != array.dtype)
        ):
            raise ValueError(f"a {self.dtype.name} tensor cannot be read as {dtype} without a copy")
        return np.array(array, dtype=dtype) if copy else np.asarray(array, dtype=dtype)

    def __array_ufunc__(self, func: Any, method: str, *inputs: Any, **named: Any) -> Any:
        return _numpy.ufunc(func, method, inputs, named)

    def __array_function__(self, func: Any, types: Any, args: Any, named: Any) -> Any:
        return _numpy.function(func, args, named)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), named: Any = None) -> Any:
        return _torch.function(func, tuple(args), named or {})

    def __dlpack__(self, **options: Any) -> Any:
        return self._array().__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[builtins.int, builtins.int]:
        return self._array().__dlpack_device__()

    # Without elements.

    def _waits(self) -> None:
        """Raises what is wrong with looking at a value whose session has not ended."""
        value = self._value
        if isinstance(value, _native.Handle) and value.recorder.is_pending:
            raise value.recorder.without_elements(self._at, None)

    def _array(self) -> _native.Array:
        self._waits()
        value = self._lowered()
        if isinstance(value, _native.Array):
            return value
        if value.recorder.has_elements:
            return value.recorder.elements(value, here())
        help = (
            "`pl` and the methods of the value compute inside the block, as do functions of "
            f"NumPy and PyTorch called on it; {AFTERWARDS}"
        )
        raise self._unknown("the elements of", help)

    def _number(self, wanted: str) -> Any:
        if self.is_symbolic:
            help = (
                f"compute with the value itself, which is a tensor, instead of `{wanted}`: "
                "`value.sqrt()`, `h[value]`, `pl.while_loop`; " + AFTERWARDS
            )
            raise self._unknown("the number in", help)
        return self.item()

    def _unknown(self, what: str, help: str) -> Exception:
        self._waits()
        self._lowered()  # raises what is wrong with a value that was not saved
        known = f"{self.dtype.name}{list(self.shape)}"
        message = f"{what} a value ({known}) cannot be known while its trace is recorded"
        return fault("not-concrete", message, help)
