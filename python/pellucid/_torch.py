"""`torch.foo(value)`: PyTorch hands its functions over when a tensor of this package is given.

A function is recorded as the operation of its name, and its arguments mean what they mean there.
Modules of PyTorch apply to values as well; their weights become constants of the trace. PyTorch
itself is never imported here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from pellucid import _call, _foreign
from pellucid._location import pass_over
from pellucid.errors import fault


def function(func: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What `func(*args, **named)` gives when one of its arguments is a tensor of this package."""
    if not _foreign.is_recorded((args, named)):
        return _by_torch(func, args, named)
    if (torch := sys.modules.get("torch")) is not None:
        pass_over(torch.__file__ or "")
    shown, name = names(func)
    if _writes(name, named) and not isinstance(args[0], _call.Base):
        message = f"`{shown}` cannot write a value of a trace into a tensor of PyTorch"
        raise fault("bad-argument", message, "`.save()` the value and write after the block")
    target = find(func, name)
    if target is None:
        if not _foreign.is_symbolic((args, named)):
            return _by_torch(func, args, named)
        raise _foreign.unknown(shown, name)
    if named.get("inplace") is True:
        target = find(func, f"{name}_") or target
        named = {key: value for key, value in named.items() if key != "inplace"}
    return _foreign.apply(shown, target, args, named)


def _by_torch(func: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What PyTorch itself makes of the elements."""
    return func(*_foreign.replaced(args, _copied), **_foreign.replaced(named, _copied))


def find(func: Any, name: str) -> Callable[..., Any] | None:
    """The function that stands for one of PyTorch, which has this name."""
    if name == "embedding" and getattr(func, "__module__", None) == "torch":
        return _embedding_of_weights
    is_method = "Tensor" in str(getattr(func, "__qualname__", ""))
    return _BY_HAND.get(name) or _foreign.find(name, is_method=is_method)


def names(func: Any) -> tuple[str, str]:
    """How a user writes a function of PyTorch, and the name to look for."""
    name = str(getattr(func, "__name__", func))
    module = str(getattr(func, "__module__", None))
    if name in ("fn", "__get__"):  # functions and properties that PyTorch builds by wrapping
        resolved = sys.modules["torch.overrides"].resolve_name(func) or name
        return resolved, resolved.removesuffix(".__get__").rpartition(".")[2]
    for space in ("linalg", "special", "fft"):
        if name.startswith(f"{space}_"):
            plain = name.removeprefix(f"{space}_")
            return f"torch.{space}.{plain}", plain if space == "special" else name
    if module in ("torch.nn.functional", "torch._C._nn"):
        return f"torch.nn.functional.{name}", name
    if "Tensor" in str(getattr(func, "__qualname__", "")):
        return f"torch.Tensor.{name}", name
    return f"torch.{name}", name


def _writes(name: str, named: dict[str, Any]) -> bool:
    is_in_place = name.endswith("_") and not name.endswith("__")
    return is_in_place or name == "__setitem__" or named.get("inplace") is True


def _copied(tensor: Any) -> Any:
    """A tensor of PyTorch; a copy, since PyTorch knows no read-only memory."""
    return sys.modules["torch"].from_dlpack(tensor).clone()


# Where PyTorch's arguments are not those of the row, or the name is a way to write an operator.


def _extremum(name: str) -> Callable[..., Any]:
    def extremum(input: Any, dim: Any = None, keepdim: bool = False, other: Any = None) -> Any:
        if other is not None or not isinstance(dim, int | None):
            other = dim if other is None else other
            return _row("maximum" if name == "max" else "minimum")(input, other)
        return getattr(_foreign.own(input), name)(dim, keepdim)

    return extremum


def _spread(name: str) -> Callable[..., Any]:
    def spread(
        input: Any,
        dim: Any = None,
        unbiased: bool = True,
        keepdim: bool = False,
        correction: int | None = None,
    ) -> Any:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        if correction is None:
            correction = int(unbiased)
        return _row(name)(input, dim, correction=correction, keepdim=keepdim)

    return spread


def _norm(input: Any, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Any:
    """`"fro"` is PyTorch's word for 2."""
    return _row("norm")(input, 2 if p in ("fro", None) else p, dim, keepdim)


def _dropout(input: Any, p: float = 0.5, training: bool = True) -> Any:
    """Identity, as in a model that is not trained."""
    if training and p > 0:
        message = "`dropout` in training mode is random"
        help = "`module.eval()` first, or `pl.bernoulli` with a seed"
        raise fault("bad-argument", message, help)
    return input


def _embedding_of_weights(weight: Any, indices: Any) -> Any:
    """`torch.embedding`: the arguments of `functional.embedding` the other way round."""
    return _foreign.own(weight)[indices]


def _embedding(input: Any, weight: Any, padding_idx: int | None = None, **named: Any) -> Any:
    """Rows of `weight`; `padding_idx` matters to training alone."""
    if named.get("max_norm") is not None:
        message = "`embedding` with `max_norm` writes to its weights"
        raise fault("bad-argument", message, "normalize the weights first")
    return _row("embedding")(input, weight)


def _row(name: str) -> Callable[..., Any]:
    found = _foreign.find(name)
    if found is None:
        raise _foreign.unknown(name, name)
    return found


def _operator(name: str) -> Callable[..., Any]:
    return lambda first, *rest: getattr(_foreign.own(first), name)(*rest)


_OPERATORS = (
    *("__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__neg__"),
    *("__truediv__", "__rtruediv__", "__floordiv__", "__rfloordiv__", "__mod__"),
    *("__pow__", "__rpow__", "__matmul__", "__rmatmul__", "__getitem__", "__setitem__"),
    *("__and__", "__or__", "__xor__", "__invert__", "__lshift__", "__rshift__", "__len__"),
)

_BY_HAND: dict[str, Callable[..., Any]] = {
    **{name: _operator(name) for name in _OPERATORS},
    "dropout": _dropout,
    "embedding": _embedding,
    "max": _extremum("max"),
    "min": _extremum("min"),
    "norm": _norm,
    "std": _spread("std"),
    "var": _spread("var"),
}
