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


def given(prompt: Any, input_ids: Any, attention_mask: Any) -> Any:
    """The prompt in the words of a tokenizer's keywords."""
    if input_ids is not None:
        if prompt is not None:
            message = "both a prompt and `input_ids` are given"
            raise fault("bad-argument", message, "give one of them")
        prompt = input_ids
    if attention_mask is None:
        return prompt
    if prompt is None or isinstance(prompt, str) or hasattr(prompt, "keys"):
        message = "`attention_mask` has no meaning without token ids beside it"
        raise fault("bad-argument", message, "leave it out: prompts are not padded")
    return {"input_ids": prompt, "attention_mask": attention_mask}


def is_single(prompt: Any, rows: Prompts) -> bool:
    """Whether one prompt was given as itself, not as a list of one."""
    return isinstance(prompt, str) or (len(rows) == 1 and _has_one_axis(prompt))


def _has_one_axis(prompt: Any) -> bool:
    return all(hasattr(item, "__index__") and not isinstance(item, str) for item in prompt)


def _unpadded(given: Any) -> Prompts:
    """What a tokenizer gives, without its padding."""
    _refuse(given)
    rows: list[Any] = prompts(_listed(given["input_ids"]))
    if "attention_mask" not in given.keys():  # noqa: SIM118
        return rows
    masks = _listed(given["attention_mask"])
    masks = masks if masks and isinstance(masks[0], list) else [masks]
    fits = [len(row) for row in rows] == [len(mask) for mask in masks]
    if not fits:
        raise fault("bad-prompt", "`input_ids` and `attention_mask` differ in shape")
    return [_real(row, mask) for row, mask in zip(rows, masks, strict=True)]


def _real(row: list[int], mask: list[Any]) -> list[int]:
    """The tokens that are no padding, which stands at the ends only."""
    there = [i for i, is_real in enumerate(mask) if is_real]
    if there and there[-1] - there[0] + 1 != len(there):
        hole = next(i for i in range(there[0], there[-1]) if not mask[i])
        message = f"`attention_mask` is 0 at position {hole}, between tokens that count"
        help = "a key that queries are not to see is cut in the tap `scores`"
        raise fault("bad-prompt", message, help)
    return [int(row[i]) for i in there]


_IGNORED = ("position_ids", "inputs_embeds", "labels", "past_key_values")


def _refuse(given: Any) -> None:
    """Raises for what a forward of transformers would heed and this would ignore."""
    for name in _IGNORED:
        if name in given.keys():  # noqa: SIM118
            message = f"`{name}` of a prompt would have no effect"
            help = "give `input_ids`, and write to the sites of the model"
            raise fault("bad-prompt", message, help)
    if "token_type_ids" in given.keys() and _has_any(given["token_type_ids"]):  # noqa: SIM118
        raise fault("bad-prompt", "`token_type_ids` other than 0 would have no effect")


def _has_any(ids: Any) -> bool:
    return any(map(_has_any, _listed(ids))) if hasattr(ids, "__len__") else bool(ids)


def _listed(given: Any) -> list[Any]:
    listed: list[Any] = given.tolist() if hasattr(given, "tolist") else list(given)
    return listed


def _rows(items: list[Any], given: object) -> Prompts:
    if not isinstance(items, list):
        raise _unusable(given)
    if items and set(map(type, items)) == {int}:
        return [items]  # most often, and many
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
