"""Values in containers, taken out to be handed to a function and put back into what it gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np

from pellucid import _call
from pellucid._call import Base, Native
from pellucid.errors import fault

Rebuild = Callable[[list[Any]], Any]


class Structure(NamedTuple):
    """A container taken apart."""

    shape: Hashable
    """Equal for equal containers with tensors in the same places and equal other things."""
    leaves: list[Native]
    """The tensors, in order."""
    rebuild: Rebuild
    """The container again, around other tensors; it takes them from the front of a list."""


def taken_apart(value: Any, *, numbers: bool) -> Structure:
    """Takes apart lists, tuples, dictionaries and dataclasses, one in another.

    With `numbers`, Python's numbers count as tensors without axes; without, they are part of the
    shape, as is everything else that can be hashed.
    """
    leaves: list[Native] = []
    shape, rebuild = _taken(value, leaves, numbers)
    return Structure(shape, leaves, rebuild)


def _taken(value: Any, leaves: list[Native], numbers: bool) -> tuple[Hashable, Rebuild]:
    if _is_leaf(value, numbers):
        leaves.append(_call.tensor(value))
        return "tensor", lambda made: made.pop(0)
    if isinstance(value, Mapping):
        return _container(value, value.values(), tuple(value), leaves, numbers)
    if isinstance(value, list | tuple):
        return _container(value, value, (), leaves, numbers)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = tuple(field.name for field in dataclasses.fields(value))
        items = [getattr(value, name) for name in names]
        return _container(value, items, names, leaves, numbers)
    if isinstance(value, Hashable):
        return ("value", type(value), value), lambda made: value
    message = f"cannot keep track of a `{type(value).__name__}` given to a function of a trace"
    help = "give tensors, numbers, text, and lists, tuples, dictionaries and dataclasses of them"
    raise fault("bad-argument", message, help)


def _container(
    value: Any, items: Any, keys: tuple[Any, ...], leaves: list[Native], numbers: bool
) -> tuple[Hashable, Rebuild]:
    taken = [_taken(item, leaves, numbers) for item in items]
    kind = type(value)

    def rebuild(made: list[Any]) -> Any:
        inside = [rebuild_item(made) for _, rebuild_item in taken]
        if keys:
            given = dict(zip(keys, inside, strict=True))
            return kind(**given) if dataclasses.is_dataclass(value) else given
        return kind(*inside) if hasattr(value, "_fields") else kind(inside)

    return (kind, keys, tuple(shape for shape, _ in taken)), rebuild


def _is_leaf(value: Any, numbers: bool) -> bool:
    if isinstance(value, bool | int | float):
        return numbers
    tensor = isinstance(value, Base | np.ndarray | np.generic) or hasattr(value, "__dlpack__")
    return tensor
