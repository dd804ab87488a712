"""From Python arguments to the operations of the op table, and back.

A tensor that belongs to a trace makes the operation a line of the trace; concrete tensors alone
are computed at once. Numbers stay numbers, so that they never widen the other operand; arrays of
NumPy and PyTorch become constants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar, cast

import numpy as np

from pellucid import _native
from pellucid._location import Location, here
from pellucid.dtype import dtype
from pellucid.errors import fault

if TYPE_CHECKING:
    import numpy.typing as npt

    from pellucid.tensor import Tensor

Native: TypeAlias = "_native.Handle | _native.Array"
Several = TypeVar("Several", bound="tuple[Tensor, ...]")


class Base:
    """What a tensor is to its own operations."""

    __slots__ = ()

    _made: ClassVar[Callable[[Native, Location | None], Tensor]]
    """`Tensor`, which is built on this module and says so itself."""

    def _lowered(self) -> Native:
        raise AssertionError("a tensor says what stands for it")

    _value: Native

    def _used(self) -> Tensor:
        raise AssertionError("a tensor says whether it is used")

    def _update(self, made: Tensor) -> Tensor:
        raise AssertionError("a tensor says how it is written to")


TensorLike: TypeAlias = "Base | npt.ArrayLike"
"""A tensor of this package, NumPy or PyTorch, or (nested) lists of numbers."""

NO_GRAD: ContextVar[bool] = ContextVar("no_grad", default=False)
"""Whether what is recorded now lets no gradient through."""

SUPPORTED = {"bool": "bool", "uint8": "u8", "int32": "i32", "int64": "i64"} | {
    "float16": "f16",
    "float32": "f32",
    "float64": "f64",
}


def one(name: str, *args: Any) -> Tensor:
    """Applies an operation with one result."""
    at = here()
    value = _cut(_native.call(name, args, at)[0], at)
    watch((value,), at)
    return made(value, at)


def create(name: str, *args: Any) -> Tensor:
    """Makes a tensor from numbers alone: a line of the open trace if there is one, so that the
    elements are made where it runs, and the tensor can be written to.
    """
    from pellucid._current import open_recorder  # which is built on this module

    at = here()
    return made(_native.call(name, args, at, open_recorder())[0], at)


def several(kind: type[Several], name: str, *args: Any) -> Several:
    """Applies an operation with several results, which `kind` names."""
    at = here()
    values = [_cut(value, at) for value in _native.call(name, args, at)]
    watch(tuple(values), at)
    return kind(*[made(value, at) for value in values])


def _cut(value: Native, at: Location | None) -> Native:
    """The value, as one that lets no gradient through where `pl.no_grad` says so."""
    if not NO_GRAD.get() or isinstance(value, _native.Array):
        return value
    return cast("Native", _native.call("detach", (value,), at)[0])


def together(tensors: Iterable[Tensor]) -> tuple[Tensor, ...]:
    """Several results of one line, of which it is enough if one is used."""
    made = tuple(tensors)
    values = tuple(tensor._used()._value for tensor in made)
    watch(values, here())
    return made


def watch(values: tuple[Native, ...], at: Location | None) -> None:
    """Has the trace warn at its end if none of these values, made by one line, was used.

    What functions, branches and loops compute is used by what they give back.
    """
    for value in values:
        if not isinstance(value, _native.Handle):
            continue
        if not (value.recorder.n_bodies or value.recorder.is_live):
            value.recorder.unused.add(value, values, at)


def made(value: Native, at: Location | None) -> Tensor:
    """The tensor that stands for a value of the extension."""
    return Base._made(value, at)


def tensor(given: TensorLike) -> Native:
    """An argument that must be a tensor; a number is one without axes."""
    lowered = array(np.asarray(given)) if isinstance(given, np.generic) else operand(given)
    return array(numbers(lowered)) if isinstance(lowered, int | float) else lowered


def only(given: Any, what: str) -> Any:
    """The one value in arguments, `((value,), {})`, or `((), {"hidden_states": value})`."""
    pair = isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], dict)
    values = [*given[0], *given[1].values()] if pair and isinstance(given[0], tuple) else []
    if len(values) != 1:
        got = f"{len(values)} values" if values else f"a `{type(given).__name__}`"
        message = f"`{what}` is `((value,), {{}})`, one positional argument, got {got}"
        raise fault("bad-argument", message, "the value alone is `.input`")
    return values[0]


def operand(given: TensorLike) -> Native | float:
    """An argument that may be a tensor or a plain number."""
    if isinstance(given, Base):
        return given._lowered()
    if isinstance(given, bool | int | float):
        return given
    if isinstance(given, np.generic):
        return cast(float, given.item())
    if isinstance(given, np.ndarray):
        return array(given)
    if hasattr(given, "__dlpack__"):
        return from_dlpack(given)
    if isinstance(given, list | tuple | range):
        return stacked(given) if _has_tensors(given) else array(numbers(given))
    raise fault(
        "bad-argument",
        f"cannot make a tensor of a `{type(given).__name__}`",
        "tensors of this package, NumPy and PyTorch, numbers, and lists of numbers will do",
    )


def stacked(given: Sequence[Any]) -> Native:
    """Lists of tensors and numbers as one tensor; those in between become axes."""
    stack = _native.call("stack", (tensors(given), 0), here())
    return cast("Native", stack[0])


def _has_tensors(given: Sequence[Any]) -> bool:
    return any(
        isinstance(item, Base) or (isinstance(item, list | tuple) and _has_tensors(item))
        for item in given
    )


def optional(given: TensorLike | None) -> Native | float | None:
    """An argument that may be left out."""
    return None if given is None else operand(given)


def tensors(given: Sequence[TensorLike] | Tensor) -> list[Native]:
    """An argument that is a list of tensors."""
    return [tensor(item) for item in given]


def dtype_name(given: Any) -> str | None:
    """An argument that is an element type."""
    return None if given is None else dtype(given).short


def numbers(given: Any) -> np.ndarray[Any, Any]:
    """Numbers as an array: floats in single precision, integers in 64 bits, as PyTorch does."""
    try:
        made = np.asarray(given)
    except ValueError:
        message = "cannot make a tensor of lists of different lengths"
        raise fault("bad-argument", message) from None
    return made.astype(np.float32) if made.dtype == np.float64 else made


def array(given: np.ndarray[Any, Any]) -> _native.Array:
    """A copy of a NumPy array."""
    short = SUPPORTED.get(given.dtype.name)
    if short is None:
        known = ", ".join(SUPPORTED)
        message = f"cannot make a tensor of an array of `{given.dtype}`"
        raise fault("dtype-mismatch", message, f"the types are {known}")
    little = given.astype(given.dtype.newbyteorder("<"), copy=False)
    return _native.Array.from_bytes(short, list(given.shape), little.tobytes())


def from_dlpack(given: Any) -> _native.Array:
    """A copy of another library's tensor."""
    if getattr(given, "requires_grad", False):
        given = given.detach()
    return _native.Array.from_dlpack(given)


def ints(given: int | Sequence[int] | None) -> int | list[int] | None:
    """An argument that is an axis, several, or a shape."""
    return given if given is None or isinstance(given, int) else [int(n) for n in given]
