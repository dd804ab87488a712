"""What people give as prompts: text, token ids, or lists of either."""

from __future__ import annotations

from typing import Any

from pellucid.errors import PellucidError, fault

Prompts = list["str | list[int]"]


def prompts(given: Any) -> Prompts:
    """One item for each prompt: text, or a list of token ids."""
    if isinstance(given, str):
        return [given]
    if hasattr(given, "tolist"):
        return _rows(_integers(given).tolist(), given)
    if isinstance(given, list | tuple):
        return _rows(list(given), given)
    raise _unusable(given)


def _rows(items: list[Any], given: object) -> Prompts:
    if not isinstance(items, list):
        raise _unusable(given)
    if items and all(_is_id(item) for item in items):
        return [[int(item) for item in items]]
    return [_row(item) for item in items]


def _row(item: Any) -> str | list[int]:
    if isinstance(item, str):
        return item
    if hasattr(item, "tolist"):
        item = _integers(item).tolist()
    if isinstance(item, list | tuple) and all(_is_id(i) for i in item):
        return [int(i) for i in item]
    raise _unusable(item)


def _is_id(item: object) -> bool:
    return hasattr(item, "__index__") and not isinstance(item, bool) and not hasattr(item, "tolist")


def _integers(array: Any) -> Any:
    if "int" not in str(array.dtype):
        message = f"token ids must be integers, got an array of {array.dtype}"
        raise fault("bad-prompt", message)
    return array


def _unusable(given: object) -> PellucidError:
    message = f"a prompt cannot be a `{type(given).__name__}`"
    help = "give text, token ids, or a list of either; arrays of ids may have one or two axes"
    return fault("bad-prompt", message, help)
