"""Functions of PyTorch and NumPy on tensors of this package: what both have in common.

With a symbolic tensor among its arguments, a function of another library is recorded as the
operation of that name. Concrete tensors alone are arrays like any other: the library that was
called computes, and gives its own kind of array.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any, cast

from pellucid import _call, _native
from pellucid.errors import fault

if TYPE_CHECKING:
    from pellucid.tensor import Tensor

ALIASES = {
    "absolute": "abs",
    "adjoint": "mH",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "clip": "clamp",
    "concat": "cat",
    "concatenate": "cat",
    "det": "linalg_det",
    "divide": "div",
    "expit": "sigmoid",
    "fix": "trunc",
    "gammaln": "lgamma",
    "ger": "outer",
    "greater": "gt",
    "greater_equal": "ge",
    "inverse": "linalg_inv",
    "less": "lt",
    "less_equal": "le",
    "log_sigmoid": "logsigmoid",
    "logdet": "linalg_logdet",
    "matrix_exp": "linalg_matrix_exp",
    "matrix_power": "linalg_matrix_power",
    "moveaxis": "movedim",
    "multiply": "mul",
    "negative": "neg",
    "not_equal": "ne",
    "pinverse": "linalg_pinv",
    "psi": "digamma",
    "row_stack": "vstack",
    "slogdet": "linalg_slogdet",
    "subtract": "sub",
    "swapaxes": "transpose",
    "swapdims": "transpose",
    "true_divide": "div",
}
"""Second names of operations."""

RENAMED = {
    "axis": "dim",
    "axes": "dims",
    "keepdims": "keepdim",
    "fill_value": "value",
}
"""Other libraries' names of parameters, where an operation does not have them itself."""

OPERANDS = (
    {"input", "self", "a", "A", "x", "x1", "input1"},
    {"other", "b", "B", "x2", "input2", "mat2", "vec2", "tensor"},
)
"""Names of the first tensor, and of the second."""

IGNORED = {"_stacklevel", "layout", "memory_format", "non_blocking", "pin_memory", "generator"}
"""Parameters that change nothing here."""

NOT_OPERATIONS = {"cond", "function", "load_trace", "on_log", "save", "tensor", "while_loop"}
"""Functions of this package whose names mean something else to other libraries."""


def is_symbolic(given: Any) -> bool:
    """True when a tensor without elements is among arguments, in lists and dictionaries too."""
    return any(not handle.recorder.has_elements for handle in handles(given))


def handles(given: Any) -> Iterator[_native.Handle]:
    """What stands for values of traces among arguments, in lists and dictionaries too."""
    if isinstance(given, _call.Base):
        if isinstance(given._value, _native.Handle):
            yield given._value
    elif isinstance(given, list | tuple):
        for item in given:
            yield from handles(item)
    elif isinstance(given, dict):
        for item in given.values():
            yield from handles(item)


def is_recorded(given: Any) -> bool:
    """True when a value of a trace is among arguments, live or not."""
    return next(handles(given), None) is not None


def replaced(given: Any, by: Callable[[Any], Any]) -> Any:
    """The same arguments with `by(tensor)` for every tensor of this package."""
    if isinstance(given, _call.Base):
        return by(given)
    if isinstance(given, list):
        return [replaced(item, by) for item in given]
    if type(given) is tuple:
        return tuple(replaced(item, by) for item in given)
    if isinstance(given, dict):
        return {name: replaced(item, by) for name, item in given.items()}
    return given


@cache
def find(name: str, *, is_method: bool = False) -> Callable[..., Any] | None:
    """The function that stands for an operation, by any of its names; or the method, first."""
    import pellucid

    if is_method and isinstance(method := getattr(pellucid.Tensor, name, None), FunctionType):
        return _on_first(method)
    spaces = [vars(pellucid._ops), {n: vars(pellucid)[n] for n in pellucid.__all__}]
    linalg = getattr(pellucid, "linalg", None)
    if linalg is not None:
        spaces.append({f"linalg_{n}": f for n, f in vars(linalg).items()})
    for known in (name, ALIASES.get(name, name)):
        if known.startswith("_") or known in NOT_OPERATIONS:
            continue
        for space in spaces:
            if isinstance(found := space.get(known), FunctionType):
                return found
        method = getattr(pellucid.Tensor, known, None)
        if isinstance(method, FunctionType):
            return _on_first(method)
    return None


def _on_first(method: FunctionType) -> Callable[..., Any]:
    """A method as a function; what is not a tensor of this package becomes one."""

    def function(*args: Any, **named: Any) -> Any:
        first = named.pop("input") if "input" in named else args[0]
        rest = args if len(args) == 0 else args[1:]
        return method(own(first), *rest, **named)

    signature = inspect.signature(method)
    first, *rest = signature.parameters.values()
    function.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[first.replace(name="input"), *rest]
    )
    return function


def own(given: Any) -> Tensor:
    """A tensor of this package; another library's becomes a constant."""
    if isinstance(given, _call.Base):
        return cast("Tensor", given)
    return _call.made(_call.tensor(given), None)


def apply(shown: str, target: Callable[..., Any], args: tuple[Any, ...], named: Any) -> Any:
    """Calls an operation with the arguments of another library's function of its name.

    `shown` is how the user wrote the function.
    """
    fitting = _Fitting(shown, *_parameters(target))
    for name, value in named.items():
        fitting.take(name, value)
    result = target(*args, **fitting.taken)
    return result if fitting.dtype is None else result.to(fitting.dtype)


class _Fitting:
    """Arguments by name, as an operation with these parameters has them."""

    def __init__(self, shown: str, names: tuple[str, ...], is_open: bool) -> None:
        self.shown = shown
        self.names = names
        self.is_open = is_open
        self.taken: dict[str, Any] = {}
        self.dtype: Any = None

    def take(self, name: str, value: Any) -> None:
        known = self._known(name)
        if known is not None:
            self.taken[known] = value
        elif value is None or value is False or name in IGNORED:
            return
        elif name == "dtype":
            self.dtype = value
        elif name == "device":
            if str(value) != "cpu":
                message = f"`{self.shown}`: values are on `cpu`, got `{value}`"
                raise fault("bad-argument", message, "leave `device` out")
        elif name == "out":
            message = f"`{self.shown}` cannot write to `out` while a trace is recorded"
            raise fault("bad-argument", message, "take what it gives, or assign to `tensor[:]`")
        elif self.is_open:
            self.taken[name] = value
        else:
            message = f"`{self.shown}` has no argument `{name}` here"
            raise fault("bad-argument", message, f"it takes {', '.join(self.names)}")

    def _known(self, name: str) -> str | None:
        if name in self.names:
            return name
        for synonyms, known in zip(OPERANDS, self.names, strict=False):
            if name in synonyms and known in synonyms:
                return known
        renamed = RENAMED.get(name)
        if renamed in self.names:
            return renamed
        if renamed == "dim" and "dims" in self.names:
            return "dims"
        return None


@cache
def _parameters(target: Callable[..., Any]) -> tuple[tuple[str, ...], bool]:
    parameters = inspect.signature(target).parameters.values()
    names = tuple(p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))
    return names, any(p.kind is p.VAR_KEYWORD for p in parameters)


def unknown(shown: str, name: str, known: Iterable[str] = ()) -> Exception:
    """The error for a function that no operation stands for."""
    import pellucid

    names = {*pellucid._ops.__all__, *ALIASES, *known}
    close = get_close_matches(name, sorted(names), n=2)
    nearest = f"did you mean {' or '.join(f'`{n}`' for n in close)}? else " if close else ""
    help = (
        f"{nearest}write it with the methods of `pl.Tensor`, "
        "or `.save()` the value and call it after the block"
    )
    return fault("unknown-op", f"`{shown}` cannot be recorded: no operation has its name", help)
