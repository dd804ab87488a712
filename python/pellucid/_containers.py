"""Tensors inside of lists, dictionaries, dataclasses and what else people keep them in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

from pellucid import _call
from pellucid._current import open_recorder
from pellucid._location import here
from pellucid.session import current_session
from pellucid.tensor import Tensor

if TYPE_CHECKING:
    from pellucid._call import TensorLike

T = TypeVar("T")


def save(value: T, name: str | None = None) -> T:
    """Saves a value, or every value in containers, and gives it back.

    Containers are lists, tuples (named ones too), sets, dictionaries, dataclasses and simple
    namespaces, one in another as deep as they go; after the block their tensors are concrete where
    they are. What else stands in them is left alone. `name` is what the results are called in the
    trace's text form, followed by where they stand: `name.layers.0`.
    """
    for path, tensor in tensors(value):
        tensor.save(name and f"{name}{path}")
    keeper = open_recorder() or current_session()
    if keeper is not None and isinstance(value, list | dict | set):
        keeper.keep_all(value)
    return value


class SavedList(list[Any]):
    """A list with `.save()`, as NNsight's `nnsight.list()` was: `pl.list().save()`."""

    def save(self, name: str | None = None) -> SavedList:
        """Saves the values in it, and those that come into it before the block ends."""
        return save(self, name)


class SavedDict(dict[Any, Any]):
    """A dictionary with `.save()`, as NNsight's `nnsight.dict()` was: `pl.dict().save()`."""

    def save(self, name: str | None = None) -> SavedDict:
        """Saves the values in it, and those that come into it before the block ends."""
        return save(self, name)


def tensors(value: Any) -> Iterator[tuple[str, Tensor]]:
    """Every tensor in a container, once, with the path to it: `.layers.0`."""
    return _tensors(value, "", set())


def tensor(data: TensorLike | Sequence[Any], dtype: Any = None) -> Tensor:
    """A tensor of numbers, (nested) lists, or another library's array, copied.

    Lists of floats become float32, lists of integers int64. Lists in which there are tensors are
    stacked; with values of a trace among them, the result is a value too.
    """
    made = _call.made(_call.tensor(data), here())
    return made if dtype is None else made.to(dtype)


def _tensors(value: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, str | bytes | int | float) or id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Tensor):
        yield path, value
        return
    for key, item in _items(value):
        yield from _tensors(item, f"{path}.{key}", seen)


def _items(value: Any) -> Iterator[tuple[Any, Any]]:
    """What a container holds, by name."""
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        yield from zip(value._fields, value, strict=True)
    elif isinstance(value, list | tuple | set | frozenset):
        yield from enumerate(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
    elif isinstance(value, SimpleNamespace):
        yield from vars(value).items()
