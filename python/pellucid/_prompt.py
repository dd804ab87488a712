"""What people give as prompts: text, token ids, lists of either, or what tokenizers give."""

from __future__ import annotations

from typing import Any

from pellucid.errors import PellucidError, fault

Prompts = list["str | list[int]"]


def prompts(given: Any) -> Prompts:
    """One item for each prompt: text, or a list of token ids."""
    if isinstance(given, str):
        return [given]
    if hasattr(given, "keys") and "input_ids" in given.keys():  # noqa: SIM118 - of any library
        return _unpadded(given)
    if hasattr(given, "tolist"):
        return _rows(_integers(given).tolist(), given)
    if isinstance(given, list | tuple):
        return _rows(list(given), given)
    raise _unusable(given)


def is_single(prompt: Any, rows: Prompts) -> bool:
    """Whether one prompt was given as itself, not as a list of one."""
    return isinstance(prompt, str) or (len(rows) == 1 and _has_one_axis(prompt))


def _has_one_axis(prompt: Any) -> bool:
    return all(hasattr(item, "__index__") and not isinstance(item, str) for item in prompt)


def _unpadded(given: Any) -> Prompts:
    """What a tokenizer gives, without its padding."""
    rows: list[Any] = prompts(_listed(given["input_ids"]))
    if "attention_mask" not in given.keys():  # noqa: SIM118
        return rows
    masks = _listed(given["attention_mask"])
    masks = masks if masks and isinstance(masks[0], list) else [masks]
    fits = [len(row) for row in rows] == [len(mask) for mask in masks]
    if not fits:
        raise fault("bad-prompt", "`input_ids` and `attention_mask` differ in shape")
    return [
        [int(id) for id, is_real in zip(row, mask, strict=True) if is_real]
        for row, mask in zip(rows, masks, strict=True)
    ]


def _listed(given: Any) -> list[Any]:
    listed: list[Any] = given.tolist() if hasattr(given, "tolist") else list(given)
    return listed


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
